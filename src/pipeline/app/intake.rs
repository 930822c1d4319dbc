//! From a signal to heals: which failure is new, which heal should look again.
//!
//! In: a checked signal. Out: at most one new heal per failing commit, and wake-ups. A signal decides
//! nothing by itself: heals ask GitHub how things stand, so repeated, reordered and late signals do no harm.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::knowledge::Knowledge;
use super::services::{App, StepError};
use crate::signal::github::{
    CheckSignal, GithubSignal, InstallationAction, InstallationSignal, Origin, PullRequestSignal, RepositoryFacts,
    RunSignal, is_own_branch, is_queue_branch,
};
use crate::store::{HealId, HealRow, PASSING, Wake};

/// What became of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A heal was begun.
    Begun,
    /// Heals that wait were woken.
    Woken(u64),
    /// It means nothing to heal now.
    Nothing(&'static str),
}

impl Received {
    /// A word for the delivery's row.
    pub fn note(&self) -> String {
        match self {
            Received::Begun => "a heal was begun".to_owned(),
            Received::Woken(count) => format!("{count} heals were woken"),
            Received::Nothing(reason) => (*reason).to_owned(),
        }
    }
}

/// A red report about a commit.
pub struct Failing<'a> {
    /// Where.
    pub repository: &'a RepositoryFacts,
    /// The installation.
    pub installation: u64,
    /// The branch.
    pub branch: &'a str,
    /// The commit.
    pub head: &'a str,
    /// Where the commit comes from.
    pub origin: &'a Origin,
    /// The pull request, where the report names one.
    pub pull_request: Option<u64>,
    /// The run and its attempt.
    pub run: Option<(u64, u64)>,
    /// The check of another CI system: name and page.
    pub check: Option<(&'a str, &'a str)>,
}

/// Takes a signal in.
pub async fn receive(app: &App, signal: &GithubSignal) -> Result<Received, StepError> {
    match signal {
        GithubSignal::RunCompleted(signal) => run_completed(app, signal).await,
        GithubSignal::RunStarted(signal) => {
            wake(app, &signal.repository, &Wake::Commit(signal.run.head_sha.as_str())).await
        }
        GithubSignal::CheckCompleted(signal) => check_completed(app, signal).await,
        GithubSignal::Pushed(signal) => wake(app, &signal.repository, &Wake::Branch(signal.branch.as_str())).await,
        GithubSignal::PullRequestChanged(signal) => pull_request_changed(app, signal).await,
        GithubSignal::Reviewed(signal) => wake(app, &signal.repository, &Wake::Branch(signal.head_ref.as_str())).await,
        GithubSignal::Commented(_) => Ok(Received::Nothing("comments are not answered yet")),
        GithubSignal::InstallationChanged(signal) => installation_changed(app, signal).await,
        GithubSignal::Ping(_) => Ok(Received::Nothing("a ping")),
        GithubSignal::Ignored { reason } => Ok(Received::Nothing(reason)),
    }
}

async fn wake(app: &App, repository: &RepositoryFacts, of: &Wake<'_>) -> Result<Received, StepError> {
    match app.store.wake_heals(repository.full_name.as_str(), of, app.now()).await? {
        0 => Ok(Received::Nothing("no heal waits for it")),
        count => {
            app.bell.notify_waiters();
            Ok(Received::Woken(count))
        }
    }
}

async fn run_completed(app: &App, signal: &RunSignal) -> Result<Received, StepError> {
    let run = &signal.run;
    let failed = run.conclusion.is_some_and(|conclusion| conclusion.is_failure());
    let Some(installation) = signal.installation.filter(|_| failed) else {
        return wake(app, &signal.repository, &Wake::Commit(run.head_sha.as_str())).await;
    };
    let failing = Failing {
        repository: &signal.repository,
        installation: installation.0,
        branch: run.head_branch.as_str(),
        head: run.head_sha.as_str(),
        origin: &run.origin,
        pull_request: run.pull_requests.iter().find(|pull| pull.head_ref == run.head_branch).map(|pull| pull.number),
        run: Some((run.id, run.attempt)),
        check: None,
    };
    failure_seen(app, &failing).await
}

async fn check_completed(app: &App, signal: &CheckSignal) -> Result<Received, StepError> {
    if signal.is_own(app.identity().await?.id) {
        return Ok(Received::Nothing("heal's own check"));
    }
    let by_actions = signal.app.as_ref().and_then(|app| app.slug.as_deref()) == Some("github-actions");
    let head = signal.head_sha.as_str();
    let (Some(branch), Some(installation), true, false) =
        (&signal.branch, signal.installation, signal.conclusion.is_failure(), by_actions)
    else {
        return wake(app, &signal.repository, &Wake::Commit(head)).await;
    };
    if signal.kind == crate::signal::github::CheckKind::Suite {
        return wake(app, &signal.repository, &Wake::Commit(head)).await;
    }
    let failing = Failing {
        repository: &signal.repository,
        installation: installation.0,
        branch: branch.as_str(),
        head,
        origin: &Origin::Same,
        pull_request: signal.pull_requests.first().map(|pull| pull.number),
        run: None,
        check: Some((&signal.name, signal.details_url.as_deref().unwrap_or(""))),
    };
    failure_seen(app, &failing).await
}

