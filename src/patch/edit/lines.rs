//! A text as lines, and the forms in which lines are compared.
//!
//! In: a text. Out: [`Lines`], which gives the bytes of every line, and the *loose* and *bare* forms of one line.
//! The loose form forgives what models and editors do to blanks and quotes; the bare one forgives every blank.

use std::cell::OnceCell;
use std::ops::Range;

/// The lines of a text. A line's content ends before its `\n` or `\r\n`; a byte order mark belongs to no line.
pub(super) struct Lines {
    /// The whole text.
    pub text: String,
    spans: Vec<Range<usize>>,
    next: Vec<usize>,
    loose: OnceCell<Filled>,
    bare: OnceCell<Filled>,
}

/// The lines that are not blank, in one of the forms.
pub(super) struct Filled {
    /// Their forms.
    pub forms: Vec<String>,
    /// Their indices in the text, from 0.
    pub indices: Vec<usize>,
}

impl Lines {
    /// Splits a text.
    pub fn of(text: &str) -> Self {
        let mut start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let (mut spans, mut next) = (Vec::new(), Vec::new());
        while start < text.len() {
            let end = memchr::memchr(b'\n', &text.as_bytes()[start..]).map_or(text.len(), |length| start + length);
            let content = text[start..end].strip_suffix('\r').filter(|_| end < text.len());
            spans.push(start..content.map_or(end, |content| start + content.len()));
            start = (end + 1).min(text.len());
            next.push(start);
        }
        Lines { text: text.to_owned(), spans, next, loose: OnceCell::new(), bare: OnceCell::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// A line without its line end.
    pub fn content(&self, index: usize) -> &str {
        &self.text[self.spans[index].clone()]
    }

    /// The bytes of a line without its line end.
    pub fn span(&self, index: usize) -> Range<usize> {
        self.spans[index].clone()
    }

    /// Where the line after this one begins.
    pub fn next(&self, index: usize) -> usize {
        self.next[index]
    }

    /// The line in which a byte lies; the last one for what lies behind it.
    pub fn at(&self, byte: usize) -> usize {
        self.spans.partition_point(|span| span.start <= byte).saturating_sub(1)
    }

    /// Whether a line holds nothing but blanks.
    pub fn is_blank(&self, index: usize) -> bool {
        self.content(index).trim().is_empty()
    }

    /// The lines that are not blank, loosely.
    pub fn loose(&self) -> &Filled {
        self.loose.get_or_init(|| self.filled(loose))
    }

    /// The lines that are not blank, without blanks.
    pub fn bare(&self) -> &Filled {
        self.bare.get_or_init(|| self.filled(bare))
    }

    fn filled(&self, form: fn(&str) -> String) -> Filled {
        let mut filled = Filled { forms: Vec::new(), indices: Vec::new() };
        for index in (0..self.len()).filter(|&index| !self.is_blank(index)) {
            filled.forms.push(form(self.content(index)));
            filled.indices.push(index);
        }
        filled
    }
}

/// The blanks at the beginning of a line.
pub(super) fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

/// A line without the blanks around it, with one blank for every run of them, with ASCII quotes and dashes, and with
/// the characters that `\u{XXXX}` stands for.
pub(super) fn loose(line: &str) -> String {
    units(line.trim()).map(|unit| unit.character).collect()
}

/// [`loose`] without any blank.
pub(super) fn bare(line: &str) -> String {
    units(line.trim()).map(|unit| unit.character).filter(|&character| character != ' ').collect()
}

/// A character as lines are compared by it, and the bytes that stand for it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// The character in its loose form.
    pub character: char,
    /// Where it stands in the line.
    pub bytes: Range<usize>,
}

/// The units of a line.
pub(super) fn units(line: &str) -> impl Iterator<Item = Unit> {
    let mut position = 0;
    std::iter::from_fn(move || {
        let rest = &line[position..];
        let first = rest.chars().next()?;
        let (character, length) = if first.is_whitespace() {
            (' ', rest.len() - rest.trim_start().len())
        } else if let Some((character, length)) = escape(rest) {
            (character, length)
        } else {
            (ascii(first), first.len_utf8())
        };
        let bytes = position..position + length;
        position += length;
        Some(Unit { character, bytes })
    })
}

/// The character that `\u{XXXX}` at the beginning of a text stands for, and the length of the escape.
pub(super) fn escape(text: &str) -> Option<(char, usize)> {
    let digits = text.strip_prefix("\\u{")?;
    let end = digits.bytes().take(7).position(|byte| byte == b'}')?;
    let character = char::from_u32(u32::from_str_radix(digits.get(..end)?, 16).ok()?)?;
    Some((character, end + 4))
}

/// The ASCII character that a typographic one is written for.
pub(super) fn ascii(character: char) -> char {
    match character {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' => '"',
        '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{2013}' | '\u{2014}' | '\u{2212}' => '-',
        other => other,
    }
}

/// Where a sequence stands in a longer one, overlapping places included, in linear time (Knuth, Morris and Pratt).
pub(super) fn occurrences<T: PartialEq>(needle: &[T], hay: &[T]) -> Vec<usize> {
    if needle.is_empty() || needle.len() > hay.len() {
        return Vec::new();
    }
    let mut border = vec![0; needle.len()];
    let mut matched = 0;
    for index in 1..needle.len() {
        while matched > 0 && needle[index] != needle[matched] {
            matched = border[matched - 1];
        }
        matched += usize::from(needle[index] == needle[matched]);
        border[index] = matched;
    }
    let mut places = Vec::new();
    matched = 0;
    for (index, item) in hay.iter().enumerate() {
        while matched > 0 && (matched == needle.len() || *item != needle[matched]) {
            matched = border[matched - 1];
        }
        matched += usize::from(*item == needle[matched]);
        if matched == needle.len() {
            places.push(index + 1 - needle.len());
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_ends_and_the_mark_apart() {
        let lines = Lines::of("\u{feff}a\r\n\n b");
        assert_eq!((0..lines.len()).map(|index| lines.content(index)).collect::<Vec<_>>(), ["a", "", " b"]);
        assert_eq!((lines.span(0), lines.next(0), lines.at(0), lines.at(8)), (3..4, 6, 0, 2));
    }

    #[test]
    fn forms_forgive_blanks_quotes_and_escapes() {
        assert_eq!(loose("\t x  =\u{a0}\u{201c}a\\u{202e}\u{2019} "), "x = \"a\u{202e}'");
        assert_eq!(bare(" f( a, b )"), "f(a,b)");
    }

    #[test]
    fn every_place_of_a_sequence_is_found() {
        assert_eq!(occurrences(b"aa", b"aaaba"), [0, 1]);
        assert_eq!(occurrences(b"abab", b"abababb"), [0, 2]);
        assert!(occurrences(b"abc", b"ab").is_empty() && occurrences::<u8>(b"", b"ab").is_empty());
    }
}
