//! What GitHub answers, as far as heal uses it.
//!
//! Lenient by design: only a thing's identity is required, unknown fields are ignored, and what may be
//! missing or `null` on some server (an Enterprise server of two years ago, an emulator) has a default:
//! `None`, an empty text, zero. Times are texts as sent; [`super::parse_timestamp`] reads them.

mod actions;
mod app;
mod checks;
mod git;
mod issues;
mod pulls;

use serde::{Deserialize, Deserializer};

pub use actions::{Job, Run, Step, WorkflowPath};
pub use app::{Account, AppInfo, HookConfig, Installation, Repository};
pub use checks::{CheckRun, CheckRunText, CheckSuiteRef, CombinedStatus, Status};
pub use git::{CommitComment, CommitInfo, CommitOfTree, GitActor};
pub use issues::{Comment, Issue, Label};
pub use pulls::{Merged, Pull, PullSide, Review};

pub(super) use actions::{Jobs, Runs};
pub(super) use checks::CheckRuns;
pub(super) use git::{RawCommit, RawGitCommit, Sha};

/// Reads `null` as the default.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
