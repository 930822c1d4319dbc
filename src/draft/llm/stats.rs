//! What a heal's conversation with models came to; the `llm` object of `heal fix --json`.

use serde::{Deserialize, Serialize};

use super::meter::Spent;

/// Figures of one heal's conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LlmStats {
    /// What was spent: calls, tokens, money, time.
    #[serde(flatten)]
    pub spent: Spent,
    /// Rounds of drafting.
    pub rounds: u32,
    /// Milliseconds spent on packing what is known into prompts.
    pub packing_ms: u64,
    /// Drafts that went on to verification.
    pub drafts: u32,
    /// Answers without an edit that could be read.
    pub malformed: u32,
    /// Edits that fitted no place, or more than one.
    pub misfits: u32,
    /// Answers that were sent back once, with what was wrong.
    pub corrections: u32,
    /// Drafts whose syntax was repaired without asking.
    pub mended: u32,
    /// Drafts that were stopped because they do not parse.
    pub syntax_stopped: u32,
    /// Drafts that came to the same syntax tree as another one.
    pub duplicates: u32,
    /// Answers in which a model declined.
    pub refusals: u32,
    /// What people should know: why asking ended, what could not be asked.
    pub notes: Vec<String>,
}
