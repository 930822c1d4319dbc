//! An endpoint: what is shared by all questions to it, and how one question is carried through.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::access::Access;
use super::body::{self, Manner};
use super::breaker::Breaker;
use super::call::{Failed, Spent, call};
use super::error::{Fault, ModelError, quote};
use super::form::Form;
use super::models::{all_models, known_models};
use super::retry::Retries;
use crate::draft::llm::exchange::{Answer, Request, Usage};
use crate::draft::llm::tokens::estimate_tokens;

/// Is told of the words of an answer as they come. After a [`Retry`] they begin anew.
pub type OnText<'a> = dyn Fn(&str) + Send + Sync + 'a;
/// Is told before a call is repeated.
pub type OnRetry<'a> = dyn Fn(&Retry<'_>) + Send + Sync + 'a;

/// Says whether a question that has used so much may be put again, at the same price.
pub type MayRepeat<'a> = dyn Fn(Usage) -> bool + Send + Sync + 'a;

/// A call that is going to be repeated.
#[derive(Debug)]
pub struct Retry<'a> {
    /// The calls that were made so far.
    pub calls: u32,
    /// Why the last one is repeated.
    pub fault: &'a Fault,
    /// The wait before the next one.
    pub wait: Duration,
}

/// Where an endpoint is, and its limits.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// The address before `/chat/completions`.
    pub base_url: String,
    /// The key, if it wants one.
    pub api_key: Option<SecretString>,
    /// Calls at a time, at least 1.
    pub concurrency: usize,
    /// Whether answers are streamed.
    pub stream: bool,
    /// The time for a connection.
    pub connect: Duration,
    /// The time for one call.
    pub timeout: Duration,
    /// The longest silence inside an answer.
    pub idle: Duration,
    /// The wait before a call is repeated; it doubles.
    pub first_wait: Duration,
    /// Failures in a row after which the endpoint is left alone, at least 1.
    pub breaker_failures: u32,
    /// For how long it is left alone at first; the time doubles up to five minutes.
    pub breaker_pause: Duration,
}

impl EndpointSettings {
    /// The usual limits.
    pub fn new(base_url: &str, api_key: Option<SecretString>) -> Self {
        EndpointSettings {
            base_url: base_url.to_owned(),
            api_key,
            concurrency: 4,
            stream: false,
            connect: Duration::from_secs(5),
            timeout: Duration::from_secs(300),
            idle: Duration::from_secs(120),
            first_wait: Duration::from_millis(500),
            breaker_failures: 5,
            breaker_pause: Duration::from_secs(30),
        }
    }
}

/// What holds for one question.
#[derive(Clone, Copy, Default)]
pub struct Terms<'a> {
    /// The schema of answers under [`AnswerFormat::Json`](crate::draft::llm::AnswerFormat::Json); without one, none is demanded.
    pub schema: Option<&'a Value>,
    /// When the question ends, with or without an answer.
    pub deadline: Option<Instant>,
    /// Is told of the words as they come; without streaming, of all of them at once.
    pub on_text: Option<&'a OnText<'a>>,
    /// Is told before a call is repeated.
    pub on_retry: Option<&'a OnRetry<'a>>,
    /// Is asked before a call is repeated that has cost something.
    pub may_repeat: Option<&'a MayRepeat<'a>>,
}

/// An endpoint, shared by all who ask it.
#[derive(Debug)]
pub struct Endpoint {
    access: Access,
    settings: EndpointSettings,
    http: reqwest::Client,
    turns: Semaphore,
    breaker: Breaker,
    /// What each model accepts.
    forms: Mutex<BTreeMap<String, Form>>,
}

/// What a question took.
#[derive(Debug, Default)]
struct Tally {
    calls: u32,
    usage: Usage,
    /// The call that is being made.
    open: Option<Spent>,
}

