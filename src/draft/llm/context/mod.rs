//! What a model is told about a failure, packed to a budget of tokens, most useful first.
//!
//! In: a [`Case`](crate::draft::Case), the search's near misses, a [`Wish`]. Out: [`Packed`] sections. The same case
//! gives the same bytes.
//!
//! [`pack`] gathers pieces, one kind per file here, each in several lengths; `budget` chooses what fits. Code is shown
//! through a `view`, in which left-out lines are marked and all others stand as they are in the file (but for the end
//! of very long ones). All titles and texts are foreign: they are to be fenced and redacted before they are sent.

mod attempts;
mod budget;
mod corpus;
mod diff;
mod diffs;
mod excerpt;
mod failing_test;
mod failure;
mod files;
mod imports;
mod masked;
mod neighbours;
mod pack;
mod passing_test;
mod piece;
mod rules;
mod suspects;
mod test_place;
#[cfg(test)]
mod tests;
mod view;

use std::path::{Path, PathBuf};

pub use pack::pack;

/// How much may be told, and of what.
pub struct Wish<'a> {
    /// The budget of all sections together, in estimated tokens.
    pub tokens: usize,
    /// Whether a file's text, and its path, may leave this machine; asked with paths relative to the repository.
    pub may_send: &'a dyn Fn(&Path) -> bool,
    /// Estimates the tokens of a text.
    pub estimate: fn(&str) -> u64,
}

/// A piece of what a model is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it is.
    pub kind: SectionKind,
    /// What it is about, for the model: a file and a symbol, a test's name, a commit.
    pub title: String,
    /// The text itself; foreign, to be fenced.
    pub text: String,
}

/// What a section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SectionKind {
    /// The failure: message, key lines, stack.
    Failure,
    /// The source of a failing test.
    FailingTest,
    /// A definition around a ranked location, with its file's imports.
    Suspect,
    /// Signatures and docstrings of what a suspect calls, and of who calls it.
    Neighbour,
    /// The diff of a suspect commit.
    SuspectDiff,
    /// The passing test that is nearest to the failing one.
    PassingTest,
    /// A fix of an earlier, similar failure of this repository.
    PastFix,
    /// The project's own rules for contributions, in brief.
    Rules,
    /// An edit that the search tried and that nearly passed.
    NearMiss,
    /// An earlier attempt, and why it fell.
    Earlier,
}

/// What fits the budget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// The sections, in the order in which they are shown.
    pub sections: Vec<Section>,
    /// The files of which source is shown and that may be edited.
    pub files: Vec<PathBuf>,
    /// What was left out for want of room or because it may not be sent, as short clauses.
    pub left_out: Vec<String>,
    /// The size of all sections, in estimated tokens.
    pub tokens: usize,
}

/// An edit that nearly passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// Its unified diff.
    pub diff: String,
    /// What was wrong with it, as a clause.
    pub because: String,
}
