//! Edits as people and models write them, and their forgiving application.
//!
//! In: [`EditBlock`]s (a text to find and what comes in its place, or a whole definition) and the files that
//! they may be about. Out: [`Placed`]: span edits for every block that fits exactly one place, and a
//! [`Misfit`] for every other one. Forgiving, never ambiguous: where two places fit, none is chosen.

mod definition;
mod elided;
mod explain;
mod files;
mod fuzzy;
mod indent;
mod lines;
mod locate;
mod nearest;
mod place;
mod rewrite;
mod sequence;
mod source;
mod span;
#[cfg(test)]
mod tests;
mod variant;

use std::path::{Path, PathBuf};

pub use explain::explain;
pub use place::place;

use super::SpanEdit;

/// One edit as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditBlock {
    /// The file as it was named; a hint.
    pub file: Option<String>,
    /// The function, method or class as it was named, dotted or not; a hint.
    pub definition: Option<String>,
    /// The line of the file at which the text to find begins, from 1; a hint.
    pub line: Option<u32>,
    /// What is to be done.
    pub change: Change,
}

/// What an edit does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Puts one text in the place of another. Both have `\n` as line ends.
    Replace {
        /// The text to find, whole lines; empty only where the file is empty.
        search: String,
        /// The text that comes there.
        replace: String,
    },
    /// Puts a whole function, method or class in the place of the one of that name.
    Definition {
        /// Its text.
        text: String,
    },
}

/// The files that blocks may be about.
pub struct Files<'a> {
    /// Gives a file's text by its path relative to the repository; `None` when there is none, it is not UTF-8, or
    /// it is too large.
    pub read: &'a dyn Fn(&Path) -> Option<String>,
    /// The files that were shown to whoever wrote the blocks; the first ones to look into when no name helps.
    pub shown: &'a [PathBuf],
    /// Every file under version control, sorted; a name may be one of these, or end like exactly one.
    pub tracked: &'a [PathBuf],
}

/// What became of the blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// The edits of all blocks that fit, in the order of the blocks; they do not overlap.
    pub edits: Vec<SpanEdit>,
    /// The blocks that did not fit, by their index, and why.
    pub misfits: Vec<(usize, Misfit)>,
    /// How the least exact of the placed blocks fitted.
    pub fit: Fit,
}

/// How exactly a block fitted, from the best to the worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fit {
    /// Character for character.
    #[default]
    Exact,
    /// But for whitespace at line ends, blank lines at the borders, indentation, or line ends.
    Whitespace,
    /// With lines left out where the block says so (`...`).
    Elided,
    /// Nearly, inside the definition that the block names or the only one that is alike.
    Fuzzy,
}

/// Why a block was not placed; its text is a sentence for whoever wrote the block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// No file has that name, and no shown file has that text.
    #[error("there is no file {file}")]
    NoFile {
        /// The name as written.
        file: String,
    },
    /// More than one file fits.
    #[error("it fits in {first} and in {second}; name the file")]
    ManyFiles {
        /// One of them.
        first: PathBuf,
        /// Another one.
        second: PathBuf,
    },
    /// The text is not in the file.
    #[error("{file}: these lines are not there: {wanted}; the nearest are lines {line}…: {nearest}")]
    NotFound {
        /// The file.
        file: PathBuf,
        /// The first line that did not match, as written.
        wanted: String,
        /// Where the most similar lines begin, from 1; 0 when nothing is similar.
        line: u32,
        /// The line of the file that stands there instead; may be empty.
        nearest: String,
    },
    /// The text is there more than once.
    #[error("{file}: it fits at lines {first} and {second}; add the lines around it")]
    ManyPlaces {
        /// The file.
        file: PathBuf,
        /// One of the places, from 1.
        first: u32,
        /// Another one.
        second: u32,
    },
    /// No definition has that name, or more than one has.
    #[error("{file}: {found} definitions are called {name}")]
    Definition {
        /// The file.
        file: PathBuf,
        /// The name as written.
        name: String,
        /// How many there are.
        found: usize,
    },
    /// It would change what another block of the same answer changes.
    #[error("{file}: it overlaps with another edit at line {line}")]
    Overlap {
        /// The file.
        file: PathBuf,
        /// Where, from 1.
        line: u32,
    },
    /// It can't be placed without a guess, or not at all.
    #[error("{file}: {why}")]
    Unclear {
        /// The file.
        file: PathBuf,
        /// What is wrong, as a clause.
        why: &'static str,
    },
    /// It changes nothing.
    #[error("{file}: it changes nothing")]
    NoChange {
        /// The file.
        file: PathBuf,
    },
}
