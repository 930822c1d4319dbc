//! Mozilla's harnesses: `TEST-UNEXPECTED-FAIL | path/of/test | message`, also behind a time and a level.
//!
//! Format: <https://firefox-source-docs.mozilla.org/mozbase/mozlog.html>.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line, Nature};

/// mozlog.
pub static TOOL: Tool = Tool { name: "mozlog", marks: &["TEST-UNEXPECTED-", "PROCESS-CRASH | "], parse };

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(TEST-UNEXPECTED-(?:FAIL|ERROR|TIMEOUT|CRASH|PASS|NOTRUN)|PROCESS-CRASH) \| (.+?) \| (.*)$")
        .expect("the pattern is constant and tested")
});

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut known = std::collections::HashSet::new();
    let failures: Vec<Failure> = lines
        .iter()
        .filter(|line| line.text.contains("TEST-UNEXPECTED-") || line.text.contains("PROCESS-CRASH | "))
        .filter_map(|line| Some((line.number, LINE.captures(line.text)?)))
        .filter(|(_, found)| known.insert((found[2].to_owned(), found[3].to_owned())))
        .take(MOST_FAILURES)
        .map(|(number, found)| {
            let test = found[2].trim();
            Failure {
                test: Some(test.to_owned()),
                file: test.contains('/').then(|| repository_path(test.split_whitespace().next().unwrap_or(test))),
                kind: Some(found[1].to_owned()),
                message: Some(found[3].trim().to_owned()),
                log_lines: Some((number, number)),
                nature: if found[1].contains("TIMEOUT") { Nature::Timeout } else { Nature::Test },
                ..Failure::default()
            }
        })
        .collect();
    (!failures.is_empty()).then_some(Parsed { tool: "mozlog".into(), failures, key_lines: None })
}
