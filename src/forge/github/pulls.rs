//! Pull requests and reviews.

use serde::Serialize;
use serde_json::json;

use super::call::Call;
use super::error::GithubError;
use super::issues::BODY_BYTES;
use super::repository::{RepositoryClient, fitted};
use super::types::{Merged, Pull, Review};

/// A pull request to open.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewPull {
    /// The headline.
    pub title: String,
    /// The branch with the change.
    pub head: String,
    /// The branch to change.
    pub base: String,
    /// Markdown.
    pub body: String,
    /// Whether it is only a draft.
    pub draft: bool,
    /// Whether maintainers may push to the branch.
    pub maintainer_can_modify: bool,
}

/// Changes to a pull request. What is `None` stays as it is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PullUpdate {
    /// The headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// `open` or `closed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The branch to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
}

/// A comment on a line of a pull request.
#[derive(Clone, Debug, Serialize)]
pub struct ReviewComment {
    /// The file.
    pub path: String,
    /// The line, from 1, in the file of that side; it must be part of the diff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The first line where the comment spans several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_line: Option<u32>,
    /// The side of that line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_side: Option<String>,
    /// `RIGHT` (after the change) or `LEFT` (before).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// Instead of the line: how many lines below the file's first `@@` in the diff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// Markdown.
    pub body: String,
}

impl RepositoryClient {
    /// Pull requests, newest first: by head (`OWNER:BRANCH`), base branch, and state (`open`, `closed`, `all`).
    pub async fn pulls(&self, head: Option<&str>, base: Option<&str>, state: &str) -> Result<Vec<Pull>, GithubError> {
        let call = Call::get("list_pulls", self.path("/pulls")).with("state", state);
        let call = call.with_some("head", head).with_some("base", base);
        let pulls = self.read_pages(call, |page: Vec<Pull>| page).await?;
        // Not every server filters.
        let is_wanted = |pull: &Pull| {
            let branch = head.map(|head| head.split_once(':').map_or(head, |(_, branch)| branch));
            branch.is_none_or(|branch| pull.head.branch == branch) && base.is_none_or(|base| pull.base.branch == base)
        };
        Ok(pulls.into_iter().filter(is_wanted).collect())
    }

    /// A pull request.
    pub async fn pull(&self, number: u64) -> Result<Pull, GithubError> {
        self.read(Call::get("get_pull", self.path(&format!("/pulls/{number}")))).await
    }

    /// Opens a pull request. Look for it first ([`Self::pulls`]): this is not sent twice.
    pub async fn create_pull(&self, pull: &NewPull) -> Result<Pull, GithubError> {
        let pull = NewPull { body: fitted(&pull.body, BODY_BYTES), ..pull.clone() };
        self.write(Call::post("create_pull", self.path("/pulls"), json!(pull))).await
    }

    /// Changes a pull request.
    pub async fn update_pull(&self, number: u64, update: &PullUpdate) -> Result<Pull, GithubError> {
        let update = PullUpdate { body: update.body.as_ref().map(|body| fitted(body, BODY_BYTES)), ..update.clone() };
        self.write(Call::patch("update_pull", self.path(&format!("/pulls/{number}")), json!(update))).await
    }

    /// Closes a pull request without merging it.
    pub async fn close_pull(&self, number: u64) -> Result<Pull, GithubError> {
        self.update_pull(number, &PullUpdate { state: Some("closed".to_owned()), ..PullUpdate::default() }).await
    }

    /// Asks people for a review. GitHub refuses ([`super::ErrorKind::Conflict`]) those who can't.
    pub async fn request_reviewers(&self, number: u64, logins: &[String]) -> Result<(), GithubError> {
        let path = self.path(&format!("/pulls/{number}/requested_reviewers"));
        let call = Call::post("request_reviewers", path, json!({ "reviewers": logins }));
        self.tell(call.safe()).await.map(|_| ())
    }

    /// Writes a review that only comments. Look for it first ([`Self::reviews`]): this is not sent twice.
    pub async fn create_review(
        &self,
        number: u64,
        commit_id: &str,
        body: &str,
        comments: &[ReviewComment],
    ) -> Result<Review, GithubError> {
        let path = self.path(&format!("/pulls/{number}/reviews"));
        let body = json!({
            "commit_id": commit_id,
            "body": fitted(body, BODY_BYTES),
            "event": "COMMENT",
            "comments": comments,
        });
        self.write(Call::post("create_review", path, body)).await
    }

    /// The reviews of a pull request, oldest first.
    pub async fn reviews(&self, number: u64) -> Result<Vec<Review>, GithubError> {
        let call = Call::get("list_reviews", self.path(&format!("/pulls/{number}/reviews")));
        self.read_pages(call, |page: Vec<Review>| page).await
    }

    /// Merges a pull request if its head still is `sha`; `method` is `merge`, `squash` or `rebase`.
    pub async fn merge_pull(&self, number: u64, sha: &str, method: &str) -> Result<Merged, GithubError> {
        let body = json!({ "sha": sha, "merge_method": method });
        self.write(Call::put("merge_pull", self.path(&format!("/pulls/{number}/merge")), body)).await
    }
}
