//! One request before it is sent: what is asked, with which words, and whether asking twice does harm.

use http::Method;
use serde_json::Value;

/// Whether a request may be sent again when its fate is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Sending it twice is the same as sending it once.
    Safe,
    /// It would happen twice.
    Harmful,
}

/// What is done with the answer's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// It is read whole, within a limit.
    Whole,
    /// It is handed on as a stream, and a redirection is an answer.
    Stream,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub operation: &'static str,
    pub method: Method,
    /// Encoded, with the leading slash, without the API's own base path.
    pub path: String,
    pub query: String,
    pub body: Option<Value>,
    pub repeat: Repeat,
    pub reply: Reply,
}

impl Call {
    fn new(operation: &'static str, method: Method, path: impl Into<String>) -> Self {
        // All methods but POST are idempotent as GitHub uses them.
        let repeat = if method == Method::POST { Repeat::Harmful } else { Repeat::Safe };
        let path = path.into();
        Call { operation, method, path, query: String::new(), body: None, repeat, reply: Reply::Whole }
    }

    pub fn get(operation: &'static str, path: impl Into<String>) -> Self {
        Call::new(operation, Method::GET, path)
    }

    pub fn post(operation: &'static str, path: impl Into<String>, body: Value) -> Self {
        Call { body: Some(body), ..Call::new(operation, Method::POST, path) }
    }

    /// A POST without a body.
    pub fn trigger(operation: &'static str, path: impl Into<String>) -> Self {
        Call::new(operation, Method::POST, path)
    }

    pub fn put(operation: &'static str, path: impl Into<String>, body: Value) -> Self {
        Call { body: Some(body), ..Call::new(operation, Method::PUT, path) }
    }

    pub fn patch(operation: &'static str, path: impl Into<String>, body: Value) -> Self {
        Call { body: Some(body), ..Call::new(operation, Method::PATCH, path) }
    }

    pub fn delete(operation: &'static str, path: impl Into<String>) -> Self {
        Call::new(operation, Method::DELETE, path)
    }

    /// Declares that sending it twice is the same as sending it once.
    pub fn safe(self) -> Self {
        Call { repeat: Repeat::Safe, ..self }
    }

    /// The answer is a download.
    pub fn stream(self) -> Self {
        Call { reply: Reply::Stream, ..self }
    }

    /// Adds a parameter to the query.
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(name);
        self.query.push('=');
        encode(&value.to_string(), &mut self.query);
        self
    }

    /// Adds a parameter to the query, if there is one.
    pub fn with_some(self, name: &str, value: Option<impl std::fmt::Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Path and query.
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }
}

/// A name as one segment of a path: slashes are encoded, too.
pub(super) fn segment(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    encode(name, &mut encoded);
    encoded
}

/// A name whose slashes GitHub wants to see, such as a branch's or a file's.
pub(super) fn segments(name: &str) -> String {
    name.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Everything but RFC 3986's unreserved characters is encoded; so are names made of dots, which some
/// servers would take for a step in the path.
fn encode(text: &str, encoded: &mut String) {
    let only_dots = matches!(text, "." | "..");
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') || (byte == b'.' && !only_dots);
        if plain {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_not_leave_their_segment() {
        assert_eq!(segment("../a b?c#d"), "..%2Fa%20b%3Fc%23d");
        assert_eq!(segments("feature/ünï/../x"), "feature/%C3%BCn%C3%AF/%2E%2E/x");
    }

    #[test]
    fn the_query_is_encoded() {
        let call = Call::get("x", "/runs").with("created", ">=2026-01-01T00:00:00Z").with_some("branch", Some("a&b"));
        assert_eq!(call.target(), "/runs?created=%3E%3D2026-01-01T00%3A00%3A00Z&branch=a%26b");
    }
}
