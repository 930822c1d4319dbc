//! `node --test`: TAP (`not ok`) and the spec reporter (`✖ name (1.2ms)` after "failing tests:").

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use super::{Parsed, span};
use crate::evidence::{Failure, StackFrame};

static MARK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*(?:# |ℹ )(?:tests|pass|fail) \d+$").expect("the pattern is constant and tested"));
static SPEC: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*✖ (.+?) \(\d+(?:\.\d+)?ms\)$").expect("the pattern is constant and tested"));
static TAP: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*not ok \d+ - (.+?)(?: # .*)?$").expect("the pattern is constant and tested"));
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:test at |location: ')(.+?):(\d+):(\d+)'?$").expect("the pattern is constant and tested")
});
static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:at )?(?:(?:async )?(\S.*?) \()?(?:file://)?(/[^():]+):(\d+):(\d+)\)?$")
        .expect("the pattern is constant and tested")
});
static MESSAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:error: ['|]?-?)?(?:([A-Z]\w*(?:Error|Exception))(?: \[\w+\])?: )?(.+?)'?$")
        .expect("the pattern is constant and tested")
});

pub(super) fn parse(lines: &[String]) -> Option<Parsed> {
    lines.iter().find(|line| MARK.is_match(line))?;
    let details = lines.iter().position(|line| line.trim().ends_with("failing tests:")).unwrap_or(0);
    let mut failures: Vec<Failure> = Vec::new();
    let mut place: Option<(PathBuf, u32, u32)> = None;
    let mut open = false;
    for (index, line) in lines.iter().enumerate().skip(details) {
        if let Some(found) = PLACE.captures(line) {
            place = found[2].parse().ok().zip(found[3].parse().ok()).map(|(l, c)| (PathBuf::from(&found[1]), l, c));
            if let (Some(failure), Some(at)) = (failures.last_mut().filter(|_| line.contains("location:")), &place) {
                (failure.file, failure.line, failure.column) = (Some(at.0.clone()), Some(at.1), Some(at.2));
            }
            open = true;
        } else if let Some(found) = SPEC.captures(line).or_else(|| TAP.captures(line)) {
            let at = place.take();
            failures.push(Failure {
                test: Some(found[1].to_owned()),
                file: at.as_ref().map(|at| at.0.clone()),
                line: at.as_ref().map(|at| at.1),
                column: at.as_ref().map(|at| at.2),
                log_lines: Some((index + 1, index + 1)),
                ..Failure::default()
            });
            open = true;
        } else if let Some(failure) = failures.last_mut().filter(|_| open) {
            open = !MARK.is_match(line);
            read_line(failure, line);
            if !line.trim().is_empty() {
                failure.log_lines = failure.log_lines.map(|(first, _)| (first, index + 1));
            }
        }
    }
    let key_lines = span(&failures);
    Some(Parsed { tool: "node --test", failures, key_lines })
}

fn read_line(failure: &mut Failure, line: &str) {
    if let Some(frame) = FRAME.captures(line) {
        if let Ok(number) = frame[3].parse() {
            let function = frame.get(1).map(|function| function.as_str().to_owned());
            failure.stack.insert(0, StackFrame { file: PathBuf::from(&frame[2]), line: number, function });
        }
    } else if failure.message.is_none() && !line.trim().is_empty() && !is_tap_field(line) {
        let Some(message) = MESSAGE.captures(line) else { return };
        failure.kind = message.get(1).map(|kind| kind.as_str().to_owned());
        failure.message = Some(message[2].trim().to_owned()).filter(|text| !text.is_empty());
    }
}

fn is_tap_field(line: &str) -> bool {
    let line = line.trim();
    ["---", "duration_ms:", "type:", "failureType:", "code:", "stack:", "..."]
        .iter()
        .any(|field| line.starts_with(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spec_reporter_s_details_are_read() {
        let log = "✖ adds (1.2ms)\nℹ tests 2\nℹ pass 1\nℹ fail 1\n\n✖ failing tests:\n\ntest at test/a.test.js:5:1\n✖ adds (1.2ms)\n  AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:\n  \n  2 !== 3\n  \n      at TestContext.<anonymous> (file:///repo/test/a.test.js:6:10)\n      at Test.run (node:internal/test_runner/test:866:9)";
        let lines: Vec<String> = log.lines().map(str::to_owned).collect();
        let parsed = parse(&lines).unwrap();
        let [failure] = parsed.failures.as_slice() else { panic!("{parsed:?}") };
        assert_eq!(failure.test.as_deref(), Some("adds"));
        assert_eq!((failure.file.as_deref(), failure.line), (Some("test/a.test.js".as_ref()), Some(5)));
        assert_eq!(failure.kind.as_deref(), Some("AssertionError"));
        assert_eq!(failure.stack[0].line, 6);
    }
}
