//! Commits made through the Git Data API: GitHub signs them as the App's, because they name neither an
//! author nor a committer.
//!
//! Blobs, trees and commits are addressed by their content, so making them twice does no harm. A
//! commit's SHA holds its time: two tries give two commits, of which a reference names one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::call::{Call, segment, segments};
use super::error::{ErrorKind, GithubError};
use super::repository::RepositoryClient;
use super::types::{CommitOfTree, RawGitCommit, Sha};

/// A file in a new tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// Relative to the repository, with slashes.
    pub path: String,
    /// `100644`, `100755` (executable) or `120000` (symbolic link).
    pub mode: String,
    /// The blob's SHA; `None` removes the file.
    pub blob: Option<String>,
}

impl RepositoryClient {
    /// Stores a file's content; gives its SHA.
    pub async fn create_blob(&self, content: &[u8]) -> Result<String, GithubError> {
        let body = json!({ "content": STANDARD.encode(content), "encoding": "base64" });
        self.sha(Call::post("create_blob", self.path("/git/blobs"), body).safe()).await
    }

    /// Stores a tree that differs from `base_tree` in some files; gives its SHA.
    pub async fn create_tree(&self, base_tree: &str, files: &[TreeFile]) -> Result<String, GithubError> {
        let entry = |file: &TreeFile| json!({ "path": file.path, "mode": file.mode, "type": "blob", "sha": file.blob });
        let tree: Vec<Value> = files.iter().map(entry).collect();
        let body = json!({ "base_tree": base_tree, "tree": tree });
        self.sha(Call::post("create_tree", self.path("/git/trees"), body).safe()).await
    }

    /// Stores a commit by the App; gives its SHA.
    pub async fn create_commit(&self, message: &str, tree: &str, parents: &[String]) -> Result<String, GithubError> {
        let body = json!({ "message": message, "tree": tree, "parents": parents });
        self.sha(Call::post("create_commit", self.path("/git/commits"), body).safe()).await
    }

    /// A commit as git has it.
    pub async fn git_commit(&self, sha: &str) -> Result<CommitOfTree, GithubError> {
        let path = self.path(&format!("/git/commits/{}", segment(sha)));
        Ok(self.read::<RawGitCommit>(Call::get("get_git_commit", path)).await?.into())
    }

    /// Makes a branch. If it is there already with that commit, it is as if it had been made; with another
    /// commit it is a [`ErrorKind::Conflict`].
    pub async fn create_ref(&self, branch: &str, sha: &str) -> Result<(), GithubError> {
        let body = json!({ "ref": format!("refs/heads/{branch}"), "sha": sha });
        match self.tell(Call::post("create_ref", self.path("/git/refs"), body).safe()).await {
            Err(error) if error.kind() == ErrorKind::Conflict => match self.branch_head(branch).await? {
                Some(head) if head == sha => Ok(()),
                _ => Err(error),
            },
            result => result.map(|_| ()),
        }
    }

    /// Moves a branch forward, never back: GitHub refuses what is not a descendant.
    pub async fn update_ref(&self, branch: &str, sha: &str) -> Result<(), GithubError> {
        let path = self.path(&format!("/git/refs/heads/{}", segments(branch)));
        self.tell(Call::patch("update_ref", path, json!({ "sha": sha, "force": false }))).await.map(|_| ())
    }

    /// Removes a branch; it is no error when there is none.
    pub async fn delete_ref(&self, branch: &str) -> Result<(), GithubError> {
        let path = self.path(&format!("/git/refs/heads/{}", segments(branch)));
        match self.tell(Call::delete("delete_ref", path)).await {
            Err(error) if is_no_reference(&error) => Ok(()),
            result => result.map(|_| ()),
        }
    }

    async fn sha(&self, call: Call) -> Result<String, GithubError> {
        let operation = call.operation;
        let Sha { sha } = self.write(call).await?;
        if sha.is_empty() {
            let message = "an object without a SHA".to_owned();
            return Err(GithubError::Malformed { operation, message, request_id: None });
        }
        Ok(sha)
    }
}

fn is_no_reference(error: &GithubError) -> bool {
    match error {
        GithubError::Refused { status: 404, .. } => true,
        GithubError::Refused { status: 422, message, .. } => message.contains("does not exist"),
        _ => false,
    }
}
