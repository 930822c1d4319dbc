//! The table `deliveries`: what GitHub sent, committed before it is answered.

use sqlx::Row;

use super::text::storable;
use super::{Store, StoreError};

/// A delivery that waits for its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// GitHub's id of the delivery; a redelivery has the same.
    pub id: String,
    /// The event's name.
    pub event: String,
    /// The signal that was read from it, as JSON.
    pub payload: String,
    /// How often its work was begun, this time included.
    pub tries: u32,
    /// When it came.
    pub received_at: i64,
}

/// Whether a delivery is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// It is.
    Accepted,
    /// It came before.
    Duplicate,
}

/// What is kept of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored<'a> {
    /// A signal to work on, as JSON.
    Signal(&'a str),
    /// Nothing to work on, and why.
    Ignored(&'a str),
}

/// How long one try may take before another worker begins anew, in seconds.
const TRY_SECONDS: i64 = 60;

/// How long finished deliveries are remembered, in seconds: GitHub redelivers for at most three days.
const KEPT_SECONDS: i64 = 7 * 24 * 3600;

impl Store {
    /// Commits a delivery, to be worked on or closed already.
    pub async fn add_delivery(&self, id: &str, event: &str, what: Stored<'_>, now: i64) -> Result<Intake, StoreError> {
        let (state, payload, note) = match what {
            Stored::Signal(payload) => ("pending", payload, None),
            Stored::Ignored(note) => ("ignored", "", Some(note)),
        };
        let added = sqlx::query(
            "INSERT INTO deliveries (id, event, payload, state, note, tries, due_at, received_at) \
             VALUES ($1, $2, $3, $4, $5, 0, $6, $6) ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(event)
        .bind(payload)
        .bind(state)
        .bind(note.map(storable))
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(if added.rows_affected() == 1 { Intake::Accepted } else { Intake::Duplicate })
    }

    /// Takes the oldest delivery that is due.
    pub async fn claim_delivery(&self, now: i64) -> Result<Option<DeliveryRow>, StoreError> {
        let query = format!(
            "UPDATE deliveries SET tries = tries + 1, due_at = $2 WHERE due_at <= $1 AND state = 'pending' AND id = \
             (SELECT id FROM deliveries WHERE state = 'pending' AND due_at <= $1 ORDER BY received_at LIMIT 1 {}) \
             RETURNING id, event, payload, tries, received_at",
            self.skip_locked
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(now)
            .bind(now + TRY_SECONDS)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(DeliveryRow {
            id: row.try_get("id")?,
            event: row.try_get("event")?,
            payload: row.try_get("payload")?,
            tries: u32::try_from(row.try_get::<i64, _>("tries")?).unwrap_or(u32::MAX),
            received_at: row.try_get("received_at")?,
        }))
    }

    /// Closes a delivery: `done`, `ignored` or `failed`, with a note. What it said is dropped.
    pub async fn finish_delivery(&self, id: &str, state: &str, note: &str, now: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE deliveries SET state = $2, note = $3, payload = '', finished_at = $4 WHERE id = $1")
            .bind(id)
            .bind(state)
            .bind(storable(note))
            .bind(now)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Puts a delivery back, to be tried again at a time.
    pub async fn retry_delivery(&self, id: &str, due_at: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE deliveries SET due_at = $2 WHERE id = $1 AND state = 'pending'")
            .bind(id)
            .bind(due_at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Makes deliveries whose worker died due at once; called when a process starts.
    pub async fn free_deliveries(&self, now: i64) -> Result<u64, StoreError> {
        let query = format!(
            "UPDATE deliveries SET due_at = $1 WHERE id IN (SELECT id FROM deliveries WHERE state = 'pending' {})",
            self.in_turn
        );
        let freed = sqlx::query(sqlx::AssertSqlSafe(query)).bind(now).execute(&self.pool).await?;
        Ok(freed.rows_affected())
    }

    /// How many deliveries wait, and since when the oldest does.
    pub async fn waiting_deliveries(&self) -> Result<(u64, Option<i64>), StoreError> {
        let row =
            sqlx::query("SELECT COUNT(*) AS n, MIN(received_at) AS oldest FROM deliveries WHERE state = 'pending'")
                .fetch_one(&self.pool)
                .await?;
        Ok((u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0), row.try_get("oldest")?))
    }

    /// Forgets deliveries that were finished long ago.
    pub async fn forget_deliveries(&self, now: i64) -> Result<u64, StoreError> {
        let query = format!(
            "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE state <> 'pending' \
             AND received_at < $1 {})",
            self.in_turn
        );
        let gone = sqlx::query(sqlx::AssertSqlSafe(query)).bind(now - KEPT_SECONDS).execute(&self.pool).await?;
        Ok(gone.rows_affected())
    }
}
