//! Rung 3 of the ladder: what a patch may touch at all.
//!
//! In: a [`Patch`], the diagnosis's class, the policy. Out: nothing, or why it is refused.

use std::path::{Component, Path, PathBuf};

use super::Patch;
use crate::diagnosis::{Class, is_test_file};
use crate::policy::Policy;

/// The rules for one repository.
#[derive(Clone, Copy, Debug)]
pub struct Guard<'a> {
    /// The limits in force.
    pub policy: &'a Policy,
    /// What kind of failure is healed.
    pub class: Class,
}

/// Why a patch is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GuardError {
    /// The path leaves the repository or is not a plain path.
    #[error("{file} is outside of the repository")]
    Outside {
        /// The file.
        file: PathBuf,
    },
    /// The path only leads into the repository's own files through a symbolic link.
    #[error("{file} is a symbolic link")]
    Link {
        /// The file.
        file: PathBuf,
    },
    /// A test would be changed although the code is at fault.
    #[error("{file} is a test, and the fault is in the code")]
    TestFile {
        /// The file.
        file: PathBuf,
    },
    /// Workflows and heal's own policy need a person.
    #[error("{file} needs a person's decision")]
    Protected {
        /// The file.
        file: PathBuf,
    },
    /// The patch is larger than the policy allows.
    #[error("{lines} changed lines are more than the {limit} that the policy allows")]
    TooLarge {
        /// Changed lines.
        lines: usize,
        /// The policy's limit.
        limit: usize,
    },
}

impl Guard<'_> {
    /// Checks every file of a patch for the repository at `root`.
    pub fn check(&self, root: &Path, patch: &Patch) -> Result<(), GuardError> {
        for file in patch.files.keys() {
            self.check_path(root, file)?;
        }
        let lines = patch.diff().lines().filter(|line| is_changed_line(line)).count();
        let limit = self.policy.max_changed_lines;
        if lines > limit { Err(GuardError::TooLarge { lines, limit }) } else { Ok(()) }
    }

    /// Checks one path, before any work is spent on it.
    pub fn check_path(&self, root: &Path, file: &Path) -> Result<(), GuardError> {
        let file = || file.to_owned();
        if !file().components().all(|component| matches!(component, Component::Normal(_))) {
            return Err(GuardError::Outside { file: file() });
        }
        if file().starts_with(".github") || file().starts_with(".git") {
            return Err(GuardError::Protected { file: file() });
        }
        if self.class != Class::Test && is_test_file(&file()) {
            return Err(GuardError::TestFile { file: file() });
        }
        let mut path = root.to_owned();
        for part in file().components() {
            path.push(part);
            if path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
                return Err(GuardError::Link { file: file() });
            }
        }
        Ok(())
    }
}

fn is_changed_line(line: &str) -> bool {
    (line.starts_with('+') && !line.starts_with("+++")) || (line.starts_with('-') && !line.starts_with("---"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_of_the_code_may_be_touched() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("link.py")).unwrap();
        let policy = Policy::default();
        let guard = Guard { policy: &policy, class: Class::Code };
        let check = |file: &str| guard.check_path(root.path(), Path::new(file));
        assert_eq!(check("src/a.py"), Ok(()));
        assert_eq!(check("../a.py"), Err(GuardError::Outside { file: "../a.py".into() }));
        assert_eq!(check("/a.py"), Err(GuardError::Outside { file: "/a.py".into() }));
        assert_eq!(check("link.py"), Err(GuardError::Link { file: "link.py".into() }));
        assert_eq!(check("tests/a.py"), Err(GuardError::TestFile { file: "tests/a.py".into() }));
        assert_eq!(check(".github/x.yml"), Err(GuardError::Protected { file: ".github/x.yml".into() }));
    }
}
