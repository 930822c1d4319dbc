//! One file per state: what is made certain in it, and what then happened.

mod alerted;
mod awaiting_ci;
mod closed;
mod diagnosing;
mod opened;
mod pushed;
mod received;
mod rerunning;
mod sitting;

use super::case::{Case, Next};
use super::services::StepError;
use super::standing;
use crate::pipeline::state::State;

/// Takes one step.
pub async fn advance(case: &mut Case<'_>) -> Result<Next, StepError> {
    if let Some(instead) = standing::check(case).await? {
        return Ok(instead);
    }
    match case.record.state {
        State::Received => received::step(case).await,
        State::Diagnosing | State::Drafting | State::Verifying(_) => diagnosing::step(case).await,
        State::Rerunning => rerunning::step(case).await,
        State::Pushed(attempt) => pushed::step(case, attempt).await,
        State::AwaitingCi(attempt) => awaiting_ci::step(case, attempt).await,
        State::Opened(attempt) => opened::step(case, attempt).await,
        State::Alerted(unhealed) => alerted::step(case, unhealed).await,
        State::Closed(end) => closed::step(case, end).await,
    }
}
