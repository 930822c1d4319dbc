//! Workflow runs, their jobs and steps.

use serde::Deserialize;

use super::{Account, Repository, lenient};

/// One run of a workflow; a rerun is another attempt of the same run.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Run {
    /// GitHub's number for it.
    pub id: u64,
    /// The workflow's name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The workflow.
    #[serde(default, deserialize_with = "lenient")]
    pub workflow_id: u64,
    /// The workflow's file.
    #[serde(default, deserialize_with = "lenient")]
    pub path: String,
    /// The commit that it ran on.
    #[serde(default, deserialize_with = "lenient")]
    pub head_sha: String,
    /// The branch that it ran for.
    #[serde(default)]
    pub head_branch: Option<String>,
    /// The repository that the commit comes from: a fork's, for a pull request from there.
    #[serde(default)]
    pub head_repository: Option<Repository>,
    /// What started it: `push`, `pull_request`, `schedule`, …
    #[serde(default, deserialize_with = "lenient")]
    pub event: String,
    /// `queued`, `in_progress`, `completed`, `waiting`, …
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    /// `success`, `failure`, `cancelled`, `timed_out`, …, once completed.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// Which attempt this is, from 1.
    #[serde(default, deserialize_with = "lenient")]
    pub run_attempt: u64,
    /// Counts the workflow's runs.
    #[serde(default, deserialize_with = "lenient")]
    pub run_number: u64,
    /// The check suite that it reports to.
    #[serde(default)]
    pub check_suite_id: Option<u64>,
    /// Where people find it.
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<String>,
    /// When this attempt began.
    #[serde(default)]
    pub run_started_at: Option<String>,
    /// When it last changed.
    #[serde(default)]
    pub updated_at: Option<String>,
    /// Who started it.
    #[serde(default)]
    pub actor: Option<Account>,
}

/// A workflow's file and number.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct WorkflowPath {
    /// GitHub's number for it.
    pub id: u64,
    /// Its file in the repository.
    #[serde(default, deserialize_with = "lenient")]
    pub path: String,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// `active`, or how it was switched off.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
}

/// A job of a run.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Job {
    /// GitHub's number for it.
    pub id: u64,
    /// Its run.
    #[serde(default, deserialize_with = "lenient")]
    pub run_id: u64,
    /// Which attempt of the run it belongs to.
    #[serde(default, deserialize_with = "lenient")]
    pub run_attempt: u64,
    /// Its name, with the values of the matrix.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The commit that it ran on.
    #[serde(default, deserialize_with = "lenient")]
    pub head_sha: String,
    /// `queued`, `in_progress`, `completed`, …
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    /// `success`, `failure`, `cancelled`, `skipped`, …, once completed.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// When it began.
    #[serde(default)]
    pub started_at: Option<String>,
    /// When it ended.
    #[serde(default)]
    pub completed_at: Option<String>,
    /// Where people find it.
    #[serde(default)]
    pub html_url: Option<String>,
    /// The runner's name; empty when none took it.
    #[serde(default, deserialize_with = "lenient")]
    pub runner_name: String,
    /// Its steps.
    #[serde(default, deserialize_with = "lenient")]
    pub steps: Vec<Step>,
}

/// A step of a job.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Step {
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// From 1.
    #[serde(default, deserialize_with = "lenient")]
    pub number: u64,
    /// `queued`, `in_progress`, `completed`.
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    /// `success`, `failure`, `cancelled`, `skipped`, once completed.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// When it began.
    #[serde(default)]
    pub started_at: Option<String>,
    /// When it ended.
    #[serde(default)]
    pub completed_at: Option<String>,
}

/// A page of runs.
#[derive(Debug, Deserialize)]
pub(in crate::forge::github) struct Runs {
    #[serde(default, deserialize_with = "lenient")]
    pub workflow_runs: Vec<Run>,
}

/// A page of jobs.
#[derive(Debug, Deserialize)]
pub(in crate::forge::github) struct Jobs {
    #[serde(default, deserialize_with = "lenient")]
    pub jobs: Vec<Job>,
}
