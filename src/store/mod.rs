//! The floor that remembers: heals and their transitions, in SQLite.
//!
//! In: a database URL. Out: [`Store`], whose every method is one short statement or transaction.
//! Times are seconds since 1970, given by the caller.

mod heals;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, ConnectOptions};
use std::str::FromStr;
use std::time::Duration;

pub use heals::{HealId, HealRow};

/// Why the store can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be opened.
    #[error("can't open the database {url}")]
    Open {
        /// The URL without credentials.
        url: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The schema can't be brought up to date.
    #[error("can't bring the database's schema up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A statement failed.
    #[error("the database refused a statement")]
    Statement(#[from] sqlx::Error),
}

/// A database that holds heals.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
}

impl Store {
    /// Opens the database and brings its schema up to date; `sqlite::memory:` for one that is forgotten.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let failed = |source| StoreError::Open { url: url.to_owned(), source };
        let options = AnyConnectOptions::from_str(url).map_err(failed)?.disable_statement_logging();
        // One connection: a heal writes a dozen rows, and `:memory:` is one database per connection.
        let pool = AnyPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await
            .map_err(failed)?;
        sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&pool).await.map_err(failed)?;
        sqlx::raw_sql("PRAGMA busy_timeout = 5000").execute(&pool).await.map_err(failed)?;
        sqlx::migrate!("migrations/sqlite").run(&pool).await?;
        Ok(Store { pool })
    }
}
