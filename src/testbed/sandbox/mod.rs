//! The sandbox: everything a repository brings is run in here and nowhere else.
//!
//! In: a [`Spec`] (what to run, which tree, which limits). Out: a running helper process and, at
//! its end, a [`Report`].
//!
//! heal starts *itself* as a small single-threaded helper (`heal __sandbox`), because unsharing
//! namespaces and forking are not safe inside a process with threads. heal and the helper share
//! one socket, the *lifeline*: the spec goes down, the report comes up, and when heal dies in
//! whatever way (`kill -9` included) the helper reads end-of-file and takes the whole tree with it.
//!
//! ```text
//! heal ──lifeline── helper (namespaces, mounts) ── init (PID 1 inside) ── the command
//! ```
//!
//! Inside: a fresh root holding the system and the toolchains read-only, `/proc`, a minimal
//! `/dev`, a bounded `/tmp`, the project at its usual path under an overlay whose upper layer is a
//! bounded tmpfs (so that nothing written ever reaches the disk), no network but loopback, no
//! capabilities, a seccomp deny list, and none of the caller's environment. PID 1 watches memory
//! and the number of processes and ends everything when the command ends.
//!
//! Where namespaces are refused (Ubuntu 24.04's default, many containers) the level falls to
//! [`Level::Landlock`] and then to [`Level::Limits`]; the level reached is in every verdict.

pub mod helper;
mod init;
mod landlock_rules;
mod level;
mod mounts;
mod seccomp;
pub mod spec;

pub use level::{best_level, try_level};
pub use spec::{Level, LimitHit, Report, Spec, TreeMount};

/// Why a sandbox could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The helper could not be started or spoken to.
    #[error("can't start the sandbox helper")]
    Helper(#[source] std::io::Error),
    /// The helper started but could not build the sandbox.
    #[error("can't set up the sandbox at level {level}: {reason}")]
    Setup {
        /// The level asked for.
        level: Level,
        /// The step that failed, as the helper said it.
        reason: String,
    },
    /// `--sandbox required` on a machine without namespaces.
    #[error("--sandbox required: this machine only offers level {best} ({reason})")]
    Refused {
        /// The best level there is.
        best: Level,
        /// Why not the strongest.
        reason: String,
    },
}
