//! What the tests said with a patch in place: the evidence that the next draft is made with.
//!
//! In: a run. Out: a bounded text: failing tests with their messages and innermost frames, then the end of the log.

use std::fmt::Write;

use crate::testbed::run::{TestResult, TestRun};

/// The most failing tests that are told of, and the longest message of each, in bytes.
const TESTS: (usize, usize) = (5, 800);

/// How much of the end of the log is kept, in bytes.
const LOG_BYTES: usize = 3_000;

/// The frames of a stack that are told, innermost first.
const FRAMES: usize = 4;

/// What a run of the tests says for itself.
pub fn of_run(run: &TestRun) -> String {
    let mut text = format!("the command ended with {}\n", run.ending);
    let failing: Vec<&TestResult> = run.failing().collect();
    for test in failing.iter().take(TESTS.0) {
        of_test(&mut text, test);
    }
    if failing.len() > TESTS.0 {
        let _ = writeln!(text, "and {} more tests fail", failing.len() - TESTS.0);
    }
    let _ = write!(text, "end of the log:\n{}", tail(run.log.trim_end(), LOG_BYTES));
    text
}

fn of_test(text: &mut String, test: &TestResult) {
    let message = test.message.as_deref().unwrap_or("").trim();
    let end = message.floor_char_boundary(TESTS.1);
    let _ = writeln!(text, "{} fails: {}", test.id, &message[..end]);
    for frame in test.frames.iter().rev().take(FRAMES) {
        let function = frame.function.as_deref().unwrap_or("?");
        let _ = writeln!(text, "  at {}:{} in {function}", frame.file.display(), frame.line);
    }
}

/// The last whole lines of a text, at most `bytes` of them.
fn tail(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let start = text.ceil_char_boundary(text.len() - bytes);
    let line = text[start..].find('\n').map_or(start, |end| start + end + 1);
    &text[line..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_made_of_whole_lines() {
        assert_eq!(tail("one\ntwo\nthree", 20), "one\ntwo\nthree");
        assert_eq!(tail("one\ntwo\nthree", 7), "three");
        assert_eq!(tail("ééééé", 3), "é");
    }
}
