//! How GitHub is asked: octocrab carries one request, this module makes it dependable.
//!
//! In: a [`Call`] and its credentials. Out: an [`Answer`] with a good status, or an error after all that
//! may be done about it has been done inside the budget:
//!
//! - a request that was certainly not carried out (no connection, rate limit) is sent again;
//! - one whose fate is unknown (reset, time limit, 5xx) is sent again only if that does no harm;
//! - the pause that GitHub asks for is kept by everybody of that installation (`limits`);
//! - a GET is conditional where an answer is known (`etag`).
//!
//! Credentials are not this module's: a 401 is an error here; whoever gave them renews them.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, DATE, ETAG, IF_NONE_MATCH, LINK, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use octocrab::Octocrab;
use tokio::time::Instant;

use super::call::{Call, Repeat, Reply};
use super::dates::parse_http_date;
use super::error::{GithubError, bounded, chain};
use super::etag::{EtagCache, Kept};
use super::limits::{self, Gate, Gates};
use super::words::{checked_address, never_sent, words_of};
use super::{ApiObserver, AppSettings};
use crate::clock::Clock;

/// How heal calls itself; octocrab adds its own name behind it.
pub(super) const AGENT: &str = concat!("heal/", env!("CARGO_PKG_VERSION"));
/// The first wait between two tries; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The most new addresses that are followed.
const MOVES: usize = 3;
/// The skew that stands for "not known".
const UNKNOWN: i64 = i64::MIN;

/// A body that is still being received.
pub(super) type Body = BoxBody<Bytes, octocrab::Error>;

/// The limits of a request.
#[derive(Clone, Copy, Debug)]
pub struct TransportLimits {
    /// Time for establishing a connection.
    pub connect: Duration,
    /// The longest silence inside an answer.
    pub read: Duration,
    /// Time for one whole request; downloads have limits of their own.
    pub request: Duration,
    /// Time for all tries of a request, waiting included.
    pub budget: Duration,
    /// The largest answer, in bytes; downloads have a limit of their own.
    pub answer_bytes: usize,
}

impl Default for TransportLimits {
    fn default() -> Self {
        TransportLimits {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            request: Duration::from_secs(60),
            budget: Duration::from_secs(20),
            answer_bytes: 10 * 1024 * 1024,
        }
    }
}

/// An answer with a good status.
pub(super) struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
    /// The rest of a download.
    pub stream: Option<Body>,
    pub location: Option<String>,
    pub link: Option<HeaderValue>,
    pub request_id: Option<String>,
}

/// A try that brought no good answer.
struct Failure {
    error: GithubError,
    fate: Fate,
}

/// What is known about a request that failed.
enum Fate {
    /// Asking again gives the same.
    Final,
    /// It was not carried out.
    NotDone,
    /// It may have been carried out.
    Unknown,
    /// It was not carried out, and nothing is to be sent for so many seconds.
    Paused(i64),
    /// It was not carried out, for it is now done under another address of the API.
    Moved(String),
}

impl Failure {
    fn last(error: GithubError) -> Self {
        Failure { error, fate: Fate::Final }
    }
}

/// Sends requests.
pub(super) struct Transport {
    octocrab: Octocrab,
    address: String,
    pub limits: TransportLimits,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn ApiObserver>,
    gates: Gates,
    etags: Mutex<EtagCache>,
    skew: AtomicI64,
}

impl Transport {
    /// Must be called inside a tokio runtime, where octocrab's connections live.
    pub fn new(
        settings: &AppSettings,
        limits: TransportLimits,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn ApiObserver>,
    ) -> Result<Self, GithubError> {
        // An error says that a provider is installed already, which is just as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let address = checked_address(&settings.api_url)?;
        let octocrab = Octocrab::builder()
            .base_uri(address.as_str())
            .and_then(|builder| {
                builder
                    .set_connect_timeout(Some(limits.connect))
                    .set_read_timeout(Some(limits.read))
                    .set_write_timeout(Some(limits.read))
                    .build()
            })
            .map_err(|error| GithubError::Configuration { setting: "GitHub API", message: chain(&error) })?;
        let skew = AtomicI64::new(UNKNOWN);
        Ok(Transport {
            octocrab,
            address,
            limits,
            clock,
            observer,
            gates: Gates::default(),
            etags: Mutex::default(),
            skew,
        })
    }

