//! Formatters in their checking modes: black, isort, ruff format, prettier, gofmt, clang-format, biome, yapf …
//!
//! Each unformatted file is a failure; the formatter's own word for it tells the tools apart.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line, Nature};

/// Any formatter that only checks.
pub static TOOL: Tool = Tool {
    name: "formatter",
    marks: &[
        "would reformat",
        "would be reformatted",
        "Would reformat",
        "Imports are incorrectly sorted",
        "Code style issues",
        "[warn] ",
        "File would be reformatted",
        "code should be clang-formatted",
        "reformatted by yapf",
        "Formatter would have printed",
        "not formatted",
        "needs formatting",
        "[unformatted]",
    ],
    parse,
};

static BLACK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:would reformat|Would reformat:) (\S.*)$").expect("the pattern is constant and tested")
});
static ISORT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^ERROR: (\S+) Imports are incorrectly sorted").expect("the pattern is constant and tested")
});
static PRETTIER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\[(?:warn|error)\] (\S+\.\w+)$").expect("the pattern is constant and tested"));
static ARROW: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*--> (\S+?):(\d+):(\d+)$").expect("the pattern is constant and tested"));
static CLANG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\S+?):(\d+):(\d+): (?:error|warning): code should be clang-formatted")
        .expect("the pattern is constant and tested")
});
static BIOME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(\S+) format ━").expect("the pattern is constant and tested"));

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let ruff = lines
        .iter()
        .any(|line| line.text.contains("Would reformat:") || line.text.contains("File would be reformatted"));
    let styled = lines
        .iter()
        .any(|line| line.text.contains("Code style issues") || line.text.contains("Checking formatting..."));
    let mut tool = None;
    let mut failures: Vec<Failure> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let text = line.text;
        let found = if let Some(found) = BLACK.captures(text) {
            Some((if ruff { "ruff format" } else { "black" }, found[1].to_owned(), None))
        } else if let Some(found) = ISORT.captures(text) {
            Some(("isort", found[1].to_owned(), None))
        } else if let Some(found) = PRETTIER.captures(text).filter(|_| styled) {
            Some(("prettier", found[1].to_owned(), None))
        } else if text.starts_with("unformatted: ") {
            lines
                .get(index + 1)
                .and_then(|next| ARROW.captures(next.text))
                .map(|found| ("ruff format", found[1].to_owned(), found[2].parse().ok()))
        } else if let Some(found) = CLANG.captures(text) {
            Some(("clang-format", found[1].to_owned(), found[2].parse().ok()))
        } else {
            BIOME.captures(text).map(|found| ("biome", found[1].to_owned(), None))
        };
        if let Some((name, file, at)) = found {
            tool.get_or_insert(name);
            let file = repository_path(&file);
            if failures.len() < MOST_FAILURES
                && !failures.iter().any(|known| known.file.as_deref() == Some(file.as_path()))
            {
                failures.push(Failure {
                    file: Some(file),
                    line: at,
                    message: Some("not formatted".to_owned()),
                    log_lines: Some((line.number, line.number)),
                    nature: Nature::Format,
                    ..Failure::default()
                });
            }
        }
    }
    tool.map(|tool| Parsed { tool: tool.into(), failures, key_lines: None })
}
