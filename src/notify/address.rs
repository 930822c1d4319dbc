//! Addresses of channels: parsed once, shown never but for their host.

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::NotifyError;

/// A checked address.
pub(super) struct Address {
    /// The whole of it, a secret.
    pub url: Url,
    /// What may be shown.
    pub host: String,
}

impl Address {
    /// The address of a webhook: `https`, or `http` where the operator's own network is to carry it.
    pub fn of_webhook(channel: &'static str, url: &SecretString) -> Result<Self, NotifyError> {
        let address = Self::parse(channel, url)?;
        match address.url.scheme() {
            "https" | "http" => Ok(address),
            _ => Err(NotifyError::Address { channel, reason: "it must begin with https:// or http://" }),
        }
    }

    /// The address of an SMTP server. Credentials only travel encrypted, except on the loopback interface.
    pub fn of_mail(url: &SecretString) -> Result<Self, NotifyError> {
        let channel = "email";
        let refuse = |reason| Err(NotifyError::Address { channel, reason });
        let mut address = Self::parse(channel, url)?;
        let tls = address.url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let has_credentials = !address.url.username().is_empty() || address.url.password().is_some();
        let is_local = address.is_loopback();
        match (address.url.scheme(), tls.as_deref()) {
            ("smtps", _) | ("smtp", Some("required")) => {}
            ("smtp", None) if is_local => {}
            ("smtp", None) => address.url.set_query(Some("tls=required")),
            ("smtp", Some("none" | "opportunistic")) if has_credentials && !is_local => {
                return refuse("credentials need TLS: use smtps:// or leave `tls` out");
            }
            ("smtp", Some("opportunistic")) => {}
            ("smtp", Some("none")) => address.url.set_query(None),
            ("smtp", Some(_)) => return refuse("`tls` must be required, opportunistic or none"),
            _ => return refuse("it must begin with smtps:// or smtp://"),
        }
        Ok(address)
    }

    fn parse(channel: &'static str, url: &SecretString) -> Result<Self, NotifyError> {
        let refuse = |reason| NotifyError::Address { channel, reason };
        let url = Url::parse(url.expose_secret()).map_err(|_| refuse("it is not a URL"))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refuse("it names no host"))?.to_owned();
        Ok(Self { url, host })
    }

    fn is_loopback(&self) -> bool {
        let bare = self.host.trim_matches(['[', ']']);
        bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}