    /// Our clock minus GitHub's, in seconds, once an answer has come.
    pub fn skew(&self) -> Option<i64> {
        Some(self.skew.load(Ordering::Relaxed)).filter(|skew| *skew != UNKNOWN)
    }

    /// GitHub's time as far as it is known: what its tokens' times are compared with.
    pub fn server_now(&self) -> i64 {
        self.clock.now() - self.skew().unwrap_or(0)
    }

    /// Sends a request for an installation (0: the App itself), again where that is right.
    pub async fn send(
        &self,
        installation: u64,
        authorization: &HeaderValue,
        call: &Call,
    ) -> Result<Answer, GithubError> {
        let gate = self.gates.of(installation);
        let deadline = Instant::now() + self.limits.budget;
        let mut longest = FIRST_WAIT;
        let mut target = call.target();
        let mut moves = 0;
        loop {
            gate.open(self.clock.now(), deadline)
                .await
                .map_err(|until| GithubError::RateLimited { operation: call.operation, until })?;
            let failure = match self.attempt(&gate, installation, authorization, call, &target).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            match failure.fate {
                Fate::Paused(seconds) => {
                    tracing::warn!(operation = call.operation, seconds, "GitHub asks for a pause");
                    let now = self.clock.now();
                    gate.close(now, seconds);
                    if Instant::now() > deadline {
                        return Err(GithubError::RateLimited { operation: call.operation, until: now + seconds });
                    }
                    continue;
                }
                Fate::Moved(address) if moves < MOVES => {
                    (target, moves) = (address, moves + 1);
                    continue;
                }
                Fate::NotDone => {}
                Fate::Unknown if call.repeat == Repeat::Safe => {}
                Fate::Unknown | Fate::Final | Fate::Moved(_) => return Err(failure.error),
            }
            let wait = rand::random_range(Duration::ZERO..=longest);
            if Instant::now() + wait > deadline {
                return Err(failure.error);
            }
            tracing::debug!(operation = call.operation, error = %failure.error, "trying again");
            tokio::time::sleep(wait).await;
            longest = (longest * 2).min(LONGEST_WAIT);
        }
    }

    async fn attempt(
        &self,
        gate: &Gate,
        installation: u64,
        authorization: &HeaderValue,
        call: &Call,
        target: &str,
    ) -> Result<Answer, Failure> {
        let _place = gate.place().await;
        let known = self.known(installation, call, target);
        let request = self.request(call, target, authorization, known.as_ref()).map_err(Failure::last)?;
        let exchange = self.exchange(installation, call, target, request, known);
        match tokio::time::timeout(self.limits.request, exchange).await {
            Ok(result) => result,
            Err(_) => {
                self.observer.called(installation, call.operation, 0, None);
                Err(unreachable(call, format!("no answer within {} s", self.limits.request.as_secs())))
            }
        }
    }

    fn known(&self, installation: u64, call: &Call, target: &str) -> Option<Kept> {
        if call.method != Method::GET || call.reply != Reply::Whole {
            return None;
        }
        self.etags.lock().unwrap_or_else(PoisonError::into_inner).get(installation, target)
    }

    fn request(
        &self,
        call: &Call,
        target: &str,
        authorization: &HeaderValue,
        known: Option<&Kept>,
    ) -> Result<Request<octocrab::OctoBody>, GithubError> {
        let mut builder = Request::builder()
            .method(call.method.clone())
            .uri(target)
            .header(ACCEPT, "application/vnd.github+json")
            .header(USER_AGENT, AGENT)
            .header(AUTHORIZATION, authorization);
        if let Some(known) = known {
            builder = builder.header(IF_NONE_MATCH, &known.etag);
        }
        // octocrab adds the content's type and X-GitHub-Api-Version.
        self.octocrab.build_request(builder, call.body.as_ref()).map_err(|error| GithubError::Malformed {
            operation: call.operation,
            message: chain(&error),
            request_id: None,
        })
    }

