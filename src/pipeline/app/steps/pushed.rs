//! Pushed: the attempt's patch goes onto its own temporary branch, where the policy allows that.

use super::super::case::{Case, Next};
use super::super::services::StepError;
use super::super::{branches, checks};
use crate::deliver::check::CheckState;
use crate::deliver::message;
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
    let text = match &case.know.diagnosis {
        Some(diagnosis) => message::commit_message_of_heal(diagnosis, &entry.diff, case.id()),
        None => format!("Fix the build\n\nHeal-Id: {}\n", case.id()),
    };
    if branches::ensure(case, &mut entry, &text).await?.is_none() {
        return case.give_up("the patch does not fit the files on GitHub, or its branch is somebody else's").await;
    }
    if case.policy.verify == VerifyWhere::Sandbox {
        return case.happen(Event::CiGreen).await;
    }
    entry.awaited_since = Some(case.app.now());
    case.record.enter(&entry).await?;
    checks::show(case, &CheckState::InProgress { stage: "testing a patch in CI" }).await?;
    case.happen(Event::Delivered).await
}
