//! One line, as people would read it: without job prefix, time stamp, colours and overwritten text.
//!
//! In: the bytes of a line. Out: [`Cleaned`]. Nothing is allocated for a line that needs no repair.

use crate::evidence::Level;

/// The most of one line that is looked at, in bytes.
pub const LINE_BYTES: usize = 16 * 1024;

/// How far into a line the prefix `job TAB step TAB` of `gh run view --log` may reach, in bytes.
const PREFIX_BYTES: usize = 300;

/// A cleaned line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleaned<'a> {
    /// The job and the step that the line's prefix names.
    pub origin: Option<(&'a str, &'a str)>,
    /// What the CI service says about the line.
    pub level: Level,
    /// Commands to the service that stood on the line (`section_start:…`, `travis_fold:start:…`),
    /// as one stretch of text; empty for most lines.
    pub folds: &'a str,
    /// The text, without blanks at its end.
    pub text: &'a str,
}

/// Cleans lines; holds the buffers that it needs for it.
#[derive(Debug, Default)]
pub struct Cleaner {
    decoded: String,
    plain: String,
    folds: String,
}

impl Cleaner {
    /// Cleans the bytes of one line (without its line feed).
    pub fn clean<'a>(&'a mut self, raw: &'a [u8]) -> Cleaned<'a> {
        let Cleaner { decoded, plain, folds } = self;
        folds.clear();
        let text: &str = match std::str::from_utf8(raw) {
            Ok(text) => text,
            Err(_) => {
                decoded.clear();
                decoded.push_str(&String::from_utf8_lossy(raw));
                decoded
            }
        };
        let (origin, text) = split_origin(text);
        let text = without_stamp(without_mark(text));
        let text = if needs_repair(text) { repair(text, plain, folds) } else { text };
        // The stamp of a service may stand behind a colour.
        let text = without_stamp(text).trim_end();
        let (level, text) = level(text);
        Cleaned { origin, level, folds, text }
    }
}

/// `job TAB step TAB stamp text`, as `gh run view --log` prints it.
fn split_origin(text: &str) -> (Option<(&str, &str)>, &str) {
    let bytes = text.as_bytes();
    let head = &bytes[..bytes.len().min(PREFIX_BYTES)];
    let Some(first) = memchr::memchr(b'\t', head) else { return (None, text) };
    let Some(second) = memchr::memchr(b'\t', &head[first + 1..]).map(|at| first + 1 + at) else { return (None, text) };
    let rest = without_mark(&text[second + 1..]);
    if first == 0 || stamp_length(rest.as_bytes()).is_none() {
        return (None, text);
    }
    (Some((&text[..first], &text[first + 1..second])), rest)
}

/// Without a byte order mark; also one that was read in a DOS code page and written as UTF-8 again.
fn without_mark(text: &str) -> &str {
    const MARKS: [&str; 4] = ["\u{feff}", "´╗┐", "∩╗┐", "ï»¿"];
    if text.as_bytes().first().is_none_or(u8::is_ascii) {
        return text;
    }
    MARKS.iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text)
}

/// Without the time stamp of GitHub Actions, Azure, GitLab, Jenkins or Taskcluster.
fn without_stamp(text: &str) -> &str {
    let bytes = text.as_bytes();
    match bytes.first() {
        Some(b'0'..=b'9') => stamp_length(bytes).map_or(text, |length| gitlab_stream(&text[length..])),
        Some(b'[') => bracketed_stamp(text),
        _ => text,
    }
}

/// The length of `2026-03-01T10:00:00.1234567Z ` at the beginning.
fn stamp_length(bytes: &[u8]) -> Option<usize> {
    let shape = bytes.len() >= 20
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && (bytes[10] == b'T' || bytes[10] == b' ')
        && bytes[13] == b':'
        && bytes[16] == b':'
        && bytes[..4].iter().all(u8::is_ascii_digit);
    if !shape {
        return None;
    }
    let rest = &bytes[19..bytes.len().min(32)];
    let zone = rest.iter().position(|byte| !(byte.is_ascii_digit() || *byte == b'.'))?;
    let end = 19 + zone + 1;
    match (rest[zone], bytes.get(end)) {
        (b'Z', Some(b' ')) => Some(end + 1),
        (b'Z', None) => Some(end),
        _ => None,
    }
}

