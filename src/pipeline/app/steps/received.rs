//! Received: is this a failure that heal may act on, and is all of it there?

use serde_json::json;

use super::super::case::{Case, Next};
use super::super::checks;
use super::super::ci;
use super::super::services::StepError;
use crate::deliver::check::CheckState;
use crate::forge::github::ErrorKind;
use crate::pipeline::state::Event;

/// A day, in seconds.
const DAY: i64 = 24 * 3600;

/// How many commits back bots are counted.
const COMMITS: usize = 10;

pub(super) async fn step(case: &mut Case<'_>) -> Result<Next, StepError> {
    prefer_default_branch(case).await?;
    find_pull_request(case).await?;
    if !case.know.pull_request_known {
        return case.wait_for("the pull request of the fork").await;
    }
    if let Some(reason) = forbidden(case).await? {
        return case.stop(reason).await;
    }
    if let Some(reason) = limit_reached(case).await? {
        // Nobody asked for silence here: the check says why nothing comes.
        checks::show(case, &CheckState::Off { reason: &reason }).await?;
        return case.stop(reason).await;
    }
    let view = ci::view(case, &case.head, &case.know.branch).await?;
    let waited = case.app.now() - case.know.first_seen;
    if !view.is_over(&case.know.needed()) && waited < i64::from(case.policy.workflows_minutes) * 60 {
        return case.wait_for("the other workflows of the commit").await;
    }
    for (run, attempt) in view.listed() {
        case.know.cover(*run, *attempt);
    }
    case.know.failed = view.red();
    case.know.checks = view.red_checks();
    if case.know.failed.is_empty() && case.know.checks.is_empty() {
        if view.is_empty() && waited < i64::from(case.policy.ci_start_minutes) * 60 {
            return case.wait_for("the failed run to appear").await;
        }
        return case.happen(Event::Green).await;
    }
    let runs: Vec<&str> = case.know.failed.iter().map(|failed| failed.run.url.as_str()).collect();
    case.record.audit("signal", &json!({"head": case.head, "branch": case.know.branch, "failed": runs})).await?;
    case.happen(Event::Start).await
}

/// A commit on several branches is healed where most people stand on it.
async fn prefer_default_branch(case: &mut Case<'_>) -> Result<(), StepError> {
    let default_branch = case.know.repository.default_branch.as_str().to_owned();
    if case.know.is_fork || case.know.branch == default_branch || case.know.pull_request_known {
        return Ok(());
    }
    if case.github.branch_head(&default_branch).await?.as_deref() == Some(case.head.as_str()) {
        case.know.branch = default_branch;
        case.know.pull_request = None;
        case.save().await?;
    }
    Ok(())
}

/// The open pull request of the failing branch.
async fn find_pull_request(case: &mut Case<'_>) -> Result<(), StepError> {
    if case.know.pull_request_known {
        return Ok(());
    }
    if case.know.pull_request.is_none() {
        let owner = match (&case.know.fork_owner, case.know.is_fork) {
            (Some(owner), true) => owner.clone(),
            _ => case.know.repository.owner().to_owned(),
        };
        let head = format!("{owner}:{}", case.know.branch);
        let pulls = case.github.pulls(Some(&head), None, "open").await?;
        let exact = pulls.iter().find(|pull| pull.head.sha == case.head && pull.head.branch == case.know.branch);
        case.know.pull_request = exact.map(|pull| pull.number);
    }
    // A fork's pull request may be listed a moment later; without its number nothing can be fetched.
    let waited = case.app.now() - case.know.first_seen;
    let may_come = case.know.is_fork && waited < i64::from(case.policy.ci_start_minutes) * 60;
    case.know.pull_request_known = case.know.pull_request.is_some() || !may_come;
    case.save().await
}

/// Why heal may not act on this failure, where something forbids it.
async fn forbidden(case: &Case<'_>) -> Result<Option<String>, StepError> {
    let (policy, know) = (&case.policy, &case.know);
    if know.repository.archived {
        return Ok(Some("the repository is archived".to_owned()));
    }
    if !policy.heals_branch(&know.branch) {
        return Ok(Some(format!("the policy does not heal the branch `{}`", know.branch)));
    }
    ping_pong(case).await
}

/// Which of the policy's limits is reached.
async fn limit_reached(case: &Case<'_>) -> Result<Option<String>, StepError> {
    let policy = &case.policy;
    let today = case.app.store.heals_before(&case.row, case.app.now() - DAY).await?;
    if today >= u64::from(policy.heals_per_day) {
        return Ok(Some(format!("{} heals a day are allowed here", policy.heals_per_day)));
    }
    too_many_open(case, Count::All).await
}

/// Which open pull requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// All of the repository.
    All,
    /// Those of earlier heals: of several that come to their end together the first ones open.
    Before,
}

/// Whether as many pull requests of heal are open as the policy allows.
pub(super) async fn too_many_open(case: &Case<'_>, count: Count) -> Result<Option<String>, StepError> {
    let open = match count {
        Count::All => case.app.store.open_pull_requests(&case.row).await?,
        Count::Before => case.app.store.earlier_pull_requests(&case.row).await?,
    };
    let many = open >= u64::from(case.policy.open_pull_requests);
    Ok(many.then(|| format!("{open} pull requests of heal are open already, as many as the policy allows")))
}

/// Bots that answer each other: the last commits are all theirs, or the last one is heal's own.
async fn ping_pong(case: &Case<'_>) -> Result<Option<String>, StepError> {
    let myself = case.myself().await?;
    let commits = match case.github.commits(&case.head, COMMITS).await {
        Ok(commits) => commits,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Conflict) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let author = |commit: &crate::forge::github::types::CommitInfo| {
        commit.author.as_ref().map(|author| (author.login.clone(), author.is_bot()))
    };
    let by_git = |commit: &crate::forge::github::types::CommitInfo| {
        (commit.git_author.name.clone(), commit.git_author.name.ends_with("[bot]"))
    };
    let authors: Vec<(String, bool)> =
        commits.iter().map(|commit| author(commit).unwrap_or_else(|| by_git(commit))).collect();
    if authors.first().is_some_and(|(login, _)| *login == myself) {
        return Ok(Some("the failing commit is heal's own: a person should look".to_owned()));
    }
    let bots = authors.iter().take_while(|(_, is_bot)| *is_bot).count();
    let limit = case.policy.bot_commits as usize;
    Ok((bots >= limit).then(|| format!("the last {bots} commits are by bots")))
}
