//! What a run of the tests showed: the types that every later stage compares.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sandbox::LimitHit;

/// How one test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TestOutcome {
    /// It passed.
    Passed,
    /// It ran and failed.
    Failed,
    /// It could not run: import, collection, set-up.
    Error,
    /// It was left out.
    Skipped,
}

impl TestOutcome {
    /// Whether the test counts as failing.
    pub fn is_failing(self) -> bool {
        matches!(self, TestOutcome::Failed | TestOutcome::Error)
    }
}

/// A frame of a stack trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// File as the runner named it (absolute inside the sandbox, later relative).
    pub file: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// Function, where the runner names one.
    #[serde(default)]
    pub function: Option<String>,
}

/// One test's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// The runner's own name for the test; the same in every run of the same tests.
    pub id: String,
    /// The file that holds it.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// How it ended.
    pub outcome: TestOutcome,
    /// How long it took, in milliseconds.
    #[serde(default)]
    pub duration_ms: f64,
    /// What it said when it failed.
    #[serde(default)]
    pub message: Option<String>,
    /// The type of the exception.
    #[serde(default)]
    pub exception: Option<String>,
    /// Stack, innermost frame last.
    #[serde(default)]
    pub frames: Vec<Frame>,
    /// The value that the failing assertion wanted, as source text where the runner shows it.
    #[serde(default)]
    pub expected: Option<String>,
    /// The value that it got.
    #[serde(default)]
    pub actual: Option<String>,
}

/// How a process that ran tests was started, as its observer saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerStart {
    /// `pytest`, `unittest` or `node-test`.
    pub runner: String,
    /// The program's name and its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Its working directory; relative to the repository where it lies in it.
    pub cwd: PathBuf,
}

impl RunnerStart {
    /// Names the working directory relative to the repository at `root`.
    pub fn relative_to(mut self, root: &Path) -> Self {
        if let Ok(relative) = self.cwd.strip_prefix(root) {
            self.cwd = relative.to_owned();
        }
        self
    }
}

/// How a test command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Ending {
    /// It exited by itself.
    Exited {
        /// The exit code.
        code: i32,
    },
    /// A signal ended it.
    Killed {
        /// The signal's number.
        signal: i32,
    },
    /// The time limit ended it.
    TimedOut,
    /// Another limit ended it.
    OverLimit {
        /// Which.
        limit: LimitHit,
    },
}

impl Ending {
    /// Whether the command said that all is well.
    pub fn is_success(self) -> bool {
        self == Ending::Exited { code: 0 }
    }

    /// The exit code, where there is one.
    pub fn code(self) -> Option<i32> {
        match self {
            Ending::Exited { code } => Some(code),
            _ => None,
        }
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ending::Exited { code } => write!(f, "exit code {code}"),
            Ending::Killed { signal } => write!(f, "killed by signal {signal}"),
            Ending::TimedOut => f.write_str("ran out of time"),
            Ending::OverLimit { limit: LimitHit::Memory } => f.write_str("used more memory than allowed"),
            Ending::OverLimit { limit: LimitHit::Processes } => f.write_str("started more processes than allowed"),
        }
    }
}

/// One run of the test command.
#[derive(Clone, Debug, Serialize)]
pub struct TestRun {
    /// How the command ended.
    pub ending: Ending,
    /// Single tests, by id, where a known runner was at work.
    pub tests: BTreeMap<String, TestResult>,
    /// How the known runners were started.
    pub starts: Vec<RunnerStart>,
    /// Bounded output of the command.
    #[serde(skip)]
    pub log: String,
    /// Wall-clock time in milliseconds.
    pub elapsed_ms: u64,
}

impl TestRun {
    /// A failing run that happened elsewhere and is known by its log only.
    pub fn unseen(code: i32, log: String) -> Self {
        let ending = Ending::Exited { code };
        TestRun { ending, tests: BTreeMap::new(), starts: Vec::new(), log, elapsed_ms: 0 }
    }

    /// Whether everything passed: the command and every test it showed.
    pub fn is_green(&self) -> bool {
        self.ending.is_success() && self.failing().next().is_none()
    }

    /// The failing tests.
    pub fn failing(&self) -> impl Iterator<Item = &TestResult> {
        self.tests.values().filter(|test| test.outcome.is_failing())
    }

    /// The passing tests.
    pub fn passing(&self) -> impl Iterator<Item = &TestResult> {
        self.tests.values().filter(|test| test.outcome == TestOutcome::Passed)
    }
}
