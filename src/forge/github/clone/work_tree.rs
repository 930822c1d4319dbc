//! The files of one commit for one heal, in a repository of their own; and pushing from there.
//!
//! The repository shares no file with anybody that can be changed: packs are linked, but git never
//! changes a pack. It is deleted when the [`WorkTree`] is dropped.

use std::path::{Path, PathBuf};

use git2::{Repository, Signature, Time};

use super::CloneError;

/// Who is named as a commit's author and committer.
#[derive(Clone, Debug)]
pub struct CommitAuthor {
    /// The name, such as `heal[bot]`.
    pub name: String,
    /// The mail address.
    pub email: String,
    /// Seconds since 1970.
    pub time: i64,
}

/// A checked-out commit.
#[derive(Debug)]
pub struct WorkTree {
    path: PathBuf,
    sha: String,
}

impl WorkTree {
    pub(super) fn new(path: PathBuf, sha: String) -> Self {
        WorkTree { path, sha }
    }

    /// The root of the files; `.git` is inside.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The commit.
    pub fn sha(&self) -> &str {
        &self.sha
    }

    /// Makes a commit on top of the checked-out one; `None` removes a file. Neither files nor index change.
    /// Equal arguments give equal SHAs.
    pub fn commit(
        &self,
        files: &[(PathBuf, Option<Vec<u8>>)],
        message: &str,
        author: &CommitAuthor,
    ) -> Result<String, CloneError> {
        let repository = Repository::open(&self.path)?;
        let parent = repository.find_commit(git2::Oid::from_str(&self.sha)?)?;
        let base = parent.tree()?;
        let mut update = git2::build::TreeUpdateBuilder::new();
        for (file, content) in files {
            match content {
                Some(content) => {
                    let old = base.get_path(file).map(|entry| entry.filemode()).unwrap_or(0o100_644);
                    let mode = if old == 0o100_755 { git2::FileMode::BlobExecutable } else { git2::FileMode::Blob };
                    update.upsert(file, repository.blob(content)?, mode);
                }
                None => {
                    update.remove(file);
                }
            }
        }
        let tree = repository.find_tree(update.create_updated(&repository, &base)?)?;
        let signature = Signature::new(&author.name, &author.email, &Time::new(author.time, 0))?;
        let id = repository.commit(None, &signature, &signature, message, &tree, &[&parent])?;
        Ok(id.to_string())
    }
}

impl Drop for WorkTree {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a work tree is left for the next sweep");
        }
    }
}
