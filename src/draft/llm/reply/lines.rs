//! What the readers of all forms share: an answer as lines, and the edits found in them.

use std::ops::Range;

use super::Problem;
use crate::patch::edit::{Change, EditBlock};

/// The edits of one form, each with the lines of the answer that it takes.
#[derive(Default)]
pub(super) struct Found {
    /// The edits and their lines, from 0.
    pub blocks: Vec<(Range<usize>, EditBlock)>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl Found {
    /// Notes something that looks like an edit and is none; `line` counts from 0.
    pub fn malformed(&mut self, line: usize, why: &'static str) {
        self.problems.push(Problem::Malformed { line: line + 1, why });
    }
}

/// Lines as a text; each one ends with `\n`.
pub(super) fn joined<S: AsRef<str>>(lines: &[S]) -> String {
    lines.iter().flat_map(|line| [line.as_ref(), "\n"]).collect()
}

/// A block that puts one text in the place of another.
pub(super) fn replacing(file: Option<String>, search: String, replace: String) -> EditBlock {
    EditBlock { file, definition: None, line: None, change: Change::Replace { search, replace } }
}

/// The info string of a line that opens or closes a code fence (empty for a closing one), and the fence's length.
pub(super) fn fence(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start();
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let info = line.trim_start_matches(mark);
    let length = line.len() - info.len();
    (length >= 3 && !info.contains('`')).then(|| (length, info.trim()))
}
