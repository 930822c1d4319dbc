//! A repository on this machine, through git2.

mod deliver;
mod history;
pub mod scribe;
mod snapshot;

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Repository};

use super::{Commit, Delivered, Destination, Forge, ForgeError};
use crate::testbed::Patched;

/// A work tree and its repository.
#[derive(Debug, Clone)]
pub struct LocalForge {
    work_tree: PathBuf,
    head: String,
    branch: Option<String>,
    dirty: Vec<PathBuf>,
}

impl LocalForge {
    /// Finds the repository around `directory`.
    pub fn open(directory: &Path) -> Result<Self, ForgeError> {
        let path = || directory.to_owned();
        let repository = Repository::discover(directory).map_err(|error| match error.code() {
            ErrorCode::NotFound => ForgeError::NotARepository { path: path() },
            _ => ForgeError::Git(error),
        })?;
        let work_tree = repository.workdir().ok_or_else(|| ForgeError::Bare { path: path() })?;
        let work_tree = work_tree.canonicalize().unwrap_or_else(|_| work_tree.to_owned());
        let head = match repository.head() {
            Ok(head) => head,
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
                return Err(ForgeError::NoCommits { path: path() });
            }
            Err(error) => return Err(error.into()),
        };
        let branch = if head.is_branch() { head.shorthand().ok().map(str::to_owned) } else { None };
        let commit = head.peel_to_commit()?.id().to_string();
        let dirty = history::dirty_files(&repository)?;
        Ok(LocalForge { work_tree, head: commit, branch, dirty })
    }

    /// The work tree's root; absolute, links resolved.
    pub fn work_tree(&self) -> &Path {
        &self.work_tree
    }

    /// The SHA of the checked-out commit.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The checked-out branch; `None` when the head is detached.
    pub fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    /// Tracked files that differ from the checked-out commit.
    pub fn dirty_files(&self) -> &[PathBuf] {
        &self.dirty
    }

    /// Says early what would forbid a destination later.
    pub fn check(&self, destination: &Destination) -> Result<(), ForgeError> {
        match destination {
            Destination::Branch(name) => deliver::check_branch(&self.repository()?, name),
            Destination::Show | Destination::WorkTree => Ok(()),
        }
    }

    /// The tracked regular files as they are in the work tree.
    pub fn tracked_contents(&self) -> Result<Vec<(PathBuf, Vec<u8>)>, ForgeError> {
        let files = history::tracked_files(&self.repository()?)?;
        let read = |file: PathBuf| {
            // A link may lead out of the repository.
            let path = self.work_tree.join(&file);
            let plain = path.symlink_metadata().is_ok_and(|about| about.is_file());
            plain.then(|| std::fs::read(path).ok()).flatten().map(|content| (file, content))
        };
        Ok(files.into_iter().filter_map(read).collect())
    }

    /// Copies the repository into a new directory, with this commit checked out; submodules are left out.
    pub fn snapshot(&self, commit: &str, into: &Path) -> Result<(), ForgeError> {
        snapshot::snapshot(&self.repository()?, commit, into)
    }

    /// The uncommitted changes as a unified diff of at most `limit` bytes, untracked files included; `None` when
    /// there are none.
    pub fn uncommitted(&self, limit: usize) -> Result<Option<String>, ForgeError> {
        snapshot::uncommitted(&self.repository()?, limit)
    }

    /// Applies such a diff to the work tree; all or nothing.
    pub fn apply_changes(&self, changes: &str) -> Result<(), ForgeError> {
        snapshot::apply(&self.repository()?, changes)
    }

    fn repository(&self) -> Result<Repository, ForgeError> {
        Ok(Repository::open(&self.work_tree)?)
    }
}

impl Forge for LocalForge {
    async fn recent_commits(&self, limit: usize) -> Result<Vec<Commit>, ForgeError> {
        history::recent_commits(&self.repository()?, limit)
    }

    async fn tracked_files(&self) -> Result<Vec<PathBuf>, ForgeError> {
        history::tracked_files(&self.repository()?)
    }

    async fn deliver(
        &self,
        destination: &Destination,
        message: &str,
        before: &Patched,
        after: &Patched,
    ) -> Result<Delivered, ForgeError> {
        match destination {
            Destination::Show => Ok(Delivered::default()),
            Destination::WorkTree => deliver::to_work_tree(&self.work_tree, before, after),
            Destination::Branch(name) => deliver::to_branch(&self.repository()?, name, message, before, after),
        }
    }
}
