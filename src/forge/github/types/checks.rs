//! Check runs and commit statuses.

use serde::Deserialize;

use super::{AppInfo, lenient};

/// A check on a commit.
#[derive(Clone, Debug, Deserialize)]
pub struct CheckRun {
    /// GitHub's number for it.
    pub id: u64,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The commit.
    #[serde(default, deserialize_with = "lenient")]
    pub head_sha: String,
    /// `queued`, `in_progress`, `completed`, …
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    /// `success`, `failure`, `neutral`, …, once completed.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// What its maker wrote into it to know it again.
    #[serde(default)]
    pub external_id: Option<String>,
    /// More about it, at its maker's.
    #[serde(default)]
    pub details_url: Option<String>,
    /// Where people find it.
    #[serde(default)]
    pub html_url: Option<String>,
    /// When it began.
    #[serde(default)]
    pub started_at: Option<String>,
    /// When it ended.
    #[serde(default)]
    pub completed_at: Option<String>,
    /// Who made it.
    #[serde(default)]
    pub app: Option<AppInfo>,
    /// The suite it belongs to.
    #[serde(default)]
    pub check_suite: Option<CheckSuiteRef>,
    /// Its text.
    #[serde(default, deserialize_with = "lenient")]
    pub output: CheckRunText,
}

/// A check suite, by number.
#[derive(Clone, Debug, Deserialize)]
pub struct CheckSuiteRef {
    /// GitHub's number for it.
    pub id: u64,
}

/// What a check says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CheckRunText {
    /// The headline.
    #[serde(default)]
    pub title: Option<String>,
    /// In short, Markdown.
    #[serde(default)]
    pub summary: Option<String>,
    /// At length, Markdown.
    #[serde(default)]
    pub text: Option<String>,
}

/// All statuses of a commit.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CombinedStatus {
    /// `success`, `pending` (also when there is none), `failure`.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    /// The commit.
    #[serde(default, deserialize_with = "lenient")]
    pub sha: String,
    /// The last status of each context.
    #[serde(default, deserialize_with = "lenient")]
    pub statuses: Vec<Status>,
}

/// A status as older services report it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Status {
    /// Whose it is.
    #[serde(default, deserialize_with = "lenient")]
    pub context: String,
    /// `success`, `pending`, `failure`, `error`.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    /// In short.
    #[serde(default)]
    pub description: Option<String>,
    /// More about it.
    #[serde(default)]
    pub target_url: Option<String>,
    /// When it was last set.
    #[serde(default)]
    pub updated_at: Option<String>,
}

/// A page of check runs.
#[derive(Debug, Deserialize)]
pub(in crate::forge::github) struct CheckRuns {
    #[serde(default, deserialize_with = "lenient")]
    pub check_runs: Vec<CheckRun>,
}
