//! How the time of one heal is shared out.

use std::time::{Duration, Instant};

/// The time of one heal.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    started: Instant,
    total: Duration,
}

impl Budget {
    /// `total` from now on.
    pub fn starting_now(total: Duration) -> Self {
        Budget { started: Instant::now(), total }
    }

    /// Time used so far.
    pub fn used(&self) -> Duration {
        self.started.elapsed()
    }

    /// Time left.
    pub fn left(&self) -> Duration {
        self.total.saturating_sub(self.used())
    }

    /// When the search must end so that its best draft can still be proven: three cold runs are kept
    /// back (the patched tree twice, the unpatched once), but never more than half of what is left.
    pub fn search_deadline(&self, cold_run: Duration) -> Instant {
        let reserve = (cold_run * 3 + Duration::from_secs(1)).min(self.left() / 2);
        Instant::now() + self.left().saturating_sub(reserve)
    }

    /// The limit of one run of the tests, in milliseconds.
    pub fn run_limit_ms(&self, limit_ms: u64) -> u64 {
        limit_ms.min(self.left().as_millis() as u64).max(1_000)
    }
}
