//! The service below async-openai: one request over HTTP, bounded and checked.
//!
//! In: a request of async-openai. Out: a response that always is a stream of events, each a JSON document, `[DONE]` at
//! its end; so a server that answers a stream with a document, or a document with a stream, is understood. What went
//! wrong stands in the [`Record`], since async-openai would keep little of it, and log the rest.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::HeaderMap;
use serde::de::IgnoredAny;

use super::events::Events;

/// The largest answer, in bytes.
const ANSWER_BYTES: usize = 8 << 20;
/// The largest error that is read, in bytes; what follows is left.
const ERROR_BYTES: usize = 64 << 10;

/// What happened on the wire during one call.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// What went wrong.
    pub failure: Option<Failure>,
    /// Whether the answer said that it is whole.
    pub is_done: bool,
    /// Bytes that came.
    pub received: usize,
    /// The endpoint's name for the request.
    pub request_id: Option<String>,
}

/// What went wrong on the wire.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another status than 2xx.
    Status { status: u16, headers: HeaderMap, body: Vec<u8> },
    /// No connection, or one that closed without an answer; in the system's words.
    Unreachable(String),
    /// The answer broke off.
    Cut,
    /// Nothing came for the longest silence.
    Silent,
    /// The answer is none of the protocol: why, as a clause.
    Malformed(&'static str),
}

/// Sends the request of one call.
#[derive(Clone)]
pub(super) struct Carrier {
    http: reqwest::Client,
    /// The longest silence inside an answer.
    idle: Duration,
    record: Arc<Mutex<Record>>,
}

impl Carrier {
    /// For one call.
    pub fn new(http: reqwest::Client, idle: Duration) -> Self {
        Carrier { http, idle, record: Arc::default() }
    }

    /// What happened so far.
    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, failure: Failure) -> OpenAIError {
        self.record().failure = Some(failure);
        OpenAIError::Boxed("the call failed on the wire".into())
    }

    async fn carry(self, factory: HttpRequestFactory) -> Result<reqwest::Response, OpenAIError> {
        let request = factory.build().await?;
        let response =
            self.http.execute(request).await.map_err(|error| self.fail(Failure::Unreachable(why(&error))))?;
        let headers = response.headers().clone();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        self.record().request_id = Some(header("x-request-id")).filter(|id| !id.is_empty()).map(str::to_owned);
        if !response.status().is_success() {
            let status = response.status().as_u16();
            let mut answer = Incoming::new(self.clone(), response);
            // A status counts even if its words do not come whole.
            let body = answer.whole(ERROR_BYTES).await.unwrap_or_else(|(_, body)| body);
            return Err(self.fail(Failure::Status { status, headers, body }));
        }
        let is_stream = header("content-type").trim_start().starts_with("text/event-stream");
        let mut answer = Incoming::new(self.clone(), response);
        if is_stream {
            return Ok(as_events(reqwest::Body::wrap_stream(answer.checked())));
        }
        let body = answer.whole(ANSWER_BYTES).await.map_err(|(failure, _)| self.fail(failure))?;
        let document = self.document(&body)?;
        Ok(as_events(reqwest::Body::from(document)))
    }

    /// A whole answer as events.
    fn document(&self, body: &[u8]) -> Result<String, OpenAIError> {
        let start = body.trim_ascii_start();
        if [&b"data:"[..], b":", b"event:"].iter().any(|mark| start.starts_with(mark)) {
            // A stream under another name.
            let mut events = Events::default();
            let mut all = events.push(start);
            all.extend(events.finish());
            let all: Vec<String> = all.into_iter().map(|data| self.event(&data)).collect::<Result<_, _>>()?;
            return Ok(all.concat());
        }
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) else {
            let is_page = start.starts_with(b"<");
            return Err(self.fail(Failure::Malformed(if is_page { "a web page" } else { "a text that is no JSON" })));
        };
        self.record().is_done = true;
        Ok(format!("data: {value}\n\n"))
    }

    /// An event as it goes on, if it is one of the protocol.
    fn event(&self, data: &str) -> Result<String, OpenAIError> {
        if data.trim() == "[DONE]" {
            self.record().is_done = true;
        } else if serde_json::from_str::<IgnoredAny>(data).is_err() {
            return Err(self.fail(Failure::Malformed("an event that is no JSON")));
        }
        Ok(format!("data: {}\n\n", data.trim().replace('\n', " ")))
    }
}

