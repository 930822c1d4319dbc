//! Everything that people read: pure functions from what is known to text.
//!
//! In: a diagnosis, verdicts, a patch. Out: text for a terminal, a commit message, an HTML page.
//! Nothing here writes anywhere; forges and doors do.

pub mod annotations;
pub mod html;
pub mod message;
pub mod sarif;
pub mod summary;
pub mod text;
