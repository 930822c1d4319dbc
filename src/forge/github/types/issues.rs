//! Issues, their labels and comments; a pull request is an issue, too.

use serde::Deserialize;

use super::{Account, lenient};

/// An issue.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Issue {
    /// GitHub's number for it in all of GitHub.
    #[serde(default, deserialize_with = "lenient")]
    pub id: u64,
    /// Its number in the repository.
    pub number: u64,
    /// The headline.
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    /// Markdown.
    #[serde(default, deserialize_with = "lenient")]
    pub body: String,
    /// `open` or `closed`.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    /// Who wrote it.
    #[serde(default)]
    pub user: Option<Account>,
    /// Its labels.
    #[serde(default, deserialize_with = "lenient")]
    pub labels: Vec<Label>,
    /// Where people find it.
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
    /// When it was written.
    #[serde(default)]
    pub created_at: Option<String>,
    /// Present when it is a pull request.
    #[serde(default)]
    pull_request: Option<serde::de::IgnoredAny>,
}

impl Issue {
    /// Whether it is a pull request.
    pub fn is_pull(&self) -> bool {
        self.pull_request.is_some()
    }
}

/// A label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Label {
    /// Its text.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
}

/// A comment on an issue or a pull request.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Comment {
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
    /// When it was written.
    #[serde(default)]
    pub created_at: Option<String>,
    /// What the writer is to the repository: `OWNER`, `MEMBER`, `COLLABORATOR`, `NONE`, …
    #[serde(default, deserialize_with = "lenient")]
    pub author_association: String,
}
