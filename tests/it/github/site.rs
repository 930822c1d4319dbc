//! One world's GitHub: everything that the proxy's handlers share.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::actions::Actions;
use super::auth::Token;
use super::emulator::{self, Emulator, PLACEHOLDER};
use super::faults::Faults;
use super::shapes;
use super::storage::Storage;
use super::webhooks::Hooks;

static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// What the App may do, as the issue asks for it.
pub const PERMISSIONS: &[(&str, &str)] = &[
    ("metadata", "read"),
    ("contents", "write"),
    ("pull_requests", "write"),
    ("issues", "write"),
    ("checks", "write"),
    ("actions", "write"),
    ("statuses", "read"),
];

const EVENTS: &[&str] = &[
    "workflow_run",
    "workflow_job",
    "check_run",
    "check_suite",
    "status",
    "push",
    "pull_request",
    "pull_request_review",
    "issue_comment",
];

/// A user of the world.
#[derive(Debug, Clone)]
pub struct Person {
    /// The login.
    pub login: String,
    /// The name in commits.
    pub name: String,
    /// The address in commits.
    pub email: String,
    /// A personal token.
    pub token: String,
}

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `GET`, `POST` …
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// The body, when it was JSON.
    pub body: Value,
    /// The status of the answer.
    pub status: u16,
    /// Who asked: `app`, `installation`, `user`, `nobody`, `unknown`.
    pub caller: &'static str,
}

impl Recorded {
    /// The path below the repository, of the API or of git; empty for what belongs to none.
    pub fn below(&self) -> &str {
        below(&self.path)
    }
}

/// The part of a path below its repository, of the API or of git; empty for what belongs to none.
pub fn below(path: &str) -> &str {
    match (path.strip_prefix("/repos/"), path.split_once(".git/")) {
        (Some(rest), _) => rest.splitn(3, '/').nth(2).unwrap_or_default(),
        (None, Some((_, rest))) => rest,
        (None, None) => "",
    }
}

/// One world's GitHub.
pub struct Site {
    /// Tells this world from the others of the test binary.
    pub number: u64,
    /// The address of the proxy, without a slash at its end.
    pub url: String,
    /// The emulator behind it.
    pub emulator: &'static Emulator,
    /// Where logs are fetched from.
    pub storage: Storage,
    /// Bare repositories and work trees of CI.
    pub folder: PathBuf,
    /// Owns the repositories; the App is installed there.
    pub owner: Person,
    /// May push to them.
    pub collaborator: Person,
    /// May not; has forks.
    pub stranger: Person,
    /// The App's id.
    pub app_id: u64,
    /// The installation's id.
    pub installation: u64,
    /// The secret of webhooks.
    pub secret: String,
    /// Installation tokens by their text.
    pub tokens: Mutex<HashMap<String, Token>>,
    /// What was asked, in order.
    pub requests: Mutex<Vec<Recorded>>,
    /// What is to go wrong.
    pub faults: Faults,
    /// Deliveries.
    pub hooks: Hooks,
    /// Workflow runs.
    pub actions: Mutex<Actions>,
    /// Reactions by comment.
    pub reactions: Mutex<Vec<Value>>,
    /// Held while git and the emulator are brought into step.
    pub git: tokio::sync::Mutex<()>,
    /// The process id of `heal serve`; 0 while there is none.
    pub server: AtomicU32,
}

impl Site {
    /// Makes the users and the App in the emulator.
    pub async fn create(url: String, storage: Storage, folder: &Path) -> Arc<Self> {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed) + u64::from(std::process::id()) * 1_000;
        let person = |first: &str| Person {
            login: format!("{}-{number}", first.to_lowercase()),
            name: format!("{first} Example"),
            email: format!("{}-{number}@world.example", first.to_lowercase()),
            token: format!("user_{}_{number}", first.to_lowercase()),
        };
        let (hooks, deliveries) = Hooks::new();
        let site = Arc::new(Site {
            number,
            url,
            emulator: emulator::shared(),
            storage,
            folder: folder.to_owned(),
            owner: person("Olivia"),
            collaborator: person("Carlos"),
            stranger: person("Sasha"),
            app_id: number,
            installation: number + 500_000_000,
            secret: format!("webhook-secret-{number}"),
            tokens: Mutex::default(),
            requests: Mutex::default(),
            faults: Faults::default(),
            hooks,
            actions: Mutex::default(),
            reactions: Mutex::default(),
            git: tokio::sync::Mutex::new(()),
            server: AtomicU32::new(0),
        });
        let users: Vec<Value> = [&site.owner, &site.collaborator, &site.stranger]
            .iter()
            .map(|p| json!({"login": p.login, "name": p.name, "email": p.email, "token": p.token}))
            .collect();
        let permissions: serde_json::Map<String, Value> =
            PERMISSIONS.iter().map(|(name, level)| ((*name).to_owned(), json!(level))).collect();
        let app = json!({
            "app_id": site.app_id, "slug": format!("heal-{number}"), "name": "heal", "permissions": permissions,
            "events": EVENTS, "webhook_url": format!("{}/_emulate/hook", site.url), "webhook_secret": "unused",
            "installations": [{"installation_id": site.installation, "account": site.owner.login}],
        });
        site.emulator.world("worlds", &json!({"users": users, "app": app})).await;
        tokio::spawn(Hooks::deliver_all(Arc::clone(&site), deliveries));
        site
    }

    /// An answer of the API with this world's addresses in it.
    pub async fn api(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> (u16, Value) {
        let (status, answer) = self.emulator.api(method, path, token, body).await;
        (status, self.named(&answer))
    }

    /// What its owner sees at a path; panics when there is nothing.
    pub async fn get(&self, path: &str) -> Value {
        let of_fork = path.starts_with(&format!("/repos/{}/", self.stranger.login));
        let person = if of_fork { &self.stranger } else { &self.owner };
        let (status, answer) = self.api("GET", path, &person.token, None).await;
        assert_eq!(status, 200, "GET {path}: {answer:#}");
        answer
    }

    /// The emulator's placeholder replaced by the proxy's address, and what it leaves out put in.
    pub fn named(&self, answer: &Value) -> Value {
        let mut shown = serde_json::from_str(&answer.to_string().replace(PLACEHOLDER, &self.url)).unwrap();
        shapes::put_right(self, &mut shown);
        shown
    }

    /// The person with this token.
    pub fn person(&self, token: &str) -> Option<&Person> {
        [&self.owner, &self.collaborator, &self.stranger].into_iter().find(|person| person.token == token)
    }

    /// Whether the App is installed where this repository is. It is not in forks, and they run no CI of their own.
    pub fn installed(&self, repository: &str) -> bool {
        repository.split('/').next() == Some(&self.owner.login)
    }

    /// `kill -9` for `heal serve`; afterwards it does nothing more.
    pub async fn kill_server(&self) {
        let pid = self.server.swap(0, Ordering::Relaxed);
        assert_ne!(pid, 0, "there is no server to kill");
        super::serve::kill_now(pid).await;
    }

    /// The login of the App's own user.
    pub fn bot(&self) -> String {
        format!("heal-{}[bot]", self.number)
    }
}
