//! JUnit XML, as pytest, surefire, Gradle, jest-junit, mocha, go-junit-report and others write it; Checkstyle XML.
//!
//! Formats: <https://github.com/testmoapp/junitxml>, <https://checkstyle.org>. Documents with a DTD are refused, so
//! that no entity can be expanded.

use roxmltree::{Document, Node, ParsingOptions};

use super::{MOST_FAILURES, cut};
use crate::evidence::parsers::Parsed;
use crate::evidence::stack::{javascript, jvm, python, repository_path};
use crate::evidence::{Failure, Nature, StackFrame};

/// The most elements of a document.
const NODES: u32 = 2_000_000;

pub(super) fn read(text: &str) -> Option<Parsed> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).ok()?;
    let root = document.root_element();
    match root.tag_name().name() {
        "testsuites" | "testsuite" => Some(Parsed { tool: "junit".into(), failures: tests(root), key_lines: None }),
        "checkstyle" => Some(Parsed { tool: "checkstyle".into(), failures: findings(root), key_lines: None }),
        _ => None,
    }
}

fn tests(root: Node<'_, '_>) -> Vec<Failure> {
    let cases = root.descendants().filter(|node| node.has_tag_name("testcase"));
    let failing = cases.filter_map(|case| {
        let verdict = case.children().find(|child| child.has_tag_name("failure") || child.has_tag_name("error"))?;
        Some(failure(case, verdict))
    });
    failing.take(MOST_FAILURES).collect()
}

fn failure(case: Node<'_, '_>, verdict: Node<'_, '_>) -> Failure {
    let text = verdict.text().unwrap_or("");
    let kind = verdict.attribute("type").map(|kind| kind.rsplit('.').next().unwrap_or(kind).to_owned());
    let message = verdict
        .attribute("message")
        .filter(|message| !message.is_empty())
        .or_else(|| text.lines().find(|line| !line.trim().is_empty()));
    let stack = stack(text);
    let mut failure = Failure {
        test: Some(name(case)),
        kind,
        message: message.map(cut),
        nature: if case.attribute("name").is_none_or(str::is_empty) { Nature::Load } else { Nature::Test },
        stack,
        ..Failure::default()
    };
    failure.place_on_stack();
    if failure.line.is_none() {
        failure.file = case.attribute("file").map(repository_path);
        failure.line = case.attribute("line").and_then(|line| line.parse().ok());
    }
    failure
}

/// `class.name`; where the file is given, pytest's own form of it.
fn name(case: Node<'_, '_>) -> String {
    let name = case.attribute("name").unwrap_or("");
    let class = case.attribute("classname").unwrap_or("");
    match (case.attribute("file"), class) {
        (Some(file), class) if file.ends_with(".py") => {
            let module = file.trim_end_matches(".py").replace('/', ".");
            let inner = class.strip_prefix(&module).unwrap_or("").trim_start_matches('.').replace('.', "::");
            if inner.is_empty() { format!("{file}::{name}") } else { format!("{file}::{inner}::{name}") }
        }
        (_, "") => name.to_owned(),
        (_, class) if name.starts_with(class) => name.to_owned(),
        (_, class) => format!("{class}.{name}"),
    }
}

/// Frames of any language, innermost last.
fn stack(text: &str) -> Vec<StackFrame> {
    let mut outermost_first: Vec<StackFrame> = Vec::new();
    let mut innermost_first: Vec<StackFrame> = Vec::new();
    for line in text.lines().take(500) {
        if let Some(frame) = python::frame(line).or_else(|| pytest_frame(line)) {
            outermost_first.push(frame);
        } else if let Some((frame, _)) = jvm::frame(line) {
            innermost_first.push(frame);
        } else if let Some(found) = javascript::frame(line) {
            innermost_first.push(found.frame);
        }
    }
    innermost_first.reverse();
    outermost_first.extend(innermost_first);
    outermost_first
}

/// `path.py:3: AssertionError`.
fn pytest_frame(line: &str) -> Option<StackFrame> {
    let (file, rest) = line.split_once(".py:")?;
    let number = rest.split(':').next()?.trim().parse().ok()?;
    (!file.is_empty() && !file.contains(' ')).then(|| StackFrame {
        file: repository_path(&format!("{file}.py")),
        line: number,
        function: None,
    })
}

fn findings(root: Node<'_, '_>) -> Vec<Failure> {
    let errors =
        root.descendants().filter(|node| node.has_tag_name("error") && node.attribute("severity") == Some("error"));
    let failures = errors.map(|error| Failure {
        file: error.parent().and_then(|file| file.attribute("name")).map(repository_path),
        line: error.attribute("line").and_then(|line| line.parse().ok()),
        column: error.attribute("column").and_then(|column| column.parse().ok()),
        kind: error.attribute("source").map(|source| source.rsplit('.').next().unwrap_or(source).to_owned()),
        message: error.attribute("message").map(cut),
        nature: Nature::Lint,
        ..Failure::default()
    });
    failures.take(MOST_FAILURES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pytest_s_report_is_read() {
        let text = r#"<?xml version="1.0"?><testsuites><testsuite name="pytest"><testcase classname="tests.test_a.TestA" name="test_b[1]" file="tests/test_a.py" line="3"><failure message="assert 1 == 2">def test():
&gt;       assert 1 == 2
E       assert 1 == 2

tests/test_a.py:6: AssertionError</failure></testcase><testcase classname="tests.test_a" name="test_ok"/></testsuite></testsuites>"#;
        let parsed = read(text).unwrap();
        let [failure] = parsed.failures.as_slice() else { panic!("{parsed:?}") };
        assert_eq!(failure.test.as_deref(), Some("tests/test_a.py::TestA::test_b[1]"));
        assert_eq!((failure.file.as_deref(), failure.line), (Some("tests/test_a.py".as_ref()), Some(6)));
    }

    #[test]
    fn a_document_with_entities_is_refused() {
        let text = r#"<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><testsuites>&c;</testsuites>"#;
        assert_eq!(read(text), None);
    }
}
