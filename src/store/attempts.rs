//! The table `attempts`: the one ledger of patches put to the test, whatever the door.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::{HealId, Store, StoreError};

/// A patch put to the test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// Its number in the heal, from 1.
    pub number: u32,
    /// The temporary branch, once there is one.
    pub branch: Option<String>,
    /// The commit on it.
    pub commit: Option<String>,
    /// Edits, verdict and what CI said, as JSON.
    pub data: String,
}

fn attempt_of(row: &AnyRow) -> Result<AttemptRow, StoreError> {
    Ok(AttemptRow {
        number: u32::try_from(row.try_get::<i64, _>("number")?).unwrap_or(u32::MAX),
        branch: row.try_get("branch")?,
        commit: row.try_get("commit_sha")?,
        data: row.try_get("data")?,
    })
}

impl Store {
    /// Writes an attempt, or what is newly known of it.
    pub async fn put_attempt(&self, heal: &HealId, attempt: &AttemptRow, now: i64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO attempts (heal_id, number, branch, commit_sha, data, at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (heal_id, number) DO UPDATE SET branch = excluded.branch, commit_sha = excluded.commit_sha, \
             data = excluded.data",
        )
        .bind(&heal.0)
        .bind(i64::from(attempt.number))
        .bind(attempt.branch.as_deref())
        .bind(attempt.commit.as_deref())
        .bind(&attempt.data)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The attempts of a heal, in order.
    pub async fn attempts(&self, heal: &HealId) -> Result<Vec<AttemptRow>, StoreError> {
        let rows =
            sqlx::query("SELECT number, branch, commit_sha, data FROM attempts WHERE heal_id = $1 ORDER BY number")
                .bind(&heal.0)
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(attempt_of).collect()
    }
}
