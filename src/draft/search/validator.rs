//! Validating one candidate: in a warm server where there is one, else by the cold command.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::patch::Patch;
use crate::testbed::command::TestCommand;
use crate::testbed::run::TestRun;
use crate::testbed::warm::{CheckOutcome, WarmError, WarmServer};
use crate::testbed::{Testbed, TestbedError};

/// What a candidate is measured against.
#[derive(Clone, Debug)]
pub struct Goal {
    /// Tests that must pass now.
    pub failing: Vec<String>,
    /// Tests that must still pass.
    pub passing: Vec<String>,
    /// Time for the failing tests.
    pub failing_timeout: Duration,
    /// Time for all of them.
    pub all_timeout: Duration,
}

/// A way to validate candidates.
pub enum Validator<'testbed> {
    /// In a process that has the tests loaded.
    Warm(Box<WarmServer<'testbed>>),
    /// One run of the whole command per candidate.
    Cold {
        /// Where it runs.
        testbed: &'testbed Testbed,
        /// What is run.
        command: TestCommand,
        /// Its limit, in milliseconds.
        time_ms: u64,
    },
}

/// Why validation can't go on.
#[derive(Debug, thiserror::Error)]
pub enum ValidationError {
    /// The warm server can't be had again.
    #[error(transparent)]
    Warm(#[from] WarmError),
    /// The command can't be run.
    #[error(transparent)]
    Cold(#[from] TestbedError),
}

/// How a candidate did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Everything that must pass passes.
    Plausible,
    /// A failing test still fails.
    StillFailing,
    /// The failing tests pass, another one fails now.
    BreaksAnother,
    /// It hung, crashed or ate too much.
    Lost,
}

impl Validator<'_> {
    /// Runs the goal's tests with the patch in place.
    pub async fn validate(&mut self, patch: &Patch, goal: &Goal) -> Result<Validity, ValidationError> {
        match self {
            Validator::Warm(server) => {
                let files: BTreeMap<_, _> =
                    patch.files.iter().map(|(file, changed)| (file.clone(), changed.after.clone())).collect();
                let first = server.check(&files, &goal.failing, goal.failing_timeout, true).await?;
                match first.outcome {
                    CheckOutcome::Passed if goal.passing.is_empty() => return Ok(Validity::Plausible),
                    CheckOutcome::Passed => {}
                    CheckOutcome::Failed => return Ok(Validity::StillFailing),
                    CheckOutcome::Timeout | CheckOutcome::Crashed => return Ok(Validity::Lost),
                }
                let rest = server.check(&files, &goal.passing, goal.all_timeout, true).await?;
                Ok(match rest.outcome {
                    CheckOutcome::Passed => Validity::Plausible,
                    CheckOutcome::Failed => Validity::BreaksAnother,
                    CheckOutcome::Timeout | CheckOutcome::Crashed => Validity::Lost,
                })
            }
            Validator::Cold { testbed, command, time_ms } => {
                let run = testbed.run(command, &patch.after(), *time_ms).await?;
                Ok(judge(&run, goal))
            }
        }
    }

    /// Whether candidates cost milliseconds.
    pub fn is_warm(&self) -> bool {
        matches!(self, Validator::Warm(_))
    }

    /// Ends what it holds.
    pub async fn stop(self) {
        if let Validator::Warm(server) = self {
            server.stop().await;
        }
    }
}

fn judge(run: &TestRun, goal: &Goal) -> Validity {
    if run.is_green() {
        return Validity::Plausible;
    }
    let failing: HashSet<&str> = run.failing().map(|test| test.id.as_str()).collect();
    if run.tests.is_empty() || goal.failing.iter().any(|test| failing.contains(test.as_str())) {
        Validity::StillFailing
    } else {
        Validity::BreaksAnother
    }
}
