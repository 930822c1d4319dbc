//! What can go wrong between GitHub and heal. A test switches a fault on; it ends by its own count or with the test.

use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::clock;
use super::reply::{Reply, error};

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The next requests are answered 502.
    ServerErrors {
        /// How many.
        count: u32,
    },
    /// The next requests are refused for a while.
    RateLimited {
        /// 403 or 429.
        status: u16,
        /// What `Retry-After` says.
        retry_after_s: u64,
        /// How many.
        count: u32,
    },
    /// The next connections close in the middle of an answer.
    Reset {
        /// How many.
        count: u32,
    },
    /// The next requests are refused because the hour's quota is spent.
    QuotaSpent {
        /// When there is a new one.
        reset_in_s: u64,
        /// How many.
        count: u32,
    },
    /// The next request is answered late.
    Stall {
        /// How late.
        seconds: u64,
    },
    /// Logs come in pieces, over two seconds.
    SlowLogs,
    /// Only the first half of a log comes.
    TruncatedLogs,
    /// Logs are gone: 410.
    LogsGone,
    /// All tokens minted so far are answered 401.
    ExpireTokens,
    /// Each delivery comes so many times.
    Duplicate(u32),
    /// Deliveries come in another order than they were sent.
    Reorder,
    /// Deliveries are lost.
    Lose,
    /// Pushes start no CI.
    NoRuns,
    /// The default branch gets a commit when heal creates its next ref.
    BranchMoves,
    /// The server dies by `kill -9` at one of its requests.
    Kill {
        /// `POST` …
        method: &'static str,
        /// The path below the repository; `*` stands for one part, `**` at the end for all that follow.
        path: &'static str,
        /// On which side of GitHub's work.
        when: When,
        /// At which of these requests, from 1, counted since the fault was switched on.
        nth: u32,
    },
}

/// A moment of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// GitHub never sees it.
    Before,
    /// GitHub has carried it out, and nobody hears the answer.
    After,
}

/// The faults that are on.
#[derive(Default)]
pub struct Faults {
    active: Mutex<Vec<Fault>>,
}

impl Faults {
    /// Switches one on.
    pub fn add(&self, fault: Fault) {
        self.active.lock().unwrap().push(fault);
    }

    /// Switches all off.
    pub fn clear(&self) {
        self.active.lock().unwrap().clear();
    }

    /// Whether this one is on.
    pub fn has(&self, fault: Fault) -> bool {
        self.active.lock().unwrap().contains(&fault)
    }

    /// Switches one off and says whether it was on.
    pub fn take(&self, fault: Fault) -> bool {
        let mut active = self.active.lock().unwrap();
        let before = active.len();
        active.retain(|other| *other != fault);
        active.len() != before
    }

    /// How many times each delivery is to come.
    pub fn copies(&self) -> u32 {
        let active = self.active.lock().unwrap();
        active
            .iter()
            .find_map(|fault| if let Fault::Duplicate(times) = fault { Some(*times) } else { None })
            .unwrap_or(1)
    }

    /// How long the next answer is to be held back.
    pub fn stall(&self) -> Option<Duration> {
        let mut active = self.active.lock().unwrap();
        let at = active.iter().position(|fault| matches!(fault, Fault::Stall { .. }))?;
        let Fault::Stall { seconds } = active.remove(at) else { return None };
        Some(Duration::from_secs(seconds))
    }

    /// Whether the server is to die at this request, whose path is the one below its repository.
    pub fn kill(&self, method: &str, path: &str) -> Option<When> {
        let mut active = self.active.lock().unwrap();
        let at = active.iter().position(
            |fault| matches!(fault, Fault::Kill { method: m, path: p, .. } if *m == method && fits(p, path)),
        )?;
        let Fault::Kill { when, nth, .. } = &mut active[at] else { return None };
        *nth -= 1;
        let (when, is_now) = (*when, *nth == 0);
        if is_now {
            active.remove(at);
        }
        is_now.then_some(when)
    }

    /// Whether a death is still to come.
    pub fn is_deadly(&self) -> bool {
        self.active.lock().unwrap().iter().any(|fault| matches!(fault, Fault::Kill { .. }))
    }

    /// The answer that stands in the way of a request, if any.
    pub fn strike(&self) -> Option<Reply> {
        let mut active = self.active.lock().unwrap();
        let at = active.iter().position(|fault| {
            matches!(
                fault,
                Fault::ServerErrors { .. } | Fault::RateLimited { .. } | Fault::QuotaSpent { .. } | Fault::Reset { .. }
            )
        })?;
        let (left, answer) = match active[at] {
            Fault::ServerErrors { count } => {
                (Fault::ServerErrors { count: count.saturating_sub(1) }, error(502, "Server Error"))
            }
            Fault::RateLimited { status, retry_after_s, count } => (
                Fault::RateLimited { status, retry_after_s, count: count.saturating_sub(1) },
                limited(status, retry_after_s),
            ),
            Fault::QuotaSpent { reset_in_s, count } => {
                (Fault::QuotaSpent { reset_in_s, count: count.saturating_sub(1) }, spent(reset_in_s))
            }
            Fault::Reset { count } => (Fault::Reset { count: count.saturating_sub(1) }, reset()),
            _ => return None,
        };
        active[at] = left;
        if matches!(
            left,
            Fault::ServerErrors { count: 0 }
                | Fault::QuotaSpent { count: 0, .. }
                | Fault::RateLimited { count: 0, .. }
                | Fault::Reset { count: 0 }
        ) {
            active.remove(at);
        }
        Some(answer)
    }
}

/// Whether a path is one of those that a pattern means.
pub fn fits(pattern: &str, path: &str) -> bool {
    let mut parts = path.trim_matches('/').split('/');
    for wanted in pattern.split('/') {
        match (wanted, parts.next()) {
            ("**", Some(_)) => return true,
            (_, None) => return false,
            (wanted, Some(part)) if wanted != "*" && wanted != part => return false,
            _ => {}
        }
    }
    parts.next().is_none()
}

fn limited(status: u16, retry_after_s: u64) -> Reply {
    let mut answer =
        error(status, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.");
    answer.headers_mut().insert("retry-after", retry_after_s.into());
    answer
}

fn spent(reset_in_s: u64) -> Reply {
    let mut answer = error(403, "API rate limit exceeded for installation.");
    answer.headers_mut().insert("x-ratelimit-remaining", 0.into());
    answer.headers_mut().insert("x-ratelimit-reset", (clock::seconds() + reset_in_s).into());
    answer
}

/// An answer that breaks off.
fn reset() -> Reply {
    let broken = (&b"{\"id\": "[..]).chain(Broken);
    Response::builder()
        .status(200)
        .header("content-type", "application/json")
        .body(Body::from_stream(tokio_util::io::ReaderStream::new(broken)))
        .unwrap()
}

struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::from(io::ErrorKind::ConnectionReset)))
    }
}