    async fn exchange(
        &self,
        installation: u64,
        call: &Call,
        target: &str,
        request: Request<octocrab::OctoBody>,
        known: Option<Kept>,
    ) -> Result<Answer, Failure> {
        let response = self.octocrab.send(request).await.map_err(|error| {
            self.observer.called(installation, call.operation, 0, None);
            let fate = if never_sent(&error) { Fate::NotDone } else { Fate::Unknown };
            Failure { fate, ..unreachable(call, chain(&error)) }
        })?;
        let (head, body) = response.into_parts();
        self.observer.called(installation, call.operation, head.status.as_u16(), limits::left(&head.headers));
        self.note_time(&head.headers);
        let request_id = text(&head.headers, "x-github-request-id").map(|id| bounded(&id));
        tracing::debug!(operation = call.operation, status = head.status.as_u16(), request_id, "GitHub answered");
        let mut answer = Answer {
            status: head.status,
            body: Bytes::new(),
            stream: None,
            location: text(&head.headers, LOCATION.as_str()),
            link: head.headers.get(LINK).cloned(),
            request_id,
        };
        if head.status == StatusCode::NOT_MODIFIED
            && let Some(known) = known
        {
            return Ok(Answer { status: StatusCode::OK, body: known.body, link: known.link, ..answer });
        }
        // "Found" leads to a storage; the other redirections say that the repository has another name.
        if call.reply == Reply::Stream && (head.status.is_success() || head.status == StatusCode::FOUND) {
            answer.stream = Some(body);
            return Ok(answer);
        }
        answer.body = self.whole(call, body).await?;
        if !head.status.is_success() {
            return Err(self.refusal(call, &head.headers, &answer));
        }
        if let (&Method::GET, Some(etag)) = (&call.method, head.headers.get(ETAG)) {
            let kept = Kept { etag: etag.clone(), body: answer.body.clone(), link: answer.link.clone() };
            self.etags.lock().unwrap_or_else(PoisonError::into_inner).put(installation, target.to_owned(), kept);
        }
        Ok(answer)
    }

    /// Reads an answer, but no more than the limit.
    async fn whole(&self, call: &Call, mut body: Body) -> Result<Bytes, Failure> {
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| unreachable(call, chain(&error)))?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > self.limits.answer_bytes {
                let limit = u64::try_from(self.limits.answer_bytes).unwrap_or(u64::MAX);
                return Err(Failure::last(GithubError::TooLarge { operation: call.operation, limit }));
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes.freeze())
    }

    fn refusal(&self, call: &Call, headers: &HeaderMap, answer: &Answer) -> Failure {
        let message = words_of(&answer.body);
        let status = answer.status;
        let fate = match limits::pause(status, headers, &message, self.clock.now()) {
            Some(seconds) => Fate::Paused(seconds),
            None if status.is_redirection() => self.moved(call, answer).map_or(Fate::Final, Fate::Moved),
            None if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Fate::Unknown,
            None => Fate::Final,
        };
        let error = GithubError::Refused {
            operation: call.operation,
            status: status.as_u16(),
            message: bounded(&message),
            request_id: answer.request_id.clone(),
        };
        Failure { error, fate }
    }

    /// The new address of a repository that was renamed, below the API's own: nobody else gets credentials.
    fn moved(&self, call: &Call, answer: &Answer) -> Option<String> {
        match answer.status {
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {}
            // What is not a GET would be repeated as one.
            StatusCode::MOVED_PERMANENTLY if call.method == Method::GET => {}
            _ => return None,
        }
        let below = answer.location.as_deref()?.strip_prefix(&self.address)?;
        below.starts_with('/').then(|| below.to_owned())
    }

    fn note_time(&self, headers: &HeaderMap) {
        if let Some(date) = text(headers, DATE.as_str()).as_deref().and_then(parse_http_date) {
            self.skew.store(self.clock.now() - date, Ordering::Relaxed);
        }
    }
}

fn unreachable(call: &Call, message: String) -> Failure {
    Failure { error: GithubError::Unreachable { operation: call.operation, message }, fate: Fate::Unknown }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
