//! The temporary branches: what they are called, how the commit on one is made, how they go away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::case::Case;
use super::services::{CommitMode, StepError};
use crate::forge::github::{Access, Checkout, CommitAuthor, Push, TreeFile, WorkTree};
use crate::patch::{self, Patch};
use crate::pipeline::ledger::Entry;

/// The longest part of a branch's name that says what is fixed.
const WHAT: usize = 32;

/// `heal/<what>-<short sha>-<attempt>`.
pub fn name(case: &Case<'_>, entry: &Entry) -> String {
    let failing = case.know.diagnosis.as_ref().and_then(|diagnosis| diagnosis.failures.first()?.test.clone());
    let file =
        entry.edits.first().and_then(|edit| edit.file.file_stem()).map(|stem| stem.to_string_lossy().into_owned());
    let what = slug(&failing.as_deref().map(last_part).map(str::to_owned).or(file).unwrap_or_default());
    format!("heal/{what}-{}-{}", case.short_head(), entry.number)
}

/// The last name in a test's id.
fn last_part(test: &str) -> &str {
    let test = test.split('[').next().unwrap_or(test);
    let test = test.rsplit("::").next().unwrap_or(test);
    let test = test.rsplit(" > ").next().unwrap_or(test);
    if test.contains(' ') { test } else { test.rsplit('.').next().unwrap_or(test) }
}

/// Lower-case letters, digits and single hyphens: what git, GitHub and shells take without a thought.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() >= WHAT {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "fix".to_owned() } else { slug.to_owned() }
}

/// The patch of an attempt, made anew from the files at the failing commit; `None` when they can't be had
/// as text, or the edits do not fit them.
pub async fn patch_of(case: &Case<'_>, entry: &Entry) -> Result<Option<Patch>, StepError> {
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    for edit in &entry.edits {
        if files.contains_key(&edit.file) {
            continue;
        }
        let bytes = case.github.file(&edit.file.to_string_lossy(), &case.head).await?;
        if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
            files.insert(edit.file.clone(), text);
        }
    }
    let read = |file: &Path| files.get(file).cloned();
    Ok(patch::apply(&entry.edits, &read).ok())
}

/// Makes certain that the attempt's branch exists with its commit; gives the commit, or nothing when the patch
/// does not fit or the branch is somebody else's.
///
/// The name is in the ledger before. A branch of that name is this attempt's own, from before a restart, when
/// its only parent is the failing commit and its tree is the patch's, which is looked up by content.
pub async fn ensure(case: &Case<'_>, entry: &mut Entry, message: &str) -> Result<Option<String>, StepError> {
    let branch = entry.branch.clone().unwrap_or_else(|| name(case, entry));
    entry.branch = Some(branch.clone());
    case.record.enter(entry).await?;
    let Some(patch) = patch_of(case, entry).await? else { return Ok(None) };
    case.intend("branch", json!({"branch": branch, "attempt": entry.number, "diff": patch.diff()})).await?;
    let tree = tree(case, entry, &patch).await?;
    let sha = match existing(case, &branch, &tree).await? {
        Existing::Own(sha) => sha,
        Existing::Foreign => return foreign(case, entry).await,
        Existing::None => match case.app.settings.commits {
            CommitMode::Api => {
                let sha = case.github.create_commit(message, &tree, std::slice::from_ref(&case.head)).await?;
                // Known before the branch exists: what CI reports of it finds this heal.
                remember(case, entry, &sha).await?;
                case.github.create_ref(&branch, &sha).await?;
                sha
            }
            CommitMode::Push => push(case, &branch, &patch, message).await?,
        },
    };
    remember(case, entry, &sha).await?;
    case.achieved("branch", json!({"branch": branch, "commit": sha})).await?;
    Ok(Some(sha))
}

/// The branch is not this attempt's: it is left alone, also when the heal ends.
async fn foreign(case: &Case<'_>, entry: &mut Entry) -> Result<Option<String>, StepError> {
    tracing::warn!(heal.id = case.id(), branch = entry.branch, "the branch is somebody else's");
    entry.branch = None;
    case.record.enter(entry).await?;
    Ok(None)
}

