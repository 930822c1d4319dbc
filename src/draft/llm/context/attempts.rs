//! What was tried and what healed before: earlier attempts, near misses of the search, fixes of similar failures.

use super::SectionKind::{Earlier as EarlierKind, NearMiss as NearMissKind, PastFix as PastFixKind};
use super::diffs::sendable;
use super::excerpt::{ends, one_line, plain};
use super::files::Files;
use super::masked::Mask;
use super::piece::{Piece, Trim};
use super::{NearMiss, SectionKind};

/// How many earlier attempts, near misses and past fixes are shown.
const MOST: (usize, usize, usize) = (4, 5, 3);

/// Earlier attempts, the newest first: the patch, why it fell, the end of the new log.
pub(super) fn earlier(files: &Files<'_>, mask: &Mask) -> Vec<Piece> {
    let newest = files.case.earlier.iter().rev().take(MOST.0);
    newest
        .map(|attempt| {
            let diff = sendable(files, &attempt.diff);
            let why = format!("why it fell: {}\n", mask.text(&one_line(&attempt.fell_because, 600)));
            let patch = match (diff.is_empty(), attempt.diff.trim().is_empty()) {
                (false, _) => format!("the patch:\n{diff}"),
                (true, true) => "its edits made no patch\n".to_owned(),
                (true, false) => "its patch may not be sent\n".to_owned(),
            };
            let log = |lines: usize| match mask.text(&ends(&plain(&attempt.log), 0, lines)) {
                log if log.trim().is_empty() => String::new(),
                log => format!("the end of the log with it:\n{}\n", log.trim_end()),
            };
            let forms = [60, 25, 8].map(|lines| format!("{why}{patch}{}", log(lines)));
            piece(EarlierKind, &format!("attempt {}", attempt.number), forms.into(), Trim::Middle)
        })
        .collect()
}

/// Edits that the search tried and that nearly passed.
pub(super) fn near_misses(files: &Files<'_>, mask: &Mask, near_misses: &[NearMiss]) -> Vec<Piece> {
    let shown = near_misses.iter().take(MOST.1).enumerate();
    let with_diff = shown.filter_map(|(index, near)| {
        let diff = sendable(files, &near.diff);
        let because = mask.text(&one_line(&near.because, 400));
        let text = format!("what was wrong with it: {because}\n{diff}");
        (!diff.is_empty()).then(|| piece(NearMissKind, &format!("near miss {}", index + 1), vec![text], Trim::End))
    });
    with_diff.collect()
}

/// Fixes of earlier failures, the most similar first.
pub(super) fn past_fixes(files: &Files<'_>) -> Vec<Piece> {
    let shown = files.case.past_fixes.iter().take(MOST.2).enumerate();
    let with_diff = shown.filter_map(|(index, fix)| {
        let diff = sendable(files, &fix.diff);
        let text = format!("what failed then: {}\n{diff}", one_line(&fix.failure, 400));
        (!diff.is_empty()).then(|| piece(PastFixKind, &format!("past fix {}", index + 1), vec![text], Trim::End))
    });
    with_diff.collect()
}

fn piece(kind: SectionKind, title: &str, mut forms: Vec<String>, trim: Trim) -> Piece {
    forms.dedup();
    Piece::new(kind, title, forms, trim)
}
