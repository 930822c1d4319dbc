//! Notices to people outside GitHub: Slack-compatible webhooks, signed generic webhooks, and e-mail.
//!
//! In: a [`Channel`] (where to) and a [`Notice`] (what; its text is built by `deliver`). Out: nothing, or a
//! [`NotifyError`] that says which host failed and why. Addresses are secrets: a Slack URL is all that is
//! needed to write into a channel. Neither `Debug` nor an error shows more of one than its host.
//!
//! Each try has 10 s. A server's 5xx or 429 and a connection that can't be made are tried again, up to three
//! times, within 30 s. After a time-out there is no second try, because the first may have arrived.
//! Redirects are not followed and answers are not read.
//!
//! This room does not decide whether a notice is due, nor remember that it was sent: the caller does. The
//! idempotency key lets the receiver recognise a repeat.
//!
//! # Generic webhooks
//!
//! A `POST` of [`Notice::json`] with these headers:
//!
//! | header | value |
//! |---|---|
//! | `Content-Type` | `application/json` |
//! | `X-Heal-Event` | `alert` |
//! | `X-Heal-Delivery` | the idempotency key: equal for repeats of one notice |
//! | `X-Heal-Signature-256` | `sha256=` and the HMAC-SHA-256 of the body's bytes under the shared secret, in hex |
//!
//! The receiver computes the signature over the body as it came, before parsing, and compares in constant time:
//!
//! ```python
//! import hashlib, hmac
//!
//! def is_from_heal(secret: bytes, body: bytes, header: str) -> bool:
//!     expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
//!     return hmac.compare_digest(expected, header)
//! ```

mod address;
mod error;
mod mail;
mod retry;
mod sender;
#[cfg(test)]
mod tests;
mod webhook;

use secrecy::SecretString;
use serde_json::Value;

pub use error::NotifyError;
pub use sender::Notifier;
pub use webhook::signature;

/// Where a notice goes.
#[derive(Clone, Debug)]
pub enum Channel {
    /// An incoming webhook as Slack, Mattermost and others offer it.
    Slack {
        /// The whole address; whoever knows it can write.
        url: SecretString,
    },
    /// Any program that checks the signature (see the room's description).
    Webhook {
        /// The whole address; its path and query may hold a token.
        url: SecretString,
        /// The secret shared with the receiver, the key of the signature.
        secret: SecretString,
    },
    /// Mail through an SMTP server.
    Email {
        /// `smtps://user:password@host:port` (TLS from the start, 465 by default) or `smtp://…` (STARTTLS is
        /// required, 587 by default). Without credentials, `smtp://host:25?tls=none` and `?tls=opportunistic`
        /// are possible too. On the loopback interface `smtp://` is plain. User and password are
        /// percent-encoded.
        smtp: SecretString,
        /// The sender, `heal <heal@example.org>` or the bare address.
        from: String,
        /// The recipients, at least one; all see each other.
        to: Vec<String>,
    },
}

impl Channel {
    /// Whether it takes mail, and not a chat's markup.
    pub fn is_email(&self) -> bool {
        matches!(self, Channel::Email { .. })
    }
}

/// What is said, in every form that a channel may need.
#[derive(Clone, Debug)]
pub struct Notice {
    /// One line: the subject of a mail.
    pub subject: String,
    /// The message for people: the text of a mail and of a Slack message.
    pub text: String,
    /// The message for programs: the body of a generic webhook.
    pub json: Value,
    /// Equal for repeats of one notice: ASCII that can be printed.
    pub idempotency_key: String,
}
