//! PID 1 inside: starts the command, reaps, watches, and takes everything with it at the end.
//!
//! It ends the sandbox when the command ends, when a bound is hit, or when the lifeline closes.
//! In a PID namespace the kernel then kills what is left; below that level this process is the
//! subreaper of all its descendants and kills them one by one.
//!
//! Races considered: a fork bomb forks while it is being killed, so that the subreaper kills in
//! rounds until nobody is left; the helper above may be killed, therefore the parent-death signal
//! is set first and the parent checked after.

use std::collections::HashMap;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid};

use super::helper::send;
use super::spec::{Level, LimitHit, Report, Spec};
use super::{landlock_rules, mounts, seccomp};

/// How often memory and processes are counted. A fork bomb makes some hundred processes in it.
const WATCH_MS: u16 = 20;

/// Runs `spec`'s command to its end and reports.
pub fn run(spec: &Spec, lifeline: &UnixStream) {
    let report = start(spec)
        .and_then(|child| watch(spec, child, lifeline.as_fd()))
        .unwrap_or_else(|error| Report { setup_error: Some(format!("{error:#}")), ..Report::default() });
    if spec.level != Level::Namespaces {
        kill_descendants();
    }
    send(lifeline, &report);
}

/// Prepares this process and forks the command.
fn start(spec: &Spec) -> Result<Pid> {
    prctl::set_pdeathsig(Signal::SIGKILL).context("parent-death signal")?;
    if spec.level == Level::Namespaces {
        // Outside of our PID namespace the parent shows as 0 as long as it lives.
        mounts::enter_root(&spec.root)?;
        bring_up_loopback();
    } else {
        anyhow::ensure!(getppid() != Pid::from_raw(1), "the helper has died");
        prctl::set_child_subreaper(true).context("subreaper")?;
    }
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    children.thread_block().context("block SIGCHLD")?;
    // SAFETY: this process has one thread, so the child may go on in Rust after the fork.
    #[expect(unsafe_code, reason = "fork has no safe form; see SAFETY")]
    match unsafe { fork() }.context("fork")? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let _ = children.thread_unblock();
            let error = match become_command(spec) {
                Ok(never) => match never {},
                Err(error) => error,
            };
            eprintln!("heal: {error:#}");
            std::process::exit(127);
        }
    }
}

/// Sheds every privilege and becomes the command.
fn become_command(spec: &Spec) -> Result<std::convert::Infallible> {
    use std::os::unix::process::CommandExt;

    let _ = nix::unistd::setsid();
    set_limits(spec)?;
    match spec.level {
        Level::Namespaces => {
            drop_capabilities()?;
            seccomp::install(seccomp::Internet::LeftToNamespace)?;
        }
        Level::Landlock => {
            landlock_rules::restrict(spec)?;
            seccomp::install(seccomp::Internet::Refused)?;
        }
        Level::Limits => {}
    }
    std::env::set_current_dir(&spec.cwd).with_context(|| format!("enter {}", spec.cwd.display()))?;
    let (program, arguments) = spec.argv.split_first().context("empty command")?;
    let path = spec.env.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_str());
    let program =
        which::which_in(program, path, &spec.cwd).with_context(|| format!("{program}: not found in the sandbox"))?;
    #[expect(clippy::disallowed_methods, reason = "this process becomes the command")]
    let error = std::process::Command::new(program).args(arguments).env_clear().envs(spec.env.iter().cloned()).exec();
    Err(error).context("exec")
}

fn set_limits(spec: &Spec) -> Result<()> {
    let limits = &spec.limits;
    let bounds = [
        (Resource::RLIMIT_CORE, 0),
        // Counts writable private memory, unlike RLIMIT_AS, which node's reserved cage would hit.
        (Resource::RLIMIT_DATA, limits.memory_bytes),
        (Resource::RLIMIT_FSIZE, limits.disk_bytes),
        (Resource::RLIMIT_NOFILE, 4096),
    ];
    for (resource, bound) in bounds {
        setrlimit(resource, bound, bound).with_context(|| format!("{resource:?}"))?;
    }
    if spec.level == Level::Namespaces {
        // Counted per user *namespace*; outside of one it would count the user's other processes.
        setrlimit(Resource::RLIMIT_NPROC, limits.processes, limits.processes).context("RLIMIT_NPROC")?;
    }
    Ok(())
}

