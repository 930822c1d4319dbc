//! The search loop: candidates in order, validated by several workers, until it is enough.
//!
//! In: candidates, validators, a budget. Out: plausible drafts, near misses and [`SearchStats`]. The search goes
//! on for a moment after the first plausible draft, because the first is not always the best.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::candidates::Candidate;
use super::rank;
use super::validator::{Goal, ValidationError, Validator, Validity};
use crate::draft::{Case, Draft};
use crate::patch::{self, Patch};

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct SearchBudget {
    /// The end, whatever was found.
    pub deadline: Instant,
    /// How long to go on after the first plausible draft.
    pub after_first: Duration,
    /// How many plausible drafts are enough.
    pub enough: usize,
}

impl SearchBudget {
    /// Until `deadline`; two more seconds or ten drafts after the first.
    pub fn until(deadline: Instant) -> Self {
        SearchBudget { deadline, after_first: Duration::from_secs(2), enough: 10 }
    }
}

/// What the search did; the `search` object of `heal fix --json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SearchStats {
    /// Candidates generated.
    pub candidates: u64,
    /// Candidates validated.
    pub validated: u64,
    /// Validated candidates per second.
    pub per_second: f64,
    /// Candidates that pass every test in the warm process.
    pub plausible: u64,
    /// Whether a warm process validated them.
    pub warm: bool,
    /// Candidates that hung, crashed or ate too much.
    pub lost: u64,
    /// Milliseconds spent validating.
    pub elapsed_ms: u64,
}

impl SearchStats {
    /// Adds what another search of the same heal did.
    pub fn add(&mut self, other: &SearchStats) {
        self.candidates += other.candidates;
        self.validated += other.validated;
        self.plausible += other.plausible;
        self.lost += other.lost;
        self.elapsed_ms += other.elapsed_ms;
        self.warm |= other.warm;
        self.per_second = rate(self.validated, Duration::from_millis(self.elapsed_ms));
    }
}

/// Candidates per second, to one decimal place.
fn rate(validated: u64, elapsed: Duration) -> f64 {
    (validated as f64 / elapsed.as_secs_f64().max(1e-3) * 10.0).round() / 10.0
}

/// How many near misses are kept: those of the highest score.
const NEAR_MISSES: usize = 3;

/// What a search found.
#[derive(Debug, Default)]
pub struct Searched {
    /// Plausible drafts, best first.
    pub drafts: Vec<Draft>,
    /// Diffs of candidates with which the failing tests pass and another one fails, best first.
    pub near_misses: Vec<String>,
    /// What it did.
    pub stats: SearchStats,
}

/// Told how far the search is, a few times per second.
pub type OnProgress<'a> = dyn Fn(&SearchStats) + Sync + 'a;

struct Shared<'a> {
    candidates: Vec<Candidate>,
    next: AtomicU64,
    validated: AtomicU64,
    lost: AtomicU64,
    enough: AtomicBool,
    plausible: Mutex<Vec<Draft>>,
    /// What they make of the files: two edits with the same result are one draft.
    results: Mutex<HashSet<String>>,
    /// Score and diff, best first.
    near_misses: Mutex<Vec<(f64, String)>>,
    first_found: Mutex<Option<Instant>>,
    started: Instant,
    warm: bool,
    on_progress: &'a OnProgress<'a>,
}

/// Validates candidates in their order until it is enough.
pub async fn search<'testbed>(
    case: &Case<'_>,
    candidates: Vec<Candidate>,
    validators: Vec<Validator<'testbed>>,
    goal: &Goal,
    budget: SearchBudget,
    on_progress: &OnProgress<'_>,
) -> Result<Searched, ValidationError> {
    let shared = Shared {
        candidates,
        next: AtomicU64::new(0),
        validated: AtomicU64::new(0),
        lost: AtomicU64::new(0),
        enough: AtomicBool::new(false),
        plausible: Mutex::new(Vec::new()),
        results: Mutex::default(),
        near_misses: Mutex::default(),
        first_found: Mutex::new(None),
        started: Instant::now(),
        warm: validators.iter().any(Validator::is_warm),
        on_progress,
    };
    (shared.on_progress)(&shared.stats());
    let mut validators = validators.into_iter();
    let work = |validator: Option<Validator<'testbed>>| async {
        match validator {
            Some(validator) => worker(&shared, case, validator, goal, budget).await,
            None => Ok(()),
        }
    };
    // Two workers for two cores; each talks to its own server.
    let (first, second) = tokio::join!(work(validators.next()), work(validators.next()));
    first.and(second)?;
    let stats = shared.stats();
    (shared.on_progress)(&stats);
    let mut drafts = shared.plausible.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    rank::order(&mut drafts);
    let near_misses = shared.near_misses.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Searched { drafts, near_misses: near_misses.into_iter().map(|(_, diff)| diff).collect(), stats })
}

