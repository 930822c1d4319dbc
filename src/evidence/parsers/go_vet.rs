//! `go vet`: `file.go:line:column: message` below `# package`.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line, Nature};

/// `go vet`.
pub static TOOL: Tool = Tool { name: "go vet", marks: &["vet: "], parse };

static FINDING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:vet: )?(\S+\.go):(\d+)(?::(\d+))?: (.+)$").expect("the pattern is constant and tested")
});

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let failures: Vec<Failure> = lines
        .iter()
        .filter(|line| line.text.contains(".go:"))
        .filter_map(|line| finding(line))
        .take(MOST_FAILURES)
        .collect();
    (!failures.is_empty()).then_some(Parsed { tool: "go vet".into(), failures, key_lines: None })
}

fn finding(line: &Line<'_>) -> Option<Failure> {
    let found = FINDING.captures(line.text)?;
    Some(Failure {
        file: Some(repository_path(&found[1])),
        line: found[2].parse().ok(),
        column: found.get(3).and_then(|column| column.as_str().parse().ok()),
        message: Some(found[4].to_owned()),
        log_lines: Some((line.number, line.number)),
        nature: Nature::Lint,
        ..Failure::default()
    })
}
