//! The last commits and their diffs.

use std::path::PathBuf;

use git2::{Delta, DiffOptions, Repository, Sort, StatusOptions};

use crate::forge::{Commit, ForgeError, Hunk};

/// The most lines of one commit's diff that are kept; a larger one is a reformatting or vendored code.
const LINES_PER_COMMIT: usize = 20_000;

/// The last `limit` commits, newest first; merges against their first parent.
pub(super) fn recent_commits(repository: &Repository, limit: usize) -> Result<Vec<Commit>, ForgeError> {
    let mut walk = repository.revwalk()?;
    walk.push_head()?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
    walk.take(limit).map(|id| commit(repository, id?)).collect()
}

fn commit(repository: &Repository, id: git2::Oid) -> Result<Commit, ForgeError> {
    let commit = repository.find_commit(id)?;
    Ok(Commit {
        sha: id.to_string(),
        summary: commit.summary().ok().flatten().unwrap_or("").to_owned(),
        author: String::from_utf8_lossy(commit.author().name_bytes()).into_owned(),
        time: commit.author().when().seconds(),
        hunks: hunks(repository, &commit)?,
    })
}

/// The root commit and a shallow clone's last commit have no parent here: they add everything, which
/// says nothing about a fault, so they have no hunks.
fn hunks(repository: &Repository, commit: &git2::Commit<'_>) -> Result<Vec<Hunk>, ForgeError> {
    let Ok(parent) = commit.parent(0) else { return Ok(Vec::new()) };
    let mut options = DiffOptions::new();
    options.context_lines(0).ignore_submodules(true).max_size(1024 * 1024);
    let diff = repository.diff_tree_to_tree(Some(&parent.tree()?), Some(&commit.tree()?), Some(&mut options))?;
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut lines = 0;
    let mut current = None;
    diff.print(git2::DiffFormat::Patch, |delta, hunk, line| {
        let (Some(hunk), Some(file)) = (hunk, delta.new_file().path()) else { return true };
        if delta.status() == Delta::Deleted || !matches!(line.origin(), '+' | '-') {
            return true;
        }
        lines += 1;
        if lines > LINES_PER_COMMIT {
            return true;
        }
        let key = (file.to_owned(), hunk.new_start(), hunk.old_start());
        if current.as_ref() != Some(&key) {
            hunks.push(Hunk {
                file: file.to_owned(),
                new_start: hunk.new_start(),
                old: String::new(),
                new: String::new(),
            });
            current = Some(key);
        }
        if let Some(last) = hunks.last_mut() {
            let side = if line.origin() == '+' { &mut last.new } else { &mut last.old };
            side.push_str(&String::from_utf8_lossy(line.content()));
        }
        true
    })?;
    Ok(hunks)
}

/// Tracked files that differ from the head, submodules left out.
pub(super) fn dirty_files(repository: &Repository) -> Result<Vec<PathBuf>, ForgeError> {
    let mut options = StatusOptions::new();
    options.include_untracked(false).include_ignored(false).exclude_submodules(true);
    let statuses = repository.statuses(Some(&mut options))?;
    Ok(statuses.iter().filter(|entry| !entry.status().is_empty()).map(|entry| path_of(entry.path_bytes())).collect())
}

/// The files of the index, sorted.
pub(super) fn tracked_files(repository: &Repository) -> Result<Vec<PathBuf>, ForgeError> {
    Ok(repository.index()?.iter().map(|entry| path_of(&entry.path)).collect())
}

fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}