impl Endpoint {
    /// An endpoint that has not been asked yet. Fails if the address or the key can't be used.
    pub fn new(settings: EndpointSettings) -> Result<Self, ModelError> {
        let unusable = |why| ModelError {
            endpoint: crate::redact::text(settings.base_url.split('?').next().unwrap_or_default()).into_owned(),
            model: String::new(),
            fault: Fault::BadAddress { why },
            charged: Usage::default(),
            calls: 0,
        };
        crate::tls::install_provider();
        let access = Access::new(&settings.base_url, settings.api_key.as_ref()).map_err(unusable)?;
        let mut http = reqwest::Client::builder()
            .connect_timeout(settings.connect)
            .redirect(Policy::none())
            .user_agent(concat!("heal/", env!("CARGO_PKG_VERSION")));
        if access.is_loopback {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|_| unusable("no client can be made for it"))?;
        Ok(Endpoint {
            turns: Semaphore::new(settings.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            breaker: Breaker::new(settings.breaker_failures, settings.breaker_pause),
            forms: Mutex::default(),
            access,
            settings,
            http,
        })
    }

    /// Its address, as people may see it.
    pub fn address(&self) -> &str {
        self.access.address()
    }

    /// The names of its models, without asking any of them; none if it does not tell.
    pub async fn models(&self) -> Vec<String> {
        all_models(&self.http, &self.access).await
    }

    /// Whether a model takes `response_format: json_schema`, as far as it is known: it does until it refused.
    pub fn accepts_json(&self, model: &str) -> bool {
        !self.form(model).no_json
    }

    /// Makes it known that a model does not take `response_format: json_schema`, from an earlier process.
    pub fn refuses_json(&self, model: &str) {
        let form = Form { no_json: true, ..self.form(model) };
        self.learn(model, form);
    }

    /// Asks a model. Calls that fail for a time are repeated; a call that the model accepts only in another form is
    /// repeated in that form, which is remembered. The answer's usage holds all calls. Dropping the future closes the
    /// connection.
    pub async fn ask(&self, model: &str, request: &Request, terms: &Terms<'_>) -> Result<Answer, ModelError> {
        let mut tally = Tally::default();
        let outcome = match terms.deadline {
            Some(deadline) if deadline <= Instant::now() => Err(Fault::OutOfTime),
            Some(deadline) => match timeout_at(deadline, self.attempts(model, request, terms, &mut tally)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Fault::OutOfTime),
            },
            None => self.attempts(model, request, terms, &mut tally).await,
        };
        tally.settle(request, outcome.as_ref().err());
        match outcome {
            Ok(answer) => Ok(Answer { usage: tally.usage, ..answer }),
            Err(fault) => Err(ModelError {
                endpoint: self.address().to_owned(),
                model: model.to_owned(),
                fault,
                charged: tally.usage,
                calls: tally.calls,
            }),
        }
    }

