//! Workflow runs, jobs, their logs, and starting them again.

use serde_json::json;

use super::Access;
use super::app::PER_PAGE;
use super::call::{Call, segment};
use super::download::{BodySource, Log};
use super::error::GithubError;
use super::repository::RepositoryClient;
use super::types::{Job, Jobs, Run, Runs, WorkflowPath};

/// Which runs are wanted. Everything that is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct RunQuery {
    /// The commit that they ran on.
    pub head_sha: Option<String>,
    /// The branch that they ran for.
    pub branch: Option<String>,
    /// Their status or conclusion: `completed`, `failure`, `in_progress`, …
    pub status: Option<String>,
    /// When they were made, in GitHub's words: `>=2026-01-31T00:00:00Z`.
    pub created: Option<String>,
    /// What started them.
    pub event: Option<String>,
    /// How many at most: the newest; 100 when it is `None`.
    pub per_page: Option<usize>,
}

impl RunQuery {
    /// Whether a run is wanted. Asked again on our side, because not every server filters.
    fn wants(&self, run: &Run) -> bool {
        let status = |wanted: &String| run.status == *wanted || run.conclusion.as_ref() == Some(wanted);
        self.head_sha.as_ref().is_none_or(|sha| run.head_sha == *sha)
            && self.branch.as_ref().is_none_or(|branch| run.head_branch.as_ref() == Some(branch))
            && self.event.as_ref().is_none_or(|event| run.event == *event)
            && self.status.as_ref().is_none_or(status)
    }

    fn apply(&self, call: Call) -> Call {
        call.with_some("head_sha", self.head_sha.as_ref())
            .with_some("branch", self.branch.as_ref())
            .with_some("status", self.status.as_ref())
            .with_some("created", self.created.as_ref())
            .with_some("event", self.event.as_ref())
            .with("per_page", self.per_page.unwrap_or(PER_PAGE).clamp(1, PER_PAGE))
    }
}

#[derive(serde::Deserialize)]
struct Workflows {
    #[serde(default)]
    workflows: Vec<WorkflowPath>,
}

impl RepositoryClient {
    /// Runs, newest first; one page.
    pub async fn workflow_runs(&self, query: &RunQuery) -> Result<Vec<Run>, GithubError> {
        let call = query.apply(Call::get("list_workflow_runs", self.path("/actions/runs")));
        let runs: Runs = self.read(call).await?;
        Ok(runs.workflow_runs.into_iter().filter(|run| query.wants(run)).collect())
    }

    /// A run, as its last attempt left it.
    pub async fn run(&self, id: u64) -> Result<Run, GithubError> {
        self.read(Call::get("get_workflow_run", self.path(&format!("/actions/runs/{id}")))).await
    }

    /// The jobs of a run's last attempt.
    pub async fn jobs(&self, run_id: u64) -> Result<Vec<Job>, GithubError> {
        let call = Call::get("list_jobs", self.path(&format!("/actions/runs/{run_id}/jobs")));
        self.read_pages(call.with("filter", "latest"), |page: Jobs| page.jobs).await
    }

    /// The repository's workflows.
    pub async fn workflows(&self) -> Result<Vec<WorkflowPath>, GithubError> {
        let call = Call::get("list_workflows", self.path("/actions/workflows"));
        self.read_pages(call, |page: Workflows| page.workflows).await
    }

    /// The log of a job: text.
    pub async fn job_log(&self, job_id: u64) -> Result<Log, GithubError> {
        self.download(Call::get("download_job_log", self.path(&format!("/actions/jobs/{job_id}/logs")))).await
    }

    /// The logs of a whole run: a zip.
    pub async fn run_logs(&self, run_id: u64) -> Result<Log, GithubError> {
        self.download(Call::get("download_run_logs", self.path(&format!("/actions/runs/{run_id}/logs")))).await
    }

    /// The newest green run of a workflow on a branch.
    pub async fn last_green_run(&self, workflow_id: u64, branch: &str) -> Result<Option<Run>, GithubError> {
        let path = self.path(&format!("/actions/workflows/{workflow_id}/runs"));
        let call = Call::get("list_workflow_runs_of_workflow", path).with("branch", branch).with("status", "success");
        let runs: Runs = self.read(call.with("per_page", 10)).await?;
        let is_green = |run: &Run| {
            run.conclusion.as_deref() == Some("success") && run.head_branch.as_deref().is_none_or(|head| head == branch)
        };
        Ok(runs.workflow_runs.into_iter().find(is_green))
    }

    /// Runs the failed jobs of a run again. Look at `run_attempt` first: this is not sent twice.
    pub async fn rerun_failed_jobs(&self, run_id: u64) -> Result<(), GithubError> {
        let path = self.path(&format!("/actions/runs/{run_id}/rerun-failed-jobs"));
        self.tell(Call::trigger("rerun_failed_jobs", path)).await.map(|_| ())
    }

    /// Starts a workflow (by number or file name) on a branch. Look for its run first: this is not sent twice.
    pub async fn dispatch_workflow(&self, workflow_id: &str, reference: &str) -> Result<(), GithubError> {
        let path = self.path(&format!("/actions/workflows/{}/dispatches", segment(workflow_id)));
        self.tell(Call::post("dispatch_workflow", path, json!({ "ref": reference }))).await.map(|_| ())
    }

    async fn download(&self, call: Call) -> Result<Log, GithubError> {
        let call = call.stream();
        let answer = self.app.send(&self.identity(Access::Read), &call).await?;
        match (answer.location, answer.stream) {
            (Some(location), _) if answer.status.is_redirection() => {
                self.app.downloads().fetch(call.operation, &location).await
            }
            (_, Some(body)) if answer.status.is_success() => {
                self.app.downloads().store(call.operation, BodySource::Api(body)).await
            }
            _ => Err(GithubError::Malformed {
                operation: call.operation,
                message: "neither a log nor the way to one".to_owned(),
                request_id: answer.request_id,
            }),
        }
    }
}
