//! Diagnosing, drafting, verifying: the logs are read, the failure is reproduced in the sandbox, patches
//! are drafted and put to the test there. Nothing outside the machine changes, so a killed process does
//! all of it again; the ledger keeps it from trying the same patch twice.

use std::time::Duration;

use serde_json::json;

use super::super::case::{Case, Next};
use super::super::commands::{self, Choice};
use super::super::evidence;
use super::super::knowledge::FailedRun;
use super::super::services::StepError;
use super::super::standing;
use super::super::{branches, checks};
use crate::deliver::check::CheckState;
use crate::deliver::story::Reproduced;
use crate::diagnosis::{Class, Diagnosis, RepositoryAtHand, RepositoryFiles};
use crate::evidence::RECENT_COMMITS;
use crate::forge::Forge;
use crate::forge::local::LocalForge;
use crate::pipeline::bench::{Bench, Ladder};
use crate::pipeline::budget::Budget;
use crate::pipeline::ledger::Entry;
use crate::pipeline::state::{Event, State};
use crate::pipeline::worker::Timing;
use crate::pipeline::{Progress, ProgressEvent};
use crate::policy::{Autonomy, VerifyWhere};
use crate::redact;
use crate::testbed::limits::Limits;
use crate::testbed::{Isolation, Testbed, TestbedError, TestbedOptions, read_bounded};

/// The largest file of a repository that is read, in bytes.
const FILE_BYTES: u64 = 2 * 1024 * 1024;

/// The limit of one run of the tests in the sandbox, in milliseconds.
const RUN_MS: u64 = 120_000;

pub(super) async fn step(case: &mut Case<'_>) -> Result<Next, StepError> {
    if let Some(next) = resume(case).await? {
        return Ok(next);
    }
    if case.know.is_fork && case.know.pull_request.is_none() {
        return case.give_up("the commit lies in a fork and no open pull request brings it here").await;
    }
    let tree = branches::checkout(case).await?;
    let forge = LocalForge::open(tree.path())?;
    let ledger = case.record.ledger().await?;
    if case.record.state == State::Diagnosing
        && let Some(next) = read_logs(case, &forge, &ledger).await?
    {
        return Ok(next);
    }
    let Some(diagnosis) = case.know.diagnosis.clone() else {
        return case.give_up("nothing is known of the failure").await;
    };
    let path = case.know.workflow_file.clone();
    let further = case.know.further_commands.clone();
    let choice = commands::choose(&case.policy.test, &diagnosis, path.as_deref(), tree.path(), &further);
    let Some(choice) = choice else {
        return case
            .give_up("nothing in the repository says how it is tested; name the command as `test` in .github/heal.toml")
            .await;
    };
    sit(case, &forge, &choice, &ledger).await
}

/// A process was killed between proving an attempt and saying so: the ledger has the proof.
async fn resume(case: &mut Case<'_>) -> Result<Option<Next>, StepError> {
    let drafting = matches!(case.record.state, State::Drafting | State::Verifying(_));
    let ledger = case.record.ledger().await?;
    let last = ledger.last().filter(|last| last.proven_here && last.branch.is_none() && last.ci_green.is_none());
    let (true, Some(last)) = (drafting, last) else { return Ok(None) };
    case.happen(Event::Drafted(last.number)).await?;
    Ok(Some(case.happen(Event::Proven).await?))
}