/// Without this a user 0 inside would get all capabilities of the namespace back at exec.
fn drop_capabilities() -> Result<()> {
    use caps::CapSet;
    for set in [CapSet::Bounding, CapSet::Ambient, CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set).with_context(|| format!("drop {set:?} capabilities"))?;
    }
    Ok(())
}

/// Tests that start servers on loopback need it; a failure only costs them that.
fn bring_up_loopback() {
    let name = c"lo";
    // SAFETY: plain system calls on a local descriptor and a zeroed structure of the kernel's layout.
    #[expect(unsafe_code, reason = "setting an interface's flags has no safe wrapper")]
    unsafe {
        use nix::libc;
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        if socket < 0 {
            return;
        }
        let mut request: libc::ifreq = std::mem::zeroed();
        for (to, from) in request.ifr_name.iter_mut().zip(name.to_bytes()) {
            *to = *from as libc::c_char;
        }
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        libc::ioctl(socket, libc::SIOCSIFFLAGS, &request);
        libc::close(socket);
    }
}

/// Waits for the command, a bound or the end of heal, whichever comes first.
fn watch(spec: &Spec, command: Pid, lifeline: BorrowedFd<'_>) -> Result<Report> {
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    let signals = SignalFd::with_flags(&children, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
    loop {
        while let Ok(Some(_)) = signals.read_signal() {}
        if let Some(report) = reap(command) {
            return Ok(report);
        }
        if let Some(limit) = exceeded(spec) {
            return Ok(Report { limit: Some(limit), ..Report::default() });
        }
        let mut events = [PollFd::new(signals.as_fd(), PollFlags::POLLIN), PollFd::new(lifeline, PollFlags::POLLIN)];
        match poll(&mut events, PollTimeout::from(WATCH_MS)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error).context("poll"),
        }
        // heal writes nothing after the spec: readable means closed.
        if events[1].revents().is_some_and(|events| !events.is_empty()) {
            return Ok(Report { signal: Some(Signal::SIGKILL as i32), ..Report::default() });
        }
    }
}

/// Reaps every child that has ended; the command's own end is the report.
fn reap(command: Pid) -> Option<Report> {
    loop {
        match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == command => {
                return Some(Report { exit: Some(code), ..Report::default() });
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == command => {
                return Some(Report { signal: Some(signal as i32), ..Report::default() });
            }
            Ok(WaitStatus::StillAlive) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

fn exceeded(spec: &Spec) -> Option<LimitHit> {
    let members = match spec.level {
        Level::Namespaces => all_processes(),
        Level::Landlock | Level::Limits => descendants(),
    };
    if members.len() as u64 > spec.limits.processes {
        return Some(LimitHit::Processes);
    }
    let resident: u64 = members.iter().map(|&pid| resident_bytes(pid)).sum();
    (resident > spec.limits.memory_bytes).then_some(LimitHit::Memory)
}

fn all_processes() -> Vec<i32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// Everything below this process, by the parent links in `/proc`.
fn descendants() -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for pid in all_processes() {
        if let Some(parent) = parent_of(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![getpid().as_raw()];
    while let Some(pid) = open.pop() {
        let below = children.remove(&pid).unwrap_or_default();
        found.extend(&below);
        open.extend(below);
    }
    found
}

/// The fourth field of `/proc/PID/stat`, after the command name in parentheses (proc(5)).
fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn resident_bytes(pid: i32) -> u64 {
    let statm = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("statm")).unwrap_or_default();
    let field =
        |index: usize| -> u64 { statm.split_whitespace().nth(index).and_then(|pages| pages.parse().ok()).unwrap_or(0) };
    // Shared pages are left out: a forked candidate shares nearly all of its server's memory.
    field(1).saturating_sub(field(2)) * 4096
}

/// Kills in rounds, since what is being killed may fork; ends when nobody is left.
fn kill_descendants() {
    loop {
        let left = descendants();
        if left.is_empty() {
            return;
        }
        for pid in left {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        while let Ok(status) = waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
            if status == WaitStatus::StillAlive {
                break;
            }
        }
        let _ = poll(&mut [], PollTimeout::from(1u16));
    }
}
