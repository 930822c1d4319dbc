//! What set a heal off.
//!
//! In: the command line (later also webhooks, comments and the Action's environment). Out: a
//! [`Signal`] with everything checked that can be checked without running or fetching anything.

mod local;

pub use local::{Signal, SignalError, from_command_line};
