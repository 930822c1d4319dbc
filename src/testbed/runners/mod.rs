//! The test runners that heal sees into: one file each, and a row in [`RunnerKind`].
//!
//! A runner says how its warm server is started. How its cold runs are watched is the same for
//! all of one interpreter: see `observer` and the probes in `python/` and `node/`.

mod node_test;
mod python;

use serde::{Deserialize, Serialize};

use super::command::TestCommand;
use super::run::RunnerStart;

/// Which runner a command starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunnerKind {
    /// pytest.
    Pytest,
    /// Python's own unittest.
    Unittest,
    /// Node's own test runner.
    NodeTest,
    /// Any other command: exit code and log.
    BlackBox,
}

impl std::fmt::Display for RunnerKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            RunnerKind::Pytest => "pytest",
            RunnerKind::Unittest => "unittest",
            RunnerKind::NodeTest => "node --test",
            RunnerKind::BlackBox => "black box",
        })
    }
}

/// How a warm server is started, and its first request.
#[derive(Debug, Clone)]
pub struct WarmStart {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Environment beyond the sandbox's own.
    pub environment: Vec<(String, String)>,
    /// The `init` request.
    pub init: serde_json::Value,
}

/// What a warm server may use.
#[derive(Debug, Clone, Copy)]
pub struct WarmLimits {
    /// Memory per candidate, in bytes.
    pub memory_bytes: u64,
    /// Processes per candidate.
    pub processes: u64,
    /// Time for one whole run of the tests in the warm server, in milliseconds.
    pub timeout_ms: u64,
}

/// How to serve `command`'s tests from a warm process, if its runner can.
///
/// `start` is what the observers saw in a cold run; `root` is the repository inside the sandbox.
pub fn warm_start(
    command: &TestCommand,
    start: Option<&RunnerStart>,
    root: &std::path::Path,
    probes: &std::path::Path,
    limits: WarmLimits,
) -> Option<WarmStart> {
    let observed = start.map(|start| start.runner.as_str());
    match (command.runner, observed) {
        (RunnerKind::Pytest, _) | (RunnerKind::BlackBox, Some("pytest")) => {
            Some(python::warm_start("pytest", command, start, root, probes, limits))
        }
        (RunnerKind::Unittest, _) => Some(python::warm_start("unittest", command, start, root, probes, limits)),
        (RunnerKind::NodeTest, _) => Some(node_test::warm_start(command, start, root, probes, limits)),
        (RunnerKind::BlackBox, _) => None,
    }
}