async fn remember(case: &Case<'_>, entry: &mut Entry, sha: &str) -> Result<(), StepError> {
    entry.commit = Some(sha.to_owned());
    Ok(case.record.enter(entry).await?)
}

/// What stands under a branch's name.
enum Existing {
    None,
    Own(String),
    Foreign,
}

async fn existing(case: &Case<'_>, branch: &str, tree: &str) -> Result<Existing, StepError> {
    let Some(sha) = case.github.branch_head(branch).await? else { return Ok(Existing::None) };
    let commit = case.github.git_commit(&sha).await?;
    let own = commit.tree == tree && commit.parents == [case.head.clone()];
    Ok(if own { Existing::Own(sha) } else { Existing::Foreign })
}

/// The tree of the failing commit with the patch.
async fn tree(case: &Case<'_>, entry: &Entry, patch: &Patch) -> Result<String, StepError> {
    let base = case.github.git_commit(&case.head).await?;
    let mut files = Vec::new();
    for (path, changed) in &patch.files {
        let blob = case.github.create_blob(changed.after.as_bytes()).await?;
        let mode = if entry.executable.contains(path) { "100755" } else { "100644" };
        let path = path.to_string_lossy().into_owned();
        files.push(TreeFile { path, mode: mode.to_owned(), blob: Some(blob) });
    }
    Ok(case.github.create_tree(&base.tree, &files).await?)
}

/// By the operator's wish: the commit is made here and pushed.
async fn push(case: &Case<'_>, branch: &str, patch: &Patch, message: &str) -> Result<String, StepError> {
    let token = case.github.git_token(Access::Write).await?;
    let tree = checkout(case).await?;
    let files: Vec<_> = patch.after().into_iter().map(|(path, content)| (path, Some(content))).collect();
    let login = case.myself().await?;
    let author = CommitAuthor { email: format!("{login}@users.noreply.github.com"), name: login, time: case.app.now() };
    let push = Push {
        clone_url: &case.know.repository.clone_url,
        credentials: Some(&token),
        branch,
        files: &files,
        message,
        author: &author,
    };
    Ok(case.app.clones.push_commit(&tree, &push).await?)
}

/// The code at the failing commit.
pub async fn checkout(case: &Case<'_>) -> Result<WorkTree, StepError> {
    let token = case.github.git_token(Access::Read).await?;
    let reference = match (case.know.is_fork, case.know.pull_request) {
        (true, Some(number)) => format!("refs/pull/{number}/head"),
        _ => format!("refs/heads/{}", case.know.branch),
    };
    let wanted = Checkout {
        repository: case.know.full_name(),
        clone_url: &case.know.repository.clone_url,
        credentials: Some(&token),
        sha: &case.head,
        references: &[reference],
        heal_id: case.id(),
    };
    Ok(case.app.clones.checkout(&wanted).await?)
}

/// Removes the branches of all attempts but the one that is kept.
pub async fn remove(case: &Case<'_>, keep: Option<u32>) -> Result<(), StepError> {
    for entry in case.record.ledger().await? {
        let Some(branch) = entry.branch.filter(|_| Some(entry.number) != keep) else { continue };
        if case.github.branch_head(&branch).await?.is_some() {
            case.intend("remove branch", json!({"branch": branch})).await?;
            case.github.delete_ref(&branch).await?;
            case.achieved("remove branch", json!({"branch": branch})).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert_eq!(slug(last_part("tests/test_cart.py::TestCart::test_total[0-a b]")), "test-total");
        assert_eq!(slug(last_part("test/a.test.js > Stock > repacks an *odd* box")), "repacks-an-odd-box");
        assert_eq!(slug(last_part("test_calc.CalcTest.test_largest")), "test-largest");
        assert_eq!(slug("../../$(rm -rf)"), "rm-rf");
        assert_eq!(slug("ä"), "fix");
        assert!(slug(&"x".repeat(500)).len() <= WHAT);
    }
}
