//! Patterns for branches and for files, with exceptions.
//!
//! In: patterns; one that begins with `!` is an exception. Out: whether a name matches: the last pattern that
//! matches it decides, and a list that begins with an exception starts from "everything".
//!
//! `*` and `?` stay within a part between slashes, `**` crosses them, `{a,b}` and `[a-z]` choose. For branches a
//! pattern is the whole name, as in GitHub's workflows. For files it works as in `.gitignore`: without a slash it
//! matches at any depth, with one it starts at the root, and a directory stands for everything in it.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::settings::nearest::quoted;

/// Longer patterns are a mistake, and would cost memory.
const LONGEST: usize = 256;

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern {shown} {why}")]
pub struct PatternError {
    /// Its place in the list, from 0.
    pub index: usize,
    shown: String,
    why: String,
}

/// A list of patterns, compiled.
#[derive(Clone)]
pub struct Globs {
    patterns: Vec<String>,
    set: GlobSet,
    /// For each glob of the set, whether its pattern is an exception.
    exceptions: Vec<bool>,
}

#[derive(Clone, Copy)]
enum Kind {
    Branches,
    Files { any_case: bool },
}

impl Globs {
    /// Patterns for names of branches.
    pub fn branches(patterns: &[&str]) -> Result<Self, PatternError> {
        Self::compile(patterns, Kind::Branches)
    }

    /// Patterns for files that something is granted to.
    pub fn files(patterns: &[&str]) -> Result<Self, PatternError> {
        Self::compile(patterns, Kind::Files { any_case: false })
    }

    /// Patterns for files that something is refused to: upper and lower case are the same, because on some
    /// machines they lead to the same file.
    pub fn files_in_any_case(patterns: &[&str]) -> Result<Self, PatternError> {
        Self::compile(patterns, Kind::Files { any_case: true })
    }

    /// Matches everything.
    pub fn all() -> Self {
        Globs { patterns: vec!["**".to_owned()], set: GlobSet::empty(), exceptions: Vec::new() }
    }

    /// Matches nothing.
    pub fn none() -> Self {
        Globs { patterns: Vec::new(), set: GlobSet::empty(), exceptions: Vec::new() }
    }

    fn compile(patterns: &[&str], kind: Kind) -> Result<Self, PatternError> {
        if patterns == ["**"] {
            return Ok(Self::all());
        }
        let mut set = GlobSetBuilder::new();
        let mut exceptions = Vec::new();
        for (index, written) in patterns.iter().enumerate() {
            let error = |why: String| PatternError { index, shown: quoted(written), why };
            let (exception, pattern) = match written.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, *written),
            };
            check(pattern).map_err(|why| error(why.to_owned()))?;
            for glob in kind.globs(pattern) {
                let glob = GlobBuilder::new(&glob)
                    .literal_separator(true)
                    .backslash_escape(true)
                    .case_insensitive(matches!(kind, Kind::Files { any_case: true }))
                    .build()
                    .map_err(|reason| error(format!("is no pattern: {}", reason.kind())))?;
                set.add(glob);
                exceptions.push(exception);
            }
        }
        let last = patterns.len().saturating_sub(1);
        let set = set.build().map_err(|reason| PatternError {
            index: last,
            shown: quoted(patterns.get(last).copied().unwrap_or_default()),
            why: format!("makes the list too large: {}", reason.kind()),
        })?;
        Ok(Globs { patterns: patterns.iter().map(|&pattern| pattern.to_owned()).collect(), set, exceptions })
    }

    /// Whether a name matches; for files, the path within the repository.
    pub fn matches(&self, name: impl AsRef<std::path::Path>) -> bool {
        let undecided = self.patterns == ["**"] || self.patterns.first().is_some_and(|first| first.starts_with('!'));
        let last = self.set.matches(name).into_iter().max();
        last.map_or(undecided, |glob| !self.exceptions[glob])
    }

    /// The patterns as they were written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Eq for Globs {}

impl std::fmt::Debug for Globs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.patterns.fmt(f)
    }
}

