//! pytest: the `FAILURES` and `ERRORS` sections and the short summary.

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use super::{Parsed, span};
use crate::evidence::{Failure, StackFrame};

static SESSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^=+ (test session starts|FAILURES|ERRORS|short test summary info|\d+ (failed|passed|error).*) =+$")
        .expect("the pattern is constant and tested")
});
static HEADING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^_{3,} (.+?) _{3,}$").expect("the pattern is constant and tested"));
static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\S[^:]*\.py):(\d+): (?:in (\S+)|(\w[\w.]*)\s*)?").expect("the pattern is constant and tested")
});
static SUMMARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:FAILED|ERROR) (\S.*?)(?: - (.*))?$").expect("the pattern is constant and tested")
});

pub(super) fn parse(lines: &[String]) -> Option<Parsed> {
    lines.iter().find(|line| SESSION.is_match(line))?;
    let mut failures = sections(lines);
    for (index, line) in lines.iter().enumerate() {
        let Some(found) = SUMMARY.captures(line).filter(|found| found[1].contains(".py")) else { continue };
        add_summary(&mut failures, &found[1], found.get(2).map(|m| m.as_str()), index + 1);
    }
    failures.retain(|failure| failure.test.is_some() || failure.message.is_some());
    let key_lines = span(&failures);
    Some(Parsed { tool: "pytest", failures, key_lines })
}

/// One failure for each heading of the form `____ test_name ____`.
fn sections(lines: &[String]) -> Vec<Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    let mut inside = false;
    for (index, line) in lines.iter().enumerate() {
        if SESSION.is_match(line) || line.starts_with("====") {
            inside = line.contains(" FAILURES ") || line.contains(" ERRORS ");
            continue;
        }
        if !inside {
            continue;
        }
        if let Some(heading) = HEADING.captures(line) {
            let name = heading[1].trim_start_matches("ERROR collecting ").trim_start_matches("ERROR at setup of ");
            failures.push(Failure {
                test: Some(name.to_owned()),
                log_lines: Some((index + 1, index + 1)),
                ..Failure::default()
            });
        } else if let Some(failure) = failures.last_mut() {
            read_line(failure, line);
            failure.log_lines = failure.log_lines.map(|(first, _)| (first, index + 1));
        }
    }
    failures
}

fn read_line(failure: &mut Failure, line: &str) {
    if let Some(message) = line.strip_prefix("E  ") {
        let message = message.trim();
        if failure.message.is_none() && !message.is_empty() {
            failure.message = Some(message.to_owned());
            let kind = message.split(':').next().unwrap_or("");
            let is_name = kind.ends_with("Error") || kind.ends_with("Exception") || kind.ends_with("Warning");
            failure.kind = is_name.then(|| kind.to_owned());
        }
    } else if let Some(frame) = FRAME.captures(line) {
        let Ok(number) = frame[2].parse() else { return };
        let file = PathBuf::from(&frame[1]);
        failure.file = Some(file.clone());
        failure.line = Some(number);
        if failure.kind.is_none() {
            failure.kind = frame.get(4).map(|kind| kind.as_str().to_owned());
        }
        let function = frame.get(3).map(|function| function.as_str().to_owned());
        failure.stack.push(StackFrame { file, line: number, function });
    }
}

/// The summary knows the whole id; a section is matched by the id's last part.
fn add_summary(failures: &mut Vec<Failure>, id: &str, message: Option<&str>, line: usize) {
    let name = id.rsplit_once(".py::").map_or(id, |(_, name)| name).replace("::", ".");
    if failures.iter().any(|failure| failure.test.as_deref() == Some(id)) {
        return;
    }
    if let Some(known) = failures.iter_mut().find(|failure| failure.test.as_deref() == Some(&name)) {
        known.test = Some(id.to_owned());
        return;
    }
    failures.push(Failure {
        test: Some(id.to_owned()),
        file: Some(PathBuf::from(id.split("::").next().unwrap_or(id))),
        message: message.map(str::to_owned),
        log_lines: Some((line, line)),
        ..Failure::default()
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
============================= test session starts ==============================
collected 2 items

tests/test_cart.py .F                                                    [100%]

=================================== FAILURES ===================================
_______________________________ TestCart.test_sum ______________________________

self = <tests.test_cart.TestCart object at 0x7f>

    def test_sum(self):
>       assert total([1, 2]) == 3
E       assert 2 == 3
E        +  where 2 = total([1, 2])

tests/test_cart.py:9: AssertionError
=========================== short test summary info ============================
FAILED tests/test_cart.py::TestCart::test_sum - assert 2 == 3
========================= 1 failed, 1 passed in 0.02s ==========================";

    #[test]
    fn a_failure_has_its_whole_id_place_and_kind() {
        let lines: Vec<String> = LOG.lines().map(str::to_owned).collect();
        let parsed = parse(&lines).unwrap();
        let [failure] = parsed.failures.as_slice() else { panic!("{parsed:?}") };
        assert_eq!(failure.test.as_deref(), Some("tests/test_cart.py::TestCart::test_sum"));
        assert_eq!((failure.file.as_deref(), failure.line), (Some("tests/test_cart.py".as_ref()), Some(9)));
        assert_eq!(failure.kind.as_deref(), Some("AssertionError"));
        assert_eq!(failure.message.as_deref(), Some("assert 2 == 3"));
        assert_eq!(parsed.key_lines, Some((7, 16)));
    }

    #[test]
    fn other_logs_are_not_pytest_s() {
        assert_eq!(parse(&["FAILED a.py::b".to_owned()]), None);
    }
}
