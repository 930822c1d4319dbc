//! Invisible characters, made visible.
//!
//! In: foreign text. Out: the same text with every character that a reader cannot see, or that changes the order
//! in which letters are shown, written as `\u{202e}`. U+FE0F stays: it only asks for
//! the colours of an emoji, and lines with one are copied as they are.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with its invisible characters escaped. The end of a line before `\n` may be `\r`; it is dropped.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.replace("\r\n", "\n").chars() {
        if is_hidden(letter) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

fn is_hidden(letter: char) -> bool {
    if letter.is_control() {
        return !matches!(letter, '\n' | '\t');
    }
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        for (text, shown) in [
            ("plain\tü \n", "plain\tü \n"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{200b}\u{2066}\u{ad}\u{feff}", "a\\u{200b}\\u{2066}\\u{ad}\\u{feff}"),
            ("\u{e0041}\u{e0100}\u{fe00}\u{fe0f}", "\\u{e0041}\\u{e0100}\\u{fe00}\u{fe0f}"),
            ("\u{1b}[31m\0\r", "\\u{1b}[31m\\u{0}\\u{d}"),
            ("a\r\nb", "a\nb"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_hidden_is_left(text in "\\PC{0,20}[\u{200b}-\u{202f}\u{e0000}-\u{e01ff}\u{0}-\u{1f}]{0,8}\\PC{0,20}") {
            proptest::prop_assert!(!visible(&text).chars().any(is_hidden));
        }
    }
}
