//! The floor that knows syntax: tree-sitter behind one table of languages.
//!
//! In: the path and the text of a file. Out: a [`SourceFile`] (text and tree together), its
//! [`outline`](outline::definitions) and the names that can be used at a place ([`scope`]).
//!
//! Invariants: a span is a half-open range of *byte* offsets into the text of the file it came
//! from; a [`Line`] counts from 1. Nothing here touches the disk, runs code or knows of tests.

pub mod anatomy;
pub mod calls;
pub mod early_errors;
pub mod languages;
pub mod likeness;
pub mod line;
pub mod outline;
pub mod scope;
pub mod source;
pub mod titled_calls;
pub mod workflow;

pub use languages::{Language, Role};
pub use line::Line;
pub use source::{ParseError, SourceFile};
