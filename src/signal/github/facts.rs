//! What signals are made of: repositories, accounts, origins, and GitHub's words for how things ended.

use serde::{Deserialize, Serialize};

use super::bots::is_bot;
use super::names::{BranchName, Login, RepositoryId, RepositoryName};

/// A repository as every payload describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryFacts {
    /// Its number, which outlives a new name.
    pub id: RepositoryId,
    /// `owner/name`.
    pub full_name: RepositoryName,
    /// The branch that policy is read from.
    pub default_branch: BranchName,
    /// Where git fetches from: http or https, without user and password.
    pub clone_url: String,
    /// Its page for people.
    pub html_url: String,
    /// Whether only members see it; true when the payload does not say.
    pub private: bool,
    /// Whether it is itself a fork of another.
    pub fork: bool,
    /// Whether it is read-only.
    pub archived: bool,
}

impl RepositoryFacts {
    /// The account that owns it.
    pub fn owner(&self) -> &str {
        self.full_name.owner()
    }

    /// Its name below the owner.
    pub fn name(&self) -> &str {
        self.full_name.name()
    }
}

/// A repository as lists name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryRef {
    /// Its number.
    pub id: RepositoryId,
    /// `owner/name`.
    pub full_name: RepositoryName,
}

/// An account that did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Its number.
    pub id: u64,
    /// Its login.
    pub login: Login,
    /// Whether it is a machine's.
    pub bot: bool,
}

impl Actor {
    pub(super) fn new(id: u64, login: Login, account_type: &str) -> Self {
        let bot = is_bot(login.as_str(), account_type);
        Self { id, login, bot }
    }
}

/// How an author belongs to a repository. Not proof of a right: ask for the permission itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Association {
    /// Owns it.
    Owner,
    /// Belongs to the organisation.
    Member,
    /// Was invited to it.
    Collaborator,
    /// Everybody else, and words that this version does not know.
    Outsider,
}

impl Association {
    /// Reads GitHub's word.
    pub fn named(word: &str) -> Self {
        match word {
            "OWNER" => Self::Owner,
            "MEMBER" => Self::Member,
            "COLLABORATOR" => Self::Collaborator,
            _ => Self::Outsider,
        }
    }
}

/// A pull request as runs and checks name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestRef {
    /// Its number in the repository.
    pub number: u64,
    /// The branch with the change.
    pub head_ref: BranchName,
    /// The branch that it should go into.
    pub base_ref: BranchName,
}

/// Where the code of a run or pull request comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// The repository itself.
    Same,
    /// A fork of it; without a name when the fork was deleted.
    Fork(Option<RepositoryName>),
}

impl Origin {
    /// Tells a fork from the repository itself: everything that is not surely the same is a fork.
    pub(super) fn of(repository: &RepositoryName, head: Option<RepositoryName>) -> Self {
        match head {
            Some(head) if head.is(repository) => Self::Same,
            head => Self::Fork(head),
        }
    }

    /// Whether the code comes from a fork: no push, no secrets.
    pub fn is_fork(&self) -> bool {
        matches!(self, Self::Fork(_))
    }
}

/// The App that reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppFacts {
    /// Its number.
    pub id: u64,
    /// Its name in URLs, when said.
    pub slug: Option<String>,
}

/// How a run or check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Everything passed.
    Success,
    /// Something failed.
    Failure,
    /// Neither good nor bad.
    Neutral,
    /// Somebody or something stopped it.
    Cancelled,
    /// It did not have to run.
    Skipped,
    /// It took too long.
    TimedOut,
    /// It waits for a person.
    ActionRequired,
    /// GitHub gave it up after 14 days.
    Stale,
    /// The workflow could not begin: most often its file is broken.
    StartupFailure,
    /// A word that this version does not know.
    Other,
}

impl Conclusion {
    /// Reads GitHub's word, that of a check or a run or the `state` of a status.
    pub fn named(word: &str) -> Self {
        match word {
            "success" => Self::Success,
            "failure" | "error" => Self::Failure,
            "neutral" => Self::Neutral,
            "cancelled" => Self::Cancelled,
            "skipped" => Self::Skipped,
            "timed_out" => Self::TimedOut,
            "action_required" => Self::ActionRequired,
            "stale" => Self::Stale,
            "startup_failure" => Self::StartupFailure,
            _ => Self::Other,
        }
    }

    /// Whether there is something to heal.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failure | Self::TimedOut | Self::StartupFailure)
    }

    /// Whether a merge would not be held up by it.
    pub fn is_green(self) -> bool {
        matches!(self, Self::Success | Self::Neutral | Self::Skipped)
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It waits: for a runner, for another run, for a person.
    Waiting,
    /// It runs.
    InProgress,
    /// It has ended.
    Completed,
    /// A word that this version does not know.
    Other,
}

impl RunStatus {
    /// Reads GitHub's word.
    pub fn named(word: &str) -> Self {
        match word {
            "queued" | "requested" | "waiting" | "pending" => Self::Waiting,
            "in_progress" => Self::InProgress,
            "completed" => Self::Completed,
            _ => Self::Other,
        }
    }
}
