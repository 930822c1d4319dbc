//! Redaction in front of everything that is logged or exported.
//!
//! In: what a formatter wrote for one event, or the fields of a span. Out: the same without secrets. A text
//! event becomes exactly one line, so that text from outside can't forge another; a JSON event stays JSON.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::{LogFormat, Redact};

/// The longest line of text and the longest string in JSON, in bytes: a log of logs helps nobody.
const LONGEST: usize = 16 * 1024;

/// What stands for a value that can't be told apart from its secret.
const MASK: &str = "[redacted]";

/// Makes writers that take secrets out before they write to the inner writer.
#[derive(Debug)]
pub struct RedactingWriter<M> {
    inner: M,
    redact: Redact,
    format: LogFormat,
}

impl<M> RedactingWriter<M> {
    /// In front of `inner`, for lines of the given format.
    pub fn new(inner: M, redact: Redact, format: LogFormat) -> Self {
        Self { inner, redact, format }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for RedactingWriter<M> {
    type Writer = Redacting<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Redacting { inner: self.inner.make_writer(), redact: self.redact, format: self.format, event: Vec::new() }
    }
}

/// Collects one event and writes it, clean, when it is dropped: a secret must not slip through between two
/// writes.
#[derive(Debug)]
pub struct Redacting<W: Write> {
    inner: W,
    redact: Redact,
    format: LogFormat,
    event: Vec<u8>,
}

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.event.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Drop for Redacting<W> {
    fn drop(&mut self) {
        if self.event.is_empty() {
            return;
        }
        let event = String::from_utf8_lossy(&self.event);
        let line = event.trim_end_matches('\n');
        let mut clean = match self.format {
            LogFormat::Text => text_line(line, self.redact),
            LogFormat::Json => json_line(line, self.redact),
        };
        clean.push('\n');
        // There is nowhere to report that the log can't be written.
        let _ = self.inner.write_all(clean.as_bytes()).and_then(|()| self.inner.flush());
    }
}

/// A line of text. Colours stand between names and values and would hide them from the redaction.
fn text_line(line: &str, redact: Redact) -> String {
    let plain = without_colours(line);
    let clean = match redact(&plain) {
        Cow::Borrowed(_) => line.to_owned(),
        Cow::Owned(clean) => clean,
    };
    bounded(clean).replace('\r', "\\r").replace('\n', "\\n")
}

/// A line of JSON: each string by itself, where escapes are gone and the member's name gives it meaning.
fn json_line(line: &str, redact: Redact) -> String {
    let Ok(mut json) = serde_json::from_str(line) else {
        return Value::String(text_line(line, redact)).to_string();
    };
    if clean_json(&mut json, "", redact) { json.to_string() } else { line.to_owned() }
}

/// Takes secrets out of all strings; says whether there was anything to do.
fn clean_json(json: &mut Value, name: &str, redact: Redact) -> bool {
    match json {
        Value::String(text) => match named(name, text, redact) {
            Some(clean) => {
                *text = bounded(clean);
                true
            }
            None if text.len() > LONGEST => {
                *text = bounded(std::mem::take(text));
                true
            }
            None => false,
        },
        Value::Array(items) => items.iter_mut().fold(false, |any, item| clean_json(item, name, redact) | any),
        Value::Object(members) => {
            members.iter_mut().fold(false, |any, (name, member)| clean_json(member, name, redact) | any)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The value without secrets, if it had any; a name like `password` makes any value one.
pub(super) fn named(name: &str, value: &str, redact: Redact) -> Option<String> {
    if name.is_empty() {
        return owned(redact(value));
    }
    let prefix = format!("{name}: ");
    let clean = owned(redact(&format!("{prefix}{value}")))?;
    Some(clean.strip_prefix(&prefix).unwrap_or(MASK).to_owned())
}

fn owned(text: Cow<'_, str>) -> Option<String> {
    match text {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(text),
    }
}

fn bounded(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

/// Without the escape sequences of colours (`ESC [ … m`). Those in values were escaped by the formatter.
fn without_colours(line: &str) -> Cow<'_, str> {
    if !line.contains('\x1b') {
        return Cow::Borrowed(line);
    }
    let mut parts = line.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact;

    /// Made of two, so that no scanner takes it for a real one.
    const TOKEN: &str = concat!("gh", "p_abcdefghijklmnopqrstuvwxyz0123456789");

    #[test]
    fn a_line_of_text_loses_its_secret_whatever_its_colours() {
        let line = format!("INFO heal: calling with {TOKEN} failed");
        assert_eq!(text_line(&line, redact::text), "INFO heal: calling with [redacted] failed");
        let coloured = "\x1b[32mINFO\x1b[0m \x1b[3mpassword\x1b[0m\x1b[2m=\x1b[0mhunter22";
        assert_eq!(text_line(coloured, redact::text), "INFO password=[redacted]");
    }

    #[test]
    fn coloured_lines_without_secrets_stay_coloured_and_nobody_forges_a_line() {
        assert_eq!(text_line("\x1b[32mINFO\x1b[0m fine", redact::text), "\x1b[32mINFO\x1b[0m fine");
        assert_eq!(text_line("a\r\nERROR forged", redact::text), "a\\r\\nERROR forged");
    }

    #[test]
    fn json_stays_json_and_loses_secrets_in_quotes_names_and_keys() {
        let key = concat!("-----BEGIN RSA ", "PRIVATE KEY-----\\nMIIE\\n");
        let line = format!(
            r#"{{"message":"it said password=\"hunter22\"","password":"hunter23","token_count":3,"span":{{"t":"{TOKEN}"}},"k":"{key}"}}"#
        );
        let clean = json_line(&line, redact::text);
        let json: Value = serde_json::from_str(&clean).unwrap();
        assert_eq!(json["token_count"], 3);
        assert_eq!(json["password"], MASK);
        assert_eq!(json["span"]["t"], MASK);
        for secret in ["hunter22", "hunter23", "MIIE", "abcdefgh"] {
            assert!(!clean.contains(secret), "{clean}");
        }
    }

    #[test]
    fn long_lines_are_cut() {
        let long = "word ".repeat(10_000);
        assert!(text_line(&long, redact::text).len() < LONGEST + 8);
        let json: Value = serde_json::from_str(&json_line(&format!(r#"{{"m":"{long}"}}"#), redact::text)).unwrap();
        assert!(json["m"].as_str().unwrap().len() < LONGEST + 8);
    }

    #[test]
    fn what_is_no_json_becomes_a_string() {
        assert_eq!(json_line("{broken", redact::text), r#""{broken""#);
    }
}