/// GitLab's runner writes the stream (`00O `, `01E+`) after its stamp.
fn gitlab_stream(text: &str) -> &str {
    match text.as_bytes() {
        [a, b, b'O' | b'E', b' ' | b'+', ..] if a.is_ascii_digit() && b.is_ascii_digit() => &text[4..],
        _ => text,
    }
}

/// `[2026-03-01T10:00:00.000Z] ` (Jenkins), `[task 2026-03-01T10:00:00.000Z] ` (Taskcluster).
fn bracketed_stamp(text: &str) -> &str {
    let Some(close) = memchr::memchr(b']', &text.as_bytes()[..text.len().min(64)]) else { return text };
    let inside = &text[1..close];
    let stamp = inside.rsplit_once(' ').filter(|(word, _)| word.starts_with("task")).map_or(inside, |(_, stamp)| stamp);
    let is_stamp =
        stamp.ends_with('Z') && stamp_length(stamp.as_bytes()).is_some() && !inside.starts_with("taskcluster");
    if is_stamp { text[close + 1..].strip_prefix(' ').unwrap_or(&text[close + 1..]) } else { text }
}

fn needs_repair(text: &str) -> bool {
    memchr::memchr2(b'\x1b', b'\r', text.as_bytes()).is_some()
        || text.starts_with("travis_")
        || text.starts_with("section_")
}

/// Without escape sequences, overwritten text and the service's folds.
fn repair<'a>(text: &str, plain: &'a mut String, folds: &mut String) -> &'a str {
    plain.clear();
    let mut rest = text.trim_end_matches('\r');
    while let Some(at) = memchr::memchr2(b'\x1b', b'\r', rest.as_bytes()) {
        plain.push_str(&rest[..at]);
        if rest.as_bytes()[at] == b'\x1b' {
            rest = &rest[at + escape_length(&rest.as_bytes()[at..])..];
        } else {
            // A progress bar writes over itself: only what was last on the line counts.
            take_folds(plain, folds);
            plain.clear();
            rest = &rest[at + 1..];
        }
    }
    plain.push_str(rest);
    take_folds(plain, folds);
    plain
}

/// Moves Travis' and GitLab's commands from the beginning of the text into `folds`.
fn take_folds(plain: &mut String, folds: &mut String) {
    loop {
        let is_fold = ["travis_fold:", "travis_time:", "section_start:", "section_end:"]
            .iter()
            .any(|fold| plain.starts_with(fold));
        if !is_fold {
            return;
        }
        let end = plain.find(char::is_whitespace).unwrap_or(plain.len());
        // `travis_fold:end:a travis_fold:start:b` without a blank between them, once escapes are gone.
        let next = ["travis_fold:", "travis_time:"].iter().filter_map(|fold| plain[1..end].find(fold)).min();
        let end = next.map_or(end, |next| next + 1);
        folds.push_str(&plain[..end]);
        folds.push(' ');
        plain.drain(..end);
    }
}

/// The length of the escape sequence at the beginning (ECMA-48), at least 1.
fn escape_length(bytes: &[u8]) -> usize {
    let end_of_string = |from: usize| {
        let rest = &bytes[from.min(bytes.len())..bytes.len().min(from + 512)];
        match rest.iter().position(|byte| *byte == 0x07 || *byte == 0x1b) {
            Some(at) if rest[at] == 0x1b => from + at + if rest.get(at + 1) == Some(&b'\\') { 2 } else { 0 },
            Some(at) => from + at + 1,
            None => from,
        }
    };
    match bytes.get(1) {
        Some(b'[') => {
            let parameters = bytes[2..].iter().take_while(|byte| (0x20..=0x3f).contains(*byte)).count();
            let last = bytes.get(2 + parameters).is_some_and(|byte| (0x40..=0x7e).contains(byte));
            2 + parameters + usize::from(last)
        }
        Some(b']' | b'_' | b'P' | b'^' | b'X') => end_of_string(2),
        Some(b'(' | b')' | b'#') => 2 + usize::from(bytes.get(2).is_some_and(u8::is_ascii)),
        Some(byte) if (0x30..=0x7e).contains(byte) => 2,
        _ => 1,
    }
}

