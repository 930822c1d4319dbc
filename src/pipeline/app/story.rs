//! From what a heal knows to the story that its texts tell.

use std::path::PathBuf;

use super::case::Case;
use super::models;
use super::services::StepError;
use crate::deliver::story::{Reproduced, RunLink, Story, Tried};
use crate::diagnosis::Diagnosis;
use crate::draft::llm::meter::Spent;
use crate::pipeline::ledger::{CiRun, Entry};

/// The owned parts of a story.
pub struct Told {
    repository: String,
    web_url: String,
    heal_id: String,
    head: String,
    branch: String,
    base_is_default: bool,
    from_fork: bool,
    pull_request: Option<u64>,
    diagnosis: Option<Box<Diagnosis>>,
    failed_runs: Vec<RunLink>,
    suspect_login: Option<String>,
    attempts: Vec<Tried>,
    proven: Option<usize>,
    test_command: Option<String>,
    sandbox: Option<String>,
    plausible: usize,
    reproduced: Reproduced,
    elapsed_s: u64,
    ci_minutes: f64,
    spent: Spent,
    notes: Vec<String>,
    reason: Option<String>,
}

/// Gathers what is to be told. `proven` is the attempt that holds.
pub async fn tell(case: &Case<'_>, proven: Option<u32>) -> Result<Told, StepError> {
    let know = &case.know;
    let ledger = case.record.ledger().await?;
    let seconds: f64 = ledger.iter().flat_map(|entry| &entry.ci).map(|run| f64::from(run.seconds)).sum();
    Ok(Told {
        repository: know.full_name().to_owned(),
        web_url: case.app.settings.web_url.clone(),
        heal_id: case.id().to_owned(),
        head: case.head.clone(),
        branch: know.branch.clone(),
        base_is_default: know.is_default_branch(),
        from_fork: know.is_fork,
        pull_request: know.pull_request,
        diagnosis: know.diagnosis.clone(),
        failed_runs: know.failed.iter().map(|failed| link(&failed.run)).collect(),
        suspect_login: know.suspect_login.clone(),
        proven: proven.and_then(|number| ledger.iter().position(|entry| entry.number == number)),
        attempts: ledger.iter().map(tried).collect(),
        test_command: know.test_command.clone(),
        sandbox: know.sandbox.clone(),
        plausible: know.plausible,
        reproduced: know.reproduced,
        elapsed_s: u64::try_from(case.app.now() - know.first_seen).unwrap_or(0),
        ci_minutes: seconds / 60.0,
        spent: models::spent(case).await?,
        notes: know.notes.clone(),
        reason: know.reason.clone(),
    })
}

impl Told {
    /// The story itself.
    pub fn story(&self) -> Story<'_> {
        Story {
            repository: &self.repository,
            web_url: &self.web_url,
            heal_id: &self.heal_id,
            head: &self.head,
            branch: &self.branch,
            base_is_default: self.base_is_default,
            from_fork: self.from_fork,
            pull_request: self.pull_request,
            diagnosis: self.diagnosis.as_deref(),
            failed_runs: &self.failed_runs,
            suspect_login: self.suspect_login.as_deref(),
            attempts: &self.attempts,
            proven: self.proven.and_then(|index| self.attempts.get(index)),
            test_command: self.test_command.as_deref(),
            sandbox: self.sandbox.as_deref(),
            plausible: self.plausible,
            reproduced: self.reproduced,
            elapsed_s: self.elapsed_s,
            ci_minutes: self.ci_minutes,
            cost_usd: self.spent.cost_usd,
            tokens: self.spent.tokens(),
            notes: &self.notes,
            reason: self.reason.as_deref(),
        }
    }
}

/// A run as a link.
pub fn link(run: &CiRun) -> RunLink {
    RunLink { name: run.name.clone(), url: run.url.clone(), conclusion: run.conclusion.clone(), attempt: run.attempt }
}

fn tried(entry: &Entry) -> Tried {
    let mut files: Vec<PathBuf> = entry.edits.iter().map(|edit| edit.file.clone()).collect();
    files.sort();
    files.dedup();
    Tried {
        number: entry.number,
        drafter: entry.drafter.clone(),
        operator: entry.operator.clone(),
        model: entry.model.clone(),
        diff: entry.diff.clone(),
        files,
        rungs: entry.rungs.clone(),
        branch: entry.branch.clone(),
        commit: entry.commit.clone(),
        ci: entry.ci.iter().map(link).collect(),
        ci_green: entry.ci_green,
        fell_because: entry.fell_because.clone(),
        review: entry.review.clone(),
    }
}
