//! `go test`: `--- FAIL: TestA/sub (0.00s)` with the test's own lines below it, panics, packages that don't build.
//!
//! Format: <https://pkg.go.dev/cmd/go#hdr-Test_packages>. A parent that fails only because a subtest did is left out.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::{is_foreign, repository_path};
use crate::evidence::{Failure, Line, Nature, StackFrame};

/// `go test`.
pub static TOOL: Tool = Tool {
    name: "go test",
    marks: &["--- FAIL: ", "FAIL\t", "[build failed]", "[setup failed]", "panic: test timed out"],
    parse,
};

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*--- FAIL: (.+?) \([\d.]+s\)$").expect("the pattern is constant and tested"));
static PLACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s+(\S+\.go):(\d+): ?(.*)$").expect("the pattern is constant and tested"));
static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s+(\S+\.go):(\d+)(?: \+0x[0-9a-f]+)?$").expect("the pattern is constant and tested")
});
static COMPILE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:vet: )?((?:\./|\.\./)?[\w./@-]+\.go):(\d+):(\d+): (.+)$")
        .expect("the pattern is constant and tested")
});

/// The most lines below a test's line that are its own.
const BLOCK: usize = 60;

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    let mut builds = false;
    for (index, line) in lines.iter().enumerate() {
        let text = line.text;
        builds |= text.ends_with("[build failed]") || text.ends_with("[setup failed]");
        if text.contains("--- FAIL: ")
            && let Some(found) = FAILED.captures(text)
        {
            add(&mut failures, test(&found[1], &lines[index..]));
        } else if text.starts_with("panic: ") {
            panic(&mut failures, &lines[index..]);
        }
        if failures.len() >= MOST_FAILURES {
            break;
        }
    }
    if builds && failures.is_empty() {
        failures = lines
            .iter()
            .filter(|line| line.text.contains(".go:"))
            .filter_map(compile_error)
            .take(MOST_FAILURES)
            .collect();
    }
    drop_parents(&mut failures);
    (!failures.is_empty()
        || lines.iter().any(|line| line.text.starts_with("ok  \t") || line.text.starts_with("FAIL\t")))
    .then_some(Parsed { tool: "go test".into(), failures, key_lines: None })
}

fn test(name: &str, lines: &[Line<'_>]) -> Failure {
    let first = lines.first().map_or(0, |line| line.number);
    let mut failure = Failure { test: Some(name.to_owned()), log_lines: Some((first, first)), ..Failure::default() };
    for line in lines.iter().skip(1).take(BLOCK) {
        let text = line.text;
        if text.contains("--- ")
            || text.starts_with("FAIL")
            || text.starts_with("=== ")
            || text.starts_with("panic: ")
            || !text.starts_with([' ', '\t'])
        {
            break;
        }
        failure.log_lines = Some((first, line.number));
        if let Some(found) = PLACE.captures(text).filter(|_| failure.line.is_none()) {
            (failure.file, failure.line) = (Some(repository_path(&found[1])), found[2].parse().ok());
            failure.message = Some(found[3].to_owned());
        } else if let Some(message) = failure.message.as_mut().filter(|message| message.len() < 300) {
            *message = format!("{message}\n{}", text.trim());
        }
    }
    failure
}

/// A panic belongs to the last test that failed, or stands alone.
fn panic(failures: &mut Vec<Failure>, lines: &[Line<'_>]) {
    let Some(line) = lines.first() else { return };
    let message = line.text["panic: ".len()..].trim_end_matches(" [recovered]").to_owned();
    let timed_out = message.starts_with("test timed out after");
    let mut stack: Vec<StackFrame> = Vec::new();
    for pair in lines.windows(2).take(BLOCK * 2) {
        if let Some(found) = FRAME.captures(pair[1].text).filter(|_| pair[1].text.starts_with(['\t', ' '])) {
            let function = pair[0].text.split('(').next().unwrap_or("").trim().to_owned();
            if let Ok(number) = found[2].parse() {
                stack.insert(0, StackFrame { file: own_path(&found[1]), line: number, function: Some(function) });
            }
        }
    }
    let place = stack
        .iter()
        .rev()
        .find(|frame| {
            !is_foreign(&frame.file.to_string_lossy())
                && !frame.file.to_string_lossy().contains("/src/runtime/")
                && !frame.file.to_string_lossy().contains("/src/testing/")
        })
        .cloned();
    let target = match failures.last_mut().filter(|failure| failure.message.is_none() && !timed_out) {
        Some(failure) => failure,
        None => {
            failures.push(Failure { log_lines: Some((line.number, line.number)), ..Failure::default() });
            let Some(failure) = failures.last_mut() else { return };
            failure
        }
    };
    target.kind = Some("panic".to_owned());
    target.message = Some(message);
    target.nature = if timed_out { Nature::Timeout } else { Nature::Test };
    target.log_lines = target.log_lines.map(|(first, _)| (first, line.number));
    if let Some(frame) = place {
        (target.file, target.line) = (Some(frame.file), Some(frame.line));
    }
    target.stack = stack;
}

/// Absolute paths of unknown checkouts are named by their file alone only where nothing better is known.
fn own_path(path: &str) -> std::path::PathBuf {
    if is_foreign(path) { path.into() } else { repository_path(path) }
}

fn compile_error(line: &Line<'_>) -> Option<Failure> {
    let found = COMPILE.captures(line.text)?;
    Some(Failure {
        file: Some(repository_path(&found[1])),
        line: found[2].parse().ok(),
        column: found[3].parse().ok(),
        message: Some(found[4].to_owned()),
        log_lines: Some((line.number, line.number)),
        nature: Nature::Compile,
        ..Failure::default()
    })
}

fn add(failures: &mut Vec<Failure>, failure: Failure) {
    if !failures.iter().any(|known| known.test == failure.test) {
        failures.push(failure);
    }
}

fn drop_parents(failures: &mut Vec<Failure>) {
    let names: Vec<String> = failures.iter().filter_map(|failure| failure.test.clone()).collect();
    failures.retain(|failure| {
        failure.test.as_deref().is_none_or(|test| {
            failure.message.is_some() || !names.iter().any(|name| name.starts_with(&format!("{test}/")))
        })
    });
}
