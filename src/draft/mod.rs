//! Drafters: each proposes patches for the same case; the cheap ones go first.
//!
//! In: a [`Case`] (diagnosis, code, failing tests, what earlier attempts did). Out: [`Draft`]s, the
//! most promising first. A draft is a proposal: nothing here says that it is right. Today there is
//! one drafter, [`search`]; others join by giving the same `Draft`s.

pub mod search;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::diagnosis::Diagnosis;
use crate::evidence::Evidence;
use crate::patch::{Guard, SpanEdit};

/// Gives a file's text by its path relative to the repository; `None` when there is none, it is not
/// UTF-8, or it is too large.
pub type ReadFile = dyn Fn(&Path) -> Option<String> + Send + Sync;

/// The question put to every drafter.
pub struct Case<'a> {
    /// The repository's root.
    pub root: &'a Path,
    /// What failed and what is known of it.
    pub evidence: &'a Evidence,
    /// Why and where.
    pub diagnosis: &'a Diagnosis,
    /// Reads files.
    pub read: &'a ReadFile,
    /// What may be touched.
    pub guard: Guard<'a>,
}

/// A proposed repair.
#[derive(Clone, Debug, Serialize)]
pub struct Draft {
    /// Who proposes it.
    pub drafter: &'static str,
    /// The kind of edit, for reports: an operator's name.
    pub operator: &'static str,
    /// The edits.
    pub edits: Vec<SpanEdit>,
    /// The place that it changes, for people.
    pub place: (PathBuf, crate::code::Line),
    /// How promising, against the drafter's other drafts; higher is better.
    pub score: f64,
}
