//! The lines that are kept of a log, in bounded memory.
//!
//! In: cleaned lines. Out: the same lines, all of them while they fit; when they don't, those far from any
//! word that a tool or an error would write are dropped, then repetitions, then the middle.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::LogError;
use crate::evidence::Level;
use crate::evidence::template;

/// Groups of literals that are looked for in every line, all in one pass.
#[derive(Debug)]
pub struct Words {
    automaton: AhoCorasick,
    group_of: Vec<u16>,
    groups: usize,
}

impl Words {
    /// The groups' literals; group `n` is the `n`-th.
    ///
    /// # Errors
    /// When there are more literals than the automaton can hold.
    pub fn new(groups: &[&[&str]]) -> Result<Self, LogError> {
        let literals: Vec<(&str, u16)> = groups
            .iter()
            .enumerate()
            .flat_map(|(group, words)| words.iter().map(move |word| (*word, group as u16)))
            .collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(literals.iter().map(|(word, _)| word))
            .map_err(|error| LogError::Words(error.to_string()))?;
        Ok(Words { automaton, group_of: literals.iter().map(|(_, group)| *group).collect(), groups: groups.len() })
    }

    /// Marks the groups that occur in a text; says whether any does.
    pub(super) fn mark(&self, text: &str, seen: &mut Vec<bool>) -> bool {
        let mut any = false;
        for found in self.automaton.find_overlapping_iter(text) {
            if seen.is_empty() {
                seen.resize(self.groups, false);
            }
            seen[usize::from(self.group_of[found.pattern().as_usize()])] = true;
            any = true;
        }
        any
    }
}

/// A kept line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    start: u32,
    length: u32,
    pub(super) number: u32,
    pub(super) step: u16,
    pub(super) level: Level,
    /// Whether it holds a word.
    pub(super) word: bool,
    /// The hash of its template, once it was asked for; 0 before.
    template: u64,
}

/// The kept lines, in the order of the log.
#[derive(Debug)]
pub(super) struct Store {
    /// The lines' text without line ends; bytes, so that it can be moved together in place.
    text: Vec<u8>,
    lines: Vec<Kept>,
    most_bytes: usize,
    most_lines: usize,
    pub(super) thinned: bool,
}

/// Lines that are kept before and after one with a word, in the first round of thinning.
const CONTEXT: (usize, usize) = (10, 60);

/// The same in the second round.
const NARROW_CONTEXT: (usize, usize) = (2, 12);

/// How often lines of one template count as worth keeping in the second round.
const REPETITIONS: usize = 40;

impl Store {
    pub(super) fn new(most_bytes: usize, most_lines: usize) -> Self {
        Store { text: Vec::new(), lines: Vec::new(), most_bytes, most_lines, thinned: false }
    }

    pub(super) fn push(&mut self, number: usize, step: usize, level: Level, text: &str, word: bool) {
        if self.text.len() + text.len() > self.most_bytes || self.lines.len() >= self.most_lines {
            self.thin();
        }
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let step = u16::try_from(step).unwrap_or(u16::MAX);
        let (start, length) = (self.text.len() as u32, text.len() as u32);
        self.text.extend_from_slice(text.as_bytes());
        self.lines.push(Kept { start, length, number, step, level, word: word || level == Level::Error, template: 0 });
    }

    pub(super) fn lines(&self) -> &[Kept] {
        &self.lines
    }

    pub(super) fn lines_mut(&mut self) -> &mut [Kept] {
        &mut self.lines
    }

    pub(super) fn text(&self, line: &Kept) -> &str {
        text_of(&self.text, line)
    }

    /// Makes room: at least a quarter of what may be kept.
    fn thin(&mut self) {
        self.thinned = true;
        let is_roomy = |store: &Store| {
            store.text.len() <= store.most_bytes / 4 * 3 && store.lines.len() <= store.most_lines / 4 * 3
        };
        // The last lines are kept as they are: what comes next may give them a meaning.
        let recent = self.lines.len() - self.lines.len() / 8;
        self.keep_around(CONTEXT, recent, |_| true);
        if is_roomy(self) {
            return;
        }
        let mut seen: HashMap<u64, usize> = HashMap::new();
        let Store { text, lines, .. } = self;
        let rare: Vec<bool> = lines
            .iter_mut()
            .map(|line| {
                if line.template == 0 {
                    line.template = template::hash(text_of(text, line)).max(1);
                }
                let count = seen.entry(line.template).or_default();
                *count += 1;
                *count <= REPETITIONS
            })
            .collect();
        let recent = self.lines.len() - self.lines.len() / 8;
        self.keep_around(NARROW_CONTEXT, recent, |index| rare[index]);
        if is_roomy(self) {
            return;
        }
        // The beginning names the job, the end says how it ended.
        let (first, last) = (self.lines.len() / 4, self.lines.len() - self.lines.len() / 4);
        let mut index = 0;
        self.retain(|_| {
            index += 1;
            index <= first || index > last
        });
    }

    fn keep_around(&mut self, (before, after): (usize, usize), recent: usize, counts: impl Fn(usize) -> bool) {
        let mut keep = vec![false; self.lines.len()];
        let worth_keeping = self.lines.iter().enumerate().filter(|(index, line)| line.word && counts(*index));
        for (index, _) in worth_keeping {
            let end = (index + after + 1).min(keep.len());
            keep[index.saturating_sub(before)..end].fill(true);
        }
        keep[recent..].fill(true);
        let mut index = 0;
        self.retain(|_| {
            index += 1;
            keep[index - 1]
        });
    }

    /// Moves what is kept together, in place: a second copy would double what a log costs.
    fn retain(&mut self, mut keep: impl FnMut(&Kept) -> bool) {
        let Store { text, lines, .. } = self;
        let mut end = 0;
        lines.retain_mut(|line| {
            if !keep(line) {
                return false;
            }
            let (start, length) = (line.start as usize, line.length as usize);
            text.copy_within(start..start + length, end);
            line.start = end as u32;
            end += length;
            true
        });
        text.truncate(end);
    }
}

/// Every kept line is whole UTF-8, as it was pushed.
fn text_of<'a>(text: &'a [u8], line: &Kept) -> &'a str {
    let bytes = text.get(line.start as usize..(line.start + line.length) as usize).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}
