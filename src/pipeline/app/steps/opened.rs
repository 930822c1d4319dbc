//! Opened: the proven patch is offered as a pull request and watched until people, or the branch, decide.

use serde_json::json;

use super::super::case::{Case, Next};
use super::super::reviews::Place;
use super::super::services::StepError;
use super::super::{checks, ci, codeowners, reviews, standing, story};
use super::received::{self, Count};
use crate::deliver::check::CheckState;
use crate::deliver::pull_request;
use crate::deliver::risk::{self, RiskLevel};
use crate::deliver::story::Story;
use crate::forge::github::types::Pull;
use crate::forge::github::{ErrorKind, NewPull};
use crate::pipeline::ledger::Entry;
use crate::pipeline::state::Event;
use crate::policy::Autonomy;

/// How often an open pull request is looked at when nothing is heard of it, in poll intervals.
const PATIENCE: i64 = 6;

pub(super) async fn step(case: &mut Case<'_>, attempt: u32) -> Result<Next, StepError> {
    let entry = case.entry(attempt).await?;
    let (Some(branch), Some(commit)) = (entry.branch.clone(), entry.commit.clone()) else {
        return case.give_up("the attempt has no branch").await;
    };
    let pull = match find(case, &branch, &commit).await? {
        Some(pull) => pull,
        None => {
            if let Some(next) = may_not_open(case, &branch, &commit).await? {
                return Ok(next);
            }
            if may_push(case, &entry).await? && push(case, &commit).await? {
                case.know.overtaken_by = Some(commit);
                return case.happen(Event::Merged).await;
            }
            open(case, &entry, &branch).await?
        }
    };
    case.know.pull = Some(pull.number);
    if pull.is_merged() {
        return case.happen(Event::Merged).await;
    }
    if pull.state != "open" {
        return case.happen(Event::Refused).await;
    }
    if !case.know.offered {
        offer(case, attempt, &pull).await?;
    }
    if let Some(next) = standing::overtaken(case).await? {
        return Ok(next);
    }
    // People ran the failed jobs again, and they passed: the failure is gone without the patch.
    let view = ci::view(case, &case.head, &case.know.branch).await?;
    if view.has_rerun(&case.know.failed) && view.is_green(&case.know.needed()) {
        return case.happen(Event::Green).await;
    }
    if case.policy.autonomy == Autonomy::MergeLowRisk
        && !case.know.merge_refused
        && merge(case, &entry, &commit, &pull).await?
    {
        return case.happen(Event::Merged).await;
    }
    Ok(Next::At(case.app.now() + case.app.settings.poll_seconds * PATIENCE))
}

/// The last look before the pull request; gives what comes instead. A proof of an older commit is no proof,
/// nor is one of a branch that somebody else has moved.
async fn may_not_open(case: &mut Case<'_>, branch: &str, commit: &str) -> Result<Option<Next>, StepError> {
    if standing::current_head(case).await?.as_deref() == Some(commit) {
        // Pushed just before a restart.
        case.know.overtaken_by = Some(commit.to_owned());
        return Ok(Some(case.happen(Event::Merged).await?));
    }
    if let Some(next) = standing::overtaken(case).await? {
        return Ok(Some(next));
    }
    if case.policy.autonomy == Autonomy::Observe {
        return Ok(Some(case.stop("the policy only observes by now").await?));
    }
    if case.policy.autonomy == Autonomy::Suggest {
        return Ok(Some(case.give_up("the policy lets heal suggest patches, not open pull requests").await?));
    }
    if case.github.branch_head(branch).await?.as_deref() != Some(commit) {
        return Ok(Some(case.give_up("the temporary branch is not where heal left it").await?));
    }
    if let Some(reason) = received::too_many_open(case, Count::Before).await? {
        return Ok(Some(case.give_up(reason).await?));
    }
    Ok(None)
}

