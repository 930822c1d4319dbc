//! Messages from templates: what a model is told, and what it is asked for.
//!
//! In: [`Packed`](super::context::Packed) evidence and an [`Ask`]. Out: messages, the system's first. The words are
//! the templates of `prompts/`, compiled in, which a folder can replace one by one. Everything foreign goes through
//! [`Fence`]: without secrets, invisible characters escaped, between boundaries drawn for each request.

mod escape;
mod fence;
mod messages;
mod templates;
#[cfg(test)]
mod tests;

pub use escape::visible;
pub use fence::Fence;
pub use messages::{Ask, Proven};
pub use templates::{PromptError, Prompts};
