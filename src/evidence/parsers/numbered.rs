//! Frameworks that end with a numbered list of failures: RSpec, minitest, PHPUnit, Playwright, Cypress, ExUnit.
//!
//! - RSpec: `  1) Class#method does it`, `Failure/Error: …`, `# ./spec/a_spec.rb:3:in …`, and `rspec ./spec/a_spec.rb:3`.
//! - minitest: `  1) Failure:`, `TestA#test_b [test/a_test.rb:3]:`.
//! - PHPUnit: `1) Tests\FooTest::testBar`, the message, then `/app/tests/FooTest.php:12`.
//! - Playwright: `  1) [chromium] › tests/a.spec.ts:3:1 › suite › name ────`.
//! - ExUnit: `  1) test name (Module)`, `     test/a_test.exs:5`.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::{is_foreign, repository_path};
use crate::evidence::{Failure, Line, Nature};

/// RSpec.
pub static RSPEC_TOOL: Tool = Tool { name: "rspec", marks: &["Failure/Error:", "Failed examples:"], parse: rspec };
/// minitest.
pub static MINITEST_TOOL: Tool =
    Tool { name: "minitest", marks: &[") Failure:", ") Error:", "runs, ", " assertions, "], parse: minitest };
/// PHPUnit.
pub static PHPUNIT_TOOL: Tool = Tool { name: "phpunit", marks: &["PHPUnit ", "FAILURES!", "ERRORS!"], parse: phpunit };
/// Playwright.
pub static PLAYWRIGHT_TOOL: Tool = Tool { name: "playwright", marks: &["] › "], parse: playwright };
/// ExUnit.
pub static EXUNIT_TOOL: Tool = Tool { name: "exunit", marks: &["(Ecto", ".exs:", "** (ExUnit"], parse: exunit };

static ENTRY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s{0,4}(\d+)\) (.+?)\s*─*$").expect("the pattern is constant and tested"));
static RUBY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:# )?(\S+?\.rb):(\d+)(?::in .*)?$").expect("the pattern is constant and tested")
});
static MINITEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*([\w:]+#[^\[]+?)(?: \[(\S+?):(\d+)\])?:$").expect("the pattern is constant and tested")
});
static PHP: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(\S+\.php):(\d+)$").expect("the pattern is constant and tested"));
static PLAYWRIGHT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s{0,4}\d+\) (?:\[([^\]]+)\] › )?(\S+?):(\d+):(\d+) › (.+?)\s*─*$")
        .expect("the pattern is constant and tested")
});
static EXUNIT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s+\d+\) (test .+?) \(([\w.]+)\)$").expect("the pattern is constant and tested"));
static EXS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s+(\S+\.exs?):(\d+)(?:: .*)?$").expect("the pattern is constant and tested"));
static AT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*at (?:.*\()?(\S+?\.[cm]?[jt]sx?):(\d+):(\d+)\)?$").expect("the pattern is constant and tested")
});

/// The most lines of one entry.
const BLOCK: usize = 80;

/// An entry's lines: from its heading to the next one.
fn entries<'a, 'log>(lines: &'a [Line<'log>], is_heading: impl Fn(&str) -> bool) -> Vec<&'a [Line<'log>]> {
    let starts: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| is_heading(line.text))
        .map(|(index, _)| index)
        .take(MOST_FAILURES)
        .collect();
    starts
        .iter()
        .enumerate()
        .map(|(position, &start)| {
            let end = starts.get(position + 1).copied().unwrap_or(lines.len()).min(start + BLOCK);
            &lines[start..end]
        })
        .collect()
}

fn is_entry(text: &str) -> bool {
    text.contains(") ") && ENTRY.is_match(text)
}

fn finish(tool: &'static str, mut failures: Vec<Failure>) -> Option<Parsed> {
    let mut known = std::collections::HashSet::new();
    failures.retain(|failure| known.insert((failure.test.clone(), failure.message.clone())));
    (!failures.is_empty()).then_some(Parsed { tool: tool.into(), failures, key_lines: None })
}

