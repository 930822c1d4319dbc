//! heal's temporary directory, which goes away however heal ends.
//!
//! A `kill -9` runs no destructor, so a *janitor* (heal itself, `heal __janitor DIR`) waits for the
//! end of a pipe that only heal holds, and then removes the directory.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The hidden subcommand under which heal starts itself as the janitor.
pub const JANITOR_COMMAND: &str = "__janitor";

/// The beginning of every scratch directory's name; the janitor removes nothing else.
const PREFIX: &str = "heal-scratch-";

/// Why there is no scratch directory.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// The temporary directory can't be written.
    #[error("can't make a temporary directory in {place} (set TMPDIR to a directory that can be written)")]
    Directory {
        /// Where it was tried.
        place: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The janitor could not be started.
    #[error("can't start the janitor process")]
    Janitor(#[source] std::io::Error),
}

/// A temporary directory for one heal.
#[derive(Debug)]
pub struct Scratch {
    directory: tempfile::TempDir,
    janitor: Child,
    next: AtomicU32,
}

impl Scratch {
    /// Makes the directory below the system's temporary directory and starts its janitor.
    pub fn create() -> Result<Self, ScratchError> {
        let place = std::env::temp_dir();
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(&place)
            .map_err(|source| ScratchError::Directory { place, source })?;
        #[expect(clippy::disallowed_methods, reason = "the janitor must outlive a killed heal")]
        let janitor = Command::new("/proc/self/exe")
            .arg(JANITOR_COMMAND)
            .arg(directory.path())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(ScratchError::Janitor)?;
        Ok(Scratch { directory, janitor, next: AtomicU32::new(0) })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A new empty directory whose name begins with `purpose`.
    pub fn subdirectory(&self, purpose: &str) -> std::io::Result<PathBuf> {
        let path = self.fresh_path(purpose);
        std::fs::create_dir(&path)?;
        Ok(path)
    }

    /// A path that nothing has yet.
    pub fn fresh_path(&self, purpose: &str) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.path().join(format!("{purpose}-{number}"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        let _ = self.janitor.wait();
    }
}

/// The janitor: waits for the end of standard input, then removes `directory`.
pub fn janitor(directory: &Path) {
    let _ = nix::unistd::setsid();
    let mut byte = [0];
    while matches!(std::io::stdin().read(&mut byte), Ok(1..)) {}
    let ours = directory.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
    if ours {
        // A sandbox that is just being killed may still hold a mount point for some milliseconds.
        for _ in 0..50 {
            if std::fs::remove_dir_all(directory).is_ok() || !directory.exists() {
                break;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(20));
        }
    }
}
