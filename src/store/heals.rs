//! The tables `heals` and `transitions`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError};

/// Names one heal: 16 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct HealId(pub String);

impl std::fmt::Display for HealId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A row of `heals`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealRow {
    /// Its id.
    pub id: HealId,
    /// Through which door it came: `local` or `github`.
    pub door: String,
    /// The repository: a path, or `owner/name`.
    pub repository: String,
    /// The commit.
    pub head: String,
    /// The branch, where the door has one.
    pub branch: String,
    /// The failure's name; empty until the failure is read.
    pub fingerprint: String,
    /// The state's name.
    pub state: String,
    /// The attempt that the state speaks of, from 1; 0 before the first.
    pub attempt: u32,
    /// The outcome, once closed.
    pub outcome: Option<String>,
    /// The process that works on it.
    pub owner: String,
    /// What the heal knows, as JSON.
    pub data: String,
    /// Whether nothing is left to do.
    pub settled: bool,
    /// How many steps in a row failed.
    pub failures: u32,
    /// When it came.
    pub created_at: i64,
}

impl HealRow {
    /// A heal in its first state.
    pub fn new(id: HealId, door: &str, repository: &str, head: &str, owner: &str) -> Self {
        HealRow {
            id,
            door: door.to_owned(),
            repository: repository.to_owned(),
            head: head.to_owned(),
            branch: String::new(),
            fingerprint: String::new(),
            state: "received".to_owned(),
            attempt: 0,
            outcome: None,
            owner: owner.to_owned(),
            data: "{}".to_owned(),
            settled: false,
            failures: 0,
            created_at: 0,
        }
    }

    /// What the heal knows.
    pub fn knowledge<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        let corrupt = |source| StoreError::Corrupt { what: "data", heal: self.id.0.clone(), source };
        serde_json::from_str(&self.data).map_err(corrupt)
    }
}

/// A transition to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Transition<'a> {
    /// Who records it; nobody but the heal's owner can.
    pub owner: &'a str,
    /// The state that is left.
    pub from: &'a str,
    /// What happened.
    pub event: &'a str,
    /// The state that is entered.
    pub to: &'a str,
    /// The attempt that the new state speaks of.
    pub attempt: u32,
    /// The outcome, when the heal is closed.
    pub outcome: Option<&'a str>,
}

/// Outcomes that say nothing of the failure itself.
pub const PASSING: [&str; 4] = ["superseded", "forbidden", "abandoned", "nothing_failing"];

pub(super) const COLUMNS: &str = "id, door, repository, head, branch, fingerprint, state, attempt, outcome, owner, \
                                  data, settled, failures, created_at";

pub(super) fn heal_of(row: &AnyRow) -> Result<HealRow, StoreError> {
    let count = |column: &str| -> Result<u32, sqlx::Error> {
        Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
    };
    Ok(HealRow {
        id: HealId(row.try_get("id")?),
        door: row.try_get("door")?,
        repository: row.try_get("repository")?,
        head: row.try_get("head")?,
        branch: row.try_get("branch")?,
        fingerprint: row.try_get("fingerprint")?,
        state: row.try_get("state")?,
        attempt: count("attempt")?,
        outcome: row.try_get("outcome")?,
        owner: row.try_get("owner")?,
        data: row.try_get("data")?,
        settled: row.try_get::<i64, _>("settled")? != 0,
        failures: count("failures")?,
        created_at: row.try_get("created_at")?,
    })
}

