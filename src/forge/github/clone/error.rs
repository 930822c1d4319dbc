//! What can go wrong between heal and the git program.

use std::path::{Path, PathBuf};

use crate::forge::github::ErrorKind;

/// Why the code could not be had.
#[derive(Debug, thiserror::Error)]
pub enum CloneError {
    /// The address is not one that git may be given.
    #[error("the repository's address can't be used: {message}")]
    Address {
        /// What is wrong with it.
        message: &'static str,
    },
    /// A name would leave its place or means something else to git.
    #[error("{name:?} can't be used as {what}")]
    Name {
        /// What it should have been.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The commit is nowhere where it was looked for.
    #[error("the repository does not give the commit {sha}")]
    NoCommit {
        /// The commit.
        sha: String,
    },
    /// git said no.
    #[error("git {step}: {message}")]
    Git {
        /// What git was doing.
        step: &'static str,
        /// Its last words, bounded and without credentials.
        message: String,
        /// The kind of trouble, as far as git's words give it away.
        kind: ErrorKind,
    },
    /// git took too long.
    #[error("git {step}: not done after {seconds} s")]
    TimedOut {
        /// What git was doing.
        step: &'static str,
        /// The limit.
        seconds: u64,
    },
    /// git could not be started.
    #[error("git can't be started")]
    Start {
        /// What the system said.
        source: std::io::Error,
    },
    /// The disk refused.
    #[error("{path}: can't be used")]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// libgit2 said no.
    #[error("git: {0}")]
    Library(#[from] git2::Error),
}

impl CloneError {
    /// The kind of trouble.
    pub fn kind(&self) -> ErrorKind {
        match self {
            CloneError::Address { .. } | CloneError::Start { .. } => ErrorKind::Configuration,
            CloneError::Name { .. } | CloneError::Library(_) => ErrorKind::Malformed,
            CloneError::NoCommit { .. } => ErrorKind::NotFound,
            CloneError::TimedOut { .. } | CloneError::Disk { .. } => ErrorKind::Transient,
            CloneError::Git { kind, .. } => *kind,
        }
    }

    /// Whether making the clone anew may help.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, CloneError::Git { .. } | CloneError::Library(_)) && self.kind() == ErrorKind::Malformed
    }

    /// An error about a file or directory.
    pub(super) fn disk(path: &Path, source: std::io::Error) -> Self {
        CloneError::Disk { path: path.to_owned(), source }
    }
}

/// What git's words say. It speaks English here (`LC_ALL=C`), and these are its own and curl's fixed words;
/// the first row that fits counts.
const COMPLAINTS: &[(ErrorKind, &[&str])] = &[
    (ErrorKind::NotFound, &["not our ref", "unadvertised object", "couldn't find remote ref"]),
    (ErrorKind::Unauthorized, &["Authentication failed", "could not read Username", "error: 401"]),
    (ErrorKind::Forbidden, &["error: 403", "Permission to", "rotected branch", "declined"]),
    (ErrorKind::Gone, &["' not found", "Repository not found", "error: 404", "error: 410"]),
    (ErrorKind::Conflict, &["non-fast-forward", "fetch first", "[rejected]", "[remote rejected]"]),
    (ErrorKind::Transient, &["error: 5", "error: 429", "HTTP 5", "Could not resolve", "Failed to connect"]),
    (ErrorKind::Transient, &["Couldn't connect", "timed out", "reset by peer", "Empty reply", "early EOF"]),
    (ErrorKind::Transient, &["hung up unexpectedly", "unexpected disconnect", "transfer closed", "Recv failure"]),
];

/// The kind of trouble that git complains of.
pub(super) fn kind_of_complaint(complaint: &str) -> ErrorKind {
    let said = |words: &[&str]| words.iter().any(|word| complaint.contains(word));
    COMPLAINTS.iter().find(|(_, words)| said(words)).map_or(ErrorKind::Malformed, |(kind, _)| *kind)
}