    async fn attempts(
        &self,
        model: &str,
        request: &Request,
        terms: &Terms<'_>,
        tally: &mut Tally,
    ) -> Result<Answer, Fault> {
        let mut retries = Retries::default();
        let mut form = self.form(model);
        loop {
            let manner =
                Manner { schema: terms.schema, stream: self.settings.stream, is_openai: self.access.is_openai, form };
            let body = body::body(model, request, &manner);
            let failed = match self.attempt(&body, terms, tally).await {
                Ok(answer) => {
                    self.learn(model, form);
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            tally.settle(request, Some(&failed.fault));
            let is_about_form = matches!(failed.fault, Fault::BadRequest { status: 400 | 404 | 415 | 422 | 501, .. });
            let next = form.after(&failed.words, |field| body.get(field).is_some());
            if let Some(next) = next.filter(|_| is_about_form) {
                form = next;
                continue;
            }
            let wait = retries.wait(&failed.fault, failed.retry_after, self.settings.first_wait);
            let in_time = |wait: &Duration| terms.deadline.is_none_or(|deadline| Instant::now() + *wait < deadline);
            let Some(wait) = wait.filter(in_time).filter(|_| self.breaker.open_until(Instant::now()).is_none()) else {
                return Err(self.with_known_models(failed.fault).await);
            };
            let used = tally.usage;
            if used.input + used.output > 0 && terms.may_repeat.is_some_and(|may_repeat| !may_repeat(used)) {
                return Err(failed.fault);
            }
            let retry = Retry { calls: tally.calls, fault: &failed.fault, wait };
            tracing::debug!(calls = retry.calls, ?wait, request_id = failed.request_id, "a model is asked again");
            if let Some(tell) = terms.on_retry {
                tell(&retry);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// One call, when it is its turn.
    async fn attempt(&self, body: &Value, terms: &Terms<'_>, tally: &mut Tally) -> Result<Answer, Failed> {
        let plain = |fault| Failed { fault, words: String::new(), retry_after: None, request_id: None };
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await;
        let leave = self.breaker.admit(Instant::now()).map_err(|until| plain(Fault::BreakerOpen { until }))?;
        tally.calls += 1;
        let spent = tally.open.insert(Spent::default());
        let limit = self.settings.timeout;
        let one = call(&self.http, &self.access, self.settings.idle, body, terms.on_text, spent);
        let outcome = timeout(limit, one).await.unwrap_or_else(|_| Err(plain(Fault::TimedOut { limit })));
        let outcome = outcome.map_err(|failed| Failed { fault: self.clean(failed.fault), ..failed });
        match &outcome {
            Err(failed) if failed.fault.breaks() => leave.failed(Instant::now()),
            _ => leave.answered(),
        }
        outcome.map(|reading| Answer { cut: reading.is_cut(), text: reading.text, ..Answer::default() })
    }

    async fn with_known_models(&self, fault: Fault) -> Fault {
        match fault {
            Fault::UnknownModel { .. } => Fault::UnknownModel { known: known_models(&self.http, &self.access).await },
            other => other,
        }
    }

    /// Without the key, which some endpoints repeat in their errors, and without more of the prompt or the answer than
    /// a sentence may have.
    fn clean(&self, fault: Fault) -> Fault {
        let clean = |text: String| quote(&self.access.without_key(&text));
        match fault {
            Fault::BadRequest { status, message } => Fault::BadRequest { status, message: clean(message) },
            Fault::Server { status, message } => Fault::Server { status, message: clean(message) },
            Fault::Refused { text } => Fault::Refused { text: clean(text) },
            Fault::Unreachable { why } => Fault::Unreachable { why: clean(why) },
            other => other,
        }
    }

    fn form(&self, model: &str) -> Form {
        self.forms.lock().unwrap_or_else(PoisonError::into_inner).get(model).copied().unwrap_or_default()
    }

    fn learn(&self, model: &str, form: Form) {
        if form != self.form(model) {
            self.forms.lock().unwrap_or_else(PoisonError::into_inner).insert(model.to_owned(), form);
        }
    }
}

impl Tally {
    /// Adds what the last call took: what the endpoint said, or an estimate where the model may have worked.
    fn settle(&mut self, request: &Request, fault: Option<&Fault>) {
        let Some(spent) = self.open.take() else { return };
        let usage = match spent.told {
            Some(told) => told,
            None if !spent.is_sent => return,
            None => Usage {
                // Some tokens for the role of each message.
                input: request.messages.iter().map(|message| estimate_tokens(&message.text) + 4).sum(),
                // Of an answer whose end was not seen nobody knows the length: the model may have written on.
                output: match fault {
                    Some(Fault::TimedOut { .. } | Fault::OutOfTime | Fault::CutStream) => {
                        request.max_output_tokens.into()
                    }
                    _ => (spent.written * 10).div_ceil(33).min(request.max_output_tokens.into()),
                },
                estimated: true,
            },
        };
        self.usage.input += usage.input;
        self.usage.output += usage.output;
        self.usage.estimated |= usage.estimated;
    }
}
