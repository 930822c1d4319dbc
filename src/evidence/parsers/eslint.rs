//! eslint and stylelint: the stylish format (a file's path, its findings indented below it), compact and unix.
//!
//! Prefixes of pnpm, lerna and turbo (`packages/core lint: `) are taken off. Warnings count only where there are no
//! errors and the limit on warnings is exceeded. Format: <https://eslint.org/docs/latest/use/formatters/>.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line, Nature};

/// eslint.
pub static TOOL: Tool = Tool {
    name: "eslint",
    marks: &["problems (", "problem (", "  error  ", "ESLint found too many warnings", "Error - ", " ✖  "],
    parse,
};

static FINDING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(.*?)\s+(\d+):(\d+)\s+(error|warning|✖|⚠)\s+(.+?)(?:\s{2,}(\S+))?$")
        .expect("the pattern is constant and tested")
});
static FILE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\S+ \S+: |\S+: )?((?:/|[A-Za-z]:\\|\./)?[\w@.\-\[\]()/\\ ]+\.\w+)$")
        .expect("the pattern is constant and tested")
});
static COMPACT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\S.*?): line (\d+), col (\d+), (Error|Warning) - (.*?)(?: \(([\w@/-]+)\))?$")
        .expect("the pattern is constant and tested")
});
static SUMMARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:✖ |^|: )(\d+) problems? \((\d+) errors?, (\d+) warnings?")
        .expect("the pattern is constant and tested")
});

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut errors: Vec<Failure> = Vec::new();
    let mut warnings: Vec<Failure> = Vec::new();
    let mut file: Option<&str> = None;
    let mut counted = false;
    let mut too_many = false;
    for line in lines {
        let text = line.text;
        counted |= text.contains("problem") && SUMMARY.is_match(text);
        too_many |= text.contains("ESLint found too many warnings");
        if let Some(found) = FINDING.captures(text).filter(|found| is_prefix(&found[1])) {
            let of = if matches!(&found[4], "error" | "✖") { &mut errors } else { &mut warnings };
            let kind = found.get(6).map(|rule| rule.as_str());
            if of.len() < MOST_FAILURES {
                of.push(finding(file?, &found[2], &found[3], kind, &found[5], line.number));
            }
        } else if let Some(found) = COMPACT.captures(text) {
            let of = if &found[4] == "Error" { &mut errors } else { &mut warnings };
            counted = true;
            if of.len() < MOST_FAILURES {
                of.push(finding(
                    &found[1],
                    &found[2],
                    &found[3],
                    found.get(6).map(|rule| rule.as_str()),
                    &found[5],
                    line.number,
                ));
            }
        } else if text.len() < 400
            && text.contains(['/', '\\', '.'])
            && let Some(found) = FILE.captures(text)
        {
            file = found.get(2).map(|path| path.as_str());
        }
    }
    if !counted && errors.is_empty() {
        return None;
    }
    let failures = if errors.is_empty() && too_many { warnings } else { errors };
    let mut known = std::collections::HashSet::new();
    let failures = failures
        .into_iter()
        .filter(|found| known.insert((found.file.clone(), found.line, found.column, found.message.clone())))
        .collect();
    Some(Parsed { tool: "eslint".into(), failures, key_lines: None })
}

/// What may stand before a finding: nothing, or the prefix of the tool that runs the packages.
fn is_prefix(text: &str) -> bool {
    text.is_empty() || text.ends_with(':') || text.ends_with('|')
}

fn finding(file: &str, line: &str, column: &str, kind: Option<&str>, message: &str, number: usize) -> Failure {
    Failure {
        file: Some(repository_path(file)),
        line: line.parse().ok(),
        column: column.parse().ok(),
        kind: kind.map(str::to_owned),
        message: Some(message.to_owned()),
        log_lines: Some((number, number)),
        nature: Nature::Lint,
        ..Failure::default()
    }
}