/// heal's pull request for an attempt, whatever became of it. An older heal of the same commit may have had a
/// branch of the same name: what is closed counts only with the attempt's own commit.
async fn find(case: &Case<'_>, branch: &str, commit: &str) -> Result<Option<Pull>, StepError> {
    if let Some(number) = case.know.pull {
        return Ok(Some(case.github.pull(number).await?));
    }
    let head = format!("{}:{branch}", case.know.repository.owner());
    let pulls = case.github.pulls(Some(&head), None, "all").await?;
    let own = |pull: &Pull| pull.head.branch == branch && (pull.state == "open" || pull.head.sha == commit);
    Ok(pulls.into_iter().find(own))
}

async fn open(case: &mut Case<'_>, entry: &Entry, branch: &str) -> Result<Pull, StepError> {
    find_suspect(case).await?;
    let told = story::tell(case, Some(entry.number)).await?;
    let story = told.story();
    let new = NewPull {
        title: pull_request::title(&story),
        head: branch.to_owned(),
        base: case.know.branch.clone(),
        body: pull_request::body(&story),
        draft: case.policy.draft,
        maintainer_can_modify: true,
    };
    case.intend("open pull request", json!({"head": branch, "base": new.base, "title": new.title})).await?;
    let pull = match case.github.create_pull(&new).await {
        Ok(pull) => pull,
        // Made just before a restart, or the answer was lost: it is there, or it is not.
        Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Transient) => {
            find(case, branch, entry.commit.as_deref().unwrap_or_default()).await?.ok_or(error)?
        }
        Err(error) => return Err(error.into()),
    };
    case.know.pull = Some(pull.number);
    case.save().await?;
    case.achieved("open pull request", json!({"number": pull.number, "url": pull.html_url})).await?;
    Ok(pull)
}

