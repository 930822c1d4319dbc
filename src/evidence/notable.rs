//! The lines of a step that say why it failed, where no tool's parser knows.
//!
//! In: a failed step's lines, and what the last green run said. Out: the block of lines to read first.
//! Every line is scored by its words, by how near the end it stands, and by whether the green run had it too.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

use super::{Level, Line, signs, template};

/// The most lines that a block of notable lines has.
pub const BLOCK: usize = 16;

/// How far from the end of a step its cause is looked for, in lines.
const REACH: usize = 400;

/// Templates of the lines of a green run of the same job.
#[derive(Debug, Default)]
pub struct Green(HashSet<u64>);

/// The most templates that are kept of a green run.
const MOST_TEMPLATES: usize = 500_000;

impl Green {
    /// The templates of a log's lines.
    pub fn of<'a>(lines: impl Iterator<Item = Line<'a>>) -> Self {
        Green(lines.map(|line| template::hash(line.text)).take(MOST_TEMPLATES).collect())
    }

    /// Whether the green run had a line like this one.
    pub fn had(&self, line: &str) -> bool {
        self.0.contains(&template::hash(line))
    }
}

static LOUD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^\s*(?:\S{1,40}:\s|\[)?(?:\*{3}\s|❌|✖|✗|×|>>>\s)?\s*
        (?:fatal|error|failure|panic|exception|critical|abort|E:|ERR!?|ERROR|Error|FATAL|FAIL(?:ED|URE)?|CRITICAL|Traceback|Exception|Unhandled|Uncaught)(?:\b|\[|:)",
    )
    .expect("the pattern is constant and tested")
});

static TELLING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:error|exception|fail(?:ed|ure|s)?|cannot|can't|could not|couldn't|unable to|not found|no such|denied|refused|invalid|unexpected|missing|undefined|exceed(?:s|ed)?|mismatch|conflict|unsupported|unrecognized|unknown|must (?:be|not)|should|expected|killed|crashed|abort(?:ed|ing)?|violat\w+|rejected|forbidden|not allowed|more than|timed? ?out)\b",
    )
    .expect("the pattern is constant and tested")
});

static NOISE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\s*(?:warn(?:ing)?\b|\[?debug|note:|info\b|hint:)|deprecat|Process completed with exit code|A complete log of this run|Exit status \d+$|ELIFECYCLE|command failed with exit code|Cleaning up orphan|Node(?:\.js)? \d+ (?:is|actions)|\b0 (?:errors?|fail)|continue-on-error|--fail|fail-fast|if-no-files-found|script/workflow error|Please contact your self hosted",
    )
    .expect("the pattern is constant and tested")
});

/// First and last of the lines to read first; `None` when there is no line at all.
pub fn block(lines: &[Line<'_>], green: Option<&Green>) -> Option<(usize, usize)> {
    let end = lines.iter().rposition(|line| !line.text.is_empty())?;
    let from = end.saturating_sub(REACH);
    let mut seen: HashMap<u64, u32> = HashMap::new();
    for line in &lines[from..=end] {
        *seen.entry(template::hash(line.text)).or_default() += 1;
    }
    let score = |index: usize| {
        let line = &lines[index];
        let repeated = seen.get(&template::hash(line.text)).copied().unwrap_or(1);
        let near = 3.0 * (1.0 - (end - index) as f64 / (REACH + 1) as f64).powi(4);
        loudness(line) + near - f64::from(repeated.min(20)).ln()
            + if green.is_some_and(|green| !green.had(line.text)) { 2.0 } else { 0.0 }
    };
    let best = (from..=end).max_by(|a, b| score(*a).total_cmp(&score(*b)))?;
    if loudness(&lines[best]) <= 0.0 {
        // Nothing stands out: the last words are the best guess.
        return Some((lines[(end + 1).saturating_sub(BLOCK)].number, lines[end].number));
    }
    let last = (best + BLOCK * 2 / 3).min(end);
    Some((lines[best.saturating_sub(BLOCK / 3).max(from)].number, lines[last].number))
}

/// How much a line's words sound like a cause; negative for noise.
pub fn loudness(line: &Line<'_>) -> f64 {
    let text = line.text;
    if text.is_empty() || text.len() > 4000 {
        return -1.0;
    }
    if NOISE.is_match(text) {
        return -2.0;
    }
    let mut score = 0.0;
    score += if line.level == Level::Error { 3.0 } else { 0.0 };
    score += if LOUD.is_match(text) { 3.0 } else { 0.0 };
    score += if TELLING.is_match(text) { 1.5 } else { 0.0 };
    score + signs::of_text(text).map_or(0.0, |(_, weight)| f64::from(weight))
}
