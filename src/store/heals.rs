//! The tables `heals` and `transitions`.

use sqlx::Row;

use super::{Store, StoreError};

/// Names one heal: 16 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HealId(pub String);

/// A row of `heals`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealRow {
    /// Its id.
    pub id: HealId,
    /// The repository's path.
    pub repository: String,
    /// The commit.
    pub head: String,
    /// The state's name.
    pub state: String,
    /// The outcome, once closed.
    pub outcome: Option<String>,
    /// The process that works on it.
    pub owner: String,
}

impl Store {
    /// Adds a heal in its first state.
    pub async fn add_heal(&self, heal: &HealRow, now: i64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO heals (id, repository, head, state, owner, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $6)",
        )
        .bind(&heal.id.0)
        .bind(&heal.repository)
        .bind(&heal.head)
        .bind(&heal.state)
        .bind(&heal.owner)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Records a transition and the state it leads to, both or neither.
    pub async fn record_transition(
        &self,
        id: &HealId,
        from: &str,
        event: &str,
        to: &str,
        outcome: Option<&str>,
        now: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO transitions (heal_id, sequence, from_state, event, to_state, at) \
             SELECT $1, COALESCE(MAX(sequence), 0) + 1, $2, $3, $4, $5 FROM transitions WHERE heal_id = $1",
        )
        .bind(&id.0)
        .bind(from)
        .bind(event)
        .bind(to)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        sqlx::query("UPDATE heals SET state = $2, outcome = $3, updated_at = $4 WHERE id = $1")
            .bind(&id.0)
            .bind(to)
            .bind(outcome)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The heals of a repository that no process closed.
    pub async fn open_heals(&self, repository: &str) -> Result<Vec<HealRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, repository, head, state, owner FROM heals \
             WHERE repository = $1 AND state <> 'closed' ORDER BY created_at",
        )
        .bind(repository)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(HealRow {
                    id: HealId(row.try_get("id")?),
                    repository: row.try_get("repository")?,
                    head: row.try_get("head")?,
                    state: row.try_get("state")?,
                    outcome: None,
                    owner: row.try_get("owner")?,
                })
            })
            .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_heal_s_transitions_are_kept_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("heal.db").display());
        let id = HealId("0123456789abcdef".to_owned());
        let store = Store::open(&url).await.unwrap();
        let heal = HealRow {
            id: id.clone(),
            repository: "/repo".to_owned(),
            head: "abc".to_owned(),
            state: "received".to_owned(),
            outcome: None,
            owner: "1".to_owned(),
        };
        store.add_heal(&heal, 1).await.unwrap();
        store.record_transition(&id, "received", "start", "reproducing", None, 2).await.unwrap();
        drop(store);

        let store = Store::open(&url).await.unwrap();
        assert_eq!(store.open_heals("/repo").await.unwrap()[0].state, "reproducing");
        store.record_transition(&id, "reproducing", "green", "closed", Some("nothing_failing"), 3).await.unwrap();
        assert_eq!(store.open_heals("/repo").await.unwrap(), []);
        let events: Vec<String> =
            store.transitions(&id).await.unwrap().into_iter().map(|(_, event, _)| event).collect();
        assert_eq!(events, ["start", "green"]);
    }
}
