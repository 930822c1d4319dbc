//! From the JSON of a payload to a [`GithubSignal`].
//!
//! The text is read in one pass into a small tree ([`node`]) that holds only the fields that heal
//! uses, bounded in every direction; a [`field`] is a place in that tree that knows its path. Readers,
//! one file per family of events, ask for what they need. So a wrong payload gives an error with the
//! path of the field, such as `workflow_run.head_sha: not 40 or 64 hexadecimal digits`, and never a
//! word out of the payload itself, which may be logged safely.
//!
//! Lenient where GitHub's versions differ (a missing sender, a missing installation, unknown words),
//! strict about what is acted upon (hashes, branches, repositories, numbers).

mod check;
mod comment;
mod field;
mod installation;
mod node;
mod pull_request;
mod push;
mod run;
mod shared;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;

use field::Field;
use node::Node;

use super::event::EventKind;
use super::signals::{GithubSignal, PingSignal};
use super::signature::VerifiedBody;

/// How much of a comment is kept: GitHub's own limit is 65,536 characters.
pub const MAX_COMMENT_BYTES: usize = 64 * 1024;

/// Why a payload can't be read. Paths and sentences are heal's own; nothing is quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// It is not JSON, is nested too deep, or has more parts than any real payload.
    #[error("the payload can't be read as JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1 (0 at the start of a line).
        column: usize,
    },
    /// A field that is needed is absent or null.
    #[error("{path}: missing")]
    Missing {
        /// Where, such as `workflow_run.pull_requests[0].number`.
        path: String,
    },
    /// A field holds something of another type.
    #[error("{path}: expected {expected}, found {found}")]
    WrongType {
        /// Where.
        path: String,
        /// What was expected.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A field's value can't be what it should be.
    #[error("{path}: {problem}")]
    Malformed {
        /// Where.
        path: String,
        /// Why.
        problem: &'static str,
    },
}

/// Reads the payload of an event.
///
/// # Errors
/// When it is not JSON, or a field that heal needs is missing or wrong.
pub fn parse(kind: &EventKind, body: VerifiedBody<'_>) -> Result<GithubSignal, PayloadError> {
    let reader = match kind {
        EventKind::WorkflowRun => run::read,
        EventKind::CheckRun => check::read_run,
        EventKind::CheckSuite => check::read_suite,
        EventKind::Status => check::read_status,
        EventKind::Push => push::read,
        EventKind::PullRequest => pull_request::read,
        EventKind::PullRequestReview => pull_request::read_review,
        EventKind::IssueComment => comment::read,
        EventKind::Installation => installation::read,
        EventKind::InstallationRepositories => installation::read_repositories,
        EventKind::Ping => read_ping,
        EventKind::WorkflowJob => return Ok(ignored("the run that the job belongs to reports for it")),
        EventKind::Unknown(_) => return Ok(ignored("heal has no use for this event")),
    };
    let tree = Node::read(body.bytes())?;
    reader(&Field::root(&tree).object()?)
}

/// The signal that means nothing.
fn ignored(reason: &'static str) -> GithubSignal {
    GithubSignal::Ignored { reason }
}

fn read_ping(root: &Field<'_>) -> Result<GithubSignal, PayloadError> {
    Ok(GithubSignal::Ping(PingSignal {
        zen: root.get("zen").some().map(|zen| zen.name()).transpose()?,
        hook_id: root.get("hook_id").id()?,
        app_id: root.get("hook").get("app_id").some().map(|id| id.id()).transpose()?,
    }))
}
