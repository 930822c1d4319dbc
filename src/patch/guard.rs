//! Rung 3 of the ladder: what a patch may touch at all.
//!
//! In: a [`Patch`], the diagnosis's class, the policy. Out: nothing, or why it is refused.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use super::Patch;
use crate::diagnosis::{Class, is_test_file};
use crate::policy::Policy;
use crate::redact;

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
    /// Workflows, heal's own policy, lock files, migrations and what the policy names need a person.
    #[error("{file} needs a person's decision: {reason}")]
    Protected {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// The policy's `paths.allow` or `paths.deny` keeps patches away from it.
    #[error("the policy does not let a patch touch {file}")]
    Denied {
        /// The file.
        file: PathBuf,
    },
    /// The patch would write what looks like a secret into the repository.
    #[error("{file} would get a line that looks like a secret")]
    Secret {
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
        for (file, changed) in &patch.files {
            let known: HashSet<&str> = changed.before.lines().collect();
            let new = changed.after.lines().filter(|line| !known.contains(line));
            if new.into_iter().any(|line| redact::text(line) != line) {
                return Err(GuardError::Secret { file: file.clone() });
            }
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
        if let Some(reason) = self.policy.needs_person(&file()) {
            return Err(GuardError::Protected { file: file(), reason });
        }
        if !self.policy.allows_path(&file()) {
            return Err(GuardError::Denied { file: file() });
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
        assert_eq!(
            check(".github/x.yml"),
            Err(GuardError::Protected { file: ".github/x.yml".into(), reason: "it steers CI or heal" })
        );
    }

    #[test]
    fn a_patch_brings_no_secret_in() {
        let root = tempfile::tempdir().unwrap();
        let policy = Policy::default();
        let guard = Guard { policy: &policy, class: Class::Code };
        let check = |before: &str, after: &str| {
            let changed = crate::patch::Changed { before: before.to_owned(), after: after.to_owned() };
            guard.check(root.path(), &Patch { files: [("a.py".into(), changed)].into() })
        };
        let secret = concat!("key = 'gh", "p_abcdefghijklmnopqrstuvwxyz0123456789'\n");
        assert_eq!(check("x = 1\n", secret), Err(GuardError::Secret { file: "a.py".into() }));
        assert_eq!(check(&format!("{secret}x = 1\n"), &format!("{secret}x = 2\n")), Ok(()));
    }

    #[test]
    fn the_policy_says_which_files_may_be_touched() {
        let root = tempfile::tempdir().unwrap();
        let text = "[paths]\nallow = ['src']\ndeny = ['src/vendor']\nprotect = ['src/core']";
        let policy = Policy::parse(text).unwrap();
        let guard = Guard { policy: &policy, class: Class::Code };
        let check = |file: &str| guard.check_path(root.path(), Path::new(file)).map_err(|error| error.to_string());
        assert_eq!(check("src/a.py"), Ok(()));
        for (file, message) in [
            ("setup.py", "the policy does not let a patch touch setup.py"),
            ("src/vendor/a.py", "the policy does not let a patch touch src/vendor/a.py"),
            ("src/core/a.py", "src/core/a.py needs a person's decision: the policy protects it"),
            ("Cargo.lock", "Cargo.lock needs a person's decision: it is a lock file"),
            ("src/migrations/1.py", "src/migrations/1.py needs a person's decision: it is a migration of a database"),
        ] {
            assert_eq!(check(file), Err(message.to_owned()));
        }
    }

    #[test]
    fn a_policy_may_name_just_the_classes_that_a_patch_can_answer() {
        let all = [
            Class::Code,
            Class::Test,
            Class::Flaky,
            Class::Infrastructure,
            Class::Dependency,
            Class::Configuration,
            Class::Lint,
            Class::Format,
            Class::Type,
            Class::Timeout,
            Class::Unknown,
        ];
        for class in all {
            assert_eq!(Policy::default().heals_class(&class.to_string()), class.is_patchable(), "{class}");
        }
    }
}
