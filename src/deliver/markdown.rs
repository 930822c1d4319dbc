//! Markdown that holds foreign text: what a log, a commit or a repository says is data, never markup.
//!
//! In: text of any origin. Out: code spans, table cells, fenced blocks and plain words in which it stays
//! text: no mention, link, reference or HTML can come out of it, control and direction characters are
//! visible, secrets are redacted, and everything has a limit.

use std::fmt::Write;

use crate::diagnosis::Quote;
use crate::redact;

/// The longest code span, in characters.
pub const SPAN: usize = 300;

/// The longest line of a block, in characters.
const LINE: usize = 500;

/// Stands between the two parts of what a forge would turn into a mention or a link; nobody sees it.
const WORD_JOINER: char = '\u{2060}';

/// Foreign text without secrets, and with nothing in it that can't be seen: control characters and those
/// that change the direction of text are shown as `\u{202e}`. Line ends and tabs stay.
pub fn shown(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut visible = String::with_capacity(text.len());
    for character in redact::text(&text).chars() {
        if is_invisible(character) {
            let _ = write!(visible, "\\u{{{:x}}}", character as u32);
        } else {
            visible.push(character);
        }
    }
    visible
}

/// Characters that show nothing or move what stands around them ("Trojan Source", CVE-2021-42574; the
/// tag characters of plane 14 carry hidden instructions).
pub fn is_invisible(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t')
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// At most `limit` characters, with an ellipsis where something is missing.
pub fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Foreign text on one line, for places that know no markup (titles, commit messages, mail subjects) and
/// yet turn `@name`, `#1`, `GH-1` and addresses into links and messages to people.
pub fn inert(text: &str, limit: usize) -> String {
    let text = shown(head(text, limit)).replace(['\n', '\t'], " ");
    let text = cut(text.trim(), limit);
    let mut inert = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        inert.push(character);
        if opens_link(&text, at, character) {
            inert.push(WORD_JOINER);
        }
    }
    inert
}

/// Whether a forge could read a mention, a reference or an address that goes on behind this character.
fn opens_link(text: &str, at: usize, character: char) -> bool {
    match character {
        '@' | '#' => true,
        ':' => text[at..].starts_with("://"),
        'w' | 'W' => text[at + 1..].starts_with('.'),
        // `GH-12` is GitHub's other way to write `#12`.
        '-' => {
            text[at + 1..].starts_with(|next: char| next.is_ascii_digit())
                && at.checked_sub(2).is_some_and(|start| text.as_bytes()[start..at].eq_ignore_ascii_case(b"gh"))
        }
        _ => false,
    }
}

/// A code span; its fence is longer than any run of back-ticks inside.
pub fn code(content: &str) -> String {
    code_of(content, SPAN)
}

/// A code span of at most `limit` characters.
pub fn code_of(content: &str, limit: usize) -> String {
    let content = cut(&shown(head(content, limit)).replace(['\n', '\t'], " "), limit);
    let fence = "`".repeat(longest_run(&content) + 1);
    format!("{fence} {content} {fence}")
}

/// A cell of a table: a code span, or nothing.
pub fn cell(content: &str) -> String {
    // A back-slash in front of the escaped bar would escape the back-slash, and the bar would end the cell.
    if content.is_empty() { String::new() } else { code(content).replace("\\|", "\\ |").replace('|', "\\|") }
}

/// The first line of foreign text, or nothing.
pub fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("")
}

/// A block of numbered lines of a log.
pub fn block(lines: &[Quote]) -> String {
    numbered(lines, usize::MAX)
}

/// A block of numbered lines of a log, of at most `bytes` bytes.
pub fn numbered(lines: &[Quote], bytes: usize) -> String {
    let all: Vec<&str> = lines.iter().map(|quote| head(&quote.text, LINE)).collect();
    let clean = shown(&all.join("\n"));
    let clean: Vec<&str> = clean.split('\n').collect();
    // A secret over several lines leaves fewer lines than there were numbers.
    let numbered: Vec<String> = if clean.len() == lines.len() {
        lines.iter().zip(clean).map(|(quote, text)| format!("{:>6}  {text}", quote.line)).collect()
    } else {
        clean.into_iter().map(str::to_owned).collect()
    };
    fence("text", &numbered, usize::MAX, bytes)
}