impl tower::Service<HttpRequestFactory> for Carrier {
    type Response = reqwest::Response;
    type Error = OpenAIError;
    type Future = BoxFuture<'static, Result<reqwest::Response, OpenAIError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        Box::pin(self.clone().carry(factory))
    }
}

/// A body that is being received.
struct Incoming {
    carrier: Carrier,
    response: reqwest::Response,
}

impl Incoming {
    fn new(carrier: Carrier, response: reqwest::Response) -> Self {
        Incoming { carrier, response }
    }

    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let bytes = match tokio::time::timeout(self.carrier.idle, self.response.chunk()).await {
            Ok(chunk) => chunk.map_err(|_| Failure::Cut)?,
            Err(_) => return Err(Failure::Silent),
        };
        self.carrier.record().received += bytes.as_ref().map_or(0, Bytes::len);
        Ok(bytes)
    }

    /// All bytes; with a failure, those that came before it.
    async fn whole(&mut self, most: usize) -> Result<Vec<u8>, (Failure, Vec<u8>)> {
        let mut body = Vec::new();
        loop {
            match self.next().await {
                Ok(Some(bytes)) if body.len() + bytes.len() > most => {
                    body.extend_from_slice(&bytes[..most - body.len()]);
                    return Err((Failure::Malformed("an answer of more than 8 MiB"), body));
                }
                Ok(Some(bytes)) => body.extend_from_slice(&bytes),
                Ok(None) => return Ok(body),
                Err(failure) => return Err((failure, body)),
            }
        }
    }

    /// The events, each checked, up to `[DONE]`.
    fn checked(self) -> impl futures_util::Stream<Item = Result<Bytes, OpenAIError>> + Send + 'static {
        let state = Some((self, Events::default(), 0_usize));
        stream::unfold(state, |state| async move {
            let (mut incoming, mut events, mut total) = state?;
            let carrier = incoming.carrier.clone();
            let next = incoming.next().await;
            let (data, is_end) = match next {
                Ok(Some(bytes)) => {
                    total += bytes.len();
                    if total > ANSWER_BYTES {
                        return Some((Err(carrier.fail(Failure::Malformed("an answer of more than 8 MiB"))), None));
                    }
                    (events.push(&bytes), false)
                }
                Ok(None) => (events.finish().into_iter().collect(), true),
                Err(failure) => return Some((Err(carrier.fail(failure)), None)),
            };
            let mut out = String::new();
            for data in data {
                match carrier.event(&data) {
                    Ok(event) => out += &event,
                    Err(error) => return Some((Err(error), None)),
                }
            }
            let is_end = is_end || carrier.record().is_done;
            Some((Ok(Bytes::from(out)), (!is_end).then_some((incoming, events, total))))
        })
    }
}

fn as_events(body: reqwest::Body) -> reqwest::Response {
    let mut response = http::Response::new(body);
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/event-stream"));
    response.into()
}

/// Why there was no answer, in the system's words: the innermost cause, which names no address.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no connection in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    match io {
        Some(std::io::ErrorKind::ConnectionRefused) => "connection refused".to_owned(),
        Some(std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::UnexpectedEof) => {
            "the connection was closed without an answer".to_owned()
        }
        _ if error.is_connect() => cause.to_string().to_lowercase(),
        _ => "the connection was closed without an answer".to_owned(),
    }
}
