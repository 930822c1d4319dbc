//! One heal in the hands of a worker: its row, what it knows, its repository and its policy.

use serde_json::json;

use super::knowledge::Knowledge;
use super::services::{App, StepError};
use crate::forge::github::{RepositoryClient, RepositoryRef};
use crate::pipeline::HealError;
use crate::pipeline::ledger::Entry;
use crate::pipeline::record::Record;
use crate::pipeline::state::{Event, State};
use crate::policy::Policy;
use crate::redact;
use crate::store::HealRow;

/// What comes after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next step, at once.
    Again,
    /// Nothing until then, in seconds since 1970, or until it is woken.
    At(i64),
    /// Nothing ever.
    Settled,
}

/// A heal in the hands of a worker.
pub struct Case<'a> {
    /// What everything stands on.
    pub app: &'a App,
    /// The state and its record.
    pub record: Record<'a>,
    /// What is known.
    pub know: Knowledge,
    /// The row, as it was claimed.
    pub row: HealRow,
    /// The failing commit.
    pub head: String,
    /// The repository on GitHub.
    pub github: RepositoryClient,
    /// What may be done there.
    pub policy: Policy,
}

impl<'a> Case<'a> {
    /// Takes a claimed row into hand. The policy is the operator's default until it is read.
    pub fn open(app: &'a App, row: &HealRow) -> Result<Self, StepError> {
        let know: Knowledge = row.knowledge()?;
        let unknown = || StepError::UnknownState { heal: row.id.0.clone(), state: row.state.clone() };
        let state = State::parse(&row.state, row.attempt, row.outcome.as_deref()).ok_or_else(unknown)?;
        let reference = RepositoryRef {
            id: know.repository.id.0,
            owner: know.repository.owner().to_owned(),
            name: know.repository.name().to_owned(),
        };
        let github = app.github.repository(know.installation, reference);
        let record =
            Record { store: &app.store, clock: &*app.clock, id: row.id.clone(), owner: row.owner.clone(), state };
        let policy = app.settings.default_policy.clone();
        Ok(Case { app, record, know, row: row.clone(), head: row.head.clone(), github, policy })
    }

    /// The heal's id.
    pub fn id(&self) -> &str {
        &self.record.id.0
    }

    /// The first digits of the failing commit.
    pub fn short_head(&self) -> &str {
        &self.head[..8.min(self.head.len())]
    }

    /// heal's own login.
    pub async fn myself(&self) -> Result<String, StepError> {
        Ok(format!("{}[bot]", self.app.identity().await?.slug))
    }

    /// Commits a transition and what is known.
    pub async fn happen(&mut self, event: Event) -> Result<Next, StepError> {
        self.know.waiting_for = None;
        if matches!(event, Event::RerunFailed | Event::CiRed) {
            self.know.reason = None;
        }
        let data = self.document()?;
        self.record.happen_with(event, Some(&data)).await?;
        if let State::Closed(end) = self.record.state {
            self.app.metrics.heal_ended(end.name());
        }
        Ok(Next::Again)
    }

    /// Commits what is known.
    pub async fn save(&self) -> Result<(), StepError> {
        let (store, now) = (&self.app.store, self.app.now());
        Ok(store.save_knowledge(&self.record.id, &self.record.owner, &self.know.branch, &self.document()?, now).await?)
    }

    /// What is known, as it is stored: without secrets in what logs, tests and commits said.
    fn document(&self) -> Result<String, StepError> {
        let mut document = serde_json::to_value(&self.know).map_err(HealError::Knowledge)?;
        for foreign in ["diagnosis", "further_commands", "notes", "reason", "test_command"] {
            let clean = redact::json(&document[foreign]);
            document[foreign] = clean;
        }
        Ok(document.to_string())
    }

    /// Sleeps for the polling interval, saying what for.
    pub async fn wait_for(&mut self, what: &str) -> Result<Next, StepError> {
        if self.know.waiting_for.as_deref() != Some(what) {
            tracing::info!(heal.id = self.id(), waiting_for = what, "waiting");
            self.know.waiting_for = Some(what.to_owned());
            self.save().await?;
        }
        Ok(Next::At(self.app.now() + self.app.settings.poll_seconds))
    }

    /// Gives up for a reason that people will read.
    pub async fn give_up(&mut self, reason: impl Into<String>) -> Result<Next, StepError> {
        self.know.reason = Some(redact::text(&reason.into()).into_owned());
        self.happen(Event::GaveUp).await
    }

    /// Stops because something forbids more.
    pub async fn stop(&mut self, reason: impl Into<String>) -> Result<Next, StepError> {
        self.know.reason = Some(reason.into());
        self.happen(Event::Stopped).await
    }

    /// Writes into the audit chain what is about to be attempted.
    pub async fn intend(&self, effect: &str, facts: serde_json::Value) -> Result<(), StepError> {
        tracing::info!(heal.id = self.id(), effect, "effect");
        Ok(self.record.audit("effect", &json!({"effect": effect, "facts": facts})).await?)
    }

    /// Writes into the audit chain what came of it.
    pub async fn achieved(&self, effect: &str, facts: serde_json::Value) -> Result<(), StepError> {
        Ok(self.record.audit("outcome", &json!({"effect": effect, "facts": facts})).await?)
    }

    /// The entry of an attempt.
    pub async fn entry(&self, number: u32) -> Result<Entry, StepError> {
        let ledger = self.record.ledger().await?;
        let missing = || StepError::UnknownState { heal: self.id().to_owned(), state: format!("attempt {number}") };
        ledger.into_iter().find(|entry| entry.number == number).ok_or_else(missing)
    }
}
