//! A fresh database on either engine, and the macro that runs a test on both.

use super::cluster;
use crate::store::Store;

/// What a database runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A throw-away server.
    Postgres,
}

/// An empty database with heal's schema.
pub struct Database {
    /// A store on it.
    pub store: Store,
    /// What it runs on.
    pub engine: Engine,
    url: String,
    /// The folder of the file, gone when the test ends.
    _folder: Option<tempfile::TempDir>,
}

impl Database {
    /// A file of its own.
    pub async fn sqlite() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("heal.db").display());
        Some(Database::at(Engine::Sqlite, url, Some(folder)).await)
    }

    /// A database of its own; `None` where the machine has no PostgreSQL, which is said.
    pub async fn postgres() -> Option<Self> {
        let url = cluster::fresh_database().await?;
        Some(Database::at(Engine::Postgres, url, None).await)
    }

    async fn at(engine: Engine, url: String, folder: Option<tempfile::TempDir>) -> Self {
        let store = Store::open(&url).await.unwrap();
        Database { store, engine, url, _folder: folder }
    }

    /// A second store on the same database, as of another process.
    pub async fn second_store(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }
}

/// Makes of each named `async fn(Database)` a test on SQLite and one on PostgreSQL.
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            use super::Database;
            $(#[tokio::test]
            async fn $test() {
                if let Some(database) = Database::sqlite().await {
                    super::$test(database).await;
                }
            })+
        }
        mod postgres {
            use super::Database;
            $(#[tokio::test]
            async fn $test() {
                if let Some(database) = Database::postgres().await {
                    super::$test(database).await;
                }
            })+
        }
    };
}
pub(super) use on_both_engines;
