//! The failure in words: class, command, what each failing test says, its stack, and what the log says.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::SectionKind::Failure as Kind;
use super::excerpt::{cut_line, end as tail, ends, one_line, plain};
use super::files::Files;
use super::masked::Mask;
use super::piece::{Piece, Trim};
use crate::evidence::stack::is_foreign;
use crate::evidence::{Failure, StackFrame};

/// How many failures are shown one by one.
const SHOWN: usize = 3;

/// How many further failures are named.
const NAMED: usize = 10;

/// How many frames of a stack are shown.
const FRAMES: usize = 12;

/// How many lines of the log are shown around its key lines, and at its end.
const LOG: (usize, usize) = (60, 40);

/// How much of the end of a log is looked at, in bytes.
const LOG_BYTES: usize = 200_000;

/// What failed, and what the log says.
pub(super) fn pieces(files: &Files<'_>, mask: &Mask) -> Vec<Piece> {
    let short = text(files, mask, 12, 1);
    let mut forms = vec![text(files, mask, 60, SHOWN), text(files, mask, 24, SHOWN), short];
    forms.dedup();
    let mut pieces = vec![Piece::new(Kind, "what failed", forms, Trim::End)];
    pieces.extend(log(files, mask));
    pieces
}

fn text(files: &Files<'_>, mask: &Mask, lines: usize, shown: usize) -> String {
    let diagnosis = files.case.diagnosis;
    let mut text = String::new();
    // Writing to a `String` can't fail.
    let _ = writeln!(
        text,
        "class: {} ({:.0} % sure): {}",
        diagnosis.class,
        diagnosis.confidence * 100.0,
        one_line(&diagnosis.reason, 300)
    );
    for (name, value) in
        [("job", &diagnosis.job), ("step", &diagnosis.step), ("tool", &diagnosis.tool), ("command", &diagnosis.command)]
    {
        if let Some(value) = value {
            let _ = writeln!(text, "{name}: {}", one_line(value, 300));
        }
    }
    match diagnosis.exit_code {
        Some(code) => _ = writeln!(text, "exit code: {code}"),
        None if !files.case.evidence.run.ending.is_success() => {
            _ = writeln!(text, "ending: {}", files.case.evidence.run.ending)
        }
        None => {}
    }
    let groups = groups(failures(files));
    for group in groups.iter().take(shown) {
        text.push('\n');
        one(files, mask, group[0], lines, &mut text);
        if group.len() > 1 {
            let names: Vec<String> = group[1..].iter().take(NAMED).map(|failure| name(failure)).collect();
            let more = if group.len() - 1 > names.len() { ", …" } else { "" };
            let _ = writeln!(text, "equal failures: {}: {}{more}", group.len() - 1, names.join(", "));
        }
    }
    let rest: Vec<&Failure> = groups.iter().skip(shown).flatten().copied().collect();
    if !rest.is_empty() {
        let _ = writeln!(text, "\nfurther failures: {}", rest.len());
        for failure in rest.iter().take(NAMED) {
            let message = failure.message.as_deref().map_or(String::new(), |message| one_line(message, 120));
            let _ = writeln!(text, "  {}: {}", name(failure), mask.text(&message));
        }
    }
    text
}

/// The failures of the diagnosis; those of the evidence where it has none.
pub(super) fn failures<'a>(files: &Files<'a>) -> &'a [Failure] {
    let of_diagnosis = &files.case.diagnosis.failures;
    if of_diagnosis.is_empty() { &files.case.evidence.failures } else { of_diagnosis }
}

/// One failure of every group of equal ones.
pub(super) fn representatives<'a>(files: &Files<'a>) -> Vec<&'a Failure> {
    groups(failures(files)).into_iter().map(|group| group[0]).collect()
}

/// Failures that say the same about the same place, in the order of their first.
fn groups(failures: &[Failure]) -> Vec<Vec<&Failure>> {
    let mut order: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&Failure>> = Vec::new();
    for failure in failures.iter().take(5_000) {
        let message = failure.message.as_deref().map_or(String::new(), |message| one_line(message, 200));
        // A message that names its own values is still the same one.
        let shape = message.chars().filter(|character| !character.is_ascii_digit()).collect();
        let key = (failure.kind.clone().unwrap_or_default(), shape);
        let group = *order.entry(key).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(known) => known.push(failure),
            None => groups.push(vec![failure]),
        }
    }
    groups
}

