//! The worker: drives one heal through the state machine, transition by transition.
//!
//! Every transition is in the store before its effect is attempted. Effects are idempotent: runs
//! happen in fresh overlays, and the forge looks for its own delivery first.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::budget::Budget;
use super::progress::{Progress, ProgressEvent};
use super::stages;
use super::state::{End, Event, State};
use crate::clock::Clock;
use crate::diagnosis::{Diagnosis, triage};
use crate::draft::search::{self, SearchBudget, SearchStats, ValidationError};
use crate::draft::{Case, Draft};
use crate::forge::{Delivered, Destination, Forge, ForgeError};
use crate::patch::{self, Guard, Patch};
use crate::policy::Policy;
use crate::store::{HealId, HealRow, Store, StoreError};
use crate::testbed::command::TestCommand;
use crate::testbed::{Testbed, TestbedError};
use crate::verify::{self, Proof, Verdict};

/// How a heal ended, in the words of the command line's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A verified patch exists.
    Healed,
    /// None could be proven.
    NotHealed,
    /// The tests pass.
    NothingFailing,
    /// The failure is not one of the code.
    NotCode,
}

/// An attempt: one patch put to the test.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// Who drafted it.
    pub drafter: &'static str,
    /// The kind of edit.
    pub operator: &'static str,
    /// The unified diff; `None` when the edits made no patch.
    pub patch: Option<String>,
    /// How far it climbed.
    pub verdict: Verdict,
}

/// Where the time went, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Timing {
    /// All of it.
    pub total_ms: u64,
    /// Running the tests to see the failure.
    pub reproduce_ms: u64,
    /// From the failing run to ranked locations, the warm server's start included.
    pub localise_ms: u64,
    /// Drafting.
    pub search_ms: u64,
    /// Proving.
    pub verify_ms: u64,
}

/// What is known at the end.
#[derive(Debug)]
pub struct HealReport {
    /// How it ended.
    pub outcome: Outcome,
    /// Why the tests fail; `None` when they do not.
    pub diagnosis: Option<Diagnosis>,
    /// What was put to the test.
    pub attempts: Vec<Attempt>,
    /// The proven patch.
    pub patch: Option<Patch>,
    /// Where it went.
    pub delivered: Delivered,
    /// Where the time went.
    pub timing: Timing,
    /// What the search did.
    pub search: SearchStats,
}

/// What the caller decides.
#[derive(Clone, Debug)]
pub struct HealOptions {
    /// All the time there is.
    pub budget: Duration,
    /// Limits of what may be done.
    pub policy: Policy,
    /// Where the patch goes.
    pub destination: Destination,
    /// The commit message of a patch on a branch.
    pub message: fn(&Diagnosis, &str) -> String,
}

/// Why a heal could not run.
#[derive(Debug, thiserror::Error)]
pub enum HealError {
    /// The tests can't be run.
    #[error(transparent)]
    Testbed(#[from] TestbedError),
    /// The repository can't be read or written.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The heal can't be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Candidates can't be validated.
    #[error(transparent)]
    Validation(#[from] ValidationError),
    /// An event that the state does not know: a defect of heal.
    #[error("{event} can't happen while {state}")]
    Impossible {
        /// The state's name.
        state: &'static str,
        /// The event's name.
        event: &'static str,
    },
}

/// One heal and the floors it stands on.
pub struct Heal<'a, F: Forge> {
    /// Where code comes from and patches go.
    pub forge: &'a F,
    /// Where tests run.
    pub testbed: &'a Testbed,
    /// Where transitions are kept.
    pub store: &'a Store,
    /// The time of the records.
    pub clock: &'a dyn Clock,
    /// Who is told.
    pub progress: &'a Progress,
    /// What is run.
    pub command: TestCommand,
    /// The commit that is healed.
    pub head: String,
    /// What the caller decides.
    pub options: HealOptions,
}

/// The machine's current state and its record.
struct Record<'a> {
    store: &'a Store,
    clock: &'a dyn Clock,
    id: HealId,
    state: State,
}

