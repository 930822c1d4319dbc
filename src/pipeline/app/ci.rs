//! What the project's own CI says of a commit.
//!
//! In: a commit. Out: the newest run of every workflow and event, and the checks of other CI systems; whether
//! all have ended, which are red. A rerun is the same run with a higher attempt; where a server makes a new run
//! of it instead, the newer one counts. A push and a pull request start the same workflow twice: both count.

use std::collections::BTreeMap;

use super::case::Case;
use super::knowledge::FailedRun;
use super::services::StepError;
use crate::forge::github::types::Run;
use crate::forge::github::{ErrorKind, GithubError, RunQuery, parse_timestamp};
use crate::pipeline::ledger::CiRun;

/// What CI says of one commit.
#[derive(Clone, Debug, Default)]
pub struct CiView {
    /// The newest run of each workflow and event.
    runs: BTreeMap<(u64, String), Run>,
    /// Every run and attempt that is listed.
    listed: Vec<(u64, u64)>,
    /// Checks of other CI systems by name, with their pages.
    checks: BTreeMap<String, (Verdict, String)>,
}

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Pending,
    Green,
    Red,
    /// It ended without an answer: cancelled, stale, waiting for somebody.
    Undecided,
}

/// What has to be green.
#[derive(Clone, Debug, Default)]
pub struct Needed {
    /// Workflows.
    pub workflows: Vec<u64>,
    /// Checks of other CI systems.
    pub checks: Vec<String>,
}

/// Conclusions that a patch or a rerun may change.
const RED: [&str; 3] = ["failure", "timed_out", "startup_failure"];

/// Conclusions that hold nothing up.
const GREEN: [&str; 3] = ["success", "neutral", "skipped"];

/// Asks for the runs and checks of a commit on a branch: the same commit on another branch is another matter.
pub async fn view(case: &Case<'_>, sha: &str, branch: &str) -> Result<CiView, StepError> {
    let query = RunQuery { head_sha: Some(sha.to_owned()), per_page: Some(100), ..RunQuery::default() };
    let mut runs = case.github.workflow_runs(&query).await?;
    if runs.iter().any(|run| run.head_branch.as_deref() == Some(branch)) {
        runs.retain(|run| run.head_branch.as_deref().is_none_or(|of| of == branch));
    }
    let mut view = CiView::of(runs);
    let myself = case.app.identity().await?.id;
    // Without the permission to see them, what other CI systems say does not exist for heal.
    for run in permitted(case.github.check_runs(sha).await)? {
        let app = run.app.as_ref().filter(|app| !app.slug.is_empty());
        // Without an App it is taken for GitHub Actions' own where workflows ran: those are seen as runs.
        let foreign = app.map_or(view.runs.is_empty(), |app| app.slug != "github-actions" && app.id != myself);
        if !foreign || run.name == super::checks::NAME {
            continue;
        }
        let verdict = match run.conclusion.as_deref() {
            _ if run.status != "completed" => Verdict::Pending,
            Some(conclusion) if RED.contains(&conclusion) => Verdict::Red,
            Some(conclusion) if GREEN.contains(&conclusion) => Verdict::Green,
            _ => Verdict::Undecided,
        };
        view.checks.insert(run.name, (verdict, run.details_url.or(run.html_url).unwrap_or_default()));
    }
    for status in permitted(case.github.combined_status(sha).await)?.statuses {
        let verdict = match status.state.as_str() {
            "success" => Verdict::Green,
            "pending" => Verdict::Pending,
            _ => Verdict::Red,
        };
        view.checks.insert(status.context, (verdict, status.target_url.unwrap_or_default()));
    }
    Ok(view)
}

fn permitted<T: Default>(answer: Result<T, GithubError>) -> Result<T, GithubError> {
    match answer {
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) => Ok(T::default()),
        answer => answer,
    }
}

impl CiView {
    fn of(all: Vec<Run>) -> Self {
        let listed = all.iter().map(|run| (run.id, run.run_attempt)).collect();
        let mut runs: BTreeMap<(u64, String), Run> = BTreeMap::new();
        for run in all {
            let key = (run.workflow_id, run.event.clone());
            if runs.get(&key).is_none_or(|known| (run.id, run.run_attempt) > (known.id, known.run_attempt)) {
                runs.insert(key, run);
            }
        }
        CiView { runs, listed, checks: BTreeMap::new() }
    }

