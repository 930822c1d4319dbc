//! The table `models`: how well each model keeps to each form of answer, counted over all heals.
//!
//! Every change is one statement that adds to what is there, so that no count is lost between processes.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::text::key;
use super::{Store, StoreError};

/// What is known of a model and one form of answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelRow {
    /// The form of answer.
    pub format: String,
    /// How many answers came.
    pub asked: u64,
    /// How many of them could be read.
    pub well_formed: u64,
    /// How many of them fitted the files.
    pub applied: u64,
    /// How often the endpoint refused the form itself.
    pub refused: u64,
    /// When it was last asked.
    pub at: i64,
}

/// What is added to a row.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    asked: i64,
    well_formed: i64,
    applied: i64,
    refused: i64,
}

fn model_of(row: &AnyRow) -> Result<ModelRow, StoreError> {
    let count =
        |column: &str| -> Result<u64, sqlx::Error> { Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0)) };
    Ok(ModelRow {
        format: row.try_get("format")?,
        asked: count("asked")?,
        well_formed: count("well_formed")?,
        applied: count("applied")?,
        refused: count("refused")?,
        at: row.try_get("at")?,
    })
}

impl Store {
    /// Counts an answer: whether it could be read, and whether its edits fitted.
    pub async fn record_model_use(
        &self,
        endpoint: &str,
        model: &str,
        format: &str,
        well_formed: bool,
        applied: bool,
        now: i64,
    ) -> Result<(), StoreError> {
        let (well_formed, applied) = (i64::from(well_formed), i64::from(applied));
        self.count_model(endpoint, model, format, Counts { asked: 1, well_formed, applied, ..Counts::default() }, now)
            .await
    }

    /// Notes that an endpoint refuses a form of answer for a model.
    pub async fn record_format_refused(
        &self,
        endpoint: &str,
        model: &str,
        format: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        self.count_model(endpoint, model, format, Counts { refused: 1, ..Counts::default() }, now).await
    }

    /// What is known of a model at an endpoint: a row per form of answer, by name.
    pub async fn model_record(&self, endpoint: &str, model: &str) -> Result<Vec<ModelRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT format, asked, well_formed, applied, refused, at FROM models \
             WHERE endpoint = $1 AND model = $2 ORDER BY format",
        )
        .bind(key(endpoint))
        .bind(key(model))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(model_of).collect()
    }

    async fn count_model(
        &self,
        endpoint: &str,
        model: &str,
        format: &str,
        counts: Counts,
        now: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO models (endpoint, model, format, asked, well_formed, applied, refused, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (endpoint, model, format) \
             DO UPDATE SET asked = models.asked + excluded.asked, well_formed = models.well_formed + \
             excluded.well_formed, applied = models.applied + excluded.applied, refused = models.refused + \
             excluded.refused, at = excluded.at",
        )
        .bind(key(endpoint))
        .bind(key(model))
        .bind(key(format))
        .bind(counts.asked)
        .bind(counts.well_formed)
        .bind(counts.applied)
        .bind(counts.refused)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
