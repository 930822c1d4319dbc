//! GitHub: the one room that knows octocrab, the `git` program and how GitHub wants to be asked.
//!
//! In: the App's key and what is to be done. Out: typed answers, or a [`GithubError`] that says what
//! kind of trouble it is and when trying again makes sense.
//!
//! ```text
//! GithubApp ──→ RepositoryClient     what can be asked (actions, checks, pulls, issues, git_data, contents)
//!    │                │
//!    └── tokens ──────┤              who asks: App JWT, installation token for one repository
//!                     ▼
//!                 transport          how: time limits, repeats, rate limits, ETags, bounded answers
//!
//! CloneCache ──→ WorkTree            the code, through the git program
//! ```
//!
//! Promises kept here and nowhere else: a token never leaves this room (it is in no error, no log line,
//! no argument of a process and no file), every answer is bounded, every request ends, and a POST whose
//! fate is unknown is never sent a second time by itself: the caller looks for its result first.
//!
//! Deliberately absent: decisions. Whether a run is worth healing is the pipeline's matter.

mod actions;
mod app;
mod call;
mod checks;
mod clone;
mod commits;
mod dates;
mod download;
mod error;
mod etag;
mod git_data;
mod issues;
mod limits;
mod pulls;
mod repository;
mod token;
mod transport;
pub mod types;
mod words;

#[cfg(test)]
mod tests;

use secrecy::SecretString;

pub use actions::RunQuery;
pub use app::GithubApp;
pub use checks::{CheckAnnotation, CheckRunOutput, CheckRunUpdate, NewCheckRun};
pub use clone::{Checkout, CloneCache, CloneError, CommitAuthor, Push, WorkTree};
pub use dates::{parse_http_date, parse_timestamp};
pub use download::Log;
pub use error::{ErrorKind, GithubError};
pub use git_data::TreeFile;
pub use issues::IssueUpdate;
pub use pulls::{NewPull, PullUpdate, ReviewComment};
pub use repository::RepositoryClient;
pub use transport::TransportLimits;

/// Who heal is on GitHub.
#[derive(Debug)]
pub struct AppSettings {
    /// The API's address: `https://api.github.com`, or `https://HOST/api/v3` for an Enterprise server.
    pub api_url: String,
    /// The App's number.
    pub app_id: u64,
    /// The App's private key, PEM (PKCS#1 or PKCS#8).
    pub private_key: SecretString,
}

/// A repository as webhooks name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RepositoryRef {
    /// GitHub's number for it, which survives renaming.
    pub id: u64,
    /// The owner's login.
    pub owner: String,
    /// The name without the owner.
    pub name: String,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Look only.
    Read,
    /// Write contents, pull requests, issues, checks and reruns.
    Write,
}

/// Is told of every answer, for metrics.
pub trait ApiObserver: Send + Sync {
    /// One request was answered, for an installation (0: the App itself); `status` is 0 when there was no answer.
    fn called(&self, installation: u64, operation: &'static str, status: u16, rate_limit_left: Option<u64>);
}

/// An observer that does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl ApiObserver for Unobserved {
    fn called(&self, _installation: u64, _operation: &'static str, _status: u16, _left: Option<u64>) {}
}
