//! Reading a model's answer, in whatever form it comes.
//!
//! In: the text of an answer. Out: a [`Reply`]: the edits it holds, what it says besides, and what could not be read.
//! Whatever form was asked for, every known one is read, the first that yields edits: a JSON document of edits, blocks
//! of apply_patch, SEARCH/REPLACE blocks, unified diffs, JSON inside of prose, whole definitions in code fences.
//! Nothing here looks at files; whether an edit fits is [`crate::patch::edit`]'s to say.

mod diff;
mod fences;
mod json;
mod lines;
mod markers;
mod names;
mod prose;
mod read;
mod schema;
#[cfg(test)]
mod tests;

use crate::patch::edit::EditBlock;

pub use read::read;
pub use schema::schema;

/// The longest answer that is read, in bytes; what follows is cut.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The most edits of one answer; further ones are dropped.
pub const MAX_BLOCKS: usize = 64;

/// What an answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The edits, in their order, at most [`MAX_BLOCKS`].
    pub blocks: Vec<EditBlock>,
    /// The sentence with which the model refuses to help; only when there are no edits.
    pub refusal: Option<String>,
    /// Why the model says that no change of code mends the failure.
    pub gave_up: Option<String>,
    /// The prose around the edits, or their explanation; at most 4,000 characters. Tagged reasoning is not part of it.
    pub thoughts: Option<String>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// What could not be read of an answer; its text is a clause for whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is longer than [`MAX_BYTES`]; the rest was not read.
    #[error("the answer is longer than {MAX_BYTES} bytes; the rest was not read")]
    TooLong,
    /// It has more than [`MAX_BLOCKS`] edits; the rest were dropped.
    #[error("the answer has {count} edits; only the first {MAX_BLOCKS} were read")]
    TooMany {
        /// How many it has.
        count: usize,
    },
    /// The last edit has no end. It is among the blocks; whoever knows that the answer was cut off must drop it.
    #[error("edit {} has no end", block + 1)]
    Unfinished {
        /// Its index among the blocks.
        block: usize,
    },
    /// Something looks like an edit and can't be read as one; no block was made of it.
    #[error("line {line} of the answer: {why}")]
    Malformed {
        /// The line of the answer, from 1.
        line: usize,
        /// What is wrong, as a clause.
        why: &'static str,
    },
    /// It creates or deletes a file, which no edit does.
    #[error("files can't be created, renamed or deleted: {file}")]
    WholeFile {
        /// The file as it was named.
        file: String,
    },
}
