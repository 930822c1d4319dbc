//! What an answer says besides its edits: reasoning in tags, refusals, the statement that there is no fix.

use std::sync::LazyLock;

use regex::Regex;

/// The most characters of prose that are kept.
const MAX_THOUGHTS: usize = 4_000;

/// The most characters of a refusal or a reason that are kept.
const MAX_SENTENCE: usize = 500;

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is fixed and a test compiles it")
}

/// An answer without its reasoning in tags. An opening tag counts only where the answer begins: code may hold one.
pub(super) fn without_reasoning(text: &str) -> &str {
    static CLOSE: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?i)</(think|thinking|reasoning|thought|scratchpad)>"));
    static OPEN: LazyLock<Regex> =
        LazyLock::new(|| compiled(r"(?i)^\s*<(think|thinking|reasoning|thought|scratchpad)>"));
    static CLOSE_ALONE: LazyLock<Regex> = LazyLock::new(|| compiled(r"(?im)^\s*</(think|thinking)>\s*$"));
    let mut rest = text;
    while let Some(opened) = OPEN.find(rest) {
        // The last closing tag: reasoning may speak of the tag itself.
        rest = match CLOSE.find(&rest[opened.end()..]) {
            Some(closed) => &rest[opened.end() + closed.end()..],
            None => "",
        };
    }
    // Code may hold such a line, too: inside of an edit or a fence it ends nothing.
    let count = |before: &str, mark: &str| before.lines().filter(|line| line.trim_start().starts_with(mark)).count();
    let is_whole =
        |before: &str| count(before, "<<<<<<<") == count(before, ">>>>>>>") && count(before, "```").is_multiple_of(2);
    match CLOSE_ALONE.find(rest).filter(|closed| is_whole(&rest[..closed.start()])) {
        Some(closed) => &rest[closed.end()..],
        None => rest,
    }
}

/// The sentence with which an answer refuses.
pub(super) fn refusal(prose: &str) -> Option<String> {
    static REFUSAL: LazyLock<Regex> = LazyLock::new(|| {
        compiled(
            r"(?i)^\W*(?:(?:i['’]?m|i am) (?:very |really |so )?sorry,? but (?:i|we) (?:cannot|can['’]?t|can not|won['’]?t|will not|must|am unable|am not able)\b|sorry,? (?:but )?(?:i|we) (?:cannot|can['’]?t|can not|won['’]?t|will not|must|am unable|am not able)\b|i (?:cannot|can['’]?t|can not|won['’]?t|will not|must decline|am unable|am not able|do not feel comfortable)\b|i['’]m (?:unable|not able)\b|as an ai\b|unfortunately,? i (?:cannot|can['’]?t|am unable|['’]m unable))",
        )
    });
    REFUSAL.is_match(prose.trim_start()).then(|| shortened(first_paragraph(prose), MAX_SENTENCE))
}

/// The reason why an answer says that there is no fix: the rest of a line `NO FIX: …`.
pub(super) fn gave_up(prose: &str) -> Option<String> {
    static NO_FIX: LazyLock<Regex> = LazyLock::new(|| {
        compiled(r"(?im)^[\s*#>`]*(?:NO[ _]FIX|GIVE[ _]UP|GIVING UP|GAVE[ _]UP)[*`]*\s*:[*`]*\s*(.*)$")
    });
    let found = NO_FIX.captures(prose)?;
    let reason = found.get(1).map_or("", |reason| reason.as_str()).trim();
    Some(if reason.is_empty() { "no reason given".to_owned() } else { shortened(reason, MAX_SENTENCE) })
}

/// Prose as it is kept; `None` for none.
pub(super) fn thoughts(prose: &str) -> Option<String> {
    let prose = prose.trim();
    (!prose.is_empty()).then(|| shortened(prose, MAX_THOUGHTS))
}

fn first_paragraph(prose: &str) -> &str {
    prose.trim().split("\n\n").next().unwrap_or("").trim()
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
