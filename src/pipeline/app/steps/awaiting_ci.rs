//! Awaiting CI: the project's own workflows decide on the attempt. Runs are asked for, not only waited
//! for: webhooks get lost, and a branch may start no workflow at all.

use serde_json::json;

use super::super::case::{Case, Next};
use super::super::ci::{self, CiView, Needed};
use super::super::evidence;
use super::super::services::StepError;
use super::super::triggers::starts_on_push;
use super::super::{branches, knowledge::FailedRun};
use super::rerunning;
use crate::code::workflow::Workflow;
use crate::diagnosis::{Class, Diagnosis, Quote};
use crate::evidence::Failure;
use crate::forge::github::ErrorKind;
use crate::pipeline::ledger::{CiRun, Entry};
use crate::pipeline::state::Event;
use crate::redact;

pub(super) async fn step(case: &mut Case<'_>, attempt: u32) -> Result<Next, StepError> {
    let mut entry = case.entry(attempt).await?;
    let Some(commit) = entry.commit.clone() else {
        return case.give_up("the attempt has no commit").await;
    };
    let branch = entry.branch.clone().unwrap_or_default();
    let view = ci::view(case, &commit, &branch).await?;
    let needed = case.know.needed();
    let waited = case.app.now() - entry.awaited_since.unwrap_or(case.know.first_seen);
    if !entry.rerun_of.is_empty() {
        let before = rerun_of(&entry, &view);
        let asked = rerunning::ask_again(case, &view, &before, waited).await?;
        if asked && !view.has_rerun(&before) && waited < i64::from(case.policy.ci_minutes) * 60 {
            return case.wait_for("the rerun of CI on the temporary branch").await;
        }
    }
    let missing = view.missing(&needed);
    if view.is_empty() || !missing.is_empty() {
        return not_started(case, &mut entry, &missing, waited).await;
    }
    entry.ci = view.remembered();
    if !view.is_over(&needed) {
        if waited < i64::from(case.policy.ci_minutes) * 60 {
            return case.wait_for("CI on the temporary branch").await;
        }
        let reason = format!("CI did not end within {} minutes", case.policy.ci_minutes);
        return refused(case, entry, reason).await;
    }
    if view.is_green(&needed) {
        entry.ci_green = Some(true);
        case.record.enter(&entry).await?;
        case.app.metrics.attempt("green");
        return case.happen(Event::CiGreen).await;
    }
    red(case, entry, &view).await
}

/// The runs that are run again, with what is known of their workflows.
fn rerun_of(entry: &Entry, view: &CiView) -> Vec<FailedRun> {
    let known = view.workflows();
    let of = |run: &CiRun| {
        known.iter().find(|(id, ..)| *id == run.id).map(|(_, workflow, event)| FailedRun {
            run: run.clone(),
            workflow: *workflow,
            path: String::new(),
            event: event.clone(),
        })
    };
    entry.rerun_of.iter().filter_map(of).collect()
}

/// No run of a workflow that has to decide: it may come, it may be startable by hand, or there is none.
async fn not_started(case: &mut Case<'_>, entry: &mut Entry, missing: &Needed, waited: i64) -> Result<Next, StepError> {
    let branch = entry.branch.clone().unwrap_or_default();
    let may_start = waited < i64::from(case.policy.ci_start_minutes) * 60;
    let mut started = false;
    let known = [entry.dispatched.as_slice(), &entry.not_dispatchable].concat();
    for workflow in missing.workflows.iter().filter(|workflow| !known.contains(workflow)) {
        if may_start && starts_by_itself(case, *workflow, &branch).await? {
            continue;
        }
        case.intend("start workflow", json!({"workflow": workflow, "branch": branch})).await?;
        match case.github.dispatch_workflow(&workflow.to_string(), &branch).await {
            Ok(()) => {
                case.achieved("start workflow", json!({"workflow": workflow})).await?;
                // Said afterwards: one that was not started would be lost, and one that runs is not missing.
                entry.dispatched.push(*workflow);
                entry.awaited_since = Some(case.app.now());
                started = true;
            }
            Err(error) if matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Transient) => {
                return Err(error.into());
            }
            Err(error) => {
                tracing::info!(heal.id = case.id(), workflow, %error, "can't be started by hand");
                entry.not_dispatchable.push(*workflow);
            }
        }
        case.record.enter(entry).await?;
    }
    let hopeless = missing.workflows.iter().any(|workflow| entry.not_dispatchable.contains(workflow));
    if started || (may_start && !hopeless) {
        return case.wait_for("CI to start on the temporary branch").await;
    }
    entry.fell_because = Some("no run of the failed workflow started on the temporary branch".to_owned());
    entry.ci_green = None;
    case.record.enter(entry).await?;
    case.give_up(
        "no run of the failed workflow started on the temporary branch, so nothing proves the patch in CI: let the \
         workflow run on pushes to `heal/**`, add `workflow_dispatch` to it, or set `verify = \"sandbox\"`",
    )
    .await
}