/// Reads the logs and decides what kind of failure it is; gives what comes next when that is not a draft.
async fn read_logs(case: &mut Case<'_>, forge: &LocalForge, ledger: &[Entry]) -> Result<Option<Next>, StepError> {
    let jobs = evidence::failing_jobs(case, &latest_red(case, ledger)).await?;
    let root = forge.work_tree().to_owned();
    let (tracked, commits) = (forge.tracked_files().await?, forge.recent_commits(RECENT_COMMITS).await?);
    let found = {
        let read = |file: &std::path::Path| {
            let path = root.join(file);
            let plain = path.symlink_metadata().is_ok_and(|about| about.is_file());
            let bytes = if plain { read_bounded(&path, FILE_BYTES).ok()? } else { return None };
            String::from_utf8(bytes).ok()
        };
        let files = RepositoryFiles { read: &read, tracked: &tracked };
        evidence::explain(jobs, Some(&RepositoryAtHand { files, commits: &commits }))
    };
    let is_first = ledger.iter().all(|entry| entry.ci_green.is_none());
    if is_first {
        let fingerprint = found.diagnosis.fingerprint.clone();
        if !case.app.store.name_failure(&case.record.id, &fingerprint).await? {
            return Ok(Some(case.happen(Event::Doubled).await?));
        }
        case.know.diagnosis = Some(Box::new(found.diagnosis.clone()));
        case.know.workflow_file.clone_from(&found.workflow_file);
    } else if let Some(command) = &found.diagnosis.command
        && !case.know.further_commands.contains(command)
    {
        // CI ran something on the patch that the sandbox did not: the next draft has to hold there too.
        case.know.further_commands.push(command.clone());
    }
    let facts = json!({"class": found.diagnosis.class, "confidence": found.diagnosis.confidence,
        "reason": found.diagnosis.reason, "fingerprint": found.diagnosis.fingerprint,
        "suspects": found.diagnosis.suspects.iter().take(3).collect::<Vec<_>>()});
    case.record.audit("diagnosis", &facts).await?;
    case.save().await?;
    if !is_first {
        return Ok(None);
    }
    if case.policy.autonomy == Autonomy::Observe {
        let reason = format!("{}: {}", found.diagnosis.class, found.diagnosis.reason);
        checks::show(case, &CheckState::Off { reason: &format!("the policy only observes. {reason}") }).await?;
        return Ok(Some(case.stop("the policy only observes").await?));
    }
    checks::show(case, &CheckState::InProgress { stage: "looking for the cause" }).await?;
    decide(case, &found.diagnosis).await
}

/// The red runs to read: those of the last attempt that CI refused, else those of the head.
fn latest_red(case: &Case<'_>, ledger: &[Entry]) -> Vec<FailedRun> {
    let refused = ledger.iter().rev().find(|entry| entry.ci_green == Some(false));
    let is_red = |conclusion: Option<&str>| !matches!(conclusion, Some("success" | "neutral" | "skipped"));
    match refused {
        Some(entry) => entry
            .ci
            .iter()
            .filter(|run| is_red(run.conclusion.as_deref()))
            .map(|run| FailedRun { run: run.clone(), ..FailedRun::default() })
            .collect(),
        None => case.know.failed.clone(),
    }
}

/// What the class alone decides.
async fn decide(case: &mut Case<'_>, diagnosis: &Diagnosis) -> Result<Option<Next>, StepError> {
    let class = diagnosis.class;
    let may_pass = matches!(class, Class::Infrastructure | Class::Flaky);
    if may_pass && may_rerun(case) {
        return Ok(Some(ask_rerun(case, &diagnosis.reason).await?));
    }
    // A flaky or infrastructure failure is never patched, however often it comes back.
    if may_pass || matches!(class, Class::Dependency | Class::Configuration) {
        return Ok(Some(not_code(case, &diagnosis.reason).await?));
    }
    if !case.policy.heals_class(&class.to_string()) {
        case.know.reason = Some(format!("the policy does not heal failures of the class `{class}`"));
        return Ok(Some(case.happen(Event::GaveUp).await?));
    }
    Ok(None)
}

fn may_rerun(case: &Case<'_>) -> bool {
    !case.know.failed.is_empty() && case.know.reruns < case.policy.flaky_reruns
}

async fn ask_rerun(case: &mut Case<'_>, reason: &str) -> Result<Next, StepError> {
    case.know.reason = Some(redact::text(reason).into_owned());
    case.know.reruns += 1;
    case.know.rerun_of = case.know.failed.clone();
    case.know.rerun_since = case.app.now();
    case.happen(Event::RerunAsked).await
}