fn name(failure: &Failure) -> String {
    match (&failure.test, &failure.file) {
        (Some(test), _) => one_line(test, 200),
        (None, Some(file)) => format!("{}:{}", one_line(&file.to_string_lossy(), 200), failure.line.unwrap_or(1)),
        (None, None) => "a failure".to_owned(),
    }
}

fn one(files: &Files<'_>, mask: &Mask, failure: &Failure, lines: usize, text: &mut String) {
    let _ = writeln!(text, "failing: {}", name(failure));
    if let Some(kind) = &failure.kind {
        let _ = writeln!(text, "kind: {}", one_line(kind, 200));
    }
    if let Some(message) = &failure.message {
        let message = ends(&mask.text(&plain(message)), lines * 2 / 3, lines / 3);
        let _ = writeln!(text, "message:\n{}", indented(&message));
    }
    let result = failure.test.as_ref().and_then(|test| files.case.evidence.run.tests.get(test));
    for (name, value) in
        [("expected", result.and_then(|r| r.expected.as_ref())), ("actual", result.and_then(|r| r.actual.as_ref()))]
    {
        if let Some(value) = value {
            let value = ends(&mask.text(&plain(value)), lines / 3, lines / 6);
            let _ = if value.contains('\n') {
                writeln!(text, "{name}:\n{}", indented(&value))
            } else {
                writeln!(text, "{name}: {value}")
            };
        }
    }
    stack(files, &failure.stack, text);
}

/// The repository's own frames, the innermost first; foreign ones only where there are no others.
fn stack(files: &Files<'_>, stack: &[StackFrame], text: &mut String) {
    let own = |frame: &&StackFrame| frame.file.is_relative() && !is_foreign(&frame.file.to_string_lossy());
    let mut frames: Vec<&StackFrame> = stack.iter().rev().filter(own).take(FRAMES).collect();
    if frames.is_empty() {
        frames = stack.iter().rev().take(FRAMES / 3).collect();
    }
    if frames.is_empty() {
        return;
    }
    text.push_str("stack, innermost first:\n");
    for frame in frames {
        if frame.file.is_relative() && !files.may_send(&frame.file) {
            text.push_str("  a file that may not be sent\n");
            continue;
        }
        let function = frame.function.as_deref().map_or(String::new(), |name| format!(" in {}", one_line(name, 120)));
        let _ = writeln!(text, "  {}:{}{function}", one_line(&frame.file.to_string_lossy(), 240), frame.line);
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// The log's key lines where they are known, and its end.
fn log(files: &Files<'_>, mask: &Mask) -> Option<Piece> {
    let diagnosis = files.case.diagnosis;
    let raw = &files.case.evidence.run.log;
    let key: Vec<String> = if diagnosis.excerpt.is_empty() {
        around_message(files, raw)
    } else {
        diagnosis.excerpt.iter().take(LOG.0).map(|quote| cut_line(&quote.text)).collect()
    };
    let key = mask.text(&key.join("\n"));
    let end = |lines: usize| {
        // Of a huge log only the end is looked at.
        mask.text(&ends(&plain(tail(raw, LOG_BYTES)), 0, lines))
    };
    let both = |key: &str, end: &str| {
        let mut text = String::new();
        if !key.trim().is_empty() {
            text.push_str(&format!("key lines:\n{key}\n"));
        }
        if !end.trim().is_empty() && !key.ends_with(end.trim_end()) {
            text.push_str(&format!("end:\n{}\n", end.trim_end()));
        }
        text
    };
    let mut forms =
        vec![both(&key, &end(LOG.1)), both(&key, &end(10)), if key.is_empty() { end(20) } else { key.clone() }];
    forms.retain(|form| !form.trim().is_empty());
    forms.dedup();
    (!forms.is_empty()).then(|| Piece::new(Kind, "the log", forms, Trim::Start))
}

/// The lines of the log around the first failure's message.
fn around_message(files: &Files<'_>, raw: &str) -> Vec<String> {
    let said = failures(files).iter().find_map(|failure| failure.message.as_deref());
    let first = said.map(|message| one_line(message, 2_000)).filter(|line| line.len() >= 4);
    let Some(at) = first.and_then(|line| memchr::memmem::find(raw.as_bytes(), line.as_bytes())) else {
        return Vec::new();
    };
    let before = raw[..at].bytes().rev().enumerate().filter(|(_, byte)| *byte == b'\n').nth(12);
    let start = before.map_or(0, |(back, _)| at - back);
    raw[start..].lines().take(LOG.0 / 2).map(|line| cut_line(&plain(line))).collect()
}
