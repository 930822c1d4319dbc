//! Alerted: people are told once, where they look: on the pull request, in one issue for the default
//! branch, on the commit otherwise. A text that is there is edited, never repeated.

use serde_json::json;

use super::super::case::{Case, Next};
use super::super::reviews::Place;
use super::super::services::StepError;
use super::super::{branches, checks, reviews, story};
use crate::deliver::alert;
use crate::deliver::check::CheckState;
use crate::deliver::marker::{self, MarkerKind};
use crate::deliver::notification::{self, Occasion};
use crate::deliver::story::Story;
use crate::forge::github::{ErrorKind, GithubError, IssueUpdate};
use crate::notify::Notice;
use crate::pipeline::ledger::Entry;
use crate::pipeline::state::{Event, Unhealed};
use crate::verify::Rung;

pub(super) async fn step(case: &mut Case<'_>, unhealed: Unhealed) -> Result<Next, StepError> {
    branches::remove(case, None).await?;
    let ledger = case.record.ledger().await?;
    if case.know.reason.is_none() {
        case.know.reason = Some(reason_of(&ledger));
    }
    let proven = ledger.iter().find(|entry| is_proven(entry)).map(|entry| entry.number);
    let told = story::tell(case, proven).await?;
    let story = told.story();
    if case.know.alert.is_none() {
        let link = tell(case, &story).await?;
        case.know.alert = Some(link);
        case.save().await?;
    }
    let reason = case.know.reason.clone().unwrap_or_default();
    let number = case.know.pull_request;
    let state = match (unhealed, &case.know.diagnosis) {
        (Unhealed::NotCode, Some(diagnosis)) => CheckState::NotCode { class: diagnosis.class, reason: &reason },
        _ => CheckState::Alert { number, reason: &reason },
    };
    checks::show(case, &state).await?;
    notify(case, &story).await?;
    case.happen(Event::Told).await
}

/// Whether a patch passed the tests here and CI has not refused it.
fn is_proven(entry: &Entry) -> bool {
    let ran = entry.rungs.iter().any(|rung| rung.number >= Rung::FailToPass.number() && rung.passed);
    entry.proven_here && ran && entry.ci_green != Some(false)
}

/// Why there is no patch, where nothing else says so.
fn reason_of(ledger: &[Entry]) -> String {
    match ledger {
        [] => "no candidate edit makes the failing tests pass without breaking others".to_owned(),
        [_] => "the one patch that was put to the test fell".to_owned(),
        tried => format!("all {} patches that were put to the test fell", tried.len()),
    }
}

/// Writes the alert; gives where it stands.
async fn tell(case: &Case<'_>, story: &Story<'_>) -> Result<String, StepError> {
    let body = alert::body(story);
    if let Some(number) = case.know.pull_request {
        return on_pull_request(case, number, &body, story).await;
    }
    if case.know.is_default_branch() {
        return in_issue(case, &body, story).await;
    }
    on_commit(case, &body).await
}

/// Whether a text is heal's alert about this failure.
fn is_own(case: &Case<'_>, text: &str, author: Option<&str>, myself: &str) -> bool {
    let marker = marker::find_marker(text).filter(|marker| marker.kind == MarkerKind::Alert);
    let fingerprint = case.know.diagnosis.as_ref().map_or("", |diagnosis| diagnosis.fingerprint.as_str());
    let about = marker.is_some_and(|marker| {
        marker.heal_id == case.id() || (!fingerprint.is_empty() && marker.fingerprint == fingerprint)
    });
    about && author.is_none_or(|author| author == myself)
}

async fn on_pull_request(case: &Case<'_>, number: u64, body: &str, story: &Story<'_>) -> Result<String, StepError> {
    let myself = case.myself().await?;
    // One comment per pull request: any alert of heal is this one, whatever it was about.
    let own = case.github.issue_comments(number).await?.into_iter().find(|comment| {
        let by_me = comment.user.as_ref().is_none_or(|user| user.login == myself);
        by_me && marker::find_marker(&comment.body).is_some_and(|marker| marker.kind == MarkerKind::Alert)
    });
    case.intend("alert", json!({"pull_request": number, "reason": case.know.reason})).await?;
    let written = match own {
        Some(comment) => case.github.update_comment(comment.id, body).await,
        None => case.github.create_comment(number, body).await,
    };
    let url = match written {
        Ok(comment) => comment.html_url,
        // The conversation is locked, or the pull request is gone.
        Err(error) if is_closed_to_heal(&error) => return on_commit(case, body).await,
        Err(error) => return Err(error.into()),
    };
    suggest(case, number, story).await?;
    case.achieved("alert", json!({"pull_request": number, "url": url})).await?;
    Ok(url)
}

