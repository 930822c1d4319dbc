//! One call of a model through async-openai.

use std::time::Duration;

use async_openai::Client;
use async_openai::error::OpenAIError;
use futures_util::StreamExt;
use http::HeaderMap;
use serde_json::Value;

use super::access::Access;
use super::endpoint::OnText;
use super::error::Fault;
use super::reading::Reading;
use super::refusal::{self, Told};
use super::retry::retry_after;
use super::wire::{Carrier, Failure};
use crate::draft::llm::exchange::Usage;

/// What a call took so far; it is kept outside the call, which may be given up at any time.
#[derive(Debug, Default)]
pub(super) struct Spent {
    /// Whether the model may have begun to read.
    pub is_sent: bool,
    /// What the endpoint said.
    pub told: Option<Usage>,
    /// The bytes that were written, as far as they came.
    pub written: u64,
}

/// A call that failed.
#[derive(Debug)]
pub(super) struct Failed {
    /// Why.
    pub fault: Fault,
    /// The endpoint's words and codes, in lower case.
    pub words: String,
    /// When to come again.
    pub retry_after: Option<Duration>,
    /// The endpoint's name for the request.
    pub request_id: Option<String>,
}

/// Makes a call. The fault of a silence is a [`Fault::TimedOut`] of `idle`.
pub(super) async fn call(
    http: &reqwest::Client,
    access: &Access,
    idle: Duration,
    body: &Value,
    on_text: Option<&OnText<'_>>,
    spent: &mut Spent,
) -> Result<Reading, Failed> {
    let carrier = Carrier::new(http.clone(), idle);
    let client = Client::build(http.clone(), access.clone()).with_http_service(carrier.clone());
    let mut reading = Reading::default();
    spent.is_sent = true;
    let end = read(&client, body, on_text, &mut reading, spent).await;
    if spent.written == 0 {
        // Whatever came has been paid for.
        spent.written = carrier.record().received as u64;
    }
    let failure = carrier.record().failure.take();
    let request_id = carrier.record().request_id.clone();
    let failed = |fault, words, retry_after| Failed { fault, words, retry_after, request_id: request_id.clone() };
    if let Some(failure) = failure {
        spent.is_sent = !matches!(failure, Failure::Status { .. } | Failure::Unreachable(_));
        return Err(match failure {
            Failure::Status { status, headers, body } => {
                let told = Told::from_body(&body);
                failed(refusal::fault(status, &headers, &told), told.all(), retry_after(&headers))
            }
            Failure::Unreachable(why) => failed(Fault::Unreachable { why }, String::new(), None),
            Failure::Cut => failed(Fault::CutStream, String::new(), None),
            Failure::Silent => failed(Fault::TimedOut { limit: idle }, String::new(), None),
            Failure::Malformed(what) => failed(Fault::Malformed { what: what.to_owned() }, String::new(), None),
        });
    }
    if let Some(error) = &reading.error {
        // An error with a status of 200; without a code of its own it is a failure of the endpoint.
        spent.is_sent = reading.written() > 0;
        let told = Told::from_error(error);
        let fault = refusal::fault(told.status.unwrap_or(500), &HeaderMap::new(), &told);
        return Err(failed(fault, told.all(), None));
    }
    if let Err(error) = end {
        let what = match error {
            OpenAIError::JSONDeserialize(..) => "an event that is no JSON",
            _ => "a stream that cannot be read",
        };
        return Err(failed(Fault::Malformed { what: what.to_owned() }, String::new(), None));
    }
    let is_done = carrier.record().is_done;
    match reading.fault(is_done) {
        Some(fault) => Err(failed(fault, String::new(), None)),
        None => Ok(reading),
    }
}

async fn read(
    client: &Client<Access>,
    body: &Value,
    on_text: Option<&OnText<'_>>,
    reading: &mut Reading,
    spent: &mut Spent,
) -> Result<(), OpenAIError> {
    // Bounded by the wire: no more events wait here than an answer may have bytes.
    let mut chunks = client.chat().create_stream_byot::<&Value, Value>(body).await?;
    while let Some(chunk) = chunks.next().await {
        let new = reading.take(&chunk?);
        spent.told = reading.usage;
        spent.written = reading.written();
        if let Some(tell) = on_text.filter(|_| !new.is_empty()) {
            tell(&new);
        }
    }
    Ok(())
}
