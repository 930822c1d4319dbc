//! The command line's heal: one sitting at the bench, from the first run to the delivery.
//!
//! Every transition is in the store before its effect is attempted. Effects are idempotent: runs
//! happen in fresh overlays, and the forge looks for its own delivery first.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::bench::{Bench, Ladder, Models};
use super::budget::Budget;
use super::ledger;
use super::local::LocalKnowledge;
use super::progress::{Progress, ProgressEvent};
use super::record::Record;
use super::scribe::Scribe;
use super::state::{End, Event, State};
use crate::clock::Clock;
use crate::diagnosis::Diagnosis;
use crate::draft::Drafter;
use crate::draft::llm::Request;
use crate::draft::llm::committee::Committee;
use crate::draft::llm::meter::Spent;
use crate::draft::llm::review::Review;
use crate::draft::llm::session::Ended;
use crate::draft::llm::stats::LlmStats;
use crate::draft::search::{SearchStats, ValidationError};
use crate::forge::{Delivered, Destination, Forge, ForgeError};
use crate::patch::Patch;
use crate::policy::Policy;
use crate::store::{HealId, HealRow, Store, StoreError, TRANSCRIPT_SECONDS, Transition};
use crate::testbed::command::TestCommand;
use crate::testbed::{Testbed, TestbedError};
use crate::verify::Verdict;

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
    /// The model that wrote it, where one did.
    pub model: Option<String>,
    /// The unified diff; `None` when the edits made no patch.
    pub patch: Option<String>,
    /// How far it climbed.
    pub verdict: Verdict,
    /// What a reviewing model thinks of it, where it was proven and one was asked.
    pub review: Option<Review>,
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
    /// The heal's name in the store.
    pub id: HealId,
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
    /// What was asked of models.
    pub llm: LlmStats,
}

impl HealReport {
    /// The attempt whose patch was proven.
    pub fn proven_attempt(&self) -> Option<&Attempt> {
        let diff = self.patch.as_ref()?.diff();
        self.attempts.iter().rev().find(|attempt| attempt.verdict.passed && attempt.patch.as_ref() == Some(&diff))
    }
}

/// What the caller decides.
#[derive(Clone, Debug)]
pub struct HealOptions {
    /// All the time there is.
    pub budget: Duration,
    /// Limits of what may be done.
    pub policy: Policy,
    /// Who drafts, in this order.
    pub drafters: Vec<Drafter>,
    /// Whether every prompt and answer is kept.
    pub keep_transcripts: bool,
    /// What is kept of the heal's settings, so that it can be run again.
    pub knowledge: LocalKnowledge,
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
    /// What would be asked of a model can't be put together.
    #[error(transparent)]
    Model(#[from] Ended),
    /// What the heal knows can't be written or read back: a defect of heal.
    #[error("what the heal knows can't be kept")]
    Knowledge(#[source] serde_json::Error),
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
    /// The models that may be asked.
    pub committee: Option<&'a Committee>,
    /// What is run.
    pub command: TestCommand,
    /// The commit that is healed.
    pub head: String,
    /// What the caller decides.
    pub options: HealOptions,
}

impl<F: Forge> Heal<'_, F> {
    /// Runs the heal to its end.
    pub async fn run(self) -> Result<HealReport, HealError> {
        let budget = Budget::starting_now(self.options.budget);
        let mut record = self.open_record().await?;
        let mut report = HealReport {
            id: record.id.clone(),
            outcome: Outcome::NotHealed,
            diagnosis: None,
            attempts: Vec::new(),
            patch: None,
            delivered: Delivered::default(),
            timing: Timing::default(),
            search: SearchStats::default(),
            llm: LlmStats::default(),
        };
        self.drive(&mut record, &mut report, budget).await?;
        if let State::Alerted(_) = record.state {
            // The report that follows is the alert of the command line.
            record.happen(Event::Told).await?;
        }
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
            if old.door == DOOR && !alive {
                let (event, outcome) = (Event::OwnerGone.name(), Some(End::Abandoned.name()));
                let gone = Transition {
                    owner: &old.owner,
                    from: &old.state,
                    event,
                    to: "closed",
                    attempt: old.attempt,
                    outcome,
                };
                self.store.record_transition(&old.id, gone, None, now).await?;
            }
        }
        let id = HealId(fresh_id(&repository, self.clock));
        let owner = std::process::id().to_string();
        let mut row = HealRow::new(id.clone(), DOOR, &repository, &self.head, &owner);
        row.data = serde_json::to_string(&self.options.knowledge).map_err(HealError::Knowledge)?;
        self.store.add_heal(&row, now).await?;
        self.store.forget_exchanges(now - TRANSCRIPT_SECONDS).await?;
        Ok(Record { store: self.store, clock: self.clock, id, owner, state: State::Received })
    }

