//! Closed: nothing of heal's is left lying about: branches, an outdated pull request, a check that spins.

use serde_json::json;

use super::super::case::{Case, Next};
use super::super::services::StepError;
use super::super::{branches, checks, ci, standing, story};
use crate::deliver::check::CheckState;
use crate::deliver::marker::{MarkerKind, find_marker};
use crate::deliver::{flaky, pull_request};
use crate::forge::github::ErrorKind;
use crate::pipeline::state::End;

pub(super) async fn step(case: &mut Case<'_>, end: End) -> Result<Next, StepError> {
    close_pull_request(case, end).await?;
    let open = open_pull_request(case).await?;
    branches::remove(case, open).await?;
    finish_check(case, end).await?;
    // Closed heals go on without their policy; after a restart it is asked for here.
    if end == End::Flaky && standing::policy(case).await?.comment_on_flaky {
        comment_on_flaky(case).await?;
    }
    if open.is_some() {
        // What people stopped with its pull request open is theirs; its branch goes when they have decided.
        return Ok(Next::At(case.app.now() + OPEN_SECONDS));
    }
    tracing::info!(heal.id = case.id(), repository = case.know.full_name(), outcome = end.name(), "closed");
    Ok(Next::Settled)
}

/// How often a pull request that was left open is looked at, in seconds; webhooks wake the heal before.
const OPEN_SECONDS: i64 = 3600;

/// The attempt whose pull request is open, by its branch: it may be known to GitHub only.
async fn open_pull_request(case: &Case<'_>) -> Result<Option<u32>, StepError> {
    for entry in case.record.ledger().await? {
        let Some(branch) = &entry.branch else { continue };
        let head = format!("{}:{branch}", case.know.repository.owner());
        let pulls = case.github.pulls(Some(&head), None, "open").await?;
        if pulls.iter().any(|pull| pull.head.branch == *branch) {
            return Ok(Some(entry.number));
        }
    }
    Ok(None)
}

/// Closes heal's pull request with the reason, when the failure is gone or the branch moved on.
async fn close_pull_request(case: &mut Case<'_>, end: End) -> Result<(), StepError> {
    let (Some(number), End::Superseded | End::NothingFailing | End::Duplicate) = (case.know.pull, end) else {
        return Ok(());
    };
    let pull = match case.github.pull(number).await {
        Ok(pull) => pull,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if pull.state != "open" {
        return Ok(());
    }
    let reason = match (end, case.know.overtaken_by.as_deref()) {
        (End::Superseded, Some(new_head)) => pull_request::Closed::BranchMoved { new_head: new_head.to_owned() },
        (End::NothingFailing, _) => pull_request::Closed::FailureGone,
        _ => pull_request::Closed::Superseded,
    };
    let text = pull_request::closed(&reason);
    case.intend("close pull request", json!({"number": number, "reason": text})).await?;
    let said = case.github.issue_comments(number).await?.iter().any(|comment| comment.body == text);
    if !said {
        case.github.create_comment(number, &text).await?;
    }
    case.github.close_pull(number).await?;
    case.achieved("close pull request", json!({"number": number})).await
}

async fn finish_check(case: &mut Case<'_>, end: End) -> Result<(), StepError> {
    if case.know.check_run.is_none() || case.know.check_finished {
        return Ok(());
    }
    case.know.check_finished = true;
    let reason = case.know.reason.clone().unwrap_or_default();
    let new_head = case.know.overtaken_by.clone().unwrap_or_default();
    let state = match (end, case.know.pull) {
        (End::Healed | End::Rejected, Some(number)) => CheckState::PullRequest { number },
        // The alert has said it already.
        (End::NotHealed | End::NotCode | End::Duplicate, _) => return Ok(()),
        // Without a pull request, the branch itself has moved on to the patch.
        (End::Superseded, _) | (End::Healed, None) => CheckState::Superseded { new_head: &new_head },
        (End::Forbidden | End::Abandoned, _) => CheckState::Off { reason: &reason },
        _ => CheckState::Gone,
    };
    checks::show(case, &state).await
}

async fn comment_on_flaky(case: &Case<'_>) -> Result<(), StepError> {
    let Some(number) = case.know.pull_request else { return Ok(()) };
    let told = story::tell(case, None).await?;
    let green = ci::view(case, &case.head, &case.know.branch).await?.remembered();
    let green: Vec<_> = green.iter().map(story::link).collect();
    let test = told.story().failing_test().unwrap_or_default().to_owned();
    let seen = case.app.store.flaky_evidence(case.know.full_name(), &test).await?;
    let text = flaky::comment(&told.story(), &green, u32::try_from(seen.saturating_sub(1)).unwrap_or(u32::MAX));
    let own = |text: &str| find_marker(text).filter(|marker| marker.kind == MarkerKind::Flaky);
    let said = case.github.issue_comments(number).await?;
    if said.iter().filter_map(|comment| own(&comment.body)).any(|marker| marker.heal_id == case.id()) {
        return Ok(());
    }
    case.intend("comment", json!({"pull_request": number, "kind": "flaky"})).await?;
    case.github.create_comment(number, &text).await?;
    case.achieved("comment", json!({"pull_request": number, "kind": "flaky"})).await
}
