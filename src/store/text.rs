//! Text of unknown origin, as both engines can hold it.
//!
//! PostgreSQL's `TEXT` has no NUL, and a row of its B-tree indexes no more than some 2,700 bytes; SQLite
//! takes everything. What logs and GitHub say passes here, so that the engines agree. JSON needs none of
//! it: a NUL is escaped there, and no index holds it.

/// How much of a text an index holds, in bytes: with a repository's name, a commit and a fingerprint
/// beside it well below PostgreSQL's limit.
pub(super) const KEY_BYTES: usize = 1_000;

/// A text without NUL.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A text that an index can hold: without NUL, its beginning.
pub(super) fn key(text: &str) -> String {
    storable(&text[..text.floor_char_boundary(KEY_BYTES)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_engines_hold_stays_and_the_rest_is_replaced_or_cut() {
        assert_eq!(storable("test_é"), "test_é");
        assert_eq!(storable("a\0b"), "a\u{fffd}b");
        assert_eq!(key(&"é".repeat(KEY_BYTES)).len(), KEY_BYTES);
        assert_eq!(key(&format!("a{}", "é".repeat(KEY_BYTES))).len(), KEY_BYTES - 1, "between two characters");
    }
}
