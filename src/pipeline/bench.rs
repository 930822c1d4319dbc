//! One sitting at the test bench: the failure is reproduced and diagnosed on this machine, patches are
//! drafted and put to the test. Every door's heal sits here.
//!
//! In: a work tree, a test command, what was tried before. Out: a [`Examined`] failure, then the patch
//! that holds, if one does. Nothing leaves the machine: what becomes of the patch is the door's matter.

use std::time::Duration;

use super::budget::Budget;
use super::ledger::Entry;
use super::progress::{Progress, ProgressEvent};
use super::record::Record;
use super::stages::{self, Warm};
use super::state::{Event, State};
use super::worker::{Attempt, HealError, Timing};
use crate::diagnosis::{Diagnosis, triage};
use crate::draft::search::{self, SearchBudget, SearchStats};
use crate::draft::{Case, Draft, ReadFile};
use crate::evidence::Evidence;
use crate::forge::Forge;
use crate::patch::{self, Guard, Patch, SpanEdit};
use crate::policy::Policy;
use crate::redact;
use crate::testbed::Testbed;
use crate::testbed::command::TestCommand;
use crate::verify::{self, Proof};

/// The bench and what lies on it.
pub struct Bench<'a, F: Forge> {
    /// Where code comes from.
    pub forge: &'a F,
    /// Where tests run.
    pub testbed: &'a Testbed,
    /// Who is told.
    pub progress: &'a Progress,
    /// What is run.
    pub command: &'a TestCommand,
    /// Limits of what may be done.
    pub policy: &'a Policy,
    /// All the time there is.
    pub budget: Budget,
    /// Patches that were put to the test before; they are not tried again.
    pub tried: &'a [Entry],
    /// How far a patch must climb here.
    pub ladder: Ladder,
}

/// How far a patch must climb on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ladder {
    /// All rungs that one machine has.
    Full,
    /// It applies, parses and is allowed; the rest is CI's to say.
    Checks,
}

/// A failure that was seen on this machine.
pub struct Examined<'a> {
    pub(super) evidence: Evidence,
    pub(super) diagnosis: Diagnosis,
    read: Box<ReadFile>,
    warm: Option<Warm<'a>>,
}

/// What came of a sitting.
#[derive(Default)]
pub struct Sitting {
    /// What was put to the test.
    pub attempts: Vec<Attempt>,
    /// The patch that holds, and its edits.
    pub proven: Option<(Patch, Vec<SpanEdit>)>,
    /// Where the time went.
    pub timing: Timing,
    /// What the search did.
    pub search: SearchStats,
}

impl<'a, F: Forge> Bench<'a, F> {
    fn run_limit(&self) -> u64 {
        self.budget.run_limit_ms(self.testbed.limits().time_ms)
    }

