//! Rung 3 of the ladder: what a patch may touch at all, and what its new lines may do.
//!
//! In: a [`Patch`](super::Patch), the diagnosis's class, the policy. Out: nothing, or why it is refused. One rule per file.
//! What a rule compares is the file before and after: what it did before, it may go on doing.
//!
//! Hundreds of candidates per second pass here, so each rule first looks for its whole words in the added lines, and
//! parses the file only where one is there.

mod capabilities;
mod capability_table;
mod capability_words;
mod change;
mod check;
mod dependencies;
mod known_packages;
mod names;
mod prefilter;
mod refusal;
#[cfg(test)]
mod tests;
mod under_test;
mod weakened;

pub use check::Guard;
pub use refusal::GuardError;
