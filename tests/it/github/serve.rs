//! `heal serve` as a process: started, asked whether it is ready, stopped or killed.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::emulator::RUNTIME;
use super::world::eventually;

/// A running server.
pub struct Serve {
    child: Option<Child>,
    /// Where it listens.
    pub url: String,
    /// Its stderr so far.
    pub log: PathBuf,
    /// From the start to the first 200 of `/readyz`.
    pub ready_after: Duration,
}

/// The program under test: the one that the environment names (for figures of a release build), else cargo's.
pub fn program() -> PathBuf {
    // It is started in other folders than this one.
    let named = std::env::var_os("WORLD_HEAL").map(|path| std::fs::canonicalize(path).unwrap());
    named.unwrap_or_else(|| env!("CARGO_BIN_EXE_heal").into())
}

impl Serve {
    /// Starts the command, tells its process id, and waits for `/readyz`, or for its death by a fault.
    pub fn start(mut command: Command, url: String, log: PathBuf, pid: &AtomicU32) -> Self {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let started = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .process_group(0)
            .spawn()
            .unwrap();
        pid.store(child.id(), Ordering::Relaxed);
        let mut serve = Serve { child: Some(child), url, log, ready_after: Duration::ZERO };
        eventually(20, "heal serve to be ready", || {
            let ended = serve.child.as_mut().unwrap().try_wait().unwrap();
            if ended.is_some_and(|status| status.signal() == Some(Signal::SIGKILL as i32)) {
                return true;
            }
            assert!(ended.is_none(), "heal serve ended with {ended:?}:\n{}", serve.stderr());
            serve.get("/readyz").is_some_and(|(status, _)| status == 200)
        });
        serve.ready_after = started.elapsed();
        serve
    }

    /// An answer of the server, if it gave one.
    pub fn get(&self, path: &str) -> Option<(u16, String)> {
        let client = &super::emulator::shared().client;
        RUNTIME.block_on(async {
            let response =
                client.get(format!("{}{path}", self.url)).timeout(Duration::from_secs(5)).send().await.ok()?;
            Some((response.status().as_u16(), response.text().await.ok()?))
        })
    }

    /// What it wrote so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Whether a fault has killed it.
    pub fn is_dead(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.take().map(|mut child| child.wait());
    }

    /// SIGTERM, and its exit.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        let mut status = None;
        eventually(30, "heal serve to stop", || {
            status = self.child.as_mut().unwrap().try_wait().unwrap();
            status.is_some()
        });
        self.child = None;
        status.unwrap()
    }

    fn signal(&self, signal: Signal) {
        if let Some(child) = &self.child {
            let _ = kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal);
        }
    }
}

/// Kills a process and waits until nothing of it runs any more. It stays a zombie until its parent looks.
pub async fn kill_now(pid: u32) {
    let _ = kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL);
    let runs = || {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().count();
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        threads > 1 || (threads == 1 && !state.contains(") Z "))
    };
    while runs() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = killpg(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGKILL);
            let _ = child.wait();
        }
    }
}
