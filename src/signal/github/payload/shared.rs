//! What most payloads hold: the repository, the installation, accounts, pull requests.

use super::PayloadError;
use super::field::Field;
use crate::signal::github::facts::{Actor, PullRequestRef, RepositoryFacts, RepositoryRef};
use crate::signal::github::names::{InstallationId, RepositoryId};

/// The repository of an event.
pub(super) fn repository(root: &Field<'_>) -> Result<RepositoryFacts, PayloadError> {
    let field = root.get("repository").object()?;
    let html_url = field.get("html_url").url()?;
    // Older versions of pushes name the default branch otherwise, and small hosts leave the clone
    // address out, which GitHub makes like this.
    let default_branch = field.get("master_branch").some().filter(|_| field.get("default_branch").some().is_none());
    let clone_url = match field.get("clone_url").some() {
        Some(url) => url.url()?,
        None => format!("{html_url}.git"),
    };
    Ok(RepositoryFacts {
        id: RepositoryId(field.get("id").id()?),
        full_name: field.get("full_name").repository_name()?,
        default_branch: default_branch.unwrap_or_else(|| field.get("default_branch")).branch()?,
        clone_url,
        html_url,
        private: field.get("private").flag_or(true)?,
        fork: field.get("fork").flag_or(false)?,
        archived: field.get("archived").flag_or(false)?,
    })
}

/// A list of repositories.
pub(super) fn repositories(list: &Field<'_>) -> Result<Vec<RepositoryRef>, PayloadError> {
    let read = |field: &Field<'_>| {
        Ok(RepositoryRef {
            id: RepositoryId(field.get("id").id()?),
            full_name: field.get("full_name").repository_name()?,
        })
    };
    list.list()?.iter().map(read).collect()
}

/// The installation through which an event came; webhooks of a repository name none.
pub(super) fn installation(root: &Field<'_>) -> Result<Option<InstallationId>, PayloadError> {
    match root.get("installation").some() {
        Some(field) => Ok(Some(InstallationId(field.object()?.get("id").id()?))),
        None => Ok(None),
    }
}

/// An account; none when it is absent or null, as it is when it was deleted.
pub(super) fn actor(field: Field<'_>) -> Result<Option<Actor>, PayloadError> {
    let Some(field) = field.some() else { return Ok(None) };
    let field = field.object()?;
    let account_type = field.get("type").some().map(|kind| kind.text()).transpose()?;
    Ok(Some(Actor::new(field.get("id").id()?, field.get("login").login()?, account_type.unwrap_or("User"))))
}

/// Who set an event off.
pub(super) fn sender(root: &Field<'_>) -> Result<Option<Actor>, PayloadError> {
    actor(root.get("sender"))
}

/// The pull requests of a run or check.
pub(super) fn pull_requests(owner: &Field<'_>) -> Result<Vec<PullRequestRef>, PayloadError> {
    let read = |field: &Field<'_>| {
        Ok(PullRequestRef {
            number: field.get("number").id()?,
            head_ref: field.get("head").get("ref").branch()?,
            base_ref: field.get("base").get("ref").branch()?,
        })
    };
    owner.get("pull_requests").list()?.iter().map(read).collect()
}
