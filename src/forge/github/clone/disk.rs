//! The clones as files: locks, leftovers, links, sizes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use super::CloneError;

/// Its time of change tells when a clone was last used.
pub(super) const USED: &str = "heal-used";
/// Locked while somebody works with the clone.
const LOCK: &str = "heal-lock";

/// Waits until no other process works with the clone; the lock ends with the file.
pub(super) async fn lock_file(clones: &Path, name: &str) -> Result<Flock<File>, CloneError> {
    let path = clones.join(format!("{name}.{LOCK}"));
    let locked = blocking(clones, {
        let (clones, path) = (clones.to_owned(), path.clone());
        move || {
            fs::create_dir_all(clones)?;
            Flock::lock(File::create(path)?, FlockArg::LockExclusive).map_err(|(_, errno)| errno.into())
        }
    });
    locked.await
}

/// The same without waiting; `None` when another process works with the clone.
pub(super) fn try_lock_file(clones: &Path, name: &str) -> Option<Flock<File>> {
    let file = File::create(clones.join(format!("{name}.{LOCK}"))).ok()?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).ok()
}

/// Removes lock files and half-written packs; whoever made them is gone, for the clone is locked.
pub(super) fn tidy(clone: &Path) -> std::io::Result<()> {
    for entry in walkdir::WalkDir::new(clone).into_iter().flatten() {
        let name = entry.file_name().to_string_lossy();
        if entry.file_type().is_file() && (name.ends_with(".lock") || name.starts_with("tmp_")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Gives a new repository the objects and the boundary of the clone.
pub(super) fn link_objects(clone: &Path, repository: &Path) -> std::io::Result<()> {
    let objects = clone.join("objects");
    for entry in walkdir::WalkDir::new(&objects) {
        let entry = entry?;
        let Ok(relative) = entry.path().strip_prefix(&objects) else { continue };
        let target = repository.join("objects").join(relative);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target)?;
        } else if entry.file_type().is_file() && fs::hard_link(entry.path(), &target).is_err() {
            // Another file system, or one without links.
            fs::copy(entry.path(), &target)?;
        }
    }
    match fs::copy(clone.join("shallow"), repository.join("shallow")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The clones, least recently used first: time of use, path, bytes.
pub(super) fn sizes(clones: &Path) -> Vec<(std::time::SystemTime, PathBuf, u64)> {
    let size = |path: PathBuf| {
        let used = fs::metadata(path.join(USED)).and_then(|file| file.modified());
        let files = walkdir::WalkDir::new(&path).into_iter().flatten();
        let bytes = files.filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum();
        (used.unwrap_or(std::time::UNIX_EPOCH), path, bytes)
    };
    let mut sizes: Vec<_> = entries(clones).into_iter().filter(|path| path.is_dir()).map(size).collect();
    sizes.sort();
    sizes
}

/// What is in a directory; nothing, if there is none.
pub(super) fn entries(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

/// Removes a directory with everything in it, if it is there.
pub(super) async fn remove(path: &Path) -> Result<(), CloneError> {
    let target = path.to_owned();
    blocking(path, move || match fs::remove_dir_all(target) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    })
    .await
}

/// Runs work on files away from the runtime's own threads.
pub(super) async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, CloneError> {
    let result = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    result.map_err(|source| CloneError::disk(path, source))
}