/// Takes the marker of GitHub Actions or Azure (`##[error]`) off.
fn level(text: &str) -> (Level, &str) {
    const MARKERS: [(&str, Level); 9] = [
        ("##[error]", Level::Error),
        ("##[warning]", Level::Warning),
        ("##[notice]", Level::Notice),
        ("##[command]", Level::Command),
        ("[command]", Level::Command),
        ("##[group]", Level::Group),
        ("##[section]", Level::Group),
        ("##[endgroup]", Level::EndGroup),
        ("##[debug]", Level::Debug),
    ];
    if !text.starts_with(['#', '[']) {
        return (Level::Plain, text);
    }
    let found = MARKERS.iter().find_map(|(marker, level)| Some((*level, text.strip_prefix(marker)?)));
    found.unwrap_or((Level::Plain, text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(raw: &[u8], text: &str) {
        assert_eq!(Cleaner::default().clean(raw).text, text, "{:?}", String::from_utf8_lossy(raw));
    }

    #[test]
    fn what_the_service_added_goes() {
        check(b"\xef\xbb\xbf2026-03-01T10:00:00.1234567Z \x1b[31mFAILED\x1b[0m a\r", "FAILED a");
        check(b"10%\r50%\r100%", "100%");
        check(b"bad \xff byte", "bad \u{fffd} byte");
        check(b"[2026-03-01T10:00:00.123Z] + make", "+ make");
        check(b"[task 2025-02-13T11:47:11.992Z] 11:47:11 INFO", "11:47:11 INFO");
        check(b"2026-03-01T10:00:00.123456Z 01E error: x", "error: x");
        check(b"\x1b_bk;t=1700000000\x07$ make", "$ make");
        check(b"\x1b]0;title\x07text", "text");
        check("Ω\x1b[1mß\x1b[0m".as_bytes(), "Ωß");
        check(b"cut \x1b[3", "cut");
        check(b"\x1b[32;1mThe command \"tox\" exited with 1.\x1b[0m", "The command \"tox\" exited with 1.");
    }

    #[test]
    fn levels_and_origins_are_kept_apart() {
        let mut cleaner = Cleaner::default();
        let line = cleaner.clean("test (3.11)\tRun pytest\t\u{feff}2026-03-01T10:00:00.1Z ##[error]boom".as_bytes());
        assert_eq!(line.origin, Some(("test (3.11)", "Run pytest")));
        assert_eq!((line.level, line.text), (Level::Error, "boom"));
        let table = cleaner.clean(b"a\tb\tc");
        assert_eq!((table.origin, table.text), (None, "a\tb\tc"));
    }

    #[test]
    fn folds_are_kept_for_the_steps() {
        let mut cleaner = Cleaner::default();
        let line = cleaner.clean(b"travis_fold:end:a\r\x1b[0Ktravis_fold:start:b\r\x1b[0K\x1b[33;1mText\x1b[0m");
        assert_eq!((line.folds, line.text), ("travis_fold:end:a travis_fold:start:b ", "Text"));
        let line = cleaner.clean(b"section_start:1700000000:step_script\r\x1b[0K\x1b[36;1mExecuting\x1b[0m");
        assert_eq!((line.folds, line.text), ("section_start:1700000000:step_script ", "Executing"));
    }

    proptest! {
        #[test]
        fn no_line_is_too_strange(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut cleaner = Cleaner::default();
            let cleaned = cleaner.clean(&raw);
            prop_assert!(!cleaned.text.contains('\r'));
        }

        #[test]
        fn escapes_never_stay(raw in "([ -~]|\x1b|\r|\\[|m|\u{7}|ß|:){0,80}") {
            let mut cleaner = Cleaner::default();
            prop_assert!(!cleaner.clean(raw.as_bytes()).text.contains('\x1b'));
        }
    }
}
