//! `check_run`, `check_suite` and `status`: how CI systems other than GitHub Actions report.

use super::field::Field;
use super::{PayloadError, ignored, shared};
use crate::signal::github::facts::{AppFacts, Conclusion};
use crate::signal::github::names::{BranchName, CommitSha};
use crate::signal::github::signals::{CheckKind, CheckSignal, GithubSignal};

/// The App of GitHub Actions, whose runs come as `workflow_run`.
const ACTIONS: &str = "github-actions";

/// Reads a `check_run`.
pub(super) fn read_run(root: &Field<'_>) -> Result<GithubSignal, PayloadError> {
    let run = root.get("check_run").object()?;
    let suite = run.get("check_suite");
    read_check(root, CheckKind::Run, &run, &suite.get("head_branch"))
}

/// Reads a `check_suite`.
pub(super) fn read_suite(root: &Field<'_>) -> Result<GithubSignal, PayloadError> {
    let suite = root.get("check_suite").object()?;
    read_check(root, CheckKind::Suite, &suite, &suite.get("head_branch"))
}

fn read_check(
    root: &Field<'_>,
    kind: CheckKind,
    check: &Field<'_>,
    branch: &Field<'_>,
) -> Result<GithubSignal, PayloadError> {
    if root.get("action").text()? != "completed" {
        return Ok(ignored("the check has not ended"));
    }
    let Some(conclusion) = check.get("conclusion").some() else {
        return Ok(ignored("the check has no conclusion"));
    };
    let app = app(check)?;
    if app.as_ref().is_some_and(|app| app.slug.as_deref() == Some(ACTIONS)) {
        return Ok(ignored("GitHub Actions reports by its runs"));
    }
    let name = match kind {
        CheckKind::Suite => {
            check.get("app").get("name").some().map_or(Ok("check suite".to_owned()), |name| name.name())?
        }
        CheckKind::Run | CheckKind::Status => check.get("name").name()?,
    };
    let page = check.get("details_url").url_if_any().or_else(|| check.get("html_url").url_if_any());
    Ok(GithubSignal::CheckCompleted(Box::new(CheckSignal {
        repository: shared::repository(root)?,
        installation: shared::installation(root)?,
        kind,
        id: check.get("id").id()?,
        head_sha: check.get("head_sha").sha()?,
        branch: branch.clone().some().map(|branch| branch.branch()).transpose()?,
        name,
        app,
        conclusion: Conclusion::named(conclusion.text()?),
        details_url: page,
        pull_requests: shared::pull_requests(check)?,
        sender: shared::sender(root)?,
    })))
}

fn app(check: &Field<'_>) -> Result<Option<AppFacts>, PayloadError> {
    let Some(app) = check.get("app").some() else { return Ok(None) };
    let app = app.object()?;
    let slug = app.get("slug").some().map(|slug| slug.name()).transpose()?;
    Ok(Some(AppFacts { id: app.get("id").id()?, slug }))
}

/// Reads a `status`.
pub(super) fn read_status(root: &Field<'_>) -> Result<GithubSignal, PayloadError> {
    let state = root.get("state").text()?;
    if state == "pending" {
        return Ok(ignored("the status is pending"));
    }
    let head_sha = root.get("sha").sha()?;
    let repository = shared::repository(root)?;
    let branch = branch_at(root, &head_sha, &repository.default_branch)?;
    Ok(GithubSignal::CheckCompleted(Box::new(CheckSignal {
        repository,
        installation: shared::installation(root)?,
        kind: CheckKind::Status,
        id: root.get("id").id()?,
        head_sha,
        branch,
        name: root.get("context").name()?,
        app: None,
        conclusion: Conclusion::named(state),
        details_url: root.get("target_url").url_if_any(),
        pull_requests: Vec::new(),
        sender: shared::sender(root)?,
    })))
}

/// The branch whose head the commit is, the default branch before others. GitHub lists up to ten
/// branches that contain the commit; one that has moved on is of no use.
fn branch_at(root: &Field<'_>, sha: &CommitSha, default: &BranchName) -> Result<Option<BranchName>, PayloadError> {
    let mut found = None;
    for field in root.get("branches").list()? {
        let head = field.get("commit").get("sha").some().map(|head| head.sha()).transpose()?;
        if head.is_none_or(|head| head != *sha) {
            continue;
        }
        let branch = field.get("name").branch()?;
        if found.is_none() || branch == *default {
            found = Some(branch);
        }
    }
    Ok(found)
}
