//! A place in a payload that knows its path, and gives its value checked or says what is wrong with it.

use super::node::Node;
use super::{MAX_COMMENT_BYTES, PayloadError};
use crate::signal::github::names::{BadName, BranchName, CommitSha, Login, RepositoryName};

/// The longest name of a check, workflow or label; GitHub's own limits are lower or equal.
const MAX_NAME_BYTES: usize = 1024;

/// The longest address.
const MAX_URL_BYTES: usize = 2048;

/// A place in a payload, filled or not.
#[derive(Clone)]
pub(super) struct Field<'a> {
    node: Option<&'a Node>,
    path: String,
}

impl<'a> Field<'a> {
    /// The whole payload.
    pub(super) fn root(node: &'a Node) -> Self {
        Self { node: Some(node), path: String::new() }
    }

    /// The member of this name; an absent one when this is absent or no object.
    pub(super) fn get(&self, name: &'static str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { node: self.node.and_then(|node| node.member(name)), path }
    }

    /// This, unless it is absent or null.
    pub(super) fn some(self) -> Option<Self> {
        self.node.is_some_and(|node| *node != Node::Null).then_some(self)
    }

    /// This, which must be an object.
    pub(super) fn object(&self) -> Result<Self, PayloadError> {
        match self.value()? {
            Node::Object(_) => Ok(self.clone()),
            other => Err(self.wrong_type("an object", other)),
        }
    }

    /// The elements of a list; none when it is absent or null.
    pub(super) fn list(&self) -> Result<Vec<Self>, PayloadError> {
        let element = |(index, node)| Self { node: Some(node), path: format!("{}[{index}]", self.path) };
        match self.node {
            None | Some(Node::Null) => Ok(Vec::new()),
            Some(Node::List(nodes)) => Ok(nodes.iter().enumerate().map(element).collect()),
            Some(other) => Err(self.wrong_type("a list", other)),
        }
    }

    /// A number that GitHub gave out: from 1, and small enough for the store's signed integers.
    pub(super) fn id(&self) -> Result<u64, PayloadError> {
        match self.value()? {
            Node::Number(number) if *number > 0 && i64::try_from(*number).is_ok() => Ok(*number),
            Node::Number(_) | Node::OtherNumber => Err(self.malformed("a number out of range")),
            other => Err(self.wrong_type("a number", other)),
        }
    }

    /// True or false; `otherwise` when it is absent or null.
    pub(super) fn flag_or(&self, otherwise: bool) -> Result<bool, PayloadError> {
        match self.node {
            None | Some(Node::Null) => Ok(otherwise),
            Some(Node::Flag(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong_type("true or false", other)),
        }
    }

    /// A text of any content.
    pub(super) fn text(&self) -> Result<&'a str, PayloadError> {
        match self.value()? {
            Node::Text(text) => Ok(text),
            other => Err(self.wrong_type("a text", other)),
        }
    }

    /// A text that people wrote; empty when it is absent or null.
    pub(super) fn prose(&self) -> Result<String, PayloadError> {
        debug_assert!(self.node.is_none_or(|node| !matches!(node, Node::Text(text) if text.len() > MAX_COMMENT_BYTES)));
        match self.clone().some() {
            Some(field) => Ok(field.text()?.to_owned()),
            None => Ok(String::new()),
        }
    }

    /// A name on one line, neither empty nor longer than names are.
    pub(super) fn name(&self) -> Result<String, PayloadError> {
        let text = self.text()?;
        if text.is_empty() {
            return Err(self.malformed("an empty name"));
        }
        if text.len() > MAX_NAME_BYTES {
            return Err(self.malformed("too long for a name"));
        }
        if text.chars().any(is_unprintable) {
            return Err(self.malformed("a name with control characters"));
        }
        Ok(text.to_owned())
    }

    /// The address of a page: http or https, no user, no blanks.
    pub(super) fn url(&self) -> Result<String, PayloadError> {
        let text = self.text()?;
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let authority = rest.map_or("", |rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let clean = |character: char| character.is_ascii_graphic() && !"\"'<>\\^`{|}".contains(character);
        if authority.is_empty() || authority.contains('@') || text.len() > MAX_URL_BYTES || !text.chars().all(clean) {
            return Err(self.malformed("not an http or https address without a user"));
        }
        Ok(text.to_owned())
    }

    /// The address of a page when there is a usable one: only shown, so another is no error.
    pub(super) fn url_if_any(&self) -> Option<String> {
        self.url().ok()
    }

    /// The hash of a commit.
    pub(super) fn sha(&self) -> Result<CommitSha, PayloadError> {
        self.checked(CommitSha::new)
    }

    /// The hash of a commit; none when it is all zeros, as pushes write it.
    pub(super) fn sha_or_zero(&self) -> Result<Option<CommitSha>, PayloadError> {
        let text = self.text()?;
        let zero = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte == b'0');
        if zero { Ok(None) } else { self.sha().map(Some) }
    }

    /// The name of a branch.
    pub(super) fn branch(&self) -> Result<BranchName, PayloadError> {
        self.checked(BranchName::new)
    }

    /// `owner/name`.
    pub(super) fn repository_name(&self) -> Result<RepositoryName, PayloadError> {
        self.checked(RepositoryName::new)
    }

    /// The login of an account.
    pub(super) fn login(&self) -> Result<Login, PayloadError> {
        self.checked(Login::new)
    }

    /// The text through a check of its own.
    pub(super) fn checked<T>(&self, check: impl Fn(&str) -> Result<T, BadName>) -> Result<T, PayloadError> {
        check(self.text()?).map_err(|BadName(problem)| self.malformed(problem))
    }

    /// The error that this holds something impossible.
    pub(super) fn malformed(&self, problem: &'static str) -> PayloadError {
        PayloadError::Malformed { path: self.shown_path(), problem }
    }

    fn value(&self) -> Result<&'a Node, PayloadError> {
        match self.node {
            None | Some(Node::Null) => Err(PayloadError::Missing { path: self.shown_path() }),
            Some(node) => Ok(node),
        }
    }

    fn wrong_type(&self, expected: &'static str, found: &Node) -> PayloadError {
        PayloadError::WrongType { path: self.shown_path(), expected, found: found.kind() }
    }

    fn shown_path(&self) -> String {
        if self.path.is_empty() { "payload".to_owned() } else { self.path.clone() }
    }
}

/// Control characters, and those that break a line or turn the direction of the text around: a name that holds
/// them wants to look like another.
fn is_unprintable(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
