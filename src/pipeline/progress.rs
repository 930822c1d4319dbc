//! What a heal tells while it runs; the doors show it.

use crate::diagnosis::Diagnosis;
use crate::draft::llm::Purpose;
use crate::draft::search::SearchStats;
use crate::verify::Verdict;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum ProgressEvent {
    /// A stage began; the text says what is done, e.g. "running the tests".
    Stage(&'static str, String),
    /// A remark worth a line.
    Note(String),
    /// A fallback or a limit that the user should know.
    Warning(String),
    /// The diagnosis is known.
    Diagnosed(Box<Diagnosis>),
    /// The search goes on.
    Searching(SearchStats),
    /// A model is asked.
    Asking {
        /// The model.
        model: String,
        /// What for.
        purpose: Purpose,
        /// The estimated size of the prompt, in tokens.
        tokens: u64,
    },
    /// Its answer grows; bytes so far.
    Received(usize),
    /// An attempt's verdict.
    Judged {
        /// The attempt, from 1.
        attempt: u32,
        /// The patch's diff.
        diff: String,
        /// What became of it.
        verdict: Box<Verdict>,
    },
}

/// A listener.
pub type Progress = dyn Fn(ProgressEvent) + Send + Sync;
