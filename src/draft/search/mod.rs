//! The embedded search engine: repair without a model, a key or a network.
//!
//! In: a [`Case`](super::Case) and a budget. Out: plausible [`Draft`](super::Draft)s (they pass the
//! tests in a warm process), best first, and [`SearchStats`].
//!
//! ```text
//! suspicious lines ─ operators ─→ candidates ─ rank ─→ warm validation ─→ plausible ─ rank ─→ drafts
//! ```
//!
//! [`candidates`] walks the syntax tree on suspicious lines and lets each [`operators`] entry
//! propose edits out of [`ingredients`]; [`rank`] orders them by suspiciousness × prior; [`engine`]
//! validates them in that order until the budget ends or enough are found. Other drafters come here, too:
//! [`screen`] sorts their drafts by what the warm process says, and [`seeds`] makes candidates of those that fell.

pub mod candidates;
pub mod engine;
pub mod ingredients;
pub mod operators;
pub mod rank;
pub mod screen;
pub mod seeds;
mod shape;
mod validator;

pub use engine::{SearchBudget, SearchStats, Searched, search};
pub use validator::{Goal, ValidationError, Validator, Validity};