async fn worker(
    shared: &Shared<'_>,
    case: &Case<'_>,
    mut validator: Validator<'_>,
    goal: &Goal,
    budget: SearchBudget,
) -> Result<(), ValidationError> {
    let mut told = Instant::now();
    let mut result = Ok(());
    while !shared.is_over(budget) {
        let index = shared.next.fetch_add(1, Ordering::Relaxed) as usize;
        let Some(candidate) = shared.candidates.get(index) else { break };
        let read = |path: &std::path::Path| (case.read)(path);
        let Ok(patch) = patch::apply(&candidate.edits(), &read) else { continue };
        if case.guard.check(case.root, &patch).is_err() {
            continue;
        }
        let remaining = budget.deadline.saturating_duration_since(Instant::now());
        let validity = match tokio::time::timeout(remaining, validator.validate(&patch, goal)).await {
            Ok(Ok(validity)) => validity,
            Ok(Err(error)) => {
                result = Err(error);
                break;
            }
            Err(_) => break,
        };
        shared.record(candidate, validity, &patch);
        if told.elapsed() > Duration::from_millis(200) {
            (shared.on_progress)(&shared.stats());
            told = Instant::now();
        }
    }
    validator.stop().await;
    result
}

impl Shared<'_> {
    fn is_over(&self, budget: SearchBudget) -> bool {
        if self.enough.load(Ordering::Relaxed) || Instant::now() >= budget.deadline {
            return true;
        }
        let first = *self.first_found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let found = self.plausible.lock().unwrap_or_else(std::sync::PoisonError::into_inner).len();
        let over = first.is_some_and(|first| first.elapsed() > budget.after_first) || found >= budget.enough;
        if over {
            self.enough.store(true, Ordering::Relaxed);
        }
        over
    }

    fn record(&self, candidate: &Candidate, validity: Validity, patch: &Patch) {
        self.validated.fetch_add(1, Ordering::Relaxed);
        match validity {
            Validity::StillFailing => {}
            Validity::BreaksAnother => self.record_near_miss(candidate.score, patch),
            Validity::Lost => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            Validity::Plausible => {
                let result = patch.diff();
                if !self.results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(result) {
                    return;
                }
                let mut first = self.first_found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                first.get_or_insert_with(Instant::now);
                let mut plausible = self.plausible.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                plausible.push(Draft {
                    drafter: "search",
                    operator: candidate.operator,
                    edits: candidate.edits().into_owned(),
                    place: (candidate.edit.file.clone(), candidate.line),
                    score: candidate.score,
                    model: None,
                });
            }
        }
    }

    fn record_near_miss(&self, score: f64, patch: &Patch) {
        let mut near_misses = self.near_misses.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let place = near_misses.partition_point(|(other, _)| *other >= score);
        if place < NEAR_MISSES {
            near_misses.insert(place, (score, patch.diff()));
            near_misses.truncate(NEAR_MISSES);
        }
    }

    fn stats(&self) -> SearchStats {
        let elapsed = self.started.elapsed();
        let validated = self.validated.load(Ordering::Relaxed);
        let plausible = self.plausible.lock().unwrap_or_else(std::sync::PoisonError::into_inner).len();
        SearchStats {
            candidates: self.candidates.len() as u64,
            validated,
            per_second: rate(validated, elapsed),
            plausible: plausible as u64,
            warm: self.warm,
            lost: self.lost.load(Ordering::Relaxed),
            elapsed_ms: elapsed.as_millis() as u64,
        }
    }
}
