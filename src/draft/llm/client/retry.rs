//! Which faults are worth another call, and after which wait.

use std::time::Duration;

use http::HeaderMap;

use super::error::Fault;
use crate::forge::github::parse_http_date;

/// The longest wait between two calls.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The wait before an endpoint that could not be reached is tried again: a dead one is given up soon.
const RECONNECT: Duration = Duration::from_millis(250);

/// How often each kind of fault was met in one question.
#[derive(Debug, Default)]
pub(super) struct Retries {
    rate_limited: u32,
    server: u32,
    unreachable: u32,
    timed_out: u32,
    cut: u32,
    empty: u32,
    malformed: u32,
}

impl Retries {
    /// The wait before the next call; `None` if there is to be none. `first` is the wait that doubles.
    pub fn wait(&mut self, fault: &Fault, retry_after: Option<Duration>, first: Duration) -> Option<Duration> {
        let (count, most, pause) = match fault {
            Fault::RateLimited { .. } => (&mut self.rate_limited, 5, first),
            Fault::Server { .. } => (&mut self.server, 3, first),
            Fault::Unreachable { .. } => (&mut self.unreachable, 1, first.min(RECONNECT)),
            Fault::TimedOut { .. } => (&mut self.timed_out, 1, first),
            Fault::CutStream => (&mut self.cut, 1, first),
            Fault::Empty => (&mut self.empty, 1, Duration::ZERO),
            Fault::Malformed { .. } => (&mut self.malformed, 1, first),
            _ => return None,
        };
        if *count >= most {
            return None;
        }
        let pause = pause.saturating_mul(1 << *count).mul_f64(rand::random_range(0.75..1.25)).min(LONGEST_WAIT);
        *count += 1;
        // To come before the time that the endpoint names would be in vain.
        Some(pause.max(retry_after.unwrap_or_default())).filter(|wait| *wait <= LONGEST_WAIT)
    }
}

/// The wait that an answer asks for: `retry-after-ms`, `Retry-After` in seconds or as a date, or, where a limit is
/// used up, the time of its renewal (`x-ratelimit-reset-…`).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    if let Some(milliseconds) = text("retry-after-ms").and_then(|wait| wait.parse::<f64>().ok()) {
        return seconds(milliseconds / 1_000.0);
    }
    if let Some(wait) = text("retry-after") {
        let until_date = || {
            // The server's own clock, so that ours does not matter.
            let wait = parse_http_date(wait)? - parse_http_date(text("date")?)?;
            Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
        };
        return wait.parse::<f64>().ok().and_then(seconds).or_else(until_date);
    }
    ["requests", "tokens"]
        .iter()
        .filter(|what| text(&format!("x-ratelimit-remaining-{what}")) == Some("0"))
        .filter_map(|what| span(text(&format!("x-ratelimit-reset-{what}"))?))
        .max()
}

/// A span as OpenAI writes it: `1s`, `6m0s`, `20ms`.
fn span(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let unit = match &rest[digits..unit_end] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(number * unit).ok()?;
        rest = &rest[unit_end..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(500);

    fn check_after(headers: &[(&'static str, &str)], milliseconds: Option<u64>) {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        assert_eq!(retry_after(&headers), milliseconds.map(Duration::from_millis), "{headers:?}");
    }

    #[test]
    fn the_wait_that_is_asked_for_is_read() {
        check_after(&[("retry-after", "7")], Some(7_000));
        check_after(&[("retry-after", "0.5")], Some(500));
        check_after(&[("retry-after", "7"), ("retry-after-ms", "20")], Some(20));
        let date = ("date", "Sat, 31 Jan 2026 10:20:30 GMT");
        check_after(&[("retry-after", "Sat, 31 Jan 2026 10:20:42 GMT"), date], Some(12_000));
        check_after(&[("retry-after", "Sat, 31 Jan 2026 10:20:00 GMT"), date], Some(0));
        check_after(&[("retry-after", "tomorrow"), date], None);
        check_after(&[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "1m2.5s")], Some(62_500));
        check_after(&[("x-ratelimit-remaining-tokens", "9"), ("x-ratelimit-reset-tokens", "1m2s")], None);
        check_after(&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "soon")], None);
        check_after(&[], None);
    }

    fn check_calls(fault: Fault, retry_after: Option<u64>, expected: usize) {
        let mut retries = Retries::default();
        let after = retry_after.map(Duration::from_secs);
        let waits: Vec<Duration> = std::iter::from_fn(|| retries.wait(&fault, after, FIRST)).take(50).collect();
        assert_eq!(waits.len(), expected, "{fault:?}");
        assert!(waits.iter().all(|wait| *wait <= LONGEST_WAIT && *wait >= after.unwrap_or_default()), "{waits:?}");
    }

    #[test]
    fn every_fault_is_given_up_at_last() {
        check_calls(Fault::RateLimited { retry_after: None }, None, 5);
        check_calls(Fault::RateLimited { retry_after: None }, Some(60), 5);
        check_calls(Fault::RateLimited { retry_after: None }, Some(61), 0);
        check_calls(Fault::Server { status: 503, message: String::new() }, Some(3), 3);
        check_calls(Fault::Unreachable { why: String::new() }, None, 1);
        check_calls(Fault::CutStream, None, 1);
        check_calls(Fault::Empty, None, 1);
        check_calls(Fault::Malformed { what: String::new() }, None, 1);
        check_calls(Fault::QuotaExhausted, None, 0);
        check_calls(Fault::Unauthorized, None, 0);
    }

    #[test]
    fn a_dead_endpoint_costs_less_than_a_second_of_waiting() {
        let mut retries = Retries::default();
        let fault = Fault::Unreachable { why: String::new() };
        let total: Duration = std::iter::from_fn(|| retries.wait(&fault, None, FIRST)).sum();
        assert!(total < Duration::from_secs(1), "{total:?}");
    }
}
