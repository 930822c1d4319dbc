//! What people say: reviews and comments. Their texts are bounded, and data like everything else.

use serde::{Deserialize, Serialize};

use super::facts::{Actor, Association, RepositoryFacts};
use super::names::{BranchName, CommitSha, InstallationId};

/// What happened to a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewAction {
    /// It is there.
    Submitted,
    /// It does not count any more.
    Dismissed,
}

/// What a review says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// It may be merged.
    Approved,
    /// It may not.
    ChangesRequested,
    /// Neither.
    Commented,
    /// It does not count any more.
    Dismissed,
    /// A word that this version does not know.
    Other,
}

/// A review of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewSignal {
    /// Where.
    pub repository: RepositoryFacts,
    /// The installation through which heal sees it.
    pub installation: Option<InstallationId>,
    /// The pull request's number.
    pub number: u64,
    /// The branch with the change.
    pub head_ref: BranchName,
    /// What happened.
    pub action: ReviewAction,
    /// What it says.
    pub state: ReviewState,
    /// The review's number.
    pub review_id: u64,
    /// The commit that was reviewed.
    pub commit: Option<CommitSha>,
    /// Who wrote it.
    pub author: Option<Actor>,
    /// How the author belongs to the repository.
    pub association: Association,
    /// Its text, cut at [`MAX_COMMENT_BYTES`](super::MAX_COMMENT_BYTES).
    pub body: String,
    /// Who set the event off.
    pub sender: Option<Actor>,
}

/// What happened to a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentAction {
    /// It is new.
    Created,
    /// Its text changed.
    Edited,
    /// It is gone.
    Deleted,
}

/// A comment on an issue or in the conversation of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentSignal {
    /// Where.
    pub repository: RepositoryFacts,
    /// The installation through which heal sees it.
    pub installation: Option<InstallationId>,
    /// What happened.
    pub action: CommentAction,
    /// The number of the issue or pull request.
    pub number: u64,
    /// Whether it is a pull request.
    pub is_pull_request: bool,
    /// The comment's number.
    pub comment_id: u64,
    /// Who wrote the comment; none when the account is gone.
    pub author: Option<Actor>,
    /// How the author belongs to the repository.
    pub association: Association,
    /// Its text, cut at [`MAX_COMMENT_BYTES`](super::MAX_COMMENT_BYTES), NUL replaced.
    pub body: String,
    /// Who set the event off: for an edit not always the author.
    pub sender: Option<Actor>,
}
