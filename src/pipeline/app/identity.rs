//! Which process works on a heal, and whether it is still there.
//!
//! An owner is `host/pid/start`: the start time of the process (field 22 of `/proc/PID/stat`, see
//! proc(5)) tells a process from a later one that got the same number.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// The owner's name of this process.
pub fn owner_name() -> String {
    let pid = std::process::id();
    format!("{}/{pid}/{}", host(), start_of(pid).unwrap_or(0))
}

/// A name for one claim of this process: a lease that was lost and taken again is another one.
pub fn claim_name(process: &str) -> String {
    static CLAIMS: AtomicU64 = AtomicU64::new(0);
    format!("{process}#{}", CLAIMS.fetch_add(1, Ordering::Relaxed))
}

/// Whether an owner was a process of this machine that is no more.
pub fn owner_is_gone(owner: &str) -> bool {
    let owner = owner.split('#').next().unwrap_or(owner);
    let mut parts = owner.rsplitn(3, '/');
    let (Some(start), Some(pid), Some(of_host)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let (Ok(start), Ok(pid)) = (start.parse::<u64>(), pid.parse::<u32>()) else { return false };
    of_host == host() && start_of(pid) != Some(start)
}

fn host() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    name.unwrap_or_else(|| "localhost".to_owned())
}

fn start_of(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    // The command's name may hold anything, also spaces and brackets; fields are counted after it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_there_and_its_predecessor_is_not() {
        let me = owner_name();
        assert!(!owner_is_gone(&me));
        assert!(!owner_is_gone(&claim_name(&me)));
        let (before, start) = me.rsplit_once('/').unwrap();
        let other = format!("{before}/{}", start.parse::<u64>().unwrap() + 1);
        assert!(owner_is_gone(&other));
        assert!(!owner_is_gone("another-host/1/1"), "another machine's processes are not known here");
        assert!(!owner_is_gone("12345"));
    }
}
