//! The signature of a webhook: proof that a body comes from whoever knows the secret.
//!
//! GitHub sends `X-Hub-Signature-256: sha256=HEX`, the HMAC-SHA256 of the body as it was sent. The
//! outcome of the check is a value, [`VerifiedBody`], which [`parse`](super::parse) demands: a body
//! that nobody checked can't be read by mistake. The older `X-Hub-Signature` (SHA-1) is not accepted.

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// What the header begins with.
const SCHEME: &str = "sha256=";

/// Length of an HMAC-SHA256, in bytes.
const MAC_BYTES: usize = 32;

/// The secret that GitHub signs with; never empty, never printed.
#[derive(Clone, Debug)]
pub struct WebhookSecret(SecretString);

/// An empty secret would let everybody sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the webhook secret is empty")]
pub struct EmptySecret;

impl WebhookSecret {
    /// Takes the secret as it was entered at GitHub.
    ///
    /// # Errors
    /// When it is empty.
    pub fn new(secret: SecretString) -> Result<Self, EmptySecret> {
        if secret.expose_secret().is_empty() { Err(EmptySecret) } else { Ok(Self(secret)) }
    }
}

/// A body that carries a right signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedBody<'a>(&'a [u8]);

impl<'a> VerifiedBody<'a> {
    /// A body that was verified before it was stored, taken out of the store again.
    ///
    /// Whoever calls this says that nothing comes into that store without [`verify`].
    pub fn kept(body: &'a [u8]) -> Self {
        Self(body)
    }

    /// The bytes.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }
}

/// Why a body is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature.
    #[error("the header X-Hub-Signature-256 is missing; set a secret for the webhook")]
    Missing,
    /// It does not have the form of one.
    #[error("the header X-Hub-Signature-256 is not sha256= and 64 hexadecimal digits")]
    Malformed,
    /// It was not made from this body with this secret.
    #[error("the signature is wrong; the webhook's secret is not the one configured here")]
    Wrong,
}

/// Checks the signature of a body, in a time that says nothing about how wrong it is.
///
/// # Errors
/// When the header is missing, malformed, or does not belong to the body.
pub fn verify<'a>(
    secret: &WebhookSecret,
    body: &'a [u8],
    header: Option<&str>,
) -> Result<VerifiedBody<'a>, SignatureError> {
    let claimed = header.ok_or(SignatureError::Missing)?.strip_prefix(SCHEME).and_then(decode);
    let claimed = claimed.ok_or(SignatureError::Malformed)?;
    // HMAC takes keys of every length, so the error can't happen; if it did, nobody would be believed.
    let mac = Hmac::<Sha256>::new_from_slice(secret.0.expose_secret().as_bytes()).map_err(|_| SignatureError::Wrong)?;
    mac.chain_update(body).verify_slice(&claimed).map_err(|_| SignatureError::Wrong)?;
    Ok(VerifiedBody(body))
}

/// The bytes behind 64 hexadecimal digits.
fn decode(digits: &str) -> Option<[u8; MAC_BYTES]> {
    let digits = digits.as_bytes();
    if digits.len() != MAC_BYTES * 2 {
        return None;
    }
    let mut bytes = [0; MAC_BYTES];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

/// The value of a hexadecimal digit.
fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GitHub's own example, from "Validating webhook deliveries".
    const BODY: &[u8] = b"Hello, World!";
    const HEADER: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn secret() -> WebhookSecret {
        WebhookSecret::new("It's a Secret to Everybody".into()).unwrap()
    }

    #[track_caller]
    fn check(body: &[u8], header: Option<&str>, expected: Result<(), SignatureError>) {
        assert_eq!(verify(&secret(), body, header).map(|_| ()), expected, "{header:?}");
    }

    #[test]
    fn githubs_own_example_is_believed() {
        check(BODY, Some(HEADER), Ok(()));
        check(BODY, Some(&HEADER.to_uppercase().replace("SHA256", "sha256")), Ok(()));
        assert_eq!(verify(&secret(), BODY, Some(HEADER)).unwrap().bytes(), BODY);
    }

    #[test]
    fn another_body_or_secret_is_not() {
        check(b"Hello, World", Some(HEADER), Err(SignatureError::Wrong));
        check(b"", Some(HEADER), Err(SignatureError::Wrong));
        check(BODY, Some(&HEADER.replace("e17", "e18")), Err(SignatureError::Wrong));
        let other = WebhookSecret::new("It's a secret to everybody".into()).unwrap();
        assert_eq!(verify(&other, BODY, Some(HEADER)), Err(SignatureError::Wrong));
    }

    #[test]
    fn a_header_of_another_form_is_malformed() {
        let bare = HEADER.trim_start_matches("sha256=");
        let sha1 = format!("sha1={}", &bare[..40]);
        let longer = format!("{HEADER}00");
        let unicode = format!("sha256={}é", &bare[..62]);
        for header in ["", "sha256=", bare, &sha1, &longer, &HEADER[..70], &HEADER.replace('7', "g"), &unicode] {
            check(BODY, Some(header), Err(SignatureError::Malformed));
        }
        check(BODY, None, Err(SignatureError::Missing));
    }

    #[test]
    fn an_empty_secret_is_refused_and_none_is_printed() {
        assert_eq!(WebhookSecret::new(String::new().into()).err(), Some(EmptySecret));
        assert!(!format!("{:?}", secret()).contains("Everybody"));
    }
}
