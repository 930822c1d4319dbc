//! One thing that failed, as a tool reported it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    /// What sort of thing failed.
    #[serde(default)]
    pub nature: Nature,
    /// The jobs and steps in which it failed, where a log names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

/// A job in which a failure was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The job.
    pub job: Option<String>,
    /// The step.
    pub step: Option<String>,
    /// First and last line in the log, from 1, inclusive.
    pub log_lines: Option<(usize, usize)>,
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

/// What sort of thing failed; the triage reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// A test ran and failed.
    #[default]
    Test,
    /// A test compares with a stored snapshot that is outdated.
    Snapshot,
    /// A test file or module can't be loaded: collection, import or syntax error.
    Load,
    /// A compiler's error.
    Compile,
    /// A type checker's error.
    Type,
    /// A linter's finding that fails the build.
    Lint,
    /// A file that is not formatted.
    Format,
    /// Packages can't be resolved, found or installed.
    Dependency,
    /// A missing file, option, target, tool, variable or secret; a broken configuration file.
    Configuration,
    /// A threshold (coverage, size, score) is missed; no test failed.
    Threshold,
    /// The network, a registry or the machine.
    Infrastructure,
    /// Something took too long.
    Timeout,
    /// A process died of a signal.
    Crash,
}

impl Failure {
    /// Places the failure on the innermost frame that is the repository's own code.
    pub fn place_on_stack(&mut self) {
        let own = self.stack.iter().rev().find(|frame| !super::stack::is_foreign(&frame.file.to_string_lossy()));
        if let Some(frame) = own {
            self.file = Some(frame.file.clone());
            self.line = Some(frame.line);
        }
    }
}
