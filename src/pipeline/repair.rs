//! Repairing at the bench: the drafters are asked in their order, the cheapest first, and their drafts put to the test
//! until one holds.
//!
//! In: an [`Examined`] failure, a heal's record. Out: a [`Sitting`]; the record ends in `pushed(n)` or `alerted`.
//!
//! - Drafts of others than the search are screened by the warm process first, so that an attempt is spent on the best.
//! - What fell, and why, is in the case of the next round of drafting.
//! - A model that answered nearly right seeds a search of its own around what it wrote.
//! - Where no model can be reached, the search takes its place, and that is said.
//! - A proven patch to which a reviewing model objects is held back while there is somebody to ask for a better one;
//!   it is taken in the end if none comes. The patch that is proven and not objected to wins, whoever drafted it.

use std::time::{Duration, Instant};

use super::bench::{Bench, Examined, Ladder, Models, Seen, Sitting};
use super::budget::Budget;
use super::ledger::Entry;
use super::progress::ProgressEvent;
use super::record::Record;
use super::scribe::Scribe;
use super::stages::{self, Warm};
use super::state::Event;
use super::worker::HealError;
use crate::draft::llm::Request;
use crate::draft::llm::context::NearMiss;
use crate::draft::llm::session::{Ended, Ground, Session, Told};
use crate::draft::search::{self, Goal, SearchBudget, SearchStats, Searched, Validator, candidates, screen, seeds};
use crate::draft::{Case, Draft, Drafter, Earlier, recall};
use crate::forge::Forge;
use crate::patch::{self, Guard, Patch};

/// The most time that the search around a model's drafts may take.
const SEEDED_SEARCH: Duration = Duration::from_secs(20);

impl<'a, F: Forge> Bench<'a, F> {
    /// Drafts and puts drafts to the test until one holds or nothing is left to try.
    pub async fn repair(&self, record: &mut Record<'_>, failure: Examined<'a>) -> Result<Sitting, HealError> {
        let models = self.models.filter(|_| self.drafters.contains(&Drafter::Llm));
        let scribe = models.map(|models| Scribe {
            store: record.store,
            clock: record.clock,
            id: record.id.clone(),
            keep_transcripts: models.keep_transcripts,
            metrics: models.metrics,
            turn: Default::default(),
        });
        let tell = |told| self.tell(told);
        let session = models.zip(scribe.as_ref()).map(|(models, scribe)| {
            Session::new(self.ground(&models, &tell), scribe, models.spent, self.policy.llm.max_cost_usd)
        });
        let mut work = Work::new(self, record, failure, session);
        work.ask_all().await?;
        work.end().await
    }

    fn ground<'g>(&'g self, models: &Models<'g>, on_told: &'g (dyn Fn(Told) + Send + Sync)) -> Ground<'g> {
        Ground {
            committee: models.committee,
            testbed: Some(self.testbed),
            may_send: models.may_send,
            hint: models.hint,
            turn: models.turn,
            on_told,
            deadline: Instant::now() + self.budget.left(),
        }
    }

    fn tell(&self, told: Told) {
        (self.progress)(match told {
            Told::Asking { model, purpose, tokens } => ProgressEvent::Asking { model, purpose, tokens },
            Told::Received(bytes) => ProgressEvent::Received(bytes),
            Told::Note(text) => ProgressEvent::Warning(text),
        });
    }

    /// What would be sent to the first model, without sending it, and how many milliseconds packing took.
    pub async fn preview(
        &self,
        mut failure: Examined<'_>,
        models: &Models<'_>,
        keeper: &Scribe<'_>,
    ) -> Result<(Vec<Request>, u64), Ended> {
        if let Some(warm) = failure.warm.take() {
            warm.server.stop().await;
        }
        let tell = |told| self.tell(told);
        let session = Session::new(self.ground(models, &tell), keeper, models.spent, None);
        let requests = session.preview(&self.case(&failure, &[]))?;
        Ok((requests, session.stats().packing_ms))
    }

    fn case<'c>(&'c self, failure: &'c Examined<'_>, earlier: &'c [Earlier]) -> Case<'c> {
        Case {
            root: self.testbed.root(),
            evidence: &failure.evidence,
            diagnosis: &failure.diagnosis,
            read: &*failure.read,
            guard: Guard { policy: self.policy, class: failure.diagnosis.class },
            tracked: &failure.tracked,
            earlier,
            past_fixes: self.past_fixes,
        }
    }
}

/// A repair in progress.
pub(super) struct Work<'w, 'a, 'r, F: Forge> {
    pub(super) bench: &'w Bench<'a, F>,
    pub(super) record: &'w mut Record<'r>,
    pub(super) failure: Examined<'a>,
    pub(super) warm: Option<Warm<'a>>,
    /// Whether a warm server could be had.
    pub(super) had_warm: bool,
    pub(super) goal: Goal,
    pub(super) session: Option<Session<'w, Scribe<'w>>>,
    pub(super) sitting: Sitting,
    pub(super) earlier: Vec<Earlier>,
    pub(super) near_misses: Vec<NearMiss>,
    /// Drafts of models that fell.
    pub(super) fallen: Vec<Draft>,
    /// A proven patch to which a reviewer objects.
    pub(super) held: Option<Held>,
    /// Whether the search was asked.
    pub(super) searched: bool,
}

