//! The audit chain: an append-only table whose every row is hashed together with the row before it.
//!
//! `hash = SHA-256(previous ‖ 0 ‖ sequence ‖ 0 ‖ at ‖ 0 ‖ heal ‖ 0 ‖ kind ‖ 0 ‖ body)`, in lower-case
//! hexadecimal; the first row's `previous` is empty. Changing, removing or inserting a row breaks the
//! chain at that row; cutting its end off breaks it against `audit_end`, which names the last row. Who
//! can write the whole database can of course write a new chain: export it to keep it elsewhere
//! (`heal audit export`).
//!
//! Rows are appended one after the other: the update of `audit_end` comes first in the transaction and
//! holds back any other writer, on both engines.

use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError};

/// A row of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// Its place, from 1.
    pub sequence: i64,
    /// When, in seconds since 1970.
    pub at: i64,
    /// The heal that it belongs to.
    pub heal: Option<String>,
    /// What happened: `signal`, `diagnosis`, `draft`, `effect`, `outcome` …
    pub kind: String,
    /// The facts, as JSON.
    pub body: String,
    /// The hash of the row before.
    pub previous: String,
    /// This row's hash.
    pub hash: String,
}

/// Where the chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// A row is missing or was inserted.
    #[error("row {found} stands where row {expected} should be")]
    Gap {
        /// The place that is broken.
        expected: i64,
        /// The row found there.
        found: i64,
    },
    /// A row does not name the hash of the row before it.
    #[error("row {sequence} does not follow the row before it")]
    Unlinked {
        /// The row.
        sequence: i64,
    },
    /// A row's content is not what was hashed.
    #[error("row {sequence} was changed")]
    Changed {
        /// The row.
        sequence: i64,
    },
    /// The chain is shorter or longer than its recorded end.
    #[error("the chain ends with row {found}, and row {expected} was the last one written")]
    Cut {
        /// The recorded last row.
        expected: i64,
        /// The last row found.
        found: i64,
    },
}

impl AuditRow {
    fn expected_hash(&self) -> String {
        let mut hash = Sha256::new();
        let sequence = self.sequence.to_string();
        let at = self.at.to_string();
        let parts = [&self.previous, &sequence, &at, self.heal.as_deref().unwrap_or(""), &self.kind, &self.body];
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                hash.update([0]);
            }
            hash.update(part.as_bytes());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn row_of(row: &AnyRow) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        sequence: row.try_get("sequence")?,
        at: row.try_get("at")?,
        heal: row.try_get("heal_id")?,
        kind: row.try_get("kind")?,
        body: row.try_get("body")?,
        previous: row.try_get("previous")?,
        hash: row.try_get("hash")?,
    })
}

/// How many rows are read at a time.
const PAGE: i64 = 1000;

impl Store {
    /// Appends a row, its body without secrets.
    pub async fn append_audit(
        &self,
        heal: Option<&str>,
        kind: &str,
        body: &serde_json::Value,
        now: i64,
    ) -> Result<i64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let end = sqlx::query("UPDATE audit_end SET sequence = sequence + 1 WHERE id = 1 RETURNING sequence, hash")
            .fetch_one(&mut *transaction)
            .await?;
        let mut row = AuditRow {
            sequence: end.try_get("sequence")?,
            at: now,
            heal: heal.map(str::to_owned),
            kind: kind.to_owned(),
            body: crate::redact::json(body).to_string(),
            previous: end.try_get("hash")?,
            hash: String::new(),
        };
        row.hash = row.expected_hash();
        sqlx::query(
            "INSERT INTO audit (sequence, at, heal_id, kind, body, previous, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(row.sequence)
        .bind(row.at)
        .bind(row.heal.as_deref())
        .bind(&row.kind)
        .bind(&row.body)
        .bind(&row.previous)
        .bind(&row.hash)
        .execute(&mut *transaction)
        .await?;
        sqlx::query("UPDATE audit_end SET hash = $1 WHERE id = 1").bind(&row.hash).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(row.sequence)
    }

    /// The rows after a place, at most a page of them.
    pub async fn audit_after(&self, sequence: i64) -> Result<Vec<AuditRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2")
            .bind(sequence)
            .bind(PAGE)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(row_of).collect()
    }

    /// Walks the chain; gives the number of rows, or where it breaks.
    pub async fn verify_audit(&self) -> Result<Result<i64, AuditFault>, StoreError> {
        let (mut last, mut hash) = (0, String::new());
        loop {
            let page = self.audit_after(last).await?;
            if page.is_empty() {
                break;
            }
            for row in page {
                if row.sequence != last + 1 {
                    return Ok(Err(AuditFault::Gap { expected: last + 1, found: row.sequence }));
                }
                if row.previous != hash {
                    return Ok(Err(AuditFault::Unlinked { sequence: row.sequence }));
                }
                if row.hash != row.expected_hash() {
                    return Ok(Err(AuditFault::Changed { sequence: row.sequence }));
                }
                (last, hash) = (row.sequence, row.hash);
            }
        }
        let end = sqlx::query("SELECT sequence, hash FROM audit_end WHERE id = 1").fetch_one(&self.pool).await?;
        let (expected, expected_hash): (i64, String) = (end.try_get("sequence")?, end.try_get("hash")?);
        if expected != last {
            return Ok(Err(AuditFault::Cut { expected, found: last }));
        }
        Ok(if expected_hash == hash { Ok(last) } else { Err(AuditFault::Changed { sequence: last }) })
    }
}
