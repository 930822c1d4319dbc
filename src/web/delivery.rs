//! A webhook request that may be stored: everything about it checked that needs no look into the payload.
//!
//! In: the headers of a request, by a function that finds one, and its body. Out: a [`Delivery`], or a
//! [`Refusal`] that says which status the sender gets and what to change. The checks that cost least
//! come first, and the payload is not parsed here: a delivery that can't be understood is stored all
//! the same, because GitHub does not repeat what was refused.

use bytes::Bytes;
use http::StatusCode;

use crate::signal::github::{EventKind, GithubSignal, PayloadError, SignatureError, VerifiedBody, WebhookSecret};
use crate::signal::github::{parse, verify};

/// The largest payload: GitHub sends none above 25 MB.
pub const MAX_PAYLOAD_BYTES: usize = 25 * 1024 * 1024;

/// The longest number of a delivery; GitHub's are UUIDs of 36 characters.
const MAX_ID: usize = 128;

/// The number that GitHub gave to a delivery, the same when it is sent again: 1 to 128 of `[A-Za-z0-9-]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryId(String);

impl DeliveryId {
    /// Checks a number; none when it can't be one.
    pub fn new(text: &str) -> Option<Self> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        ((1..=MAX_ID).contains(&text.len()) && text.bytes().all(good)).then(|| Self(text.to_owned()))
    }

    /// The number as GitHub writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the webhook is installed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstallationTarget {
    /// Whether it is an App (then `id` is the App's) or a repository or organisation.
    pub is_app: bool,
    /// Its number.
    pub id: u64,
}

/// A request of GitHub's that may be stored. Made by [`Delivery::from_request`] alone, so its body is verified.
#[derive(Clone, Debug)]
pub struct Delivery {
    id: DeliveryId,
    event: EventKind,
    target: Option<InstallationTarget>,
    body: Bytes,
}

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body is larger than any of GitHub's.
    #[error("the payload is larger than {MAX_PAYLOAD_BYTES} bytes")]
    TooLarge,
    /// The webhook is set to send forms.
    #[error("the payload comes as a form; choose the content type application/json in the webhook's settings")]
    Form,
    /// The body is something else than JSON.
    #[error("the content type is not application/json")]
    NotJson,
    /// The body is not believed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The request does not say which event it is.
    #[error("the header X-GitHub-Event is missing")]
    NoEvent,
    /// The request has no number.
    #[error("the header X-GitHub-Delivery is missing")]
    NoId,
    /// The request's number can't be one.
    #[error("the header X-GitHub-Delivery is not 1 to {MAX_ID} letters, digits and hyphens")]
    BadId,
}

impl Refusal {
    /// What the sender gets to see.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Form | Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Signature(_) => StatusCode::UNAUTHORIZED,
            Self::NoEvent | Self::NoId | Self::BadId => StatusCode::BAD_REQUEST,
        }
    }

    /// A word for metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Form => "form",
            Self::NotJson => "not_json",
            Self::Signature(SignatureError::Missing) => "signature_missing",
            Self::Signature(SignatureError::Malformed) => "signature_malformed",
            Self::Signature(SignatureError::Wrong) => "signature_wrong",
            Self::NoEvent => "no_event",
            Self::NoId | Self::BadId => "bad_id",
        }
    }
}

impl Delivery {
    /// Checks a request: size, content type, signature, then the headers that GitHub sets.
    ///
    /// `header` finds a header by its name in lower case.
    ///
    /// # Errors
    /// When the request is not one that GitHub sends to a webhook with this secret.
    pub fn from_request(
        secret: &WebhookSecret,
        header: impl Fn(&str) -> Option<String>,
        body: Bytes,
    ) -> Result<Self, Refusal> {
        if body.len() > MAX_PAYLOAD_BYTES {
            return Err(Refusal::TooLarge);
        }
        check_content_type(header("content-type").as_deref())?;
        verify(secret, &body, header("x-hub-signature-256").as_deref())?;
        let event = header("x-github-event").filter(|event| !event.is_empty()).ok_or(Refusal::NoEvent)?;
        let id = header("x-github-delivery").ok_or(Refusal::NoId)?;
        let id = DeliveryId::new(&id).ok_or(Refusal::BadId)?;
        Ok(Self { id, event: EventKind::named(&event), target: target(&header), body })
    }

    /// Its number.
    pub fn id(&self) -> &DeliveryId {
        &self.id
    }

    /// Its kind.
    pub fn event(&self) -> &EventKind {
        &self.event
    }

    /// What the webhook is installed on, when the request says it.
    pub fn target(&self) -> Option<InstallationTarget> {
        self.target
    }

    /// The body, as GitHub sent it.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// When it can't be understood.
    pub fn signal(&self) -> Result<GithubSignal, PayloadError> {
        parse(&self.event, VerifiedBody::kept(&self.body))
    }
}

fn check_content_type(header: Option<&str>) -> Result<(), Refusal> {
    let essence = header.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Err(Refusal::Form)
    } else {
        Err(Refusal::NotJson)
    }
}

