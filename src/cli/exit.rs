//! Exit codes, as DESIGN and `heal --help` name them.

use crate::pipeline::Outcome;

/// What the process ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// A verified patch exists; for other commands: done.
    Healed = 0,
    /// No patch could be proven.
    NotHealed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// The tests pass.
    NothingFailing = 3,
    /// The failure is not one of the code.
    NotCode = 4,
    /// Ctrl-C, as shells count it.
    Interrupted = 130,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Healed => ExitCode::Healed,
            Outcome::NotHealed => ExitCode::NotHealed,
            Outcome::NothingFailing => ExitCode::NothingFailing,
            Outcome::NotCode => ExitCode::NotCode,
        }
    }
}
