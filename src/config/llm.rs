//! `[llm]`: which models may be asked, and what they may cost.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::ConfigError;
pub use super::models::load;
use crate::policy::Globs;

/// The models that may be asked, and the limits of asking.
#[derive(Clone, Debug)]
pub struct LlmConfig {
    /// Whether heal's own settings name an endpoint or a model. When only `OPENAI_*` variables are there, models are
    /// asked only on demand (`--drafter llm`), and the first of the committee has no name unless one is given.
    pub explicit: bool,
    /// Who drafts, at least one; one call each per round. The first one also plans.
    pub committee: Vec<Model>,
    /// Who plans; `None` means the first of the committee.
    pub planner: Option<Model>,
    /// Who reads proven patches; `None` means the first of the committee.
    pub reviewer: Option<Model>,
    /// Whether a plan is asked for first.
    pub plan: bool,
    /// Whether proven patches are read.
    pub review: bool,
    /// Drafts per model and round, 1 to 8.
    pub samples: u32,
    /// Rounds of drafting per heal, 1 to 10.
    pub rounds: u32,
    /// The form in which edits are asked for; `None` means what was measured to work best.
    pub format: Option<EditFormat>,
    /// The longest prompt, in tokens.
    pub context_tokens: u32,
    /// The longest answer, in tokens.
    pub max_output_tokens: u32,
    /// Tokens per heal, read and written together.
    pub max_tokens: u64,
    /// Money per heal, in US dollars; `None` means no limit.
    pub max_cost_usd: Option<f64>,
    /// Seconds per heal that may be spent waiting for models.
    pub max_seconds: u64,
    /// Seconds that one call may take.
    pub timeout_seconds: u64,
    /// Calls at a time per endpoint.
    pub concurrency: usize,
    /// Whether answers are streamed; `None` means on a terminal.
    pub stream: Option<bool>,
    /// The sampling temperature; `None` leaves it to the endpoint.
    pub temperature: Option<f32>,
    /// A folder whose templates take the place of the bundled ones.
    pub prompts: Option<PathBuf>,
    /// Whether every prompt and answer is kept in the store, redacted.
    pub keep_transcripts: bool,
    /// The files whose text may be sent.
    pub allow_paths: Globs,
    /// The files whose text may not be sent, whatever is allowed.
    pub deny_paths: Globs,
    /// Whether drafts are checked by the syntax tree and the language's own parser before they go on. Only for
    /// measuring what the checks are worth.
    pub syntax_checks: bool,
}

impl LlmConfig {
    /// Whether a file's text may be sent, by its path within the repository.
    pub fn may_send(&self, path: &Path) -> bool {
        self.allow_paths.matches(path) && !self.deny_paths.matches(path)
    }

    /// Whether every model has a name; what is missing is the error.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.committee.iter().any(|model| model.name.is_empty()) { Err(ConfigError::NoModel) } else { Ok(()) }
    }
}

/// One model behind one endpoint.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its name there.
    pub name: String,
    /// The endpoint, without a slash at its end: the address before `/chat/completions`.
    pub base_url: String,
    /// The key; `None` for endpoints that want none.
    pub api_key: Option<SecretString>,
    /// What it costs, where that is known.
    pub price: Option<Price>,
}

/// The price of a model, in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Of tokens read.
    pub input: f64,
    /// Of tokens written.
    pub output: f64,
}

/// The forms in which edits can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditFormat {
    /// A JSON document under a schema.
    Json,
    /// SEARCH/REPLACE blocks.
    SearchReplace,
    /// Whole functions.
    Definition,
}
