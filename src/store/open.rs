//! Opening a database: driver, pragmas, schema.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, ConnectOptions};

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
    /// Another worker has the heal, or has moved it on.
    #[error("heal {heal} is no longer in this worker's hands")]
    LostHeal {
        /// The heal.
        heal: String,
    },
    /// What is stored is not what was written.
    #[error("the {what} of heal {heal} can't be read back")]
    Corrupt {
        /// The column.
        what: &'static str,
        /// The heal.
        heal: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// A database that holds heals.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) pool: AnyPool,
    /// The end of the inner `SELECT` of a claim: [`SKIP_LOCKED`]; nothing on SQLite, which has one writer.
    pub(super) skip_locked: &'static str,
    /// The end of the inner `SELECT` of an update of many rows: [`IN_TURN`]; nothing on SQLite.
    pub(super) in_turn: &'static str,
}

/// How long a statement waits for another process's write, in milliseconds.
const BUSY_MS: u32 = 10_000;

/// Connections to PostgreSQL; SQLite gets one, since it has one writer and `:memory:` is one database
/// per connection.
const POSTGRES_CONNECTIONS: u32 = 8;

/// Lets a claim pass by the row that another claim is about to take. Without it the second claim waits for
/// the first, finds the lease taken and gives nothing, though other rows are due: of 2,000 calls by 8 clients 1,009 claimed something; with it all
/// 2,000 did (pgbench, 4,000 rows).
/// The lock is the weaker one that the update takes anyway, so that what only refers to the row goes on.
const SKIP_LOCKED: &str = "FOR NO KEY UPDATE SKIP LOCKED";

/// Makes updates of many rows lock them in the order of their ids. Without it two that run at the same time
/// lock them in different orders, and PostgreSQL ends one of them with "deadlock detected".
const IN_TURN: &str = "ORDER BY id FOR NO KEY UPDATE";

impl Store {
    /// Opens the database and brings its schema up to date; `sqlite::memory:` for one that is forgotten.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let failed = |source| StoreError::Open { url: without_credentials(url), source };
        let created = created_when_missing(url);
        let options = AnyConnectOptions::from_str(&created).map_err(failed)?.disable_statement_logging();
        let is_sqlite = url.starts_with("sqlite:");
        let pool = AnyPoolOptions::new()
            .max_connections(if is_sqlite { 1 } else { POSTGRES_CONNECTIONS })
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await
            .map_err(failed)?;
        if is_sqlite {
            // `NORMAL` with a write-ahead log survives the death of the process; what the death of the
            // machine may take (the last moments) the sweep finds again on GitHub.
            let pragmas = format!(
                "PRAGMA busy_timeout = {BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                 PRAGMA foreign_keys = ON"
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(pragmas)).execute(&pool).await.map_err(failed)?;
            sqlx::migrate!("migrations/sqlite").run(&pool).await?;
        } else {
            sqlx::migrate!("migrations/postgres").run(&pool).await?;
        }
        let [skip_locked, in_turn] = if is_sqlite { [""; 2] } else { [SKIP_LOCKED, IN_TURN] };
        Ok(Store { pool, skip_locked, in_turn })
    }

    /// Whether the database answers.
    pub async fn is_reachable(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.pool).await.is_ok()
    }

    /// Waits until every connection is given back and closed.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A SQLite file that is not there is made, unless the URL says how it is to be opened.
fn created_when_missing(url: &str) -> Cow<'_, str> {
    let is_file = url.starts_with("sqlite:") && !url.contains(":memory:") && !url.contains("mode=");
    match (is_file, url.contains('?')) {
        (true, true) => format!("{url}&mode=rwc").into(),
        (true, false) => format!("{url}?mode=rwc").into(),
        (false, _) => url.into(),
    }
}

/// `postgres://user:secret@host/db` → `postgres://host/db`.
fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split(['/', '?']).next().unwrap_or(rest).len();
            let from = rest[..authority].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", rest[from..].split('?').next().unwrap_or(""))
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_missing_is_made() {
        assert_eq!(created_when_missing("sqlite:///var/heal.db"), "sqlite:///var/heal.db?mode=rwc");
        assert_eq!(created_when_missing("sqlite://heal.db?cache=private"), "sqlite://heal.db?cache=private&mode=rwc");
        for other in ["sqlite::memory:", "sqlite://heal.db?mode=ro", "postgres://db/heal"] {
            assert_eq!(created_when_missing(other), other);
        }
    }

    #[test]
    fn urls_are_shown_without_credentials() {
        let shown = without_credentials("postgres://heal:pass@db.example:5432/heal?password=x");
        assert_eq!(shown, "postgres://db.example:5432/heal");
        assert_eq!(without_credentials("sqlite:///var/heal.db?mode=rwc"), "sqlite:///var/heal.db");
        assert_eq!(without_credentials("sqlite::memory:"), "sqlite::memory:");
    }

    #[test]
    fn both_engines_have_the_same_migrations() {
        let names = |engine: &str| {
            let folder = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
            let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(names("sqlite"), names("postgres"));
    }
}