    /// Whether nothing ran.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.checks.is_empty()
    }

    /// Whether every run has ended, and every check that is needed.
    pub fn is_over(&self, needed: &Needed) -> bool {
        let pending = |name: &String| self.checks.get(name).is_some_and(|(verdict, _)| *verdict == Verdict::Pending);
        self.runs.values().all(is_over) && !needed.checks.iter().any(pending)
    }

    /// The red runs.
    pub fn red(&self) -> Vec<FailedRun> {
        self.runs.values().filter(|run| is_over(run) && is_red(run)).map(failed_run).collect()
    }

    /// The red checks of other CI systems, with their pages.
    pub fn red_checks(&self) -> BTreeMap<String, String> {
        let red = self.checks.iter().filter(|(_, (verdict, _))| *verdict == Verdict::Red);
        red.map(|(name, (_, page))| (name.clone(), page.clone())).collect()
    }

    /// The runs that ended neither red nor green: cancelled, or waiting for somebody.
    pub fn undecided(&self) -> Vec<FailedRun> {
        let undecided = |run: &&Run| is_over(run) && !is_red(run) && !is_green(run);
        self.runs.values().filter(undecided).map(failed_run).collect()
    }

    /// Whether no run is red or undecided, and everything that is needed succeeded. Other systems' checks that
    /// were not red before (a bot that judges every new branch) have no say.
    pub fn is_green(&self, needed: &Needed) -> bool {
        let workflow = |workflow: &u64| self.runs_of(*workflow).any(|run| is_over(run) && is_green(run));
        let check = |name: &String| self.checks.get(name).is_some_and(|(verdict, _)| *verdict == Verdict::Green);
        self.is_over(needed)
            && self.runs.values().all(is_green)
            && needed.workflows.iter().all(workflow)
            && needed.checks.iter().all(check)
    }

    fn runs_of(&self, workflow: u64) -> impl Iterator<Item = &Run> {
        self.runs.values().filter(move |run| run.workflow_id == workflow)
    }

    /// What is needed and has not started.
    pub fn missing(&self, needed: &Needed) -> Needed {
        Needed {
            workflows: needed.workflows.iter().copied().filter(|one| self.runs_of(*one).next().is_none()).collect(),
            checks: needed.checks.iter().filter(|name| !self.checks.contains_key(*name)).cloned().collect(),
        }
    }

    /// All runs, as they are remembered.
    pub fn remembered(&self) -> Vec<CiRun> {
        self.runs.values().map(ci_run).collect()
    }

    /// Each run's number, workflow and event.
    pub fn workflows(&self) -> Vec<(u64, u64, String)> {
        self.runs.values().map(|run| (run.id, run.workflow_id, run.event.clone())).collect()
    }

    /// Every run and attempt that is listed.
    pub fn listed(&self) -> &[(u64, u64)] {
        &self.listed
    }

    /// The run that took the place of an older one, or the same one again.
    fn again(&self, old: &FailedRun) -> Option<&Run> {
        self.runs_of(old.workflow).filter(|run| run.event == old.event || old.event.is_empty()).find(|run| {
            attempt_of(run) > old.run.attempt || run.id > old.run.id || (run.id == old.run.id && !is_over(run))
        })
    }

    /// Whether every run of `before` has been run again and has ended.
    pub fn has_rerun(&self, before: &[FailedRun]) -> bool {
        before.iter().all(|old| self.again(old).is_some_and(is_over))
    }

    /// Whether every run of `before` has been run again and is green.
    pub fn passed_again(&self, before: &[FailedRun]) -> bool {
        before.iter().all(|old| self.again(old).is_some_and(|run| is_over(run) && is_green(run)))
    }

    /// The runs of `before` that have not been started again.
    pub fn not_rerun<'b>(&self, before: &'b [FailedRun]) -> Vec<&'b FailedRun> {
        before.iter().filter(|old| self.again(old).is_none()).collect()
    }
}

impl Needed {
    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.workflows.is_empty() && self.checks.is_empty()
    }
}

fn is_over(run: &Run) -> bool {
    run.status == "completed"
}

/// Whether a run ended so that something should be done.
pub fn is_red(run: &Run) -> bool {
    run.conclusion.as_deref().is_some_and(|conclusion| RED.contains(&conclusion))
}

fn is_green(run: &Run) -> bool {
    run.conclusion.as_deref().is_some_and(|conclusion| GREEN.contains(&conclusion))
}

