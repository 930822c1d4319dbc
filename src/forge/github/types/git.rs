//! Commits, as the two halves of the API give them, and comments on them.

use serde::Deserialize;

use super::{Account, lenient};

/// Somebody's name in a commit.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct GitActor {
    /// The name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The mail address.
    #[serde(default, deserialize_with = "lenient")]
    pub email: String,
    /// When.
    #[serde(default)]
    pub date: Option<String>,
}

/// A commit with the accounts behind it.
#[derive(Clone, Debug, Default)]
pub struct CommitInfo {
    /// Full SHA.
    pub sha: String,
    /// The author's account, where GitHub knows one.
    pub author: Option<Account>,
    /// The committer's account, where GitHub knows one.
    pub committer: Option<Account>,
    /// The author as the commit names them.
    pub git_author: GitActor,
    /// The whole message.
    pub message: String,
    /// The parents' SHAs.
    pub parents: Vec<String>,
    /// The tree's SHA.
    pub tree: String,
    /// Whether GitHub shows the signature as verified.
    pub verified: bool,
    /// Where people find it.
    pub html_url: String,
}

/// A commit as the Git Data API gives it.
#[derive(Clone, Debug, Default)]
pub struct CommitOfTree {
    /// Full SHA.
    pub sha: String,
    /// The tree's SHA.
    pub tree: String,
    /// The parents' SHAs.
    pub parents: Vec<String>,
    /// The whole message.
    pub message: String,
    /// Whether GitHub shows the signature as verified.
    pub verified: bool,
}

/// A comment on a commit.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CommitComment {
    /// GitHub's number for it.
    pub id: u64,
    /// Markdown.
    #[serde(default, deserialize_with = "lenient")]
    pub body: String,
    /// Who wrote it.
    #[serde(default)]
    pub user: Option<Account>,
    /// Where people find it.
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
}

/// Something that is only known by its SHA.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::forge::github) struct Sha {
    #[serde(default, deserialize_with = "lenient")]
    pub sha: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::forge::github) struct Verification {
    #[serde(default, deserialize_with = "lenient")]
    pub verified: bool,
}

/// `GET /repos/…/commits/{sha}`.
#[derive(Debug, Deserialize)]
pub(in crate::forge::github) struct RawCommit {
    pub sha: String,
    #[serde(default, deserialize_with = "lenient")]
    pub commit: RawCommitText,
    // GitHub sends an empty object for a user it does not know.
    #[serde(default)]
    pub author: Option<Account>,
    #[serde(default)]
    pub committer: Option<Account>,
    #[serde(default, deserialize_with = "lenient")]
    pub parents: Vec<Sha>,
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
}

#[derive(Debug, Default, Deserialize)]
pub(in crate::forge::github) struct RawCommitText {
    #[serde(default, deserialize_with = "lenient")]
    pub author: GitActor,
    #[serde(default, deserialize_with = "lenient")]
    pub message: String,
    #[serde(default, deserialize_with = "lenient")]
    pub tree: Sha,
    #[serde(default, deserialize_with = "lenient")]
    pub verification: Verification,
}

/// `GET /repos/…/git/commits/{sha}`.
#[derive(Debug, Deserialize)]
pub(in crate::forge::github) struct RawGitCommit {
    pub sha: String,
    #[serde(default, deserialize_with = "lenient")]
    pub tree: Sha,
    #[serde(default, deserialize_with = "lenient")]
    pub parents: Vec<Sha>,
    #[serde(default, deserialize_with = "lenient")]
    pub message: String,
    #[serde(default, deserialize_with = "lenient")]
    pub verification: Verification,
}

impl From<RawCommit> for CommitInfo {
    fn from(raw: RawCommit) -> Self {
        let known = |account: Option<Account>| account.filter(|account| !account.login.is_empty());
        CommitInfo {
            sha: raw.sha,
            author: known(raw.author),
            committer: known(raw.committer),
            git_author: raw.commit.author,
            message: raw.commit.message,
            parents: raw.parents.into_iter().map(|parent| parent.sha).collect(),
            tree: raw.commit.tree.sha,
            verified: raw.commit.verification.verified,
            html_url: raw.html_url,
        }
    }
}

impl From<RawGitCommit> for CommitOfTree {
    fn from(raw: RawGitCommit) -> Self {
        CommitOfTree {
            sha: raw.sha,
            tree: raw.tree.sha,
            parents: raw.parents.into_iter().map(|parent| parent.sha).collect(),
            message: raw.message,
            verified: raw.verification.verified,
        }
    }
}
