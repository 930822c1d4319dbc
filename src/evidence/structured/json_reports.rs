//! JSON reports: eslint, ruff, pylint, pyright, pytest-json-report, jest, vitest, mocha, GitHub annotations, code quality.
//!
//! Each reader looks for the keys that only its format has.

use serde_json::Value;

use super::{MOST_FAILURES, cut, number};
use crate::evidence::parsers::Parsed;
use crate::evidence::stack::{javascript, repository_path};
use crate::evidence::{Failure, Nature};

type Reader = fn(&Value) -> Option<Parsed>;

const READERS: &[Reader] = &[eslint, ruff, pylint, pyright, pytest, jest, mocha, annotations, code_quality];

pub(super) fn read(document: &Value) -> Option<Parsed> {
    READERS.iter().find_map(|reader| reader(document))
}

fn parsed(tool: &'static str, failures: impl Iterator<Item = Failure>) -> Option<Parsed> {
    Some(Parsed { tool: tool.into(), failures: failures.take(MOST_FAILURES).collect(), key_lines: None })
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(cut)
}

/// <https://eslint.org/docs/latest/use/formatters/#json>
fn eslint(document: &Value) -> Option<Parsed> {
    let files = document.as_array()?;
    files.first()?.get("filePath")?;
    let messages = files
        .iter()
        .flat_map(|file| file["messages"].as_array().into_iter().flatten().map(move |message| (file, message)));
    let errors = messages.filter(|(_, message)| message["severity"] == 2);
    parsed(
        "eslint",
        errors.map(|(file, message)| Failure {
            file: file["filePath"].as_str().map(repository_path),
            line: number(&message["line"]),
            column: number(&message["column"]),
            kind: text(&message["ruleId"]),
            message: text(&message["message"]),
            nature: Nature::Lint,
            ..Failure::default()
        }),
    )
}

/// `ruff check --output-format json`
fn ruff(document: &Value) -> Option<Parsed> {
    let findings = document.as_array()?;
    findings.first().filter(|first| first.get("filename").is_some() && first.get("location").is_some())?;
    parsed(
        "ruff",
        findings.iter().map(|finding| Failure {
            file: finding["filename"].as_str().map(repository_path),
            line: number(&finding["location"]["row"]),
            column: number(&finding["location"]["column"]),
            kind: text(&finding["code"]),
            message: text(&finding["message"]),
            nature: Nature::Lint,
            ..Failure::default()
        }),
    )
}

/// `pylint --output-format=json`
fn pylint(document: &Value) -> Option<Parsed> {
    let findings = document.as_array()?;
    findings.first().filter(|first| first.get("message-id").is_some())?;
    parsed(
        "pylint",
        findings.iter().map(|finding| Failure {
            file: finding["path"].as_str().map(repository_path),
            line: number(&finding["line"]),
            column: number(&finding["column"]).map(|column| column + 1),
            kind: text(&finding["symbol"]),
            message: text(&finding["message"]),
            nature: Nature::Lint,
            ..Failure::default()
        }),
    )
}

/// `pyright --outputjson`; its lines and columns count from 0.
fn pyright(document: &Value) -> Option<Parsed> {
    let findings = document.get("generalDiagnostics")?.as_array()?;
    let errors = findings.iter().filter(|finding| finding["severity"] == "error");
    let from_one = |value: &Value| number(value).map(|number| number + 1);
    parsed(
        "pyright",
        errors.map(|finding| Failure {
            file: finding["file"].as_str().map(repository_path),
            line: from_one(&finding["range"]["start"]["line"]),
            column: from_one(&finding["range"]["start"]["character"]),
            kind: text(&finding["rule"]),
            message: text(&finding["message"]),
            nature: Nature::Type,
            ..Failure::default()
        }),
    )
}

