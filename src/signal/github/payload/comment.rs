//! `issue_comment`: comments on issues and in the conversations of pull requests.

use super::field::Field;
use super::{PayloadError, ignored, shared};
use crate::signal::github::facts::Association;
use crate::signal::github::{CommentAction, CommentSignal, GithubSignal};

/// Reads an `issue_comment`.
pub(super) fn read(root: &Field<'_>) -> Result<GithubSignal, PayloadError> {
    let action = match root.get("action").text()? {
        "created" => CommentAction::Created,
        "edited" => CommentAction::Edited,
        "deleted" => CommentAction::Deleted,
        _ => return Ok(ignored("heal has no use for this action of a comment")),
    };
    let issue = root.get("issue").object()?;
    let comment = root.get("comment").object()?;
    let association = comment.get("author_association").some().map(|word| word.text()).transpose()?;
    Ok(GithubSignal::Commented(Box::new(CommentSignal {
        repository: shared::repository(root)?,
        installation: shared::installation(root)?,
        action,
        number: issue.get("number").id()?,
        is_pull_request: issue.get("pull_request").some().is_some(),
        comment_id: comment.get("id").id()?,
        author: shared::actor(comment.get("user"))?,
        association: association.map_or(Association::Outsider, Association::named),
        body: comment.get("body").prose()?,
        sender: shared::sender(root)?,
    })))
}
