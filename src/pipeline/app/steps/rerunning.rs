//! Rerunning: the failed jobs run again on the same commit, once per asking; a pass is flaky evidence.

use serde_json::json;

use super::super::case::{Case, Next};
use super::super::checks;
use super::super::ci::{self, CiView};
use super::super::knowledge::FailedRun;
use super::super::services::StepError;
use crate::deliver::check::CheckState;
use crate::forge::github::ErrorKind;
use crate::pipeline::state::Event;

pub(super) async fn step(case: &mut Case<'_>) -> Result<Next, StepError> {
    let before = case.know.rerun_of.clone();
    let view = ci::view(case, &case.head, &case.know.branch).await?;
    let waited = case.app.now() - case.know.rerun_since;
    if !ask_again(case, &view, &before, waited).await? {
        case.know.reason = Some("the failed jobs can't be run again".to_owned());
        case.know.rerun_of.clear();
        return case.happen(Event::RerunFailed).await;
    }
    if case.know.waiting_for.is_none() {
        let reason = case.know.reason.clone().unwrap_or_default();
        checks::show(case, &CheckState::Rerun { attempt: case.know.reruns, reason: &reason }).await?;
    }
    let view = ci::view(case, &case.head, &case.know.branch).await?;
    if !view.has_rerun(&before) && waited < i64::from(case.policy.ci_minutes) * 60 {
        return case.wait_for("the rerun of the failed jobs").await;
    }
    for (run, attempt) in view.listed() {
        case.know.cover(*run, *attempt);
    }
    case.know.rerun_of.clear();
    if view.passed_again(&before) && view.red().is_empty() {
        note_evidence(case).await?;
        return case.happen(Event::RerunPassed).await;
    }
    let mut red = view.red();
    red.extend(view.undecided());
    case.know.failed = if red.is_empty() { before } else { red };
    case.happen(Event::RerunFailed).await
}

/// Has the failed jobs of runs run again, each once; `false` when GitHub does not take that for longer than
/// the moment between asking and seeing it.
pub(super) async fn ask_again(
    case: &Case<'_>,
    view: &CiView,
    before: &[FailedRun],
    waited: i64,
) -> Result<bool, StepError> {
    for failed in view.not_rerun(before) {
        let run = failed.run.id;
        case.intend("rerun failed jobs", json!({"run": run, "attempt": failed.run.attempt})).await?;
        match case.github.rerun_failed_jobs(run).await {
            Ok(()) => case.achieved("rerun failed jobs", json!({"run": run})).await?,
            // Asked just before a restart, and not visible yet; or too old to run again, or not allowed.
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Forbidden | ErrorKind::Gone) => {
                tracing::warn!(heal.id = case.id(), run, %error, "the failed jobs can't be run again");
                if waited > REFUSED_SECONDS {
                    return Ok(false);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// How long a rerun may be refused before it is believed, in seconds: one that was asked before a restart is
/// listed within some seconds.
const REFUSED_SECONDS: i64 = 60;

/// Writes down that these tests failed and passed on the same commit.
async fn note_evidence(case: &Case<'_>) -> Result<(), StepError> {
    let Some(diagnosis) = &case.know.diagnosis else { return Ok(()) };
    let (repository, now) = (case.know.full_name(), case.app.now());
    let tests: Vec<&str> = diagnosis.failures.iter().filter_map(|failure| failure.test.as_deref()).collect();
    let fingerprint = &diagnosis.fingerprint;
    for test in if tests.is_empty() { vec![""] } else { tests } {
        case.app.store.add_flaky_evidence(repository, &case.head, fingerprint, test, now).await?;
    }
    let facts = json!({"flaky": true, "fingerprint": fingerprint, "class": diagnosis.class});
    Ok(case.record.audit("outcome", &facts).await?)
}
