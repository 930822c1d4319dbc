//! Whether a heal may go on at all: looked at before every step.
//!
//! In order: the operator's kill switch, the repository's policy (from the default branch, asked each time
//! with a conditional request), the label `heal:off`, and whether the branch still stands where it failed.

use serde_json::json;

use super::case::{Case, Next};
use super::checks;
use super::services::StepError;
use crate::forge::github::ErrorKind;
use crate::pipeline::state::{Event, State};
use crate::policy::{FILE as POLICY_FILE, Policy};

/// The label that stops heal where it stands.
pub const OFF_LABEL: &str = "heal:off";

/// How long a heal sleeps while the kill switch is on, in seconds.
const DISABLED_SECONDS: i64 = 60;

/// Says what comes instead of the step; `None` when the step may be taken.
pub async fn check(case: &mut Case<'_>) -> Result<Option<Next>, StepError> {
    if case.app.settings.disabled {
        return Ok(Some(Next::At(case.app.now() + DISABLED_SECONDS)));
    }
    if matches!(case.record.state, State::Closed(_)) {
        return Ok(None);
    }
    case.policy = policy(case).await?;
    if !case.policy.enabled {
        return Ok(Some(case.stop(format!("`enabled = false` in {POLICY_FILE}")).await?));
    }
    if is_switched_off(case).await? {
        return Ok(Some(case.stop(format!("the label `{OFF_LABEL}`")).await?));
    }
    // What is open or being told has its own look at the branch.
    if matches!(case.record.state, State::Opened(_)) {
        return Ok(None);
    }
    overtaken(case).await
}

/// The repository's policy; the safest one when its file is broken, which is reported as a check.
pub async fn policy(case: &Case<'_>) -> Result<Policy, StepError> {
    let default_branch = case.know.repository.default_branch.as_str();
    let bytes = match case.github.file(POLICY_FILE, default_branch).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::TooLarge => Some(vec![0xff]),
        Err(error) => return Err(error.into()),
    };
    let Some(bytes) = bytes else { return Ok(case.app.settings.default_policy.clone()) };
    let text = String::from_utf8_lossy(&bytes);
    match Policy::parse(&text) {
        Ok(policy) => Ok(policy),
        Err(error) => {
            tracing::warn!(heal.id = case.id(), repository = case.know.full_name(), %error, "policy file is broken");
            checks::report_broken_policy(case, &error).await?;
            Ok(Policy::safest())
        }
    }
}

/// Whether the pull request of the branch or heal's own carries the label.
async fn is_switched_off(case: &Case<'_>) -> Result<bool, StepError> {
    for number in [case.know.pull_request, case.know.pull].into_iter().flatten() {
        let labels = match case.github.pull(number).await {
            Ok(pull) => pull.labels,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        if labels.iter().any(|label| label.name.eq_ignore_ascii_case(OFF_LABEL)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The commit at which the failing branch stands; `None` when it is gone.
pub async fn current_head(case: &Case<'_>) -> Result<Option<String>, StepError> {
    match (case.know.is_fork, case.know.pull_request) {
        (true, Some(number)) => match case.github.pull(number).await {
            Ok(pull) if pull.state == "open" => Ok(Some(pull.head.sha)),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        },
        // A fork's branch can't be asked for without its pull request: what is known stands.
        (true, None) => Ok(Some(case.head.clone())),
        (false, _) => Ok(case.github.branch_head(&case.know.branch).await?),
    }
}

/// Closes the heal when a newer commit took its place.
pub async fn overtaken(case: &mut Case<'_>) -> Result<Option<Next>, StepError> {
    let current = current_head(case).await?;
    if current.as_deref() == Some(case.head.as_str()) {
        return Ok(None);
    }
    case.record.audit("signal", &json!({"branch": case.know.branch, "stands_at": current})).await?;
    case.know.overtaken_by = current;
    Ok(Some(case.happen(Event::Overtaken).await?))
}
