//! The Test Anything Protocol, versions 12 to 14: `not ok 1 - name` with a YAML block below it.
//!
//! Specification: <https://testanything.org/tap-version-14-specification.html>. `node --test` writes TAP too, and has
//! its own parser.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::{javascript, repository_path};
use crate::evidence::{Failure, Line};

/// TAP.
pub static TOOL: Tool = Tool { name: "tap", marks: &["TAP version", "not ok "], parse };

static PLAN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*(?:TAP version \d+|1\.\.\d+)").expect("the pattern is constant and tested"));
static NOT_OK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\s*)not ok (?:\d+)?\s*-?\s*(.*?)(?:\s+#\s*(?i:(todo|skip)\b).*)?$")
        .expect("the pattern is constant and tested")
});
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*at: (?:.*\()?(\S+?):(\d+):(\d+)\)?$").expect("the pattern is constant and tested")
});
static BATS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^# \((?:from function .* )?in (?:test )?file (\S+?), line (\d+)")
        .expect("the pattern is constant and tested")
});

/// The most lines of one test's details.
const BLOCK: usize = 60;

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    // node's own reporter ends with counts that TAP does not know.
    let is_node = lines.iter().any(|line| line.text.starts_with("# duration_ms"));
    if is_node || !lines.iter().any(|line| PLAN.is_match(line.text)) {
        return None;
    }
    let mut failures: Vec<(usize, Failure)> = Vec::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.text.contains("not ok")) {
        let Some(found) = NOT_OK.captures(line.text).filter(|found| found.get(3).is_none()) else { continue };
        let indent = found[1].len();
        // A parent comes after its children and fails because of them.
        let of_child = failures.last().is_some_and(|(of, _)| *of > indent);
        if !of_child {
            failures.push((indent, details(&found[2], &lines[index..])));
        }
        if failures.len() >= MOST_FAILURES {
            break;
        }
    }
    let failures = failures.into_iter().map(|(_, failure)| failure).collect();
    Some(Parsed { tool: "tap".into(), failures, key_lines: None })
}

fn details(name: &str, lines: &[Line<'_>]) -> Failure {
    let first = lines.first().map_or(0, |line| line.number);
    let mut failure =
        Failure { test: Some(name.trim().to_owned()), log_lines: Some((first, first)), ..Failure::default() };
    for line in lines.iter().skip(1).take(BLOCK) {
        let text = line.text.trim();
        if text.starts_with("ok ") || text.starts_with("not ok ") || text == "..." || text.starts_with("# Subtest") {
            break;
        }
        failure.log_lines = Some((first, line.number));
        if let Some(found) = PLACE.captures(line.text).or_else(|| BATS.captures(text)) {
            (failure.file, failure.line) = (Some(repository_path(&found[1])), found[2].parse().ok());
            failure.column = found.get(3).and_then(|column| column.as_str().parse().ok());
        } else if let Some(found) = javascript::frame(line.text) {
            failure.stack.insert(0, found.frame);
        } else if failure.message.is_none()
            && let Some(message) =
                ["message:", "error:", "operator:", "#"].iter().find_map(|key| text.strip_prefix(key))
        {
            failure.message =
                Some(message.trim().trim_matches(['"', '\'']).to_owned()).filter(|message| !message.is_empty());
        }
    }
    if failure.line.is_none() {
        failure.place_on_stack();
    }
    failure
}
