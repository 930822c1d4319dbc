//! unittest, nose and Django's runner: blocks `FAIL: test_a (pkg.mod.Case.test_a)` between rulers.
//!
//! Names: `test_a (pkg.mod.Case)` until Python 3.10, `test_a (pkg.mod.Case.test_a)` since 3.11 (bpo-43913),
//! `pkg.mod.test_a` for nose's functions, `Doctest: pkg.mod.f`. A loader's `_FailedTest` is a module that can't be
//! imported.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::python;
use crate::evidence::{Failure, Line, Nature};

/// unittest and what runs like it.
pub static TOOL: Tool =
    Tool { name: "unittest", marks: &["FAIL: ", "ERROR: ", "FAILED (", "UNEXPECTED SUCCESS: ", "Ran "], parse };

static HEADING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(FAIL|ERROR|UNEXPECTED SUCCESS): (.+?)(?: \.\.\.)?$").expect("the pattern is constant and tested")
});
static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(\S+) \(([\w.<>\- ]+)\)(.*)$").expect("the pattern is constant and tested"));
static RAN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^Ran \d+ tests? in [\d.]+s").expect("the pattern is constant and tested"));

/// The most lines after a heading that are its block.
const BLOCK: usize = 80;

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    let mut index = 0;
    let mut ran = false;
    while index < lines.len() && failures.len() < MOST_FAILURES {
        let text = lines[index].text;
        ran |= text.starts_with("Ran ") && RAN.is_match(text);
        let is_heading =
            text.starts_with("FAIL: ") || text.starts_with("ERROR: ") || text.starts_with("UNEXPECTED SUCCESS: ");
        // Only between rulers: `ERROR: ` begins lines of many other tools.
        let after_ruler = index > 0 && is_ruler(lines[index - 1].text, '=');
        let before_ruler = lines[index + 1..].iter().take(6).any(|line| is_ruler(line.text, '-'));
        if let Some(found) = HEADING.captures(text).filter(|_| is_heading && after_ruler && before_ruler) {
            let (failure, taken) = block(&found[2], &lines[index..]);
            failures.push(failure);
            index += taken;
        } else {
            index += 1;
        }
    }
    merge(&mut failures);
    (ran || !failures.is_empty()).then_some(Parsed { tool: "unittest".into(), failures, key_lines: None })
}

fn is_ruler(text: &str, of: char) -> bool {
    text.len() >= 20 && text.chars().all(|c| c == of)
}

/// A failure from its heading on, and how many lines it took.
fn block(name: &str, lines: &[Line<'_>]) -> (Failure, usize) {
    let first = lines.first().map_or(0, |line| line.number);
    let mut failure = Failure {
        test: Some(dotted(name)),
        log_lines: Some((first, first)),
        nature: if name.contains("_FailedTest") || name.contains("ModuleImportFailure") {
            Nature::Load
        } else {
            Nature::Test
        },
        ..Failure::default()
    };
    let mut index = 1;
    while index < lines.len().min(BLOCK * 10) {
        let text = lines[index].text;
        if is_ruler(text, '=') || RAN.is_match(text) || text.contains(">> begin captured") {
            break;
        }
        if text.starts_with("Traceback (most recent call last)") {
            let (traceback, taken) = python::read(&lines[index..]);
            failure.stack = traceback.frames;
            let name = traceback.kind.as_deref().unwrap_or("");
            let rest = following(&lines[index + taken..]);
            let message = traceback.message.into_iter().chain(rest).collect::<Vec<_>>().join("\n");
            failure.message = Some(if message.is_empty() { name.to_owned() } else { format!("{name}: {message}") });
            failure.kind = traceback.kind;
            failure.log_lines = Some((first, traceback.lines.1.max(first)));
            index += taken;
        } else {
            if failure.message.is_none() && failure.nature == Nature::Load && text.starts_with("ImportError: ") {
                failure.message = Some(text.to_owned());
            }
            index += 1;
        }
    }
    failure.place_on_stack();
    (failure, index)
}

/// The lines below an exception's first one that still belong to its message.
fn following(lines: &[Line<'_>]) -> Vec<String> {
    let texts = lines.iter().map(|line| line.text).take(8);
    let message = texts.take_while(|text| {
        !is_ruler(text, '=') && !is_ruler(text, '-') && !text.starts_with("---") && !RAN.is_match(text)
    });
    let mut message: Vec<String> = message.map(str::to_owned).collect();
    while message.last().is_some_and(String::is_empty) {
        message.pop();
    }
    message
}

/// `test_a (pkg.mod.Case)` → `pkg.mod.Case.test_a`, with what names a subtest behind it.
fn dotted(name: &str) -> String {
    let name = name.strip_prefix("Doctest: ").unwrap_or(name).trim();
    let Some(found) = NAME.captures(name) else { return name.to_owned() };
    let (test, class, rest) = (&found[1], &found[2], found[3].trim());
    let base = if class.ends_with(&format!(".{test}")) {
        class.to_owned()
    } else if class.contains("_FailedTest") || class.contains("ModuleImportFailure") {
        test.to_owned()
    } else {
        format!("{class}.{test}")
    };
    if rest.is_empty() { base } else { format!("{base} {rest}") }
}

/// The same test twice (a subtest's parent, a rerun) is one failure.
fn merge(failures: &mut Vec<Failure>) {
    let mut known = std::collections::HashSet::new();
    failures.retain(|failure| known.insert(failure.test.clone()));
}
