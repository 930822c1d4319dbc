//! Putting one draft after the other to the test, within a repair.
//!
//! In: drafts, best first. Out: entries of the ledger, transitions of the record, the proven patch or one that is held
//! back because a reviewing model objects.

use std::path::Path;

use super::bench::{Ladder, Seen};
use super::budget::Budget;
use super::ledger::Entry;
use super::progress::ProgressEvent;
use super::repair::{Held, Work};
use super::state::Event;
use super::worker::{Attempt, HealError};
use crate::draft::Draft;
use crate::draft::llm::review::Review;
use crate::draft::llm::session::Ended;
use crate::forge::Forge;
use crate::patch::{self, Guard, Patch, SpanEdit};
use crate::redact;
use crate::verify::{self, Proof, Verdict};

impl<F: Forge> Work<'_, '_, '_, F> {
    /// Puts drafts to the test, best first, until one holds or the attempts are used up.
    pub(super) async fn attempt_all(&mut self, drafts: Vec<Draft>) -> Result<(), HealError> {
        let verifying = Budget::starting_now(self.bench.budget.left());
        let mut is_first = true;
        for draft in drafts {
            if self.is_tried(&draft) {
                continue;
            }
            let Some(number) = self.next_number() else { break };
            if std::mem::take(&mut is_first) {
                self.bench.stage("verify", "proving the patch with the real test command");
            }
            self.record.happen(Event::Drafted(number)).await?;
            self.attempt(number, draft).await?;
            if self.sitting.proven.is_some() {
                break;
            }
        }
        self.sitting.timing.verify_ms += verifying.used().as_millis() as u64;
        Ok(())
    }

    /// Whether an attempt had these edits, or others with the same result.
    fn is_tried(&self, draft: &Draft) -> bool {
        let read = |path: &Path| (self.failure.read)(path);
        let diff = patch::apply(&draft.edits, &read).ok().map(|patch| patch.diff());
        let redacted = diff.as_deref().map(redact::text);
        let before = self.bench.tried.iter();
        before.into_iter().any(|entry| entry.edits == draft.edits || Some(entry.diff.as_str()) == redacted.as_deref())
            || self.sitting.attempts.iter().any(|attempt| attempt.patch.is_some() && attempt.patch == diff)
    }

    /// Puts one draft to the test.
    async fn attempt(&mut self, number: u32, draft: Draft) -> Result<(), HealError> {
        let read = |path: &Path| (self.failure.read)(path);
        let patch = patch::apply(&draft.edits, &read);
        let verdict = match &patch {
            Ok(patch) => self.judge(patch).await?,
            Err(error) => verify::refused(error, self.bench.testbed.level()),
        };
        let diff = patch.as_ref().ok().map(Patch::diff);
        let shown = diff.clone().unwrap_or_default();
        (self.bench.progress)(ProgressEvent::Judged {
            attempt: number,
            diff: shown.clone(),
            verdict: Box::new(verdict.clone()),
        });
        let mut entry = Entry::new(number, &draft, &shown, &verdict);
        entry.executable = executable(self.bench.testbed.root(), &draft.edits);
        let (drafter, operator, model) = (draft.drafter, draft.operator, draft.model.clone());
        let passed = verdict.passed;
        // What the guard refuses is no ground to search on: what grows there holds the same.
        let is_ground = verdict.fell_on().is_some_and(|rung| rung.number > verify::Rung::Allowed.number());
        self.sitting.attempts.push(Attempt { drafter, operator, model, patch: diff, verdict, review: None });
        match patch {
            Ok(patch) if passed => self.proven(entry, patch).await,
            _ => {
                self.record.enter(&entry).await?;
                self.earlier.push(entry.to_earlier());
                if draft.drafter == "llm" && is_ground {
                    self.fallen.push(draft);
                }
                self.record.happen(Event::Fell).await?;
                Ok(())
            }
        }
    }

    async fn judge(&self, patch: &Patch) -> Result<Verdict, HealError> {
        let bench = self.bench;
        let guard = Guard { policy: bench.policy, class: self.failure.diagnosis.class };
        let before = &self.failure.evidence.run;
        let time_ms = bench.testbed.limits().time_ms;
        let proof = Proof { testbed: bench.testbed, command: bench.command, before, guard, time_ms };
        Ok(match (bench.ladder, self.failure.seen) {
            (Ladder::Full, Seen::Here) => verify::climb(&proof, patch).await?,
            _ => verify::check(&proof, patch).await?,
        })
    }

    /// A patch was proven: a model reads it, and it is taken, or held while a better one may come.
    async fn proven(&mut self, mut entry: Entry, patch: Patch) -> Result<(), HealError> {
        // The proof is kept before anybody is asked about it.
        self.record.enter(&entry).await?;
        let review = self.review(&patch, &entry).await?;
        entry.review.clone_from(&review);
        if let Some(attempt) = self.sitting.attempts.last_mut() {
            attempt.review.clone_from(&review);
        }
        let objection = review.filter(Review::calls_for_another);
        if let Some(objection) = objection.filter(|_| self.held.is_some() || self.can_hope(&entry)) {
            (entry.proven_here, entry.held) = (false, true);
            entry.fell_because = Some(format!("a reviewing model objects: {}", objection.objections.join("; ")));
            self.record.enter(&entry).await?;
            self.earlier.push(entry.to_earlier());
            self.held.get_or_insert(Held { entry, patch });
            self.record.happen(Event::Fell).await?;
            return Ok(());
        }
        self.record.enter(&entry).await?;
        self.record.happen(Event::Proven).await?;
        self.sitting.proven = Some((patch, entry.edits));
        Ok(())
    }

    /// Whether a model can still be asked for a better patch than this one.
    fn can_hope(&self, entry: &Entry) -> bool {
        let Some(session) = &self.session else { return false };
        let rounds = self.bench.models.map_or(0, |models| models.committee.config.rounds);
        self.held.is_none() && session.rounds() < rounds && entry.number < self.bench.policy.attempts
    }

    /// What a model says of a proven patch.
    async fn review(&mut self, patch: &Patch, entry: &Entry) -> Result<Option<Review>, HealError> {
        let Some(mut session) = self.session.take() else { return Ok(None) };
        self.bench.stage("review", "a model reads the proven patch");
        let proof: Vec<String> = entry.rungs.iter().map(|rung| format!("{}: {}", rung.title, rung.evidence)).collect();
        let reviewed = session.review(&self.case(), patch, &proof.join("\n")).await;
        self.session = Some(session);
        match reviewed {
            Ok(review) => Ok(review),
            Err(Ended::Store(error)) => Err(error.into()),
            Err(_) => Ok(None),
        }
    }
}

/// The edited files that are executable, relative to the repository.
fn executable(root: &Path, edits: &[SpanEdit]) -> Vec<std::path::PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let files: std::collections::BTreeSet<_> = edits.iter().map(|edit| &edit.file).collect();
    let is_executable = |file: &&std::path::PathBuf| {
        root.join(file).metadata().is_ok_and(|about| about.permissions().mode() & 0o111 != 0)
    };
    files.into_iter().filter(is_executable).cloned().collect()
}
