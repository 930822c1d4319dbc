//! The helper process: `heal __sandbox FD`, started by heal only.
//!
//! In: the lifeline's descriptor, on which the [`Spec`] arrives as one line. Out: a [`Report`] line
//! on the lifeline. It never returns to the caller's code: its exit code means nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getegid, geteuid, setsid};

use super::spec::{Level, Report, Spec};
use super::{init, mounts};

/// The largest spec, in bytes; an environment and a path list stay far below.
const SPEC_BYTES: u64 = 1024 * 1024;

/// Builds the sandbox and runs the command in it; answers on the lifeline.
pub fn run(lifeline: RawFd) {
    close_other_descriptors(lifeline);
    // SAFETY: heal passes the number of a descriptor that it left open for this process alone.
    #[expect(unsafe_code, reason = "a descriptor given by number can only be adopted this way")]
    let lifeline = UnixStream::from(unsafe { OwnedFd::from_raw_fd(lifeline) });
    if let Err(error) = set_up_and_run(&lifeline) {
        let report = Report { setup_error: Some(format!("{error:#}")), ..Report::default() };
        send(&lifeline, &report);
    }
}

/// Sends a report; a reader that is gone is no error, since then nobody is left to tell.
pub(super) fn send(mut lifeline: &UnixStream, report: &Report) {
    if let Ok(mut line) = serde_json::to_string(report) {
        line.push('\n');
        let _ = lifeline.write_all(line.as_bytes());
    }
}

fn set_up_and_run(lifeline: &UnixStream) -> anyhow::Result<()> {
    use anyhow::Context;

    let spec = read_spec(lifeline).context("reading the spec")?;
    let _ = setsid();
    if spec.level == Level::Namespaces {
        enter_namespaces()?;
        mounts::build_root(&spec)?;
    }
    // SAFETY: this process has one thread, so the child may go on in Rust after the fork.
    #[expect(unsafe_code, reason = "fork has no safe form; see SAFETY")]
    match unsafe { fork() }.context("fork")? {
        ForkResult::Parent { child } => {
            let _ = waitpid(child, None);
        }
        ForkResult::Child => {
            init::run(&spec, lifeline);
            std::process::exit(0);
        }
    }
    Ok(())
}

fn read_spec(lifeline: &UnixStream) -> anyhow::Result<Spec> {
    let mut line = String::new();
    BufReader::new(lifeline.take(SPEC_BYTES)).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// New namespaces in which this process is its own user; no privilege is needed for it.
fn enter_namespaces() -> anyhow::Result<()> {
    use anyhow::Context;

    let (user, group) = (geteuid(), getegid());
    unshare(
        CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS,
    )
    .context("unprivileged user namespaces")?;
    std::fs::write("/proc/self/setgroups", "deny").context("setgroups")?;
    std::fs::write("/proc/self/uid_map", format!("{user} {user} 1")).context("uid_map")?;
    std::fs::write("/proc/self/gid_map", format!("{group} {group} 1")).context("gid_map")?;
    let _ = nix::unistd::sethostname("heal");
    Ok(())
}

/// Closes what another thread's simultaneous start may have leaked into this process.
fn close_other_descriptors(keep: RawFd) {
    let open: Vec<RawFd> = std::fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for descriptor in open.into_iter().filter(|&fd| fd > 2 && fd != keep) {
        let _ = nix::unistd::close(descriptor);
    }
}
