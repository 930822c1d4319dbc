//! Candidates around drafts that fell: a draft that is nearly right is one small edit away from a right one.
//!
//! In: a case, the drafts of another drafter that were put to the test in vain. Out: candidates, best first:
//! 1. parts of a draft (one of its edits alone, all but one), because a draft often does one thing too many;
//! 2. the draft with one operator's edit on top, on the lines that it changed or stand next to them: where its author
//!    looked is where the fault is likeliest, and the names that it brought in are ingredients now.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use similar::{ChangeTag, TextDiff};

use super::candidates::{self, Candidate};
use crate::code::{Line, SourceFile};
use crate::draft::{Case, Draft};
use crate::patch::{self, Patch, SpanEdit};

/// How many lines next to a changed one are looked at, and how suspicious they are against it.
const NEIGHBOURS: (u32, f64) = (2, 0.5);

/// The most drafts that are taken up.
const DRAFTS: usize = 4;

/// The most candidates that are given back.
const CANDIDATES: usize = 50_000;

/// The score of a part of a draft; operators' candidates seldom reach 1.
const PART_SCORE: f64 = 2.0;

/// The candidates around `drafts`.
pub fn around(case: &Case<'_>, drafts: &[Draft]) -> Vec<Candidate> {
    let mut found = Vec::new();
    let wanted = candidates::wanted_values(case);
    for draft in drafts.iter().take(DRAFTS) {
        found.extend(parts(draft));
        let read = |path: &Path| (case.read)(path);
        if let Ok(patch) = patch::apply(&draft.edits, &read) {
            for file in patch.files.keys() {
                found.extend(on_top(&patch, file, &wanted));
            }
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(CANDIDATES);
    found
}

/// Each edit alone, and all but each.
fn parts(draft: &Draft) -> Vec<Candidate> {
    if draft.edits.len() < 2 {
        return Vec::new();
    }
    let alone = draft.edits.iter().map(|edit| vec![edit.clone()]);
    let without = (0..draft.edits.len()).filter(|_| draft.edits.len() > 2).map(|left_out| {
        let kept = draft.edits.iter().enumerate().filter(|(index, _)| *index != left_out);
        kept.map(|(_, edit)| edit.clone()).collect::<Vec<_>>()
    });
    alone.chain(without).filter_map(|edits| candidate(edits, draft.place.1, "part-of-draft", PART_SCORE)).collect()
}

/// The patch with one more edit in `file`.
fn on_top(patch: &Patch, file: &PathBuf, wanted: &[(String, String)]) -> Vec<Candidate> {
    let Some(changed) = patch.files.get(file) else { return Vec::new() };
    let Ok(patched) = SourceFile::parse(file, changed.after.clone()) else { return Vec::new() };
    let mut proposed = Vec::new();
    candidates::of_file(&patched, &suspicion(&changed.before, &changed.after), wanted, &mut proposed);
    let others: BTreeMap<_, _> = patch.files.iter().filter(|(other, _)| *other != file).collect();
    let beside: Vec<SpanEdit> =
        others.into_iter().map(|(other, changed)| whole_change(other, &changed.before, &changed.after)).collect();
    let beside = (!beside.is_empty()).then(|| Arc::new(beside));
    let complete = |proposal: Candidate| {
        let after = patched.with_replacement(proposal.edit.span.clone(), &proposal.edit.replacement);
        Candidate { edit: whole_change(file, &changed.before, &after), beside: beside.clone(), ..proposal }
    };
    proposed.into_iter().map(complete).collect()
}

/// The lines of the patched text that are new, or next to a change.
fn suspicion(before: &str, after: &str) -> HashMap<u32, f64> {
    let mut lines: HashMap<u32, f64> = HashMap::new();
    let mut next: u32 = 1;
    for change in TextDiff::from_lines(before, after).iter_all_changes() {
        let here = next;
        if change.tag() != ChangeTag::Delete {
            next += 1;
        }
        if change.tag() == ChangeTag::Equal {
            continue;
        }
        for line in here.saturating_sub(NEIGHBOURS.0).max(1)..=here + NEIGHBOURS.0 {
            let is_new = line == here && change.tag() == ChangeTag::Insert;
            let score = if is_new { 1.0 } else { NEIGHBOURS.1 };
            let known = lines.entry(line).or_insert(score);
            *known = known.max(score);
        }
    }
    lines
}

/// The one edit that makes one text of another: from the first to the last byte that differs.
fn whole_change(file: &Path, before: &str, after: &str) -> SpanEdit {
    let start = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    let start = before.floor_char_boundary(start).min(after.floor_char_boundary(start));
    let (rest_before, rest_after) = (&before[start..], &after[start..]);
    let same = rest_before.bytes().rev().zip(rest_after.bytes().rev()).take_while(|(a, b)| a == b).count();
    let mut end = before.len() - same;
    // A boundary in one text is one in the other: the bytes behind it are equal.
    while !before.is_char_boundary(end) {
        end += 1;
    }
    let replacement = after[start..after.len() - (before.len() - end)].to_owned();
    SpanEdit { file: file.to_owned(), span: start..end, replacement }
}

fn candidate(mut edits: Vec<SpanEdit>, line: Line, operator: &'static str, score: f64) -> Option<Candidate> {
    if edits.is_empty() {
        return None;
    }
    let edit = edits.remove(0);
    Some(Candidate { edit, beside: (!edits.is_empty()).then(|| Arc::new(edits)), line, operator, score })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn one_edit_makes_one_text_of_another(before in "[aé\u{20ac}\n]{0,12}", after in "[aé\u{20ac}\n]{0,12}") {
            let edit = whole_change(Path::new("a.py"), &before, &after);
            let made = format!("{}{}{}", &before[..edit.span.start], edit.replacement, &before[edit.span.end..]);
            prop_assert_eq!(made, after);
        }
    }

    #[test]
    fn new_lines_are_the_most_suspicious() {
        let lines = suspicion("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nX\ne\nf\n");
        assert_eq!(lines.get(&4), Some(&1.0));
        assert_eq!(lines.get(&2), Some(&0.5));
        assert_eq!(lines.get(&1), None);
    }
}
