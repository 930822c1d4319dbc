//! vitest: ` FAIL  file > suite > name` blocks with a code frame, suites that can't be loaded, snapshots.
//!
//! Format: the default reporter of vitest 0.x to 3.x (`|project|` after `FAIL` in workspaces).

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::{is_foreign, javascript, repository_path};
use crate::evidence::{Failure, Line, Nature};

/// vitest.
pub static TOOL: Tool = Tool {
    name: "vitest",
    marks: &[" Failed Tests ", " Failed Suites ", " RUN  v", " Test Files  ", " DEV  v", "Unhandled Errors", " FAIL  "],
    parse,
};

static HEADING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*FAIL  ?(?:\|[^|]+\| |\S+ \|)? ?(.+)$").expect("the pattern is constant and tested")
});
static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*([A-Z]\w*(?:Error|Exception)?): (.*)$").expect("the pattern is constant and tested")
});

/// The most lines of one block.
const BLOCK: usize = 120;

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let is_ours = lines.iter().any(|line| {
        let text = line.text.trim_start();
        text.starts_with("RUN  v")
            || text.starts_with("DEV  v")
            || text.starts_with("Test Files  ")
            || text.contains("⎯⎯ Failed ")
    });
    if !is_ours {
        return None;
    }
    let mut failures: Vec<Failure> = Vec::new();
    let mut index = 0;
    while index < lines.len() && failures.len() < MOST_FAILURES {
        let text = lines[index].text;
        let heading =
            Some(text).filter(|text| text.trim_start().starts_with("FAIL ")).and_then(|text| HEADING.captures(text));
        match heading {
            Some(found) => {
                let (failure, taken) = block(&found[1], &lines[index..]);
                failures.push(failure);
                index += taken;
            }
            None => index += 1,
        }
    }
    share_reasons(&mut failures);
    let mut known = std::collections::HashSet::new();
    failures.retain(|failure| known.insert((failure.test.clone(), failure.file.clone())));
    Some(Parsed { tool: "vitest".into(), failures, key_lines: None })
}

fn block(heading: &str, lines: &[Line<'_>]) -> (Failure, usize) {
    let first = lines.first().map_or(0, |line| line.number);
    let (file, is_test) = match heading.split_once(" > ") {
        Some((file, _)) => (file.trim(), true),
        None => (heading.split(" [ ").next().unwrap_or(heading).trim(), false),
    };
    let mut failure = Failure {
        test: Some(if is_test { heading.trim().to_owned() } else { file.to_owned() }),
        file: Some(repository_path(file)),
        log_lines: Some((first, first)),
        nature: if is_test { Nature::Test } else { Nature::Load },
        ..Failure::default()
    };
    let mut end = 1;
    for (index, line) in lines.iter().enumerate().skip(1).take(BLOCK) {
        let text = line.text.trim();
        // Tests that failed in the same way share one block: their headings follow each other.
        if text.starts_with("⎯⎯") || text.starts_with("FAIL ") {
            break;
        }
        end = index + 1;
        if let Some(found) = javascript::frame(line.text) {
            failure.stack.insert(0, found.frame.clone());
            if failure.line.is_none() && !is_foreign(&found.frame.file.to_string_lossy()) {
                (failure.file, failure.line, failure.column) =
                    (Some(found.frame.file), Some(found.frame.line), found.column);
            }
            failure.log_lines = Some((first, line.number));
        } else if failure.message.is_none() && !text.is_empty() {
            match ERROR.captures(text) {
                Some(found) => {
                    (failure.kind, failure.message) =
                        (Some(found[1].to_owned()), Some(format!("{}: {}", &found[1], &found[2])))
                }
                None => failure.message = Some(text.to_owned()),
            }
            failure.log_lines = Some((first, line.number));
        }
    }
    if failure.message.as_deref().is_some_and(|message| message.contains("Snapshot `")) {
        failure.nature = Nature::Snapshot;
    }
    (failure, end)
}

/// Headings without a reason of their own have that of the block that follows them.
fn share_reasons(failures: &mut [Failure]) {
    for index in (0..failures.len().saturating_sub(1)).rev() {
        if failures[index].message.is_none() {
            let next = failures[index + 1].clone();
            let failure = &mut failures[index];
            (failure.kind, failure.message, failure.nature) = (next.kind, next.message, next.nature);
            if failure.line.is_none() && failure.file.is_some() && failure.nature == Nature::Test {
                (failure.file, failure.line, failure.column, failure.stack) =
                    (next.file, next.line, next.column, next.stack);
            }
        }
    }
}
