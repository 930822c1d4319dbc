//! The drafter that asks language models, behind any OpenAI-compatible endpoint.
//!
//! In: a [`Case`](super::Case), the settings of an endpoint. Out: drafts whose edits fit and parse; a review of a
//! proven patch; what it cost. Nothing is sent unless an endpoint is configured, and nothing is sent that is not
//! redacted.
//!
//! The way of a draft: `context` packs what is known into a budget of tokens, most useful first; `prompt` makes
//! messages of it; `client` asks; `reply` reads the answer, whatever its form; `patch::edit` places it.

mod asking;
pub mod client;
pub mod committee;
pub mod context;
mod drafting;
pub mod exchange;
pub mod habits;
pub mod meter;
pub mod prompt;
pub mod reply;
mod requests;
pub mod review;
pub mod session;
pub mod stats;
pub mod tokens;
pub mod transcript;
pub mod turn;

pub use exchange::{Answer, AnswerFormat, Exchange, Message, Purpose, Request, Role, Usage};
