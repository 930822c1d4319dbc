//! What set a heal off.
//!
//! In: the command line, GitHub's webhooks (later also comments and the Action's environment). Out: a
//! [`Signal`] or a [`github::GithubSignal`] with everything checked that can be checked without running
//! or fetching anything.

pub mod github;
mod local;

pub use local::{Signal, SignalError, from_command_line};
