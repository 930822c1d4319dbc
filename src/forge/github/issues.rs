//! Issues, comments on them (and on pull requests), labels and reactions.

use serde::Serialize;
use serde_json::json;

use super::call::Call;
use super::error::{ErrorKind, GithubError};
use super::repository::{RepositoryClient, fitted};
use super::types::{Comment, Issue, Label};

/// GitHub's limit for a body is 65,536 characters; bytes are on the safe side.
pub(super) const BODY_BYTES: usize = 65_536;

/// Changes to an issue. What is `None` stays as it is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct IssueUpdate {
    /// `open` or `closed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl RepositoryClient {
    /// Issues that have all these labels, in a state (`open`, `closed`, `all`), by a creator. Pull requests are
    /// among them ([`Issue::is_pull`]).
    pub async fn issues(
        &self,
        labels: &[String],
        state: &str,
        creator: Option<&str>,
    ) -> Result<Vec<Issue>, GithubError> {
        let labels = (!labels.is_empty()).then(|| labels.join(","));
        let call = Call::get("list_issues", self.path("/issues")).with("state", state);
        let call = call.with_some("labels", labels).with_some("creator", creator);
        self.read_pages(call, |page: Vec<Issue>| page).await
    }

    /// An issue or a pull request as an issue.
    pub async fn issue(&self, number: u64) -> Result<Issue, GithubError> {
        self.read(Call::get("get_issue", self.path(&format!("/issues/{number}")))).await
    }

    /// Opens an issue. Look for it first ([`Self::issues`]): this is not sent twice.
    pub async fn create_issue(&self, title: &str, body: &str, labels: &[String]) -> Result<Issue, GithubError> {
        let body = json!({ "title": title, "body": fitted(body, BODY_BYTES), "labels": labels });
        self.write(Call::post("create_issue", self.path("/issues"), body)).await
    }

    /// Changes an issue.
    pub async fn update_issue(&self, number: u64, update: &IssueUpdate) -> Result<Issue, GithubError> {
        let update = IssueUpdate { body: update.body.as_ref().map(|body| fitted(body, BODY_BYTES)), ..update.clone() };
        self.write(Call::patch("update_issue", self.path(&format!("/issues/{number}")), json!(update))).await
    }

    /// The comments on an issue or a pull request, oldest first.
    pub async fn issue_comments(&self, number: u64) -> Result<Vec<Comment>, GithubError> {
        let call = Call::get("list_issue_comments", self.path(&format!("/issues/{number}/comments")));
        self.read_pages(call, |page: Vec<Comment>| page).await
    }

    /// Writes a comment. Look for it first ([`Self::issue_comments`]): this is not sent twice.
    pub async fn create_comment(&self, number: u64, body: &str) -> Result<Comment, GithubError> {
        let path = self.path(&format!("/issues/{number}/comments"));
        self.write(Call::post("create_comment", path, json!({ "body": fitted(body, BODY_BYTES) }))).await
    }

    /// Changes a comment.
    pub async fn update_comment(&self, id: u64, body: &str) -> Result<Comment, GithubError> {
        let path = self.path(&format!("/issues/comments/{id}"));
        self.write(Call::patch("update_comment", path, json!({ "body": fitted(body, BODY_BYTES) }))).await
    }

    /// Reacts to a comment: `+1`, `eyes`, `rocket`, …; reacting twice is reacting once.
    pub async fn add_reaction(&self, comment_id: u64, content: &str) -> Result<(), GithubError> {
        let path = self.path(&format!("/issues/comments/{comment_id}/reactions"));
        self.tell(Call::post("add_reaction", path, json!({ "content": content })).safe()).await.map(|_| ())
    }

    /// The labels of an issue or a pull request.
    pub async fn labels(&self, number: u64) -> Result<Vec<Label>, GithubError> {
        let call = Call::get("list_labels", self.path(&format!("/issues/{number}/labels")));
        self.read_pages(call, |page: Vec<Label>| page).await
    }

    /// Adds labels; GitHub makes those that don't exist yet.
    pub async fn add_labels(&self, number: u64, labels: &[String]) -> Result<(), GithubError> {
        let path = self.path(&format!("/issues/{number}/labels"));
        self.tell(Call::post("add_labels", path, json!({ "labels": labels })).safe()).await.map(|_| ())
    }

    /// Makes a label with a colour (six hexadecimal digits), unless it exists.
    pub async fn create_label(&self, name: &str, color: &str, description: &str) -> Result<(), GithubError> {
        let body = json!({ "name": name, "color": color, "description": description });
        match self.tell(Call::post("create_label", self.path("/labels"), body).safe()).await {
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            result => result.map(|_| ()),
        }
    }
}
