//! What a heal of the App may ask of models, and what it remembers of earlier heals.
//!
//! In: the settings, the repository's policy, the store. Out: the drafters for this heal, [`Models`] for the bench,
//! past fixes. A repository's policy can forbid models and narrow which files' text is sent; it can't widen what the
//! operator allows.

use std::path::Path;

use super::case::Case;
use super::services::{App, StepError};
use crate::draft::llm::meter::Spent;
use crate::draft::llm::turn::Turn;
use crate::draft::{Drafter, PastFix};
use crate::pipeline::HealError;
use crate::pipeline::bench::Models;
use crate::pipeline::ledger;
use crate::policy::Policy;

/// Everybody who may draft, the cheapest first.
pub const DRAFTERS: &[Drafter] = &[Drafter::Recall, Drafter::Search, Drafter::Llm];

/// What the heal has spent on models.
pub async fn spent(case: &Case<'_>) -> Result<Spent, StepError> {
    let Some(kept) = case.app.store.spending(&case.record.id).await? else { return Ok(Spent::default()) };
    Ok(serde_json::from_str(&kept).map_err(HealError::Knowledge)?)
}

/// Whether models may be asked for this repository.
pub fn may_ask(case: &Case<'_>) -> bool {
    case.app.committee.is_some() && case.policy.llm.enabled
}

/// The models for the bench; `may_send` says which files' text may leave the machine.
pub fn of<'c>(
    app: &'c App,
    policy: &Policy,
    spent: Spent,
    may_send: &'c (dyn Fn(&Path) -> bool + Sync),
    turn: &'c Turn,
) -> Option<Models<'c>> {
    let committee = app.committee.as_ref().filter(|_| policy.llm.enabled)?;
    let keep_transcripts = committee.config.keep_transcripts;
    Some(Models {
        committee,
        spent,
        may_send,
        hint: None,
        turn: Some(turn),
        keep_transcripts,
        metrics: Some(&app.metrics),
    })
}

/// Fixes of earlier failures of this repository.
pub async fn past_fixes(case: &Case<'_>) -> Result<Vec<PastFix>, StepError> {
    let fingerprint = case.know.diagnosis.as_ref().map_or("", |diagnosis| diagnosis.fingerprint.as_str());
    Ok(ledger::past_fixes(&case.app.store, case.know.full_name(), fingerprint).await?)
}
