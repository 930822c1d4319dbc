//! The part of a payload that heal looks at, as a small tree.
//!
//! A payload may have 25 MB, nearly all of it addresses of API pages and texts of commits. While the
//! JSON is read, members whose name is not in [`KEPT`] are skipped without being kept, and texts are
//! cut at [`MAX_COMMENT_BYTES`]. A payload that still holds more than [`MAX_NODES`] parts is refused.
//! serde_json itself refuses to follow more than 128 levels.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{MAX_COMMENT_BYTES, PayloadError};

/// The names of all members that some reader asks for, sorted.
const KEPT: [&str; 70] = [
    "account",
    "action",
    "actor",
    "after",
    "app",
    "app_id",
    "archived",
    "author_association",
    "base",
    "before",
    "body",
    "branches",
    "check_run",
    "check_suite",
    "clone_url",
    "comment",
    "commit",
    "commit_id",
    "conclusion",
    "context",
    "default_branch",
    "deleted",
    "details_url",
    "draft",
    "event",
    "forced",
    "fork",
    "full_name",
    "head",
    "head_branch",
    "head_repository",
    "head_sha",
    "hook",
    "hook_id",
    "html_url",
    "id",
    "installation",
    "issue",
    "label",
    "labels",
    "login",
    "master_branch",
    "merged",
    "name",
    "number",
    "path",
    "private",
    "pull_request",
    "pull_requests",
    "pusher",
    "ref",
    "repo",
    "repositories",
    "repositories_added",
    "repositories_removed",
    "repository",
    "review",
    "run_attempt",
    "sender",
    "sha",
    "slug",
    "state",
    "status",
    "target_url",
    "type",
    "user",
    "workflow",
    "workflow_id",
    "workflow_run",
    "zen",
];

/// How many parts a payload may have after what is not needed was skipped. An installation on ten
/// thousand repositories, the largest that GitHub sends in one piece, has some fifty thousand.
const MAX_NODES: usize = 200_000;

/// A value, as far as it is of use.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number that is neither negative nor broken.
    Number(u64),
    /// Any other number.
    OtherNumber,
    /// A text, cut at [`MAX_COMMENT_BYTES`], NUL replaced (PostgreSQL can't hold it).
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// The members whose names are kept; of two with one name the last counts.
    Object(Vec<(&'static str, Node)>),
}

impl Node {
    /// Reads a whole text.
    pub(super) fn read(json: &[u8]) -> Result<Self, PayloadError> {
        let not_json = |error: serde_json::Error| PayloadError::NotJson { line: error.line(), column: error.column() };
        let budget = Cell::new(MAX_NODES);
        let mut reader = serde_json::Deserializer::from_slice(json);
        let node = Pruned { budget: &budget }.deserialize(&mut reader).map_err(not_json)?;
        reader.end().map_err(not_json)?;
        Ok(node)
    }

    /// The member of an object; of two the last.
    pub(super) fn member(&self, name: &str) -> Option<&Node> {
        debug_assert!(KEPT.binary_search(&name).is_ok(), "{name} is not kept");
        match self {
            Self::Object(members) => members.iter().rev().find(|(key, _)| *key == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Number(_) | Self::OtherNumber => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Reads one value and what is below it, within what is left of the budget.
#[derive(Clone, Copy)]
struct Pruned<'a> {
    budget: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Pruned<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Node, D::Error> {
        let left = self.budget.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many parts"))?;
        self.budget.set(left);
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pruned<'_> {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(u64::try_from(number).map_or(Node::OtherNumber, Node::Number))
    }

    fn visit_f64<E>(self, _number: f64) -> Result<Node, E> {
        Ok(Node::OtherNumber)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        let kept = &text[..text.floor_char_boundary(MAX_COMMENT_BYTES)];
        Ok(Node::Text(kept.replace('\0', "\u{fffd}")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = from.next_element_seed(self)? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = from.next_key_seed(Key)? {
            match key {
                Some(key) => members.push((key, from.next_value_seed(self)?)),
                None => {
                    from.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Node::Object(members))
    }
}

/// Reads a member's name: the kept one, or none.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<&'static str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(KEPT.binary_search(&name).ok().map(|index| KEPT[index]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_names_are_sorted_and_unique() {
        assert!(KEPT.is_sorted_by(|left, right| left < right));
    }

    #[test]
    fn only_what_is_asked_for_is_kept() {
        let node = Node::read(br#"{"id":1,"url":{"id":2},"name":"a\u0000b","id":3,"fork":-1.5}"#).unwrap();
        assert_eq!(node.member("id"), Some(&Node::Number(3)));
        assert_eq!(node.member("name"), Some(&Node::Text("a\u{fffd}b".to_owned())));
        assert_eq!(node.member("fork"), Some(&Node::OtherNumber));
        assert!(matches!(node, Node::Object(members) if members.len() == 4));
    }

    #[test]
    fn too_deep_too_many_and_too_long_are_bounded() {
        let deep = format!("{{\"id\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        assert!(Node::read(deep.as_bytes()).is_err());
        let skipped = format!("{{\"url\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Node::read(skipped.as_bytes()).is_ok());
        let many = format!("{{\"labels\":[{}1]}}", "1,".repeat(MAX_NODES));
        assert!(Node::read(many.as_bytes()).is_err());
        let long = format!("{{\"body\":\"x{}\"}}", "é".repeat(MAX_COMMENT_BYTES));
        let node = Node::read(long.as_bytes()).unwrap();
        assert!(matches!(node.member("body"), Some(Node::Text(text)) if text.len() == MAX_COMMENT_BYTES - 1));
        assert!(Node::read(b"{} {}").is_err());
        assert!(Node::read(b"{\"id\":1e999}").is_err());
    }
}
