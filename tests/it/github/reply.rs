//! Answers in GitHub's manner.

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};

/// An answer.
pub type Reply = Response<Body>;

/// A JSON document.
pub fn document(status: u16, value: &Value) -> Reply {
    Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8")
        .body(Body::from(value.to_string()))
        .unwrap()
}

/// A refusal with a message.
pub fn error(status: u16, message: &str) -> Reply {
    document(
        status,
        &json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()}),
    )
}

/// A status alone.
pub fn empty(status: u16) -> Reply {
    Response::builder().status(status).body(Body::empty()).unwrap()
}

/// A redirection.
pub fn found(location: &str) -> Reply {
    Response::builder().status(302).header("location", location).body(Body::empty()).unwrap()
}

/// One page of a list under a key, as Actions and checks answer, with links to the others.
pub fn page(key: &str, all: &[Value], query: &[(String, String)], url: &str) -> Reply {
    let number = |name: &str, default: usize| {
        query.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok()).unwrap_or(default)
    };
    let (size, at) = (number("per_page", 30).clamp(1, 100), number("page", 1).max(1));
    let part: Vec<&Value> = all.iter().skip((at - 1) * size).take(size).collect();
    let mut reply = document(200, &json!({"total_count": all.len(), key: part}));
    let last = all.len().div_ceil(size);
    if at < last {
        let kept = query.iter().filter(|(key, _)| key != "page").map(|(key, value)| format!("{key}={value}&"));
        let base = format!("{url}?{}", kept.collect::<String>());
        let link = format!("<{base}page={}>; rel=\"next\", <{base}page={last}>; rel=\"last\"", at + 1);
        if let Ok(link) = link.parse() {
            reply.headers_mut().insert("link", link);
        }
    }
    reply
}
