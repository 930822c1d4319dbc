//! Readers of tool output: one file each, and a row in [`ALL`].
//!
//! In: the cleaned lines of a log. Out: [`Parsed`], or nothing when the log is not the tool's. A
//! parser returns what it understood and never fails: a log is data that anybody may have written.

mod node_test;
mod pytest;
mod unittest;

use super::Failure;

/// What a parser understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The tool.
    pub tool: &'static str,
    /// The failures, in the order of the log.
    pub failures: Vec<Failure>,
    /// First and last line that say why, from 1, inclusive.
    pub key_lines: Option<(usize, usize)>,
}

/// A reader of one tool's output.
pub type Parser = fn(&[String]) -> Option<Parsed>;

/// Every parser, the more specific first.
pub static ALL: &[Parser] = &[pytest::parse, unittest::parse, node_test::parse];

/// The first parser's result that found failures, else the first that knew the tool.
pub fn parse(lines: &[String]) -> Option<Parsed> {
    let parsed: Vec<Parsed> = ALL.iter().filter_map(|parser| parser(lines)).collect();
    let with_failures = parsed.iter().find(|parsed| !parsed.failures.is_empty()).cloned();
    with_failures.or_else(|| parsed.into_iter().next())
}

/// From the first failure's first line to the last failure's last.
fn span(failures: &[Failure]) -> Option<(usize, usize)> {
    let lines = failures.iter().filter_map(|failure| failure.log_lines);
    lines.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}
