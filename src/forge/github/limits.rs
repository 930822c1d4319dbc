//! GitHub's rate limits, and the gate per installation that keeps them.
//!
//! A refusal (403 or 429) is a rate limit when it has `Retry-After`, when `x-ratelimit-remaining` is 0,
//! or when its words say so. It closes the gate of that installation: no request of it is sent before the
//! limit ends, whoever asks. The end is kept twice, as the clock's time and as the runtime's: records
//! speak the clock's language, while a clock that a test holds still must not keep the gate shut for ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::dates::parse_http_date;

/// Requests of one installation that may be under way at once. GitHub allows 100; being modest keeps the
/// secondary limits away.
const AT_ONCE: usize = 8;
/// How long a limit is taken to last when GitHub does not say; its documentation asks for a minute.
const UNSAID_SECONDS: i64 = 60;
/// A limit that claims to last longer is not believed: primary limits end within the hour.
const LONGEST_SECONDS: i64 = 2 * 3600;

/// The seconds for which GitHub wants no requests, if this refusal is a rate limit.
pub(super) fn pause(status: StatusCode, headers: &HeaderMap, message: &str, now: i64) -> Option<i64> {
    if !matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    // Ends are given in the server's time; the difference to its own `Date` is free of our clock's error.
    let server_now = text("date").and_then(parse_http_date).unwrap_or(now);
    let bounded = |seconds: i64| Some(seconds.clamp(1, LONGEST_SECONDS));
    if let Some(after) = text("retry-after") {
        let seconds = after.parse().ok().or_else(|| parse_http_date(after).map(|until| until - server_now));
        return bounded(seconds.unwrap_or(UNSAID_SECONDS));
    }
    if text("x-ratelimit-remaining") == Some("0") {
        let reset = text("x-ratelimit-reset").and_then(|reset| reset.parse::<i64>().ok());
        // One second more, because both times are cut to whole seconds.
        return bounded(reset.map_or(UNSAID_SECONDS, |reset| reset - server_now + 1));
    }
    let words = message.to_ascii_lowercase();
    let said =
        ["secondary rate limit", "rate limit exceeded", "abuse detection"].iter().any(|said| words.contains(said));
    (said || status == StatusCode::TOO_MANY_REQUESTS).then_some(UNSAID_SECONDS)
}

/// Requests that are left, as GitHub's answer says.
pub(super) fn left(headers: &HeaderMap) -> Option<u64> {
    headers.get("x-ratelimit-remaining")?.to_str().ok()?.trim().parse().ok()
}

/// Lets requests of one installation through.
#[derive(Debug)]
pub(super) struct Gate {
    places: Semaphore,
    closed: Mutex<Option<Closed>>,
}

#[derive(Clone, Copy, Debug)]
struct Closed {
    until: i64,
    instant: Instant,
}

impl Gate {
    fn new() -> Self {
        Gate { places: Semaphore::new(AT_ONCE), closed: Mutex::new(None) }
    }

    /// Waits until requests may be sent, but not past `deadline`: then the end of the limit is the error.
    pub async fn open(&self, now: i64, deadline: Instant) -> Result<(), i64> {
        loop {
            let closed = *self.closed.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(closed) = closed else { return Ok(()) };
            if closed.until <= now || closed.instant <= Instant::now() {
                return Ok(());
            }
            if closed.instant > deadline {
                return Err(closed.until);
            }
            tokio::time::sleep_until(closed.instant).await;
        }
    }

    /// Sends nothing for some seconds; a longer pause that was asked for before stays.
    pub fn close(&self, now: i64, seconds: i64) {
        let pause = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        let next = Closed { until: now + seconds, instant: Instant::now() + pause };
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.is_none_or(|current| current.instant < next.instant) {
            *closed = Some(next);
        }
    }

    /// A place among the requests under way; `None` never happens, for the semaphore is never closed.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.places.acquire().await.ok()
    }
}

/// The gates, by installation; 0 is the App itself.
#[derive(Debug, Default)]
pub(super) struct Gates {
    by_installation: Mutex<HashMap<u64, Arc<Gate>>>,
}

impl Gates {
    pub fn of(&self, installation: u64) -> Arc<Gate> {
        let mut gates = self.by_installation.lock().unwrap_or_else(PoisonError::into_inner);
        gates.entry(installation).or_insert_with(|| Arc::new(Gate::new())).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_pause(status: u16, headers: &[(&'static str, &str)], message: &str, expected: Option<i64>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        assert_eq!(
            pause(StatusCode::from_u16(status).unwrap(), &map, message, 1_000),
            expected,
            "{headers:?} {message}"
        );
    }

    #[test]
    fn refusals_that_are_limits_are_told_from_others() {
        check_pause(403, &[], "Resource not accessible by integration", None);
        check_pause(403, &[("x-ratelimit-remaining", "12")], "no", None);
        check_pause(500, &[("retry-after", "5")], "", None);
        check_pause(403, &[("retry-after", "5")], "", Some(5));
        check_pause(429, &[], "", Some(60));
        check_pause(403, &[], "You have exceeded a secondary rate limit.", Some(60));
        check_pause(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1090")], "", Some(91));
        check_pause(429, &[("retry-after", "999999999")], "", Some(7200));
        check_pause(429, &[("retry-after", "soon")], "", Some(60));
    }

    #[test]
    fn the_end_of_a_limit_is_measured_against_the_servers_clock() {
        let headers = [("date", "Thu, 01 Jan 1970 00:50:00 GMT"), ("x-ratelimit-reset", "3010")];
        check_pause(403, &[headers[0], headers[1], ("x-ratelimit-remaining", "0")], "", Some(11));
    }

    #[tokio::test]
    async fn a_closed_gate_opens_by_either_clock() {
        let gate = Gate::new();
        gate.close(100, 1);
        assert_eq!(gate.open(100, Instant::now()).await, Err(101));
        assert_eq!(gate.open(101, Instant::now()).await, Ok(()), "the clock has moved");
        assert_eq!(gate.open(100, Instant::now() + Duration::from_secs(5)).await, Ok(()), "time has passed");
    }
}
