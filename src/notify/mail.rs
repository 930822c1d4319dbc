//! E-mail through an SMTP server.
//!
//! The Message-ID comes from the idempotency key: mail programs show a repeat once, or in one thread.

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use sha2::{Digest, Sha256};

use super::address::Address;
use super::error::root_cause;
use super::retry::{Patience, Try, persist, timed_out};
use super::{Notice, NotifyError};

/// A longer subject is of no use in a list of mails.
const LONGEST_SUBJECT: usize = 200;

/// The notice as a mail.
pub(super) fn message(notice: &Notice, from: &str, to: &[String]) -> Result<Message, NotifyError> {
    let mailbox =
        |text: &str, reason| text.parse::<Mailbox>().map_err(|_| NotifyError::Address { channel: "email", reason });
    let from = mailbox(from, "the sender is not a mail address")?;
    if to.is_empty() {
        return Err(NotifyError::Address { channel: "email", reason: "there is no recipient" });
    }
    let id = message_id(&notice.idempotency_key, from.email.domain());
    let mut builder = Message::builder().from(from).message_id(Some(id)).subject(subject(&notice.subject));
    for recipient in to {
        builder = builder.to(mailbox(recipient, "a recipient is not a mail address")?);
    }
    no_auto_reply(builder)
        .header(ContentType::TEXT_PLAIN)
        .body(notice.text.clone())
        .map_err(|_| NotifyError::Notice { reason: "the mail can't be put together" })
}

/// Asks answering machines to keep silent (RFC 3834).
fn no_auto_reply(builder: MessageBuilder) -> MessageBuilder {
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    builder.raw_header(HeaderValue::new(name, "auto-generated".to_owned()))
}

/// Names come from repositories: the subject stays one line of bounded length.
fn subject(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_SUBJECT).collect()
}

/// Hashed, because a key may hold what a Message-ID may not.
fn message_id(key: &str, domain: &str) -> String {
    let digest: String = Sha256::digest(key).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("<heal.{digest}@{domain}>")
}

/// Sends until it is taken, refused, or patience ends.
pub(super) async fn send(patience: &Patience, address: &Address, message: Message) -> Result<(), NotifyError> {
    let unusable = |_| NotifyError::Address { channel: "email", reason: "it is not an address of an SMTP server" };
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(address.url.as_str())
        .map_err(unusable)?
        .timeout(Some(patience.one))
        .build::<Tokio1Executor>();
    persist(patience, &address.host, || async {
        match transport.send(message.clone()).await {
            Ok(_) => Try::Over(Ok(())),
            Err(error) => judge(&error, patience, address),
        }
    })
    .await
}

fn judge(error: &smtp::Error, patience: &Patience, address: &Address) -> Try {
    let host = address.host.clone();
    if let Some(code) = error.status() {
        let is_transient = error.is_transient();
        let refused = NotifyError::Refused { host, status: code.into(), is_transient };
        return if is_transient { Try::Again(refused, None) } else { Try::Over(Err(refused)) };
    }
    if error.is_timeout() {
        return Try::Over(Err(timed_out(&host, patience)));
    }
    let told = NotifyError::Unreachable { host, reason: root_cause(error) };
    // What is left is the connection. Should it have broken after the mail was taken, the Message-ID tells.
    let is_connection = !(error.is_tls() || error.is_client() || error.is_response());
    if is_connection { Try::Again(told, None) } else { Try::Over(Err(told)) }
}
