//! Who asks: the App by a JWT, an installation by a token for one repository.
//!
//! A token is asked for with the least permissions that the access needs and the installation has. It
//! lives in memory only, is renewed before it ends, and is dropped when GitHub refuses it. For one
//! (installation, repository, access) only one request for a token is under way; the others wait for it.
//!
//! Times are GitHub's: they are compared with its clock as its answers tell it, so that a machine whose
//! clock is wrong still gets its tokens.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use octocrab::jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::app::TOKEN_OPERATION;
use super::error::GithubError;
use super::{Access, RepositoryRef};

/// A JWT begins in the past, for clocks that are behind.
const JWT_BEFORE: i64 = 60;
/// GitHub takes no JWT that ends later than in ten minutes.
const JWT_SECONDS: i64 = 540;
/// A JWT is not used in its last minute.
const JWT_MARGIN: i64 = 60;
/// An installation token is not used in its last five minutes.
const TOKEN_MARGIN: i64 = 300;

/// What each access needs, as (permission, needs writing).
const READ: &[&str] = &["metadata", "contents", "pull_requests", "issues", "checks", "actions", "statuses"];
const WRITE: &[&str] = &["contents", "pull_requests", "issues", "checks", "actions"];

/// The permissions to ask for: those of the access that the installation was granted. `None` when it is
/// not known what was granted; then GitHub gives what it has.
pub(super) fn permissions(access: Access, granted: &BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    if granted.is_empty() {
        return None;
    }
    let level = |name: &str| {
        let given = granted.get(name)?;
        let write = access == Access::Write && WRITE.contains(&name) && matches!(given.as_str(), "write" | "admin");
        Some((name.to_owned(), if write { "write" } else { "read" }.to_owned()))
    };
    Some(READ.iter().filter_map(|name| level(name)).collect())
}

/// Credentials that can be sent and end at a time of GitHub's.
#[derive(Debug)]
pub(super) struct Token {
    secret: SecretString,
    expires_at: i64,
}

impl Token {
    pub fn new(secret: SecretString, expires_at: i64) -> Self {
        Token { secret, expires_at }
    }

    /// The header, marked as sensitive so that it is never printed.
    fn authorization(&self) -> Result<HeaderValue, GithubError> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.secret.expose_secret())).map_err(|_| {
            let message = "the token can't be sent in a header".to_owned();
            GithubError::Malformed { operation: TOKEN_OPERATION, message, request_id: None }
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// The place of one token.
#[derive(Debug, Default)]
pub(super) struct Slot {
    token: tokio::sync::Mutex<Option<Token>>,
}

impl Slot {
    /// Runs `mint` unless there is a token that lasts; holds the slot meanwhile.
    pub async fn get<F>(&self, now: i64, mint: F) -> Result<HeaderValue, GithubError>
    where
        F: Future<Output = Result<Token, GithubError>>,
    {
        let mut token = self.token.lock().await;
        if let Some(token) = token.as_ref().filter(|token| token.expires_at - TOKEN_MARGIN > now) {
            return token.authorization();
        }
        let fresh = mint.await?;
        let authorization = fresh.authorization();
        *token = Some(fresh);
        authorization
    }

    /// The token itself, for git.
    pub async fn secret(&self) -> Option<SecretString> {
        self.token.lock().await.as_ref().map(|token| SecretString::from(token.secret.expose_secret()))
    }

    /// Forgets a token that was refused, unless somebody has renewed it since.
    pub async fn forget(&self, refused: &HeaderValue) {
        let mut token = self.token.lock().await;
        if token.as_ref().is_some_and(|token| token.authorization().is_ok_and(|value| value == *refused)) {
            *token = None;
        }
    }
}

/// Installation, repository (or all of them), access.
type Purpose = (u64, Option<u64>, Access);

/// The tokens' places.
#[derive(Debug, Default)]
pub(super) struct Slots {
    by_purpose: Mutex<HashMap<Purpose, Arc<Slot>>>,
}

impl Slots {
    /// The place for an installation's token: for one repository, or for all of them.
    pub fn of(&self, installation: u64, repository: Option<&RepositoryRef>, access: Access) -> Arc<Slot> {
        let key = (installation, repository.map(|repository| repository.id), access);
        self.by_purpose.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
    }
}

/// Signs the App's JWTs.
pub(super) struct AppKey {
    app_id: u64,
    key: EncodingKey,
    current: Mutex<Option<Token>>,
}

#[derive(Serialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: u64,
}

impl AppKey {
    pub fn new(app_id: u64, private_key: &SecretString) -> Result<Self, GithubError> {
        // The library's reason is not quoted: it may hold parts of the key.
        let key = EncodingKey::from_rsa_pem(private_key.expose_secret().as_bytes()).map_err(|_| {
            let message = "not an RSA private key in PEM form (PKCS#1 or PKCS#8)".to_owned();
            GithubError::Configuration { setting: "private key of the GitHub App", message }
        })?;
        Ok(AppKey { app_id, key, current: Mutex::new(None) })
    }

    /// The header with the App's JWT.
    pub fn authorization(&self, now: i64) -> Result<HeaderValue, GithubError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // A JWT from the future is as useless as an old one: the clock was corrected since.
        let lasts = |token: &&Token| (now + JWT_MARGIN..=now + JWT_SECONDS).contains(&token.expires_at);
        if let Some(token) = current.as_ref().filter(lasts) {
            return token.authorization();
        }
        let claims = Claims { iat: now - JWT_BEFORE, exp: now + JWT_SECONDS, iss: self.app_id };
        let jwt = encode(&Header::new(Algorithm::RS256), &claims, &self.key).map_err(|_| {
            let message = "it can't sign".to_owned();
            GithubError::Configuration { setting: "private key of the GitHub App", message }
        })?;
        let token = Token::new(SecretString::from(jwt), claims.exp);
        let authorization = token.authorization();
        *current = Some(token);
        authorization
    }

    /// Forgets the JWT, after GitHub refused it.
    pub fn forget(&self) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_asked_for_than_needed_and_granted() {
        let granted = [("contents", "write"), ("issues", "read"), ("metadata", "read"), ("secrets", "write")];
        let granted: BTreeMap<String, String> =
            granted.iter().map(|(name, level)| ((*name).to_owned(), (*level).to_owned())).collect();
        let asked = |access| serde_json::to_string(&permissions(access, &granted)).unwrap();
        assert_eq!(asked(Access::Read), r#"{"contents":"read","issues":"read","metadata":"read"}"#);
        assert_eq!(asked(Access::Write), r#"{"contents":"write","issues":"read","metadata":"read"}"#);
        assert_eq!(permissions(Access::Read, &BTreeMap::new()), None);
    }
}
