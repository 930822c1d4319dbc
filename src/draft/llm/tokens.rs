//! How many tokens a text has, without the model's own tokenizer.
//!
//! Every model cuts text in its own way, and heal does not know how. The estimate is the larger one of two:
//!
//! - bytes: one token per 3.3 bytes. OpenAI's rule of thumb is 4 characters of English per token; source code, with
//!   its names, brackets and indentation, has fewer per token.
//! - pieces: what byte-pair tokenizers never join. A run of letters is a token per 6 letters or part of them, digits
//!   one per 2, marks one per 2, a line break with its indentation one, a character outside ASCII one per 2 bytes.
//!
//! It is meant to err upward: a prompt that was packed to a budget then fits, and a cost that was reserved is enough.
//! It was not measured against a tokenizer; budgets are settled by what the endpoint says, wherever it says something.

/// Bytes per token, in tenths.
const TENTHS_OF_BYTES: u64 = 33;

/// An estimate of the tokens of a text, 0 only for the empty one.
pub fn estimate_tokens(text: &str) -> u64 {
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX / 10);
    (bytes * 10).div_ceil(TENTHS_OF_BYTES).max(pieces(text))
}

/// The classes of characters that are counted apart.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Letters,
    Digits,
    Marks,
    Blanks,
    Others,
}

fn class(byte: u8) -> Class {
    match byte {
        byte if byte.is_ascii_alphabetic() => Class::Letters,
        byte if byte.is_ascii_digit() => Class::Digits,
        byte if byte.is_ascii_whitespace() => Class::Blanks,
        byte if byte.is_ascii() => Class::Marks,
        _ => Class::Others,
    }
}

fn pieces(text: &str) -> u64 {
    let runs = text.as_bytes().chunk_by(|left, right| class(*left) == class(*right));
    runs.map(|run| {
        let length = run.len() as u64;
        match class(run[0]) {
            Class::Letters => length.div_ceil(6),
            Class::Digits | Class::Marks | Class::Others => length.div_ceil(2),
            // A single blank belongs to the word behind it.
            Class::Blanks => u64::from(run != b" "),
        }
    })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_measure_counts() {
        for (text, tokens) in [
            ("", 0),
            ("a", 1),
            ("The quick brown fox jumps over the lazy dog.", 14),
            ("def add(a, b):\n    return a + b\n", 13),
            ("[1,2,3,4,5,6,7,8,9]", 19),
            ("日本語の説明", 9),
            (&" ".repeat(330), 100),
        ] {
            assert_eq!(estimate_tokens(text), tokens, "{text:?}");
        }
    }

    #[test]
    fn more_text_never_has_fewer_tokens() {
        let text = "fn main() {\n\tprintln!(\"größer 12345\");\n}\n";
        let counts: Vec<u64> =
            text.char_indices().map(|(end, _)| estimate_tokens(&text[..end])).chain([estimate_tokens(text)]).collect();
        assert!(counts.is_sorted(), "{counts:?}");
    }
}
