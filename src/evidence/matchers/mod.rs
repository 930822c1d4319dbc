//! GitHub problem matchers: tools described by regular expressions in JSON, without a line of Rust.
//!
//! In: matcher documents (a repository's own and the bundled ones) and the lines of a step. Out: a [`Parsed`] per
//! owner. Format: <https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md>. A pattern of several lines
//! matches lines that follow each other; the last one may loop. Expressions are JavaScript's: those that the `regex`
//! crate does not know (look-arounds) run on `fancy-regex`, within a limit on backtracking.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Deserialize;

use super::parsers::{MOST_FAILURES, Parsed};
use super::stack::repository_path;
use super::{Failure, Line, Nature};

/// The most matchers of a repository.
const MOST_MATCHERS: usize = 100;

/// The most steps of one match; GitHub knows no limit, but a tool that needs more is unknown.
const MOST_PATTERNS: usize = 16;

/// The most backtracking of one match, in steps.
const BACKTRACKING: usize = 20_000;

/// How many of a step's last lines are looked at.
const LINES: usize = 20_000;

/// The longest line that is looked at, in bytes.
const LONGEST: usize = 2_000;

/// The matchers that heal brings, for tools that have no parser of their own.
static BUNDLED: LazyLock<Vec<Matcher>> = LazyLock::new(|| {
    parse(include_str!("bundled.json")).expect("the bundled matchers are part of the program and tested")
});

/// A document of matchers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    problem_matcher: Vec<Raw>,
}

#[derive(Deserialize)]
struct Raw {
    owner: String,
    severity: Option<String>,
    pattern: Vec<RawPattern>,
}

#[derive(Deserialize)]
struct RawPattern {
    regexp: String,
    #[serde(flatten)]
    groups: Groups,
}

/// Which group of an expression holds what.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    file: Option<usize>,
    from_path: Option<usize>,
    line: Option<usize>,
    column: Option<usize>,
    severity: Option<usize>,
    code: Option<usize>,
    message: Option<usize>,
    #[serde(default, rename = "loop")]
    loops: bool,
}

/// A tool's matcher.
#[derive(Debug)]
pub struct Matcher {
    owner: String,
    severity: Option<String>,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    expression: Expression,
    groups: Groups,
}

/// Why a document of matchers can't be used.
#[derive(Debug, thiserror::Error)]
pub enum MatcherError {
    /// It is not a document of matchers.
    #[error("not a problem matcher: {0}")]
    Format(#[from] serde_json::Error),
    /// An expression is broken.
    #[error("the matcher {owner} has a broken expression: {error}")]
    Expression {
        /// The matcher's owner.
        owner: String,
        /// What is wrong.
        error: Box<fancy_regex::Error>,
    },
}

/// The bundled matchers.
pub fn bundled() -> &'static [Matcher] {
    &BUNDLED
}

/// Reads a document.
///
/// # Errors
/// When it is no document of matchers or an expression is broken.
pub fn parse(text: &str) -> Result<Vec<Matcher>, MatcherError> {
    let document: Document = serde_json::from_str(text.trim_start_matches('\u{feff}'))?;
    let known = document.problem_matcher.into_iter().take(MOST_MATCHERS).filter(|raw| !raw.pattern.is_empty());
    known.map(matcher).collect()
}

/// Whether a path can be a repository's matcher: a JSON file of `.github/` with `matcher` in its name.
pub fn is_matcher_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    path.starts_with(".github") && name.ends_with(".json") && name.contains("matcher")
}

fn matcher(raw: Raw) -> Result<Matcher, MatcherError> {
    let compile = |pattern: RawPattern| -> Result<Pattern, MatcherError> {
        let expression = Expression::of(&pattern.regexp)
            .map_err(|error| MatcherError::Expression { owner: raw.owner.clone(), error: Box::new(error) })?;
        Ok(Pattern { expression, groups: pattern.groups })
    };
    let patterns: Result<Vec<Pattern>, MatcherError> =
        raw.pattern.into_iter().take(MOST_PATTERNS).map(compile).collect();
    Ok(Matcher { patterns: patterns?, owner: raw.owner, severity: raw.severity })
}