async fn not_code(case: &mut Case<'_>, reason: &str) -> Result<Next, StepError> {
    case.know.reason = Some(redact::text(reason).into_owned());
    case.happen(Event::NotPatchable).await
}

/// Sits down at the bench.
async fn sit(case: &mut Case<'_>, forge: &LocalForge, choice: &Choice, ledger: &[Entry]) -> Result<Next, StepError> {
    let Ok(_place) = case.app.bench.acquire().await else { return Ok(Next::At(case.app.now() + 1)) };
    // Waiting for a place may have taken long.
    if let Some(next) = standing::overtaken(case).await? {
        return Ok(next);
    }
    let budget = Duration::from_secs(u64::from(case.policy.budget_seconds));
    let testbed = match Testbed::open(forge.work_tree(), testbed_options(case, choice, budget)).await {
        Ok(testbed) => testbed,
        Err(TestbedError::Sandbox(error)) => {
            return case.give_up(format!("nothing may be run on this machine: {error}")).await;
        }
        Err(error) => return Err(error.into()),
    };
    case.know.test_command = Some(redact::text(&choice.shell).into_owned());
    case.know.sandbox = Some(testbed.level().to_string());
    let command = choice.command(forge.work_tree());
    let id = case.id().to_owned();
    let progress = move |event: ProgressEvent| report(&id, &event);
    let progress: &Progress = &progress;
    let policy = case.policy.clone();
    let bench = Bench {
        forge,
        testbed: &testbed,
        progress,
        command: &command,
        policy: &policy,
        budget: Budget::starting_now(budget),
        tried: ledger,
        ladder: if policy.verify == VerifyWhere::Ci { Ladder::Checks } else { Ladder::Full },
    };
    let mut timing = Timing::default();
    let Some(failure) = bench.examine(&mut timing).await? else { return passes_here(case).await };
    let local = failure.diagnosis.clone();
    if !local.class.is_patchable() {
        return not_patchable_here(case, &local).await;
    }
    if !is_same_failure(case, &local) {
        case.know.reproduced = Reproduced::InCiOnly;
        return case.give_up(format!("the sandbox shows another failure than CI: {}", first_words(&local))).await;
    }
    case.know.reproduced = Reproduced::InSandbox;
    adopt(case, &local);
    if case.record.state == State::Diagnosing {
        case.happen(Event::Patchable).await?;
    } else {
        case.save().await?;
    }
    let sitting = bench.repair(&mut case.record, failure).await?;
    case.know.plausible = sitting.search.plausible as usize;
    for (stage, ms) in [
        ("reproduce", timing.reproduce_ms),
        ("localise", timing.localise_ms),
        ("search", sitting.timing.search_ms),
        ("verify", sitting.timing.verify_ms),
    ] {
        case.app.metrics.stage(stage, Duration::from_millis(ms));
    }
    let facts = json!({"candidates": sitting.search.candidates, "validated": sitting.search.validated,
        "plausible": sitting.search.plausible, "attempts": sitting.attempts.len(), "proven": sitting.proven.is_some()});
    case.record.audit("draft", &facts).await?;
    for attempt in &sitting.attempts {
        case.app.metrics.attempt(if attempt.verdict.passed { "proven" } else { "fell" });
    }
    if sitting.proven.is_none() && sitting.attempts.is_empty() && ledger.is_empty() {
        let validated = sitting.search.validated;
        let reason =
            format!("none of {validated} candidate edits makes the failing tests pass without breaking others");
        case.know.reason = Some(reason);
    }
    case.save().await?;
    Ok(Next::Again)
}

/// Whether the run here shows what CI showed: where both name tests, one of them is the same.
fn is_same_failure(case: &Case<'_>, local: &Diagnosis) -> bool {
    let names = |diagnosis: &Diagnosis| -> Vec<String> {
        diagnosis.failures.iter().filter_map(|failure| failure.test.as_deref().map(plain_name)).collect()
    };
    let (in_ci, here) = (case.know.diagnosis.as_ref().map(|known| names(known)).unwrap_or_default(), names(local));
    in_ci.is_empty() || here.is_empty() || here.iter().any(|name| in_ci.contains(name))
}