/// Whether a workflow runs on pushes to the temporary branch, by its own file; one that can't be read may well.
async fn starts_by_itself(case: &Case<'_>, workflow: u64, branch: &str) -> Result<bool, StepError> {
    let failed = case.know.failed.iter().find(|failed| failed.workflow == workflow);
    let path = failed.and_then(|failed| failed.path.split('@').next()).unwrap_or_default();
    let text = if path.is_empty() { None } else { case.github.file(path, &case.head).await? };
    Ok(text.and_then(|text| Workflow::parse(&text)).is_none_or(|workflow| starts_on_push(&workflow, branch)))
}

/// Red: the machine's fault is run again once; a fault of the patch makes room for the next one.
async fn red(case: &mut Case<'_>, mut entry: Entry, view: &CiView) -> Result<Next, StepError> {
    let mut broken: Vec<FailedRun> = view.red();
    broken.extend(view.undecided());
    let found = evidence::explain(evidence::failing_jobs(case, &broken).await?, None).diagnosis;
    if matches!(found.class, Class::Infrastructure | Class::Flaky) && entry.rerun_of.is_empty() && !broken.is_empty() {
        entry.rerun_of = broken.into_iter().map(|failed| failed.run).collect();
        entry.awaited_since = Some(case.app.now());
        case.record.enter(&entry).await?;
        return Ok(Next::Again);
    }
    entry.said = said(&found);
    let failing = found.failures.first().and_then(|failure| failure.test.clone());
    let reason = match failing {
        Some(test) => format!("in CI {test} fails"),
        None => untold(&found),
    };
    refused(case, entry, redact::text(&reason).into_owned()).await
}

/// The most of what CI said that the next draft is told, in characters.
const SAID: usize = 6_000;

/// What CI says of the patch: failures with their messages, then the key lines of the log.
fn said(found: &Diagnosis) -> String {
    let of = |failure: &Failure| {
        let name = failure.test.as_deref().or(failure.kind.as_deref()).unwrap_or("a step");
        format!("{name} fails: {}\n", failure.message.as_deref().unwrap_or_default().trim())
    };
    let failures: String = found.failures.iter().take(5).map(of).collect();
    let excerpt: Vec<&str> = found.excerpt.iter().map(|quote| quote.text.as_str()).collect();
    let text = format!("{failures}key lines of the log of CI:\n{}", excerpt.join("\n"));
    redact::text(&text).chars().take(SAID).collect()
}

/// The longest quotation of a log in a reason, in characters.
const QUOTED: usize = 200;

/// Why CI is red where no tool says it: the step and its last words.
fn untold(found: &Diagnosis) -> String {
    let is_end = |quote: &&Quote| quote.text.contains("Process completed with exit code");
    let mut before_end = found.excerpt.iter().rev().skip_while(|quote| !is_end(quote)).skip(1);
    let last = before_end.find(|quote| !quote.text.trim().is_empty());
    match (&found.step, last) {
        (Some(step), Some(last)) => {
            let words: String = last.text.trim().chars().take(QUOTED).collect();
            format!("in CI the step {step} fails: {words}")
        }
        _ => format!("CI is red: {}", found.reason),
    }
}

/// The attempt is over; its branch goes away.
async fn refused(case: &mut Case<'_>, mut entry: Entry, reason: String) -> Result<Next, StepError> {
    entry.ci_green = Some(false);
    entry.fell_because = Some(reason.clone());
    case.record.enter(&entry).await?;
    case.app.metrics.attempt("red");
    let facts = json!({"attempt": entry.number, "ci": "red", "reason": reason});
    case.record.audit("outcome", &facts).await?;
    branches::remove(case, None).await?;
    let ledger = case.record.ledger().await?;
    let used = ledger.iter().map(|entry| entry.number).max().unwrap_or(0);
    if used >= case.policy.attempts && !ledger.iter().any(Entry::waits) {
        return case.give_up(format!("all {used} attempts fell; the last one because {reason}")).await;
    }
    case.happen(Event::CiRed).await
}
