//! Which pieces fit, and in which length: first each kind within its share, then what is left to whom it helps most.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::piece::{Fitted, Piece};
use super::{Packed, SectionKind};

/// The kinds in the order of their use, each with its share of the budget. Code and failure decide; the rest helps.
/// What a kind leaves of its share goes to the next ones.
const USE: &[(SectionKind, f64)] = &[
    (SectionKind::Failure, 0.20),
    (SectionKind::Earlier, 0.15),
    (SectionKind::FailingTest, 0.15),
    (SectionKind::Suspect, 0.45),
    (SectionKind::SuspectDiff, 0.12),
    (SectionKind::Neighbour, 0.15),
    (SectionKind::NearMiss, 0.06),
    (SectionKind::PassingTest, 0.06),
    (SectionKind::PastFix, 0.08),
    (SectionKind::Rules, 0.04),
];

/// The kinds in the order in which they are shown.
const DISPLAY: &[SectionKind] = &[
    SectionKind::Failure,
    SectionKind::Earlier,
    SectionKind::FailingTest,
    SectionKind::PassingTest,
    SectionKind::Suspect,
    SectionKind::Neighbour,
    SectionKind::SuspectDiff,
    SectionKind::NearMiss,
    SectionKind::PastFix,
    SectionKind::Rules,
];

/// What every kind may take of a small budget, in tokens.
const LEAST: u64 = 250;

/// What stands for a test that is shown already.
const ABOVE: &str = "(shown with the failing test)\n";

/// How many things that were left out are named.
const NAMED: usize = 12;

/// Fits pieces, the more useful of a kind first, into `budget` tokens.
pub(super) fn fill(
    pieces: &[Piece],
    budget: u64,
    estimate: fn(&str) -> u64,
    may_edit: &dyn Fn(&Path) -> bool,
) -> Packed {
    let mut left = budget;
    let mut fitted: HashMap<usize, Fitted> = HashMap::new();
    let of_kind = |kind| pieces.iter().enumerate().filter(move |(_, piece)| piece.kind == kind);
    for (kind, share) in USE {
        let mut room = ((budget as f64 * share) as u64).max(LEAST);
        for (index, piece) in of_kind(*kind) {
            // The first piece leaves something to the others of its kind.
            let most = (room / 10 * 6).max(LEAST.min(room));
            if let Some(found) = piece.fit(most.min(left), estimate) {
                room -= found.cost;
                left -= found.cost;
                fitted.insert(index, found);
            }
        }
    }
    for (kind, _) in USE {
        for (index, piece) in of_kind(*kind) {
            let known = fitted.get(&index).map_or(0, |known| known.cost);
            let Some(found) = piece.fit(left + known, estimate) else { continue };
            if found.cost > known {
                left = left + known - found.cost;
                fitted.insert(index, found);
            }
        }
    }
    point_at_repeated(pieces, &mut fitted, &mut left, estimate);
    show(pieces, fitted, budget - left, may_edit)
}

/// A passing test that stands in a failing test's section is only named.
fn point_at_repeated(pieces: &[Piece], fitted: &mut HashMap<usize, Fitted>, left: &mut u64, estimate: fn(&str) -> u64) {
    let tests: Vec<String> = (0..pieces.len())
        .filter(|index| pieces[*index].kind == SectionKind::FailingTest)
        .filter_map(|index| Some(fitted.get(&index)?.text.clone()))
        .collect();
    for (index, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.kind == SectionKind::PassingTest) {
        let Some(known) = fitted.get_mut(&index) else { continue };
        let shorter = piece.fitted(ABOVE, estimate);
        if shorter.cost < known.cost && tests.iter().any(|text| text.contains(&known.text)) {
            *left += known.cost - shorter.cost;
            *known = shorter;
        }
    }
}

fn show(pieces: &[Piece], mut fitted: HashMap<usize, Fitted>, tokens: u64, may_edit: &dyn Fn(&Path) -> bool) -> Packed {
    let mut packed = Packed { tokens: usize::try_from(tokens).unwrap_or(usize::MAX), ..Packed::default() };
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    let mut left_out = Vec::new();
    for kind in DISPLAY {
        for (index, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.kind == *kind) {
            match fitted.remove(&index) {
                Some(found) => {
                    files.extend(piece.files.iter().filter(|file| may_edit(file)).cloned());
                    packed.sections.push(piece.section(found.text));
                }
                None => left_out.push(format!("no room: {}", piece.title)),
            }
        }
    }
    let more = left_out.len().saturating_sub(NAMED);
    left_out.truncate(NAMED);
    if more > 0 {
        left_out.push(format!("no room: {more} more"));
    }
    packed.files = files.into_iter().collect();
    packed.left_out = left_out;
    packed
}
