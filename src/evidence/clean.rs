//! Logs as people read them: without colours, carriage returns and time stamps.
//!
//! In: the bytes of a log. Out: lines whose numbers are those of the input. At most
//! [`LINE_BYTES`] of a line and [`LOG_BYTES`] of a log are looked at.

use std::sync::LazyLock;

use regex::Regex;

/// The most of one log that is read, in bytes.
pub const LOG_BYTES: usize = 256 * 1024 * 1024;

/// The most of one line that is looked at, in bytes.
pub const LINE_BYTES: usize = 16 * 1024;

/// ANSI control sequences (ECMA-48): colours, cursor movement, window titles.
static ANSI: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
        .expect("the pattern is constant and tested")
});

/// The time stamp that GitHub Actions puts before every line.
static TIME_STAMP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\u{feff}?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ").expect("the pattern is constant and tested")
});

/// The cleaned lines of a log; line `n` of the log is at index `n - 1`.
pub fn lines(log: &[u8]) -> Vec<String> {
    let log = &log[..log.len().min(LOG_BYTES)];
    let log = log.strip_prefix(b"\xef\xbb\xbf").unwrap_or(log);
    log.split(|&byte| byte == b'\n').map(line).collect()
}

fn line(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(LINE_BYTES)];
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches('\r');
    // A progress bar writes over itself: only what was last on the line counts.
    let text = text.rsplit('\r').next().unwrap_or(text);
    let text = TIME_STAMP.replace(text, "");
    ANSI.replace_all(&text, "").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_time_stamps_and_overwritten_text_go() {
        let log = b"\xef\xbb\xbf2026-03-01T10:00:00.1234567Z \x1b[31mFAILED\x1b[0m a\r\n10%\r100%\nbad \xff byte";
        assert_eq!(lines(log), ["FAILED a", "100%", "bad \u{fffd} byte"]);
    }
}
