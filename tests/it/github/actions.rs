//! Workflow runs and jobs as records, and in the shape in which GitHub shows them.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::shapes::actions_app;
use super::workflow::Workflow;

static RUNS: AtomicU64 = AtomicU64::new(9_000_000_000);

/// All runs of a world.
#[derive(Default)]
pub struct Actions {
    /// Oldest first.
    pub runs: Vec<Run>,
    workflows: Vec<(String, String)>,
}

/// A run of a workflow.
#[derive(Debug, Clone)]
pub struct Run {
    /// Stays the same over attempts.
    pub id: u64,
    /// Where it runs: the base of a pull request from a fork.
    pub repository: String,
    /// Where the commit is from.
    pub head_repository: String,
    /// The workflow as of that commit.
    pub workflow: Workflow,
    /// The workflow's id.
    pub workflow_id: u64,
    /// Counts the runs of the workflow.
    pub number: u64,
    /// Counts from 1.
    pub attempt: u64,
    /// `push`, `pull_request`, `workflow_dispatch`
    pub event: String,
    /// The branch.
    pub branch: String,
    /// `GITHUB_REF`
    pub reference: String,
    /// The commit.
    pub sha: String,
    /// The commit as webhooks carry it.
    pub head_commit: Value,
    /// `queued`, `in_progress`, `completed`
    pub status: String,
    /// Once completed.
    pub conclusion: Option<String>,
    /// When it was made.
    pub created: String,
    /// When this attempt began.
    pub started: String,
    /// When anything changed.
    pub updated: String,
    /// Who caused the first attempt.
    pub actor: Value,
    /// Who caused this one.
    pub triggering_actor: Value,
    /// Its check suite.
    pub suite: u64,
    /// Open pull requests of the branch; none for forks.
    pub pulls: Vec<Value>,
    /// Jobs of all attempts.
    pub jobs: Vec<Job>,
    /// Attempts before this one, as they ended: status, conclusion, started, updated.
    pub before: Vec<Attempt>,
}

/// How an earlier attempt ended.
#[derive(Debug, Clone)]
pub struct Attempt {
    conclusion: Option<String>,
    started: String,
    updated: String,
}

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Also the id of its check run.
    pub id: u64,
    /// Where it stands in the workflow.
    pub spec: usize,
    /// The attempt that it belongs to.
    pub attempt: u64,
    /// `queued`, `in_progress`, `completed`
    pub status: String,
    /// Once completed.
    pub conclusion: Option<String>,
    /// When it was made.
    pub created: String,
    /// When it began.
    pub started: Option<String>,
    /// When it ended.
    pub completed: Option<String>,
    /// Its steps so far.
    pub steps: Vec<Value>,
    /// Its log, step by step: name and text.
    pub log: Vec<(String, String)>,
}

impl Actions {
    /// A new id for a run.
    pub fn next_id() -> u64 {
        RUNS.fetch_add(1, Ordering::Relaxed)
    }

    /// The id of a workflow: the same for the same path in the same repository.
    pub fn workflow_id(&mut self, repository: &str, path: &str) -> u64 {
        let key = (repository.to_owned(), path.to_owned());
        let at = self.workflows.iter().position(|other| *other == key).unwrap_or_else(|| {
            self.workflows.push(key);
            self.workflows.len() - 1
        });
        70_000_000 + at as u64
    }

    /// A run.
    pub fn run(&self, id: u64) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// A run, to change it.
    pub fn run_mut(&mut self, id: u64) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.id == id)
    }

    /// The run with this job.
    pub fn run_of(&self, job: u64) -> Option<&Run> {
        self.runs.iter().find(|run| run.jobs.iter().any(|other| other.id == job))
    }
}

