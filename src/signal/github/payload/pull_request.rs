//! `pull_request` and `pull_request_review`.

use super::field::Field;
use super::{PayloadError, ignored, shared};
use crate::signal::github::facts::{Association, Origin};
use crate::signal::github::{
    GithubSignal, PullRequestAction, PullRequestSignal, ReviewAction, ReviewSignal, ReviewState,
};

/// Reads a `pull_request`.
pub(super) fn read(root: &Field<'_>) -> Result<GithubSignal, PayloadError> {
    let action = match root.get("action").text()? {
        "opened" => PullRequestAction::Opened,
        "reopened" => PullRequestAction::Reopened,
        "synchronize" => PullRequestAction::Synchronized,
        "closed" => PullRequestAction::Closed,
        "labeled" => PullRequestAction::Labeled,
        "unlabeled" => PullRequestAction::Unlabeled,
        "ready_for_review" => PullRequestAction::ReadyForReview,
        "converted_to_draft" => PullRequestAction::ConvertedToDraft,
        _ => return Ok(ignored("heal has no use for this action of a pull request")),
    };
    let field = root.get("pull_request").object()?;
    let repository = shared::repository(root)?;
    let head = field.get("head").object()?;
    let head_repository = head.get("repo").some();
    let head_repository = head_repository.map(|repo| repo.object()?.get("full_name").repository_name()).transpose()?;
    let label_names = field.get("labels").list()?;
    Ok(GithubSignal::PullRequestChanged(Box::new(PullRequestSignal {
        installation: shared::installation(root)?,
        number: field.get("number").id()?,
        action,
        head_sha: head.get("sha").sha()?,
        head_ref: head.get("ref").branch()?,
        origin: Origin::of(&repository.full_name, head_repository),
        base_ref: field.get("base").get("ref").branch()?,
        merged: field.get("merged").flag_or(false)?,
        draft: field.get("draft").flag_or(false)?,
        labels: label_names.iter().map(|label| label.get("name").name()).collect::<Result<_, _>>()?,
        label: root.get("label").get("name").some().map(|label| label.name()).transpose()?,
        author: shared::actor(field.get("user"))?,
        sender: shared::sender(root)?,
        repository,
    })))
}

/// Reads a `pull_request_review`.
pub(super) fn read_review(root: &Field<'_>) -> Result<GithubSignal, PayloadError> {
    let action = match root.get("action").text()? {
        "submitted" => ReviewAction::Submitted,
        "dismissed" => ReviewAction::Dismissed,
        _ => return Ok(ignored("heal has no use for this action of a review")),
    };
    let review = root.get("review").object()?;
    let pull_request = root.get("pull_request").object()?;
    let association = review.get("author_association").some().map(|word| word.text()).transpose()?;
    Ok(GithubSignal::Reviewed(Box::new(ReviewSignal {
        repository: shared::repository(root)?,
        installation: shared::installation(root)?,
        number: pull_request.get("number").id()?,
        head_ref: pull_request.get("head").get("ref").branch()?,
        action,
        state: state(review.get("state").text()?),
        review_id: review.get("id").id()?,
        commit: review.get("commit_id").some().map(|sha| sha.sha()).transpose()?,
        author: shared::actor(review.get("user"))?,
        association: association.map_or(Association::Outsider, Association::named),
        body: review.get("body").prose()?,
        sender: shared::sender(root)?,
    })))
}

/// Webhooks write the state in lower case, the API in upper.
fn state(word: &str) -> ReviewState {
    match word.to_ascii_lowercase().as_str() {
        "approved" => ReviewState::Approved,
        "changes_requested" => ReviewState::ChangesRequested,
        "commented" => ReviewState::Commented,
        "dismissed" => ReviewState::Dismissed,
        _ => ReviewState::Other,
    }
}
