//! The durable record of one heal: every transition is committed, with its audit row, before its effect
//! is attempted.

use serde_json::json;

use super::ledger::Entry;
use super::state::{Event, State};
use super::worker::HealError;
use crate::clock::Clock;
use crate::store::{HealId, Store, StoreError, Transition};

/// The machine's current state and its record.
pub struct Record<'a> {
    /// Where it is kept.
    pub store: &'a Store,
    /// The time of its rows.
    pub clock: &'a dyn Clock,
    /// The heal.
    pub id: HealId,
    /// Who has it in hand.
    pub owner: String,
    /// Where it stands.
    pub state: State,
}

impl Record<'_> {
    /// Commits a transition, then lets its effect begin.
    pub async fn happen(&mut self, event: Event) -> Result<State, HealError> {
        self.happen_with(event, None).await
    }

    /// Commits a transition together with what the heal knows from now on.
    pub async fn happen_with(&mut self, event: Event, data: Option<&str>) -> Result<State, HealError> {
        let next =
            self.state.after(event).ok_or(HealError::Impossible { state: self.state.name(), event: event.name() })?;
        let outcome = match next {
            State::Closed(end) => Some(end.name()),
            _ => None,
        };
        let (from, to) = (self.state.name(), next.name());
        let body =
            json!({"from": from, "event": event.name(), "to": to, "attempt": next.attempt(), "outcome": outcome});
        self.audit("transition", &body).await?;
        let transition =
            Transition { owner: &self.owner, from, event: event.name(), to, attempt: next.attempt(), outcome };
        self.store.record_transition(&self.id, transition, data, self.clock.now()).await?;
        tracing::info!(heal.id = %self.id, from, event = event.name(), to, attempt = next.attempt(), "transition");
        self.state = next;
        Ok(next)
    }

    /// Writes a row of the audit chain.
    pub async fn audit(&self, kind: &str, body: &serde_json::Value) -> Result<(), StoreError> {
        self.store.append_audit(Some(&self.id.0), kind, body, self.clock.now()).await?;
        Ok(())
    }

    /// Writes an attempt into the ledger.
    pub async fn enter(&self, entry: &Entry) -> Result<(), HealError> {
        self.store.put_attempt(&self.id, &entry.to_row()?, self.clock.now()).await?;
        Ok(())
    }

    /// The attempts so far.
    pub async fn ledger(&self) -> Result<Vec<Entry>, HealError> {
        self.store.attempts(&self.id).await?.iter().map(Entry::of_row).collect()
    }
}
