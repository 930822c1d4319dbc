//! The test runners that heal sees into: one file each, and a row in [`RunnerKind`].
//!
//! A runner says how its warm server is started. How its cold runs are watched is the same for
//! all of one interpreter: see `observer` and the probes in `python/` and `node/`.

mod node_test;
mod python;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::command::TestCommand;
use super::run::{RunnerStart, TestRun};

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
    /// The `init` request, without `root` and `cwd`.
    pub init: serde_json::Value,
    /// Where the tests run, relative to the repository.
    pub directory: PathBuf,
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
/// `run` is a cold run of it; `probes` is where heal's probes appear inside the sandbox.
pub fn warm_start(command: &TestCommand, run: &TestRun, probes: &Path, limits: WarmLimits) -> Option<WarmStart> {
    // A command that starts several runners has no single server that stands for it.
    let start = match run.starts.as_slice() {
        [start] => Some(start),
        _ => None,
    };
    let served = Served { command, run, start, probes, limits };
    let observed = start.map(|start| start.runner.as_str());
    match (command.runner, observed) {
        (RunnerKind::Pytest, _) | (RunnerKind::BlackBox, Some("pytest")) => Some(python::warm_start("pytest", &served)),
        (RunnerKind::Unittest, _) => Some(python::warm_start("unittest", &served)),
        (RunnerKind::BlackBox, Some("unittest")) if start.is_some_and(python::is_repeatable) => {
            Some(python::warm_start("unittest", &served))
        }
        (RunnerKind::NodeTest, _) => node_test::warm_start(&served),
        (RunnerKind::BlackBox, _) => None,
    }
}

/// What a runner's warm start is made of.
struct Served<'a> {
    command: &'a TestCommand,
    run: &'a TestRun,
    start: Option<&'a RunnerStart>,
    probes: &'a Path,
    limits: WarmLimits,
}

impl Served<'_> {
    /// The directory in which the tests run, relative to the repository.
    fn directory(&self) -> PathBuf {
        self.start.map_or_else(|| self.command.directory.clone(), |start| start.cwd.clone())
    }
}
