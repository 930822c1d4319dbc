//! The stages as the worker calls them: each takes what the stages before it gave.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::progress::{Progress, ProgressEvent};
use crate::diagnosis::{self, Diagnosis, RepositoryFiles, Triage};
use crate::draft::ReadFile;
use crate::draft::search::Goal;
use crate::draft::search::Validator;
use crate::evidence::log::Limits;
use crate::evidence::reading::words;
use crate::evidence::{Evidence, Failure, RECENT_COMMITS};
use crate::forge::Forge;
use crate::testbed::command::TestCommand;
use crate::testbed::run::{TestOutcome, TestRun};
use crate::testbed::runners::{self, WarmLimits};
use crate::testbed::warm::{Ready, WarmServer};
use crate::testbed::{Patched, Testbed, TestbedError, read_bounded};

/// The largest source file that is read, in bytes.
const SOURCE_BYTES: u64 = 8 * 1024 * 1024;

/// A run longer than this is not repeated just to see whether it is flaky.
const REPEAT_MS: u64 = 60_000;

/// A run shorter than this is repeated three times: a test that fails half of the time then passes as steady in
/// one of eight cases instead of one of two.
const SHORT_MS: u64 = 1_000;

/// A candidate's memory, in bytes; the sandbox's own limit holds for all of them together.
const CANDIDATE_BYTES: u64 = 768 * 1024 * 1024;

/// A candidate's processes and threads.
const CANDIDATE_PROCESSES: u64 = 64;

/// The bounds of a candidate's time.
const CANDIDATE_TIME: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Reads files of the work tree: UTF-8 only, bounded, and never through a link out of it.
pub(super) fn reader(root: PathBuf) -> Box<ReadFile> {
    Box::new(move |file: &Path| {
        let real = root.join(file).canonicalize().ok().filter(|real| real.starts_with(&root))?;
        String::from_utf8(read_bounded(&real, SOURCE_BYTES).ok()?).ok()
    })
}

/// Runs the tests, and again when they fail, to tell a steady failure from a flaky one: the other run that is
/// given is one that differs, if any does.
pub(super) async fn reproduce(
    testbed: &Testbed,
    command: &TestCommand,
    limit_ms: u64,
) -> Result<(TestRun, Option<TestRun>), TestbedError> {
    let run = testbed.run(command, &Patched::new(), limit_ms).await?;
    if run.is_green() || run.elapsed_ms > REPEAT_MS.min(limit_ms / 4) {
        return Ok((run, None));
    }
    let mut again = testbed.run(command, &Patched::new(), limit_ms).await?;
    for _ in 0..2 {
        if run.elapsed_ms > SHORT_MS || !fails_alike(&run, &again) {
            break;
        }
        again = testbed.run(command, &Patched::new(), limit_ms).await?;
    }
    Ok((run, Some(again)))
}

/// Whether two runs of the same tree fail in the same tests.
fn fails_alike(run: &TestRun, other: &TestRun) -> bool {
    let names = |run: &TestRun| run.failing().map(|test| test.id.clone()).collect::<HashSet<_>>();
    !other.is_green() && names(run) == names(other)
}

/// What a warm server needs besides its first answer.
pub(super) struct Warm<'testbed> {
    pub(super) server: WarmServer<'testbed>,
    pub(super) ready: Ready,
}

/// Starts the warm server of the command's runner; says why when there is none.
pub(super) async fn warm_up<'testbed>(
    testbed: &'testbed Testbed,
    command: &TestCommand,
    run: &TestRun,
    limit_ms: u64,
    progress: &Progress,
) -> Option<Warm<'testbed>> {
    let limits = WarmLimits { memory_bytes: CANDIDATE_BYTES, processes: CANDIDATE_PROCESSES, timeout_ms: limit_ms };
    let warm = runners::warm_start(command, run, &testbed.probes_inside(), limits)?;
    match WarmServer::start(testbed, warm).await {
        Ok((server, ready)) => match disagreement(run, &ready) {
            None => Some(Warm { server, ready }),
            Some(test) => {
                let message =
                    format!("the warm server sees {test} otherwise than the real run; each candidate runs cold");
                progress(ProgressEvent::Warning(message));
                server.stop().await;
                None
            }
        },
        Err(error) => {
            progress(ProgressEvent::Warning(format!("{error}; each candidate runs cold")));
            None
        }
    }
}

