//! One repository: how its requests are addressed, and the questions about the repository itself.
//!
//! The operations live in the files of their subjects (`actions`, `checks`, `commits`, `git_data`,
//! `issues`, `pulls`). A reading operation uses a token that can only read; writing takes another one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::app::{GithubApp, Identity};
use super::call::{Call, segment, segments};
use super::error::GithubError;
use super::transport::Answer;
use super::types::{Repository, lenient};
use super::{Access, RepositoryRef};

/// Asks for one repository. Clones share everything.
#[derive(Clone, Debug)]
pub struct RepositoryClient {
    pub(super) app: GithubApp,
    installation: u64,
    repository: RepositoryRef,
    base: String,
}

#[derive(Deserialize)]
struct RawPermission {
    #[serde(default, deserialize_with = "lenient")]
    permission: String,
}

impl RepositoryClient {
    pub(super) fn new(app: GithubApp, installation: u64, repository: RepositoryRef) -> Self {
        let base = format!("/repos/{}/{}", segment(&repository.owner), segment(&repository.name));
        RepositoryClient { app, installation, repository, base }
    }

    /// The repository that is asked for.
    pub fn reference(&self) -> &RepositoryRef {
        &self.repository
    }

    /// The installation that asks.
    pub fn installation_id(&self) -> u64 {
        self.installation
    }

    /// The repository as it is now.
    pub async fn repository(&self) -> Result<Repository, GithubError> {
        self.read(Call::get("get_repository", self.path(""))).await
    }

    /// A file's content at a commit, branch or tag; `None` when there is no such file. Files over 1 MiB
    /// are not given by GitHub: [`super::ErrorKind::TooLarge`].
    pub async fn file(&self, path: &str, reference: &str) -> Result<Option<Vec<u8>>, GithubError> {
        const OPERATION: &str = "get_content";
        let call = Call::get(OPERATION, self.path(&format!("/contents/{}", segments(path)))).with("ref", reference);
        // A directory is answered with an array, in which nothing of this is found.
        let Some(content) = missing_is_none(self.read::<Value>(call).await)? else { return Ok(None) };
        let text = |name: &str| content[name].as_str().unwrap_or("");
        match (text("type"), text("encoding")) {
            ("file", "base64") => {}
            ("file", _) => return Err(GithubError::TooLarge { operation: OPERATION, limit: 1024 * 1024 }),
            // A symbolic link or a submodule.
            _ => return Ok(None),
        }
        let packed: String = text("content").chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
        let malformed = |_| {
            let message = "the content is not base64".to_owned();
            GithubError::Malformed { operation: OPERATION, message, request_id: None }
        };
        STANDARD.decode(packed).map(Some).map_err(malformed)
    }

    /// What somebody may do here: `admin`, `write`, `read` or `none`.
    pub async fn collaborator_permission(&self, login: &str) -> Result<String, GithubError> {
        let path = self.path(&format!("/collaborators/{}/permission", segment(login)));
        let raw = self.read::<RawPermission>(Call::get("get_collaborator_permission", path)).await;
        Ok(missing_is_none(raw)?.map_or_else(|| "none".to_owned(), |raw| raw.permission))
    }

    /// A token for git, for this repository only. It goes to [`super::CloneCache`] and nowhere else.
    pub async fn git_token(&self, access: Access) -> Result<SecretString, GithubError> {
        self.app.git_token(self.installation, &self.repository, access).await
    }

    /// An address below the repository's; what is added must be encoded already.
    pub(super) fn path(&self, below: &str) -> String {
        format!("{}{below}", self.base)
    }

    pub(super) fn identity(&self, access: Access) -> Identity {
        Identity::Installation(self.installation, Some(self.repository.clone()), access)
    }

    /// Asks with a token that can only read.
    pub(super) async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<T, GithubError> {
        self.app.json(&self.identity(Access::Read), call).await
    }

    /// Asks for all pages of a list, with a token that can only read.
    pub(super) async fn read_pages<P: DeserializeOwned, T>(
        &self,
        call: Call,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, GithubError> {
        self.app.pages(&self.identity(Access::Read), call, items).await
    }

    /// Changes something and reads the answer.
    pub(super) async fn write<T: DeserializeOwned>(&self, call: Call) -> Result<T, GithubError> {
        self.app.json(&self.identity(Access::Write), call).await
    }

    /// Changes something; the answer's body does not matter.
    pub(super) async fn tell(&self, call: Call) -> Result<Answer, GithubError> {
        self.app.send(&self.identity(Access::Write), &call).await
    }
}

/// Turns "does not exist" into `None`.
pub(super) fn missing_is_none<T>(result: Result<T, GithubError>) -> Result<Option<T>, GithubError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Cuts a text to GitHub's limit without cutting a character in half, and says that it was cut.
pub(super) fn fitted(text: &str, limit: usize) -> String {
    const NOTE: &str = "\n\n…(cut)";
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub(NOTE.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{NOTE}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(fitted("short", 100), "short");
        let cut = fitted(&"ü".repeat(100), 51);
        assert!(cut.len() <= 51 && cut.ends_with("…(cut)"));
    }
}
