//! One sitting at the test bench: the failure is reproduced and diagnosed on this machine, patches are
//! drafted and put to the test. Every door's heal sits here.
//!
//! In: a work tree, a test command, what was tried before. Out: an [`Examined`] failure, then (in `repair`) the patch
//! that holds, if one does. But for what a model is asked, nothing leaves the machine: what becomes of the patch is
//! the door's matter.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::budget::Budget;
use super::ledger::Entry;
use super::progress::{Progress, ProgressEvent};
use super::stages::{self, Warm};
use super::worker::{Attempt, HealError, Timing};
use crate::diagnosis::{Diagnosis, triage};
use crate::draft::llm::committee::Committee;
use crate::draft::llm::meter::Spent;
use crate::draft::llm::stats::LlmStats;
use crate::draft::llm::turn::Turn;
use crate::draft::search::SearchStats;
use crate::draft::{Drafter, PastFix, ReadFile};
use crate::evidence::{Evidence, RECENT_COMMITS};
use crate::forge::Forge;
use crate::patch::{Patch, SpanEdit};
use crate::policy::Policy;
use crate::telemetry::Metrics;
use crate::testbed::Testbed;
use crate::testbed::command::TestCommand;
use crate::testbed::run::TestRun;

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
    /// The most of it that the search may take, where others wait behind it.
    pub search_share: Option<Duration>,
    /// Who drafts, in this order.
    pub drafters: &'a [Drafter],
    /// The models that may be asked; `None` where none are, whatever `drafters` says.
    pub models: Option<Models<'a>>,
    /// Fixes of earlier failures of this repository, the most similar first.
    pub past_fixes: &'a [PastFix],
    /// Patches that were put to the test before; they are not tried again.
    pub tried: &'a [Entry],
    /// How far a patch must climb here.
    pub ladder: Ladder,
}

/// The models that may be asked for one heal.
#[derive(Clone, Copy)]
pub struct Models<'a> {
    /// Who they are, and the limits of asking.
    pub committee: &'a Committee,
    /// What this heal has spent on them before.
    pub spent: Spent,
    /// Which files' text may be sent.
    pub may_send: &'a (dyn Fn(&Path) -> bool + Sync),
    /// Advice of a person; untrusted.
    pub hint: Option<&'a str>,
    /// The place at the bench, where there are few; it is given up while a model thinks.
    pub turn: Option<&'a Turn>,
    /// Whether every prompt and answer is kept.
    pub keep_transcripts: bool,
    /// Figures of the server.
    pub metrics: Option<&'a Metrics>,
}

/// How far a patch must climb on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ladder {
    /// All rungs that one machine has.
    Full,
    /// It applies, parses and is allowed; the rest is CI's to say.
    Checks,
}

/// A failure that is known well enough to be repaired.
pub struct Examined<'a> {
    pub(super) evidence: Evidence,
    pub(super) diagnosis: Diagnosis,
    pub(super) read: Box<ReadFile>,
    pub(super) tracked: Vec<PathBuf>,
    pub(super) warm: Option<Warm<'a>>,
    pub(super) seen: Seen,
}

/// Where a failure was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// On this machine: patches can be proven here.
    Here,
    /// In the project's CI only: this machine can't show it, so it can't prove anything either.
    InCiOnly,
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
    /// What was asked of models.
    pub llm: LlmStats,
}

impl<'a, F: Forge> Bench<'a, F> {
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
        self.stage("diagnose", "finding out why and where");
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
        Ok(Some(Examined { evidence, diagnosis, read, tracked, warm, seen: Seen::Here }))
    }

    /// A failure that only the project's CI has shown, by what its logs say.
    pub async fn examine_from_afar(&self, diagnosis: Diagnosis) -> Result<Examined<'a>, HealError> {
        let excerpt: Vec<&str> = diagnosis.excerpt.iter().map(|quote| quote.text.as_str()).collect();
        let run = TestRun::unseen(diagnosis.exit_code.unwrap_or(1), excerpt.join("\n"));
        let commits = self.forge.recent_commits(RECENT_COMMITS).await?;
        let evidence = Evidence { run, failures: diagnosis.failures.clone(), coverage: Vec::new(), commits };
        let read = stages::reader(self.testbed.root().to_owned());
        let tracked = self.forge.tracked_files().await?;
        Ok(Examined { evidence, diagnosis, read, tracked, warm: None, seen: Seen::InCiOnly })
    }

    pub(super) fn stage(&self, name: &'static str, text: impl Into<String>) {
        (self.progress)(ProgressEvent::Stage(name, text.into()));
    }

    pub(super) fn run_limit(&self) -> u64 {
        self.budget.run_limit_ms(self.testbed.limits().time_ms)
    }
}