/// A test that fails in the real run and not in the warm one: what the warm server would call healed
/// may not be.
fn disagreement(run: &TestRun, ready: &Ready) -> Option<String> {
    let failing: HashSet<&str> =
        ready.tests.iter().filter(|test| test.outcome.is_failing()).map(|test| test.id.as_str()).collect();
    run.failing().find(|test| !failing.contains(test.id.as_str())).map(|test| test.id.clone())
}

/// Gathers the evidence of a failing run.
pub(super) async fn gather(
    run: TestRun,
    warm: Option<&mut Warm<'_>>,
    forge: &impl Forge,
    progress: &Progress,
) -> Evidence {
    let commits = match forge.recent_commits(RECENT_COMMITS).await {
        Ok(commits) => commits,
        Err(error) => {
            progress(ProgressEvent::Warning(format!("no history: {error}")));
            Vec::new()
        }
    };
    let failures = if run.failing().next().is_some() {
        run.failing().map(Failure::of_test).collect()
    } else {
        failures_of_log(&run.log, progress)
    };
    let coverage = warm.map(|warm| std::mem::take(&mut warm.ready.coverage)).unwrap_or_default();
    Evidence { run, failures, coverage, commits }
}

/// What the tools' own words say, where no observer saw the tests.
fn failures_of_log(log: &str, progress: &Progress) -> Vec<Failure> {
    match crate::evidence::log::read(log.as_bytes(), words(), &Limits::default()) {
        Ok(log) => diagnosis::explain(&log, diagnosis::Beside::default()).failures,
        Err(error) => {
            progress(ProgressEvent::Warning(error.to_string()));
            Vec::new()
        }
    }
}

/// Diagnoses with the work tree at hand.
pub(super) fn diagnose(
    command: &str,
    evidence: &Evidence,
    triage: Triage,
    read: &ReadFile,
    tracked: &[PathBuf],
) -> Diagnosis {
    let read = |path: &Path| read(path);
    diagnosis::diagnose(command, evidence, triage, &RepositoryFiles { read: &read, tracked })
}

/// What candidates must reach, from the run that failed and the warm server's own first run.
pub(super) fn goal(run: &TestRun, ready: Option<&Ready>) -> Goal {
    let warm_failing: HashSet<&str> = ready
        .iter()
        .flat_map(|ready| &ready.tests)
        .filter(|test| test.outcome != TestOutcome::Passed)
        .map(|test| test.id.as_str())
        .collect();
    // Where a file could not even be loaded its tests are not known yet: everything must pass.
    let unknown = run.failing().any(|test| test.outcome == TestOutcome::Error && !test.id.contains("::"))
        || run.failing().any(|test| test.file.as_ref().is_some_and(|file| file.as_os_str() == test.id.as_str()));
    let ids = |keep: &dyn Fn(&&crate::testbed::run::TestResult) -> bool| -> Vec<String> {
        run.tests.values().filter(keep).map(|test| test.id.clone()).collect()
    };
    let duration = |ids: &[String]| -> Duration {
        let tests = ready.iter().flat_map(|ready| &ready.tests);
        let sum: f64 = tests.filter(|test| ids.contains(&test.id)).map(|test| test.duration_ms).sum();
        let limit = Duration::from_millis((sum * 5.0) as u64) + Duration::from_millis(300);
        limit.clamp(CANDIDATE_TIME.0, CANDIDATE_TIME.1)
    };
    let failing = ids(&|test| test.outcome.is_failing());
    let passing = ids(&|test| test.outcome == TestOutcome::Passed && !warm_failing.contains(test.id.as_str()));
    let (failing_timeout, all_timeout) = (duration(&failing), duration(&passing));
    if unknown {
        return Goal { failing: Vec::new(), passing: Vec::new(), failing_timeout: all_timeout, all_timeout };
    }
    Goal { failing, passing, failing_timeout, all_timeout }
}

/// The validators of a search: two warm servers, or the cold command.
pub(super) async fn validators<'testbed>(
    testbed: &'testbed Testbed,
    command: &TestCommand,
    warm: Option<Warm<'testbed>>,
    limit_ms: u64,
) -> Vec<Validator<'testbed>> {
    match warm {
        Some(warm) => {
            let second = warm.server.another().await.ok();
            let servers = std::iter::once(warm.server).chain(second);
            servers.map(|server| Validator::Warm(Box::new(server))).collect()
        }
        None => (0..2).map(|_| Validator::Cold { testbed, command: command.clone(), time_ms: limit_ms }).collect(),
    }
}