/// The closest patch as suggestions on the lines, where the pull request shows those lines.
async fn suggest(case: &Case<'_>, number: u64, story: &Story<'_>) -> Result<(), StepError> {
    let diff = story.closest().map_or("", |tried| tried.diff.as_str());
    let opening = "The patch that came closest, as a suggestion. The alert says what is known of it.";
    reviews::review(case, number, &case.head, opening, alert::suggestions(story), diff, &[Place::Line]).await
}

async fn in_issue(case: &Case<'_>, body: &str, story: &Story<'_>) -> Result<String, StepError> {
    let myself = case.myself().await?;
    let author = |issue: &crate::forge::github::types::Issue| issue.user.as_ref().map(|user| user.login.clone());
    let open = match case.github.issues(&[], "open", Some(&myself)).await {
        Ok(open) => open,
        Err(error) if is_closed_to_heal(&error) => return on_commit(case, body).await,
        Err(error) => return Err(error.into()),
    };
    let own =
        open.into_iter().find(|issue| !issue.is_pull() && is_own(case, &issue.body, author(issue).as_deref(), &myself));
    let title = alert::title(story);
    case.intend("alert", json!({"issue": own.as_ref().map(|issue| issue.number), "title": title})).await?;
    let issue = match own {
        Some(issue) => {
            let update = IssueUpdate { title: Some(title), body: Some(body.to_owned()), ..IssueUpdate::default() };
            case.github.update_issue(issue.number, &update).await?
        }
        None => match case.github.create_issue(&title, body, &case.policy.labels).await {
            Ok(issue) => issue,
            // Issues are switched off in this repository.
            Err(error) if is_closed_to_heal(&error) => return on_commit(case, body).await,
            Err(error) => return Err(error.into()),
        },
    };
    case.achieved("alert", json!({"issue": issue.number, "url": issue.html_url})).await?;
    Ok(issue.html_url)
}

/// Whether GitHub will never take it here.
fn is_closed_to_heal(error: &GithubError) -> bool {
    matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Gone | ErrorKind::Conflict)
}

async fn on_commit(case: &Case<'_>, body: &str) -> Result<String, StepError> {
    let myself = case.myself().await?;
    let comments = match case.github.commit_comments(&case.head).await {
        Ok(comments) => comments,
        Err(error) if is_closed_to_heal(&error) => return Ok(check_only(case)),
        Err(error) => return Err(error.into()),
    };
    let author =
        |comment: &crate::forge::github::types::CommitComment| comment.user.as_ref().map(|user| user.login.clone());
    let own = comments.into_iter().find(|comment| is_own(case, &comment.body, author(comment).as_deref(), &myself));
    case.intend("alert", json!({"commit": case.head, "reason": case.know.reason})).await?;
    let written = match own {
        Some(comment) => case.github.update_commit_comment(comment.id, body).await,
        None => case.github.create_commit_comment(&case.head, body).await,
    };
    match written {
        Ok(comment) => {
            case.achieved("alert", json!({"commit": case.head, "url": comment.html_url})).await?;
            Ok(comment.html_url)
        }
        Err(error) if is_closed_to_heal(&error) => Ok(check_only(case)),
        Err(error) => Err(error.into()),
    }
}

/// Nothing but the check run can hold the alert.
fn check_only(case: &Case<'_>) -> String {
    tracing::warn!(heal.id = case.id(), "the commit takes no comment; the check run is the alert");
    format!("{}/{}/commit/{}", case.app.settings.web_url, case.know.full_name(), case.head)
}

/// Tells the channels that the policy names; one that does not answer holds nothing up.
async fn notify(case: &mut Case<'_>, story: &Story<'_>) -> Result<(), StepError> {
    for name in case.policy.notify.clone() {
        if case.know.notified.contains(&name) {
            continue;
        }
        let Some(channel) = case.app.settings.channels.get(&name) else {
            tracing::warn!(
                heal.id = case.id(),
                channel = name,
                "the policy names a channel that the server does not know"
            );
            continue;
        };
        let occasion = Occasion::Alert { url: case.know.alert.as_deref() };
        let text = notification::text(story, occasion);
        let notice = Notice {
            subject: text.subject,
            text: if channel.is_email() { text.body } else { text.slack },
            json: notification::json(story, occasion),
            idempotency_key: format!("{}-alert-{name}", case.id()),
        };
        case.intend("notify", json!({"channel": name})).await?;
        match case.app.notifier.send(channel, &notice).await {
            Ok(()) => case.achieved("notify", json!({"channel": name})).await?,
            Err(error) => tracing::error!(heal.id = case.id(), channel = name, %error, "a channel was not told"),
        }
        case.know.notified.push(name);
        case.save().await?;
    }
    Ok(())
}
