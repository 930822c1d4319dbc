//! The guard itself: paths, secrets and size here, the other rules one after the other.

use std::path::{Component, Path};

use similar::{ChangeTag, TextDiff};

use super::change::{Added, Change};
use super::{GuardError, capabilities, dependencies, under_test, weakened};
use crate::code::languages::of_path;
use crate::diagnosis::{Class, is_test_file};
use crate::patch::{Changed, Patch};
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

impl Guard<'_> {
    /// Checks every file of a patch for the repository at `root`.
    pub fn check(&self, root: &Path, patch: &Patch) -> Result<(), GuardError> {
        for file in patch.files.keys() {
            self.check_path(root, file)?;
        }
        for (file, changed) in &patch.files {
            let added = Added::of(changed);
            if added.lines().any(|line| redact::text(line) != line) {
                return Err(GuardError::Secret { file: file.clone() });
            }
            let change = Change::new(file, changed, &added);
            dependencies::check(root, &change)?;
            under_test::check(&change)?;
            capabilities::check(&change)?;
            weakened::check(&change)?;
        }
        let lines: usize = patch.files.values().map(changed_lines).sum();
        let limit = self.policy.max_changed_lines;
        if lines > limit { Err(GuardError::TooLarge { lines, limit }) } else { Ok(()) }
    }

    /// What [`Guard::check`] looked at in a patch that it lets pass, for the evidence.
    pub fn looked_at(&self) -> &'static str {
        match self.class {
            Class::Test => "paths, links and size allowed; tests no weaker; no secret, dependency or capability is new",
            _ => "no test, workflow or link touched; no secret, dependency or capability is new",
        }
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
        if !can_be_judged(&file()) {
            return Err(GuardError::Unjudged { file: file() });
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

/// How many lines go and come, as a diff of the texts counts them.
fn changed_lines(changed: &Changed) -> usize {
    let ops = TextDiff::from_lines(&changed.before, &changed.after);
    ops.iter_all_changes().filter(|change| change.tag() != ChangeTag::Equal).count()
}

/// Endings of data that no build and no test run executes.
const DATA: &[&str] = &[
    "json", "jsonc", "json5", "toml", "yaml", "yml", "ini", "cfg", "csv", "tsv", "css", "scss", "less", "html", "htm",
    "svg", "xml", "md", "rst", "adoc", "txt", "sql", "graphql", "gql", "po",
];

/// Whether a grammar judges a change of the file, or the file is data.
fn can_be_judged(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    of_path(file).is_some() || ending.is_some_and(|ending| DATA.contains(&ending.as_str()))
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
    fn lines_are_counted_in_the_texts() {
        let count = |before: &str, after: &str| changed_lines(&Changed { before: before.into(), after: after.into() });
        assert_eq!(count("a\n-- x\nb\n", "a\nb\n"), 1);
        assert_eq!(count("a\n", "++x\na\n"), 1);
        assert_eq!(count("a\nb\n", "a\nc\n"), 2);
        assert_eq!(count("a\n", "a\n"), 0);
    }

    #[test]
    fn what_no_grammar_judges_is_data_or_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let policy = Policy::default();
        let guard = Guard { policy: &policy, class: Class::Code };
        let check = |file: &str| guard.check_path(root.path(), Path::new(file));
        for file in ["a.py", "a.mjs", "a.tsx", "i18n/a.json", "a.YAML", "web/a.css", "docs/a.md", "a.sql", "a.cfg"] {
            assert_eq!(check(file), Ok(()), "{file}");
        }
        for file in ["bin/run", "a.pl", "a.rb", "a.lua", "web/a.vue", "a.awk", "a.so", "a.in", ".profile"] {
            assert_eq!(check(file), Err(GuardError::Unjudged { file: file.into() }), "{file}");
        }
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
            ("run.py", "the policy does not let a patch touch run.py"),
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
