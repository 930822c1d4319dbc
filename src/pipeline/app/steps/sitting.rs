//! Sitting down at the bench with a failure of CI: it is looked for in the sandbox, repaired there, or, where the
//! sandbox can't show it, repaired by what the logs say, with the project's CI as the only proof.
//!
//! In: a work tree, a command, the ledger. Out: what comes next. Nothing outside of the machine changes but for what a
//! model is asked.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::super::case::{Case, Next};
use super::super::commands::Choice;
use super::super::services::StepError;
use super::super::{models, standing};
use super::diagnosing::{ask_rerun, may_rerun, not_code};
use crate::deliver::story::Reproduced;
use crate::diagnosis::{Class, Diagnosis};
use crate::draft::llm::stats::LlmStats;
use crate::draft::llm::turn::Turn;
use crate::forge::local::LocalForge;
use crate::pipeline::bench::{Bench, Examined, Ladder, Sitting};
use crate::pipeline::budget::Budget;
use crate::pipeline::ledger::Entry;
use crate::pipeline::state::{Event, State};
use crate::pipeline::worker::Timing;
use crate::pipeline::{Progress, ProgressEvent};
use crate::policy::{Autonomy, VerifyWhere};
use crate::redact;
use crate::testbed::limits::Limits;
use crate::testbed::{Isolation, Testbed, TestbedError, TestbedOptions};

/// The limit of one run of the tests in the sandbox, in milliseconds.
const RUN_MS: u64 = 120_000;

/// What the sandbox shows.
enum Look<'a> {
    /// The failure that CI showed.
    Same(Box<Examined<'a>>),
    /// Not that one; why, for people.
    Unlike(String),
    /// What it shows decides by itself.
    Decided(Next),
}

/// Sits down at the bench.
pub(super) async fn sit(
    case: &mut Case<'_>,
    forge: &LocalForge,
    choice: &Choice,
    ledger: &[Entry],
) -> Result<Next, StepError> {
    let Some(turn) = Turn::wait(&case.app.bench).await else { return Ok(Next::At(case.app.now() + 1)) };
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
    let past_fixes = models::past_fixes(case).await?;
    let operator = case.app.committee.as_ref().map(|committee| committee.config.clone());
    let may_send = |file: &Path| policy.may_send(file) && operator.as_ref().is_none_or(|config| config.may_send(file));
    let models = models::of(case.app, &policy, models::spent(case).await?, &may_send, &turn);
    let patience = models.map_or(Duration::ZERO, |models| Duration::from_secs(models.committee.config.max_seconds));
    let mut bench = Bench {
        forge,
        testbed: &testbed,
        progress,
        command: &command,
        policy: &policy,
        // Models answer while this machine waits: their time comes on top.
        budget: Budget::starting_now(budget + patience),
        search_share: models.map(|_| budget / 2),
        drafters: models::DRAFTERS,
        models: None,
        past_fixes: &past_fixes,
        tried: ledger,
        ladder: if policy.verify == VerifyWhere::Ci { Ladder::Checks } else { Ladder::Full },
    };
    let mut timing = Timing::default();
    let examined = bench.examine(&mut timing).await?;
    let failure = match look(case, examined).await? {
        Look::Decided(next) => return Ok(next),
        Look::Same(failure) => {
            case.know.reproduced = Reproduced::InSandbox;
            *failure
        }
        Look::Unlike(why) => {
            case.know.reproduced = Reproduced::InCiOnly;
            let Some(known) = case.know.diagnosis.clone().filter(|_| can_repair_from_afar(case)) else {
                return case.give_up(why).await;
            };
            case.know.reason = Some(redact::text(&why).into_owned());
            bench.ladder = Ladder::Checks;
            bench.examine_from_afar(*known).await?
        }
    };
    if case.record.state == State::Diagnosing {
        case.happen(Event::Patchable).await?;
    } else {
        case.save().await?;
    }
    bench.models = models;
    let sitting = bench.repair(&mut case.record, failure).await?;
    remember(case, &timing, &sitting, ledger.is_empty()).await?;
    Ok(Next::Again)
}

