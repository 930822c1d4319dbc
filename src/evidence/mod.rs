//! What is known about a failure before anybody thinks about it.
//!
//! In: a run of the tests (or only its log) and the repository. Out: [`Evidence`]: the cleaned log,
//! the [`Failure`]s that the observers or the log's [`parsers`] found, coverage, the last commits.

pub mod clean;
pub mod parsers;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::forge::Commit;
use crate::testbed::run::{TestResult, TestRun};
use crate::testbed::warm::Coverage;

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

/// One thing that failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The test's name, where a test failed.
    pub test: Option<String>,
    /// The file that the failure points at.
    pub file: Option<PathBuf>,
    /// Line in it, from 1.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
    /// The kind of failure: an exception's name, a rule, an error code.
    pub kind: Option<String>,
    /// What it says.
    pub message: Option<String>,
    /// First and last line in the log, from 1, inclusive.
    pub log_lines: Option<(usize, usize)>,
    /// Stack, innermost frame last.
    pub stack: Vec<StackFrame>,
}

/// A frame of a stack trace, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackFrame {
    /// The file as the log names it.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// Function, where known.
    pub function: Option<String>,
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
            column: None,
            kind: test.exception.clone(),
            message: test.message.clone(),
            log_lines: None,
            stack,
        }
    }
}
