//! What both TOML files of heal share: reading a table by a list of known keys, and saying what is wrong
//! with it in a way that a person can act on at once.
//!
//! In: a text and a list of [`Key`]s. Out: checked values, or a [`SettingError`] with line, column and, for
//! unknown names, the nearest known one. The same list writes the reference page ([`reference`]), so a key
//! that is not documented cannot be read.

pub mod nearest;
pub mod reference;
mod section;

pub use reference::Key;
pub use section::{Section, Text};

/// What is wrong in a settings file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct SettingError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what would be right; one line, without a full stop.
    pub message: String,
}

impl SettingError {
    /// An error at a byte offset of a text; an offset behind its end means the end.
    pub fn at(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let offset = text.floor_char_boundary(offset);
        let before = &text[..offset];
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        SettingError {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one_and_in_characters() {
        let text = "a = 1\nü = \"é\" x\n";
        for (offset, place) in [(0, (1, 1)), (5, (1, 6)), (6, (2, 1)), (8, (2, 2)), (7, (2, 1)), (99, (3, 1))] {
            let error = SettingError::at(text, offset, "wrong");
            assert_eq!((error.line, error.column), place, "offset {offset}");
        }
        assert_eq!(SettingError::at(text, 6, "wrong").to_string(), "line 2, column 1: wrong");
    }
}