    async fn drive(&self, record: &mut Record<'_>, report: &mut HealReport, budget: Budget) -> Result<(), HealError> {
        let may_send = |file: &Path| self.may_send(file);
        let mut bench = self.bench(budget, self.models(&may_send));
        record.happen(Event::Start).await?;
        let Some(failure) = bench.examine(&mut report.timing).await? else {
            record.happen(Event::Green).await?;
            return Ok(());
        };
        let diagnosis = report.diagnosis.insert(failure.diagnosis.clone()).clone();
        let event = if diagnosis.class.is_patchable() { Event::Patchable } else { Event::NotPatchable };
        if record.happen(event).await? != State::Drafting {
            return Ok(());
        }
        let repository = self.testbed.root().to_string_lossy().into_owned();
        let past_fixes = ledger::past_fixes(self.store, &repository, &diagnosis.fingerprint).await?;
        bench.past_fixes = &past_fixes;
        self.store.keep_fingerprint(&record.id, &record.owner, &diagnosis.fingerprint).await?;
        let sitting = bench.repair(record, failure).await?;
        report.attempts = sitting.attempts;
        report.search = sitting.search;
        report.llm = sitting.llm;
        report.timing.search_ms = sitting.timing.search_ms;
        report.timing.verify_ms = sitting.timing.verify_ms;
        let Some((patch, _)) = sitting.proven else { return Ok(()) };

        (self.progress)(ProgressEvent::Stage("deliver", "handing the patch over".to_owned()));
        let message = (self.options.message)(&diagnosis, &patch.diff());
        let (before, after) = (patch.before(), patch.after());
        let delivered = self.forge.deliver(&self.options.destination, &message, &before, &after).await;
        report.patch = Some(patch);
        report.delivered = delivered?;
        record.happen(Event::Accepted).await?;
        Ok(())
    }
}

impl<F: Forge> Heal<'_, F> {
    /// What would be sent to the first model about the failure, without sending anything.
    pub async fn preview(&self) -> Result<Preview, HealError> {
        let may_send = |file: &Path| self.may_send(file);
        let models = self.models(&may_send);
        let bench = self.bench(Budget::starting_now(self.options.budget), models);
        let Some(models) = models else { return Ok(Preview::Forbidden) };
        let Some(failure) = bench.examine(&mut Timing::default()).await? else { return Ok(Preview::NothingFails) };
        if !failure.diagnosis.class.is_patchable() {
            return Ok(Preview::NotCode(failure.diagnosis.reason));
        }
        let id = HealId(String::new());
        let scribe = Scribe {
            store: self.store,
            clock: self.clock,
            id,
            keep_transcripts: false,
            metrics: None,
            turn: Default::default(),
        };
        let (requests, packing_ms) = bench.preview(failure, &models, &scribe).await?;
        Ok(Preview::Requests(requests, packing_ms))
    }

    /// Whether a file's text may be sent to a model.
    fn may_send(&self, file: &Path) -> bool {
        self.options.policy.may_send(file) && self.committee.is_none_or(|committee| committee.config.may_send(file))
    }

    fn models<'m>(&'m self, may_send: &'m (dyn Fn(&Path) -> bool + Sync)) -> Option<Models<'m>> {
        let committee = self.committee.filter(|_| self.options.policy.llm.enabled)?;
        let keep_transcripts = self.options.keep_transcripts;
        Some(Models {
            committee,
            spent: Spent::default(),
            may_send,
            hint: None,
            turn: None,
            keep_transcripts,
            metrics: None,
        })
    }

    fn bench<'b>(&'b self, budget: Budget, models: Option<Models<'b>>) -> Bench<'b, F> {
        Bench {
            forge: self.forge,
            testbed: self.testbed,
            progress: self.progress,
            command: &self.command,
            policy: &self.options.policy,
            budget,
            // A model needs time, too.
            search_share: models.map(|_| budget.left().mul_f64(SEARCH_SHARE)),
            drafters: &self.options.drafters,
            models,
            past_fixes: &[],
            tried: &[],
            ladder: Ladder::Full,
        }
    }
}

/// What would be sent to a model, or why nothing would be.
#[derive(Debug)]
pub enum Preview {
    /// The requests, in their order, and how many milliseconds it took to pack what is known into them.
    Requests(Vec<Request>, u64),
    /// The tests pass.
    NothingFails,
    /// No patch would be right; why.
    NotCode(String),
    /// The repository's policy forbids models.
    Forbidden,
}

/// The share of the time that the search may take where models are asked behind it.
const SEARCH_SHARE: f64 = 0.4;

/// The name of this door in the store.
const DOOR: &str = "local";

/// Unique per process, moment and repository.
fn fresh_id(repository: &str, clock: &dyn Clock) -> String {
    use sha2::{Digest, Sha256};
    let text = format!("{repository}\0{}\0{}", std::process::id(), clock.now_nanos());
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
