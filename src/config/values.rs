//! Checks of single values, the same for the file and the environment.
//!
//! In: a text. Out: the value, or what it must be; the sentence never repeats what could be a secret.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use crate::settings::nearest::quoted;

/// The start and the end of the first line of every PEM private key.
const PEM: (&str, &str) = ("-----BEGIN ", "PRIVATE KEY-----");

/// What an amount in US dollars may be.
pub(super) const DOLLARS: RangeInclusive<f64> = 0.0..=10_000.0;

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("must be an address and a port such as 127.0.0.1:8080, not {}", quoted(text)))
}

/// An address of a web service, without the slashes at its end.
pub(super) fn url(text: &str) -> Result<String, String> {
    let wrong = || "must be a URL such as https://heal.example.org, without user, query and fragment".to_owned();
    let uri: http::Uri = text.parse().map_err(|_| wrong())?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let host =
        uri.authority().is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'));
    if !web || !host || uri.query().is_some() || text.contains('#') {
        return Err(wrong());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The endpoint of models, without what clients add to it.
pub(super) fn endpoint(text: &str) -> Result<String, String> {
    let wrong = |_| "must be a URL such as https://api.openai.com/v1, without user, query and fragment".to_owned();
    let url = url(text).map_err(wrong)?;
    Ok(url.strip_suffix("/chat/completions").unwrap_or(&url).trim_end_matches('/').to_owned())
}

/// A key as a header can carry it.
pub(super) fn header(text: &str) -> Result<String, String> {
    let fits = text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned()).ok_or_else(|| "holds a blank or a letter that no header can carry".to_owned())
}

/// A model's name.
pub(super) fn model(text: &str) -> Result<String, String> {
    let fits = text.len() <= 200 && !text.chars().any(|letter| letter.is_control() || letter.is_whitespace());
    fits.then(|| text.to_owned()).ok_or_else(|| format!("must be a model's name without blanks, not {}", quoted(text)))
}

/// US dollars, up to 10000.
pub(super) fn dollars(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| DOLLARS.contains(number));
    number.ok_or_else(|| format!("must be a number from 0 to 10000, not {}", quoted(text)))
}

/// An address with a token in it.
pub(super) fn secret_url(text: &str) -> Result<String, String> {
    let uri = text.parse::<http::Uri>().ok();
    let web = uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
    web.map(|_| text.to_owned()).ok_or_else(|| "must be an http or https URL".to_owned())
}

pub(super) fn smtp(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("smtp://").or_else(|| text.strip_prefix("smtps://"));
    let whole = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
    whole.then(|| text.to_owned()).ok_or_else(|| "must be smtps://USER:PASSWORD@HOST:PORT or smtp://…".to_owned())
}

pub(super) fn database(text: &str) -> Result<String, String> {
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    known.then(|| text.to_owned()).ok_or_else(|| "must begin with sqlite:// or postgres://".to_owned())
}

pub(super) fn directory(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err(format!("must be an absolute path, not {}", quoted(text))) }
}

pub(super) fn any(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

/// A private key. A variable cannot always hold ends of lines, so `\n` in a text of one line stands for them.
pub(super) fn pem(text: &str) -> Result<String, String> {
    let text = text.trim();
    let text = if text.contains('\n') { text.to_owned() } else { text.replace("\\n", "\n") };
    let first = text.lines().next().unwrap_or_default().trim_end();
    let whole = first.starts_with(PEM.0) && first.ends_with(PEM.1) && text.lines().count() > 2;
    whole.then(|| format!("{text}\n")).ok_or_else(|| {
        "is not a private key in PEM form; GitHub offers it for download on the App's settings page".to_owned()
    })
}

/// A switch in the environment.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(format!("must be true or false, not {}", quoted(text))),
    }
}