impl Record<'_> {
    /// Commits a transition, then lets its effect begin.
    async fn happen(&mut self, event: Event) -> Result<State, HealError> {
        let next =
            self.state.after(event).ok_or(HealError::Impossible { state: self.state.name(), event: event.name() })?;
        let outcome = match next {
            State::Closed(end) => Some(end.name()),
            _ => None,
        };
        let (from, to) = (self.state.name(), next.name());
        self.store.record_transition(&self.id, from, event.name(), to, outcome, self.clock.now()).await?;
        self.state = next;
        Ok(next)
    }
}

impl<F: Forge> Heal<'_, F> {
    /// Runs the heal to its end.
    pub async fn run(self) -> Result<HealReport, HealError> {
        let budget = Budget::starting_now(self.options.budget);
        let mut record = self.open_record().await?;
        let mut report = HealReport {
            outcome: Outcome::NotHealed,
            diagnosis: None,
            attempts: Vec::new(),
            patch: None,
            delivered: Delivered::default(),
            timing: Timing::default(),
            search: SearchStats::default(),
        };
        self.drive(&mut record, &mut report, budget).await?;
        report.outcome = match record.state {
            State::Closed(End::Healed) => Outcome::Healed,
            State::Closed(End::NothingFailing) => Outcome::NothingFailing,
            State::Closed(End::NotCode) => Outcome::NotCode,
            _ => Outcome::NotHealed,
        };
        report.timing.total_ms = budget.used().as_millis() as u64;
        Ok(report)
    }

    /// Closes what dead processes left open for this repository, and opens this heal.
    async fn open_record(&self) -> Result<Record<'_>, HealError> {
        let repository = self.testbed.root().to_string_lossy().into_owned();
        let now = self.clock.now();
        for old in self.store.open_heals(&repository).await? {
            let alive = PathBuf::from("/proc").join(&old.owner).exists();
            if !alive {
                let (event, end) = (Event::OwnerGone.name(), End::Abandoned.name());
                self.store.record_transition(&old.id, &old.state, event, "closed", Some(end), now).await?;
            }
        }
        let id = HealId(fresh_id(&repository, self.clock));
        let state = State::Received;
        let row = HealRow {
            id: id.clone(),
            repository,
            head: self.head.clone(),
            state: state.name().to_owned(),
            outcome: None,
            owner: std::process::id().to_string(),
        };
        self.store.add_heal(&row, now).await?;
        Ok(Record { store: self.store, clock: self.clock, id, state })
    }

    async fn drive(&self, record: &mut Record<'_>, report: &mut HealReport, budget: Budget) -> Result<(), HealError> {
        let limit = |budget: &Budget| budget.run_limit_ms(self.testbed.limits().time_ms);
        record.happen(Event::Start).await?;
        self.stage("reproduce", format!("running `{}`", self.command.shell));
        let (run, second) = stages::reproduce(self.testbed, &self.command, limit(&budget)).await?;
        report.timing.reproduce_ms = budget.used().as_millis() as u64;
        if run.is_green() {
            record.happen(Event::Green).await?;
            return Ok(());
        }
        record.happen(Event::Failing).await?;

        let localising = Budget::starting_now(budget.left());
        self.stage("diagnose", "finding out why and where".to_owned());
        let found = triage(&run, second.as_ref());
        let patchable = found.class.is_patchable();
        let mut warm = if patchable {
            stages::warm_up(self.testbed, &self.command, &run, limit(&budget), self.progress).await
        } else {
            None
        };
        let evidence = stages::gather(run, warm.as_mut(), self.forge, self.progress).await;
        let read = stages::reader(self.testbed.root().to_owned());
        let tracked = self.forge.tracked_files().await?;
        let diagnosis = stages::diagnose(&self.command.shell, &evidence, found, &*read, &tracked);
        report.timing.localise_ms = localising.used().as_millis() as u64;
        (self.progress)(ProgressEvent::Diagnosed(Box::new(diagnosis.clone())));
        let diagnosis = report.diagnosis.insert(diagnosis).clone();
        if !patchable {
            record.happen(Event::NotPatchable).await?;
            return Ok(());
        }
        record.happen(Event::Patchable).await?;

        let guard = Guard { policy: &self.options.policy, class: diagnosis.class };
        let case = Case { root: self.testbed.root(), evidence: &evidence, diagnosis: &diagnosis, read: &*read, guard };
        let searching = Budget::starting_now(budget.left());
        self.stage("draft", "searching for the smallest edit that makes the tests pass".to_owned());
        let goal = stages::goal(&evidence.run, warm.as_ref().map(|warm| &warm.ready));
        let validators = stages::validators(self.testbed, &self.command, warm, limit(&budget)).await;
        let deadline = budget.search_deadline(Duration::from_millis(evidence.run.elapsed_ms));
        let on_progress = |stats: &SearchStats| (self.progress)(ProgressEvent::Searching(stats.clone()));
        let searched = search::search(&case, validators, &goal, SearchBudget::until(deadline), &on_progress).await;
        let (drafts, stats) = searched?;
        report.search = stats;
        report.timing.search_ms = searching.used().as_millis() as u64;
        if drafts.is_empty() {
            record.happen(Event::NoDraft).await?;
            return Ok(());
        }
        record.happen(Event::Drafted).await?;

        let verifying = Budget::starting_now(budget.left());
        self.stage("verify", "proving the patch with the real test command".to_owned());
        let time_ms = self.testbed.limits().time_ms;
        let proof = Proof { testbed: self.testbed, command: &self.command, before: &evidence.run, guard, time_ms };
        let proven = self.attempt_all(record, report, &case, &proof, &drafts).await;
        report.timing.verify_ms = verifying.used().as_millis() as u64;
        let Some(patch) = proven? else { return Ok(()) };

        self.stage("deliver", "handing the patch over".to_owned());
        let message = (self.options.message)(&diagnosis, &patch.diff());
        let (before, after) = (patch.before(), patch.after());
        let delivered = self.forge.deliver(&self.options.destination, &message, &before, &after).await;
        report.patch = Some(patch);
        report.delivered = delivered?;
        record.happen(Event::Delivered).await?;
        Ok(())
    }

    /// Puts the drafts to the test, best first, until one is proven or the attempts are used up.
    async fn attempt_all(
        &self,
        record: &mut Record<'_>,
        report: &mut HealReport,
        case: &Case<'_>,
        proof: &Proof<'_>,
        drafts: &[Draft],
    ) -> Result<Option<Patch>, HealError> {
        let allowed = self.options.policy.attempts as usize;
        let last = drafts.len().min(allowed);
        for (index, draft) in drafts.iter().take(allowed).enumerate() {
            let read = |path: &std::path::Path| (case.read)(path);
            let patch = patch::apply(&draft.edits, &read);
            let verdict = match &patch {
                Ok(patch) => verify::climb(proof, patch).await?,
                Err(error) => verify::refused(error, self.testbed.level()),
            };
            let diff = patch.as_ref().ok().map(Patch::diff);
            (self.progress)(ProgressEvent::Judged {
                attempt: index as u32 + 1,
                diff: diff.clone().unwrap_or_default(),
                verdict: Box::new(verdict.clone()),
            });
            let passed = verdict.passed;
            report.attempts.push(Attempt { drafter: draft.drafter, operator: draft.operator, patch: diff, verdict });
            if let (true, Ok(patch)) = (passed, patch) {
                record.happen(Event::Proven).await?;
                return Ok(Some(patch));
            }
            let event = if index + 1 == last { Event::FellForGood } else { Event::Fell };
            record.happen(event).await?;
        }
        Ok(None)
    }

    fn stage(&self, name: &'static str, text: String) {
        (self.progress)(ProgressEvent::Stage(name, text));
    }
}

/// Unique per process, moment and repository.
fn fresh_id(repository: &str, clock: &dyn Clock) -> String {
    use sha2::{Digest, Sha256};
    let text = format!("{repository}\0{}\0{}", std::process::id(), clock.now_nanos());
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
