//! Who works on which heal: leases, and when a heal is due.
//!
//! A claim is one `UPDATE … RETURNING`: a heal that is due and whose lease has run out gets a new owner
//! and a new lease. On PostgreSQL, where statements run side by side, the
//! inner `SELECT`s end in a locking clause (see `open`), the one thing in which the engines' texts differ. The owner renews the lease while it works. A process that dies leaves a lease that
//! runs out, or is freed at once when a process of the same machine starts and sees that the owner is gone.

use sqlx::Row;

use super::heals::{COLUMNS, HealId, HealRow, heal_of};
use super::{Store, StoreError};

/// How long a claimed heal is left to its owner without a renewal, in seconds.
pub const LEASE_SECONDS: i64 = 60;

impl Store {
    /// Claims the heal that has been due for longest.
    pub async fn claim_heal(&self, owner: &str, now: i64) -> Result<Option<HealRow>, StoreError> {
        let query = format!(
            "UPDATE heals SET owner = $1, lease_until = $2, woken_at = 0 WHERE lease_until <= $3 AND id = (SELECT id FROM heals \
             WHERE door = 'github' AND settled = 0 AND due_at <= $3 AND lease_until <= $3 ORDER BY due_at LIMIT 1 {}) \
             RETURNING {COLUMNS}",
            self.skip_locked
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(owner)
            .bind(now + LEASE_SECONDS)
            .bind(now)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(heal_of).transpose()
    }

    /// Renews a lease; `false` when it is no longer the owner's.
    pub async fn renew_lease(&self, id: &HealId, owner: &str, now: i64) -> Result<bool, StoreError> {
        let renewed = sqlx::query("UPDATE heals SET lease_until = $3 WHERE id = $1 AND owner = $2")
            .bind(&id.0)
            .bind(owner)
            .bind(now + LEASE_SECONDS)
            .execute(&self.pool)
            .await?;
        Ok(renewed.rows_affected() == 1)
    }

    /// Gives a heal back, due again at a time; a wake-up that came since the claim makes it due at once, unless
    /// the step failed: a pause is a pause.
    pub async fn release_heal(&self, id: &HealId, owner: &str, release: Release) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE heals SET lease_until = 0, settled = $2, failures = $3, \
             due_at = CASE WHEN woken_at > 0 AND $3 = 0 THEN woken_at ELSE $4 END WHERE id = $1 AND owner = $5",
        )
        .bind(&id.0)
        .bind(i64::from(release.settled))
        .bind(i64::from(release.failures))
        .bind(release.due_at)
        .bind(owner)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Makes the unsettled heals due that a condition names: of a commit (their own head or an attempt's),
    /// or of a branch. Gives how many there were.
    pub async fn wake_heals(&self, repository: &str, of: &Wake<'_>, now: i64) -> Result<u64, StoreError> {
        let (condition, value) = match of {
            Wake::Commit(sha) => {
                ("(head = $3 OR id IN (SELECT heal_id FROM attempts WHERE commit_sha = $3))", (*sha).to_owned())
            }
            Wake::Branch(branch) => {
                ("(branch = $3 OR id IN (SELECT heal_id FROM attempts WHERE branch = $3))", (*branch).to_owned())
            }
            Wake::Repository => ("CAST($3 AS TEXT) IS NOT NULL", String::new()),
        };
        let query = format!(
            "UPDATE heals SET due_at = CASE WHEN failures > 0 AND due_at > $1 THEN due_at ELSE $1 END, woken_at = $1 \
             WHERE id IN (SELECT id FROM heals WHERE door = 'github' AND settled = 0 AND repository = $2 \
             AND {condition} {})",
            self.in_turn
        );
        let woken =
            sqlx::query(sqlx::AssertSqlSafe(query)).bind(now).bind(repository).bind(value).execute(&self.pool).await?;
        Ok(woken.rows_affected())
    }

    /// Frees the leases of owners that are gone, as `is_gone` says; gives how many.
    pub async fn free_leases(&self, is_gone: impl Fn(&str) -> bool) -> Result<u64, StoreError> {
        let rows = sqlx::query("SELECT DISTINCT owner FROM heals WHERE door = 'github' AND lease_until > 0")
            .fetch_all(&self.pool)
            .await?;
        let free = format!(
            "UPDATE heals SET lease_until = 0 WHERE id IN (SELECT id FROM heals WHERE owner = $1 AND door = 'github' {})",
            self.in_turn
        );
        let mut freed = 0;
        for row in rows {
            let owner: String = row.try_get("owner")?;
            if is_gone(&owner) {
                let done = sqlx::query(sqlx::AssertSqlSafe(free.as_str())).bind(&owner).execute(&self.pool).await?;
                freed += done.rows_affected();
            }
        }
        Ok(freed)
    }

    /// When the next unsettled heal is due; `None` when there is none.
    pub async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query("SELECT MIN(due_at) AS due FROM heals WHERE door = 'github' AND settled = 0")
            .fetch_one(&self.pool)
            .await?;
        Ok(row.try_get("due")?)
    }

    /// How many heals are due, and since when the first of them is.
    pub async fn waiting_heals(&self, now: i64) -> Result<(u64, Option<i64>), StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS n, MIN(due_at) AS due FROM heals WHERE door = 'github' AND settled = 0 AND due_at <= $1",
        )
        .bind(now)
        .fetch_one(&self.pool)
        .await?;
        Ok((u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0), row.try_get("due")?))
    }

    /// The ids of the heals that some worker has in hand.
    pub async fn heals_in_hand(&self, now: i64) -> Result<Vec<HealId>, StoreError> {
        let query = "SELECT id FROM heals WHERE door = 'github' AND lease_until > $1";
        let rows = sqlx::query(query).bind(now).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(HealId(row.try_get("id")?))).collect()
    }
}

/// How a heal is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// When it is due again.
    pub due_at: i64,
    /// Whether nothing is left to do.
    pub settled: bool,
    /// How many steps in a row failed.
    pub failures: u32,
}

/// Which heals are woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake<'a> {
    /// Those of a commit, as head or as an attempt.
    Commit(&'a str),
    /// Those of a branch, as failing branch or as an attempt's.
    Branch(&'a str),
    /// All of the repository.
    Repository,
}
