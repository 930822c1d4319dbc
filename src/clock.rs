//! The time of records, given from outside so that tests can hold it still.

use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Nanoseconds since 1970.
    fn now_nanos(&self) -> u128;

    /// Seconds since 1970.
    fn now(&self) -> i64 {
        i64::try_from(self.now_nanos() / 1_000_000_000).unwrap_or(i64::MAX)
    }
}

/// The machine's own clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock")]
    fn now_nanos(&self) -> u128 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_nanos())
    }
}
