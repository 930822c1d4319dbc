//! What can go wrong with a notice. Hosts are named, addresses are not: they hold secrets.

use std::error::Error as StdError;

/// The longest reason that is repeated from a library or the system, in bytes.
const LONGEST_REASON: usize = 200;

/// Why a notice was not sent.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The configuration's address can't be used; the user's to fix.
    #[error("the address of the {channel} channel can't be used: {reason}")]
    Address {
        /// `slack`, `webhook` or `email`.
        channel: &'static str,
        /// What is wrong with it, without its text.
        reason: &'static str,
    },
    /// The notice can't be put into the channel's form; ours to fix.
    #[error("the notice can't be written: {reason}")]
    Notice {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The server answered, and not with success.
    #[error("{host} refused the notice with status {status}")]
    Refused {
        /// The server.
        host: String,
        /// The HTTP status or SMTP reply code.
        status: u16,
        /// Whether the server means it for now only: HTTP's 429 and 5xx, SMTP's 4yz.
        is_transient: bool,
    },
    /// The server could not be spoken to.
    #[error("{host} can't be reached: {reason}")]
    Unreachable {
        /// The server.
        host: String,
        /// The innermost cause.
        reason: String,
    },
    /// The server did not answer in time; the notice may have arrived.
    #[error("{host} did not answer within {seconds} s")]
    TimedOut {
        /// The server.
        host: String,
        /// The limit of one try.
        seconds: u64,
    },
    /// The HTTP client can't be built, for instance because the machine has no root certificates.
    #[error("the HTTP client for notices can't be built")]
    Client(#[source] reqwest::Error),
}

impl NotifyError {
    /// Whether a later repeat may succeed without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            Self::Refused { is_transient, .. } => *is_transient,
            Self::Address { .. } | Self::Notice { .. } | Self::Client(_) => false,
        }
    }
}

/// The innermost cause, on one line and bounded. Outer layers of HTTP errors may show the address.
pub(super) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let mut reason: String = cause.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    reason.truncate(reason.floor_char_boundary(LONGEST_REASON));
    reason
}
