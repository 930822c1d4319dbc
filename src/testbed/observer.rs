//! The results pipe: what the observers inside the test processes report of single tests.
//!
//! In: a named pipe that heal holds open for the time of a run. Out: [`Observed`]. What comes
//! through it is data from untrusted code: bounded, parsed leniently, and never enough by itself
//! for a verdict (the command's exit code must agree).

use std::collections::BTreeMap;
use std::path::Path;

use nix::sys::stat::Mode;
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use super::run::{RunnerStart, TestResult};

/// The most that is read from one run, in bytes; some 100,000 results.
const LIMIT: usize = 64 * 1024 * 1024;

/// What the observers saw.
#[derive(Debug, Default)]
pub struct Observed {
    /// Results by test id; a test that ran twice keeps its worse outcome.
    pub tests: BTreeMap<String, TestResult>,
    /// Processes that ran tests.
    pub starts: Vec<RunnerStart>,
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    Start(RunnerStart),
    #[serde(other)]
    Other,
}

/// A pipe that is being read.
pub struct Observer {
    reader: tokio::task::JoinHandle<Vec<u8>>,
    finish: tokio::sync::oneshot::Sender<()>,
}

impl Observer {
    /// Makes the named pipe at `path` and begins to read it.
    pub fn listen(path: &Path) -> std::io::Result<Self> {
        nix::unistd::mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR)?;
        // Opened for both directions, so that it neither blocks nor ends between two writers.
        let mut pipe = pipe::OpenOptions::new().read_write(true).open_receiver(path)?;
        let (finish, mut finished) = tokio::sync::oneshot::channel();
        let reader = tokio::spawn(async move {
            let mut kept = Vec::new();
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let read = tokio::select! {
                    biased;
                    read = pipe.read(&mut buffer) => read,
                    _ = &mut finished => break,
                };
                let Ok(count) = read else { break };
                let room = LIMIT.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..count.min(room)]);
            }
            kept
        });
        Ok(Observer { reader, finish })
    }

    /// Ends the reading after what is already in the pipe.
    pub async fn finish(self) -> Observed {
        let _ = self.finish.send(());
        parse(&self.reader.await.unwrap_or_default())
    }
}

fn parse(bytes: &[u8]) -> Observed {
    let mut observed = Observed::default();
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        if let Ok(test) = serde_json::from_slice::<TestResult>(line) {
            keep_worse(&mut observed.tests, test);
        } else if let Ok(Event::Start(start)) = serde_json::from_slice(line) {
            observed.starts.push(start);
        }
    }
    observed
}

fn keep_worse(tests: &mut BTreeMap<String, TestResult>, test: TestResult) {
    match tests.get(&test.id) {
        Some(known) if known.outcome.is_failing() && !test.outcome.is_failing() => {}
        _ => {
            tests.insert(test.id.clone(), test);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::run::TestOutcome;

    #[test]
    fn garbage_between_results_is_passed_over() {
        let observed = parse(
            b"{\"event\":\"start\",\"runner\":\"pytest\",\"args\":[],\"cwd\":\"/x\"}\nnot json\n\xff\xfe\n\
              {\"id\":\"a\",\"outcome\":\"failed\"}\n{\"id\":\"a\",\"outcome\":\"passed\"}\n",
        );
        assert_eq!(observed.starts.len(), 1);
        assert_eq!(observed.tests["a"].outcome, TestOutcome::Failed);
    }
}