/// What the matchers find in the lines of a step; warnings only count where GitHub would call them errors.
pub fn apply(matchers: &[Matcher], lines: &[Line<'_>]) -> Vec<Parsed> {
    let lines = &lines[lines.len().saturating_sub(LINES)..];
    let found = matchers.iter().filter_map(|matcher| {
        let failures = matcher.failures(lines);
        (!failures.is_empty()).then(|| Parsed { tool: Cow::Owned(matcher.owner.clone()), failures, key_lines: None })
    });
    found.collect()
}

/// What was matched so far of one problem.
#[derive(Clone, Default)]
struct Problem {
    file: Option<String>,
    from_path: Option<String>,
    line: Option<u32>,
    column: Option<u32>,
    severity: Option<String>,
    code: Option<String>,
    message: Option<String>,
}

impl Matcher {
    fn failures(&self, lines: &[Line<'_>]) -> Vec<Failure> {
        let mut failures: Vec<Failure> = Vec::new();
        let mut index = 0;
        while index < lines.len() && failures.len() < MOST_FAILURES {
            let taken = self.match_at(&lines[index..], &mut failures);
            index += taken.max(1);
        }
        failures
    }

    /// Tries the patterns from the first line on; gives how many lines they took.
    fn match_at(&self, lines: &[Line<'_>], failures: &mut Vec<Failure>) -> usize {
        let mut problem = Problem::default();
        let mut taken = 0;
        for (position, pattern) in self.patterns.iter().enumerate() {
            let is_last = position + 1 == self.patterns.len();
            let Some(line) = lines.get(taken).filter(|line| pattern.read(line, &mut problem)) else { return 0 };
            taken += 1;
            if !is_last {
                continue;
            }
            failures.extend(self.failure(&problem, line));
            // A looping last pattern goes on with what the lines before it said.
            while pattern.groups.loops && failures.len() < MOST_FAILURES {
                let mut next =
                    Problem { file: problem.file.clone(), from_path: problem.from_path.clone(), ..Problem::default() };
                let Some(line) = lines.get(taken).filter(|line| pattern.read(line, &mut next)) else { break };
                failures.extend(self.failure(&next, line));
                taken += 1;
            }
        }
        taken
    }

    fn failure(&self, problem: &Problem, line: &Line<'_>) -> Option<Failure> {
        let severity = problem.severity.as_deref().or(self.severity.as_deref()).unwrap_or("error").to_ascii_lowercase();
        if severity.starts_with("warn") || severity.starts_with("notice") || severity.starts_with("info") {
            return None;
        }
        Some(Failure {
            file: problem.file.as_deref().map(|file| place(file, problem.from_path.as_deref())),
            line: problem.line,
            column: problem.column,
            kind: problem.code.clone(),
            message: problem.message.clone().map(|message| message.trim().to_owned()),
            log_lines: Some((line.number, line.number)),
            nature: nature(&self.owner),
            ..Failure::default()
        })
    }
}

impl Pattern {
    fn read(&self, line: &Line<'_>, problem: &mut Problem) -> bool {
        if line.text.len() > LONGEST {
            return false;
        }
        let Some(found) = self.expression.groups(line.text) else { return false };
        let groups = &self.groups;
        let text = |group: Option<usize>| {
            let part = group.and_then(|group| *found.get(group)?);
            part.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let number = |group: Option<usize>| text(group).and_then(|text| text.parse().ok());
        problem.file = text(groups.file).or(problem.file.take());
        problem.from_path = text(groups.from_path).or(problem.from_path.take());
        problem.line = number(groups.line).or(problem.line);
        problem.column = number(groups.column).or(problem.column);
        problem.severity = text(groups.severity).or(problem.severity.take());
        problem.code = text(groups.code).or(problem.code.take());
        problem.message = text(groups.message).or(problem.message.take());
        true
    }
}

/// A pattern's expression: linear where it can be, since nearly no line matches.
#[derive(Debug)]
enum Expression {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
}

impl Expression {
    fn of(pattern: &str) -> Result<Self, fancy_regex::Error> {
        match regex::Regex::new(pattern) {
            Ok(expression) => Ok(Expression::Linear(expression)),
            Err(_) => {
                let expression = fancy_regex::RegexBuilder::new(pattern).backtrack_limit(BACKTRACKING).build()?;
                Ok(Expression::Backtracking(expression))
            }
        }
    }

    /// The text of each group, where the expression matches; one that backtracks too far does not.
    fn groups<'t>(&self, text: &'t str) -> Option<Vec<Option<&'t str>>> {
        match self {
            Expression::Linear(expression) if !expression.is_match(text) => None,
            Expression::Linear(expression) => {
                let found = expression.captures(text)?;
                Some(found.iter().map(|group| group.map(|group| group.as_str())).collect())
            }
            Expression::Backtracking(expression) => {
                let found = expression.captures(text).ok()??;
                Some(found.iter().map(|group| group.map(|group| group.as_str())).collect())
            }
        }
    }
}

/// A file, relative to the folder of the project file that was named with it.
fn place(file: &str, from_path: Option<&str>) -> PathBuf {
    let file = repository_path(file);
    let folder = from_path.map(repository_path).and_then(|from| from.parent().map(Path::to_owned));
    match folder {
        Some(folder) if file.is_relative() => folder.join(file),
        _ => file,
    }
}

/// By the owner's name; GitHub's format does not say what kind of tool it is.
fn nature(owner: &str) -> Nature {
    let owner = owner.to_ascii_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| owner.contains(word));
    if is(&["format", "fmt", "style"]) {
        Nature::Format
    } else if is(&[
        "lint",
        "check",
        "cop",
        "credo",
        "analy",
        "vale",
        "sniff",
        "pydocstyle",
        "shellcheck",
        "hint",
        "tidy",
        "detekt",
    ]) {
        Nature::Lint
    } else if is(&["type", "flow", "mypy", "pyright", "tsc"]) {
        Nature::Type
    } else if is(&["test", "spec"]) {
        Nature::Test
    } else {
        Nature::Compile
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Level;

    fn lines(text: &str) -> Vec<Line<'_>> {
        text.lines().enumerate().map(|(index, text)| Line { number: index + 1, text, level: Level::Plain }).collect()
    }

    #[test]
    fn a_pattern_of_two_lines_loops() {
        let document = r#"{"problemMatcher": [{"owner": "some-lint", "pattern": [
            {"regexp": "^([^\\s].*)$", "file": 1},
            {"regexp": "^\\s+(\\d+):(\\d+)\\s+(error|warning)\\s+(.*)\\s\\s+(.*)$", "line": 1, "column": 2, "severity": 3, "message": 4, "code": 5, "loop": true}
        ]}]}"#;
        let matchers = parse(document).unwrap();
        let text = "noise\nsrc/a.js\n  1:2  error  not good  rule-a\n  3:4  warning  so so  rule-b\n  5:6  error  bad  rule-c\n\ndone";
        let found = apply(&matchers, &lines(text));
        let places: Vec<_> =
            found[0].failures.iter().map(|failure| (failure.line, failure.kind.as_deref().unwrap_or(""))).collect();
        assert_eq!(places, [(Some(1), "rule-a"), (Some(5), "rule-c")]);
        assert_eq!(found[0].failures[0].file.as_deref(), Some("src/a.js".as_ref()));
        assert_eq!(found[0].failures[0].nature, Nature::Lint);
    }

    #[test]
    fn look_arounds_work_and_broken_expressions_are_said() {
        let document = r#"{"problemMatcher": [{"owner": "x", "pattern": [{"regexp": "^(?!ok)(\\w+): (.*)$", "file": 1, "message": 2}]}]}"#;
        let matchers = parse(document).unwrap();
        assert_eq!(apply(&matchers, &lines("ok: fine\nbad: wrong"))[0].failures.len(), 1);
        let broken = document.replace("^(?!ok)", "((");
        assert!(parse(&broken).unwrap_err().to_string().contains("the matcher x has a broken expression"));
    }

    #[test]
    fn bundled_matchers_fit_their_tools() {
        for (owner, text, file, line) in [
            (
                "actionlint",
                ".github/workflows/ci.yml:7:9: unexpected key \"runs\" [syntax-check]",
                ".github/workflows/ci.yml",
                7,
            ),
            ("shellcheck", "run.sh:3:6: error: Double quote to prevent globbing [SC2086]", "run.sh", 3),
            ("yamllint", "a.yaml:2:1: [error] duplication of key \"a\" in mapping (key-duplicates)", "a.yaml", 2),
            ("hadolint", "Dockerfile:3 DL3008 error: Pin versions in apt get install", "Dockerfile", 3),
            (
                "markdownlint",
                "README.md:10:81 MD013/line-length Line length [Expected: 80; Actual: 99]",
                "README.md",
                10,
            ),
            ("ghc", "src/Main.hs:5:12: error: [GHC-83865]", "src/Main.hs", 5),
            ("zig", "src/main.zig:4:9: error: expected type 'u32', found 'i32'", "src/main.zig", 4),
            ("golangci-lint", "pkg/a.go:12:3: ineffectual assignment to err (ineffassign)", "pkg/a.go", 12),
            ("rubocop", "app/a.rb:3:5: C: Layout/IndentationWidth: Use 2 spaces for indentation.", "app/a.rb", 3),
            (
                "swift",
                "/home/runner/work/a/a/Sources/A.swift:3:9: error: cannot find 'x' in scope",
                "Sources/A.swift",
                3,
            ),
            ("dart-analyze", "  error • Undefined name 'x' • lib/a.dart:3:5 • undefined_identifier", "lib/a.dart", 3),
            (
                "php-lint",
                "PHP Parse error:  syntax error, unexpected token \";\" in src/a.php on line 4",
                "src/a.php",
                4,
            ),
            ("terraform", "  on main.tf line 12, in resource \"a\" \"b\":", "main.tf", 12),
            ("detekt", "/home/runner/work/a/a/src/A.kt:9:5: The function is too long. [LongMethod]", "src/A.kt", 9),
        ] {
            let found = apply(bundled(), &lines(text));
            let own = found.iter().find(|parsed| parsed.tool == owner).unwrap_or_else(|| panic!("{owner}: {found:?}"));
            assert_eq!(
                (own.failures[0].file.as_deref(), own.failures[0].line),
                (Some(Path::new(file)), Some(line)),
                "{owner}"
            );
        }
    }
}
