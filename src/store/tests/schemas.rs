//! The two migration folders say the same.

use sqlx::{AnyPool, Row};

use super::cluster;
use super::database::Database;

/// Every column of heal's tables: `table.column class nullable`.
const SQLITE_COLUMNS: &str = "SELECT t.name || '.' || c.name || ' ' || lower(c.type) || CASE WHEN c.\"notnull\" = 1 \
     THEN '' ELSE ' null' END AS line FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'";
const POSTGRES_COLUMNS: &str = "SELECT CAST(table_name || '.' || column_name || ' ' || data_type || CASE WHEN \
     is_nullable = 'NO' THEN '' ELSE ' null' END AS TEXT) AS line FROM information_schema.columns \
     WHERE table_schema = 'public'";

/// Every index that a migration makes by name, and whether it is unique.
const SQLITE_INDEXES: &str = "SELECT tbl_name || '.' || name || CASE WHEN sql LIKE 'CREATE UNIQUE%' THEN ' unique' ELSE '' END \
     AS line FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
const POSTGRES_INDEXES: &str = "SELECT CAST(tablename || '.' || indexname || CASE WHEN indexdef LIKE 'CREATE UNIQUE%' \
     THEN ' unique' ELSE '' END AS TEXT) AS line FROM pg_indexes WHERE schemaname = 'public' \
     AND indexname NOT LIKE '%\\_pkey'";

async fn lines(pool: &AnyPool, query: &'static str) -> Vec<String> {
    let rows = sqlx::query(query).fetch_all(pool).await.unwrap();
    let lines = rows.iter().map(|row| row.try_get::<String, _>("line").unwrap());
    // sqlx's own table and SQLite's are of no interest.
    let mut lines: Vec<_> = lines.filter(|line| !line.starts_with("_sqlx") && !line.starts_with("sqlite_")).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn both_engines_have_the_same_tables_columns_and_indexes() {
    let (Some(sqlite), Some(postgres)) = (Database::sqlite().await, Database::postgres().await) else { return };
    let columns = lines(&sqlite.store.pool, SQLITE_COLUMNS).await;
    assert!(columns.contains(&"heals.lease_until bigint".to_owned()), "{columns:?}");
    assert_eq!(columns, lines(&postgres.store.pool, POSTGRES_COLUMNS).await);
    let indexes = lines(&sqlite.store.pool, SQLITE_INDEXES).await;
    assert!(indexes.contains(&"heals.heals_by_failure unique".to_owned()), "{indexes:?}");
    assert_eq!(indexes, lines(&postgres.store.pool, POSTGRES_INDEXES).await);
}

/// A heal as the first release wrote it.
const OLD_HEAL: &str = "INSERT INTO heals (id, repository, head, state, owner, created_at, updated_at) \
     VALUES ('1', '/home/me/project', 'abc', 'closed', 'me', 1, 2)";

/// Brings a database with a row of the first migration up to date.
async fn migrated_over_rows(url: &str, first: &'static str, second: &'static str) {
    sqlx::any::install_default_drivers();
    let pool = AnyPool::connect(url).await.unwrap();
    for step in [first, OLD_HEAL, second] {
        sqlx::raw_sql(step).execute(&pool).await.unwrap();
    }
    let row = sqlx::query("SELECT door, due_at FROM heals").fetch_one(&pool).await.unwrap();
    assert_eq!((row.get::<String, _>("door").as_str(), row.get::<i64, _>("due_at")), ("local", 0));
}

#[tokio::test]
async fn rows_of_the_first_schema_survive_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("heal.db").display());
    let first = include_str!("../../../migrations/sqlite/0001_heals.sql");
    migrated_over_rows(&url, first, include_str!("../../../migrations/sqlite/0002_app.sql")).await;
}

#[tokio::test]
async fn rows_of_the_first_schema_survive_on_postgres() {
    let Some(url) = cluster::fresh_database().await else { return };
    let first = include_str!("../../../migrations/postgres/0001_heals.sql");
    migrated_over_rows(&url, first, include_str!("../../../migrations/postgres/0002_app.sql")).await;
}
