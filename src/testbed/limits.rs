//! Bounds on what one sandboxed process tree may use.

use serde::{Deserialize, Serialize};

const MIB: u64 = 1024 * 1024;

/// Bounds for one process tree; each is enforced from outside of the code that runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Limits {
    /// Wall-clock time in milliseconds.
    pub time_ms: u64,
    /// Resident memory of the whole tree, in bytes.
    pub memory_bytes: u64,
    /// Processes and threads of the whole tree.
    pub processes: u64,
    /// Size of one written file and of all temporary files together, in bytes.
    pub disk_bytes: u64,
    /// Output kept per stream, in bytes: half from the beginning and half from the end.
    pub output_bytes: usize,
}

impl Default for Limits {
    /// Five minutes, 2 GiB, 512 processes, 1 GiB on disk, 4 MiB of output: above what a unit test
    /// suite needs and below what hurts a 2-core CI runner.
    fn default() -> Self {
        Limits {
            time_ms: 300_000,
            memory_bytes: 2048 * MIB,
            processes: 512,
            disk_bytes: 1024 * MIB,
            output_bytes: 4 * MIB as usize,
        }
    }
}
