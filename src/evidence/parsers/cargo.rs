//! cargo: rustc's and clippy's diagnostics, failing tests, unformatted files, packages that can't be had.
//!
//! Errors of the compiler come before lints that `-D warnings` turned into errors: those go away with a flag, the
//! others do not. Formats: <https://doc.rust-lang.org/rustc/>, libtest's default output.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::{is_foreign, repository_path};
use crate::evidence::{Failure, Line, Nature, StackFrame};

/// cargo.
pub static TOOL: Tool = Tool {
    name: "cargo",
    marks: &[
        "could not compile",
        "test result: ",
        "error[E",
        "Diff in ",
        "error: failed to ",
        "panicked at ",
        "failed to run custom build command",
        "error: no matching package",
    ],
    parse,
};

static ERROR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^error(?:\[(E\d{4})\])?: (.+)$").expect("the pattern is constant and tested"));
static ARROW: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*--> (.+?):(\d+):(\d+)$").expect("the pattern is constant and tested"));
static PANIC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^thread '(.+?)'(?: \(\d+\))? panicked at (?:'(.*)', )?(.+?):(\d+)(?::(\d+))?:?$")
        .expect("the pattern is constant and tested")
});
static DIFF: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^Diff in (.+?)(?: at line |:)(\d+):?$").expect("the pattern is constant and tested"));
static LINT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:`#\[deny\(|`-D |implied by `-D|= note: `#\[deny|rust-clippy|clippy::)")
        .expect("the pattern is constant and tested")
});

/// Sentences of cargo itself behind `error:`, which have no place.
const KNOCK_ON: &[&str] = &[
    "could not compile",
    "aborting due to",
    "test failed, to rerun",
    "build failed",
    "process didn't exit successfully",
    "could not document",
    "doctest failed",
    "1 target failed",
    "targets failed",
];

/// The most lines of a diagnostic or a panic.
const BLOCK: usize = 60;

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut errors: Vec<Failure> = Vec::new();
    let mut lints: Vec<Failure> = Vec::new();
    let mut tests: Vec<Failure> = Vec::new();
    let mut ran = false;
    for (index, line) in lines.iter().enumerate() {
        let text = line.text;
        let rest = &lines[index..];
        if text.starts_with("error") {
            if let Some(failure) = ERROR.captures(text).and_then(|found| diagnostic(&found, rest)) {
                let of = if failure.nature == Nature::Lint { &mut lints } else { &mut errors };
                if of.len() < MOST_FAILURES
                    && !of.iter().any(|known| {
                        (&known.file, known.line, &known.message) == (&failure.file, failure.line, &failure.message)
                    })
                {
                    of.push(failure);
                }
            }
        } else if text.starts_with("test ") && text.ends_with("... FAILED") {
            let name = text["test ".len()..].trim_end_matches("... FAILED").trim();
            let name = name.trim_end_matches(" - should panic");
            add_test(&mut tests, name, line.number);
        } else if text.starts_with("thread '") {
            if let Some(found) = PANIC.captures(text) {
                panicked(&mut tests, &found, rest);
            }
        } else if text.starts_with("Diff in ")
            && let Some(found) = DIFF.captures(text)
        {
            lints.push(Failure {
                file: Some(repository_path(&found[1])),
                line: found[2].parse().ok(),
                message: Some("not formatted as rustfmt would".to_owned()),
                log_lines: Some((line.number, line.number)),
                nature: Nature::Format,
                ..Failure::default()
            });
        }
        ran |= text.starts_with("test result: ")
            || text.contains("Finished `")
            || text.contains("Finished dev")
            || text.contains("Finished test");
    }
    tests.retain(|test| test.message.is_some() || test.nature == Nature::Test);
    let failures: Vec<Failure> = errors.into_iter().chain(tests).chain(lints).take(MOST_FAILURES).collect();
    (ran || !failures.is_empty()).then_some(Parsed { tool: "cargo".into(), failures, key_lines: None })
}

