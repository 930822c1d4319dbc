//! Label values, kept few: each distinct value is a series that Prometheus stores for ever.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// What stands for all values that are not kept apart.
pub(super) const OTHER: &str = "other";

/// The longest learned value, in bytes.
const LONGEST: usize = 40;

/// The value if the vocabulary has it.
pub(super) fn known(vocabulary: &[&'static str], value: &str) -> &'static str {
    vocabulary.iter().copied().find(|known| *known == value).unwrap_or(OTHER)
}

/// A vocabulary that learns values from their use, up to a limit: names of states and operations belong to
/// other rooms, and this one should not have to repeat them.
#[derive(Debug)]
pub(super) struct Learned {
    room: usize,
    seen: Mutex<BTreeSet<String>>,
}

impl Learned {
    /// Learns up to `room` values.
    pub fn new(room: usize) -> Self {
        Self { room, seen: Mutex::default() }
    }

    /// The value if it looks like a name and there is room for it.
    pub fn admit(&self, value: &str) -> String {
        // A panic can't leave a set of strings half written.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains(value) {
            return value.to_owned();
        }
        if !is_name(value) || seen.len() >= self.room {
            return OTHER.to_owned();
        }
        seen.insert(value.to_owned());
        value.to_owned()
    }
}

fn is_name(value: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    (1..=LONGEST).contains(&value.len()) && value.bytes().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_learned_and_only_some() {
        let learned = Learned::new(2);
        assert_eq!(learned.admit("list_jobs"), "list_jobs");
        assert_eq!(learned.admit("octo/shop"), OTHER);
        assert_eq!(learned.admit(""), OTHER);
        assert_eq!(learned.admit(&"x".repeat(41)), OTHER);
        assert_eq!(learned.admit("rerun"), "rerun");
        assert_eq!(learned.admit("third"), OTHER);
        assert_eq!(learned.admit("list_jobs"), "list_jobs");
    }
}
