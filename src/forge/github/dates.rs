//! The two forms in which GitHub writes times: `2026-01-31T10:20:30Z` and `Sat, 31 Jan 2026 10:20:30 GMT`.
//!
//! Out: seconds since 1970. Anything else is `None`, never a guess.

/// Reads an ISO 8601 time as GitHub writes it (`Z`, an offset, fractions of a second are accepted).
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let (date, time) = text.trim().split_once(['T', ' '])?;
    let mut parts = date.splitn(3, '-');
    let (year, month, day) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let clock = time.get(..8)?;
    let rest = time.get(8..)?.trim_start_matches('.').trim_start_matches(|digit: char| digit.is_ascii_digit());
    Some(seconds(year, month, day, clock)? - offset(rest)?)
}

/// Reads the `Date` header of HTTP.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, day, month, year, clock, "GMT"] = words.as_slice() else { return None };
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.iter().position(|name| name == month)?;
    seconds(number(year)?, i64::try_from(month).ok()? + 1, number(day)?, clock)
}

fn seconds(year: i64, month: i64, day: i64, clock: &str) -> Option<i64> {
    let mut parts = clock.splitn(3, ':');
    let (hour, minute, second) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let valid = (1970..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !valid || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days since 1970 in the Gregorian calendar; years are counted from March so that the leap day is last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

/// `Z`, nothing, or `+01:00`, in seconds east of Greenwich.
fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first() {
        None | Some(b'Z' | b'z') => return Some(0),
        Some(b'+') => (1, &text[1..]),
        Some(b'-') => (-1, &text[1..]),
        Some(_) => return None,
    };
    let hours = number(rest.get(..2)?)?;
    let minutes = number(rest.get(2..)?.trim_start_matches(':'))?;
    Some(sign * (hours * 3600 + minutes * 60))
}

fn number(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_the_same_second() {
        assert_eq!(parse_timestamp("2026-11-25T13:14:53Z"), Some(1_795_612_493));
        assert_eq!(parse_http_date("Wed, 25 Nov 2026 13:14:53 GMT"), Some(1_795_612_493));
        assert_eq!(parse_timestamp("2026-11-25T14:14:53.120+01:00"), Some(1_795_612_493));
        assert_eq!(parse_timestamp("2024-02-29T00:00:00Z"), Some(1_709_164_800));
        assert_eq!(parse_timestamp("1970-01-01T00:00:00Z"), Some(0));
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T25:00:00Z", "2026-01-01Tä"] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }
}
