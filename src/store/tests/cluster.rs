//! One throw-away PostgreSQL per test process, and a fresh database for whoever asks.
//!
//! In: the server's programs, on PATH or where Debian puts them. Out: the URL of an empty database; `None`,
//! said aloud, where the machine has no PostgreSQL (a failure when `HEAL_REQUIRE_POSTGRES` is set, as the gate
//! does where it sees one). The server runs under `cluster.sh`, which ends with this process. PostgreSQL
//! refuses to run as root: then it runs as `nobody`. The integration tests use this file, too.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

/// The running server.
struct Cluster {
    /// Holds the pipe that keeps the server alive.
    _child: Mutex<Child>,
    /// The folder of its socket.
    socket: String,
}

/// Started when first asked for, by whichever test that is.
static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();

/// How many databases were made.
static MADE: AtomicU32 = AtomicU32::new(0);

/// The URL of a new, empty database.
pub async fn fresh_database() -> Option<String> {
    let cluster = CLUSTER.get_or_init(|| programs().map(|folder| start(&folder))).as_ref();
    let Some(cluster) = cluster else {
        eprintln!("skipped: this machine has no PostgreSQL (no initdb on PATH or in /usr/lib/postgresql)");
        assert!(std::env::var_os("HEAL_REQUIRE_POSTGRES").is_none(), "this machine has no PostgreSQL");
        return None;
    };
    let name = format!("heal_{}", MADE.fetch_add(1, Ordering::Relaxed));
    let url = |database: &str| format!("postgres://heal@localhost/{database}?host={}", cluster.socket);
    sqlx::any::install_default_drivers();
    let mut connection = <sqlx::AnyConnection as sqlx::Connection>::connect(&url("postgres")).await.unwrap();
    // From `template0`, which nobody can be connected to: databases may be made at the same time.
    let query = format!("CREATE DATABASE {name} TEMPLATE template0");
    sqlx::raw_sql(sqlx::AssertSqlSafe(query)).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    Some(url(&name))
}

/// The folder of the server's programs.
fn programs() -> Option<PathBuf> {
    let on_path = which::which("initdb").ok().and_then(|program| std::fs::canonicalize(program).ok());
    if let Some(program) = on_path {
        return program.parent().map(PathBuf::from);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions.flatten().map(|version| version.path().join("bin")).find(|folder| folder.join("initdb").exists())
}

#[expect(clippy::disallowed_methods, reason = "a server for tests, kept by nothing but the test process")]
fn start(programs: &std::path::Path) -> Cluster {
    let mut command = Command::new("sh");
    command.args(["-c", include_str!("cluster.sh")]).current_dir("/").env_clear();
    command.env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
    if nix::unistd::geteuid().is_root() {
        let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
        command.uid(nobody.uid.as_raw()).gid(nobody.gid.as_raw());
    }
    // A group of its own: an interrupt at the terminal reaches the tests, and the script sees them end.
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut socket = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut socket).unwrap();
    assert!(socket.starts_with('/'), "PostgreSQL did not start; what it said stands above");
    Cluster { _child: Mutex::new(child), socket: socket.trim().to_owned() }
}