    /// Runs the tests and finds out why and where they fail; `None` when they pass.
    pub async fn examine(&self, timing: &mut Timing) -> Result<Option<Examined<'a>>, HealError> {
        self.stage("reproduce", format!("running `{}`", self.command.shell));
        let started = self.budget.used();
        let (run, second) = stages::reproduce(self.testbed, self.command, self.run_limit()).await?;
        timing.reproduce_ms = (self.budget.used() - started).as_millis() as u64;
        if run.is_green() {
            return Ok(None);
        }
        let localising = Budget::starting_now(self.budget.left());
        self.stage("diagnose", "finding out why and where".to_owned());
        let found = triage(&run, second.as_ref());
        let mut warm = if found.class.is_patchable() {
            stages::warm_up(self.testbed, self.command, &run, self.run_limit(), self.progress).await
        } else {
            None
        };
        let evidence = stages::gather(run, warm.as_mut(), self.forge, self.progress).await;
        let read = stages::reader(self.testbed.root().to_owned());
        let tracked = self.forge.tracked_files().await?;
        let diagnosis = stages::diagnose(&self.command.shell, &evidence, found, &*read, &tracked);
        timing.localise_ms = localising.used().as_millis() as u64;
        (self.progress)(ProgressEvent::Diagnosed(Box::new(diagnosis.clone())));
        Ok(Some(Examined { evidence, diagnosis, read, warm }))
    }

    /// Drafts and puts drafts to the test until one holds or the attempts are used up. The record ends in
    /// `pushed(n)` or `alerted`.
    pub async fn repair(&self, record: &mut Record<'_>, failure: Examined<'a>) -> Result<Sitting, HealError> {
        let Examined { evidence, diagnosis, read, warm } = failure;
        let guard = Guard { policy: self.policy, class: diagnosis.class };
        let case = Case { root: self.testbed.root(), evidence: &evidence, diagnosis: &diagnosis, read: &*read, guard };
        let mut sitting = Sitting::default();
        let searching = Budget::starting_now(self.budget.left());
        self.stage("draft", "searching for the smallest edit that makes the tests pass".to_owned());
        let goal = stages::goal(&evidence.run, warm.as_ref().map(|warm| &warm.ready));
        let validators = stages::validators(self.testbed, self.command, warm, self.run_limit()).await;
        let deadline = self.budget.search_deadline(Duration::from_millis(evidence.run.elapsed_ms));
        let on_progress = |stats: &SearchStats| (self.progress)(ProgressEvent::Searching(stats.clone()));
        let searched = search::search(&case, validators, &goal, SearchBudget::until(deadline), &on_progress).await;
        let (mut drafts, stats) = searched?;
        drafts.retain(|draft| !self.is_tried(draft, case.read));
        sitting.search = stats;
        sitting.timing.search_ms = searching.used().as_millis() as u64;
        if drafts.is_empty() {
            record.happen(Event::GaveUp).await?;
            return Ok(sitting);
        }
        let verifying = Budget::starting_now(self.budget.left());
        self.stage("verify", "proving the patch with the real test command".to_owned());
        let time_ms = self.testbed.limits().time_ms;
        let proof = Proof { testbed: self.testbed, command: self.command, before: &evidence.run, guard, time_ms };
        let proven = self.attempt_all(record, &mut sitting, &case, &proof, &drafts).await;
        sitting.timing.verify_ms = verifying.used().as_millis() as u64;
        sitting.proven = proven?;
        Ok(sitting)
    }

    /// Whether an attempt had these edits, or others with the same result.
    fn is_tried(&self, draft: &Draft, read: &ReadFile) -> bool {
        let diff =
            patch::apply(&draft.edits, &|file| read(file)).ok().map(|patch| redact::text(&patch.diff()).into_owned());
        self.tried.iter().any(|entry| entry.edits == draft.edits || Some(&entry.diff) == diff.as_ref())
    }

    /// Puts the drafts to the test, best first, until one holds or the attempts are used up.
    async fn attempt_all(
        &self,
        record: &mut Record<'_>,
        sitting: &mut Sitting,
        case: &Case<'_>,
        proof: &Proof<'_>,
        drafts: &[Draft],
    ) -> Result<Option<(Patch, Vec<SpanEdit>)>, HealError> {
        let used = self.tried.iter().map(|entry| entry.number).max().unwrap_or(0);
        let numbers = used + 1..=self.policy.attempts;
        if numbers.is_empty() {
            record.happen(Event::GaveUp).await?;
            return Ok(None);
        }
        let last = numbers.end().to_owned().min(used + drafts.len() as u32);
        record.happen(Event::Drafted(used + 1)).await?;
        for (number, draft) in numbers.zip(drafts) {
            let read = |path: &std::path::Path| (case.read)(path);
            let patch = patch::apply(&draft.edits, &read);
            let verdict = match (&patch, self.ladder) {
                (Ok(patch), Ladder::Full) => verify::climb(proof, patch).await?,
                (Ok(patch), Ladder::Checks) => verify::check(proof, patch),
                (Err(error), _) => verify::refused(error, self.testbed.level()),
            };
            let diff = patch.as_ref().ok().map(Patch::diff);
            (self.progress)(ProgressEvent::Judged {
                attempt: number,
                diff: diff.clone().unwrap_or_default(),
                verdict: Box::new(verdict.clone()),
            });
            let shown = diff.as_deref().unwrap_or("");
            let mut entry = Entry::new(number, draft.drafter, draft.operator, shown, &draft.edits, &verdict);
            entry.executable = executable(self.testbed.root(), &draft.edits);
            record.enter(&entry).await?;
            let passed = verdict.passed;
            sitting.attempts.push(Attempt { drafter: draft.drafter, operator: draft.operator, patch: diff, verdict });
            if let (true, Ok(patch)) = (passed, patch) {
                record.happen(Event::Proven).await?;
                return Ok(Some((patch, draft.edits.clone())));
            }
            let event = if number == last { Event::GaveUp } else { Event::Fell };
            record.happen(event).await?;
        }
        debug_assert!(matches!(record.state, State::Alerted(_)), "the last attempt gives up");
        Ok(None)
    }

    fn stage(&self, name: &'static str, text: String) {
        (self.progress)(ProgressEvent::Stage(name, text));
    }
}

/// The edited files that are executable, relative to the repository.
fn executable(root: &std::path::Path, edits: &[SpanEdit]) -> Vec<std::path::PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let files: std::collections::BTreeSet<_> = edits.iter().map(|edit| &edit.file).collect();
    let is_executable = |file: &&std::path::PathBuf| {
        root.join(file).metadata().is_ok_and(|about| about.permissions().mode() & 0o111 != 0)
    };
    files.into_iter().filter(is_executable).cloned().collect()
}