fn attempt_of(run: &Run) -> u32 {
    u32::try_from(run.run_attempt.max(1)).unwrap_or(u32::MAX)
}

fn ci_run(run: &Run) -> CiRun {
    CiRun {
        id: run.id,
        name: crate::redact::text(if run.name.is_empty() { &run.path } else { &run.name }).into_owned(),
        url: run.html_url.clone(),
        conclusion: run.conclusion.clone(),
        attempt: attempt_of(run),
        seconds: if is_over(run) { seconds_of(run).unwrap_or(0) } else { 0 },
    }
}

/// From its start to its last change, as GitHub's own pages count.
fn seconds_of(run: &Run) -> Option<u32> {
    let start = run.run_started_at.as_deref().or(run.created_at.as_deref()).and_then(parse_timestamp)?;
    u32::try_from(parse_timestamp(run.updated_at.as_deref()?)? - start).ok()
}

fn failed_run(run: &Run) -> FailedRun {
    FailedRun { run: ci_run(run), workflow: run.workflow_id, path: run.path.clone(), event: run.event.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: u64, event: &str, attempt: u64, status: &str, conclusion: Option<&str>) -> Run {
        Run {
            id,
            workflow_id: 7,
            event: event.to_owned(),
            run_attempt: attempt,
            status: status.to_owned(),
            conclusion: conclusion.map(str::to_owned),
            ..Run::default()
        }
    }

    fn needed(workflows: &[u64]) -> Needed {
        Needed { workflows: workflows.to_vec(), checks: Vec::new() }
    }

    #[test]
    fn a_rerun_takes_the_place_of_what_failed() {
        let before = CiView::of(vec![run(1, "push", 1, "completed", Some("failure"))]);
        let red = before.red();
        assert_eq!(red.len(), 1);
        assert!(!before.has_rerun(&red));
        let running = CiView::of(vec![run(1, "push", 2, "in_progress", None)]);
        assert!(!running.has_rerun(&red) && running.not_rerun(&red).is_empty());
        let same = CiView::of(vec![run(1, "push", 2, "completed", Some("success"))]);
        assert!(same.passed_again(&red) && same.is_green(&needed(&[7])));
        let other = [run(1, "push", 1, "completed", Some("failure")), run(9, "push", 2, "completed", Some("success"))];
        assert!(CiView::of(other.to_vec()).passed_again(&red));
        let cancelled = CiView::of(vec![run(1, "push", 2, "completed", Some("cancelled"))]);
        assert!(cancelled.has_rerun(&red) && !cancelled.passed_again(&red));
    }

    #[test]
    fn a_push_and_a_pull_request_count_both() {
        let runs =
            [run(1, "push", 1, "completed", Some("failure")), run(2, "pull_request", 1, "completed", Some("failure"))];
        let red = CiView::of(runs.to_vec()).red();
        assert_eq!(red.len(), 2);
        let half = [run(1, "push", 1, "completed", Some("failure")), run(2, "pull_request", 2, "queued", None)];
        assert_eq!(CiView::of(half.to_vec()).not_rerun(&red).len(), 1);
    }

    #[test]
    fn what_is_needed_and_did_not_run_is_not_green() {
        let view = CiView::of(vec![run(1, "push", 1, "completed", Some("success"))]);
        assert!(view.is_green(&needed(&[7])) && !view.is_green(&needed(&[7, 8])));
        assert_eq!(view.missing(&needed(&[7, 8])).workflows, [8]);
        let cancelled = CiView::of(vec![run(1, "push", 1, "completed", Some("cancelled"))]);
        assert!(!cancelled.is_green(&needed(&[])) && cancelled.red().is_empty() && cancelled.undecided().len() == 1);
    }

    #[test]
    fn another_system_s_check_has_to_be_green_too() {
        let mut view = CiView::default();
        let needed = Needed { workflows: Vec::new(), checks: vec!["ci/circle".to_owned()] };
        assert_eq!(view.missing(&needed).checks, ["ci/circle"]);
        for (verdict, over, green) in
            [(Verdict::Pending, false, false), (Verdict::Red, true, false), (Verdict::Green, true, true)]
        {
            view.checks.insert("ci/circle".to_owned(), (verdict, String::new()));
            assert_eq!((view.is_over(&needed), view.is_green(&needed)), (over, green));
        }
    }
}
