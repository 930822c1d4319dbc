//! The circuit breaker of an endpoint: after failures in a row it is left alone for a while.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The longest time for which an endpoint is left alone.
const LONGEST: Duration = Duration::from_secs(300);

/// Counts failures and says whether a call may go.
#[derive(Debug)]
pub(super) struct Breaker {
    /// Failures in a row that open it.
    threshold: u32,
    /// For how long it opens at first; the time doubles up to [`LONGEST`].
    first: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// How often it opened since the last success.
    openings: u32,
    until: Option<Instant>,
    /// Whether a call is trying whether the endpoint is back.
    is_probed: bool,
}

/// The leave to make one call. Dropped without a result, it changes nothing.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
}

impl Breaker {
    /// A closed one.
    pub fn new(threshold: u32, first: Duration) -> Self {
        Breaker { threshold: threshold.max(1), first, state: Mutex::default() }
    }

    /// Leave to make a call, or the time until which there is none.
    pub fn admit(&self, now: Instant) -> Result<Leave<'_>, Instant> {
        let mut state = self.state();
        match state.until {
            None => Ok(Leave { breaker: self, is_probe: false }),
            Some(until) if now < until || state.is_probed => Err(until.max(now)),
            Some(_) => {
                state.is_probed = true;
                Ok(Leave { breaker: self, is_probe: true })
            }
        }
    }

    /// Until when no call may go, if it is open.
    pub fn open_until(&self, now: Instant) -> Option<Instant> {
        self.state().until.filter(|until| now < *until)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two of its changes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave<'_> {
    /// The endpoint answered, be it with a refusal.
    pub fn answered(self) {
        *self.breaker.state() = State::default();
    }

    /// The endpoint failed.
    pub fn failed(self, now: Instant) {
        let mut state = self.breaker.state();
        state.failures += 1;
        let was_open = state.until.is_some();
        // Calls that began before it opened add nothing.
        if self.is_probe || (!was_open && state.failures >= self.breaker.threshold) {
            let pause = self.breaker.first.saturating_mul(1 << state.openings.min(10)).min(LONGEST);
            state.openings += 1;
            state.until = Some(now + pause);
        }
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.breaker.state().is_probed = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn fail(breaker: &Breaker, now: Instant) {
        breaker.admit(now).unwrap().failed(now);
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_call_through() {
        let start = Instant::now();
        let breaker = Breaker::new(3, 30 * SECOND);
        fail(&breaker, start);
        fail(&breaker, start);
        breaker.admit(start).unwrap().answered();
        (0..3).for_each(|_| fail(&breaker, start));
        assert_eq!(breaker.admit(start + 29 * SECOND).unwrap_err(), start + 30 * SECOND);
        let later = start + 30 * SECOND;
        let probe = breaker.admit(later).unwrap();
        assert!(breaker.admit(later).is_err(), "one at a time");
        probe.answered();
        assert!(breaker.admit(later).is_ok());
    }

    #[test]
    fn its_pause_doubles_to_five_minutes() {
        let breaker = Breaker::new(1, 30 * SECOND);
        let mut now = Instant::now();
        let pauses = [(); 6].map(|()| {
            fail(&breaker, now);
            let until = breaker.open_until(now).unwrap();
            let pause = until - now;
            now = until;
            pause.as_secs()
        });
        assert_eq!(pauses, [30, 60, 120, 240, 300, 300]);
    }

    #[test]
    fn a_call_that_is_given_up_leaves_room_for_the_next() {
        let start = Instant::now();
        let breaker = Breaker::new(1, SECOND);
        fail(&breaker, start);
        drop(breaker.admit(start + SECOND).unwrap());
        assert!(breaker.admit(start + SECOND).is_ok());
    }

    #[test]
    fn calls_that_began_before_it_opened_add_nothing() {
        let start = Instant::now();
        let breaker = Breaker::new(1, SECOND);
        let (first, second) = (breaker.admit(start).unwrap(), breaker.admit(start).unwrap());
        first.failed(start);
        second.failed(start + SECOND / 2);
        assert!(breaker.admit(start + SECOND).is_ok());
    }
}
