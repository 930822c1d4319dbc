//! The table `exchanges`: transcripts of what was asked of models, redacted by whoever hands them in.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::text::storable;
use super::{HealId, Store, StoreError};

/// How long transcripts are kept where nothing else is said, in seconds.
pub const TRANSCRIPT_SECONDS: i64 = 30 * 24 * 3600;

/// A call of a model, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeRow {
    /// Its number in the heal, from 1.
    pub sequence: u32,
    /// What the answer was for.
    pub purpose: String,
    /// The model.
    pub model: String,
    /// The exchange as JSON.
    pub body: String,
    /// When it was kept.
    pub at: i64,
}

fn exchange_of(row: &AnyRow) -> Result<ExchangeRow, StoreError> {
    Ok(ExchangeRow {
        sequence: u32::try_from(row.try_get::<i64, _>("sequence")?).unwrap_or(u32::MAX),
        purpose: row.try_get("purpose")?,
        model: row.try_get("model")?,
        body: row.try_get("body")?,
        at: row.try_get("at")?,
    })
}

impl Store {
    /// Keeps a call of a model behind the heal's earlier ones; `body` is JSON without secrets.
    pub async fn append_exchange(
        &self,
        heal: &HealId,
        purpose: &str,
        model: &str,
        body: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        // The heal's row is the lock: calls that end at the same time get numbers one after the other.
        sqlx::query("UPDATE heals SET updated_at = updated_at WHERE id = $1")
            .bind(&heal.0)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO exchanges (heal_id, sequence, purpose, model, body, at) \
             SELECT $1, COALESCE(MAX(sequence), 0) + 1, $2, $3, $4, $5 FROM exchanges WHERE heal_id = $1",
        )
        .bind(&heal.0)
        .bind(storable(purpose))
        .bind(storable(model))
        .bind(storable(body))
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The kept calls of a heal, in order.
    pub async fn exchanges(&self, heal: &HealId) -> Result<Vec<ExchangeRow>, StoreError> {
        let query = "SELECT sequence, purpose, model, body, at FROM exchanges WHERE heal_id = $1 ORDER BY sequence";
        sqlx::query(query).bind(&heal.0).fetch_all(&self.pool).await?.iter().map(exchange_of).collect()
    }

    /// Forgets transcripts that were kept before a time; gives how many calls that were.
    pub async fn forget_exchanges(&self, before: i64) -> Result<u64, StoreError> {
        let query = format!(
            "DELETE FROM exchanges WHERE at < $1 AND heal_id IN (SELECT id FROM heals WHERE id IN \
             (SELECT heal_id FROM exchanges WHERE at < $1) {})",
            self.in_turn
        );
        let gone = sqlx::query(sqlx::AssertSqlSafe(query)).bind(before).execute(&self.pool).await?;
        Ok(gone.rows_affected())
    }
}
