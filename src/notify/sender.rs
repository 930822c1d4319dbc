//! The one that sends: picks the channel's way and holds the HTTP client.

use super::address::Address;
use super::retry::Patience;
use super::{Channel, Notice, NotifyError, mail, webhook};

/// Sends notices. Build it once: the client keeps root certificates.
#[derive(Clone, Debug)]
pub struct Notifier {
    client: reqwest::Client,
    patience: Patience,
}

impl Notifier {
    /// With the limits that the room's description names.
    ///
    /// # Errors
    /// [`NotifyError::Client`] if the HTTP client can't be built.
    pub fn new() -> Result<Self, NotifyError> {
        Self::with_patience(Patience::default())
    }

    pub(super) fn with_patience(patience: Patience) -> Result<Self, NotifyError> {
        crate::tls::install_provider();
        let client = reqwest::Client::builder()
            .timeout(patience.one)
            .connect_timeout(patience.connect)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("heal/", env!("CARGO_PKG_VERSION")))
            // Notices are rare: nothing is gained by connections that stay open.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(NotifyError::Client)?;
        Ok(Self { client, patience })
    }

    /// Sends one notice to one channel, with the room's patience.
    ///
    /// # Errors
    /// Says which host failed and why; never shows an address or a secret.
    pub async fn send(&self, channel: &Channel, notice: &Notice) -> Result<(), NotifyError> {
        match channel {
            Channel::Slack { url } => {
                let address = Address::of_webhook("slack", url)?;
                webhook::send(&self.client, &self.patience, &address, webhook::slack(notice)).await
            }
            Channel::Webhook { url, secret } => {
                let address = Address::of_webhook("webhook", url)?;
                webhook::send(&self.client, &self.patience, &address, webhook::generic(notice, secret)?).await
            }
            Channel::Email { smtp, from, to } => {
                let address = Address::of_mail(smtp)?;
                mail::send(&self.patience, &address, mail::message(notice, from, to)?).await
            }
        }
    }
}
