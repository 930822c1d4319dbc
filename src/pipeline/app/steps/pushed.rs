//! Pushed: the attempt's patch goes onto its own temporary branch, where the policy allows that.

use super::super::case::{Case, Next};
use super::super::services::StepError;
use super::super::{branches, checks};
use crate::deliver::check::CheckState;
use crate::deliver::message;
use crate::pipeline::ledger::{CiRun, Entry};
use crate::pipeline::state::Event;
use crate::policy::{Autonomy, VerifyWhere};

pub(super) async fn step(case: &mut Case<'_>, attempt: u32) -> Result<Next, StepError> {
    if case.know.is_fork {
        return case.give_up("the commit lies in a fork, and heal never pushes for one").await;
    }
    if case.policy.autonomy == Autonomy::Observe {
        return case.stop("the policy only observes by now").await;
    }
    if case.policy.autonomy == Autonomy::Suggest {
        return case.give_up("the policy lets heal suggest patches, not push them").await;
    }
    let mut entry = case.entry(attempt).await?;
    if let Some(reason) = too_much_ci(case, &entry).await? {
        return case.give_up(reason).await;
    }
    let text = match &case.know.diagnosis {
        Some(diagnosis) => message::commit_message_of_heal(diagnosis, &entry.diff, case.id()),
        None => format!("Fix the build\n\nHeal-Id: {}\n", case.id()),
    };
    if branches::ensure(case, &mut entry, &text).await?.is_none() {
        return case.give_up("the patch does not fit the files on GitHub, or its branch is somebody else's").await;
    }
    if case.policy.verify == VerifyWhere::Sandbox && !entry.rungs.iter().any(|rung| rung.number == 4 && rung.passed) {
        return case
            .give_up("the patch was not run in the sandbox, and by now the policy lets nothing else prove it")
            .await;
    }
    if case.policy.verify == VerifyWhere::Sandbox {
        return case.happen(Event::CiGreen).await;
    }
    entry.awaited_since = Some(case.app.now());
    case.record.enter(&entry).await?;
    checks::show(case, &CheckState::InProgress { stage: "testing a patch in CI" }).await?;
    case.happen(Event::Delivered).await
}

/// Why CI may not run for this attempt, where it may not: what it is expected to take is reserved before it starts. What
/// it did take counts afterwards.
async fn too_much_ci(case: &Case<'_>, entry: &Entry) -> Result<Option<String>, StepError> {
    if entry.branch.is_some() || !case.policy.verify.in_ci() {
        return Ok(None);
    }
    let ledger = case.record.ledger().await?;
    let seconds = |runs: &[CiRun]| runs.iter().map(|run| run.seconds).sum::<u32>();
    let used: u32 = ledger.iter().map(|entry| seconds(&entry.ci)).sum();
    let last = ledger.iter().rev().map(|entry| seconds(&entry.ci)).find(|seconds| *seconds > 0);
    let failed = || case.know.failed.iter().map(|failed| failed.run.seconds).sum();
    let expected = last.unwrap_or_else(failed);
    let limit = case.policy.ci_minutes_total;
    let minutes = (used + expected).div_ceil(60);
    Ok((used > 0 && minutes > limit).then(|| {
        format!("another run of CI may exceed the {limit} minutes that all attempts may use (limits.ci_minutes_total)")
    }))
}