impl Run {
    /// The jobs of an attempt.
    pub fn jobs_of(&self, attempt: u64) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(move |job| job.attempt == attempt)
    }

    /// Ends an attempt and begins the next.
    pub fn next_attempt(&mut self, now: &str) {
        self.before.push(Attempt {
            conclusion: self.conclusion.take(),
            started: self.started.clone(),
            updated: self.updated.clone(),
        });
        self.attempt += 1;
        "queued".clone_into(&mut self.status);
        now.clone_into(&mut self.started);
        now.clone_into(&mut self.updated);
    }

    /// What a job is called.
    pub fn job_name(&self, job: &Job) -> &str {
        &self.workflow.jobs[job.spec].name
    }

    /// As the API shows it.
    pub fn json(&self, url: &str, repository: &Value, head_repository: &Value) -> Value {
        let api = format!("{url}/repos/{}/actions/runs/{}", self.repository, self.id);
        let title = self.head_commit["message"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
        let previous =
            if self.attempt > 1 { json!(format!("{api}/attempts/{}", self.attempt - 1)) } else { Value::Null };
        let mut head_commit = self.head_commit.clone();
        for extra in ["distinct", "url", "added", "removed", "modified"] {
            head_commit.as_object_mut().map(|fields| fields.remove(extra));
        }
        for role in ["author", "committer"] {
            head_commit[role].as_object_mut().map(|fields| fields.remove("username"));
        }
        json!({
            "id": self.id, "node_id": format!("WFR_{}", self.id), "name": self.workflow.name, "path": self.workflow.path,
            "display_title": title, "head_branch": self.branch, "head_sha": self.sha, "head_commit": head_commit,
            "event": self.event, "status": self.status, "conclusion": self.conclusion, "workflow_id": self.workflow_id,
            "run_number": self.number, "run_attempt": self.attempt, "check_suite_id": self.suite,
            "check_suite_node_id": format!("CS_{}", self.suite), "url": api, "jobs_url": format!("{api}/jobs"),
            "logs_url": format!("{api}/logs"), "artifacts_url": format!("{api}/artifacts"), "cancel_url": format!("{api}/cancel"),
            "rerun_url": format!("{api}/rerun"), "check_suite_url": format!("{url}/repos/{}/check-suites/{}", self.repository, self.suite),
            "workflow_url": format!("{url}/repos/{}/actions/workflows/{}", self.repository, self.workflow_id),
            "html_url": format!("{url}/{}/actions/runs/{}", self.repository, self.id), "previous_attempt_url": previous,
            "pull_requests": self.pulls, "actor": self.actor, "triggering_actor": self.triggering_actor,
            "created_at": self.created, "run_started_at": self.started, "updated_at": self.updated,
            "referenced_workflows": [], "repository": repository, "head_repository": head_repository,
        })
    }

    /// An earlier attempt as the API shows it.
    pub fn attempt_json(&self, attempt: u64, url: &str, repository: &Value, head_repository: &Value) -> Option<Value> {
        let mut shown = self.json(url, repository, head_repository);
        if attempt == self.attempt {
            return Some(shown);
        }
        let old = self.before.get(usize::try_from(attempt.checked_sub(1)?).ok()?)?;
        shown["run_attempt"] = json!(attempt);
        shown["status"] = json!("completed");
        shown["conclusion"] = json!(old.conclusion);
        shown["run_started_at"] = json!(old.started);
        shown["updated_at"] = json!(old.updated);
        Some(shown)
    }

    /// Its workflow as the API shows it.
    pub fn workflow_json(&self, url: &str) -> Value {
        let path = format!("{}/actions/workflows", self.repository);
        let (id, file) = (self.workflow_id, self.workflow.path.rsplit('/').next().unwrap_or_default());
        json!({
            "id": id, "node_id": format!("W_{id}"), "name": self.workflow.name, "path": self.workflow.path, "state": "active",
            "created_at": self.created, "updated_at": self.updated, "url": format!("{url}/repos/{path}/{id}"),
            "html_url": format!("{url}/{}/blob/main/{}", self.repository, self.workflow.path),
            "badge_url": format!("{url}/{path}/{file}/badge.svg"),
        })
    }

    /// A job as the API shows it.
    pub fn job_json(&self, job: &Job, url: &str) -> Value {
        let api = format!("{url}/repos/{}", self.repository);
        json!({
            "id": job.id, "run_id": self.id, "workflow_name": self.workflow.name, "head_branch": self.branch,
            "run_url": format!("{api}/actions/runs/{}", self.id), "run_attempt": job.attempt, "node_id": format!("CR_{}", job.id),
            "head_sha": self.sha, "url": format!("{api}/actions/jobs/{}", job.id),
            "html_url": format!("{url}/{}/actions/runs/{}/job/{}", self.repository, self.id, job.id),
            "status": job.status, "conclusion": job.conclusion, "created_at": job.created,
            "started_at": job.started.as_ref().unwrap_or(&job.created), "completed_at": job.completed,
            "name": self.job_name(job), "steps": job.steps, "check_run_url": format!("{api}/check-runs/{}", job.id),
            "labels": ["ubuntu-latest"], "runner_id": 1, "runner_name": "GitHub Actions 1", "runner_group_id": 2,
            "runner_group_name": "GitHub Actions",
        })
    }

    /// The check run of a job as webhooks carry it.
    pub fn check_run_json(&self, job: &Job, url: &str) -> Value {
        let api = format!("{url}/repos/{}", self.repository);
        json!({
            "id": job.id, "node_id": format!("CR_{}", job.id), "name": self.job_name(job), "head_sha": self.sha,
            "external_id": format!("job-{}", job.id), "url": format!("{api}/check-runs/{}", job.id),
            "html_url": format!("{url}/{}/actions/runs/{}/job/{}", self.repository, self.id, job.id),
            "details_url": format!("{url}/{}/actions/runs/{}/job/{}", self.repository, self.id, job.id),
            "status": job.status, "conclusion": job.conclusion, "started_at": job.started.as_ref().unwrap_or(&job.created),
            "completed_at": job.completed, "pull_requests": self.pulls, "app": actions_app(url),
            "output": {"title": null, "summary": null, "text": null, "annotations_count": 0,
                "annotations_url": format!("{api}/check-runs/{}/annotations", job.id)},
            "check_suite": self.suite_json(url),
        })
    }

    /// The check suite of the run.
    pub fn suite_json(&self, url: &str) -> Value {
        let api = format!("{url}/repos/{}/check-suites/{}", self.repository, self.suite);
        json!({
            "id": self.suite, "node_id": format!("CS_{}", self.suite), "head_branch": self.branch, "head_sha": self.sha,
            "status": self.status, "conclusion": self.conclusion, "url": api, "before": null, "after": self.sha,
            "pull_requests": self.pulls, "app": actions_app(url), "created_at": self.created, "updated_at": self.updated,
            "latest_check_runs_count": self.jobs_of(self.attempt).count(), "check_runs_url": format!("{api}/check-runs"),
            "head_commit": self.head_commit, "rerequestable": true, "runs_rerequestable": false,
        })
    }
}
