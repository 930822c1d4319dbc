//! Logs: GitHub answers with the way to its storage, and the storage with bytes.
//!
//! In: an address, or a body that is being received. Out: a [`Log`] in a temporary file, never larger than
//! the limit. The storage is somebody else's machine: it gets no credentials. What came before a
//! connection broke is kept and marked, for a log's beginning is often enough.

use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use reqwest::Url;
use tokio::time::Instant;

use super::error::{GithubError, chain};
use super::transport::{AGENT, Body, TransportLimits};

/// The largest log that is kept; GitHub's own web page shows no more than 4 MiB of a step.
const LOG_BYTES: u64 = 256 * 1024 * 1024;
/// Time for a whole download.
const WHOLE: Duration = Duration::from_secs(120);
/// Redirections that are followed from the storage's address on.
const REDIRECTS: usize = 5;

/// A downloaded log. The file is deleted when it is dropped.
#[derive(Debug)]
pub struct Log {
    /// The file, to be read from its beginning. It has no name, so that nothing is left of it when the process
    /// is killed.
    pub file: std::fs::File,
    /// Its size in bytes.
    pub bytes: u64,
    /// Whether the download broke off, or was larger than heal keeps: the end is missing.
    pub truncated: bool,
}

/// Downloads without credentials.
pub(super) struct Downloads {
    client: reqwest::Client,
    silence: Duration,
    largest: u64,
}

impl Downloads {
    pub fn new(limits: TransportLimits) -> Result<Self, GithubError> {
        let policy = reqwest::redirect::Policy::custom(|attempt| {
            if attempt.previous().len() > REDIRECTS { attempt.error("too many redirections") } else { attempt.follow() }
        });
        let client = reqwest::Client::builder()
            .connect_timeout(limits.connect)
            .read_timeout(limits.read)
            .timeout(WHOLE)
            .redirect(policy)
            .referer(false)
            .user_agent(AGENT)
            .build()
            .map_err(|error| GithubError::Configuration { setting: "downloads", message: chain(&error) })?;
        Ok(Downloads { client, silence: limits.read, largest: LOG_BYTES })
    }

    /// The same with a smaller limit.
    #[cfg(test)]
    pub fn at_most(self, largest: u64) -> Self {
        Downloads { largest, ..self }
    }

    /// Follows the way to the storage.
    pub async fn fetch(&self, operation: &'static str, location: &str) -> Result<Log, GithubError> {
        // The address is signed: it is a secret for some minutes, and no error may quote it.
        let malformed =
            |message: &str| GithubError::Malformed { operation, message: message.to_owned(), request_id: None };
        let url = Url::parse(location).map_err(|_| malformed("the log's address is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(malformed("the log's address is neither http nor https"));
        }
        let response = self.client.get(url).send().await.map_err(|error| unreachable(operation, error))?;
        let status = response.status();
        if !status.is_success() {
            // Storages answer 404 for what they have deleted.
            let status = if status == StatusCode::NOT_FOUND { StatusCode::GONE } else { status };
            let message = "the log's storage refused".to_owned();
            return Err(GithubError::Refused { operation, status: status.as_u16(), message, request_id: None });
        }
        self.store(operation, BodySource::Storage(Box::new(response))).await
    }

    /// Writes a body into a temporary file.
    pub async fn store(&self, operation: &'static str, mut source: BodySource) -> Result<Log, GithubError> {
        let failed = |source| GithubError::Storage { operation, source };
        let mut file = tempfile::tempfile().map_err(failed)?;
        let deadline = Instant::now() + WHOLE;
        let (mut bytes, mut truncated) = (0_u64, false);
        loop {
            let until = deadline.min(Instant::now() + self.silence);
            let piece = match tokio::time::timeout_at(until, source.next(operation)).await {
                Ok(Ok(None)) => break,
                Ok(Ok(Some(piece))) => piece,
                Ok(Err(error)) if bytes == 0 => return Err(error),
                Err(_) if bytes == 0 => {
                    let message = "the log does not come".to_owned();
                    return Err(GithubError::Unreachable { operation, message });
                }
                Ok(Err(_)) | Err(_) => {
                    truncated = true;
                    break;
                }
            };
            let room = usize::try_from(self.largest - bytes).unwrap_or(usize::MAX);
            let kept = &piece[..piece.len().min(room)];
            // Pieces are small, and the file is on the local disk: this does not block for long.
            file.write_all(kept).map_err(failed)?;
            bytes += u64::try_from(kept.len()).unwrap_or(0);
            if kept.len() < piece.len() {
                truncated = true;
                break;
            }
        }
        file.flush().and_then(|()| file.seek(SeekFrom::Start(0))).map_err(failed)?;
        if truncated {
            tracing::warn!(operation, bytes, "a log is incomplete");
        }
        Ok(Log { file, bytes, truncated })
    }
}

/// Where the bytes come from.
pub(super) enum BodySource {
    /// GitHub itself.
    Api(Body),
    /// Its storage.
    Storage(Box<reqwest::Response>),
}

impl BodySource {
    async fn next(&mut self, operation: &'static str) -> Result<Option<Bytes>, GithubError> {
        match self {
            BodySource::Storage(response) => response.chunk().await.map_err(|error| unreachable(operation, error)),
            BodySource::Api(body) => loop {
                match body.frame().await {
                    None => return Ok(None),
                    Some(Ok(frame)) => {
                        if let Ok(data) = frame.into_data() {
                            return Ok(Some(data));
                        }
                    }
                    Some(Err(error)) => {
                        return Err(GithubError::Unreachable { operation, message: chain(&error) });
                    }
                }
            },
        }
    }
}

fn unreachable(operation: &'static str, error: reqwest::Error) -> GithubError {
    GithubError::Unreachable { operation, message: chain(&error.without_url()) }
}
