//! Why a question has no answer, in one sentence.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::draft::llm::exchange::Usage;
use crate::redact;

/// The most characters of foreign text in a sentence.
const LONGEST_QUOTE: usize = 200;

/// A question without an answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct ModelError {
    /// The endpoint's address, without query and key.
    pub endpoint: String,
    /// The model that was asked; empty if it did not come so far.
    pub model: String,
    /// What went wrong, at the last call.
    pub fault: Fault,
    /// What all calls took together.
    pub charged: Usage,
    /// The calls that were made.
    pub calls: u32,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The address or the key can't be used.
    BadAddress {
        /// Why, as a clause.
        why: &'static str,
    },
    /// No connection, or one that closed without an answer.
    Unreachable {
        /// Why, in the system's words.
        why: String,
    },
    /// One call took too long, or was silent for too long.
    TimedOut {
        /// The limit that was passed.
        limit: Duration,
    },
    /// The deadline of the question passed.
    OutOfTime,
    /// Too many requests.
    RateLimited {
        /// When to come again.
        retry_after: Option<Duration>,
    },
    /// The endpoint failed.
    Server {
        /// The HTTP status.
        status: u16,
        /// The endpoint's words; empty if it sent none, or a web page.
        message: String,
    },
    /// The answer broke off.
    CutStream,
    /// There is an answer, without a word.
    Empty,
    /// The answer is none that the protocol knows.
    Malformed {
        /// What is wrong with it, as a clause.
        what: String,
    },
    /// The model refuses.
    Refused {
        /// Its words.
        text: String,
    },
    /// The endpoint's content filter struck.
    ContentFilter,
    /// The prompt is longer than the model's context.
    ContextTooLong {
        /// The context's size in tokens, if the endpoint says it.
        limit: Option<u64>,
    },
    /// The endpoint has no such model.
    UnknownModel {
        /// Models that it has.
        known: Vec<String>,
    },
    /// The key is missing or wrong.
    Unauthorized,
    /// Nothing is left to spend.
    QuotaExhausted,
    /// The endpoint does not accept the request.
    BadRequest {
        /// The HTTP status.
        status: u16,
        /// The endpoint's words.
        message: String,
    },
    /// The endpoint failed so often that it is left alone.
    BreakerOpen {
        /// Until when.
        until: Instant,
    },
}

impl ModelError {
    /// The kind of fault, for metrics.
    pub fn kind(&self) -> &'static str {
        match self.fault {
            Fault::BadAddress { .. } => "bad_address",
            Fault::Unreachable { .. } => "unreachable",
            Fault::TimedOut { .. } => "timed_out",
            Fault::OutOfTime => "out_of_time",
            Fault::RateLimited { .. } => "rate_limited",
            Fault::Server { .. } => "server",
            Fault::CutStream => "cut_stream",
            Fault::Empty => "empty",
            Fault::Malformed { .. } => "malformed",
            Fault::Refused { .. } => "refused",
            Fault::ContentFilter => "content_filter",
            Fault::ContextTooLong { .. } => "context_too_long",
            Fault::UnknownModel { .. } => "unknown_model",
            Fault::Unauthorized => "unauthorized",
            Fault::QuotaExhausted => "quota_exhausted",
            Fault::BadRequest { .. } => "bad_request",
            Fault::BreakerOpen { .. } => "breaker_open",
        }
    }

    /// What the calls took, all together.
    pub fn charged(&self) -> Usage {
        self.charged
    }

    /// Whether a fault of this kind passes by itself, so that the client repeats the call before it gives up.
    pub fn is_retried(&self) -> bool {
        self.fault.is_transient() || matches!(self.fault, Fault::Empty | Fault::Malformed { .. })
    }
}

impl Fault {
    /// Whether it is the endpoint or the way to it that failed, for a time.
    pub fn is_transient(&self) -> bool {
        self.breaks() || matches!(self, Fault::RateLimited { .. })
    }

