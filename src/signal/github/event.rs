//! The kinds of events, by the names that GitHub writes into `X-GitHub-Event`.

use std::fmt;

/// What kind of event a delivery carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A GitHub Actions workflow was requested, runs, or has ended.
    WorkflowRun,
    /// The same of one of its jobs.
    WorkflowJob,
    /// A check of some CI system was made or has ended.
    CheckRun,
    /// All checks of one App on one commit.
    CheckSuite,
    /// The older way in which CI systems report.
    Status,
    /// A branch or tag moved.
    Push,
    /// A pull request was opened, changed, closed.
    PullRequest,
    /// Somebody reviewed a pull request.
    PullRequestReview,
    /// A comment on an issue or pull request.
    IssueComment,
    /// The App was installed, suspended, removed.
    Installation,
    /// Repositories were added to or removed from an installation.
    InstallationRepositories,
    /// GitHub tries the webhook out.
    Ping,
    /// An event that heal has no use for: its name, at most [`EventKind::MAX_NAME`] bytes of
    /// `[a-z0-9_]`, anything else replaced by `?`.
    Unknown(String),
}

/// Names and kinds, one row each.
const NAMES: [(&str, EventKind); 12] = [
    ("workflow_run", EventKind::WorkflowRun),
    ("workflow_job", EventKind::WorkflowJob),
    ("check_run", EventKind::CheckRun),
    ("check_suite", EventKind::CheckSuite),
    ("status", EventKind::Status),
    ("push", EventKind::Push),
    ("pull_request", EventKind::PullRequest),
    ("pull_request_review", EventKind::PullRequestReview),
    ("issue_comment", EventKind::IssueComment),
    ("installation", EventKind::Installation),
    ("installation_repositories", EventKind::InstallationRepositories),
    ("ping", EventKind::Ping),
];

impl EventKind {
    /// How much of an unknown name is kept; GitHub's longest is half as long.
    pub const MAX_NAME: usize = 64;

    /// The kind of this name.
    pub fn named(name: &str) -> Self {
        match NAMES.iter().find(|(known, _)| *known == name) {
            Some((_, kind)) => kind.clone(),
            None => Self::Unknown(name.chars().take(Self::MAX_NAME).map(harmless).collect()),
        }
    }

    /// The name, as GitHub writes it (cleaned when it is unknown).
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unknown(name) => name,
            known => known.label(),
        }
    }

    /// The name for metrics: all unknown events share one, so that a sender can't invent labels.
    pub fn label(&self) -> &'static str {
        NAMES.iter().find(|(_, kind)| kind == self).map_or("unknown", |(name, _)| name)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The character when a name of an event can hold it.
fn harmless(character: char) -> char {
    if character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_' { character } else { '?' }
}

#[cfg(test)]
mod tests {
    use super::{EventKind, NAMES};

    #[test]
    fn known_names_lead_to_their_kind_and_back() {
        for (name, kind) in NAMES {
            assert_eq!(EventKind::named(name), kind);
            assert_eq!(kind.as_str(), name);
            assert_eq!(kind.label(), name);
        }
    }

    #[test]
    fn unknown_names_are_bounded_and_cleaned() {
        let kind = EventKind::named("code_scanning_alert\n\u{1b}[31mé");
        assert_eq!(kind.as_str(), "code_scanning_alert???31m?");
        assert_eq!(kind.label(), "unknown");
        assert_eq!(EventKind::named(&"x".repeat(10_000)).as_str().len(), EventKind::MAX_NAME);
    }
}
