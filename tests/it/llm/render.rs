//! Replies as HTTP.

use std::convert::Infallible;
use std::io;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::reply::{Kind, Reply, Usage};
use super::server::Seen;

/// The answer to a request.
pub fn response(reply: &Reply, seen: &Seen) -> Response<Body> {
    let (status, kind, body) = match &reply.kind {
        Kind::Choice { message, finish } if seen.is_streamed() => (200, "text/event-stream", {
            let text = message["content"].as_str().map(str::to_owned);
            whole(events(reply, seen, message, text.as_deref(), Some(finish)) + "data: [DONE]\n\n")
        }),
        Kind::Choice { message, finish } => {
            (200, "application/json", whole(document(reply, seen, message, finish).to_string()))
        }
        Kind::Body { status, kind, text } => (*status, *kind, whole(text.clone())),
        Kind::Stream { lines } => (200, "text/event-stream", whole(lines.clone())),
        Kind::Reset => (200, "application/json", broken(Vec::new())),
        Kind::Cut { text } if seen.is_streamed() => {
            (200, "text/event-stream", broken(events(reply, seen, &Value::Null, Some(text), None).into_bytes()))
        }
        Kind::Cut { text } => {
            let whole = document(reply, seen, &json!({"role": "assistant", "content": text}), "stop").to_string();
            (200, "application/json", broken(whole.as_bytes()[..whole.len() / 2].to_vec()))
        }
        Kind::Endless { text } => {
            (200, "text/event-stream", whole(events(reply, seen, &Value::Null, Some(text), None)))
        }
        Kind::Silent { text } => {
            let bytes = Bytes::from(events(reply, seen, &Value::Null, Some(text), None));
            let begun = stream::iter([Ok::<_, Infallible>(bytes)]);
            (200, "text/event-stream", Body::from_stream(begun.chain(stream::pending())))
        }
        Kind::NoDone { text } => {
            (200, "text/event-stream", whole(events(reply, seen, &Value::Null, Some(text), Some("stop"))))
        }
    };
    let mut answer = Response::builder().status(status).header("content-type", kind).header("x-request-id", "req-1");
    for (name, value) in &reply.headers {
        answer = answer.header(name, value);
    }
    answer.body(body).unwrap()
}

fn whole(text: String) -> Body {
    // A stream, so that events arrive as events and no length is told.
    Body::from_stream(stream::once(async { Ok::<_, Infallible>(Bytes::from(text)) }))
}

/// A body that breaks off after some bytes; after none, nothing of the answer is sent.
fn broken(bytes: Vec<u8>) -> Body {
    let first = (!bytes.is_empty()).then(|| Ok(Bytes::from(bytes)));
    let end = stream::once(async {
        // What was written before goes out first.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    match first {
        Some(first) => Body::from_stream(stream::iter([first]).chain(end)),
        None => Body::from_stream(stream::iter([Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset))])),
    }
}

fn usage(reply: &Reply, seen: &Seen, text: &str) -> Option<Value> {
    let (input, output) = match reply.usage {
        Usage::ByLength => (seen.prompt().len() as u64 / 4, text.len() as u64 / 4),
        Usage::Given(input, output) => (input, output),
        Usage::Untold => return None,
    };
    Some(json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}))
}

fn document(reply: &Reply, seen: &Seen, message: &Value, finish: &str) -> Value {
    let text = message["content"].to_string();
    let mut document = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": seen.body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    });
    if let Some(usage) = usage(reply, seen, &text) {
        document["usage"] = usage;
    }
    document
}

/// The events of a streamed answer but for `[DONE]`: three words to an event, a comment between.
fn events(reply: &Reply, seen: &Seen, message: &Value, text: Option<&str>, finish: Option<&str>) -> String {
    let event = |delta: Value, finish: Option<&str>| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]});
        format!("data: {chunk}\n\n")
    };
    let mut events = event(json!({"role": "assistant", "content": ""}), None) + ": keep-alive\n\n";
    match text {
        Some(text) => {
            let words: Vec<&str> = text.split_inclusive(' ').collect();
            for words in words.chunks(3) {
                events += &event(json!({"content": words.concat()}), None);
            }
        }
        None => events += &event(message.clone(), None),
    }
    if let Some(finish) = finish {
        events += &event(json!({}), Some(finish));
    }
    let is_wanted = seen.body["stream_options"]["include_usage"] == true;
    if let Some(usage) = usage(reply, seen, text.unwrap_or_default()).filter(|_| is_wanted && finish.is_some()) {
        events += &format!("data: {}\n\n", json!({"choices": [], "usage": usage}));
    }
    events
}
