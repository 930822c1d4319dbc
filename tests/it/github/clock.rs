//! The time as GitHub writes it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Since the beginning of 1970.
pub fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// Seconds since the beginning of 1970.
pub fn seconds() -> u64 {
    since_epoch().as_secs()
}

/// Now, as in the API: `2024-05-01T12:00:00Z`.
pub fn now() -> String {
    format!("{}Z", date(seconds()))
}

/// Now, as in a log: `2024-05-01T12:00:00.1234567Z`.
pub fn stamp() -> String {
    let now = since_epoch();
    format!("{}.{:07}Z", date(now.as_secs()), now.subsec_nanos() / 100)
}

/// Seconds of a time of the API.
pub fn parse(text: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, month) = (shifted.div_euclid(400), (month + 9) % 12);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + day_of_era - 719_468;
    u64::try_from(days * 86_400 + hour * 3_600 + minute * 60 + second).ok()
}

/// The civil date by Howard Hinnant's `civil_from_days`.
fn date(seconds: u64) -> String {
    let days = i64::try_from(seconds / 86_400).unwrap() + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let rest = seconds % 86_400;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", rest / 3_600, rest % 3_600 / 60, rest % 60)
}
