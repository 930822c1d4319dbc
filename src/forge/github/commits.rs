//! Branches, commits, and comments on commits.

use serde_json::{Value, json};

use super::call::{Call, segment, segments};
use super::error::{ErrorKind, GithubError};
use super::issues::BODY_BYTES;
use super::repository::{RepositoryClient, fitted, missing_is_none};
use super::types::{CommitComment, CommitInfo, Pull, RawCommit};

impl RepositoryClient {
    /// The commit at the end of a branch; `None` when there is no such branch.
    pub async fn branch_head(&self, branch: &str) -> Result<Option<String>, GithubError> {
        let path = self.path(&format!("/git/ref/heads/{}", segments(branch)));
        let answer = missing_is_none(self.read::<Value>(Call::get("get_ref", path)).await)?.unwrap_or_default();
        // Where there is no such branch, older servers answer with a list of those whose names begin like it.
        Ok(answer["object"]["sha"].as_str().map(str::to_owned))
    }

    /// A commit; also by branch or tag.
    pub async fn commit(&self, sha: &str) -> Result<CommitInfo, GithubError> {
        let path = self.path(&format!("/commits/{}", segments(sha)));
        Ok(self.read::<RawCommit>(Call::get("get_commit", path)).await?.into())
    }

    /// The last commits of a branch (or up to a commit), newest first; at most 100.
    pub async fn commits(&self, branch: &str, per_page: usize) -> Result<Vec<CommitInfo>, GithubError> {
        let call = Call::get("list_commits", self.path("/commits"));
        let call = call.with("sha", branch).with("per_page", per_page.clamp(1, 100));
        Ok(self.read::<Vec<RawCommit>>(call).await?.into_iter().map(CommitInfo::from).collect())
    }

    /// The pull requests that hold a commit; none when GitHub does not know the commit.
    pub async fn pulls_of_commit(&self, sha: &str) -> Result<Vec<Pull>, GithubError> {
        let path = self.path(&format!("/commits/{}/pulls", segment(sha)));
        match self.read(Call::get("list_pulls_of_commit", path)).await {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Conflict) => Ok(Vec::new()),
            result => result,
        }
    }

    /// The comments on a commit.
    pub async fn commit_comments(&self, sha: &str) -> Result<Vec<CommitComment>, GithubError> {
        let call = Call::get("list_commit_comments", self.path(&format!("/commits/{}/comments", segment(sha))));
        self.read_pages(call, |page: Vec<CommitComment>| page).await
    }

    /// Comments on a commit. Look for the comment first: this is not sent twice.
    pub async fn create_commit_comment(&self, sha: &str, body: &str) -> Result<CommitComment, GithubError> {
        let path = self.path(&format!("/commits/{}/comments", segment(sha)));
        self.write(Call::post("create_commit_comment", path, json!({ "body": fitted(body, BODY_BYTES) }))).await
    }

    /// Changes a comment on a commit.
    pub async fn update_commit_comment(&self, id: u64, body: &str) -> Result<CommitComment, GithubError> {
        let path = self.path(&format!("/comments/{id}"));
        self.write(Call::patch("update_commit_comment", path, json!({ "body": fitted(body, BODY_BYTES) }))).await
    }
}
