//! What the system knows of this process.

/// Resident memory in bytes, or `None` where there is no `/proc`.
pub(super) fn resident_bytes() -> Option<u64> {
    // `statm` counts pages, whose size would have to be asked for; `status` says kB.
    resident_of(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn resident_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_set_is_read() {
        assert_eq!(resident_of("Name:\theal\nVmRSS:\t   10752 kB\nThreads:\t4\n"), Some(10_752 * 1024));
        assert_eq!(resident_of("Name:\theal\n"), None);
    }
}
