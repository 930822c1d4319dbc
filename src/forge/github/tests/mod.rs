//! The room against a server on this machine.

mod api;
mod clones;
mod faults;
mod limits;
mod logs;
mod server;
mod tokens;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;

use super::{ApiObserver, AppSettings, GithubApp, RepositoryClient, RepositoryRef, TransportLimits};
use crate::clock::Clock;
use server::{Recorded, Reply, Server};

/// A clock that the test moves.
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn at(seconds: i64) -> Arc<Self> {
        Arc::new(TestClock(AtomicI64::new(seconds)))
    }

    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_nanos(&self) -> u128 {
        u128::try_from(self.0.load(Ordering::SeqCst)).unwrap() * 1_000_000_000
    }
}

/// Writes down what it is told.
#[derive(Default)]
pub struct Notes(pub Mutex<Vec<(&'static str, u16, Option<u64>)>>);

impl ApiObserver for Notes {
    fn called(&self, _installation: u64, operation: &'static str, status: u16, rate_limit_left: Option<u64>) {
        self.0.lock().unwrap().push((operation, status, rate_limit_left));
    }
}

/// 2026-11-25T13:14:53Z, which is also what the test server's `Date` says.
pub const NOW: i64 = 1_795_612_493;

/// Answers what every test needs: the installation and its tokens, named `token-1`, `token-2`, ….
pub fn common(request: &Recorded, nth: usize) -> Option<Reply> {
    match request.target.as_str() {
        "/app/installations/7" | "/app/installations/8" => Some(Reply::json(
            200,
            r#"{"id":7,"permissions":{"contents":"write","checks":"write","metadata":"read","issues":"read"}}"#,
        )),
        "/app/installations/7/access_tokens" | "/app/installations/8/access_tokens" => {
            Some(Reply::json(201, &format!(r#"{{"token":"token-{nth}","expires_at":"2026-11-25T14:14:53Z"}}"#)))
        }
        _ => None,
    }
}

/// An App whose API is the server.
pub fn app_with(server: &Server, clock: Arc<TestClock>) -> GithubApp {
    app_at(&server.url, clock, Arc::new(Notes::default()))
}

pub fn app_at(url: &str, clock: Arc<TestClock>, notes: Arc<Notes>) -> GithubApp {
    let limits = TransportLimits {
        budget: Duration::from_secs(4),
        read: Duration::from_secs(2),
        request: Duration::from_secs(3),
        answer_bytes: 100_000,
        ..TransportLimits::default()
    };
    let settings = AppSettings { api_url: url.to_owned(), app_id: 42, private_key: SecretString::from(key()) };
    GithubApp::with_limits(settings, limits, clock, notes).unwrap()
}

/// A client for `o/r`, number 99, of installation 7.
pub fn client(server: &Server) -> RepositoryClient {
    app_with(server, TestClock::at(NOW)).repository(7, repository())
}

pub fn repository() -> RepositoryRef {
    RepositoryRef { id: 99, owner: "o".to_owned(), name: "r".to_owned() }
}

/// A key that was made for these tests and opens nothing.
pub fn key() -> String {
    const NAME: &str = concat!("PRIV", "ATE KEY");
    format!("-----BEGIN {NAME}-----\n{}\n-----END {NAME}-----\n", include_str!("test-key.base64").trim())
}
