//! What heal tells the sandbox helper, and what the helper answers: one JSON line each way.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::testbed::limits::Limits;

/// How strongly a process is kept apart from the machine; a stronger level comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// User, mount, PID, network, IPC and UTS namespaces, seccomp, no capabilities, limits.
    Namespaces,
    /// Landlock rules on a copy of the tree, seccomp (no internet sockets), limits.
    Landlock,
    /// Limits on time, memory, processes and output only.
    Limits,
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Level::Namespaces => "namespaces",
            Level::Landlock => "landlock",
            Level::Limits => "limits",
        })
    }
}

/// A directory or file of the machine shown inside at the same path, read-only.
pub type ReadOnly = PathBuf;

/// How the project's tree appears inside.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TreeMount {
    /// An overlay at `at`: `lower` (strongest first) below a bounded tmpfs; the lowers stay as
    /// they are.
    Overlay {
        /// Where it appears.
        at: PathBuf,
        /// Layers that are only read.
        lower: Vec<PathBuf>,
    },
    /// A copy at `source`, shown writable at `at`.
    Copy {
        /// Where it appears; equals `source` below [`Level::Namespaces`].
        at: PathBuf,
        /// The copy.
        source: PathBuf,
    },
}

impl TreeMount {
    /// Where the tree appears inside.
    pub fn at(&self) -> &PathBuf {
        match self {
            TreeMount::Overlay { at, .. } | TreeMount::Copy { at, .. } => at,
        }
    }
}

/// One process to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spec {
    /// The level to reach; the helper fails rather than run with less.
    pub level: Level,
    /// Program and arguments; the program is looked up in `env`'s `PATH`.
    pub argv: Vec<String>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// Working directory inside.
    pub cwd: PathBuf,
    /// An empty directory that becomes the new root's mount point.
    pub root: PathBuf,
    /// What is shown read-only.
    pub read_only: Vec<ReadOnly>,
    /// heal's own probes (observers, warm servers): `(source, at)`, read-only.
    pub probes: (PathBuf, PathBuf),
    /// The results pipe: `(source, at)`.
    pub results: (PathBuf, PathBuf),
    /// The project.
    pub tree: TreeMount,
    /// A private directory for temporary files.
    pub tmp: PathBuf,
    /// Bounds.
    pub limits: Limits,
}

/// Which bound ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitHit {
    /// The sum of resident memory of all processes.
    Memory,
    /// The number of processes and threads.
    Processes,
}

/// The helper's answer when the process has ended or could not be started.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Exit code, when it exited.
    pub exit: Option<i32>,
    /// Signal number, when it was killed.
    pub signal: Option<i32>,
    /// The bound that was hit.
    pub limit: Option<LimitHit>,
    /// Why it could not be started.
    pub setup_error: Option<String>,
}
