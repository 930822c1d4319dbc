//! `node --test`: TAP (`not ok 1 - name`) and the spec reporter (details behind `✖ failing tests:`).
//!
//! Names are `file > suite > name` where the log names the file. A file or suite that fails only because a test in
//! it did is not a failure of its own. Format: <https://nodejs.org/api/test.html#test-reporters>.

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::{javascript, repository_path};
use crate::evidence::{Failure, Line, Nature};

/// `node --test`.
pub static TOOL: Tool =
    Tool { name: "node --test", marks: &["# tests ", "ℹ tests ", "failing tests:", "duration_ms"], parse };

static SUMMARY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*(?:# |ℹ )(?:tests|pass|fail) \d+$").expect("the pattern is constant and tested"));
static SPEC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\s*)✖ (.+?) \(\d+(?:\.\d+)?ms\)(?: # .*)?$").expect("the pattern is constant and tested")
});
static TAP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\s*)not ok \d+(?: - (.*?))?(?: # (?:TODO|SKIP).*)?$").expect("the pattern is constant and tested")
});
static SUBTEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(\s*)# Subtest: (.+)$").expect("the pattern is constant and tested"));
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:test at |location: ')(.+?):(\d+):(\d+)'?$").expect("the pattern is constant and tested")
});
static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:error: ['|]?-?)?\s*(?:\[?([A-Z]\w*(?:Error|Exception))(?: \[\w+\])?: )?(.*?)'?\]?$")
        .expect("the pattern is constant and tested")
});

/// The most lines of one test's details.
const BLOCK: usize = 120;

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let summary =
        lines.iter().any(|line| (line.text.contains("# ") || line.text.contains('ℹ')) && SUMMARY.is_match(line.text));
    let details = lines.iter().position(|line| line.text.trim().ends_with("failing tests:"));
    if !summary && details.is_none() {
        return None;
    }
    let failures = match details {
        Some(start) => spec(&lines[start + 1..]),
        None => tap(lines),
    };
    Some(Parsed { tool: "node --test".into(), failures, key_lines: None })
}

