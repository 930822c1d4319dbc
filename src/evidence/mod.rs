//! What is known about a failure before anybody thinks about it.
//!
//! In: a run of the tests or a log of a CI service, and the repository. Out: [`Evidence`] of a run: the
//! [`Failure`]s that the observers or the log's [`parsers`] found, coverage, the last commits; or
//! [`log::Log`] with what [`reading`] understood of it.

mod failure;
mod line;
pub mod log;
pub mod matchers;
pub mod notable;
pub mod parsers;
pub mod reading;
pub mod signs;
pub mod stack;
pub mod structured;
pub mod template;

use crate::forge::Commit;
use crate::testbed::run::{TestResult, TestRun};
use crate::testbed::warm::Coverage;

pub use failure::{Failure, Nature, Place, StackFrame};
pub use line::{Level, Line};

/// How many commits are read; the number that the paper's prototype uses (section 5.1).
pub const RECENT_COMMITS: usize = 10;

/// Everything known about one failure.
#[derive(Debug)]
pub struct Evidence {
    /// The run that failed.
    pub run: TestRun,
    /// The failures in it.
    pub failures: Vec<Failure>,
    /// Lines executed per test, where the runner can say.
    pub coverage: Vec<Coverage>,
    /// The last commits, newest first.
    pub commits: Vec<Commit>,
}

impl Failure {
    /// The failure of an observed test: where its innermost frame inside the repository is.
    pub fn of_test(test: &TestResult) -> Self {
        let stack: Vec<StackFrame> = test
            .frames
            .iter()
            .map(|frame| StackFrame { file: frame.file.clone(), line: frame.line, function: frame.function.clone() })
            .collect();
        let place = stack.iter().rev().find(|frame| frame.file.is_relative());
        Failure {
            test: Some(test.id.clone()),
            file: place.map(|frame| frame.file.clone()).or_else(|| test.file.clone()),
            line: place.map(|frame| frame.line),
            kind: test.exception.clone(),
            message: test.message.clone(),
            stack,
            ..Failure::default()
        }
    }
}