/// A proven patch that waits for a better one.
pub(super) struct Held {
    pub(super) entry: Entry,
    pub(super) patch: Patch,
}

impl<'w, 'a, 'r, F: Forge> Work<'w, 'a, 'r, F> {
    fn new(
        bench: &'w Bench<'a, F>,
        record: &'w mut Record<'r>,
        mut failure: Examined<'a>,
        session: Option<Session<'w, Scribe<'w>>>,
    ) -> Self {
        let warm = failure.warm.take();
        let goal = stages::goal(&failure.evidence.run, warm.as_ref().map(|warm| &warm.ready));
        let earlier = bench.tried.iter().map(Entry::to_earlier).collect();
        let had_warm = warm.is_some();
        let held = bench.tried.iter().find(|entry| entry.waits()).and_then(|entry| {
            let patch = patch::apply(&entry.edits, &|path| (failure.read)(path)).ok()?;
            Some(Held { entry: entry.clone(), patch })
        });
        Work {
            bench,
            record,
            failure,
            warm,
            had_warm,
            goal,
            session,
            sitting: Sitting::default(),
            earlier,
            near_misses: Vec::new(),
            fallen: Vec::new(),
            held,
            searched: false,
        }
    }

    pub(super) fn case(&self) -> Case<'_> {
        self.bench.case(&self.failure, &self.earlier)
    }

    /// Asks every drafter, in order.
    async fn ask_all(&mut self) -> Result<(), HealError> {
        for drafter in self.bench.drafters {
            if self.is_over() {
                break;
            }
            match drafter {
                Drafter::Recall => self.recall().await?,
                Drafter::Search => self.search().await?,
                Drafter::Llm => self.ask_models().await?,
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.sitting.proven.is_some() || self.next_number().is_none()
    }

    /// The number of the next attempt; `None` when all are used up.
    pub(super) fn next_number(&self) -> Option<u32> {
        let used = self.bench.tried.iter().map(|entry| entry.number).max().unwrap_or(0);
        let next = used + self.sitting.attempts.len() as u32 + 1;
        (next <= self.bench.policy.attempts).then_some(next)
    }

    /// Ends the record: with the proven patch, the held one, or none.
    async fn end(mut self) -> Result<Sitting, HealError> {
        if let Some(warm) = self.warm.take() {
            warm.server.stop().await;
        }
        if let Some(session) = &self.session {
            self.sitting.llm = session.stats();
        }
        match self.held.take() {
            Some(held) if self.sitting.proven.is_none() => self.take(held).await?,
            _ if self.sitting.proven.is_none() => {
                self.record.happen(Event::GaveUp).await?;
            }
            _ => {}
        }
        Ok(self.sitting)
    }

    /// Takes a proven patch.
    async fn take(&mut self, mut held: Held) -> Result<(), HealError> {
        held.entry.proven_here = true;
        held.entry.fell_because = None;
        self.record.enter(&held.entry).await?;
        self.record.happen(Event::Drafted(held.entry.number)).await?;
        self.record.happen(Event::Proven).await?;
        self.sitting.proven = Some((held.patch, held.entry.edits));
        Ok(())
    }

    /// Tries again what healed the same failure before.
    async fn recall(&mut self) -> Result<(), HealError> {
        if self.failure.seen == Seen::InCiOnly {
            return Ok(());
        }
        let drafts = recall::drafts(&self.case());
        if drafts.is_empty() {
            return Ok(());
        }
        self.bench.stage("draft", "trying what healed this failure before");
        let verdicts = self.screen(&drafts).await?;
        let plausible = drafts.into_iter().zip(verdicts).filter(|(_, verdict)| screen::rank(*verdict) == 0);
        self.attempt_all(plausible.map(|(draft, _)| draft).collect()).await
    }

    /// Searches for a small edit.
    async fn search(&mut self) -> Result<(), HealError> {
        if self.failure.seen == Seen::InCiOnly || self.bench.ladder == Ladder::Checks && !self.had_warm {
            return Ok(());
        }
        self.searched = true;
        self.bench.stage("draft", "searching for the smallest edit that makes the tests pass");
        let cold_run = Duration::from_millis(self.failure.evidence.run.elapsed_ms);
        let mut deadline = self.bench.budget.search_deadline(cold_run);
        if let Some(share) = self.bench.search_share {
            deadline = deadline.min(Instant::now() + share);
        }
        let found = candidates::generate(&self.case());
        self.search_in(found, deadline).await
    }

    /// Validates candidates, and puts what is plausible to the test.
    async fn search_in(&mut self, found: Vec<candidates::Candidate>, deadline: Instant) -> Result<(), HealError> {
        let searching = Budget::starting_now(self.bench.budget.left());
        let validators = self.validators().await;
        let on_progress = |stats: &SearchStats| (self.bench.progress)(ProgressEvent::Searching(stats.clone()));
        let budget = SearchBudget::until(deadline);
        let searched = search::search(&self.case(), found, validators, &self.goal, budget, &on_progress).await?;
        let Searched { drafts, near_misses, stats } = searched;
        self.sitting.search.add(&stats);
        self.sitting.timing.search_ms += searching.used().as_millis() as u64;
        let because = || "the failing tests pass with it, and another test fails".to_owned();
        self.near_misses.extend(near_misses.into_iter().map(|diff| NearMiss { diff, because: because() }));
        self.attempt_all(drafts).await
    }

    /// The warm servers, started anew where they have ended.
    async fn validators(&mut self) -> Vec<Validator<'a>> {
        let (bench, limit) = (self.bench, self.bench.run_limit());
        let warm = match self.warm.take() {
            Some(warm) => Some(warm),
            None => {
                let run = &self.failure.evidence.run;
                stages::warm_up(bench.testbed, bench.command, run, limit, bench.progress).await
            }
        };
        stages::validators(bench.testbed, bench.command, warm, limit).await
    }

    /// What the warm process says of drafts.
    async fn screen(&mut self, drafts: &[Draft]) -> Result<Vec<Option<search::Validity>>, HealError> {
        let validators = self.validators().await;
        Ok(screen::screen(&self.case(), drafts, validators, &self.goal).await?)
    }

    /// Rounds of drafting by models; then a search around what they wrote, or in their place.
    async fn ask_models(&mut self) -> Result<(), HealError> {
        let Some(mut session) = self.session.take() else { return Ok(()) };
        if let Some(warm) = self.warm.take() {
            warm.server.stop().await;
        }
        let rounds = self.bench.models.map_or(0, |models| models.committee.config.rounds);
        let mut ended = None;
        while !self.is_over() && session.rounds() < rounds {
            self.bench.stage("draft", "asking a model");
            let asking = Budget::starting_now(self.bench.budget.left());
            let drafted = session.round(&self.case(), &self.near_misses).await;
            self.sitting.timing.search_ms += asking.used().as_millis() as u64;
            match drafted {
                Ok(drafts) => {
                    self.session = Some(session);
                    self.attempt_drafts(drafts).await?;
                    let Some(back) = self.session.take() else { return Ok(()) };
                    session = back;
                }
                Err(Ended::Store(error)) => return Err(error.into()),
                Err(reason) => {
                    ended = Some(reason);
                    break;
                }
            }
        }
        match &ended {
            Some(reason @ (Ended::Unanswered(_) | Ended::Overrun(_))) => session.note(self.last_words(reason)),
            Some(reason) => session.note_end(reason),
            None => {}
        }
        self.session = Some(session);
        if self.is_over() || self.failure.seen == Seen::InCiOnly {
            return Ok(());
        }
        self.search_after(ended.as_ref()).await
    }

    /// What is said of the end of asking.
    fn last_words(&self, reason: &Ended) -> String {
        match reason {
            Ended::Unanswered(sentence) if self.searched => {
                format!("{sentence}; only the search engine drafted")
            }
            Ended::Unanswered(sentence) if self.failure.seen == Seen::InCiOnly => sentence.clone(),
            Ended::Unanswered(sentence) => format!("{sentence}; the search engine drafts instead"),
            Ended::Overrun(overrun) => format!("no further model was asked: {overrun}"),
            other => other.to_string(),
        }
    }

    /// The search around fallen drafts; or the whole search where models could not be asked and nobody searched.
    async fn search_after(&mut self, ended: Option<&Ended>) -> Result<(), HealError> {
        let will_search = self.bench.drafters.contains(&Drafter::Search);
        if !self.fallen.is_empty() && will_search {
            self.bench.stage("draft", "searching around what the model wrote");
            let found = seeds::around(&self.case(), &self.fallen);
            let deadline = Instant::now() + SEEDED_SEARCH.min(self.bench.budget.left() / 2);
            return self.search_in(found, deadline).await;
        }
        let unasked = matches!(ended, Some(Ended::Unanswered(_) | Ended::Overrun(_)));
        if unasked && !self.searched && !will_search { self.search().await } else { Ok(()) }
    }

    /// Puts the drafts of a round to the test, the most plausible first.
    async fn attempt_drafts(&mut self, mut drafts: Vec<Draft>) -> Result<(), HealError> {
        if drafts.len() > 1 && self.failure.seen == Seen::Here && self.bench.ladder == Ladder::Full {
            let verdicts = self.screen(&drafts).await?;
            let mut ranked: Vec<_> = verdicts.into_iter().map(screen::rank).zip(drafts).collect();
            ranked.sort_by_key(|(rank, _)| *rank);
            // Of drafts that the warm process refuses one attempt is enough: what it shows is worth more to the next
            // round than another failure.
            let plausible = ranked.iter().filter(|(rank, _)| *rank == 0).count();
            drafts = ranked.into_iter().take(plausible.max(1)).map(|(_, draft)| draft).collect();
        }
        self.attempt_all(drafts).await
    }
}
