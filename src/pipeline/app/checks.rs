//! heal's own check run on the failing commit: one, updated as the heal moves on.
//!
//! A check is a courtesy: where the App may not write checks, the heal goes on without it, and says so.

use serde_json::json;

use super::case::Case;
use super::services::StepError;
use crate::deliver::check::{self, CheckState};
use crate::forge::github::{CheckAnnotation, CheckRunOutput, CheckRunUpdate, ErrorKind, NewCheckRun};
use crate::policy::PolicyError;

/// Its name on every commit.
pub const NAME: &str = "heal";

/// Shows a state of the heal.
pub async fn show(case: &mut Case<'_>, state: &CheckState<'_>) -> Result<(), StepError> {
    let output =
        CheckRunOutput { title: check::title(state), summary: check::summary(state), ..CheckRunOutput::default() };
    let conclusion = check::conclusion(state).map(str::to_owned);
    let known = match case.know.check_run {
        Some(id) => Some(id),
        None => find(case).await?,
    };
    case.intend("check run", json!({"title": output.title, "conclusion": conclusion})).await?;
    let update = update(case, conclusion, output);
    let written = match known {
        Some(id) => case.github.update_check_run(id, &update).await.map(|_| id),
        None => {
            let new = NewCheckRun { name: NAME.to_owned(), head_sha: case.head.clone(), update };
            case.github.create_check_run(&new).await.map(|run| run.id)
        }
    };
    match written {
        Ok(id) => {
            case.achieved("check run", json!({"id": id})).await?;
            case.know.check_run = Some(id);
            case.save().await
        }
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Conflict) => {
            tracing::warn!(heal.id = case.id(), %error, "the check run can't be written");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

fn update(case: &Case<'_>, conclusion: Option<String>, output: CheckRunOutput) -> CheckRunUpdate {
    let status = if conclusion.is_some() { "completed" } else { "in_progress" };
    CheckRunUpdate {
        status: Some(status.to_owned()),
        conclusion,
        external_id: Some(case.id().to_owned()),
        output: Some(output),
        ..CheckRunUpdate::default()
    }
}

/// heal's check run that is there already.
async fn find(case: &Case<'_>) -> Result<Option<u64>, StepError> {
    let app_id = case.app.identity().await?.id;
    let runs = match case.github.check_runs(&case.head).await {
        Ok(runs) => runs,
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let own = runs.into_iter().find(|run| run.name == NAME && run.app.as_ref().is_none_or(|app| app.id == app_id));
    Ok(own.map(|run| run.id))
}

/// Reports a broken policy file on the failing commit, with line and column.
pub async fn report_broken_policy(case: &Case<'_>, error: &PolicyError) -> Result<(), StepError> {
    let state =
        CheckState::BrokenPolicy { line: error.line as u32, column: error.column as u32, message: &error.message };
    let annotations = check::annotation(&state).map(|note| CheckAnnotation::failure(&note.path, note.line, &note.body));
    let output = CheckRunOutput {
        title: check::title(&state),
        summary: check::summary(&state),
        text: None,
        annotations: annotations.into_iter().collect(),
    };
    let name = "heal policy";
    let runs = match case.github.check_runs(&case.head).await {
        Ok(runs) => runs,
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if runs.iter().any(|run| run.name == name) {
        return Ok(());
    }
    case.intend("policy check", json!({"line": error.line, "column": error.column})).await?;
    let update = update(case, check::conclusion(&state).map(str::to_owned), output);
    let new = NewCheckRun { name: name.to_owned(), head_sha: case.head.clone(), update };
    if let Err(error) = case.github.create_check_run(&new).await {
        tracing::warn!(heal.id = case.id(), %error, "the broken policy file can't be reported as a check");
    }
    Ok(())
}
