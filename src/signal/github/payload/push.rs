//! `push`: a branch was made, moved or deleted.

use super::field::Field;
use super::{PayloadError, ignored, shared};
use crate::signal::github::names::BranchName;
use crate::signal::github::signals::{GithubSignal, PushSignal};

/// Reads a `push`.
pub(super) fn read(root: &Field<'_>) -> Result<GithubSignal, PayloadError> {
    let reference = root.get("ref");
    let Some(branch) = reference.text()?.strip_prefix("refs/heads/") else {
        return Ok(ignored("the push is not to a branch"));
    };
    let branch = BranchName::new(branch).map_err(|problem| reference.malformed(problem.0))?;
    let after = root.get("after").sha_or_zero()?;
    let deleted = root.get("deleted").flag_or(after.is_none())?;
    Ok(GithubSignal::Pushed(Box::new(PushSignal {
        repository: shared::repository(root)?,
        installation: shared::installation(root)?,
        branch,
        before: root.get("before").sha_or_zero()?,
        after: after.filter(|_| !deleted),
        forced: root.get("forced").flag_or(false)?,
        sender: shared::sender(root)?,
        pusher: root.get("pusher").get("name").some().map(|name| name.name()).transpose()?,
    })))
}
