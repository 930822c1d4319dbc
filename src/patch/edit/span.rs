//! From changed lines to span edits: the smallest ones, with the file's line ends and its final newline kept.

use std::ops::Range;
use std::path::Path;

use super::lines::Lines;
use super::rewrite::LineChange;
use crate::patch::SpanEdit;

/// The edits of some changes; new lines have `\n` as ends, which [`crate::patch::apply`] makes the file's own.
pub(super) fn edits(file: &Path, lines: &Lines, changes: &[LineChange]) -> Vec<SpanEdit> {
    let edit = |(span, replacement)| SpanEdit { file: file.to_owned(), span, replacement };
    changes.iter().map(|change| edit(one(lines, change))).collect()
}

fn one(lines: &Lines, change: &LineChange) -> (Range<usize>, String) {
    let text = &lines.text;
    let joined = change.new.join("\n");
    let Range { start: from, end: to } = change.gone;
    if from == to {
        if from < lines.len() {
            let start = lines.span(from).start;
            return (start..start, format!("{joined}\n"));
        }
        let ended = lines.len() == 0 || text.ends_with('\n');
        let text_end = text.len();
        return (text_end..text_end, if ended { format!("{joined}\n") } else { format!("\n{joined}") });
    }
    let (start, last) = (lines.span(from).start, to - 1);
    if !change.new.is_empty() {
        return (start..lines.span(last).end, joined);
    }
    // The last line of a file without a final newline goes with the newline before it.
    if lines.span(last).end == lines.next(last) && from > 0 {
        return (lines.span(from - 1).end..lines.next(last), String::new());
    }
    (start..lines.next(last), String::new())
}
