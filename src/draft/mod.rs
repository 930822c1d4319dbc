//! Drafters: each proposes patches for the same case; the cheap ones go first.
//!
//! In: a [`Case`] (diagnosis, code, failing tests, what earlier attempts did). Out: [`Draft`]s, the
//! most promising first. A draft is a proposal: nothing here says that it is right. A further drafter joins by
//! giving the same `Draft`s and a row in [`Drafter`].

pub mod llm;
pub mod recall;
pub mod search;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::diagnosis::Diagnosis;
use crate::evidence::Evidence;
use crate::patch::{Guard, SpanEdit};

/// Gives a file's text by its path relative to the repository; `None` when there is none, it is not
/// UTF-8, or it is too large.
pub type ReadFile = dyn Fn(&Path) -> Option<String> + Send + Sync;

/// Who drafts; the cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drafter {
    /// What worked before: [`recall`].
    Recall,
    /// The embedded engine: [`search`].
    Search,
    /// Language models: [`llm`].
    Llm,
}

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
    /// Every file under version control, sorted.
    pub tracked: &'a [PathBuf],
    /// What was put to the test before, oldest first.
    pub earlier: &'a [Earlier],
    /// Fixes of earlier failures of this repository, the most similar first.
    pub past_fixes: &'a [PastFix],
}

/// A patch that was put to the test before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Which attempt, from 1.
    pub number: u32,
    /// Its unified diff; empty when the edits made no patch.
    pub diff: String,
    /// Why it fell, as a clause.
    pub fell_because: String,
    /// What the tests or CI said with it in place: the end of the log.
    pub log: String,
}

/// A fix of an earlier failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastFix {
    /// The failure's name.
    pub fingerprint: String,
    /// What failed then, in a line.
    pub failure: String,
    /// The unified diff that was proven.
    pub diff: String,
    /// Its edits, against the commit of then.
    pub edits: Vec<SpanEdit>,
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
    /// The model that wrote it, where one did.
    pub model: Option<String>,
    /// How promising, against the drafter's other drafts; higher is better.
    pub score: f64,
}
