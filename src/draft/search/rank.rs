//! The order in which candidates are tried, and in which plausible ones are preferred.

use crate::draft::Draft;

/// The prior of undoing a hunk: a change that broke the build is the likeliest to be wrong.
pub const REVERT_PRIOR: f64 = 1.5;

/// How much suspiciousness counts against the prior: above 1 the search stays longer on the most
/// suspicious lines before it tries rare edits.
const SUSPICION_POWER: f64 = 1.5;

/// The score of a candidate; higher is tried earlier.
pub fn score(suspicion: f64, prior: f64, weight: f64) -> f64 {
    suspicion.powf(SUSPICION_POWER) * prior * weight
}

/// Puts plausible drafts in the order in which they are put to the test: the most likely first,
/// of equally likely ones the smaller.
pub fn order(drafts: &mut [Draft]) {
    let size =
        |draft: &Draft| -> usize { draft.edits.iter().map(|edit| edit.span.len() + edit.replacement.len()).sum() };
    drafts.sort_by(|a, b| {
        let by_score = naturalness(b).total_cmp(&naturalness(a));
        by_score.then_with(|| size(a).cmp(&size(b)))
    });
}

/// Edits that take behaviour away pass weak tests too easily (Qi et al., "An analysis of patch
/// plausibility and correctness", ISSTA 2015), so they must be much likelier to come first.
fn naturalness(draft: &Draft) -> f64 {
    match draft.operator {
        "remove-statement" => draft.score * 0.3,
        _ => draft.score,
    }
}