/// Whether a patch can be drafted and proven without seeing the failure here: a model reads the logs, CI proves.
fn can_repair_from_afar(case: &Case<'_>) -> bool {
    let may_push = case.policy.autonomy >= Autonomy::PullRequest && !case.know.is_fork;
    models::may_ask(case) && case.policy.verify.in_ci() && may_push
}

/// Compares what the sandbox shows with what CI showed.
async fn look<'a>(case: &mut Case<'_>, examined: Option<Examined<'a>>) -> Result<Look<'a>, StepError> {
    let Some(failure) = examined else { return passes_here(case).await };
    let local = failure.diagnosis.clone();
    if !local.class.is_patchable() {
        return not_patchable_here(case, &local).await;
    }
    if !is_same_failure(case, &local) {
        return Ok(Look::Unlike(format!("the sandbox shows another failure than CI: {}", first_words(&local))));
    }
    adopt(case, &local);
    Ok(Look::Same(Box::new(failure)))
}

/// Keeps what came of a sitting.
async fn remember(case: &mut Case<'_>, timing: &Timing, sitting: &Sitting, is_first: bool) -> Result<(), StepError> {
    case.know.plausible = sitting.search.plausible as usize;
    for note in &sitting.llm.notes {
        let note = redact::text(note).into_owned();
        if !case.know.notes.contains(&note) {
            case.know.notes.push(note);
        }
    }
    for (stage, ms) in [
        ("reproduce", timing.reproduce_ms),
        ("localise", timing.localise_ms),
        ("search", sitting.timing.search_ms),
        ("verify", sitting.timing.verify_ms),
    ] {
        case.app.metrics.stage(stage, Duration::from_millis(ms));
    }
    let facts = json!({"candidates": sitting.search.candidates, "validated": sitting.search.validated,
        "plausible": sitting.search.plausible, "attempts": sitting.attempts.len(), "proven": sitting.proven.is_some(),
        "models": LlmStats { notes: Vec::new(), ..sitting.llm.clone() }});
    case.record.audit("draft", &facts).await?;
    for attempt in &sitting.attempts {
        case.app.metrics.attempt(if attempt.verdict.passed { "proven" } else { "fell" });
    }
    if sitting.proven.is_none() && sitting.attempts.is_empty() && is_first {
        let validated = sitting.search.validated;
        let searched =
            format!("none of {validated} candidate edits makes the failing tests pass without breaking others");
        let reason = match (case.know.reproduced, case.know.reason.take()) {
            (Reproduced::InCiOnly, Some(why)) => format!("{why}; and no model drafted a patch by the logs alone"),
            _ if sitting.llm.spent.calls > 0 => format!("{searched}, and no draft of a model does"),
            _ => searched,
        };
        case.know.reason = Some(reason);
    }
    case.save().await
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
async fn passes_here<'a>(case: &mut Case<'_>) -> Result<Look<'a>, StepError> {
    if may_rerun(case) && case.record.state == State::Diagnosing {
        let next = ask_rerun(case, "the same tests pass in the sandbox on the same commit").await?;
        return Ok(Look::Decided(next));
    }
    let why = "it fails in CI and passes in the sandbox on the same commit: what differs is outside of the code";
    Ok(Look::Unlike(why.to_owned()))
}

/// The sandbox shows a failure that no patch answers.
async fn not_patchable_here<'a>(case: &mut Case<'_>, local: &Diagnosis) -> Result<Look<'a>, StepError> {
    if local.class == Class::Flaky && may_rerun(case) && case.record.state == State::Diagnosing {
        return Ok(Look::Decided(ask_rerun(case, &local.reason).await?));
    }
    let by_log = case.know.diagnosis.as_ref().map(|diagnosis| diagnosis.class);
    if by_log.is_some_and(Class::is_patchable) {
        // The log shows a fault of the code, and this machine another trouble: it lacks something.
        return Ok(Look::Unlike(format!("the tests can't be run on this machine: {}", local.reason)));
    }
    if case.record.state != State::Diagnosing {
        return Ok(Look::Decided(case.give_up(local.reason.clone()).await?));
    }
    Ok(Look::Decided(not_code(case, &local.reason).await?))
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
