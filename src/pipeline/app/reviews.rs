//! Comments on lines, as one review of heal's per pull request and commit.

use serde_json::json;

use super::case::Case;
use super::services::StepError;
use crate::deliver::LineComment;
use crate::forge::github::{ErrorKind, ReviewComment};

/// Reviews a commit of a pull request, unless heal has done so already. Where GitHub refuses (it takes
/// comments on lines that the pull request shows only) the review is left out: the text holds the patch.
pub async fn review(
    case: &Case<'_>,
    number: u64,
    commit: &str,
    opening: &str,
    comments: Vec<LineComment>,
    diff: &str,
    places: &[Place],
) -> Result<(), StepError> {
    let myself = case.myself().await?;
    let by_me = |login: Option<&str>| login == Some(myself.as_str());
    let reviews = case.github.reviews(number).await?;
    let said = reviews.iter().any(|review| {
        by_me(review.user.as_ref().map(|user| user.login.as_str()))
            && review.commit_id.as_deref().is_none_or(|reviewed| reviewed == commit)
    });
    if comments.is_empty() || said {
        return Ok(());
    }
    case.intend("review", json!({"number": number, "comments": comments.len()})).await?;
    let mut done = Ok(());
    for place in places {
        let comments: Vec<ReviewComment> =
            comments.iter().filter_map(|comment| placed(comment, *place, diff)).collect();
        if comments.is_empty() {
            break;
        }
        done = case.github.create_review(number, commit, opening, &comments).await.map(|_| ());
        if !done.as_ref().is_err_and(|error| error.kind() == ErrorKind::Conflict) {
            break;
        }
    }
    match done {
        Ok(()) => case.achieved("review", json!({"number": number})).await,
        Err(error) if matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Transient) => Err(error.into()),
        Err(error) => {
            tracing::warn!(heal.id = case.id(), %error, "no comments on lines");
            Ok(())
        }
    }
}

/// How a comment's place is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// By the line of the new file.
    Line,
    /// By the position in the pull request's whole diff; every server knows it, and it is only known here
    /// where the pull request is heal's own.
    Position,
}

fn placed(comment: &LineComment, place: Place, diff: &str) -> Option<ReviewComment> {
    let body = comment.body.clone();
    let path = comment.path.clone();
    match place {
        Place::Line => Some(ReviewComment {
            path,
            line: Some(comment.line),
            start_line: comment.start_line,
            start_side: comment.start_line.map(|_| "RIGHT".to_owned()),
            side: Some("RIGHT".to_owned()),
            position: None,
            body,
        }),
        Place::Position => {
            let position = position(diff, &path, comment.line)?;
            Some(ReviewComment {
                path,
                line: None,
                start_line: None,
                start_side: None,
                side: None,
                position: Some(position),
                body,
            })
        }
    }
}

/// How many lines below the file's first `@@` a new line stands.
fn position(diff: &str, path: &str, line: u32) -> Option<u32> {
    let start = diff.find(&format!("+++ b/{path}\n"))?;
    let mut number = 0;
    let mut position = None;
    for text in diff[start..].lines().skip(1) {
        if text.starts_with("--- ") && position.is_some() && number == 0 {
            return None;
        }
        if let Some(header) = text.strip_prefix("@@ -") {
            position = Some(position.map_or(0, |position: u32| position + 1));
            let new = header.split('+').nth(1)?.split([',', ' ']).next()?;
            number = new.parse::<u32>().ok()?;
            continue;
        }
        position = Some(position? + 1);
        if text.starts_with('-') {
            continue;
        }
        if number == line {
            return position;
        }
        number += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_the_lines_of_the_diff() {
        let diff = "--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -10,2 +10,3 @@\n j\n+k\n l\n";
        assert_eq!(position(diff, "x.py", 1), Some(1));
        assert_eq!(position(diff, "x.py", 2), Some(3));
        assert_eq!(position(diff, "x.py", 11), Some(7));
        assert_eq!(position(diff, "x.py", 50), None);
        assert_eq!(position(diff, "y.py", 1), None);
    }
}
