//! The App: its own questions, its installations, and the way to a repository.
//!
//! Here requests get their credentials, and a 401 gets its one second chance with fresh ones.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::call::{Call, segments};
use super::dates::parse_timestamp;
use super::download::Downloads;
use super::error::{ErrorKind, GithubError, bounded};
use super::repository::{RepositoryClient, missing_is_none};
use super::token::{AppKey, Slots, Token, permissions};
use super::transport::{Answer, Transport, TransportLimits};
use super::types::{AppInfo, HookConfig, Installation, Repository};
use super::{Access, ApiObserver, AppSettings, RepositoryRef};
use crate::clock::Clock;

/// How long an installation's permissions are taken to be known, in seconds.
const INSTALLATION_SECONDS: i64 = 600;
/// How long a token lasts when the answer does not say, in seconds; GitHub's last an hour.
const TOKEN_SECONDS: i64 = 3600;
/// Items per page: the most that GitHub gives.
pub(super) const PER_PAGE: usize = 100;
/// The only operation whose answer is a secret.
pub(super) const TOKEN_OPERATION: &str = "create_installation_token";
/// The most pages that are turned.
const PAGES: usize = 50;

/// In whose name a request is sent.
#[derive(Clone, Debug)]
pub(super) enum Identity {
    /// The App's own.
    App,
    /// An installation's, for one repository or for all of them.
    Installation(u64, Option<RepositoryRef>, Access),
}

/// The App. Clones share everything.
#[derive(Clone)]
pub struct GithubApp {
    inner: Arc<Inner>,
}

struct Inner {
    transport: Transport,
    downloads: Downloads,
    key: AppKey,
    slots: Slots,
    installations: Mutex<HashMap<u64, (i64, Installation)>>,
    api_url: String,
}

impl fmt::Debug for GithubApp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("GithubApp").field("api_url", &self.inner.api_url).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct RawToken {
    token: String,
    #[serde(default)]
    expires_at: Option<String>,
}

#[derive(Deserialize)]
struct Repositories {
    #[serde(default)]
    repositories: Vec<Repository>,
}

impl GithubApp {
    /// Checks the settings; sends nothing. Must be called inside a tokio runtime.
    pub fn new(
        settings: AppSettings,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn ApiObserver>,
    ) -> Result<Self, GithubError> {
        Self::with_limits(settings, TransportLimits::default(), clock, observer)
    }

    /// The same with other limits.
    pub fn with_limits(
        settings: AppSettings,
        limits: TransportLimits,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn ApiObserver>,
    ) -> Result<Self, GithubError> {
        let transport = Transport::new(&settings, limits, clock, observer)?;
        let inner = Inner {
            transport,
            downloads: Downloads::new(limits)?,
            key: AppKey::new(settings.app_id, &settings.private_key)?,
            slots: Slots::default(),
            installations: Mutex::default(),
            api_url: settings.api_url,
        };
        Ok(GithubApp { inner: Arc::new(inner) })
    }

    /// The App as GitHub knows it.
    pub async fn app(&self) -> Result<AppInfo, GithubError> {
        self.json(&Identity::App, Call::get("get_app", "/app")).await
    }

    /// Where GitHub sends the App's webhooks, and in which form; `None` where the server does not say.
    pub async fn hook_config(&self) -> Result<Option<HookConfig>, GithubError> {
        missing_is_none(self.json(&Identity::App, Call::get("get_hook_config", "/app/hook/config")).await)
    }

    /// Where the App is installed.
    pub async fn installations(&self) -> Result<Vec<Installation>, GithubError> {
        let call = Call::get("list_installations", "/app/installations");
        self.pages(&Identity::App, call, |page: Vec<Installation>| page).await
    }

    /// One installation, as it is now.
    pub async fn installation(&self, id: u64) -> Result<Installation, GithubError> {
        let call = Call::get("get_installation", format!("/app/installations/{id}"));
        let installation: Installation = parse(&call, &self.send_as_app(&call).await?)?;
        let now = self.inner.transport.server_now();
        self.installations_known().insert(id, (now, installation.clone()));
        Ok(installation)
    }

    /// The installation that a repository (`OWNER/NAME`) belongs to.
    pub async fn repository_installation(&self, full_name: &str) -> Result<Installation, GithubError> {
        let path = format!("/repos/{}/installation", segments(full_name));
        self.json(&Identity::App, Call::get("get_repository_installation", path)).await
    }

    /// The repositories that an installation may see.
    pub async fn installation_repositories(&self, id: u64) -> Result<Vec<Repository>, GithubError> {
        let identity = Identity::Installation(id, None, Access::Read);
        let call = Call::get("list_installation_repositories", "/installation/repositories");
        self.pages(&identity, call, |page: Repositories| page.repositories).await
    }

    /// A client for one repository.
    pub fn repository(&self, installation_id: u64, repository: RepositoryRef) -> RepositoryClient {
        RepositoryClient::new(self.clone(), installation_id, repository)
    }

    /// Our clock minus GitHub's, in seconds, once an answer has come.
    pub fn clock_skew(&self) -> Option<i64> {
        self.inner.transport.skew()
    }

    /// A token for git, for one repository.
    pub(super) async fn git_token(
        &self,
        installation_id: u64,
        repository: &RepositoryRef,
        access: Access,
    ) -> Result<SecretString, GithubError> {
        self.token(installation_id, Some(repository), access).await?;
        let slot = self.inner.slots.of(installation_id, Some(repository), access);
        slot.secret().await.ok_or_else(|| GithubError::Unreachable {
            operation: TOKEN_OPERATION,
            message: "the token was dropped by another request".to_owned(),
        })
    }

