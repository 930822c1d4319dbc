//! The logs of red runs, and what they say.
//!
//! In: red runs. Out: one diagnosis for all their failing jobs, and for each its own. Logs that are gone
//! are no obstacle: the failing step's name and the sandbox then have to do.

use super::case::Case;
use super::knowledge::FailedRun;
use super::services::StepError;
use crate::diagnosis::{self, Beside, Diagnosis, RepositoryAtHand};
use crate::evidence::log::{self, Limits, Log};
use crate::evidence::reading::words;
use crate::forge::github::types::Job;
use crate::forge::github::{ErrorKind, GithubError};
use crate::redact;

/// The most failing jobs whose logs are read; a matrix fails the same way in most of its jobs.
const JOBS: usize = 12;

/// What the logs of red runs say.
#[derive(Debug)]
pub struct LogFindings {
    /// All of it as one failure.
    pub diagnosis: Diagnosis,
    /// The workflow file of the job that the diagnosis speaks of.
    pub workflow_file: Option<String>,
}

/// A failing job and its log.
pub struct FailingJob {
    job: Job,
    workflow_file: String,
    log: Log,
    green: Option<Log>,
}

/// Says what logs say. `repository` adds suspects and places.
pub fn explain(jobs: Vec<FailingJob>, repository: Option<&RepositoryAtHand<'_>>) -> LogFindings {
    // A large log takes a second: the runtime's other tasks go on elsewhere meanwhile.
    tokio::task::block_in_place(|| explain_here(jobs, repository))
}

fn explain_here(jobs: Vec<FailingJob>, repository: Option<&RepositoryAtHand<'_>>) -> LogFindings {
    let mut found: Vec<(Diagnosis, String)> = Vec::new();
    for failing in jobs {
        let beside = Beside { green: failing.green.as_ref(), report: None, repository };
        let mut diagnosis = diagnosis::explain(&failing.log, beside);
        name_place(&mut diagnosis, &failing.job);
        found.push((diagnosis, failing.workflow_file));
    }
    if found.is_empty() {
        let nothing = log::read(std::io::empty(), words(), &Limits::default());
        let Ok(nothing) = nothing else { unreachable!("reading nothing does not fail") };
        let beside = Beside { green: None, report: None, repository };
        found.push((diagnosis::explain(&nothing, beside), String::new()));
    }
    merged(found)
}

/// The job and step, where the log of a single job does not name them.
fn name_place(diagnosis: &mut Diagnosis, job: &Job) {
    if diagnosis.job.is_none() && !job.name.is_empty() {
        diagnosis.job = Some(job.name.clone());
    }
    let failed = job.steps.iter().find(|step| step.conclusion.as_deref() == Some("failure"));
    if let Some(step) = failed {
        diagnosis.step = Some(redact::text(&step.name).into_owned());
    }
}

/// One diagnosis for several jobs: the one that a patch could answer leads; further failures join it.
fn merged(mut found: Vec<(Diagnosis, String)>) -> LogFindings {
    found.sort_by_key(|(diagnosis, _)| (!diagnosis.class.is_patchable(), diagnosis.failures.is_empty()));
    let mut all = found.into_iter();
    let Some((mut diagnosis, file)) = all.next() else { unreachable!("there is always one") };
    for (other, _) in all {
        for failure in other.failures {
            let known = |known: &crate::evidence::Failure| {
                known.test == failure.test && known.file == failure.file && known.kind == failure.kind
            };
            if !diagnosis.failures.iter().any(known) {
                diagnosis.failures.push(failure);
            }
        }
        if other.fingerprint != diagnosis.fingerprint && other.class == diagnosis.class {
            diagnosis.fingerprint = joined(&diagnosis.fingerprint, &other.fingerprint);
        }
    }
    LogFindings { diagnosis, workflow_file: Some(file).filter(|file| !file.is_empty()) }
}

/// A name for two failures together, whatever their order.
fn joined(a: &str, b: &str) -> String {
    let bits = |name: &str| u64::from_str_radix(name, 16).unwrap_or(0);
    format!("{:016x}", bits(a) ^ bits(b))
}

/// Fetches the logs of the failing jobs of red runs.
pub async fn failing_jobs(case: &Case<'_>, runs: &[FailedRun]) -> Result<Vec<FailingJob>, StepError> {
    let mut failing = Vec::new();
    for failed in runs {
        let jobs = case.github.jobs(failed.run.id).await?;
        let red = |job: &Job| {
            matches!(job.conclusion.as_deref(), Some("failure" | "timed_out" | "startup_failure" | "cancelled"))
        };
        let mut red: Vec<Job> = jobs.into_iter().filter(red).collect();
        // A job that was cancelled because another one failed says nothing.
        if red.iter().any(|job| job.conclusion.as_deref() != Some("cancelled")) {
            red.retain(|job| job.conclusion.as_deref() != Some("cancelled"));
        }
        for job in red {
            if failing.len() == JOBS {
                tracing::warn!(heal.id = case.id(), jobs = JOBS, "further failing jobs are not read");
                return Ok(failing);
            }
            let Some(log) = log_of(case, failed.run.id, &job).await? else { continue };
            let green = if failing.is_empty() { green_log(case, failed, &job).await } else { None };
            failing.push(FailingJob { job, workflow_file: failed.path.clone(), log, green });
        }
    }
    Ok(failing)
}

/// The log of a job, or of its whole run; `None` when both are gone.
async fn log_of(case: &Case<'_>, run: u64, job: &Job) -> Result<Option<Log>, StepError> {
    let gone =
        |error: &GithubError| matches!(error.kind(), ErrorKind::Gone | ErrorKind::NotFound | ErrorKind::TooLarge);
    let download = match case.github.job_log(job.id).await {
        Ok(download) => download,
        Err(error) if gone(&error) => match case.github.run_logs(run).await {
            Ok(download) => download,
            Err(error) if gone(&error) => {
                tracing::warn!(heal.id = case.id(), run, job = job.id, "the log is gone");
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        },
        Err(error) => return Err(error.into()),
    };
    if download.truncated {
        tracing::warn!(heal.id = case.id(), run, job = job.id, "the log is cut off; what came of it is read");
    }
    match tokio::task::block_in_place(|| log::read_file(download.file, words(), &Limits::default())) {
        Ok(log) => Ok(Some(log)),
        Err(error) => {
            tracing::warn!(heal.id = case.id(), run, job = job.id, %error, "the log can't be read");
            Ok(None)
        }
    }
}

/// The log of the same job in the last green run of the workflow: a help, never a must.
async fn green_log(case: &Case<'_>, failed: &FailedRun, job: &Job) -> Option<Log> {
    if failed.workflow == 0 {
        return None;
    }
    let default_branch = case.know.repository.default_branch.as_str();
    let green = case.github.last_green_run(failed.workflow, default_branch).await.ok()??;
    let jobs = case.github.jobs(green.id).await.ok()?;
    let same = jobs.into_iter().find(|other| other.name == job.name)?;
    let download = case.github.job_log(same.id).await.ok()?;
    tokio::task::block_in_place(|| log::read_file(download.file, words(), &Limits::default())).ok()
}
