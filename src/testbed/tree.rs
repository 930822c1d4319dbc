//! The project's tree for one run: an overlay where the kernel offers it, a copy elsewhere.
//!
//! In: the repository and the changed files. Out: a [`TreeMount`] that the sandbox shows at the
//! repository's own path (editable installs and virtual environments name it). Neither form lets
//! a run see what another run wrote.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Component, Path};
use std::time::{Duration, SystemTime};

use walkdir::WalkDir;

use super::Patched;

/// Directories of installed packages: linked into a copy rather than copied.
const INSTALLED: &[&str] = &["node_modules", ".venv", "venv", "env", ".tox", ".nox", "target"];

/// Reads a file of at most `limit` bytes; a larger one is an error that says so.
pub fn read_bounded(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let message = format!("{} is larger than {limit} bytes", path.display());
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Whether an overlay over `root` would work: its owner must be us (ids that the user namespace
/// does not map can't be copied up), and its name must survive the mount options.
pub(super) fn can_overlay(root: &Path) -> bool {
    let ours = fs::metadata(root).is_ok_and(|metadata| metadata.uid() == nix::unistd::geteuid().as_raw());
    ours && root.to_str().is_some()
}

/// Writes the changed files as an overlay's strongest layer below `layer`.
pub(super) fn write_layer(root: &Path, layer: &Path, patched: &Patched) -> std::io::Result<()> {
    for (path, content) in patched {
        let target = layer.join(checked(path)?);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        write_changed(&root.join(path), &target, content)?;
    }
    Ok(())
}

/// Copies the tree without version control and with installed packages linked, then applies the
/// changed files.
pub(super) fn copy(root: &Path, to: &Path, patched: &Patched) -> std::io::Result<()> {
    let mut entries = WalkDir::new(root).min_depth(1).into_iter();
    while let Some(entry) = entries.next() {
        let Ok(entry) = entry else { continue };
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let target = to.join(relative);
        let name = entry.file_name().to_str().unwrap_or("");
        let kind = entry.file_type();
        if kind.is_dir() && (INSTALLED.contains(&name) || name == ".git") {
            entries.skip_current_dir();
            symlink(entry.path(), &target)?;
        } else if kind.is_dir() {
            fs::create_dir_all(&target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, &target)?;
        } else if kind.is_file() {
            // An unreadable file is left out: the tests that need it say so better than we could.
            let _ = fs::copy(entry.path(), &target);
        }
    }
    for (path, content) in patched {
        let target = to.join(checked(path)?);
        refuse_links(to, path)?;
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        let _ = fs::remove_file(&target);
        write_changed(&root.join(path), &target, content)?;
    }
    Ok(())
}

/// Refuses a changed file in a linked folder: installed packages are linked to the original's own.
fn refuse_links(tree: &Path, path: &Path) -> std::io::Result<()> {
    let mut parents = path.ancestors().skip(1);
    if parents.any(|parent| !parent.as_os_str().is_empty() && tree.join(parent).is_symlink()) {
        let message = format!("{} stands in a linked folder", path.display());
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, message));
    }
    Ok(())
}

/// Refuses paths that would leave the tree.
fn checked(path: &Path) -> std::io::Result<&Path> {
    if path.components().all(|component| matches!(component, Component::Normal(_))) {
        Ok(path)
    } else {
        let message = format!("{} leaves the repository", path.display());
        Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, message))
    }
}

/// Writes a changed file with the original's permissions and a time stamp whose second differs:
/// Python compares a source with its cached byte code by size and whole second only.
fn write_changed(original: &Path, target: &Path, content: &[u8]) -> std::io::Result<()> {
    fs::write(target, content)?;
    let Ok(metadata) = fs::metadata(original) else { return Ok(()) };
    fs::set_permissions(target, metadata.permissions())?;
    let second = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs());
    let (before, now) = (metadata.modified()?, fs::metadata(target)?.modified()?);
    if second(before) == second(now) {
        fs::File::options().write(true).open(target)?.set_modified(now + Duration::from_secs(2))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_takes_new_folders_and_leaves_the_original_alone() {
        let (root, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let package = root.path().join("node_modules/a.js");
        fs::create_dir_all(package.parent().unwrap()).unwrap();
        fs::write(&package, "old").unwrap();
        let patched = |path: &str| Patched::from([(path.into(), b"new".to_vec())]);
        copy(root.path(), to.path(), &patched("new/folder/a.py")).unwrap();
        assert_eq!(fs::read(to.path().join("new/folder/a.py")).unwrap(), b"new");
        let again = tempfile::tempdir().unwrap();
        assert!(copy(root.path(), again.path(), &patched("node_modules/a.js")).is_err());
        assert_eq!(fs::read(&package).unwrap(), b"old");
    }
}
