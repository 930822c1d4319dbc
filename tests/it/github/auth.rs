//! Who asks. The emulator takes any token for its first user's, so strangers are turned away here.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use serde_json::Value;

use super::clock;
use super::reply::{Reply, error};
use super::site::Site;

/// An installation token that was minted.
#[derive(Debug, Clone)]
pub struct Token {
    /// `contents` → `write`.
    pub permissions: Value,
    /// The repositories it is for; all of the owner's when `None`.
    pub repositories: Option<Vec<u64>>,
    /// Seconds since 1970.
    pub expires: u64,
    /// No longer valid, whatever its time says.
    pub dead: bool,
}

/// Who asks.
#[derive(Debug, Clone)]
pub enum Caller {
    /// The App, with a JWT (which the emulator verifies).
    App,
    /// An installation of it.
    Installation(Token),
    /// A person.
    User(String),
    /// No credentials.
    Nobody,
    /// Credentials that are not valid, or no longer.
    Unknown,
}

impl Caller {
    /// Reads the header.
    pub fn of(site: &Site, headers: &HeaderMap) -> Self {
        let Some(secret) = credentials(headers) else { return Caller::Nobody };
        if secret.starts_with("eyJ") {
            return Caller::App;
        }
        if let Some(person) = site.person(&secret) {
            return Caller::User(person.login.clone());
        }
        match site.tokens.lock().unwrap().get(&secret) {
            Some(token) if !token.dead && token.expires > clock::seconds() => Caller::Installation(token.clone()),
            _ => Caller::Unknown,
        }
    }

    /// For the record.
    pub fn kind(&self) -> &'static str {
        match self {
            Caller::App => "app",
            Caller::Installation(_) => "installation",
            Caller::User(_) => "user",
            Caller::Nobody => "nobody",
            Caller::Unknown => "unknown",
        }
    }

    /// The login that acts.
    pub fn login(&self, site: &Site) -> String {
        match self {
            Caller::User(login) => login.clone(),
            _ => site.bot(),
        }
    }

    /// Refuses who may not do this in that repository.
    pub fn demand(&self, repository: &Value, permission: &str, level: &str) -> Result<(), Box<Reply>> {
        let token = match self {
            Caller::User(_) => return Ok(()),
            Caller::Installation(token) => token,
            Caller::App | Caller::Nobody | Caller::Unknown => return Err(Box::new(error(401, "Bad credentials"))),
        };
        let inside =
            token.repositories.as_ref().is_none_or(|ids| repository["id"].as_u64().is_some_and(|id| ids.contains(&id)));
        let granted = token.permissions[permission].as_str().unwrap_or_default();
        if !inside {
            return Err(Box::new(error(404, "Not Found")));
        }
        if granted != "write" && granted != level {
            return Err(Box::new(error(403, "Resource not accessible by integration")));
        }
        Ok(())
    }
}

/// The token of `Authorization`: `Bearer`, `token`, or the password of `Basic`.
pub fn credentials(headers: &HeaderMap) -> Option<String> {
    let header = headers.get("authorization")?.to_str().ok()?;
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Some(rest.trim().to_owned());
    }
    let pair = String::from_utf8(BASE64_STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some(if password.is_empty() || password == "x-oauth-basic" { user } else { password }.to_owned())
}

/// Writes down a token that the emulator has just minted.
pub fn remember(site: &Site, minted: &Value) {
    let Some(text) = minted["token"].as_str() else { return };
    let repositories = minted["repositories"].as_array();
    let token = Token {
        permissions: minted["permissions"].clone(),
        repositories: repositories.map(|all| all.iter().filter_map(|repository| repository["id"].as_u64()).collect()),
        expires: minted["expires_at"].as_str().and_then(clock::parse).unwrap_or(0),
        dead: false,
    };
    site.tokens.lock().unwrap().insert(text.to_owned(), token);
}