/// Who wrote the suspect commit, as GitHub knows them.
async fn find_suspect(case: &mut Case<'_>) -> Result<(), StepError> {
    let suspect = case.know.diagnosis.as_ref().and_then(|diagnosis| diagnosis.suspects.first());
    let (Some(suspect), None) = (suspect, &case.know.suspect_login) else { return Ok(()) };
    let commit = case.github.commit(&suspect.commit.clone()).await;
    match commit {
        Ok(commit) => {
            let person = commit.author.filter(|author| !author.is_bot());
            case.know.suspect_login = person.map(|author| author.login);
            Ok(())
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Everything around the pull request; each part looks whether it is there. A part that GitHub refuses is
/// left out: the patch is what counts.
async fn offer(case: &mut Case<'_>, attempt: u32, pull: &Pull) -> Result<(), StepError> {
    // A pull request that was opened just before a restart is found, and its suspect is not known yet.
    find_suspect(case).await?;
    let told = story::tell(case, Some(attempt)).await?;
    let story = told.story();
    label(case, pull).await?;
    ask_reviewer(case, pull, &story).await?;
    review(case, pull, &story).await?;
    checks::show(case, &CheckState::PullRequest { number: pull.number }).await?;
    case.know.offered = true;
    case.app.metrics.recovered(std::time::Duration::from_secs(story.elapsed_s));
    case.save().await
}

async fn label(case: &Case<'_>, pull: &Pull) -> Result<(), StepError> {
    let labels: Vec<String> = case.policy.labels.clone();
    let is_there = |label: &String| pull.labels.iter().any(|known| known.name == *label);
    if labels.is_empty() || labels.iter().all(is_there) {
        return Ok(());
    }
    case.intend("label", json!({"number": pull.number, "labels": labels})).await?;
    optional(case, "label", case.github.add_labels(pull.number, &labels).await)
}

/// Asks the author of the suspect commit, else a code owner of the first changed file.
async fn ask_reviewer(case: &Case<'_>, pull: &Pull, story: &Story<'_>) -> Result<(), StepError> {
    if !case.policy.ask_reviewer || !pull.requested_reviewers.is_empty() {
        return Ok(());
    }
    let author = pull.user.as_ref().map(|user| user.login.as_str());
    let suspect = case.know.suspect_login.clone().filter(|login| Some(login.as_str()) != author);
    let owners = codeowners::of(case, story).await?;
    for reviewers in [suspect.into_iter().collect::<Vec<_>>(), owners] {
        if reviewers.is_empty() {
            continue;
        }
        case.intend("ask reviewer", json!({"number": pull.number, "reviewers": reviewers})).await?;
        match case.github.request_reviewers(pull.number, &reviewers).await {
            Ok(()) => return case.achieved("ask reviewer", json!({"number": pull.number})).await,
            // Who is no collaborator can't be asked.
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            refused => return optional(case, "ask reviewer", refused),
        }
    }
    Ok(())
}

/// Comments on the lines whose reason is not obvious.
async fn review(case: &Case<'_>, pull: &Pull, story: &Story<'_>) -> Result<(), StepError> {
    let diff = story.proven.map_or("", |tried| tried.diff.as_str());
    let opening = "Why these lines: what the rest of the evidence says stands in the description.";
    let (comments, places) = (pull_request::review_comments(story), [Place::Position, Place::Line]);
    reviews::review(case, pull.number, &pull.head.sha, opening, comments, diff, &places).await
}

/// What GitHub refuses for good is left out, aloud.
fn optional(
    case: &Case<'_>,
    effect: &'static str,
    done: Result<(), crate::forge::github::GithubError>,
) -> Result<(), StepError> {
    match done {
        Ok(()) => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::Transient) => Err(error.into()),
        Err(error) => {
            tracing::warn!(heal.id = case.id(), effect, %error, "left out");
            Ok(())
        }
    }
}

/// Whether the policy lets the patch go straight onto the branch of a failing pull request.
async fn may_push(case: &Case<'_>, entry: &Entry) -> Result<bool, StepError> {
    let wanted = case.policy.autonomy == Autonomy::Push && case.know.pull_request.is_some();
    Ok(wanted && !case.know.is_default_branch() && risk_of(case, entry).await? != RiskLevel::High)
}

async fn risk_of(case: &Case<'_>, entry: &Entry) -> Result<RiskLevel, StepError> {
    let told = story::tell(case, Some(entry.number)).await?;
    let story = told.story();
    Ok(story.proven.map_or(RiskLevel::High, |tried| risk::assess(tried, story.plausible).level))
}

/// By the policy's wish: the failing branch itself moves on to the proven commit, never by force.
async fn push(case: &Case<'_>, commit: &str) -> Result<bool, StepError> {
    case.intend("push", json!({"branch": case.know.branch, "commit": commit})).await?;
    match case.github.update_ref(&case.know.branch, commit).await {
        Ok(()) => {
            case.achieved("push", json!({"branch": case.know.branch, "commit": commit})).await?;
            Ok(true)
        }
        Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Forbidden) => {
            tracing::warn!(heal.id = case.id(), %error, "the branch takes no push; a pull request is opened instead");
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// By the policy's wish: a small patch in an ordinary place is merged at once.
async fn merge(case: &mut Case<'_>, entry: &Entry, commit: &str, pull: &Pull) -> Result<bool, StepError> {
    // Only what was proven, and only while nothing about it is red or pending.
    let untouched = pull.head.sha == commit && !pull.draft;
    if !untouched || risk_of(case, entry).await? != RiskLevel::Low {
        return Ok(false);
    }
    let branch = entry.branch.as_deref().unwrap_or_default();
    if !ci::view(case, commit, branch).await?.is_green(&case.know.needed()) {
        return Ok(false);
    }
    case.intend("merge", json!({"number": pull.number, "commit": commit})).await?;
    match case.github.merge_pull(pull.number, commit, "squash").await {
        Ok(_) => {
            case.achieved("merge", json!({"number": pull.number, "commit": commit})).await?;
            Ok(true)
        }
        Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Forbidden) => {
            tracing::warn!(heal.id = case.id(), %error, "not merged: the pull request waits for people");
            case.know.merge_refused = true;
            case.save().await?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