    pub(super) fn downloads(&self) -> &Downloads {
        &self.inner.downloads
    }

    /// Sends a request with credentials; renews them once when they are refused.
    pub(super) async fn send(&self, identity: &Identity, call: &Call) -> Result<Answer, GithubError> {
        let Identity::Installation(id, repository, access) = identity else { return self.send_as_app(call).await };
        let authorization = self.token(*id, repository.as_ref(), *access).await?;
        match self.inner.transport.send(*id, &authorization, call).await {
            Err(error) if error.kind() == ErrorKind::Unauthorized => {
                self.inner.slots.of(*id, repository.as_ref(), *access).forget(&authorization).await;
                let authorization = self.token(*id, repository.as_ref(), *access).await?;
                self.inner.transport.send(*id, &authorization, call).await
            }
            result => result,
        }
    }

    async fn send_as_app(&self, call: &Call) -> Result<Answer, GithubError> {
        let Inner { transport, key, .. } = &*self.inner;
        match transport.send(0, &key.authorization(transport.server_now())?, call).await {
            // The refusal told GitHub's time, which the next JWT goes by.
            Err(error) if error.kind() == ErrorKind::Unauthorized => {
                key.forget();
                transport.send(0, &key.authorization(transport.server_now())?, call).await
            }
            result => result,
        }
    }

    /// Sends a request and reads the answer.
    pub(super) async fn json<T: DeserializeOwned>(&self, identity: &Identity, call: Call) -> Result<T, GithubError> {
        let answer = self.send(identity, &call).await?;
        parse(&call, &answer)
    }

    /// Collects all pages of a list.
    pub(super) async fn pages<P, T>(
        &self,
        identity: &Identity,
        call: Call,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, GithubError>
    where
        P: DeserializeOwned,
    {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let call = call.clone().with("per_page", PER_PAGE).with("page", page);
            let answer = self.send(identity, &call).await?;
            let found = items(parse(&call, &answer)?);
            // Some servers send no links; then a full page promises another one.
            let more = match answer.link.as_ref().and_then(|link| link.to_str().ok()) {
                Some(link) => link.contains("rel=\"next\""),
                None => found.len() == PER_PAGE,
            };
            let empty = found.is_empty();
            all.extend(found);
            if !more || empty {
                return Ok(all);
            }
        }
        tracing::warn!(operation = call.operation, pages = PAGES, "a list is too long; its rest was not read");
        Ok(all)
    }

    async fn token(
        &self,
        installation: u64,
        repository: Option<&RepositoryRef>,
        access: Access,
    ) -> Result<HeaderValue, GithubError> {
        let slot = self.inner.slots.of(installation, repository, access);
        slot.get(self.inner.transport.server_now(), self.mint(installation, repository, access)).await
    }

    /// Asks for a token.
    async fn mint(
        &self,
        installation: u64,
        repository: Option<&RepositoryRef>,
        access: Access,
    ) -> Result<Token, GithubError> {
        let result = self.mint_with_known_permissions(installation, repository, access).await;
        match result {
            // What was granted may have changed since it was read.
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.installations_known().remove(&installation);
                self.mint_with_known_permissions(installation, repository, access).await
            }
            result => result,
        }
    }

    async fn mint_with_known_permissions(
        &self,
        installation: u64,
        repository: Option<&RepositoryRef>,
        access: Access,
    ) -> Result<Token, GithubError> {
        let granted = self.known_installation(installation).await?.permissions;
        let mut body = json!({});
        if let Some(permissions) = permissions(access, &granted) {
            body["permissions"] = json!(permissions);
        }
        if let Some(repository) = repository {
            body["repository_ids"] = json!([repository.id]);
        }
        let path = format!("/app/installations/{installation}/access_tokens");
        let call = Call::post(TOKEN_OPERATION, path, body).safe();
        let raw: RawToken = parse(&call, &self.send_as_app(&call).await?)?;
        let now = self.inner.transport.server_now();
        let expires_at = raw.expires_at.as_deref().and_then(parse_timestamp).unwrap_or(now + TOKEN_SECONDS);
        Ok(Token::new(SecretString::from(raw.token), expires_at))
    }

    async fn known_installation(&self, id: u64) -> Result<Installation, GithubError> {
        let now = self.inner.transport.server_now();
        let known = self.installations_known().get(&id).cloned();
        match known {
            Some((read_at, installation)) if now - read_at < INSTALLATION_SECONDS => Ok(installation),
            _ => self.installation(id).await,
        }
    }

    fn installations_known(&self) -> std::sync::MutexGuard<'_, HashMap<u64, (i64, Installation)>> {
        self.inner.installations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads an answer's JSON.
pub(super) fn parse<T: DeserializeOwned>(call: &Call, answer: &Answer) -> Result<T, GithubError> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        // The reader's words may quote the answer, which must not happen to one that holds a token.
        let message = match call.operation {
            TOKEN_OPERATION => format!("not a token (line {} column {})", error.line(), error.column()),
            _ => error.to_string(),
        };
        GithubError::Malformed {
            operation: call.operation,
            message: bounded(&message),
            request_id: answer.request_id.clone(),
        }
    })
}
