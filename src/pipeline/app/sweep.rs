//! The sweep: webhooks get lost, so every repository is looked at now and then for red runs that no heal
//! knows of.
//!
//! One conditional request per repository and sweep; what has not changed costs nothing of the rate limit.

use std::collections::HashSet;

use super::intake::{self, Failing};
use super::services::{App, StepError};
use crate::forge::github::types::{Repository, Run};
use crate::forge::github::{RunQuery, parse_timestamp};
use crate::signal::github::{
    BranchName, Origin, RepositoryFacts, RepositoryId, RepositoryName, is_own_branch, is_queue_branch,
};

/// How old a missed failure may be, in seconds: older ones are history.
const AGE: i64 = 24 * 3600;

/// Looks at every repository of every installation.
pub async fn sweep(app: &App) -> Result<(), StepError> {
    if app.settings.disabled {
        return Ok(());
    }
    for installation in app.github.installations().await? {
        if installation.suspended_at.is_some() {
            continue;
        }
        let repositories = match app.github.installation_repositories(installation.id).await {
            Ok(repositories) => repositories,
            Err(error) => {
                tracing::warn!(installation = installation.id, %error, "not swept");
                continue;
            }
        };
        for repository in repositories {
            if repository.archived || repository.disabled {
                continue;
            }
            if let Err(error) = sweep_repository(app, installation.id, &repository).await {
                tracing::warn!(repository = repository.full_name, %error, "not swept");
            }
        }
    }
    Ok(())
}

async fn sweep_repository(app: &App, installation: u64, repository: &Repository) -> Result<(), StepError> {
    let Some(facts) = facts_of(repository) else { return Ok(()) };
    let client = app.github.repository(installation, repository.reference());
    let query = RunQuery { status: Some("completed".to_owned()), per_page: Some(100), ..RunQuery::default() };
    let mut seen: HashSet<(String, u64, bool)> = HashSet::new();
    for run in client.workflow_runs(&query).await? {
        // Newest first: of each branch and workflow only the last run says how things stand.
        let branch = run.head_branch.clone().unwrap_or_default();
        let origin = origin_of(&facts, &run);
        let is_last = seen.insert((branch.clone(), run.workflow_id, origin.is_fork()));
        let since = run.updated_at.as_deref().or(run.created_at.as_deref()).and_then(parse_timestamp);
        let is_old = since.is_none_or(|since| app.now() - since > AGE);
        if !is_last
            || is_old
            || !super::ci::is_red(&run)
            || is_own_branch(&branch)
            || is_queue_branch(&branch)
            || branch.is_empty()
        {
            continue;
        }
        let failing = Failing {
            repository: &facts,
            installation,
            branch: &branch,
            head: &run.head_sha,
            origin: &origin,
            pull_request: None,
            run: Some((run.id, run.run_attempt)),
            check: None,
        };
        if intake::failure_seen(app, &failing).await? == intake::Received::Begun {
            tracing::warn!(repository = repository.full_name, run = run.id, "a failure that no webhook told of");
        }
    }
    Ok(())
}

fn facts_of(repository: &Repository) -> Option<RepositoryFacts> {
    Some(RepositoryFacts {
        id: RepositoryId(repository.id),
        full_name: RepositoryName::new(&repository.full_name).ok()?,
        default_branch: BranchName::new(&repository.default_branch).ok()?,
        clone_url: repository.clone_url.clone(),
        html_url: repository.html_url.clone(),
        private: repository.private,
        fork: repository.fork,
        archived: repository.archived,
    })
}

fn origin_of(facts: &RepositoryFacts, run: &Run) -> Origin {
    match &run.head_repository {
        Some(head) if head.id == facts.id.0 || head.full_name.eq_ignore_ascii_case(facts.full_name.as_str()) => {
            Origin::Same
        }
        Some(head) => Origin::Fork(RepositoryName::new(&head.full_name).ok()),
        None if run.event == "pull_request" => Origin::Fork(None),
        None => Origin::Same,
    }
}
