//! Edits one after the other: a text after some edits, and the edits that lead from one text to another.

use std::path::Path;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::lines::Lines;
use crate::patch::SpanEdit;

/// A text after edits that do not overlap.
pub(super) fn applied(text: &str, edits: &[&SpanEdit]) -> String {
    let mut edits = edits.to_vec();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let (mut result, mut position) = (String::new(), 0);
    for edit in edits {
        result.push_str(&text[position..edit.span.start]);
        result.push_str(&crate::patch::with_line_ends(text, edit));
        position = edit.span.end;
    }
    result.push_str(&text[position..]);
    result
}

/// The edits that lead from one text to another, by lines.
pub(super) fn difference(file: &Path, before: &str, after: &str) -> Vec<SpanEdit> {
    let (old, new) = (Lines::of(before), Lines::of(after));
    let contents = |lines: &Lines| {
        (0..lines.len()).map(|row| lines.text[lines.span(row).start..lines.next(row)].to_owned()).collect::<Vec<_>>()
    };
    let (old_lines, new_lines) = (contents(&old), contents(&new));
    let edit = |op: DiffOp| {
        let (gone, come) = (op.old_range(), op.new_range());
        let start = if gone.start < old.len() { old.span(gone.start).start } else { before.len() };
        let end = if gone.is_empty() { start } else { old.next(gone.end - 1) };
        let text = new_lines[come].concat();
        (op.tag() != similar::DiffTag::Equal).then(|| SpanEdit {
            file: file.to_owned(),
            span: start..end,
            replacement: text,
        })
    };
    capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines).into_iter().filter_map(edit).collect()
}
