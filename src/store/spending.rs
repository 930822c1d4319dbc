//! The table `spending`: what each heal has spent on models, written before a call for the most that it can cost and
//! again after it for what it did cost.

use sqlx::Row;

use super::{HealId, Store, StoreError};

impl Store {
    /// Writes what a heal has spent, as JSON.
    pub async fn put_spending(&self, id: &HealId, data: &str, now: i64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO spending (heal_id, data, at) VALUES ($1, $2, $3) \
             ON CONFLICT (heal_id) DO UPDATE SET data = excluded.data, at = excluded.at",
        )
        .bind(&id.0)
        .bind(data)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What a heal has spent, as JSON; `None` where no model was asked.
    pub async fn spending(&self, id: &HealId) -> Result<Option<String>, StoreError> {
        let row =
            sqlx::query("SELECT data FROM spending WHERE heal_id = $1").bind(&id.0).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get("data")).transpose()?)
    }
}
