//! The contract types: what a webhook can say to the pipeline.
//!
//! Texts that people chose freely (names of checks and workflows, labels, comments) are bounded and
//! without control characters where they are names; they are still to be escaped where they are shown.

use serde::{Deserialize, Serialize};

use super::bots::OWN_CHECK_NAME;
use super::facts::{Actor, AppFacts, Conclusion, Origin, PullRequestRef, RepositoryFacts, RepositoryRef, RunStatus};
use super::names::{BranchName, CommitSha, InstallationId, Login};
use super::said::{CommentSignal, ReviewSignal};

/// What a webhook means to heal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GithubSignal {
    /// A workflow of GitHub Actions has ended, well or not.
    RunCompleted(Box<RunSignal>),
    /// A workflow of GitHub Actions was requested or has begun.
    RunStarted(Box<RunSignal>),
    /// A CI system other than GitHub Actions reports a result.
    CheckCompleted(Box<CheckSignal>),
    /// A branch was made, moved or deleted.
    Pushed(Box<PushSignal>),
    /// A pull request was opened, changed or closed.
    PullRequestChanged(Box<PullRequestSignal>),
    /// A pull request was reviewed.
    Reviewed(Box<ReviewSignal>),
    /// Somebody commented on an issue or pull request.
    Commented(Box<CommentSignal>),
    /// The App can see other repositories than before.
    InstallationChanged(Box<InstallationSignal>),
    /// GitHub tries the webhook out.
    Ping(PingSignal),
    /// Nothing that heal acts upon.
    Ignored {
        /// Why.
        #[serde(skip)]
        reason: &'static str,
    },
}

impl GithubSignal {
    /// The repository that it is about, where there is one.
    pub fn repository(&self) -> Option<&RepositoryFacts> {
        match self {
            Self::RunCompleted(signal) | Self::RunStarted(signal) => Some(&signal.repository),
            Self::CheckCompleted(signal) => Some(&signal.repository),
            Self::Pushed(signal) => Some(&signal.repository),
            Self::PullRequestChanged(signal) => Some(&signal.repository),
            Self::Reviewed(signal) => Some(&signal.repository),
            Self::Commented(signal) => Some(&signal.repository),
            Self::InstallationChanged(_) | Self::Ping(_) | Self::Ignored { .. } => None,
        }
    }

    /// The installation through which heal sees it, where the payload names one.
    pub fn installation(&self) -> Option<InstallationId> {
        match self {
            Self::RunCompleted(signal) | Self::RunStarted(signal) => signal.installation,
            Self::CheckCompleted(signal) => signal.installation,
            Self::Pushed(signal) => signal.installation,
            Self::PullRequestChanged(signal) => signal.installation,
            Self::Reviewed(signal) => signal.installation,
            Self::Commented(signal) => signal.installation,
            Self::InstallationChanged(signal) => Some(signal.installation),
            Self::Ping(_) | Self::Ignored { .. } => None,
        }
    }

    /// A word for metrics and log messages.
    pub fn label(&self) -> &'static str {
        match self {
            Self::RunCompleted(_) => "run_completed",
            Self::RunStarted(_) => "run_started",
            Self::CheckCompleted(_) => "check_completed",
            Self::Pushed(_) => "pushed",
            Self::PullRequestChanged(_) => "pull_request_changed",
            Self::Reviewed(_) => "reviewed",
            Self::Commented(_) => "commented",
            Self::InstallationChanged(_) => "installation_changed",
            Self::Ping(_) => "ping",
            Self::Ignored { .. } => "ignored",
        }
    }
}

/// A run of a workflow on a branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSignal {
    /// Where it runs.
    pub repository: RepositoryFacts,
    /// The installation through which heal sees it.
    pub installation: Option<InstallationId>,
    /// The run.
    pub run: RunFacts,
    /// Who set the event off.
    pub sender: Option<Actor>,
}

/// What is known of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// Its number, the same for every attempt.
    pub id: u64,
    /// The workflow's name, or the path of its file.
    pub name: String,
    /// The workflow's number.
    pub workflow_id: u64,
    /// The path of the workflow's file, when said.
    pub path: Option<String>,
    /// What started it: `push`, `pull_request`, `schedule` …
    pub event: String,
    /// The branch, in the repository that `origin` names: a fork's `main` is not this repository's. A run for a tag
    /// looks the same when a push started it: see whether the branch exists.
    pub head_branch: BranchName,
    /// The commit. For pull requests the head, not the merge that was tested.
    pub head_sha: CommitSha,
    /// How far it is.
    pub status: RunStatus,
    /// How it ended, if it has.
    pub conclusion: Option<Conclusion>,
    /// Which attempt this is, from 1.
    pub attempt: u64,
    /// Whose code runs.
    pub origin: Origin,
    /// The pull requests with this head; always empty for forks.
    pub pull_requests: Vec<PullRequestRef>,
    /// Who is behind the run.
    pub actor: Option<Actor>,
    /// Its page for people.
    pub html_url: Option<String>,
}

