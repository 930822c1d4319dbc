//! From drafts to patches: edits applied, checked and shown.
//!
//! In: a [`Draft`](crate::draft::Draft)'s edits and the files. Out: a [`Patch`]: whole contents before
//! and after, and a unified diff; or the reason why there is none. Rungs 1 to 3 of the ladder of
//! proof stand on this room.

mod apply;
mod data;
pub mod edit;
mod guard;
mod mend;
mod syntax;
mod unified;

use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use apply::with_line_ends;
pub use apply::{Changed, Patch, PatchError, apply, apply_unparsed};
pub use guard::{Guard, GuardError};
pub use mend::{mend, mend_edits};
pub use syntax::{SyntaxFault, first_fault};
pub use unified::unified_diff;

/// A replacement of a byte range of a file's text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SpanEdit {
    /// The file, relative to the repository.
    pub file: PathBuf,
    /// Half-open byte range.
    pub span: Range<usize>,
    /// What comes there.
    pub replacement: String,
}
