//! Pull requests and reviews.

use serde::Deserialize;

use super::{Account, Label, Repository, lenient};

/// A pull request.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Pull {
    /// GitHub's number for it in all of GitHub.
    #[serde(default, deserialize_with = "lenient")]
    pub id: u64,
    /// Its number in the repository.
    pub number: u64,
    /// `open` or `closed`.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    /// The headline.
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    /// Markdown.
    #[serde(default, deserialize_with = "lenient")]
    pub body: String,
    /// Whether it is only a draft.
    #[serde(default, deserialize_with = "lenient")]
    pub draft: bool,
    /// Who opened it.
    #[serde(default)]
    pub user: Option<Account>,
    /// What it would bring in.
    #[serde(default, deserialize_with = "lenient")]
    pub head: PullSide,
    /// Where it would go.
    #[serde(default, deserialize_with = "lenient")]
    pub base: PullSide,
    /// Its labels.
    #[serde(default, deserialize_with = "lenient")]
    pub labels: Vec<Label>,
    /// Where people find it.
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
    /// When it was merged.
    #[serde(default)]
    pub merged_at: Option<String>,
    /// Whether it was merged; lists don't say.
    #[serde(default)]
    pub merged: Option<bool>,
    /// Whether it could be merged; `None` while GitHub is finding out.
    #[serde(default)]
    pub mergeable: Option<bool>,
    /// When it was opened.
    #[serde(default)]
    pub created_at: Option<String>,
    /// Those who were asked for a review.
    #[serde(default, deserialize_with = "lenient")]
    pub requested_reviewers: Vec<Account>,
}

impl Pull {
    /// Whether it was merged.
    pub fn is_merged(&self) -> bool {
        self.merged == Some(true) || self.merged_at.is_some()
    }

    /// Whether it comes from another repository, or from one that is gone.
    pub fn is_from_fork(&self) -> bool {
        let id = |side: &PullSide| side.repo.as_ref().map(|repository| repository.id);
        id(&self.head).is_none() || id(&self.head) != id(&self.base)
    }
}

/// One side of a pull request.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PullSide {
    /// `OWNER:BRANCH`.
    #[serde(default, deserialize_with = "lenient")]
    pub label: String,
    /// The branch.
    #[serde(default, rename = "ref", deserialize_with = "lenient")]
    pub branch: String,
    /// The commit.
    #[serde(default, deserialize_with = "lenient")]
    pub sha: String,
    /// The repository; `None` when it was deleted.
    #[serde(default)]
    pub repo: Option<Repository>,
}

/// A review.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Review {
    /// GitHub's number for it.
    pub id: u64,
    /// Who wrote it.
    #[serde(default)]
    pub user: Option<Account>,
    /// Markdown.
    #[serde(default, deserialize_with = "lenient")]
    pub body: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, …
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    /// The commit that was looked at.
    #[serde(default)]
    pub commit_id: Option<String>,
    /// When it was sent.
    #[serde(default)]
    pub submitted_at: Option<String>,
}

/// What came of merging.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Merged {
    /// The merge commit.
    #[serde(default, deserialize_with = "lenient")]
    pub sha: String,
    /// Whether it was merged.
    #[serde(default, deserialize_with = "lenient")]
    pub merged: bool,
}
