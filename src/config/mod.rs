//! The settings of the server: its `heal.toml` and the environment, merged.
//!
//! In: the text of `heal serve --config FILE`, and an [`Outside`] that the door provides: looking up variables,
//! reading the key's file. Out: a [`Config`] whose every value is checked, or a [`ConfigError`] that says what to
//! change and where. A variable wins over the file, the file over the default. The file is checked also where a
//! variable wins.
//!
//! Nothing here reads the environment or a disk by itself. Whatever can be a secret is a [`SecretString`].

mod channels;
mod error;
mod keys;
pub mod llm;
mod load;
mod models;
#[cfg(test)]
mod tests;
mod values;
pub mod variables;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::notify::Channel;
use crate::policy::Policy;
use crate::telemetry::LogFormat;

pub use error::ConfigError;
pub use keys::KEYS;
pub use llm::LlmConfig;

/// What the settings need from outside of heal.
pub struct Outside<'a> {
    /// The value of an environment variable, if it is set.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The text of a file.
    pub read: &'a dyn Fn(&Path) -> std::io::Result<String>,
    /// The directory of clones and work trees when nothing names one.
    pub data_dir: PathBuf,
}

/// The server's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address and port of the web server.
    pub listen: SocketAddr,
    /// The database; `None` means a SQLite file in the user's state directory. A secret because it may hold a
    /// password.
    pub database_url: Option<SecretString>,
    /// The directory of clones and work trees.
    pub data_dir: PathBuf,
    /// The address under which people reach the server, without a slash at its end.
    pub public_url: Option<String>,
    /// The App on GitHub.
    pub github: GithubConfig,
    /// How heals are worked on.
    pub worker: WorkerConfig,
    /// The kill switch: deliveries are stored, and nothing else is done.
    pub disabled: bool,
    /// The log.
    pub log: LogConfig,
    /// Where traces are sent, if anywhere.
    pub otlp_endpoint: Option<String>,
    /// The channels that policies may name.
    pub channels: BTreeMap<String, Channel>,
    /// The models that may be asked; `None` unless an endpoint is configured.
    pub llm: Option<LlmConfig>,
    /// The policy of repositories without a file of their own.
    pub default_policy: Policy,
}

/// The App on GitHub.
#[derive(Clone, Debug)]
pub struct GithubConfig {
    /// The API, without a slash at its end.
    pub api_url: String,
    /// The App's number.
    pub app_id: u64,
    /// The App's private key, as PEM.
    pub private_key: SecretString,
    /// The secret that signs webhooks.
    pub webhook_secret: SecretString,
    /// How commits are made.
    pub commits: Commits,
}

/// How commits are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commits {
    /// Through the Git Data API; GitHub signs them as the App's.
    Api,
    /// By a push of git.
    Push,
}

/// How heals are worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerConfig {
    /// Heals at a time.
    pub concurrency: usize,
    /// Seconds between two sweeps for missed failures and stuck heals.
    pub sweep_seconds: u64,
    /// Seconds between two looks at a run of CI that no webhook has told of.
    pub poll_seconds: u64,
    /// Megabytes (2^20 bytes) that clones and work trees may take together.
    pub disk_budget_mb: u64,
    /// Whether a weaker isolation than the sandbox's full one is accepted.
    pub sandbox: Sandbox,
}

/// Whether tests may run without full isolation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// The strongest isolation that the machine offers.
    Auto,
    /// Full isolation, or nothing is run.
    Required,
}

/// The log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// Its form.
    pub format: LogFormat,
    /// What is logged, in the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
}

impl Config {
    /// The reference table of the file's keys, as Markdown.
    pub fn reference() -> String {
        crate::settings::reference::table(KEYS)
    }
}
