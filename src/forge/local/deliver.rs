//! Writing a patch: into the work tree, or as a commit on a branch beside it.

use std::fs;
use std::io::Write;
use std::path::Path;

use git2::{Repository, Signature};

use crate::forge::{Delivered, ForgeError};
use crate::testbed::{Patched, read_bounded};

/// Larger files are never patched.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Replaces the files, each in one step, after making sure that all still are what they were.
pub(super) fn to_work_tree(root: &Path, before: &Patched, after: &Patched) -> Result<Delivered, ForgeError> {
    let delivered = Delivered { applied: true, branch: None };
    if after.iter().all(|(file, content)| current(root, file).as_ref() == Some(content)) {
        return Ok(delivered);
    }
    for (file, content) in before {
        if current(root, file).as_ref() != Some(content) {
            return Err(ForgeError::Changed { file: file.clone() });
        }
    }
    for (file, content) in after {
        replace(&root.join(file), content).map_err(|source| ForgeError::Write { file: file.clone(), source })?;
    }
    Ok(delivered)
}

/// Commits the files on top of the head as a new branch; neither index nor work tree is touched.
pub(super) fn to_branch(
    repository: &Repository,
    name: &str,
    message: &str,
    before: &Patched,
    after: &Patched,
) -> Result<Delivered, ForgeError> {
    if !git2::Branch::name_is_valid(name)? {
        return Err(ForgeError::BadBranchName { name: name.to_owned() });
    }
    let head = repository.head()?.peel_to_commit()?;
    let base = head.tree()?;
    for (file, content) in before {
        let committed = base.get_path(file).ok().and_then(|entry| repository.find_blob(entry.id()).ok());
        if committed.is_none_or(|blob| blob.content() != content) {
            return Err(ForgeError::Uncommitted { file: file.clone() });
        }
    }
    let mut update = git2::build::TreeUpdateBuilder::new();
    for (file, content) in after {
        let mode = match base.get_path(file)?.filemode() {
            0o100_755 => git2::FileMode::BlobExecutable,
            _ => git2::FileMode::Blob,
        };
        update.upsert(file, repository.blob(content)?, mode);
    }
    let tree = repository.find_tree(update.create_updated(repository, &base)?)?;
    let delivered = Delivered { branch: Some(name.to_owned()), applied: false };
    if let Ok(branch) = repository.find_branch(name, git2::BranchType::Local) {
        let same = branch.get().peel_to_commit().is_ok_and(|commit| commit.tree_id() == tree.id());
        return if same { Ok(delivered) } else { Err(ForgeError::BranchExists { name: name.to_owned() }) };
    }
    let author = repository.signature().or_else(|_| Signature::now("heal", "heal@localhost"))?;
    let reference = format!("refs/heads/{name}");
    repository.commit(Some(&reference), &author, &author, message, &tree, &[&head])?;
    Ok(delivered)
}

/// Says before the search whether the branch could be made after it.
pub(super) fn check_branch(repository: &Repository, name: &str) -> Result<(), ForgeError> {
    if !git2::Branch::name_is_valid(name)? {
        return Err(ForgeError::BadBranchName { name: name.to_owned() });
    }
    match repository.find_branch(name, git2::BranchType::Local) {
        Ok(_) => Err(ForgeError::BranchExists { name: name.to_owned() }),
        Err(_) => Ok(()),
    }
}

fn current(root: &Path, file: &Path) -> Option<Vec<u8>> {
    read_bounded(&root.join(file), FILE_BYTES).ok()
}

/// Writes beside the file and renames, so that a crash leaves either the old or the new content.
fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new().prefix(".heal-").tempfile_in(directory)?;
    temporary.write_all(content)?;
    temporary.as_file().set_permissions(fs::metadata(path)?.permissions())?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}
