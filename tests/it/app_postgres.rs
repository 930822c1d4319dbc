//! The App on PostgreSQL: `heal serve`, and `heal worker` beside it as on a second machine.
//!
//! Skipped aloud where the machine has no PostgreSQL.

#[path = "../../src/store/tests/cluster.rs"]
mod cluster;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::github::{Repository, World, eventually};
use crate::projects::{BROKEN, GOOD, python};

/// A database for one story.
fn fresh_database() -> Option<String> {
    tokio::runtime::Runtime::new().unwrap().block_on(cluster::fresh_database())
}

/// A `heal worker`, killed when the story fails.
struct Worker(Child);

impl Worker {
    /// Starts one with clones and temporary files of its own.
    fn start(world: &World, database: &str) -> Self {
        let root = world.database().parent().unwrap().to_owned();
        // In `data`, where the end of the story looks for secrets.
        let data = root.join("data/second");
        std::fs::create_dir_all(&data).unwrap();
        let log = std::fs::File::create(data.join("stderr")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_heal"))
            .arg("worker")
            .current_dir(&root)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", root.join("home"))
            .env("TMPDIR", root.join("tmp"))
            .env("HEAL_DATABASE_URL", database)
            .env("HEAL_GITHUB_API_URL", &world.site.url)
            .env("HEAL_GITHUB_APP_ID", world.site.app_id.to_string())
            .env("HEAL_GITHUB_PRIVATE_KEY_PATH", root.join("app.pem"))
            .env("HEAL_GITHUB_WEBHOOK_SECRET", &world.site.secret)
            .env("HEAL_DATA_DIR", &data)
            // No webhook reaches a worker; what nobody received it finds by looking.
            .env("HEAL_SWEEP_SECONDS", "2")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Worker(child)
    }

    /// SIGTERM is a clean end.
    fn stop(mut self) {
        kill(Pid::from_raw(i32::try_from(self.0.id()).unwrap()), Signal::SIGTERM).unwrap();
        let mut status = None;
        eventually(30, "heal worker to stop", || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        });
        assert!(status.unwrap().success(), "{status:?}");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How many pull requests heal opened.
fn of_heal(repository: &Repository) -> usize {
    let all = repository.pull_requests();
    all.iter().filter(|pull| pull["head"]["ref"].as_str().is_some_and(|name| name.starts_with("heal/"))).count()
}

/// Waits for heal's pull request, and that no second one comes.
fn healed_once(repository: &Repository) {
    eventually(150, "heal's pull request", || of_heal(repository) > 0);
    std::thread::sleep(Duration::from_secs(8));
    assert_eq!((of_heal(repository), repository.issues().len()), (1, 0), "pull requests of heal, issues");
}

#[test]
fn a_server_and_a_worker_on_one_postgres_heal_once() {
    let Some(database) = fresh_database() else { return };
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[("HEAL_DATABASE_URL", &database)]);
    let mut worker = Worker::start(&world, &database);
    repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    healed_once(&repository);
    assert!(worker.0.try_wait().unwrap().is_none(), "heal worker still runs");
    worker.stop();
    assert!(serve.stop().success(), "SIGTERM is a clean end");
    world.finish();
}

#[test]
fn a_worker_goes_on_where_the_server_died() {
    let Some(database) = fresh_database() else { return };
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[("HEAL_DATABASE_URL", &database)]);
    let sha = repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    eventually(60, "heal to begin", || repository.check_runs(&sha).iter().any(|run| run["name"] == "heal"));
    serve.kill();
    let worker = Worker::start(&world, &database);
    healed_once(&repository);
    worker.stop();
    // What the dead server left on its own disk it clears away itself when it starts again.
    let serve = world.serve(&[("HEAL_DATABASE_URL", &database)]);
    assert!(serve.stop().success(), "SIGTERM is a clean end");
    world.finish();
}