/// pytest-json-report.
fn pytest(document: &Value) -> Option<Parsed> {
    document.get("collectors").or(document.get("exitcode"))?;
    let tests = document.get("tests")?.as_array()?;
    let failing = tests.iter().filter(|test| matches!(test["outcome"].as_str(), Some("failed" | "error")));
    parsed(
        "pytest",
        failing.map(|test| {
            let phase = ["call", "setup", "teardown"]
                .iter()
                .map(|phase| &test[*phase])
                .find(|phase| phase["outcome"] == "failed");
            let crash = phase.map_or(&Value::Null, |phase| &phase["crash"]);
            let message = text(&crash["message"]);
            Failure {
                test: text(&test["nodeid"]),
                file: crash["path"].as_str().map(repository_path),
                line: number(&crash["lineno"]),
                kind: message.as_deref().and_then(crate::evidence::stack::python::exception).map(|(kind, _)| kind),
                message,
                ..Failure::default()
            }
        }),
    )
}

/// `jest --json` and vitest's json reporter.
fn jest(document: &Value) -> Option<Parsed> {
    let suites = document.get("testResults")?.as_array()?;
    let tests = suites
        .iter()
        .flat_map(|suite| suite["assertionResults"].as_array().into_iter().flatten().map(move |test| (suite, test)));
    let failing = tests.filter(|(_, test)| test["status"] == "failed");
    let of_suites = suites
        .iter()
        .filter(|suite| suite["status"] == "failed" && suite["assertionResults"].as_array().is_none_or(Vec::is_empty))
        .map(|suite| Failure {
            test: suite["name"].as_str().map(|name| repository_path(name).display().to_string()),
            file: suite["name"].as_str().map(repository_path),
            message: text(&suite["message"]),
            nature: Nature::Load,
            ..Failure::default()
        });
    let of_tests = failing.map(|(suite, test)| {
        let message = test["failureMessages"][0].as_str().unwrap_or("");
        let frames = message.lines().filter_map(javascript::frame).map(|found| found.frame);
        let mut failure = Failure {
            test: text(&test["fullName"]),
            file: suite["name"].as_str().map(repository_path),
            line: number(&test["location"]["line"]),
            message: message.lines().next().map(cut),
            stack: frames.collect::<Vec<_>>().into_iter().rev().collect(),
            ..Failure::default()
        };
        failure.place_on_stack();
        failure
    });
    parsed("jest", of_tests.chain(of_suites))
}

/// mocha's json reporter.
fn mocha(document: &Value) -> Option<Parsed> {
    document.get("stats")?.get("suites")?;
    let failures = document.get("failures")?.as_array()?;
    parsed(
        "mocha",
        failures.iter().map(|test| {
            let stack = test["err"]["stack"].as_str().unwrap_or("");
            let frames: Vec<_> = stack.lines().filter_map(javascript::frame).map(|found| found.frame).collect();
            let mut failure = Failure {
                test: text(&test["fullTitle"]),
                file: test["file"].as_str().map(repository_path),
                message: text(&test["err"]["message"]),
                kind: text(&test["err"]["name"]),
                stack: frames.into_iter().rev().collect(),
                ..Failure::default()
            };
            failure.place_on_stack();
            failure
        }),
    )
}

/// Annotations as GitHub's checks API gives them.
fn annotations(document: &Value) -> Option<Parsed> {
    let all = document.as_array()?;
    all.first()?.get("annotation_level")?;
    let failing = all.iter().filter(|annotation| annotation["annotation_level"] == "failure");
    parsed(
        "annotations",
        failing.map(|annotation| Failure {
            file: annotation["path"].as_str().map(repository_path),
            line: number(&annotation["start_line"]),
            column: number(&annotation["start_column"]),
            kind: text(&annotation["title"]),
            message: text(&annotation["message"]),
            nature: Nature::Lint,
            ..Failure::default()
        }),
    )
}

/// GitLab's code quality report.
fn code_quality(document: &Value) -> Option<Parsed> {
    let all = document.as_array()?;
    all.first().filter(|first| first.get("fingerprint").is_some() && first.get("location").is_some())?;
    parsed(
        "code quality",
        all.iter().map(|issue| Failure {
            file: issue["location"]["path"].as_str().map(repository_path),
            line: number(&issue["location"]["lines"]["begin"])
                .or(number(&issue["location"]["positions"]["begin"]["line"])),
            kind: text(&issue["check_name"]),
            message: text(&issue["description"]),
            nature: Nature::Lint,
            ..Failure::default()
        }),
    )
}
