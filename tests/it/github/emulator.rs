//! The emulator's process and its two doors: the API of GitHub, and the routes under `/_world` of `emulator.mjs`.
//!
//! It is started by the first world of a test binary and ends with it: its stdin closes.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tokio::runtime::Runtime;

/// How the emulator names itself in its answers; each proxy puts its own address there.
pub const PLACEHOLDER: &str = "http://emulate.invalid";

/// The one runtime of the test binary. Tests are plain functions; what is asynchronous runs here.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap()
});

static EMULATOR: LazyLock<Emulator> = LazyLock::new(Emulator::start);

/// A running emulator.
pub struct Emulator {
    /// Where it listens.
    pub url: String,
    /// The key that all Apps share, PKCS#1 as PEM.
    pub private_key: String,
    /// For every request to it.
    pub client: reqwest::Client,
    callers: AtomicU64,
    // Keeps the emulator's stdin open.
    _process: Child,
}

/// The folder of npm packages.
pub fn folder() -> PathBuf {
    PathBuf::from(super::world::manifest_dir()).join("tests/world")
}

/// The emulator of this test binary.
pub fn shared() -> &'static Emulator {
    &EMULATOR
}

impl Emulator {
    fn start() -> Self {
        let port = free_port();
        let mut process = Command::new("node")
            .args(["emulator.mjs", &port.to_string(), PLACEHOLDER])
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let hello: Value = serde_json::from_str(&line).unwrap();
        let client = {
            let _inside = RUNTIME.enter();
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
        };
        Emulator {
            url: hello["url"].as_str().unwrap().to_owned(),
            private_key: hello["privateKey"].as_str().unwrap().to_owned(),
            client,
            callers: AtomicU64::new(0),
            _process: process,
        }
    }

    /// Calls a route of `emulator.mjs`.
    pub async fn world(&self, route: &str, body: &Value) -> Value {
        // The emulator counts requests by token and answers 5,000 an hour; ours are not to be counted.
        let token = format!("world-{}", self.callers.fetch_add(1, Ordering::Relaxed));
        let request = self.client.post(format!("{}/_world/{route}", self.url)).bearer_auth(token);
        let response = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        let status = response.status();
        let answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert!(status.is_success(), "/_world/{route}: {answer:#}");
        answer
    }

    /// An answer of the API to a user or, with an empty token, to nobody.
    pub async fn api(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