fn opened(name: String, lines: &[Line<'_>]) -> Failure {
    let first = lines.first().map_or(0, |line| line.number);
    Failure { test: Some(name), log_lines: Some((first, first)), ..Failure::default() }
}

fn rspec(lines: &[Line<'_>]) -> Option<Parsed> {
    let failures = entries(lines, is_entry)
        .into_iter()
        .filter(|entry| entry.iter().any(|line| line.text.contains("Failure/Error:")));
    let failures = failures.map(|entry| {
        let name =
            entry.first().and_then(|line| ENTRY.captures(line.text)).map_or(String::new(), |found| found[2].to_owned());
        let mut failure = opened(name, entry);
        let mut awaited = false;
        for line in &entry[1..] {
            let text = line.text.trim();
            if let Some(found) = RUBY.captures(line.text) {
                if failure.line.is_none() && !is_foreign(&found[1]) {
                    (failure.file, failure.line) = (Some(repository_path(&found[1])), found[2].parse().ok());
                    failure.log_lines = failure.log_lines.map(|(first, _)| (first, line.number));
                }
            } else if text.starts_with("Failure/Error:") {
                awaited = true;
            } else if awaited
                && !text.is_empty()
                && failure.message.as_deref().is_none_or(|message| message.len() < 300)
                && failure.line.is_none()
            {
                failure.message = Some(match failure.message.take() {
                    Some(message) => format!("{message}\n{text}"),
                    None => text.to_owned(),
                });
            }
        }
        failure
    });
    finish("rspec", failures.collect())
}

fn minitest(lines: &[Line<'_>]) -> Option<Parsed> {
    let is_heading = |text: &str| text.contains(") Failure:") || text.contains(") Error:");
    let failures = entries(lines, is_heading).into_iter().filter_map(|entry| {
        let (index, found) =
            entry.iter().enumerate().take(4).find_map(|(index, line)| Some((index, MINITEST.captures(line.text)?)))?;
        let mut failure = opened(found[1].trim().to_owned(), entry);
        failure.file = found.get(2).map(|file| repository_path(file.as_str()));
        failure.line = found.get(3).and_then(|line| line.as_str().parse().ok());
        failure.message =
            entry.get(index + 1).map(|line| line.text.trim().to_owned()).filter(|message| !message.is_empty());
        if failure.line.is_none() {
            let place = entry.iter().filter_map(|line| RUBY.captures(line.text)).find(|place| !is_foreign(&place[1]));
            (failure.file, failure.line) =
                place.map_or((None, None), |place| (Some(repository_path(&place[1])), place[2].parse().ok()));
        }
        Some(failure)
    });
    finish("minitest", failures.collect())
}

fn phpunit(lines: &[Line<'_>]) -> Option<Parsed> {
    if !lines.iter().any(|line| line.text.starts_with("PHPUnit ") || line.text == "FAILURES!" || line.text == "ERRORS!")
    {
        return None;
    }
    let is_heading = |text: &str| text.contains("::") && is_entry(text);
    let failures = entries(lines, is_heading).into_iter().map(|entry| {
        let name =
            entry.first().and_then(|line| ENTRY.captures(line.text)).map_or(String::new(), |found| found[2].to_owned());
        let mut failure = opened(name, entry);
        for line in &entry[1..] {
            if let Some(found) = PHP.captures(line.text) {
                if !found[1].contains("/vendor/") {
                    (failure.file, failure.line) = (Some(repository_path(&found[1])), found[2].parse().ok());
                    failure.log_lines = failure.log_lines.map(|(first, _)| (first, line.number));
                    break;
                }
            } else if failure.message.is_none() && !line.text.trim().is_empty() {
                failure.message = Some(line.text.trim().to_owned());
            }
        }
        failure
    });
    finish("phpunit", failures.collect())
}

fn playwright(lines: &[Line<'_>]) -> Option<Parsed> {
    let is_heading = |text: &str| text.contains(" › ") && PLAYWRIGHT.is_match(text);
    let failures = entries(lines, is_heading).into_iter().filter_map(|entry| {
        let found = PLAYWRIGHT.captures(entry.first()?.text)?;
        let file = repository_path(&found[2]);
        let mut failure = opened(format!("{} › {}", file.display(), &found[5]), entry);
        for line in &entry[1..] {
            let text = line.text.trim();
            if failure.message.is_none() && !text.is_empty() {
                failure.message = Some(text.to_owned());
                failure.kind = text.split(':').next().filter(|kind| kind.ends_with("Error")).map(str::to_owned);
                failure.log_lines = failure.log_lines.map(|(first, _)| (first, line.number));
                if text.contains("Timeout") || text.contains("timeout of") {
                    failure.nature = Nature::Timeout;
                }
            } else if let Some(place) = AT.captures(line.text).filter(|_| failure.line.is_none())
                && !is_foreign(&place[1])
            {
                (failure.file, failure.line) = (Some(repository_path(&place[1])), place[2].parse().ok());
                failure.column = place[3].parse().ok();
                failure.log_lines = failure.log_lines.map(|(first, _)| (first, line.number));
            }
        }
        if failure.line.is_none() {
            (failure.file, failure.line, failure.column) = (Some(file), found[3].parse().ok(), found[4].parse().ok());
        }
        Some(failure)
    });
    finish("playwright", failures.collect())
}

fn exunit(lines: &[Line<'_>]) -> Option<Parsed> {
    let is_heading = |text: &str| text.contains(") test ") && EXUNIT.is_match(text);
    let failures = entries(lines, is_heading).into_iter().filter_map(|entry| {
        let found = EXUNIT.captures(entry.first()?.text)?;
        let mut failure = opened(format!("{} ({})", &found[1], &found[2]), entry);
        let place = entry.iter().skip(1).find_map(|line| EXS.captures(line.text));
        if let Some(place) = place {
            (failure.file, failure.line) = (Some(repository_path(&place[1])), place[2].parse().ok());
        }
        failure.message =
            entry.iter().skip(2).map(|line| line.text.trim()).find(|text| !text.is_empty()).map(str::to_owned);
        Some(failure)
    });
    finish("exunit", failures.collect())
}