    /// Whether it counts as a failure of the endpoint. A rate limit does not: who says when to come again is well.
    pub(super) fn breaks(&self) -> bool {
        matches!(self, Fault::Unreachable { .. } | Fault::TimedOut { .. } | Fault::Server { .. } | Fault::CutStream)
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ModelError { endpoint, model, .. } = self;
        let whose = format_args!("the model endpoint {endpoint}");
        match &self.fault {
            Fault::BadAddress { why } => {
                write!(out, "{whose} cannot be used: {why}; correct llm.base_url or llm.api_key")
            }
            Fault::Unreachable { why } => write!(
                out,
                "{whose} cannot be reached for the model {model} ({}); check llm.base_url and that the endpoint runs",
                quote(why)
            ),
            Fault::TimedOut { limit } => write!(
                out,
                "{whose} did not answer for the model {model} within {}; raise llm.timeout_seconds if it needs longer",
                seconds(*limit)
            ),
            Fault::OutOfTime => write!(
                out,
                "{whose} did not answer for the model {model} in the time that is left; raise llm.max_seconds if it needs longer"
            ),
            Fault::RateLimited { retry_after: Some(after) } => {
                write!(out, "{whose} limits the rate of requests for the model {model} for another {}", seconds(*after))
            }
            Fault::RateLimited { retry_after: None } => {
                write!(out, "{whose} limits the rate of requests for the model {model}; lower llm.concurrency")
            }
            Fault::Server { status, message } if message.is_empty() => {
                write!(out, "{whose} failed with status {status} for the model {model}; try again later")
            }
            Fault::Server { status, message } => {
                write!(out, "{whose} failed with status {status} for the model {model}: {}", quote(message))
            }
            Fault::CutStream => write!(out, "{whose} broke off in the middle of an answer of the model {model}"),
            Fault::Empty => write!(
                out,
                "the model {model} at {endpoint} gave an empty answer; raise llm.max_output_tokens if it reasons before it answers"
            ),
            Fault::Malformed { what } => write!(
                out,
                "{whose} answered for the model {model} in no form that is known: {}; check that llm.base_url is an OpenAI-compatible API",
                quote(what)
            ),
            Fault::Refused { text } if text.is_empty() => {
                write!(out, "the model {model} at {endpoint} refuses to answer")
            }
            Fault::Refused { text } => {
                write!(out, "the model {model} at {endpoint} refuses to answer: {}", quote(text))
            }
            Fault::ContentFilter => {
                write!(out, "the content filter of {endpoint} withheld the answer of the model {model}")
            }
            Fault::ContextTooLong { limit: Some(limit) } => write!(
                out,
                "the prompt is too long for the model {model} at {endpoint}, which takes {limit} tokens; lower llm.context_tokens"
            ),
            Fault::ContextTooLong { limit: None } => {
                write!(out, "the prompt is too long for the model {model} at {endpoint}; lower llm.context_tokens")
            }
            Fault::UnknownModel { known } if known.is_empty() => {
                write!(out, "{whose} does not know the model {model}; set llm.model to one that it has")
            }
            Fault::UnknownModel { known } => write!(
                out,
                "{whose} does not know the model {model}; set llm.model to one that it has, such as {}",
                quote(&known.join(", "))
            ),
            Fault::Unauthorized => {
                write!(out, "{whose} does not accept the key for the model {model}; check llm.api_key")
            }
            Fault::QuotaExhausted => write!(
                out,
                "the account at {endpoint} has nothing left to spend on the model {model}; top it up or raise its limit"
            ),
            Fault::BadRequest { status, message } if message.is_empty() => {
                write!(
                    out,
                    "{whose} refuses the request for the model {model} with status {status}; check llm.base_url"
                )
            }
            Fault::BadRequest { status, message } => {
                write!(
                    out,
                    "{whose} refuses the request for the model {model} with status {status}: {}",
                    quote(message)
                )
            }
            Fault::BreakerOpen { until } => write!(
                out,
                "{whose} failed several times in a row and is not asked for the model {model} for another {}",
                seconds(until.saturating_duration_since(Instant::now()))
            ),
        }
    }
}

/// Foreign text in a sentence: redacted, on one line, short, without a full stop.
pub(super) fn quote(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|character| !character.is_control()).take(4_000).collect();
    let clean = redact::text(&line);
    let mut short: String = clean.chars().take(LONGEST_QUOTE).collect();
    if short.len() < clean.len() {
        short.push('…');
    }
    short.trim_end_matches('.').to_owned()
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0 if !duration.is_zero() => format!("{} ms", duration.as_millis().max(1)),
        seconds => format!("{seconds} s"),
    }
}
