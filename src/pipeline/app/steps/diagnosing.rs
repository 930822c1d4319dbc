//! Diagnosing, drafting, verifying: the logs are read, the failure is reproduced in the sandbox, patches
//! are drafted and put to the test there. Nothing outside the machine changes, so a killed process does
//! all of it again; the ledger keeps it from trying the same patch twice.

use serde_json::json;

use super::super::case::{Case, Next};
use super::super::commands;
use super::super::evidence;
use super::super::knowledge::FailedRun;
use super::super::services::StepError;
use super::super::{branches, checks};
use super::sitting;
use crate::deliver::check::CheckState;
use crate::diagnosis::{Class, Diagnosis, RepositoryAtHand, RepositoryFiles};
use crate::evidence::RECENT_COMMITS;
use crate::forge::Forge;
use crate::forge::local::LocalForge;
use crate::pipeline::ledger::Entry;
use crate::pipeline::state::{Event, State};
use crate::policy::Autonomy;
use crate::redact;
use crate::testbed::read_bounded;

/// The largest file of a repository that is read, in bytes.
const FILE_BYTES: u64 = 2 * 1024 * 1024;

pub(super) async fn step(case: &mut Case<'_>) -> Result<Next, StepError> {
    if let Some(next) = resume(case).await? {
        return Ok(next);
    }
    if case.know.is_fork && case.know.pull_request.is_none() {
        return case.give_up("the commit lies in a fork and no open pull request brings it here").await;
    }
    let tree = branches::checkout(case).await?;
    let forge = LocalForge::open(tree.path())?;
    let ledger = case.record.ledger().await?;
    if case.record.state == State::Diagnosing
        && let Some(next) = read_logs(case, &forge, &ledger).await?
    {
        return Ok(next);
    }
    let Some(diagnosis) = case.know.diagnosis.clone() else {
        return case.give_up("nothing is known of the failure").await;
    };
    let path = case.know.workflow_file.clone();
    let further = case.know.further_commands.clone();
    let choice = commands::choose(&case.policy.test, &diagnosis, path.as_deref(), tree.path(), &further);
    let Some(choice) = choice else {
        return case
            .give_up("nothing in the repository says how it is tested; name the command as `test` in .github/heal.toml")
            .await;
    };
    sitting::sit(case, &forge, &choice, &ledger).await
}

/// A process was killed between proving an attempt and saying so: the ledger has the proof.
async fn resume(case: &mut Case<'_>) -> Result<Option<Next>, StepError> {
    let drafting = matches!(case.record.state, State::Drafting | State::Verifying(_));
    let ledger = case.record.ledger().await?;
    let is_untold = |entry: &&Entry| entry.proven_here && entry.branch.is_none() && entry.ci_green.is_none();
    let last = ledger.iter().rev().find(is_untold);
    let (true, Some(last)) = (drafting, last) else { return Ok(None) };
    case.happen(Event::Drafted(last.number)).await?;
    Ok(Some(case.happen(Event::Proven).await?))
}

