//! Gathers every kind of piece and fits them into the budget.

use super::files::Files;
use super::masked::Mask;
use super::{
    NearMiss, Packed, Wish, attempts, budget, diff, failing_test, failure, neighbours, passing_test, rules, suspects,
};
use crate::draft::Case;

/// Packs what is known about a failure, most useful first; never more than `wish.tokens`.
pub fn pack(case: &Case<'_>, near_misses: &[NearMiss], wish: &Wish<'_>) -> Packed {
    let files = Files::new(case, wish);
    let mask = Mask::new(&files);
    let mut pieces = failure::pieces(&files, &mask);
    pieces.extend(attempts::earlier(&files, &mask));
    let tests = failing_test::locate(&files);
    pieces.extend(failing_test::pieces(&files, &tests));
    pieces.extend(passing_test::pieces(&files, &tests));
    let mut suspected = suspects::locate(&files);
    // A test that is shown as failing need not be shown again as suspicious.
    suspected.retain(|one| !tests.iter().any(|test| test.source.path == one.source.path));
    let shown: Vec<_> = pieces.iter().flat_map(|piece| piece.files.clone()).collect();
    let (neighbours, stopped) = neighbours::pieces(&files, &mut suspected, &shown);
    pieces.extend(suspects::pieces(&suspected));
    pieces.extend(neighbours);
    pieces.extend(diff::pieces(&files));
    pieces.extend(attempts::near_misses(&files, &mask, near_misses));
    pieces.extend(attempts::past_fixes(&files));
    pieces.extend(rules::pieces(&files));
    let budget = u64::try_from(wish.tokens).unwrap_or(u64::MAX);
    let mut packed = budget::fill(&pieces, budget, wish.estimate, &|path| files.may_edit(path));
    packed.left_out.extend(stopped);
    let hidden = files.hidden().len();
    if hidden > 0 {
        let files = if hidden == 1 { "file" } else { "files" };
        packed.left_out.push(format!("not shown: {hidden} {files} that may not be sent"));
    }
    packed
}
