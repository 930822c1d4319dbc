//! mocha: the numbered list at the end (`1) suite sub: name`), by most of its reporters.
//!
//! The progress shows `1) name` too; only entries behind `N failing` count. jasmine's list (`1) suite name`,
//! `Message:`, `Stack:`) is of the same form behind `Failures:`.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::javascript;
use crate::evidence::{Failure, Line, Nature};

/// mocha.
pub static TOOL: Tool = Tool { name: "mocha", marks: &[" failing", " passing", "# failing"], parse };

static FAILING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:✖ )?(\d+) (?:of \d+ tests? )?failing").expect("the pattern is constant and tested")
});
static PASSING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*(?:✔ )?\d+ passing").expect("the pattern is constant and tested"));
static ENTRY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s{1,4}(\d+)\) (.+)$").expect("the pattern is constant and tested"));
static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:Uncaught )?([A-Z][\w.]*(?:Error|Exception|Failure)?)(?: \[\w+\])?: (.*)$")
        .expect("the pattern is constant and tested")
});

/// The most lines of one entry.
const BLOCK: usize = 120;

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    let mut ran = false;
    // Set to the number of failures while entries are awaited.
    let mut awaited = 0_usize;
    let mut index = 0;
    while index < lines.len() && failures.len() < MOST_FAILURES {
        let text = lines[index].text;
        ran |= text.contains(" passing") && PASSING.is_match(text);
        if let Some(found) = Some(text).filter(|text| text.contains(" failing")).and_then(|text| FAILING.captures(text))
        {
            ran = true;
            awaited = found[1].parse().unwrap_or(MOST_FAILURES).min(MOST_FAILURES);
        } else if awaited > 0 && text.trim_start().starts_with(|c: char| c.is_ascii_digit()) && ENTRY.is_match(text) {
            let (failure, taken) = entry(&lines[index..]);
            failures.push(failure);
            awaited -= 1;
            index += taken;
            continue;
        }
        index += 1;
    }
    let mut known = std::collections::HashSet::new();
    failures.retain(|failure| known.insert((failure.test.clone(), failure.message.clone())));
    ran.then_some(Parsed { tool: "mocha".into(), failures, key_lines: None })
}

fn entry(lines: &[Line<'_>]) -> (Failure, usize) {
    let first = lines.first().map_or(0, |line| line.number);
    let mut titles: Vec<&str> = Vec::new();
    let mut named = false;
    let mut failure = Failure { log_lines: Some((first, first)), ..Failure::default() };
    let mut end = 1;
    for (index, line) in lines.iter().enumerate().take(BLOCK) {
        let text = line.text;
        if index > 0
            && (ENTRY.is_match(text) && named && !text.trim_start().starts_with("at ") || FAILING.is_match(text))
        {
            break;
        }
        end = index + 1;
        if !named {
            let title = if index == 0 {
                ENTRY.captures(text).and_then(|found| found.get(2)).map_or("", |title| title.as_str())
            } else {
                text.trim()
            };
            named = title.is_empty() || title.ends_with(':') || titles.len() > 12;
            if index > 0 && ERROR.is_match(text) && !title.ends_with(':') {
                named = true;
            } else {
                titles.push(title.strip_suffix(':').unwrap_or(title));
                continue;
            }
        }
        if let Some(frame) = javascript::frame(text) {
            failure.stack.insert(0, frame.frame.clone());
            if failure.line.is_none() && !crate::evidence::stack::is_foreign(&frame.frame.file.to_string_lossy()) {
                (failure.file, failure.line, failure.column) =
                    (Some(frame.frame.file), Some(frame.frame.line), frame.column);
            }
            failure.log_lines = Some((first, line.number));
        } else if failure.message.is_none() && !text.trim().is_empty() {
            failure.log_lines = Some((first, line.number));
            match ERROR.captures(text) {
                Some(found) => (failure.kind, failure.message) = (Some(found[1].to_owned()), Some(found[2].to_owned())),
                None => failure.message = Some(text.trim().to_owned()),
            }
        } else if failure.stack.is_empty()
            && !text.trim().is_empty()
            && let Some(message) = failure.message.as_mut().filter(|message| message.len() < 300)
        {
            *message = format!("{message}\n{}", text.trim());
        }
    }
    if failure.message.as_deref().is_some_and(|message| message.starts_with("Timeout of ")) {
        failure.nature = Nature::Timeout;
    }
    failure.test = Some(titles.iter().filter(|title| !title.is_empty()).copied().collect::<Vec<_>>().join(" "));
    (failure, end)
}