fn diagnostic(found: &regex::Captures<'_>, lines: &[Line<'_>]) -> Option<Failure> {
    let message = found[2].trim();
    if KNOCK_ON.iter().any(|start| message.contains(start)) {
        return None;
    }
    let first = lines.first()?.number;
    let mut failure = Failure {
        kind: found.get(1).map(|code| code.as_str().to_owned()),
        message: Some(message.to_owned()),
        log_lines: Some((first, first)),
        nature: Nature::Compile,
        ..Failure::default()
    };
    for line in lines.iter().skip(1).take(BLOCK) {
        if line.text.is_empty() || line.text.starts_with("error") || line.text.starts_with("warning") {
            break;
        }
        failure.log_lines = Some((first, line.number));
        if failure.file.is_none()
            && let Some(place) = ARROW.captures(line.text)
        {
            (failure.file, failure.line, failure.column) =
                (Some(repository_path(&place[1])), place[2].parse().ok(), place[3].parse().ok());
        }
        if failure.kind.is_none() && LINT.is_match(line.text) {
            failure.nature = Nature::Lint;
        }
    }
    if failure.kind.is_none() && failure.nature == Nature::Compile && is_denied_lint(message) {
        failure.nature = Nature::Lint;
    }
    if failure.file.is_none() {
        failure.nature = without_place(message)?;
    }
    Some(failure)
}

/// Warnings that `-D warnings` turned into errors say so only once for each lint.
fn is_denied_lint(message: &str) -> bool {
    ["unused ", "unreachable ", "this function has too many", "use of deprecated", "dead code"]
        .iter()
        .any(|start| message.starts_with(start))
        || message.contains("is never ")
}

/// What an error without a place is about; nothing when it is not cargo's.
fn without_place(message: &str) -> Option<Nature> {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&[
        "failed to select a version",
        "no matching package",
        "failed to get",
        "lock file",
        "failed to load source",
        "unable to update",
        "failed to download",
    ]) {
        Some(Nature::Dependency)
    } else if has(&[
        "failed to run custom build command",
        "linking with",
        "linker `",
        "no such command",
        "could not find `Cargo.toml`",
        "failed to parse manifest",
        "no bin target",
        "not installed for the toolchain",
        "toolchain",
    ]) {
        Some(Nature::Configuration)
    } else {
        None
    }
}

fn add_test(tests: &mut Vec<Failure>, name: &str, number: usize) {
    if tests.len() < MOST_FAILURES && !tests.iter().any(|known| known.test.as_deref() == Some(name)) {
        tests.push(Failure { test: Some(name.to_owned()), log_lines: Some((number, number)), ..Failure::default() });
    }
}

/// A panic belongs to the test whose thread it is.
fn panicked(tests: &mut [Failure], found: &regex::Captures<'_>, lines: &[Line<'_>]) {
    let name = &found[1];
    let Some(first) = lines.first().map(|line| line.number) else { return };
    let Some(test) = tests.iter_mut().find(|test| test.test.as_deref() == Some(name)) else { return };
    let message: Vec<&str> = match found.get(2) {
        Some(message) => vec![message.as_str()],
        None => lines
            .iter()
            .skip(1)
            .map(|line| line.text)
            .take(6)
            .take_while(|text| !text.starts_with("stack backtrace") && !text.starts_with("note: "))
            .filter(|text| !text.is_empty())
            .collect(),
    };
    if test.message.is_none() && !is_foreign(&found[3]) {
        test.file = Some(repository_path(&found[3]));
        test.line = found[4].parse().ok();
        test.column = found.get(5).and_then(|column| column.as_str().parse().ok());
        if let (Some(file), Some(line)) = (test.file.clone(), test.line) {
            test.stack = vec![StackFrame { file, line, function: Some(name.to_owned()) }];
        }
    }
    test.kind = Some("panic".to_owned());
    test.message = Some(message.join("\n"));
    test.log_lines = Some((first, first + message.len()));
}

/// Whether all it says is that a package's build script failed: the script's own words say why.
pub(super) fn only_relays(parsed: &Parsed) -> bool {
    parsed.failures.iter().all(|failure| {
        failure.message.as_deref().is_some_and(|message| message.starts_with("failed to run custom build command"))
    })
}