/// A fenced block of foreign text: at most `lines` lines and `bytes` bytes, and it says how many are missing.
pub fn fenced(language: &str, text: &str, lines: usize, bytes: usize) -> String {
    let clean = shown(head(text, bytes));
    let all: Vec<String> = clean.lines().map(str::to_owned).collect();
    fence(language, &all, lines, bytes)
}

/// A fenced block of text that is already clean and short enough.
pub fn verbatim(language: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n")
}

fn fence(language: &str, lines: &[String], most: usize, bytes: usize) -> String {
    let mut body = String::new();
    for (index, line) in lines.iter().enumerate() {
        let line = cut(line, LINE);
        if index == most || body.len() + line.len() > bytes {
            let _ = writeln!(body, "… {} more lines", lines.len() - index);
            break;
        }
        body.push_str(&line);
        body.push('\n');
    }
    verbatim(language, &body)
}

/// List items up to a number and a size, and how many there are besides.
pub fn list(items: impl IntoIterator<Item = String>, most: usize, bytes: usize) -> String {
    let mut text = String::new();
    let mut left_out = 0;
    for (index, item) in items.into_iter().enumerate() {
        if left_out > 0 || index >= most || text.len() + item.len() > bytes {
            left_out += 1;
        } else {
            let _ = writeln!(text, "- {item}");
        }
    }
    if left_out > 0 {
        let _ = writeln!(text, "- … and {left_out} more");
    }
    text
}

/// What is worth cleaning of a text that will be cut at `limit`: redaction reads no megabytes for a line.
pub(super) fn head(text: &str, limit: usize) -> &str {
    let most = limit.saturating_mul(2).saturating_add(512).min(text.len());
    &text[..text.floor_char_boundary(most)]
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_holds_what_would_be_markup() {
        for (text, span) in [
            ("@octocat fixes #1", "` @octocat fixes #1 `"),
            ("a ` b `` c", "``` a ` b `` c ```"),
            ("<!-- heal:id=x -->", "` <!-- heal:id=x --> `"),
            ("abc\u{202e}def\u{1b}[31m", "` abc\\u{202e}def\\u{1b}[31m `"),
            ("one\ntwo\tthree", "` one two three `"),
            ("", "`  `"),
        ] {
            assert_eq!(code(text), span);
        }
        assert_eq!(code_of(&"x".repeat(50), 5), "` xxxx… `");
        assert!(code(concat!("gh", "p_abcdefghijklmnopqrstuvwxyz0123456789")).contains("[redacted]"));
    }

    #[test]
    fn a_cell_keeps_its_bars() {
        assert_eq!(cell("a | b"), "` a \\| b `");
        assert_eq!(cell("a \\| b"), "` a \\ \\| b `");
        assert_eq!(cell(""), "");
    }

    #[test]
    fn plain_words_call_nobody_and_link_nothing() {
        for text in
            ["@octocat", "closes #1", "GH-12", "https://evil.example", "www.evil.example", "a/b#3", "x@y.example"]
        {
            let inert = inert(text, 80);
            assert_eq!(inert.replace('\u{2060}', ""), text);
            assert!(inert.contains('\u{2060}'), "{inert}");
        }
        assert_eq!(inert("two\r\nlines", 80), "two lines");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fenced("diff", "+```\n+````js", 9, 900), "`````diff\n+```\n+````js\n`````\n");
        assert_eq!(fenced("", "a\nb\nc", 1, 900), "```\na\n… 2 more lines\n```\n");
        assert_eq!(list((1..=4).map(|n| n.to_string()), 2, 99), "- 1\n- 2\n- … and 2 more\n");
    }
}
