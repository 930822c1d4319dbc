//! What the validators say of drafts that others wrote, before any of them costs an attempt.
//!
//! In: drafts, validators. Out: for each draft its [`Validity`], in the order of the drafts. A verdict here is a
//! hint for the order of the attempts and never a proof.

use std::path::Path;

use super::validator::{Goal, ValidationError, Validator, Validity};
use crate::draft::{Case, Draft};
use crate::patch;

/// Asks the validators about every draft; `None` for a draft that makes no patch.
pub async fn screen<'testbed>(
    case: &Case<'_>,
    drafts: &[Draft],
    validators: Vec<Validator<'testbed>>,
    goal: &Goal,
) -> Result<Vec<Option<Validity>>, ValidationError> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let verdicts = std::sync::Mutex::new(vec![None; drafts.len()]);
    let work = |validator: Option<Validator<'testbed>>| async {
        let Some(mut validator) = validator else { return Ok(()) };
        let result = loop {
            let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(draft) = drafts.get(index) else { break Ok(()) };
            let read = |path: &Path| (case.read)(path);
            let Ok(patch) = patch::apply(&draft.edits, &read) else { continue };
            match validator.validate(&patch, goal).await {
                Ok(validity) => {
                    verdicts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[index] = Some(validity);
                }
                Err(error) => break Err(error),
            }
        };
        validator.stop().await;
        result
    };
    let mut validators = validators.into_iter();
    let (first, second) = tokio::join!(work(validators.next()), work(validators.next()));
    first.and(second)?;
    Ok(verdicts.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// The rank of a verdict: what passes everything first, what can't be told or was lost last.
pub fn rank(validity: Option<Validity>) -> u8 {
    match validity {
        Some(Validity::Plausible) => 0,
        Some(Validity::BreaksAnother) => 1,
        Some(Validity::StillFailing) => 2,
        Some(Validity::Lost) | None => 3,
    }
}
