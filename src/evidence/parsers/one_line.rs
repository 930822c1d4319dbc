//! Tools that say each finding on one line: `file:line:column: message` in its many forms.
//!
//! A tool is a row: its name, its marks and a pattern with the groups `file`, `line`, `column`, `kind` and
//! `message`. A row names what tells its lines from those of other tools (a rule's form, an ending, a word).

use std::sync::OnceLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line, Nature};

/// A tool with findings of one line.
struct Row {
    tool: &'static str,
    nature: Nature,
    /// A cheap word without which the pattern can't match.
    word: &'static str,
    pattern: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Row {
    const fn new(tool: &'static str, nature: Nature, word: &'static str, pattern: &'static str) -> Self {
        Row { tool, nature, word, pattern, compiled: OnceLock::new() }
    }

    fn parse(&self, lines: &[Line<'_>]) -> Option<Parsed> {
        let pattern = self.compiled.get_or_init(|| Regex::new(self.pattern).ok()).as_ref()?;
        let mut known = std::collections::HashSet::new();
        let findings =
            lines.iter().filter(|line| line.text.contains(self.word)).filter_map(|line| self.finding(line, pattern));
        let failures: Vec<Failure> = findings
            .filter(|found| known.insert((found.file.clone(), found.line, found.column, found.kind.clone())))
            .take(MOST_FAILURES)
            .collect();
        let mut failures = failures;
        // What a checker can't see, or wants to be annotated, says less than what it found to be wrong.
        failures.sort_by_key(|failure| failure.kind.as_deref().is_some_and(|kind| MINOR.contains(&kind)));
        (!failures.is_empty()).then_some(Parsed { tool: self.tool.into(), failures, key_lines: None })
    }

    fn finding(&self, line: &Line<'_>, pattern: &Regex) -> Option<Failure> {
        let found = pattern.captures(line.text)?;
        let text = |name: &str| found.name(name).map(|part| part.as_str());
        let number = |name: &str| text(name).and_then(|number| number.parse().ok());
        Some(Failure {
            file: text("file").map(repository_path),
            line: number("line"),
            column: number("column"),
            kind: text("kind").map(str::to_owned),
            message: text("message").map(|message| message.trim().to_owned()),
            log_lines: Some((line.number, line.number)),
            nature: self.nature,
            ..Failure::default()
        })
    }
}

/// mypy's codes for what is missing rather than wrong.
const MINOR: &[&str] = &[
    "import-untyped",
    "import-not-found",
    "import",
    "no-untyped-def",
    "no-untyped-call",
    "type-arg",
    "unused-ignore",
    "no-any-return",
    "misc",
    "var-annotated",
];

static MYPY: Row = Row::new(
    "mypy",
    Nature::Type,
    ": error: ",
    r"^(?P<file>[^\s:][^:]*\.pyi?):(?P<line>\d+):(?:(?P<column>\d+):)?(?:\d+:\d+:)? error: (?P<message>.*?)(?:\s+\[(?P<kind>[a-z][a-z-]*)\])?$",
);
static PYRIGHT: Row = Row::new(
    "pyright",
    Nature::Type,
    " - error: ",
    r"^\s*(?P<file>\S[^:]*\.pyi?):(?P<line>\d+):(?P<column>\d+) - error: (?P<message>.*?)(?: \((?P<kind>report\w+)\))?$",
);
static FLAKE8: Row = Row::new(
    "flake8",
    Nature::Lint,
    ".py:",
    r"^(?P<file>[^\s:][^:]*\.pyi?):(?P<line>\d+):(?P<column>\d+): (?P<kind>[A-Z]{1,4}\d{2,4}) (?P<message>[^\[].*)$",
);
static RUFF: Row = Row::new(
    "ruff",
    Nature::Lint,
    ".py:",
    r"^(?P<file>[^\s:][^:]*\.(?:pyi?|ipynb)):(?:cell \d+:)?(?P<line>\d+):(?P<column>\d+): (?P<kind>[A-Z]{1,4}\d{2,4}|SyntaxError:) (?:\[\*\] )?(?P<message>.*)$",
);
static PYLINT: Row = Row::new(
    "pylint",
    Nature::Lint,
    ".py:",
    r"^(?P<file>[^\s:][^:]*\.pyi?):(?P<line>\d+):(?P<column>\d+): (?:[CRWEF]\d{4}): (?P<message>.*?) \((?P<kind>[a-z-]+)\)$",
);
static TSC: Row = Row::new(
    "tsc",
    Nature::Type,
    "error TS",
    r"^\s*(?:\S+ \S+: )?(?P<file>[^\s(:][^(:]*?)\((?P<line>\d+),(?P<column>\d+)\): error (?P<kind>TS\d+): (?P<message>.*)$",
);
static TSC_PRETTY: Row = Row::new(
    "tsc",
    Nature::Type,
    "error TS",
    r"^\s*(?:\S+ \S+: )?(?P<file>[^\s(:][^(:]*?):(?P<line>\d+):(?P<column>\d+) - error (?P<kind>TS\d+): (?P<message>.*)$",
);
static GO_BUILD: Row = Row::new(
    "go build",
    Nature::Compile,
    ".go:",
    r"^(?:vet: )?(?P<file>(?:\./|\.\./)?[\w./@-]+\.go):(?P<line>\d+):(?P<column>\d+): (?P<message>.+)$",
);
static GCC: Row = Row::new(
    "gcc",
    Nature::Compile,
    "error:",
    r"^(?:\d+\.\d+ |\[\s*\d+%\] )?(?P<file>[^\s:][^:\s]*\.(?:c|cc|cpp|cxx|C|h|hh|hpp|hxx|inl|m|mm|cu|cuh|S|ino)):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?error: (?P<message>.*)$",
);
static JAVAC: Row = Row::new(
    "javac",
    Nature::Compile,
    ":",
    r"^(?:\s*\[javac\] |\s*\[ERROR\] |\[error\] |e: )?(?P<file>(?:file://)?[^\s:\[][^:\[]*\.(?:java|kts?|scala|groovy)): ?(?:(?P<line>\d+)(?::(?P<column>\d+))?(?:: error)?:? |\((?:\d+), (?:\d+)\): |\[error\] )(?P<message>[^\d].+)$",
);
static MAVEN_COMPILER: Row = Row::new(
    "maven",
    Nature::Compile,
    ":[",
    r"^\[ERROR\] (?P<file>[^\s:\[][^:\[]*\.\w+):\[(?P<line>\d+),(?P<column>\d+)\] (?:error: )?(?P<message>.+)$",
);
static MAVEN_CHECKS: Row = Row::new(
    "maven",
    Nature::Lint,
    "] ",
    r"^\[(?:ERROR|WARN)\] (?P<file>[^\s:\[][^:\[]*\.\w+):(?:\[)?(?P<line>\d+)(?:[:,](?P<column>\d+))?(?:\])?:? (?:\(\w+\) )?(?P<message>[^\]]+?)[.:]? \[(?P<kind>[A-Z]\w+)\]\.?$",
);
static MSBUILD: Row = Row::new(
    "dotnet build",
    Nature::Compile,
    ": error ",
    r"^\s*(?P<file>[^\s(][^(]*\.\w+)\((?P<line>\d+),(?P<column>\d+)(?:,\d+,\d+)?\): error (?P<kind>[A-Z]{2,}\d{3,}): (?P<message>.*?)(?: \[[^\]]+\])?$",
);

macro_rules! tools {
    ($($name:ident, $row:ident, $tool:literal, $marks:expr;)*) => {
        $(
            #[doc = concat!("`", $tool, "`.")]
            pub static $name: Tool = Tool { name: $tool, marks: &$marks, parse: |lines| $row.parse(lines) };
        )*
    };
}

tools! {
    MYPY_TOOL, MYPY, "mypy", [".py:", ".pyi:"];
    PYRIGHT_TOOL, PYRIGHT, "pyright", [" - error: "];
    PYLINT_TOOL, PYLINT, "pylint", ["************* Module", "Your code has been rated"];
    RUFF_TOOL, RUFF, "ruff", ["Found 1 error", " fixable with", "[*] ", "ruff check"];
    FLAKE8_TOOL, FLAKE8, "flake8", [".py:"];
    TSC_TOOL, TSC, "tsc", ["error TS"];
    TSC_PRETTY_TOOL, TSC_PRETTY, "tsc", ["error TS"];
    GCC_TOOL, GCC, "gcc", [" error:"];
    JAVAC_TOOL, JAVAC, "javac", [".java:", ".kt:", ".scala:"];
    MAVEN_COMPILER_TOOL, MAVEN_COMPILER, "maven", [".java:[", ".kt:[", ".scala:[", ".groovy:["];
    MAVEN_CHECKS_TOOL, MAVEN_CHECKS, "maven", ["maven-checkstyle-plugin", "maven-pmd-plugin"];
    GO_BUILD_TOOL, GO_BUILD, "go build", [".go:"];
    MSBUILD_TOOL, MSBUILD, "dotnet build", [": error CS", ": error FS", ": error MSB", ": error NU", ": error BC", ": error CA"];
}
