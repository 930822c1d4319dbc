//! Sentences that give away what kind of failure a line is about, whichever tool wrote it.
//!
//! In: lines of a failed step. Out: [`Sign`]s: which line, what it says, how much that is worth. The rules
//! are data, in `rules.toml`; adding one needs no Rust.

use std::sync::LazyLock;

use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::Line;

/// What a sign says about the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Says {
    /// The network, a registry or the machine.
    Infrastructure,
    /// Packages.
    Dependency,
    /// The workflow, the environment, a missing file or tool, a gate of the project.
    Configuration,
    /// Something took too long.
    Timeout,
    /// It fails only sometimes.
    Flaky,
}

/// A line that gives something away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sign<'log> {
    /// The line.
    pub line: Line<'log>,
    /// What it says.
    pub says: Says,
    /// 3 decides alone, 2 unless a tool names failures of the code itself, 1 only adds to others.
    pub weight: u8,
}

#[derive(Deserialize)]
struct Rules {
    rule: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    says: Says,
    weight: u8,
    any: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests hold every rule to its example"))]
    example: String,
}

struct Table {
    rules: Vec<Rule>,
    patterns: RegexSet,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rules: Rules = toml::from_str(include_str!("rules.toml")).expect("the rules are part of the program and tested");
    let patterns = RegexSetBuilder::new(rules.rule.iter().map(|rule| rule.any.join("|")))
        .case_insensitive(true)
        .size_limit(64 << 20)
        .unicode(false)
        .build()
        .expect("the rules are part of the program and tested");
    Table { rules: rules.rule, patterns }
});

/// The longest line that is looked at, in bytes; what is longer is data.
const LONGEST: usize = 4096;

/// The strongest sign of a line.
pub fn of_line<'log>(line: &Line<'log>) -> Option<Sign<'log>> {
    let found = of_text(line.text)?;
    Some(Sign { line: *line, says: found.0, weight: found.1 })
}

/// What a text says, and how much that is worth.
pub fn of_text(text: &str) -> Option<(Says, u8)> {
    if text.len() > LONGEST {
        return None;
    }
    let table = &*TABLE;
    let matches = table.patterns.matches(text.as_bytes());
    // Of equal weights the first rule counts: the network before packages before files.
    matches.iter().map(|index| &table.rules[index]).rev().max_by_key(|rule| rule.weight).map(|rule| (rule.says, rule.weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_matches_its_example() {
        for rule in &TABLE.rules {
            let found = of_text(&rule.example);
            assert!(found.is_some_and(|(says, _)| says == rule.says), "{} gives {found:?}", rule.example);
        }
    }

    #[test]
    fn a_line_about_nothing_says_nothing() {
        for text in ["collected 12 items", "AssertionError: 1 != 2", "error: expected `;`", "5 passed, 3 failed in 500 ms"] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }
}
