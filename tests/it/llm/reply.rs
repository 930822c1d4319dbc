//! What the scripted model can answer.

use serde_json::{Value, json};

/// An answer of the scripted model: good, or one of the faults of real endpoints.
///
/// An answer is streamed when the request asks for it, unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) kind: Kind,
    pub(super) usage: Usage,
    pub(super) headers: Vec<(String, String)>,
    pub(super) held: bool,
}

/// How the tokens of an answer are told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Usage {
    /// A quarter of the bytes.
    ByLength,
    /// These, read and written.
    Given(u64, u64),
    /// Not at all.
    Untold,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A choice: the message, and the reason why it ends.
    Choice { message: Value, finish: &'static str },
    /// A whole document or text, never streamed.
    Body { status: u16, kind: &'static str, text: String },
    /// The connection closes before a byte of an answer.
    Reset,
    /// The answer breaks off in the middle, streamed or not.
    Cut { text: String },
    /// A stream that ends as if all were said, but for the reason of its end and `[DONE]`.
    Endless { text: String },
    /// A stream without `[DONE]`, with the reason of its end.
    NoDone { text: String },
    /// A stream that begins and then is silent, without an end.
    Silent { text: String },
    /// These lines of a stream, as they stand.
    Stream { lines: String },
}

impl Reply {
    fn of(kind: Kind) -> Self {
        Reply { kind, usage: Usage::ByLength, headers: Vec::new(), held: false }
    }

    fn choice(content: Value, finish: &'static str) -> Self {
        Reply::of(Kind::Choice { message: json!({"role": "assistant", "content": content}), finish })
    }

    /// A good answer.
    pub fn text(text: impl Into<String>) -> Self {
        Reply::choice(Value::from(text.into()), "stop")
    }

    /// A good answer whose `content` is a list of parts.
    pub fn parts(parts: &[&str]) -> Self {
        Reply::choice(parts.iter().map(|part| json!({"type": "text", "text": part})).collect(), "stop")
    }

    /// An answer that ends at the longest length.
    pub fn cut_by_length(text: impl Into<String>) -> Self {
        Reply::choice(Value::from(text.into()), "length")
    }

    /// A message of any form, `{"role": …, "content": …}`, that ends for `stop`.
    pub fn message(message: Value) -> Self {
        Reply::of(Kind::Choice { message, finish: "stop" })
    }

    /// An answer without a word.
    pub fn empty() -> Self {
        Reply::text("")
    }

    /// `"content": null`.
    pub fn null() -> Self {
        Reply::choice(Value::Null, "stop")
    }

    /// `"choices": []`.
    pub fn no_choices() -> Self {
        let usage = json!({"prompt_tokens": 11, "completion_tokens": 0, "total_tokens": 11});
        Reply::document(200, &json!({"object": "chat.completion", "choices": [], "usage": usage}))
    }

    /// The model refuses, in the field for it.
    pub fn refusal(text: &str) -> Self {
        Reply::message(json!({"role": "assistant", "content": null, "refusal": text}))
    }

    /// The endpoint's filter takes the answer away.
    pub fn content_filter() -> Self {
        Reply::choice(Value::from("I"), "content_filter")
    }

    /// Something that is no JSON, as if it were the answer.
    pub fn malformed() -> Self {
        Reply::body(200, "application/json", "{\"choices\": [{\"message\": ")
    }

    /// Any JSON document with any status, never streamed.
    pub fn document(status: u16, value: &Value) -> Self {
        Reply::body(status, "application/json", value.to_string())
    }

    /// Any text with any status and content type, never streamed.
    pub fn body(status: u16, kind: &'static str, text: impl Into<String>) -> Self {
        Reply::of(Kind::Body { status, kind, text: text.into() })
    }

    /// These lines of a stream, whatever was asked for.
    pub fn stream(lines: impl Into<String>) -> Self {
        Reply::of(Kind::Stream { lines: lines.into() })
    }

    /// A good answer that is one document even if a stream was asked for.
    pub fn never_streamed(text: &str) -> Self {
        let message = json!({"role": "assistant", "content": text});
        let usage = json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18});
        let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
        Reply::document(200, &json!({"object": "chat.completion", "choices": [choice], "usage": usage}))
    }

    /// The connection closes without an answer.
    pub fn reset() -> Self {
        Reply::of(Kind::Reset)
    }

    /// The connection closes in the middle of the answer.
    pub fn cut(text: impl Into<String>) -> Self {
        Reply::of(Kind::Cut { text: text.into() })
    }

    /// A stream that ends orderly, but without the reason of its end and without `[DONE]`.
    pub fn cut_stream(text: impl Into<String>) -> Self {
        Reply::of(Kind::Endless { text: text.into() })
    }

    /// A stream that begins and then falls silent for ever.
    pub fn silent_stream(text: impl Into<String>) -> Self {
        Reply::of(Kind::Silent { text: text.into() })
    }

    /// A stream whose last choice has a reason, but after which no `[DONE]` comes.
    pub fn without_done(text: impl Into<String>) -> Self {
        Reply::of(Kind::NoDone { text: text.into() })
    }

    /// An error in OpenAI's form.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let error = json!({"message": message, "type": "invalid_request_error", "param": null, "code": code});
        Reply::document(status, &json!({"error": error}))
    }

    /// A status with a plain text, as gateways send it.
    pub fn status(status: u16) -> Self {
        Reply::body(status, "text/html", "<html><body>the gateway has a problem</body></html>")
    }

    /// 429 with `Retry-After`.
    pub fn rate_limited(seconds: u64) -> Self {
        Reply::error(429, "rate_limit_exceeded", "Rate limit reached for requests")
            .with_header("retry-after", &seconds.to_string())
    }

    /// 429 because nothing is left to spend.
    pub fn insufficient_quota() -> Self {
        Reply::error(429, "insufficient_quota", "You exceeded your current quota, please check your plan")
    }

    /// 401, with the key in the message as some servers have it.
    pub fn unauthorized(key: &str) -> Self {
        Reply::error(401, "invalid_api_key", &format!("Incorrect API key provided: {key}"))
    }

    /// 404 in OpenAI's form.
    pub fn unknown_model(model: &str) -> Self {
        let message = format!("The model `{model}` does not exist or you do not have access to it.");
        Reply::error(404, "model_not_found", &message)
    }

    /// 400: the prompt is longer than the model's context.
    pub fn context_too_long(limit: u64) -> Self {
        let message = format!(
            "This model's maximum context length is {limit} tokens. However, your messages resulted in {} tokens.",
            limit + 77
        );
        Reply::error(400, "context_length_exceeded", &message)
    }

    /// 400: a field of the request is not accepted, in OpenAI's words.
    pub fn unsupported(field: &str) -> Self {
        let message = format!("Unsupported parameter: '{field}' is not supported with this model.");
        let error = json!({"message": message, "type": "invalid_request_error", "param": field, "code": "unsupported_parameter"});
        Reply::document(400, &json!({"error": error}))
    }

    /// With a header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With these tokens, read and written.
    pub fn with_usage(mut self, input: u64, output: u64) -> Self {
        self.usage = Usage::Given(input, output);
        self
    }

    /// Without a word of its tokens.
    pub fn without_usage(mut self) -> Self {
        self.usage = Usage::Untold;
        self
    }

    /// Only after [`ScriptedModel::release`](super::ScriptedModel::release); never, if that is not called.
    pub fn held(mut self) -> Self {
        self.held = true;
        self
    }
}

/// An answer with one SEARCH/REPLACE block.
pub fn edit(file: &str, search: &str, replace: &str) -> String {
    edits(&[(file, search, replace)])
}

/// An answer with SEARCH/REPLACE blocks: file, text to find, text that comes there.
pub fn edits(blocks: &[(&str, &str, &str)]) -> String {
    let line = |text: &str| if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
    let block = |(file, search, replace): &(&str, &str, &str)| {
        format!("{file}\n<<<<<<< SEARCH\n{}=======\n{}>>>>>>> REPLACE\n", line(search), line(replace))
    };
    blocks.iter().map(block).collect::<Vec<_>>().join("\n")
}
