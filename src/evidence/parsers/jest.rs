//! jest: blocks `● suite › name`, suites that can't run, snapshots, coverage thresholds.
//!
//! jest repeats all blocks under `Summary of all failing tests` when there are many; a repeated block is the same
//! failure. Format: the default reporter, jest 15 to 30.

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::{is_foreign, javascript, repository_path};
use crate::evidence::{Failure, Line, Nature};

/// jest.
pub static TOOL: Tool =
    Tool { name: "jest", marks: &["● ", "Test Suites: ", "Jest: \"", "coverage threshold for"], parse };

static FILE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:FAIL|PASS) +(?:\S+ )??(\S+\.[\w.]+)(?: \([\d.]+ ?m?s\))?$")
        .expect("the pattern is constant and tested")
});
static BLOCK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s{0,4}● (.+)$").expect("the pattern is constant and tested"));
static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:thrown: |Uncaught )?([A-Z]\w*(?:Error|Exception|Warning)):? ?(.*)$")
        .expect("the pattern is constant and tested")
});
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:SyntaxError: )?(?:\S+: )?(/?[\w@./\\-]+\.[cm]?[jt]sx?)[:(](\d+)[:,](\d+)\)?")
        .expect("the pattern is constant and tested")
});
static THRESHOLD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^\s*Jest: .*(?:coverage )?threshold for .* not met"#).expect("the pattern is constant and tested")
});

/// The most lines of one block.
const LINES: usize = 100;

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let ran = lines.iter().any(|line| {
        line.text.trim_start().starts_with("Test Suites: ") || line.text.trim_start().starts_with("Tests:  ")
    });
    let mut failures: Vec<Failure> = Vec::new();
    let mut threshold = None;
    let mut file: Option<PathBuf> = None;
    let mut index = 0;
    while index < lines.len() && failures.len() < MOST_FAILURES {
        let text = lines[index].text;
        let start = text.trim_start();
        if start.starts_with("FAIL ") || start.starts_with("PASS ") {
            if let Some(found) = FILE.captures(text) {
                file = Some(repository_path(&found[1]));
            }
        } else if start.starts_with("● ")
            && let Some(found) = BLOCK.captures(text).filter(|found| is_failure(&found[1], &lines[index..]))
        {
            let (failure, taken) = block(&found[1], file.as_ref(), &lines[index..]);
            failures.push(failure);
            index += taken;
            continue;
        } else if start.starts_with("Jest: ") && THRESHOLD.is_match(text) {
            threshold.get_or_insert(&lines[index]);
        }
        index += 1;
    }
    merge(&mut failures);
    if let Some(line) = threshold.filter(|_| failures.is_empty()) {
        failures.push(Failure {
            kind: Some("coverage".to_owned()),
            message: Some(line.text.trim().to_owned()),
            log_lines: Some((line.number, line.number)),
            nature: Nature::Threshold,
            ..Failure::default()
        });
    }
    (ran || !failures.is_empty()).then_some(Parsed { tool: "jest".into(), failures, key_lines: None })
}

/// `● Console`, `● Validation Warning` and their like are no failures; a failure has a reason below it.
fn is_failure(title: &str, lines: &[Line<'_>]) -> bool {
    const NOTES: &[&str] = &[
        "Console",
        "Validation Warning",
        "Deprecation Warning",
        "Multiple configs",
        "Cannot log after tests are done",
        "process.exit called",
    ];
    !NOTES.iter().any(|note| title.trim_start().starts_with(note))
        && !title.ends_with("has been deprecated")
        && lines.iter().skip(1).take(3).any(|line| line.text.starts_with(' ') || line.text.is_empty())
}

fn block(title: &str, file: Option<&PathBuf>, lines: &[Line<'_>]) -> (Failure, usize) {
    let first = lines.first().map_or(0, |line| line.number);
    let title = title.trim();
    let suite_failed = title.ends_with("Test suite failed to run");
    let mut failure = Failure {
        test: if suite_failed { file.map(|file| file.display().to_string()) } else { Some(title.to_owned()) },
        file: file.cloned(),
        log_lines: Some((first, first)),
        nature: if suite_failed { Nature::Load } else { Nature::Test },
        ..Failure::default()
    };
    let mut end = 1;
    let mut stated: Option<(PathBuf, u32, u32)> = None;
    for (index, line) in lines.iter().enumerate().skip(1).take(LINES) {
        let text = line.text;
        let start = text.trim_start();
        let is_end = start.starts_with("● ")
            || start.starts_with("FAIL ")
            || start.starts_with("PASS ")
            || start.starts_with("Test Suites: ")
            || start.starts_with("Snapshot Summary");
        if is_end {
            break;
        }
        end = index + 1;
        if let Some(found) = javascript::frame(text) {
            failure.stack.insert(0, found.frame.clone());
            if failure.line.is_none() && !is_foreign(&found.frame.file.to_string_lossy()) {
                (failure.file, failure.line, failure.column) =
                    (Some(found.frame.file), Some(found.frame.line), found.column);
            }
            failure.log_lines = Some((first, line.number));
        } else if !start.is_empty() && failure.stack.is_empty() {
            read_reason(&mut failure, text, &mut stated);
            failure.log_lines = Some((first, line.number));
        }
    }
    if failure.line.is_none()
        && let Some((file, line, column)) = stated
    {
        (failure.file, failure.line, failure.column) = (Some(file), Some(line), Some(column));
    }
    (failure, end)
}

fn read_reason(failure: &mut Failure, text: &str, stated: &mut Option<(PathBuf, u32, u32)>) {
    let start = text.trim();
    if stated.is_none()
        && let Some(found) = PLACE.captures(text)
        && let (Ok(line), Ok(column)) = (found[2].parse(), found[3].parse())
    {
        *stated = Some((repository_path(&found[1]), line, column));
    }
    if start.contains("toMatchSnapshot")
        || start.contains("toMatchInlineSnapshot")
        || start.contains("does not match stored snapshot")
    {
        failure.nature = Nature::Snapshot;
    }
    if start.contains("Exceeded timeout of") || start.contains("Async callback was not invoked within") {
        failure.nature = Nature::Timeout;
    }
    match &mut failure.message {
        None => {
            failure.kind = ERROR.captures(start).map(|found| found[1].to_owned());
            failure.message = Some(start.to_owned());
        }
        Some(message) if message.len() < 300 && !start.starts_with('>') && !start.contains(" | ") => {
            *message = format!("{message}\n{start}");
        }
        Some(_) => {}
    }
}

/// Repeated blocks are one failure; one whose own file is not known takes the other's.
fn merge(failures: &mut Vec<Failure>) {
    let mut known: std::collections::HashMap<(Option<String>, Option<u32>), ()> = std::collections::HashMap::new();
    failures.retain(|failure| known.insert((failure.test.clone(), failure.line), ()).is_none());
}