/// The last part of a test's name without parameters: observers and logs write the rest differently.
fn plain_name(test: &str) -> String {
    let test = test.split('[').next().unwrap_or(test);
    let test = test.rsplit("::").next().unwrap_or(test).rsplit(" > ").next().unwrap_or(test);
    let test = if test.contains(' ') { test } else { test.rsplit('.').next().unwrap_or(test) };
    test.trim().to_lowercase()
}

fn first_words(diagnosis: &Diagnosis) -> String {
    let failure = diagnosis.failures.first();
    let message = failure.and_then(|failure| failure.message.as_deref()).and_then(|message| message.lines().next());
    message.unwrap_or(&diagnosis.reason).to_owned()
}

/// It fails in CI and passes here: another run of CI tells chance from a difference of the machines.
async fn passes_here(case: &mut Case<'_>) -> Result<Next, StepError> {
    if may_rerun(case) && case.record.state == State::Diagnosing {
        return ask_rerun(case, "the same tests pass in the sandbox on the same commit").await;
    }
    case.know.reproduced = Reproduced::InCiOnly;
    case.give_up("it fails in CI and passes in the sandbox on the same commit: what differs is outside of the code")
        .await
}

/// The sandbox shows a failure that no patch answers.
async fn not_patchable_here(case: &mut Case<'_>, local: &Diagnosis) -> Result<Next, StepError> {
    if local.class == Class::Flaky && may_rerun(case) && case.record.state == State::Diagnosing {
        return ask_rerun(case, &local.reason).await;
    }
    let by_log = case.know.diagnosis.as_ref().map(|diagnosis| diagnosis.class);
    if by_log.is_some_and(Class::is_patchable) {
        // The log shows a fault of the code, and this machine another trouble: it lacks something.
        case.know.reproduced = Reproduced::InCiOnly;
        return case.give_up(format!("the tests can't be run on this machine: {}", local.reason)).await;
    }
    if case.record.state != State::Diagnosing {
        return case.give_up(local.reason.clone()).await;
    }
    not_code(case, &local.reason).await
}

/// Adds what the run here shows to what the log says.
fn adopt(case: &mut Case<'_>, local: &Diagnosis) {
    let Some(known) = case.know.diagnosis.as_mut() else { return };
    if !local.locations.is_empty() {
        known.locations.clone_from(&local.locations);
    }
    if !local.suspects.is_empty() {
        known.suspects.clone_from(&local.suspects);
    }
    if known.failures.is_empty() {
        known.failures.clone_from(&local.failures);
    }
    if !known.class.is_patchable() || known.class == Class::Unknown {
        known.class = local.class;
        known.reason.clone_from(&local.reason);
        known.confidence = local.confidence;
    }
}

fn testbed_options(case: &Case<'_>, choice: &Choice, budget: Duration) -> TestbedOptions {
    let settings = &case.app.settings;
    // A stranger's code runs behind the strongest wall, or not at all.
    let isolation = if case.know.is_fork { Isolation::Required } else { settings.isolation };
    TestbedOptions {
        isolation,
        limits: Limits { time_ms: RUN_MS.min(budget.as_millis() as u64), ..Limits::default() },
        environment: [settings.environment.as_slice(), &choice.environment].concat(),
        search_path: settings.search_path.clone(),
    }
}

fn report(id: &str, event: &ProgressEvent) {
    match event {
        ProgressEvent::Stage(stage, _) => tracing::info!(heal.id = id, stage, "stage"),
        ProgressEvent::Warning(text) => tracing::warn!(heal.id = id, text, "fallback"),
        ProgressEvent::Judged { attempt, verdict, .. } => {
            tracing::info!(heal.id = id, attempt, passed = verdict.passed, "judged");
        }
        _ => {}
    }
}
