//! `installation` and `installation_repositories`: what the App can see.

use super::field::Field;
use super::{PayloadError, ignored, shared};
use crate::signal::github::facts::RepositoryRef;
use crate::signal::github::names::InstallationId;
use crate::signal::github::signals::{GithubSignal, InstallationAction, InstallationSignal};

/// Reads an `installation`.
pub(super) fn read(root: &Field<'_>) -> Result<GithubSignal, PayloadError> {
    let listed = || shared::repositories(&root.get("repositories"));
    let (action, added, removed) = match root.get("action").text()? {
        "created" => (InstallationAction::Created, listed()?, Vec::new()),
        "deleted" => (InstallationAction::Deleted, Vec::new(), listed()?),
        "suspend" => (InstallationAction::Suspended, Vec::new(), Vec::new()),
        "unsuspend" => (InstallationAction::Unsuspended, Vec::new(), Vec::new()),
        "new_permissions_accepted" => (InstallationAction::PermissionsAccepted, Vec::new(), Vec::new()),
        _ => return Ok(ignored("heal has no use for this action of an installation")),
    };
    signal(root, action, added, removed)
}

/// Reads an `installation_repositories`.
pub(super) fn read_repositories(root: &Field<'_>) -> Result<GithubSignal, PayloadError> {
    let added = shared::repositories(&root.get("repositories_added"))?;
    let removed = shared::repositories(&root.get("repositories_removed"))?;
    signal(root, InstallationAction::RepositoriesChanged, added, removed)
}

fn signal(
    root: &Field<'_>,
    action: InstallationAction,
    added: Vec<RepositoryRef>,
    removed: Vec<RepositoryRef>,
) -> Result<GithubSignal, PayloadError> {
    let installation = root.get("installation").object()?;
    Ok(GithubSignal::InstallationChanged(Box::new(InstallationSignal {
        action,
        installation: InstallationId(installation.get("id").id()?),
        app_id: installation.get("app_id").some().map(|id| id.id()).transpose()?,
        account: installation.get("account").get("login").some().map(|login| login.login()).transpose()?,
        added,
        removed,
        sender: shared::sender(root)?,
    })))
}
