//! What earlier heals of a repository came to: the fixes that ended well, and those that people closed.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::{HealId, Store, StoreError};

/// A patch of an earlier heal that was proven then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRow {
    /// The heal.
    pub heal: HealId,
    /// The name of its failure.
    pub fingerprint: String,
    /// What the heal knew, as JSON.
    pub knowledge: String,
    /// The attempt's data, as JSON.
    pub data: String,
    /// When it was put to the test.
    pub at: i64,
}

/// How many attempts are looked through: the newest of a repository.
const MOST_ROWS: i64 = 1_000;

impl Store {
    /// Proven fixes of a repository's earlier heals that ended well: those of the same failure first, then the
    /// newest.
    pub async fn past_fixes(
        &self,
        repository: &str,
        fingerprint: &str,
        limit: usize,
    ) -> Result<Vec<PastRow>, StoreError> {
        self.fixes_of(repository, fingerprint, "healed", limit).await
    }

    /// Proven fixes that people closed, in the same order; none of them is to be proposed again.
    pub async fn failed_fixes(
        &self,
        repository: &str,
        fingerprint: &str,
        limit: usize,
    ) -> Result<Vec<PastRow>, StoreError> {
        self.fixes_of(repository, fingerprint, "rejected", limit).await
    }

    /// Keeps the name of a heal's failure, though other heals of the commit may have it too: on a developer's
    /// machine the same failure is healed as often as somebody asks.
    pub async fn keep_fingerprint(&self, id: &HealId, owner: &str, fingerprint: &str) -> Result<(), StoreError> {
        let kept = sqlx::query("UPDATE heals SET fingerprint = $2 WHERE id = $1 AND owner = $3 AND door <> 'github'")
            .bind(&id.0)
            .bind(fingerprint)
            .bind(owner)
            .execute(&self.pool)
            .await?;
        if kept.rows_affected() == 1 { Ok(()) } else { Err(StoreError::LostHeal { heal: id.0.clone() }) }
    }

    async fn fixes_of(
        &self,
        repository: &str,
        fingerprint: &str,
        outcome: &str,
        limit: usize,
    ) -> Result<Vec<PastRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT heals.id AS id, heals.fingerprint AS fingerprint, heals.data AS knowledge, attempts.data AS data, \
             attempts.at AS at FROM heals JOIN attempts ON attempts.heal_id = heals.id WHERE heals.repository = $1 \
             AND heals.outcome = $2 ORDER BY CASE WHEN heals.fingerprint = $3 THEN 0 ELSE 1 END, attempts.at DESC, \
             heals.id, attempts.number DESC LIMIT $4",
        )
        .bind(repository)
        .bind(outcome)
        .bind(fingerprint)
        .bind(MOST_ROWS)
        .fetch_all(&self.pool)
        .await?;
        let mut fixes = Vec::new();
        for row in &rows {
            if fixes.len() == limit {
                break;
            }
            let fix = past_of(row)?;
            if is_proven(&fix)? {
                fixes.push(fix);
            }
        }
        Ok(fixes)
    }
}

fn past_of(row: &AnyRow) -> Result<PastRow, StoreError> {
    Ok(PastRow {
        heal: HealId(row.try_get("id")?),
        fingerprint: row.try_get("fingerprint")?,
        knowledge: row.try_get("knowledge")?,
        data: row.try_get("data")?,
        at: row.try_get("at")?,
    })
}

/// CI's word counts where it spoke, else this machine's.
fn is_proven(fix: &PastRow) -> Result<bool, StoreError> {
    #[derive(serde::Deserialize)]
    struct Proof {
        #[serde(default)]
        proven_here: bool,
        #[serde(default)]
        ci_green: Option<bool>,
    }
    let corrupt = |source| StoreError::Corrupt { what: "attempt", heal: fix.heal.0.clone(), source };
    let proof: Proof = serde_json::from_str(&fix.data).map_err(corrupt)?;
    Ok(proof.ci_green.unwrap_or(proof.proven_here))
}
