//! Machine-readable results: what a tool wrote for other programs beats what it wrote for people.
//!
//! In: the bytes of a report. Out: [`Parsed`], or nothing when it is no report that is known. Formats are told apart
//! by content. Reports above [`REPORT_BYTES`] are not read: they are held in memory as a whole.

mod json_reports;
mod junit;
mod sarif;

use serde_json::Value;

use super::parsers::Parsed;

/// The largest report that is read, in bytes.
pub const REPORT_BYTES: usize = 16 << 20;

/// The most failures that are read of one report.
const MOST_FAILURES: usize = 1000;

/// The longest message that is kept, in bytes.
const MESSAGE: usize = 2000;

/// Whether bytes can be the beginning of a report.
pub fn may_be_report(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    matches!(head.trim_ascii_start().first(), Some(b'<' | b'{' | b'['))
}

/// Reads a report.
pub fn read(bytes: &[u8]) -> Option<Parsed> {
    if bytes.len() > REPORT_BYTES || !may_be_report(bytes) {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') {
        return junit::read(text);
    }
    let document: Value = serde_json::from_str(text).ok()?;
    sarif::read(&document).or_else(|| json_reports::read(&document))
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MESSAGE)].trim().to_owned()
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}
