//! A plain Node program that died of an uncaught exception, or of a module that it can't find.
//!
//! node prints the place (`/repo/a.js:2`), the line, a caret, the exception with its stack, and `Node.js v20.0.0`
//! (since version 17). Format: <https://nodejs.org/api/errors.html>.

use std::sync::LazyLock;

use regex::Regex;

use super::{Parsed, Tool};
use crate::evidence::stack::{is_foreign, javascript, repository_path};
use crate::evidence::{Failure, Line, Nature};

/// A Node program.
pub static TOOL: Tool = Tool {
    name: "node",
    marks: &["Node.js v", "    at ", "JavaScript heap out of memory", "UnhandledPromiseRejection"],
    parse,
};

static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:Uncaught |\[?)([A-Z]\w*(?:Error|Exception)?)(?: \[(\w+)\])?: (.*)$")
        .expect("the pattern is constant and tested")
});
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^((?:file://)?(?:/|[A-Za-z]:\\|\./)?\S+\.[cm]?[jt]sx?):(\d+)$")
        .expect("the pattern is constant and tested")
});

/// How far from the end of the step a fatal exception may stand, in lines.
const REACH: usize = 80;

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let end = lines.iter().rposition(|line| !line.text.is_empty())?;
    let from = (end + 1).saturating_sub(REACH);
    let last = &lines[from..=end];
    if let Some(line) = last.iter().find(|line| line.text.contains("JavaScript heap out of memory")) {
        let failure = Failure {
            message: Some(line.text.trim().to_owned()),
            log_lines: Some((line.number, line.number)),
            nature: Nature::Crash,
            ..Failure::default()
        };
        return Some(Parsed { tool: "node".into(), failures: vec![failure], key_lines: None });
    }
    let (at, found) = last.iter().enumerate().rev().find_map(|(index, line)| {
        let found = ERROR.captures(line.text)?;
        let has_stack = last[index + 1..].iter().take(12).any(|line| line.text.trim_start().starts_with("at "));
        has_stack.then_some((index, found))
    })?;
    let mut failure = Failure {
        kind: Some(found.get(2).map_or(found[1].to_owned(), |code| code.as_str().to_owned())),
        message: Some(format!("{}: {}", &found[1], &found[3])),
        log_lines: Some((last[at].number, last[at].number)),
        nature: if found[3].starts_with("Cannot find ") { Nature::Load } else { Nature::Crash },
        ..Failure::default()
    };
    for line in last[at + 1..].iter().take(40) {
        let Some(frame) = javascript::frame(line.text) else { continue };
        if failure.line.is_none() && !is_foreign(&frame.frame.file.to_string_lossy()) {
            (failure.file, failure.line, failure.column) =
                (Some(frame.frame.file.clone()), Some(frame.frame.line), frame.column);
        }
        failure.stack.insert(0, frame.frame);
        failure.log_lines = Some((last[at].number, line.number));
    }
    let shown = last[..at].iter().rev().take(6).find_map(|line| PLACE.captures(line.text));
    if let Some(place) = shown.filter(|place| failure.line.is_none() && !is_foreign(&place[1])) {
        (failure.file, failure.line) = (Some(repository_path(&place[1])), place[2].parse().ok());
    }
    Some(Parsed { tool: "node".into(), failures: vec![failure], key_lines: None })
}