/// Says more about the sender; not needed, so an odd one is none.
fn target(header: impl Fn(&str) -> Option<String>) -> Option<InstallationTarget> {
    let kind = header("x-github-hook-installation-target-type")?;
    let id = header("x-github-hook-installation-target-id")?.parse().ok()?;
    Some(InstallationTarget { is_app: kind.eq_ignore_ascii_case("integration"), id })
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, Mac};
    use sha2::Sha256;

    use super::*;

    const BODY: &str = r#"{"zen":"Keep it logically awesome.","hook_id":7}"#;
    const ID: &str = "72d3162e-cc78-11e3-81ab-4c9367dc0958";

    /// The headers of a right request with some replaced; an empty value takes a header away.
    fn request(body: &[u8], changes: &[(&str, &str)]) -> Result<Delivery, Refusal> {
        let secret = WebhookSecret::new("s3".into()).unwrap();
        let mac = Hmac::<Sha256>::new_from_slice(b"s3").unwrap().chain_update(body).finalize().into_bytes();
        let signature = mac.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"));
        let header = |name: &str| {
            let changed = changes.iter().find(|(changed, _)| *changed == name);
            let value = match (changed, name) {
                (Some((_, value)), _) => value,
                (None, "content-type") => "application/json",
                (None, "x-hub-signature-256") => signature.as_str(),
                (None, "x-github-event") => "ping",
                (None, "x-github-delivery") => ID,
                (None, "x-github-hook-installation-target-type") => "integration",
                (None, "x-github-hook-installation-target-id") => "29310",
                _ => "",
            };
            (!value.is_empty()).then(|| value.to_owned())
        };
        Delivery::from_request(&secret, header, Bytes::copy_from_slice(body))
    }

    #[track_caller]
    fn check_refused(header: &str, value: &str, refusal: Refusal, status: u16) {
        let found = request(BODY.as_bytes(), &[(header, value)]).unwrap_err();
        assert_eq!(found, refusal);
        assert_eq!(found.status(), status);
    }

    #[test]
    fn a_right_request_becomes_a_delivery() {
        let delivery = request(BODY.as_bytes(), &[("content-type", "Application/JSON; charset=utf-8")]).unwrap();
        assert_eq!((delivery.id().as_str(), delivery.event()), (ID, &EventKind::Ping));
        assert_eq!(delivery.target(), Some(InstallationTarget { is_app: true, id: 29310 }));
        assert_eq!(delivery.body(), BODY);
        assert!(matches!(delivery.signal(), Ok(GithubSignal::Ping(ping)) if ping.hook_id == 7));
    }

    #[test]
    fn the_signature_comes_before_everything_that_the_sender_says() {
        check_refused("x-hub-signature-256", "", Refusal::Signature(SignatureError::Missing), 401);
        check_refused("x-hub-signature-256", "sha1=00", Refusal::Signature(SignatureError::Malformed), 401);
        let wrong = format!("sha256={}", "0".repeat(64));
        let changes = [("x-hub-signature-256", wrong.as_str()), ("x-github-delivery", ""), ("x-github-event", "")];
        assert_eq!(request(BODY.as_bytes(), &changes).unwrap_err(), Refusal::Signature(SignatureError::Wrong));
    }

    #[test]
    fn forms_and_other_types_are_refused_with_a_hint() {
        let form = "application/x-www-form-urlencoded";
        check_refused("content-type", form, Refusal::Form, 415);
        assert!(
            request(b"payload=%7B%7D", &[("content-type", form)]).unwrap_err().to_string().contains("application/json")
        );
        check_refused("content-type", "", Refusal::NotJson, 415);
        check_refused("content-type", "text/plain", Refusal::NotJson, 415);
        check_refused("content-type", "application/json-seq", Refusal::NotJson, 415);
    }

    #[test]
    fn event_and_delivery_id_are_needed() {
        check_refused("x-github-event", "", Refusal::NoEvent, 400);
        check_refused("x-github-delivery", "", Refusal::NoId, 400);
        for id in ["a b", "é", "a/b", "a\n", &"a".repeat(129)] {
            check_refused("x-github-delivery", id, Refusal::BadId, 400);
        }
        assert!(request(BODY.as_bytes(), &[("x-github-delivery", &"a".repeat(128))]).is_ok());
    }

    #[test]
    fn an_odd_target_is_none_and_an_unknown_event_is_taken() {
        let changes = [("x-github-hook-installation-target-id", "x"), ("x-github-event", "gollum")];
        let delivery = request(BODY.as_bytes(), &changes).unwrap();
        assert_eq!(delivery.target(), None);
        assert_eq!(delivery.event(), &EventKind::Unknown("gollum".to_owned()));
        assert!(matches!(delivery.signal(), Ok(GithubSignal::Ignored { .. })));
    }

    #[test]
    fn the_size_is_looked_at_first() {
        let largest = vec![b' '; MAX_PAYLOAD_BYTES];
        assert!(request(&largest, &[]).is_ok());
        let larger = vec![b' '; MAX_PAYLOAD_BYTES + 1];
        let refusal = request(&larger, &[("content-type", "text/plain")]).unwrap_err();
        assert_eq!((refusal.status().as_u16(), refusal), (413, Refusal::TooLarge));
    }
}
