//! Warm servers: a process that has loaded the tests and answers for a candidate in milliseconds.
//!
//! In: a test command, then candidates (changed files and the tests to run). Out: [`Checked`].
//! A warm answer is never proof: state may leak between candidates, and code under test could
//! forge it. What survives here is confirmed by the real command, cold.
//!
//! A server that hangs or dies is killed with all it started, and a new one takes its place before
//! the next candidate.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};

use super::process::Running;
use super::run::TestResult;
use super::runners::WarmStart;
use super::sandbox::Spec;
use super::stage::relative_to as testbed_relative;
use super::{Patched, Testbed, TestbedError};

/// The largest first answer, in bytes: results and line coverage of every test.
const READY_BYTES: u64 = 256 * 1024 * 1024;

/// The largest answer for one candidate, in bytes.
const CHECK_BYTES: u64 = 4 * 1024 * 1024;

/// How much longer than a candidate's own limit heal waits before it gives the server up.
const GRACE: Duration = Duration::from_millis(250);

/// Lines of project files that a test executed: file → lines from 1.
pub type CoveredLines = BTreeMap<PathBuf, Vec<u32>>;

/// The pseudo-test under which lines executed by importing are reported.
pub const IMPORT: &str = "<import>";

/// The first answer of a server.
#[derive(Debug, Default, Deserialize)]
pub struct Ready {
    /// Every test's result without a candidate.
    #[serde(default)]
    pub tests: Vec<TestResult>,
    /// Coverage by test id.
    #[serde(default)]
    pub coverage: Vec<Coverage>,
    /// Project files that were loaded.
    #[serde(default)]
    pub files: Vec<PathBuf>,
    /// Why the server can't serve.
    #[serde(default)]
    pub error: Option<String>,
}

/// One test's coverage.
#[derive(Debug, Deserialize)]
pub struct Coverage {
    /// The test's id, or [`IMPORT`].
    pub id: String,
    /// What it executed.
    pub files: CoveredLines,
}

/// How a candidate fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckOutcome {
    /// Every requested test passed.
    Passed,
    /// One failed.
    Failed,
    /// They did not end in time.
    Timeout,
    /// The process died.
    Crashed,
}

/// The answer for one candidate.
#[derive(Debug, Deserialize)]
pub struct Checked {
    /// How it fared.
    pub outcome: CheckOutcome,
    /// Tests that failed.
    #[serde(default)]
    pub failed: Vec<String>,
    /// Tests that passed.
    #[serde(default)]
    pub passed: Vec<String>,
    /// The first failure's message.
    #[serde(default)]
    pub message: Option<String>,
    #[serde(default)]
    id: u64,
    #[serde(default)]
    recycle: bool,
}

impl Checked {
    fn without_answer(outcome: CheckOutcome) -> Self {
        Checked { outcome, failed: Vec::new(), passed: Vec::new(), message: None, id: 0, recycle: false }
    }
}

/// Why there is no warm server.
#[derive(Debug, thiserror::Error)]
pub enum WarmError {
    /// The place for it could not be had.
    #[error(transparent)]
    Testbed(#[from] TestbedError),
    /// It says itself that it can't serve.
    #[error("the warm server can't serve: {0}")]
    Refused(String),
    /// It died or did not answer while starting.
    #[error("the warm server gave no answer while starting")]
    NoAnswer,
}

/// A server and the means to replace it.
pub struct WarmServer<'testbed> {
    testbed: &'testbed Testbed,
    start: WarmStart,
    current: Option<Live>,
    next_id: u64,
}

struct Live {
    running: Running,
    spec: Spec,
}

impl<'testbed> WarmServer<'testbed> {
    /// Starts a server and waits for its first answer, at most `init_timeout_ms` of `start`'s limits.
    pub async fn start(testbed: &'testbed Testbed, start: WarmStart) -> Result<(Self, Ready), WarmError> {
        let mut server = WarmServer { testbed, start, current: None, next_id: 0 };
        let (live, ready) = server.boot(true).await?;
        server.current = Some(live);
        Ok((server, ready))
    }

