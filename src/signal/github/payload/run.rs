//! `workflow_run`: GitHub Actions' own runs.

use super::field::Field;
use super::{PayloadError, ignored, shared};
use crate::signal::github::facts::{Conclusion, Origin, RepositoryFacts, RunStatus};
use crate::signal::github::signals::{GithubSignal, RunFacts, RunSignal};

/// Reads a `workflow_run`.
pub(super) fn read(root: &Field<'_>) -> Result<GithubSignal, PayloadError> {
    let wrap: fn(Box<RunSignal>) -> GithubSignal = match root.get("action").text()? {
        "completed" => GithubSignal::RunCompleted,
        "requested" | "in_progress" => GithubSignal::RunStarted,
        _ => return Ok(ignored("heal has no use for this action of a run")),
    };
    let field = root.get("workflow_run").object()?;
    if let Some(reason) = not_of_a_branch(&field)? {
        return Ok(ignored(reason));
    }
    let repository = shared::repository(root)?;
    let run = facts(root, &field, &repository)?;
    let installation = shared::installation(root)?;
    Ok(wrap(Box::new(RunSignal { repository, installation, run, sender: shared::sender(root)? })))
}

/// Why a run belongs to no branch, as far as the payload shows it: it has the same field for the name of a tag.
fn not_of_a_branch(run: &Field<'_>) -> Result<Option<&'static str>, PayloadError> {
    let Some(branch) = run.get("head_branch").some() else { return Ok(Some("the run belongs to no branch")) };
    let of_tag = branch.text()?.starts_with("refs/tags/")
        || run.get("event").text()? == "release"
        || path(run)?.is_some_and(|path| path.contains("@refs/tags/"));
    Ok(of_tag.then_some("the run belongs to a tag"))
}

fn facts(root: &Field<'_>, run: &Field<'_>, repository: &RepositoryFacts) -> Result<RunFacts, PayloadError> {
    let head = run.get("head_repository").some();
    let head = head.map(|head| head.object()?.get("full_name").repository_name()).transpose()?;
    let conclusion = run.get("conclusion").some().map(|word| word.text()).transpose()?;
    let status = run.get("status").some().map(|word| word.text()).transpose()?;
    Ok(RunFacts {
        id: run.get("id").id()?,
        name: name(root, run)?,
        workflow_id: run.get("workflow_id").id()?,
        path: path(run)?,
        event: run.get("event").name()?,
        head_branch: run.get("head_branch").branch()?,
        head_sha: run.get("head_sha").sha()?,
        status: status.map_or(RunStatus::Other, RunStatus::named),
        conclusion: conclusion.map(Conclusion::named),
        attempt: run.get("run_attempt").some().map_or(Ok(1), |attempt| attempt.id())?,
        origin: Origin::of(&repository.full_name, head),
        pull_requests: shared::pull_requests(run)?,
        actor: shared::actor(run.get("actor"))?,
        html_url: run.get("html_url").url_if_any(),
    })
}

/// The workflow's name; GitHub leaves the run's empty when the file could not be read.
fn name(root: &Field<'_>, run: &Field<'_>) -> Result<String, PayloadError> {
    let places = [run.get("name"), root.get("workflow").get("name"), run.get("path")];
    for place in places.into_iter().filter_map(Field::some) {
        if !place.text()?.is_empty() {
            return place.name();
        }
    }
    Ok("unnamed workflow".to_owned())
}

fn path(run: &Field<'_>) -> Result<Option<String>, PayloadError> {
    match run.get("path").some() {
        Some(path) if !path.text()?.is_empty() => path.name().map(Some),
        _ => Ok(None),
    }
}
