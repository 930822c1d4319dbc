//! The App, its installations, and repositories.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::lenient;

/// A user, an organisation or an App's bot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// The name under which it is known; a bot's ends in `[bot]`.
    #[serde(default, deserialize_with = "lenient")]
    pub login: String,
    /// GitHub's number for it.
    #[serde(default, deserialize_with = "lenient")]
    pub id: u64,
    /// `User`, `Organization` or `Bot`.
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub kind: String,
}

impl Account {
    /// Whether a program acts here.
    pub fn is_bot(&self) -> bool {
        self.kind == "Bot" || self.login.ends_with("[bot]")
    }
}

/// The App itself.
#[derive(Clone, Debug, Deserialize)]
pub struct AppInfo {
    /// GitHub's number for it.
    pub id: u64,
    /// The name in addresses; the bot's login is `SLUG[bot]`.
    #[serde(default, deserialize_with = "lenient")]
    pub slug: String,
    /// The name that people see.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// What it asks for: permission to `read`, `write` or `admin`.
    #[serde(default, deserialize_with = "lenient")]
    pub permissions: BTreeMap<String, String>,
    /// The webhook events it wants.
    #[serde(default, deserialize_with = "lenient")]
    pub events: Vec<String>,
}

/// The App's webhook.
#[derive(Clone, Debug, Deserialize)]
pub struct HookConfig {
    /// Where it goes.
    #[serde(default, deserialize_with = "lenient")]
    pub url: String,
    /// `json` or `form`.
    #[serde(default, deserialize_with = "lenient")]
    pub content_type: String,
}

/// The App installed in an account.
#[derive(Clone, Debug, Deserialize)]
pub struct Installation {
    /// GitHub's number for it.
    pub id: u64,
    /// Where it is installed.
    #[serde(default)]
    pub account: Option<Account>,
    /// What was granted: permission to `read`, `write` or `admin`.
    #[serde(default, deserialize_with = "lenient")]
    pub permissions: BTreeMap<String, String>,
    /// The webhook events that are sent.
    #[serde(default, deserialize_with = "lenient")]
    pub events: Vec<String>,
    /// Since when it is suspended.
    #[serde(default)]
    pub suspended_at: Option<String>,
    /// `all` or `selected`.
    #[serde(default, deserialize_with = "lenient")]
    pub repository_selection: String,
}

/// A repository.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Repository {
    /// GitHub's number for it.
    pub id: u64,
    /// The name without the owner.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// `OWNER/NAME`.
    #[serde(default, deserialize_with = "lenient")]
    pub full_name: String,
    /// Who owns it.
    #[serde(default, deserialize_with = "lenient")]
    pub owner: Account,
    /// Whether only members see it.
    #[serde(default, deserialize_with = "lenient")]
    pub private: bool,
    /// Whether it is a fork.
    #[serde(default, deserialize_with = "lenient")]
    pub fork: bool,
    /// Whether it is read-only for good.
    #[serde(default, deserialize_with = "lenient")]
    pub archived: bool,
    /// Whether it was switched off.
    #[serde(default, deserialize_with = "lenient")]
    pub disabled: bool,
    /// The branch that people start from.
    #[serde(default, deserialize_with = "lenient")]
    pub default_branch: String,
    /// Where git finds it.
    #[serde(default, deserialize_with = "lenient")]
    pub clone_url: String,
    /// Where people find it.
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
    /// Whether issues are in use.
    #[serde(default)]
    pub has_issues: Option<bool>,
}

impl Repository {
    /// The names by which it is asked for.
    pub fn reference(&self) -> crate::forge::github::RepositoryRef {
        let (owner, name) = self.full_name.split_once('/').unwrap_or((&self.owner.login, &self.name));
        crate::forge::github::RepositoryRef { id: self.id, owner: owner.to_owned(), name: name.to_owned() }
    }
}
