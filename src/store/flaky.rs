//! The table `flaky_evidence`: failures that went away without a change of the code.

use sqlx::Row;

use super::text::key;
use super::{Store, StoreError};

impl Store {
    /// Notes that a test failed and passed on the same commit.
    pub async fn add_flaky_evidence(
        &self,
        repository: &str,
        head: &str,
        fingerprint: &str,
        test: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO flaky_evidence (repository, head, fingerprint, test, at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
        )
        .bind(repository)
        .bind(head)
        .bind(fingerprint)
        .bind(key(test))
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How often a test of a repository was seen to be flaky.
    pub async fn flaky_evidence(&self, repository: &str, test: &str) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS n FROM flaky_evidence WHERE repository = $1 AND test = $2")
            .bind(repository)
            .bind(key(test))
            .fetch_one(&self.pool)
            .await?;
        Ok(u64::try_from(row.try_get::<i64, _>("n")?).unwrap_or(0))
    }
}