fn check(pattern: &str) -> Result<(), &'static str> {
    if pattern.is_empty() || pattern == "/" {
        Err("is empty")
    } else if pattern.len() > LONGEST {
        Err("is longer than 256 bytes")
    } else if pattern.split('/').any(|part| part == ".." || part == ".") {
        Err("holds `.` or `..` as a part; it starts at the root of the repository")
    } else if pattern.contains('\n') {
        Err("holds the end of a line")
    } else {
        Ok(())
    }
}

impl Kind {
    /// The globs that make up one pattern.
    fn globs(self, pattern: &str) -> Vec<String> {
        let Kind::Files { .. } = self else { return vec![pattern.to_owned()] };
        let directory = pattern.strip_suffix('/');
        let inner = directory.unwrap_or(pattern);
        let rooted = match inner.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None if inner.contains('/') => inner.to_owned(),
            None => format!("**/{inner}"),
        };
        let below = format!("{rooted}/**");
        if directory.is_some() { vec![below] } else { vec![rooted, below] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_match_as_in_workflows() {
        for (patterns, branch, expected) in [
            (&["**"][..], "feature/a/b", true),
            (&["main"], "main", true),
            (&["main"], "maintenance", false),
            (&["main"], "old/main", false),
            (&["release/*"], "release/1.0", true),
            (&["release/*"], "release/1.0/fix", false),
            (&["release/**"], "release/1.0/fix", true),
            (&["*"], "feature/a", false),
            (&["{main,develop}"], "develop", true),
            (&["v[0-9]"], "v3", true),
            (&["**", "!dependabot/**"], "dependabot/npm/x", false),
            (&["**", "!dependabot/**"], "main", true),
            (&["!experimental"], "main", true),
            (&["!experimental"], "experimental", false),
            (&["!wip/**", "wip/ready"], "wip/ready", true),
            (&["main", "!main"], "main", false),
            (&[], "main", false),
        ] {
            assert_eq!(Globs::branches(patterns).unwrap().matches(branch), expected, "{patterns:?} {branch}");
        }
    }

    #[test]
    fn files_match_as_in_gitignore() {
        for (patterns, file, expected) in [
            (&["**"][..], "a/b.py", true),
            (&["*.py"], "a/b.py", true),
            (&["/*.py"], "a/b.py", false),
            (&["/*.py"], "b.py", true),
            (&["src"], "src/a/b.py", true),
            (&["src"], "lib/src/a.py", true),
            (&["/src"], "lib/src/a.py", false),
            (&["src/"], "src/a.py", true),
            (&["src/"], "src", false),
            (&["src/*.py"], "src/a.py", true),
            (&["src/*.py"], "src/a/b.py", false),
            (&["src/**/*.py"], "src/a.py", true),
            (&["src/**/*.py"], "src/a/b/c.py", true),
            (&["src", "!src/vendor"], "src/vendor/a.py", false),
            (&["src", "!vendor"], "src/a/vendor/a.py", false),
            (&["!generated"], "src/a.py", true),
            (&["!generated"], "src/generated/a.py", false),
            (&["src/**"], "SRC/a.py", false),
        ] {
            assert_eq!(Globs::files(patterns).unwrap().matches(file), expected, "{patterns:?} {file}");
        }
        assert!(Globs::files_in_any_case(&["secret"]).unwrap().matches("Secret/a.py"));
        assert!(!Globs::none().matches("a.py"));
        assert!(Globs::all().matches("a.py"));
    }

    #[test]
    fn a_pattern_that_cannot_work_is_refused() {
        for (pattern, why) in [
            ("", "pattern `` is empty"),
            ("!", "pattern `!` is empty"),
            ("/", "pattern `/` is empty"),
            ("../a", "pattern `../a` holds `.` or `..` as a part; it starts at the root of the repository"),
            ("./a", "pattern `./a` holds `.` or `..` as a part; it starts at the root of the repository"),
            ("a\nb", "pattern `a\\nb` holds the end of a line"),
        ] {
            assert_eq!(Globs::files(&[pattern]).unwrap_err().to_string(), why);
        }
        let error = Globs::files(&["src", "a[b"]).unwrap_err();
        assert_eq!(error.index, 1);
        assert!(error.to_string().starts_with("pattern `a[b` is no pattern: "), "{error}");
        assert!(Globs::files(&["a".repeat(300).as_str()]).unwrap_err().to_string().ends_with("256 bytes"));
    }
}
