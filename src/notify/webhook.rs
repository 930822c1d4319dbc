//! Webhooks: Slack-compatible, and generic ones with a signature.

use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, Mac};
use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::address::Address;
use super::error::root_cause;
use super::retry::{Patience, Try, persist, timed_out};
use super::{Notice, NotifyError};

/// Slack cuts a message after 40,000 characters; bytes are on the safe side of that.
const LONGEST_SLACK_TEXT: usize = 39_000;

/// What is posted.
pub(super) struct Post {
    body: Bytes,
    headers: HeaderMap,
}

/// A notice as Slack's incoming webhooks take it.
pub(super) fn slack(notice: &Notice) -> Post {
    let cut = notice.text.floor_char_boundary(LONGEST_SLACK_TEXT);
    let text = if cut < notice.text.len() { format!("{}…", &notice.text[..cut]) } else { notice.text.clone() };
    post(&serde_json::json!({ "text": text }))
}

/// A notice for programs, signed.
pub(super) fn generic(notice: &Notice, secret: &SecretString) -> Result<Post, NotifyError> {
    let mut post = post(&notice.json);
    let value = |text: &str| {
        HeaderValue::from_str(text)
            .map_err(|_| NotifyError::Notice { reason: "its idempotency key does not fit into a header" })
    };
    let delivery = value(&notice.idempotency_key)?;
    let signature = value(&signature(secret, &post.body))?;
    post.headers.insert(HeaderName::from_static("x-heal-event"), HeaderValue::from_static("alert"));
    post.headers.insert(HeaderName::from_static("x-heal-delivery"), delivery);
    post.headers.insert(HeaderName::from_static("x-heal-signature-256"), signature);
    Ok(post)
}

/// `sha256=` and the HMAC-SHA-256 of `body` under `secret`, in hex: the value of `X-Heal-Signature-256`.
#[must_use]
pub fn signature(secret: &SecretString, body: &[u8]) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.expose_secret().as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(body);
    let digest: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digest}")
}

fn post(json: &serde_json::Value) -> Post {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    Post { body: json.to_string().into(), headers }
}

/// Posts until it is taken, refused, or patience ends.
pub(super) async fn send(
    client: &reqwest::Client,
    patience: &Patience,
    address: &Address,
    post: Post,
) -> Result<(), NotifyError> {
    persist(patience, &address.host, || async {
        let request = client.post(address.url.clone()).headers(post.headers.clone()).body(post.body.clone());
        // The answer's body is dropped unread: nothing in it matters, and it may be endless.
        match request.send().await {
            Ok(response) => judge(&response, address),
            Err(error) => misfortune(&error, patience, address),
        }
    })
    .await
}

fn judge(response: &reqwest::Response, address: &Address) -> Try {
    let status = response.status();
    if status.is_success() {
        return Try::Over(Ok(()));
    }
    let is_transient = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let error = NotifyError::Refused { host: address.host.clone(), status: status.as_u16(), is_transient };
    if is_transient {
        return Try::Again(error, retry_after(response.headers()));
    }
    Try::Over(Err(error))
}

/// What the server asks for, in seconds; its other form, a date, is not used by those who limit rates.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn misfortune(error: &reqwest::Error, patience: &Patience, address: &Address) -> Try {
    if error.is_timeout() && !error.is_connect() {
        return Try::Over(Err(timed_out(&address.host, patience)));
    }
    let told = NotifyError::Unreachable { host: address.host.clone(), reason: root_cause(error) };
    if error.is_connect() { Try::Again(told, None) } else { Try::Over(Err(told)) }
}