async fn pull_request_changed(app: &App, signal: &PullRequestSignal) -> Result<Received, StepError> {
    let name = &signal.repository.full_name;
    let by_head = app.store.wake_heals(name.as_str(), &Wake::Branch(signal.head_ref.as_str()), app.now()).await?;
    let by_base = wake(app, &signal.repository, &Wake::Branch(signal.base_ref.as_str())).await?;
    app.bell.notify_waiters();
    Ok(match by_base {
        Received::Woken(count) => Received::Woken(count + by_head),
        _ if by_head > 0 => Received::Woken(by_head),
        nothing => nothing,
    })
}

async fn installation_changed(app: &App, signal: &InstallationSignal) -> Result<Received, StepError> {
    let gone = matches!(signal.action, InstallationAction::Deleted | InstallationAction::Suspended);
    app.store
        .append_audit(None, "signal", &json!({"installation": signal.installation, "gone": gone}), app.now())
        .await?;
    for repository in &signal.removed {
        app.store.wake_heals(repository.full_name.as_str(), &Wake::Repository, app.now()).await?;
    }
    app.bell.notify_waiters();
    Ok(Received::Nothing("heals find out what they may do when they look next"))
}

/// Begins a heal for a failing commit, unless one is there that knows of it or will find it.
pub async fn failure_seen(app: &App, failing: &Failing<'_>) -> Result<Received, StepError> {
    let name = failing.repository.full_name.as_str();
    if is_own_branch(failing.branch) && !failing.origin.is_fork() {
        return wake(app, failing.repository, &Wake::Commit(failing.head)).await;
    }
    if is_queue_branch(failing.branch) {
        return Ok(Received::Nothing("a merge queue's branch"));
    }
    for row in app.store.heals_of_commit(name, failing.head).await? {
        // What ended because its branch went away says nothing of another branch with the same commit.
        let passed = row.outcome.as_deref().is_some_and(|outcome| PASSING.contains(&outcome));
        if passed && row.branch != failing.branch {
            continue;
        }
        if row.state != "closed" {
            return wake(app, failing.repository, &Wake::Commit(failing.head)).await;
        }
        let knows = row.knowledge::<Knowledge>().is_ok_and(|know| match (failing.run, failing.check) {
            (Some((run, attempt)), _) => know.covers(run, attempt),
            (None, Some((check, _))) => know.checks.contains_key(check),
            (None, None) => true,
        });
        if knows {
            return Ok(Received::Nothing("a heal of this failure has ended"));
        }
    }
    let row = begin(app, failing);
    if !app.store.add_heal(&row, app.now()).await? {
        return wake(app, failing.repository, &Wake::Commit(failing.head)).await;
    }
    let facts = json!({"repository": name, "branch": failing.branch, "head": failing.head, "run": failing.run});
    app.store.append_audit(Some(&row.id.0), "signal", &facts, app.now()).await?;
    tracing::info!(heal.id = %row.id, repository = name, commit = failing.head, branch = failing.branch, "received");
    app.bell.notify_waiters();
    Ok(Received::Begun)
}

fn begin(app: &App, failing: &Failing<'_>) -> HealRow {
    let name = failing.repository.full_name.as_str();
    let fork_owner = match failing.origin {
        Origin::Fork(Some(fork)) => Some(fork.owner().to_owned()),
        _ => None,
    };
    let mut know = Knowledge {
        fork_owner,
        is_fork: failing.origin.is_fork(),
        pull_request: failing.pull_request,
        ..Knowledge::new(failing.repository.clone(), failing.installation, failing.branch, app.now())
    };
    if let Some((run, attempt)) = failing.run {
        know.cover(run, attempt);
    }
    if let Some((check, page)) = failing.check {
        know.checks.insert(check.to_owned(), page.to_owned());
    }
    let id = fresh_id(name, failing.head, app.clock.now_nanos());
    let data = serde_json::to_string(&know).unwrap_or_else(|_| "{}".to_owned());
    HealRow { branch: failing.branch.to_owned(), data, ..HealRow::new(id, "github", name, failing.head, "") }
}

fn fresh_id(repository: &str, head: &str, nanos: u128) -> HealId {
    let digest = Sha256::digest(format!("{repository}\0{head}\0{nanos}").as_bytes());
    HealId(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}
