//! What a conversation with models leaves in the store: what it has spent, how answers of each form did, and, where
//! that is wished, every word of it.
//!
//! In: calls about to be made, calls made. Out: rows. What is stored is redacted.

use crate::clock::Clock;
use crate::draft::llm::committee::Member;
use crate::draft::llm::habits::Habit;
use crate::draft::llm::meter::Meter;
use crate::draft::llm::session::Keeper;
use crate::draft::llm::transcript;
use crate::draft::llm::{AnswerFormat, Exchange};
use crate::store::{HealId, ModelRow, Store, StoreError};
use crate::telemetry::Metrics;

/// Writes for one heal.
pub struct Scribe<'a> {
    /// Where.
    pub store: &'a Store,
    /// The time of the rows.
    pub clock: &'a dyn Clock,
    /// The heal.
    pub id: HealId,
    /// Whether every word is kept.
    pub keep_transcripts: bool,
    /// Figures of the server.
    pub metrics: Option<&'a Metrics>,
    /// One write of what is spent at a time, so that an older one never comes after a newer one.
    pub turn: tokio::sync::Mutex<()>,
}

impl Scribe<'_> {
    async fn put(&self, meter: &Meter) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        self.store.put_spending(&self.id, &json(&meter.most()), self.clock.now()).await
    }
}

impl Keeper for Scribe<'_> {
    async fn reserved(&self, meter: &Meter) -> Result<(), StoreError> {
        self.put(meter).await
    }

    async fn settled(&self, exchange: &Exchange, meter: &Meter) -> Result<(), StoreError> {
        if let Some(metrics) = self.metrics {
            metrics.llm(exchange.used.input + exchange.used.output, exchange.cost_usd);
        }
        if self.keep_transcripts {
            let body = json(&transcript::redacted(exchange.clone()));
            let purpose = json(&exchange.request.purpose);
            let row = (purpose.trim_matches('"'), exchange.model.as_str(), body.as_str());
            self.store.append_exchange(&self.id, row.0, row.1, row.2, self.clock.now()).await?;
        }
        self.put(meter).await
    }

    async fn habits(&self, member: &Member) -> Result<Vec<Habit>, StoreError> {
        let rows = self.store.model_record(&member.base_url, &member.model).await?;
        let habit = |row: ModelRow| {
            let format = serde_json::from_value(serde_json::Value::String(row.format)).ok()?;
            let ModelRow { asked, well_formed, applied, refused, .. } = row;
            Some(Habit { format, asked, well_formed, applied, refused })
        };
        Ok(rows.into_iter().filter_map(habit).collect())
    }

    async fn refused(&self, member: &Member, format: AnswerFormat) -> Result<(), StoreError> {
        let (format, now) = (json(&format), self.clock.now());
        self.store.record_format_refused(&member.base_url, &member.model, format.trim_matches('"'), now).await
    }

    async fn measured(
        &self,
        member: &Member,
        format: AnswerFormat,
        well_formed: bool,
        applied: bool,
    ) -> Result<(), StoreError> {
        let format = json(&format);
        let format = format.trim_matches('"');
        let now = self.clock.now();
        self.store.record_model_use(&member.base_url, &member.model, format, well_formed, applied, now).await
    }
}

/// Plain data as JSON.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| unreachable!("plain data has a JSON form"))
}
