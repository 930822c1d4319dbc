//! A commit of a local repository in a directory of its own, and the uncommitted changes beside a commit.

use std::path::Path;

use git2::build::{CheckoutBuilder, RepoBuilder};
use git2::{ApplyLocation, Diff, DiffOptions, ErrorCode, Oid, Repository};

use crate::forge::ForgeError;

/// Clones the repository into a new directory and checks the commit out there, without submodules.
pub(super) fn snapshot(repository: &Repository, commit: &str, into: &Path) -> Result<(), ForgeError> {
    let missing = |_| ForgeError::NoCommit { commit: commit.to_owned() };
    let id = Oid::from_str(commit).map_err(missing)?;
    repository.find_commit(id).map_err(missing)?;
    let origin = repository.commondir().to_string_lossy().into_owned();
    let mut nothing = CheckoutBuilder::new();
    nothing.dry_run();
    let copy = RepoBuilder::new().with_checkout(nothing).clone(&origin, into)?;
    // A clone has what branches lead to; a commit that was amended since is not among that.
    let found = copy.find_commit(id).map_err(|error| match error.code() {
        ErrorCode::NotFound => ForgeError::NoCommit { commit: commit.to_owned() },
        _ => ForgeError::Git(error),
    })?;
    copy.checkout_tree(found.as_object(), Some(CheckoutBuilder::new().force()))?;
    copy.set_head_detached(id)?;
    Ok(())
}

/// The uncommitted changes as a unified diff, untracked files included and submodules left out; `None` when there
/// are none.
pub(super) fn uncommitted(repository: &Repository, limit: usize) -> Result<Option<String>, ForgeError> {
    let mut options = DiffOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).show_untracked_content(true);
    options.ignore_submodules(true).show_binary(true);
    let head = repository.head()?.peel_to_tree()?;
    let diff = repository.diff_tree_to_workdir_with_index(Some(&head), Some(&mut options))?;
    let mut text = Vec::new();
    let printed = diff.print(git2::DiffFormat::Patch, |_, _, line| {
        if matches!(line.origin(), '+' | '-' | ' ') {
            text.push(line.origin() as u8);
        }
        text.extend_from_slice(line.content());
        text.len() <= limit
    });
    if text.len() > limit {
        return Err(ForgeError::Unkept { reason: "they are too large" });
    }
    printed?;
    let text = String::from_utf8(text).map_err(|_| ForgeError::Unkept { reason: "they are not UTF-8" })?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Applies such a diff to the work tree; all or nothing.
pub(super) fn apply(repository: &Repository, changes: &str) -> Result<(), ForgeError> {
    let diff = Diff::from_buffer(changes.as_bytes())?;
    Ok(repository.apply(&diff, ApplyLocation::WorkDir, None)?)
}
