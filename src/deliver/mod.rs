//! Everything that people read: pure functions from what is known to text.
//!
//! In: a diagnosis, verdicts, a patch, or the whole [`story`] of a heal. Out: text for a terminal, a commit
//! message, an HTML page; the pull request, alert, check run, comment and message of the App.
//! Nothing here writes anywhere; forges and doors do.

pub mod alert;
pub mod annotations;
pub mod check;
mod evidence;
pub mod flaky;
pub mod html;
mod hunks;
mod links;
pub mod markdown;
pub mod marker;
pub mod message;
pub mod notification;
mod operators;
pub mod pull_request;
pub mod risk;
#[cfg(test)]
mod sample;
pub mod sarif;
mod sections;
pub mod story;
pub mod summary;
pub mod text;

/// A comment on lines of a changed file, as a review holds it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LineComment {
    /// The file, relative to the repository, with `/` between its parts.
    pub path: String,
    /// The first line where the comment spans several, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_line: Option<u32>,
    /// The line, from 1; the last one where the comment spans several.
    pub line: u32,
    /// Markdown.
    pub body: String,
}