fn spec(lines: &[Line<'_>]) -> Vec<Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    let mut place: Option<(PathBuf, u32, u32)> = None;
    let mut index = 0;
    while index < lines.len() && failures.len() < MOST_FAILURES {
        let text = lines[index].text;
        if let Some(found) = PLACE.captures(text) {
            place = place_of(&found);
        } else if let Some(found) = Some(text).filter(|text| text.contains('✖')).and_then(|text| SPEC.captures(text))
        {
            let name = found[2].to_owned();
            let (mut failure, taken) =
                details(&name, &lines[index..], |text| PLACE.is_match(text) || SPEC.is_match(text));
            finish(&mut failure, &name, &[], place.take());
            failures.push(failure);
            index += taken;
            continue;
        }
        index += 1;
    }
    failures
}

fn tap(lines: &[Line<'_>]) -> Vec<Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    // Subtests that are open, with their indentation.
    let mut open: Vec<(usize, String)> = Vec::new();
    let mut index = 0;
    while index < lines.len() && failures.len() < MOST_FAILURES {
        let text = lines[index].text;
        if let Some(found) =
            Some(text).filter(|text| text.contains("# Subtest: ")).and_then(|text| SUBTEST.captures(text))
        {
            open.retain(|(indent, _)| *indent < found[1].len());
            if open.len() < 64 {
                open.push((found[1].len(), found[2].to_owned()));
            }
        } else if let Some(found) =
            Some(text).filter(|text| text.contains("not ok ")).and_then(|text| TAP.captures(text))
        {
            let indent = found[1].len();
            let name = found.get(2).map_or("", |name| name.as_str()).to_owned();
            let (mut failure, taken) =
                details(&name, &lines[index..], |text| text.trim() == "..." || text.contains("# Subtest: "));
            let of_children = lines[index..].iter().take(taken).any(|line| {
                let text = line.text.trim();
                text == "failureType: 'subtestsFailed'"
                    || text == "failureType: 'fileTestFailure'"
                    || text.starts_with("type: 'suite'")
            });
            open.retain(|(outer, _)| *outer < indent);
            let has_child = failures
                .iter()
                .any(|known| known.test.as_deref().is_some_and(|test| test.split(" > ").any(|part| part == name)));
            if !(of_children && has_child) {
                let parents: Vec<&str> = open.iter().map(|(_, name)| name.as_str()).collect();
                let place = lines[index..].iter().take(taken).find_map(|line| place_of(&PLACE.captures(line.text)?));
                finish(&mut failure, &name, &parents, place);
                failures.push(failure);
            }
            index += taken;
            continue;
        }
        index += 1;
    }
    failures
}

fn place_of(found: &regex::Captures<'_>) -> Option<(PathBuf, u32, u32)> {
    Some((repository_path(&found[1]), found[2].parse().ok()?, found[3].parse().ok()?))
}

/// Reads what follows a failing test's line.
fn details(name: &str, lines: &[Line<'_>], is_end: impl Fn(&str) -> bool) -> (Failure, usize) {
    let first = lines.first().map_or(0, |line| line.number);
    let mut failure = Failure { test: Some(name.to_owned()), log_lines: Some((first, first)), ..Failure::default() };
    let mut taken = 1;
    for line in lines.iter().skip(1).take(BLOCK) {
        if is_end(line.text) || SUMMARY.is_match(line.text) {
            break;
        }
        taken += 1;
        let text = line.text.trim();
        if text.is_empty() || is_field(text) {
            continue;
        }
        failure.log_lines = Some((first, line.number));
        // In TAP's `stack: |-` frames stand without their `at`.
        let frame = javascript::frame(line.text)
            .or_else(|| javascript::frame(&format!("at {text}")).filter(|_| !text.starts_with("at ")));
        if let Some(found) = frame {
            failure.stack.insert(0, found.frame);
        } else if failure.message.as_deref().is_none_or(str::is_empty) {
            let Some(found) = ERROR.captures(line.text) else { continue };
            failure.kind = failure.kind.take().or(found.get(1).map(|kind| kind.as_str().to_owned()));
            failure.message = Some(found[2].trim_matches(['\'', '"']).to_owned()).filter(|message| message != "|-");
        } else if let Some(name) = text.strip_prefix("name: '") {
            failure.kind = failure.kind.take().or(Some(name.trim_end_matches('\'').to_owned()));
        }
    }
    (failure, taken)
}

/// Names, places and sorts a failure. The innermost own frame says where it failed, else where the test stands.
fn finish(failure: &mut Failure, name: &str, parents: &[&str], place: Option<(PathBuf, u32, u32)>) {
    failure.place_on_stack();
    let file = place.as_ref().map(|place| place.0.clone());
    if failure.line.is_none()
        && let Some((file, line, column)) = place
    {
        (failure.file, failure.line, failure.column) = (Some(file), Some(line), Some(column));
    }
    let is_path = |part: &str| part.contains('/') && part.contains('.');
    let mut parts: Vec<String> = parents.iter().filter(|part| !is_path(part)).map(|part| (*part).to_owned()).collect();
    parts.push(name.to_owned());
    let own_file = file.or_else(|| parents.iter().find(|part| is_path(part)).map(|part| repository_path(part)));
    if let Some(file) = own_file.filter(|file| !name.ends_with(&*file.to_string_lossy())) {
        parts.insert(0, file.display().to_string());
    }
    failure.test = Some(parts.join(" > "));
    failure.nature = if is_path(name) { Nature::Load } else { Nature::Test };
}

fn is_field(text: &str) -> bool {
    [
        "---",
        "...",
        "duration_ms:",
        "type:",
        "failureType:",
        "code:",
        "stack:",
        "location:",
        "expected:",
        "actual:",
        "operator:",
        "exitCode:",
        "signal:",
        "diff:",
    ]
    .iter()
    .any(|field| text.starts_with(field))
}