impl Store {
    /// Adds a heal in its first state; `false` when the door's rules say that it exists already.
    pub async fn add_heal(&self, heal: &HealRow, now: i64) -> Result<bool, StoreError> {
        let added = sqlx::query(
            "INSERT INTO heals (id, door, repository, head, branch, fingerprint, state, owner, data, due_at, \
             created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10) \
             ON CONFLICT DO NOTHING",
        )
        .bind(&heal.id.0)
        .bind(&heal.door)
        .bind(&heal.repository)
        .bind(&heal.head)
        .bind(&heal.branch)
        .bind(&heal.fingerprint)
        .bind(&heal.state)
        .bind(&heal.owner)
        .bind(&heal.data)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    /// Records a transition and the state it leads to, both or neither.
    pub async fn record_transition(
        &self,
        id: &HealId,
        transition: Transition<'_>,
        data: Option<&str>,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        // A heal that ends before its failure was read, or for a reason that may pass, leaves the name of the
        // failure to a later heal of the same commit.
        let moved = sqlx::query(
            "UPDATE heals SET state = $2, attempt = $3, outcome = $4, data = COALESCE($5, data), failures = 0, \
             due_at = $6, updated_at = $6, fingerprint = CASE WHEN $7 = 1 OR ($2 = 'closed' AND fingerprint = '') \
             THEN fingerprint || '~' || id ELSE fingerprint END WHERE id = $1 AND owner = $8 AND state = $9",
        )
        .bind(&id.0)
        .bind(transition.to)
        .bind(i64::from(transition.attempt))
        .bind(transition.outcome)
        .bind(data)
        .bind(now)
        .bind(i64::from(transition.outcome.is_some_and(|outcome| PASSING.contains(&outcome))))
        .bind(transition.owner)
        .bind(transition.from)
        .execute(&mut *transaction)
        .await?;
        if moved.rows_affected() != 1 {
            return Err(StoreError::LostHeal { heal: id.0.clone() });
        }
        sqlx::query(
            "INSERT INTO transitions (heal_id, sequence, from_state, event, to_state, at) \
             SELECT $1, COALESCE(MAX(sequence), 0) + 1, $2, $3, $4, $5 FROM transitions WHERE heal_id = $1",
        )
        .bind(&id.0)
        .bind(transition.from)
        .bind(transition.event)
        .bind(transition.to)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Keeps what a heal knows, and the branch that it is about.
    pub async fn save_knowledge(
        &self,
        id: &HealId,
        owner: &str,
        branch: &str,
        data: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let saved =
            sqlx::query("UPDATE heals SET data = $2, branch = $3, updated_at = $4 WHERE id = $1 AND owner = $5")
                .bind(&id.0)
                .bind(data)
                .bind(branch)
                .bind(now)
                .bind(owner)
                .execute(&self.pool)
                .await?;
        if saved.rows_affected() == 1 { Ok(()) } else { Err(StoreError::LostHeal { heal: id.0.clone() }) }
    }

    /// Names the failure of a heal; `false` when another heal of the commit has that name.
    pub async fn name_failure(&self, id: &HealId, fingerprint: &str) -> Result<bool, StoreError> {
        let named = sqlx::query(
            "UPDATE heals SET fingerprint = $2 WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM heals AS other WHERE \
             other.repository = heals.repository AND other.head = heals.head AND other.fingerprint = $2 \
             AND other.door = heals.door AND other.id <> heals.id)",
        )
        .bind(&id.0)
        .bind(fingerprint)
        .execute(&self.pool)
        .await;
        match named {
            Ok(named) => Ok(named.rows_affected() == 1),
            // On PostgreSQL another heal may take the name between the look and the update.
            Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// One heal.
    pub async fn heal(&self, id: &HealId) -> Result<Option<HealRow>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM heals WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(query)).bind(&id.0).fetch_optional(&self.pool).await?;
        row.as_ref().map(heal_of).transpose()
    }

    /// The heals whose id begins so, at most `limit`, the newest first.
    pub async fn heals_by_prefix(&self, prefix: &str, limit: usize) -> Result<Vec<HealRow>, StoreError> {
        let query = format!(
            "SELECT {COLUMNS} FROM heals WHERE substr(id, 1, CAST($2 AS INTEGER)) = $1 \
             ORDER BY created_at DESC, id LIMIT $3"
        );
        let bounded = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(prefix).bind(bounded(prefix.chars().count()));
        query.bind(bounded(limit)).fetch_all(&self.pool).await?.iter().map(heal_of).collect()
    }

    /// The heals of a repository that no process closed.
    pub async fn open_heals(&self, repository: &str) -> Result<Vec<HealRow>, StoreError> {
        self.select("repository = $1 AND state <> 'closed' ORDER BY created_at", &[repository]).await
    }

    /// All heals of a commit.
    pub async fn heals_of_commit(&self, repository: &str, head: &str) -> Result<Vec<HealRow>, StoreError> {
        self.select("repository = $1 AND head = $2 ORDER BY created_at", &[repository, head]).await
    }

    async fn select(&self, condition: &str, values: &[&str]) -> Result<Vec<HealRow>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM heals WHERE {condition}");
        let query = values.iter().fold(sqlx::query(sqlx::AssertSqlSafe(query)), |query, value| query.bind(*value));
        query.fetch_all(&self.pool).await?.iter().map(heal_of).collect()
    }

    /// How many heals of a repository began since a time and before this one; those that came to nothing do
    /// not count.
    pub async fn heals_before(&self, heal: &HealRow, since: i64) -> Result<u64, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS n FROM heals WHERE repository = $1 AND door = 'github' AND created_at >= $2 \
             AND (created_at < $3 OR (created_at = $3 AND id < $4)) AND (outcome IS NULL OR outcome NOT IN \
             ('superseded', 'forbidden', 'abandoned', 'nothing_failing', 'duplicate'))",
        )
        .bind(&heal.repository)
        .bind(since)
        .bind(heal.created_at)
        .bind(&heal.id.0)
        .fetch_one(&self.pool)
        .await?;
        Ok(u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0))
    }

    /// How many other heals of a repository have a pull request open, or are about to.
    pub async fn open_pull_requests(&self, heal: &HealRow) -> Result<u64, StoreError> {
        let query = "SELECT COUNT(*) AS n FROM heals WHERE repository = $1 AND door = 'github' AND state = 'opened' \
                     AND id <> $2";
        let row = sqlx::query(query).bind(&heal.repository).bind(&heal.id.0).fetch_one(&self.pool).await?;
        Ok(u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0))
    }

    /// How many earlier heals of a repository have a pull request open, or are about to.
    pub async fn earlier_pull_requests(&self, heal: &HealRow) -> Result<u64, StoreError> {
        let query = "SELECT COUNT(*) AS n FROM heals WHERE repository = $1 AND door = 'github' AND state = 'opened' \
                     AND (created_at < $2 OR (created_at = $2 AND id < $3))";
        let query = sqlx::query(query).bind(&heal.repository).bind(heal.created_at).bind(&heal.id.0);
        let row = query.fetch_one(&self.pool).await?;
        Ok(u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0))
    }

    /// How many heals of the App are in which state.
    pub async fn states(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = sqlx::query("SELECT state, COUNT(*) AS n FROM heals WHERE door = 'github' GROUP BY state")
            .fetch_all(&self.pool)
            .await?;
        let count = |row: &AnyRow| Ok((row.try_get("state")?, u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0)));
        rows.iter().map(count).collect()
    }

    /// The transitions of a heal, oldest first: `(from, event, to)`.
    pub async fn transitions(&self, id: &HealId) -> Result<Vec<(String, String, String)>, StoreError> {
        let rows =
            sqlx::query("SELECT from_state, event, to_state FROM transitions WHERE heal_id = $1 ORDER BY sequence")
                .bind(&id.0)
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter()
            .map(|row| Ok((row.try_get("from_state")?, row.try_get("event")?, row.try_get("to_state")?)))
            .collect()
    }
}
