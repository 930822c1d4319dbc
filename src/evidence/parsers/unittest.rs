//! Python's unittest: `FAIL:` and `ERROR:` blocks.

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use super::{Parsed, span};
use crate::evidence::{Failure, StackFrame};

static HEADING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:FAIL|ERROR): (\S+)(?: \(([^)]*)\))?").expect("the pattern is constant and tested")
});
static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^\s*File "([^"]+)", line (\d+)(?:, in (.+))?$"#).expect("the pattern is constant and tested")
});
static MESSAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt|Failure))(?:: (.*))?$")
        .expect("the pattern is constant and tested")
});
static RAN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^Ran \d+ tests? in ").expect("the pattern is constant and tested"));

pub(super) fn parse(lines: &[String]) -> Option<Parsed> {
    lines.iter().find(|line| RAN.is_match(line))?;
    let mut failures: Vec<Failure> = Vec::new();
    let mut inside = false;
    for (index, line) in lines.iter().enumerate() {
        if let Some(heading) = HEADING.captures(line).filter(|_| index > 0 && lines[index - 1].starts_with("====")) {
            inside = true;
            failures.push(Failure {
                test: Some(test_id(&heading[1], heading.get(2).map_or("", |m| m.as_str()))),
                log_lines: Some((index + 1, index + 1)),
                ..Failure::default()
            });
            continue;
        }
        inside &= !line.starts_with("====") && !RAN.is_match(line);
        let Some(failure) = failures.last_mut().filter(|_| inside) else { continue };
        read_line(failure, line);
        if !line.is_empty() {
            failure.log_lines = failure.log_lines.map(|(first, _)| (first, index + 1));
        }
    }
    let key_lines = span(&failures);
    Some(Parsed { tool: "unittest", failures, key_lines })
}

/// `test_a (tests.test_x.Case)` before Python 3.11, `test_a (tests.test_x.Case.test_a)` since.
fn test_id(name: &str, place: &str) -> String {
    match place {
        "" => name.to_owned(),
        place if place.ends_with(&format!(".{name}")) => place.to_owned(),
        "unittest.loader._FailedTest" => name.to_owned(),
        place => format!("{place}.{name}"),
    }
}

fn read_line(failure: &mut Failure, line: &str) {
    if let Some(frame) = FRAME.captures(line) {
        let Ok(number) = frame[2].parse() else { return };
        let file = PathBuf::from(&frame[1]);
        let library = line.contains("/lib/python") || line.contains("site-packages");
        if !library {
            failure.file = Some(file.clone());
            failure.line = Some(number);
        }
        let function = frame.get(3).map(|function| function.as_str().to_owned());
        failure.stack.push(StackFrame { file, line: number, function });
    } else if let Some(message) = MESSAGE.captures(line) {
        failure.kind = Some(message[1].to_owned());
        failure.message = Some(line.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_points_at_the_innermost_line_of_the_project() {
        let log = "F.\n======================================================================\nFAIL: test_a (tests.test_x.Case.test_a)\n----------------------------------------------------------------------\nTraceback (most recent call last):\n  File \"/repo/tests/test_x.py\", line 5, in test_a\n    self.assertEqual(f(), 1)\n  File \"/usr/lib/python3.11/unittest/case.py\", line 873, in assertEqual\nAssertionError: 2 != 1\n\n----------------------------------------------------------------------\nRan 2 tests in 0.001s\n\nFAILED (failures=1)";
        let lines: Vec<String> = log.lines().map(str::to_owned).collect();
        let parsed = parse(&lines).unwrap();
        let [failure] = parsed.failures.as_slice() else { panic!("{parsed:?}") };
        assert_eq!(failure.test.as_deref(), Some("tests.test_x.Case.test_a"));
        assert_eq!((failure.file.as_deref(), failure.line), (Some("/repo/tests/test_x.py".as_ref()), Some(5)));
        assert_eq!(failure.message.as_deref(), Some("AssertionError: 2 != 1"));
    }
}