    /// A second server of the same kind, without coverage.
    pub async fn another(&self) -> Result<WarmServer<'testbed>, WarmError> {
        let mut server = WarmServer { testbed: self.testbed, start: self.start.clone(), current: None, next_id: 0 };
        server.current = Some(server.boot(false).await?.0);
        Ok(server)
    }

    /// Runs `tests` (all when empty) with `patched` in place.
    ///
    /// A server that does not answer counts as a time-out or crash of the candidate and is replaced.
    pub async fn check(
        &mut self,
        patched: &BTreeMap<PathBuf, String>,
        tests: &[String],
        timeout: Duration,
        stop_on_fail: bool,
    ) -> Result<Checked, WarmError> {
        let mut live = self.take_live().await?;
        self.next_id += 1;
        let edits: Vec<_> = patched.iter().map(|(file, text)| json!({ "file": file, "text": text })).collect();
        let request = json!({
            "op": "check", "id": self.next_id, "edits": edits, "tests": tests,
            "timeout_ms": timeout.as_millis() as u64, "stop_on_fail": stop_on_fail,
        });
        let answer = tokio::time::timeout(timeout + GRACE, exchange(&mut live.running, &request, CHECK_BYTES)).await;
        let checked = match answer {
            Ok(Some(line)) => serde_json::from_slice::<Checked>(&line).ok().filter(|answer| answer.id == self.next_id),
            Ok(None) => Some(Checked::without_answer(CheckOutcome::Crashed)),
            Err(_) => Some(Checked::without_answer(CheckOutcome::Timeout)),
        };
        let checked = checked.unwrap_or_else(|| Checked::without_answer(CheckOutcome::Crashed));
        let lost = checked.id != self.next_id;
        if lost || checked.recycle {
            self.retire(live).await;
        } else {
            self.current = Some(live);
        }
        Ok(checked)
    }

    /// Ends the server and everything inside.
    pub async fn stop(mut self) {
        if let Some(live) = self.current.take() {
            self.retire(live).await;
        }
    }

    async fn take_live(&mut self) -> Result<Live, WarmError> {
        match self.current.take() {
            Some(live) => Ok(live),
            None => Ok(self.boot(false).await?.0),
        }
    }

    async fn retire(&self, live: Live) {
        live.running.stop().await;
        self.testbed.discard(&live.spec);
    }

    async fn boot(&self, coverage: bool) -> Result<(Live, Ready), WarmError> {
        let (argv, environment) = (self.start.argv.clone(), &self.start.environment);
        let mut spec = self.testbed.spec(argv, environment, &Patched::new())?;
        // The server lives as long as the search; each candidate has its own limit.
        spec.limits.time_ms = u64::MAX;
        spec.cwd.push(&self.start.directory);
        std::fs::write(&spec.results.0, "").map_err(TestbedError::Tree)?;
        // A server reports through its answers, not through the pipe of cold runs.
        spec.env.retain(|(name, _)| name != "HEAL_RESULTS");
        let running = Running::start(&spec).map_err(TestbedError::from)?;
        let mut live = Live { running, spec };
        let mut init = self.start.init.clone();
        init["coverage"] = json!(coverage);
        init["root"] = json!(live.spec.tree.at());
        init["cwd"] = json!(live.spec.cwd);
        let limit = Duration::from_millis(init["timeout_ms"].as_u64().unwrap_or(60_000)) + GRACE;
        let answer = tokio::time::timeout(limit, exchange(&mut live.running, &init, READY_BYTES)).await;
        let ready = answer.ok().flatten().and_then(|line| serde_json::from_slice::<Ready>(&line).ok());
        match ready {
            Some(Ready { error: Some(reason), .. }) => {
                self.retire(live).await;
                Err(WarmError::Refused(reason))
            }
            Some(mut ready) => {
                let root = live.spec.tree.at().clone();
                ready.tests = ready.tests.into_iter().map(|test| testbed_relative(&root, test)).collect();
                Ok((live, ready))
            }
            None => {
                self.retire(live).await;
                Err(WarmError::NoAnswer)
            }
        }
    }
}

/// Sends a request and reads one line of at most `limit` bytes; `None` when the server is gone.
async fn exchange(running: &mut Running, request: &serde_json::Value, limit: u64) -> Option<Vec<u8>> {
    let mut line = request.to_string();
    line.push('\n');
    running.stdin.write_all(line.as_bytes()).await.ok()?;
    running.stdin.flush().await.ok()?;
    let mut answer = Vec::new();
    (&mut running.stdout).take(limit).read_until(b'\n', &mut answer).await.ok()?;
    (answer.last() == Some(&b'\n')).then_some(answer)
}