/// Reads the logs and decides what kind of failure it is; gives what comes next when that is not a draft.
async fn read_logs(case: &mut Case<'_>, forge: &LocalForge, ledger: &[Entry]) -> Result<Option<Next>, StepError> {
    let jobs = evidence::failing_jobs(case, &latest_red(case, ledger)).await?;
    let root = forge.work_tree().to_owned();
    let (tracked, commits) = (forge.tracked_files().await?, forge.recent_commits(RECENT_COMMITS).await?);
    let found = {
        let read = |file: &std::path::Path| {
            let path = root.join(file);
            let plain = path.symlink_metadata().is_ok_and(|about| about.is_file());
            let bytes = if plain { read_bounded(&path, FILE_BYTES).ok()? } else { return None };
            String::from_utf8(bytes).ok()
        };
        let files = RepositoryFiles { read: &read, tracked: &tracked };
        evidence::explain(jobs, Some(&RepositoryAtHand { files, commits: &commits }))
    };
    let is_first = ledger.iter().all(|entry| entry.ci_green.is_none());
    if is_first {
        let fingerprint = found.diagnosis.fingerprint.clone();
        if !case.app.store.name_failure(&case.record.id, &fingerprint).await? {
            return Ok(Some(case.happen(Event::Doubled).await?));
        }
        case.know.diagnosis = Some(Box::new(found.diagnosis.clone()));
        case.know.workflow_file.clone_from(&found.workflow_file);
    } else if let Some(command) = &found.diagnosis.command
        && !case.know.further_commands.contains(command)
    {
        // CI ran something on the patch that the sandbox did not: the next draft has to hold there too.
        case.know.further_commands.push(command.clone());
    }
    let facts = json!({"class": found.diagnosis.class, "confidence": found.diagnosis.confidence,
        "reason": found.diagnosis.reason, "fingerprint": found.diagnosis.fingerprint,
        "suspects": found.diagnosis.suspects.iter().take(3).collect::<Vec<_>>()});
    case.record.audit("diagnosis", &facts).await?;
    case.save().await?;
    if !is_first {
        return Ok(None);
    }
    if case.policy.autonomy == Autonomy::Observe {
        let reason = format!("{}: {}", found.diagnosis.class, found.diagnosis.reason);
        checks::show(case, &CheckState::Off { reason: &format!("the policy only observes. {reason}") }).await?;
        return Ok(Some(case.stop("the policy only observes").await?));
    }
    checks::show(case, &CheckState::InProgress { stage: "looking for the cause" }).await?;
    decide(case, &found.diagnosis).await
}

/// The red runs to read: those of the last attempt that CI refused, else those of the head.
fn latest_red(case: &Case<'_>, ledger: &[Entry]) -> Vec<FailedRun> {
    let refused = ledger.iter().rev().find(|entry| entry.ci_green == Some(false));
    let is_red = |conclusion: Option<&str>| !matches!(conclusion, Some("success" | "neutral" | "skipped"));
    match refused {
        Some(entry) => entry
            .ci
            .iter()
            .filter(|run| is_red(run.conclusion.as_deref()))
            .map(|run| FailedRun { run: run.clone(), ..FailedRun::default() })
            .collect(),
        None => case.know.failed.clone(),
    }
}

/// What the class alone decides.
async fn decide(case: &mut Case<'_>, diagnosis: &Diagnosis) -> Result<Option<Next>, StepError> {
    let class = diagnosis.class;
    let may_pass = matches!(class, Class::Infrastructure | Class::Flaky);
    if may_pass && may_rerun(case) {
        return Ok(Some(ask_rerun(case, &diagnosis.reason).await?));
    }
    // A flaky or infrastructure failure is never patched, however often it comes back.
    if may_pass || matches!(class, Class::Dependency | Class::Configuration) {
        return Ok(Some(not_code(case, &diagnosis.reason).await?));
    }
    if !case.policy.heals_class(&class.to_string()) {
        case.know.reason = Some(format!("the policy does not heal failures of the class `{class}`"));
        return Ok(Some(case.happen(Event::GaveUp).await?));
    }
    Ok(None)
}

pub(super) fn may_rerun(case: &Case<'_>) -> bool {
    !case.know.failed.is_empty() && case.know.reruns < case.policy.flaky_reruns
}

pub(super) async fn ask_rerun(case: &mut Case<'_>, reason: &str) -> Result<Next, StepError> {
    case.know.reason = Some(redact::text(reason).into_owned());
    case.know.reruns += 1;
    case.know.rerun_of = case.know.failed.clone();
    case.know.rerun_since = case.app.now();
    case.happen(Event::RerunAsked).await
}

pub(super) async fn not_code(case: &mut Case<'_>, reason: &str) -> Result<Next, StepError> {
    case.know.reason = Some(redact::text(reason).into_owned());
    case.happen(Event::NotPatchable).await
}
