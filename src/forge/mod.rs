//! The floor where code comes from and results go to: one trait, one implementation per place.
//!
//! In: a repository. Out: its recent [`Commit`]s with their diffs, and the delivery of a patch.
//! `local` is a repository on this machine, where a pull request is a branch or a changed work
//! tree; `github` is the App. git2, octocrab and the git program are known in here and nowhere else.

pub mod github;
pub mod local;

use std::future::Future;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::testbed::Patched;

/// A commit and what it changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Commit {
    /// Full SHA in lower-case hexadecimal.
    pub sha: String,
    /// First line of the message.
    pub summary: String,
    /// Author's name.
    pub author: String,
    /// Author's time, in seconds since 1970.
    pub time: i64,
    /// What changed against the first parent.
    pub hunks: Vec<Hunk>,
}

/// A run of changed lines.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hunk {
    /// The file after the change.
    pub file: PathBuf,
    /// First new line, from 1 (for a pure removal: the line before it).
    pub new_start: u32,
    /// The removed lines, with line ends.
    pub old: String,
    /// The added lines, with line ends.
    pub new: String,
}

/// Where the patch should end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// It is only shown.
    Show,
    /// It is written into the work tree.
    WorkTree,
    /// It becomes a commit on a new branch of that name.
    Branch(String),
}

/// What became of a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// The branch that holds the patch.
    pub branch: Option<String>,
    /// Whether the work tree was changed.
    pub applied: bool,
}

/// Why a forge could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// There is no repository.
    #[error("{path} is not in a git repository")]
    NotARepository {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The repository has no work tree.
    #[error("{path} is a bare repository: it has no files to heal")]
    Bare {
        /// The repository.
        path: PathBuf,
    },
    /// The repository has no commit.
    #[error("{path} has no commits yet")]
    NoCommits {
        /// The repository.
        path: PathBuf,
    },
    /// The branch exists.
    #[error("the branch {name} exists already")]
    BranchExists {
        /// Its name.
        name: String,
    },
    /// The name can't be a branch's.
    #[error("{name:?} can't be the name of a branch")]
    BadBranchName {
        /// The name.
        name: String,
    },
    /// A file was changed by somebody else in the meantime.
    #[error("{file} is not what it was when the heal began; the patch was not written")]
    Changed {
        /// The file.
        file: PathBuf,
    },
    /// A file has changes that no commit holds.
    #[error("{file} has uncommitted changes, so a commit on a branch would not be what was proven")]
    Uncommitted {
        /// The file.
        file: PathBuf,
    },
    /// The repository does not have the commit.
    #[error("there is no commit {commit} here")]
    NoCommit {
        /// Its SHA.
        commit: String,
    },
    /// The uncommitted changes can't be kept.
    #[error("the uncommitted changes can't be kept: {reason}")]
    Unkept {
        /// Why, as a clause.
        reason: &'static str,
    },
    /// git said no.
    #[error("git: {0}")]
    Git(#[from] git2::Error),
    /// A file could not be read or written.
    #[error("{file}: can't be written")]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The place where code, history and results live.
pub trait Forge: Send + Sync {
    /// The last `limit` commits of the head, newest first.
    fn recent_commits(&self, limit: usize) -> impl Future<Output = Result<Vec<Commit>, ForgeError>> + Send;

    /// Every file under version control, relative to the repository, sorted.
    fn tracked_files(&self) -> impl Future<Output = Result<Vec<PathBuf>, ForgeError>> + Send;

    /// Delivers changed files; `before` is what they were when the heal began.
    ///
    /// Looks for its own result first: delivering twice is delivering once.
    fn deliver(
        &self,
        destination: &Destination,
        message: &str,
        before: &Patched,
        after: &Patched,
    ) -> impl Future<Output = Result<Delivered, ForgeError>> + Send;
}
