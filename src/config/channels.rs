//! The channels that an operator defines: `[notify.NAME]`.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::load::secret_text;
use super::{Channel, Outside, values};
use crate::policy::is_channel_name;
use crate::settings::nearest::quoted;
use crate::settings::{Section, SettingError};

/// Channels by name.
pub(super) type Channels = BTreeMap<String, Channel>;

#[derive(Clone, Copy)]
enum Kind {
    Slack,
    Webhook,
    Email,
}

impl Kind {
    const WORDS: &[(&'static str, Kind)] =
        &[("slack", Kind::Slack), ("webhook", Kind::Webhook), ("email", Kind::Email)];

    fn word(self) -> &'static str {
        match self {
            Kind::Slack => "slack",
            Kind::Webhook => "webhook",
            Kind::Email => "email",
        }
    }

    /// The keys that this kind needs; all others are refused.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Kind::Slack => &["url"],
            Kind::Webhook => &["url", "secret"],
            Kind::Email => &["smtp", "from", "to"],
        }
    }
}

pub(super) fn read(file: &Section<'_>, outside: &Outside<'_>) -> Result<Channels, SettingError> {
    let Some(notify) = file.table("notify")? else { return Ok(Channels::new()) };
    let mut channels = Channels::new();
    for (name, table) in notify.named_tables()? {
        if !is_channel_name(name) {
            let message = format!("a channel's name has letters, digits, `-` and `_`, not {}", quoted(name));
            return Err(notify.error(name, message));
        }
        channels.insert(name.to_owned(), channel(&table, outside)?);
    }
    Ok(channels)
}

fn channel(table: &Section<'_>, outside: &Outside<'_>) -> Result<Channel, SettingError> {
    let secret = |name: &str, check: fn(&str) -> Result<String, String>| {
        let checked = secret_text(table, name, outside)?.map(|text| check(&text)).transpose();
        let checked = checked.map_err(|message| table.error(name, format!("`{}` {message}", table.full(name))))?;
        Ok::<_, SettingError>(checked.map(SecretString::from))
    };
    let url = secret("url", values::secret_url)?;
    let key = secret("secret", values::any)?;
    let smtp = secret("smtp", values::smtp)?;
    let from = mailbox(table, "from")?;
    let to = recipients(table)?;
    let Some(kind) = table.choice("kind", Kind::WORDS)? else {
        return Err(table.missing("kind"));
    };
    for name in ["url", "secret", "smtp", "from", "to"] {
        if !kind.keys().contains(&name) && table.has(name) {
            let message = format!("`{}` does not belong to a channel of the kind `{}`", table.full(name), kind.word());
            return Err(table.error(name, message));
        }
    }
    let need = |name| table.missing(name);
    Ok(match kind {
        Kind::Slack => Channel::Slack { url: url.ok_or_else(|| need("url"))? },
        Kind::Webhook => {
            Channel::Webhook { url: url.ok_or_else(|| need("url"))?, secret: key.ok_or_else(|| need("secret"))? }
        }
        Kind::Email => Channel::Email {
            smtp: smtp.ok_or_else(|| need("smtp"))?,
            from: from.ok_or_else(|| need("from"))?,
            to: to.ok_or_else(|| need("to"))?,
        },
    })
}

fn mailbox(table: &Section<'_>, name: &str) -> Result<Option<String>, SettingError> {
    let Some(text) = table.string(name)? else { return Ok(None) };
    if is_mailbox(text) { Ok(Some(text.to_owned())) } else { Err(table.error(name, wrong_mailbox(text))) }
}

fn recipients(table: &Section<'_>) -> Result<Option<Vec<String>>, SettingError> {
    let Some(list) = table.strings("to")? else { return Ok(None) };
    if list.is_empty() {
        return Err(table.error("to", format!("`{}` needs at least one address", table.full("to"))));
    }
    match list.iter().position(|text| !is_mailbox(text)) {
        Some(index) => Err(table.error_in("to", index, wrong_mailbox(list[index]))),
        None => Ok(Some(list.into_iter().map(str::to_owned).collect())),
    }
}

/// Only what surely is no address is refused here; the mailer reads it in full.
fn is_mailbox(text: &str) -> bool {
    text.contains('@') && !text.contains('\n')
}

fn wrong_mailbox(text: &str) -> String {
    format!("{} is no mail address", quoted(text))
}
