//! What is asked of a model and what it answers, whoever carries it: an endpoint or a transcript.

use serde::{Deserialize, Serialize};

/// A question to a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What the answer is for.
    pub purpose: Purpose,
    /// The conversation so far, the system's message first.
    pub messages: Vec<Message>,
    /// The form of the answer.
    pub format: AnswerFormat,
    /// The longest answer, in tokens.
    pub max_output_tokens: u32,
    /// The sampling temperature; `None` leaves it to the endpoint (some models refuse any other than their own).
    pub temperature: Option<f32>,
}

/// What an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// What is wrong, which lines, what not to touch.
    Plan,
    /// The first draft.
    Draft,
    /// A draft after one that fell.
    Retry,
    /// The correction of an answer that could not be used.
    Correction,
    /// The reading of a proven patch.
    Review,
    /// A diagnosis in plain words.
    Explain,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub text: String,
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The rules.
    System,
    /// heal.
    User,
    /// The model.
    Assistant,
}

/// The form in which an answer is asked for; what comes back is read in every form that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFormat {
    /// Plain words.
    #[default]
    Text,
    /// A JSON document under the schema of edits, by `response_format: json_schema`.
    Json,
    /// SEARCH/REPLACE blocks.
    SearchReplace,
    /// Whole functions.
    Definition,
}

/// A model's answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What it says.
    pub text: String,
    /// Whether it was cut off at the longest length.
    pub cut: bool,
    /// What it took.
    pub usage: Usage,
}

/// The tokens of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub input: u64,
    /// Tokens written, hidden reasoning included.
    pub output: u64,
    /// Whether they are heal's estimate, because the endpoint did not say.
    pub estimated: bool,
}

/// A call that was made, as a transcript keeps it; redacted before it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// The model.
    pub model: String,
    /// What was asked.
    pub request: Request,
    /// What came back: the answer, or the sentence of the error.
    pub outcome: Result<Answer, String>,
    /// What it took, failed calls included.
    #[serde(default)]
    pub used: Usage,
    /// What it cost, in US dollars; 0 where the price is not known.
    pub cost_usd: f64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}
