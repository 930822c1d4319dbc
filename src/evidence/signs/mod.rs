//! Sentences that give away what kind of failure a line is about, whichever tool wrote it.
//!
//! In: lines of a failed step. Out: [`Sign`]s: which line, what it says, how much that is worth. The rules
//! are data, in `rules.toml`; adding one needs no Rust.

mod literals;

use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder};
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
    /// A process of the code died of a signal.
    Crash,
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
    alternatives: Vec<Alternative>,
    /// Finds the literals without which no alternative matches.
    literals: AhoCorasick,
    /// The alternative of each literal.
    of_literal: Vec<usize>,
}

/// One regular expression of a rule; compiled when a line first holds its literal.
struct Alternative {
    rule: usize,
    pattern: String,
    compiled: OnceLock<Option<Regex>>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::of(include_str!("rules.toml")).expect("the rules are part of the program and tested"));

impl Table {
    /// `None` when the rules are not what they should be.
    fn of(rules: &str) -> Option<Table> {
        let Rules { rule: rules } = toml::from_str(rules).ok()?;
        let alternatives: Vec<Alternative> = rules
            .iter()
            .enumerate()
            .flat_map(|(rule, of)| of.any.iter().map(move |pattern| (rule, pattern.clone())))
            .map(|(rule, pattern)| Alternative { rule, pattern, compiled: OnceLock::new() })
            .collect();
        let mut literals = Vec::new();
        let mut of_literal = Vec::new();
        for (index, alternative) in alternatives.iter().enumerate() {
            for literal in literals::required(&alternative.pattern)? {
                literals.push(literal);
                of_literal.push(index);
            }
        }
        let literals = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(literals)
            .ok()?;
        Some(Table { rules, alternatives, literals, of_literal })
    }

    /// The heaviest rule that matches; of equals the first.
    fn heaviest(&self, text: &str) -> Option<&Rule> {
        let mut best: Option<usize> = None;
        for found in self.literals.find_overlapping_iter(text) {
            let alternative = &self.alternatives[self.of_literal[found.pattern().as_usize()]];
            let beats = |best: usize| {
                let (new, old) = (&self.rules[alternative.rule], &self.rules[best]);
                new.weight > old.weight || (new.weight == old.weight && alternative.rule < best)
            };
            if best.is_none_or(beats) && alternative.matches(text) {
                best = Some(alternative.rule);
            }
        }
        best.map(|rule| &self.rules[rule])
    }
}

impl Alternative {
    fn matches(&self, text: &str) -> bool {
        let compile = || RegexBuilder::new(&self.pattern).case_insensitive(true).unicode(false).build().ok();
        self.compiled.get_or_init(compile).as_ref().is_some_and(|pattern| pattern.is_match(text.as_bytes()))
    }
}

/// The longest line that is looked at, in bytes; what is longer is data.
const LONGEST: usize = 4096;

/// What begins a line that a tool itself marks as no error, or that only shows a command.
const QUIET: &[&str] = &[
    "$ ",
    "+ ",
    "npm WARN",
    "npm warn",
    "warning: ",
    "WARNING: ",
    "[WARNING]",
    "[WARN]",
    "[INFO]",
    "INFO ",
    "INFO:",
    "[DEBUG]",
    "DEBUG ",
    "DEBUG:",
    "[info]",
    "[debug]",
];

/// The strongest sign of a line.
pub fn of_line<'log>(line: &Line<'log>) -> Option<Sign<'log>> {
    let found = of_text(line.text)?;
    Some(Sign { line: *line, says: found.0, weight: found.1 })
}

/// What a text says, and how much that is worth.
pub fn of_text(text: &str) -> Option<(Says, u8)> {
    let is_quiet = QUIET.iter().any(|level| text.starts_with(level)) && !text.contains("Retrying (");
    if text.len() > LONGEST || is_quiet {
        return None;
    }
    TABLE.heaviest(text).map(|rule| (rule.says, rule.weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_a_regular_expression() {
        for alternative in &TABLE.alternatives {
            alternative.matches("");
            assert!(alternative.compiled.get().is_some_and(Option::is_some), "{}", alternative.pattern);
        }
    }

    #[test]
    fn every_rule_matches_its_example() {
        for rule in &TABLE.rules {
            let found = of_text(&rule.example);
            assert!(found.is_some_and(|(says, _)| says == rule.says), "{} gives {found:?}", rule.example);
        }
    }

    #[test]
    fn a_line_about_nothing_says_nothing() {
        for text in
            ["collected 12 items", "AssertionError: 1 != 2", "error: expected `;`", "5 passed, 3 failed in 500 ms"]
        {
            assert_eq!(of_text(text), None, "{text}");
        }
    }
}
