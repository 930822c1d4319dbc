//! Test tools of compiled languages: googletest, ctest, Catch2, .NET's `dotnet test`, ScalaTest, Swift's XCTest.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line};

/// googletest.
pub static GTEST_TOOL: Tool = Tool { name: "googletest", marks: &["[  FAILED  ]"], parse: gtest };
/// ctest.
pub static CTEST_TOOL: Tool =
    Tool { name: "ctest", marks: &["The following tests FAILED:", "***Failed", "***Exception"], parse: ctest };
/// `dotnet test`.
pub static DOTNET_TOOL: Tool =
    Tool { name: "dotnet test", marks: &["Error Message:", "[FAIL]", "Test Run Failed"], parse: dotnet };
/// ScalaTest.
pub static SCALATEST_TOOL: Tool = Tool { name: "scalatest", marks: &["*** FAILED ***"], parse: scalatest };
/// XCTest.
pub static XCTEST_TOOL: Tool = Tool { name: "xctest", marks: &[": error: -["], parse: xctest };

static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\S+?\.\w+):(\d+): (?:Failure|FAILED:|error:)\s*(.*)$").expect("the pattern is constant and tested")
});
static GTEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\[  FAILED  \] (\S+?)(?:, where .*)?(?: \(\d+ ms\))?$").expect("the pattern is constant and tested")
});
static CTEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\d+ - (\S.*?) \((Failed|Timeout|SEGFAULT|Subprocess aborted|Exit code.*|Not Run|\w+)\)")
        .expect("the pattern is constant and tested")
});
static DOTNET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:Failed|X|✗) (\S.*?) \[(?:< )?[\d., ]+ ?m?s(?: \d+ ?m?s)?\]$")
        .expect("the pattern is constant and tested")
});
static XUNIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:\[xUnit\.net [\d:.]+\])?\s+(\S.*?) \[FAIL\]$").expect("the pattern is constant and tested")
});
static DOTNET_FRAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*at .+ in (.+?):line (\d+)$").expect("the pattern is constant and tested"));
static SCALA: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\[\w+\]\s*)?- (.+?) \*\*\* FAILED \*\*\*").expect("the pattern is constant and tested")
});
static SCALA_PLACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\((\w+\.scala):(\d+)\)").expect("the pattern is constant and tested"));
static XCTEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\S+?\.(?:swift|m|mm)):(\d+): error: -\[(\S+) (\S+)\] : (.*)$")
        .expect("the pattern is constant and tested")
});

/// The most lines that belong to one failure.
const BLOCK: usize = 40;

fn add(failures: &mut Vec<Failure>, failure: Failure) {
    if failures.len() < MOST_FAILURES && !failures.iter().any(|known| known.test == failure.test) {
        failures.push(failure);
    }
}

fn named(name: &str, number: usize) -> Failure {
    Failure { test: Some(name.to_owned()), log_lines: Some((number, number)), ..Failure::default() }
}

fn gtest(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.text.starts_with("[  FAILED  ] ")) {
        let Some(found) = GTEST.captures(line.text).filter(|found| found[1].contains('.')) else { continue };
        let mut failure = named(&found[1], line.number);
        // The reason stands before the verdict, behind the test's own `[ RUN      ]`.
        let run = format!("[ RUN      ] {}", &found[1]);
        let start = (index.saturating_sub(BLOCK)..index).rev().find(|start| lines[*start].text == run);
        for (offset, above) in lines[start.unwrap_or(index)..index].iter().enumerate() {
            if let Some(place) = PLACE.captures(above.text) {
                (failure.file, failure.line) = (Some(repository_path(&place[1])), place[2].parse().ok());
                let next = lines.get(start.unwrap_or(index) + offset + 1).map_or("", |next| next.text);
                failure.message = Some(next.trim().to_owned()).filter(|message| !message.is_empty());
                failure.log_lines = Some((above.number, line.number));
                break;
            }
        }
        add(&mut failures, failure);
    }
    (!failures.is_empty()).then_some(Parsed { tool: "googletest".into(), failures, key_lines: None })
}

fn ctest(lines: &[Line<'_>]) -> Option<Parsed> {
    let start = lines.iter().position(|line| line.text.contains("The following tests FAILED:"))?;
    let mut failures: Vec<Failure> = Vec::new();
    for line in lines[start + 1..].iter().take(MOST_FAILURES) {
        let Some(found) = CTEST.captures(line.text) else { break };
        add(
            &mut failures,
            Failure {
                kind: Some(found[2].to_owned()),
                message: Some(found[2].to_owned()),
                ..named(&found[1], line.number)
            },
        );
    }
    (!failures.is_empty()).then_some(Parsed { tool: "ctest".into(), failures, key_lines: None })
}

fn dotnet(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let text = line.text;
        let found = if text.ends_with("[FAIL]") {
            XUNIT.captures(text)
        } else if text.ends_with(']') {
            DOTNET.captures(text)
        } else {
            None
        };
        let Some(found) = found else { continue };
        let mut failure = named(&found[1], line.number);
        for below in lines[index + 1..].iter().take(BLOCK) {
            let text = below.text.trim();
            if XUNIT.is_match(below.text) || DOTNET.is_match(below.text) {
                break;
            }
            if let Some(place) = DOTNET_FRAME.captures(below.text) {
                (failure.file, failure.line) = (Some(repository_path(&place[1])), place[2].parse().ok());
                failure.log_lines = Some((line.number, below.number));
                break;
            }
            if failure.message.is_none() && !text.is_empty() && text != "Error Message:" {
                failure.message = Some(text.trim_start_matches(['[', ']']).to_owned());
            }
        }
        match failures.iter_mut().find(|known| known.test == failure.test) {
            Some(known) if known.line.is_none() => *known = failure,
            Some(_) => {}
            None => add(&mut failures, failure),
        }
    }
    (!failures.is_empty()).then_some(Parsed { tool: "dotnet test".into(), failures, key_lines: None })
}

fn scalatest(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.text.contains("*** FAILED ***")) {
        let Some(found) = SCALA.captures(line.text) else { continue };
        let mut failure = named(&found[1], line.number);
        for below in lines[index + 1..].iter().take(4) {
            failure.message.get_or_insert_with(|| below.text.trim_start_matches("[info]").trim().to_owned());
            if let Some(place) = SCALA_PLACE.captures(below.text) {
                (failure.file, failure.line) = (Some(repository_path(&place[1])), place[2].parse().ok());
                failure.log_lines = Some((line.number, below.number));
                break;
            }
        }
        add(&mut failures, failure);
    }
    (!failures.is_empty()).then_some(Parsed { tool: "scalatest".into(), failures, key_lines: None })
}

fn xctest(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    for line in lines.iter().filter(|line| line.text.contains(": error: -[")) {
        let Some(found) = XCTEST.captures(line.text) else { continue };
        add(
            &mut failures,
            Failure {
                file: Some(repository_path(&found[1])),
                line: found[2].parse().ok(),
                message: Some(found[5].to_owned()),
                ..named(&format!("{}.{}", &found[3], &found[4]), line.number)
            },
        );
    }
    (!failures.is_empty()).then_some(Parsed { tool: "xctest".into(), failures, key_lines: None })
}