/// In which way a CI system reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// A check run.
    Run,
    /// All check runs of one App on the commit.
    Suite,
    /// A commit status.
    Status,
}

/// The result of a CI system that is not GitHub Actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSignal {
    /// Where.
    pub repository: RepositoryFacts,
    /// The installation through which heal sees it.
    pub installation: Option<InstallationId>,
    /// In which way it was reported.
    pub kind: CheckKind,
    /// The number of the check run, suite or status.
    pub id: u64,
    /// The commit.
    pub head_sha: CommitSha,
    /// The branch whose head the commit is, when the payload says it; none for the code of forks.
    pub branch: Option<BranchName>,
    /// The check's name, the status' context, or the App's name for a suite.
    pub name: String,
    /// Who reports; statuses do not say.
    pub app: Option<AppFacts>,
    /// How it ended.
    pub conclusion: Conclusion,
    /// Its page for people.
    pub details_url: Option<String>,
    /// The pull requests with this head.
    pub pull_requests: Vec<PullRequestRef>,
    /// Who set the event off.
    pub sender: Option<Actor>,
}

impl CheckSignal {
    /// Whether this is the check of the App of this number, that is of heal when the number is its own.
    ///
    /// GitHub names the App of every check run. Where a host leaves it out, a check run of the name that heal
    /// gives to its own is taken for heal's: reacting to oneself is worse than missing another's check.
    pub fn is_own(&self, app_id: u64) -> bool {
        match &self.app {
            Some(app) => app.id == app_id,
            None => self.kind == CheckKind::Run && self.name == OWN_CHECK_NAME,
        }
    }
}

/// A branch that was made, moved or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushSignal {
    /// Where.
    pub repository: RepositoryFacts,
    /// The installation through which heal sees it.
    pub installation: Option<InstallationId>,
    /// The branch.
    pub branch: BranchName,
    /// Its head before; none when it was made.
    pub before: Option<CommitSha>,
    /// Its head now; none when it was deleted.
    pub after: Option<CommitSha>,
    /// Whether history was rewritten.
    pub forced: bool,
    /// Who set the event off.
    pub sender: Option<Actor>,
    /// The name of the account or key that pushed.
    pub pusher: Option<String>,
}

impl PushSignal {
    /// Whether the branch is gone.
    pub fn deleted(&self) -> bool {
        self.after.is_none()
    }

    /// Whether it is the default branch.
    pub fn is_default_branch(&self) -> bool {
        self.branch == self.repository.default_branch
    }
}

/// What happened to a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullRequestAction {
    /// It is new.
    Opened,
    /// It is open again.
    Reopened,
    /// Its head moved.
    Synchronized,
    /// It was merged or closed.
    Closed,
    /// A label was put on.
    Labeled,
    /// A label was taken off.
    Unlabeled,
    /// It is no draft any more.
    ReadyForReview,
    /// It is a draft again.
    ConvertedToDraft,
}

/// A pull request that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestSignal {
    /// Where it should go.
    pub repository: RepositoryFacts,
    /// The installation through which heal sees it.
    pub installation: Option<InstallationId>,
    /// Its number in the repository.
    pub number: u64,
    /// What happened.
    pub action: PullRequestAction,
    /// The commit at its head.
    pub head_sha: CommitSha,
    /// The branch with the change.
    pub head_ref: BranchName,
    /// Whose branch that is.
    pub origin: Origin,
    /// The branch that it should go into.
    pub base_ref: BranchName,
    /// Whether it was merged.
    pub merged: bool,
    /// Whether it is a draft.
    pub draft: bool,
    /// All its labels after the event.
    pub labels: Vec<String>,
    /// The label that was put on or taken off.
    pub label: Option<String>,
    /// Who opened it.
    pub author: Option<Actor>,
    /// Who set the event off.
    pub sender: Option<Actor>,
}

/// What happened to an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallationAction {
    /// The App was installed.
    Created,
    /// The App was removed.
    Deleted,
    /// The App may do nothing for now.
    Suspended,
    /// The App may work again.
    Unsuspended,
    /// New permissions were granted.
    PermissionsAccepted,
    /// Repositories came or went.
    RepositoriesChanged,
}

/// A change in what the App can see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationSignal {
    /// What happened.
    pub action: InstallationAction,
    /// The installation.
    pub installation: InstallationId,
    /// The App.
    pub app_id: Option<u64>,
    /// The account on which the App is installed.
    pub account: Option<Login>,
    /// Repositories that can be seen now.
    pub added: Vec<RepositoryRef>,
    /// Repositories that can't be seen any more.
    pub removed: Vec<RepositoryRef>,
    /// Who set the event off.
    pub sender: Option<Actor>,
}

/// A trial delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingSignal {
    /// GitHub's sentence of the day.
    pub zen: Option<String>,
    /// The webhook.
    pub hook_id: u64,
    /// The App whose webhook it is.
    pub app_id: Option<u64>,
}
