//! What can be wrong with the server's settings.

use std::path::PathBuf;

use crate::settings::{Key, SettingError};

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Something in the file is wrong.
    #[error("{file}: {error}")]
    File {
        /// The file.
        file: PathBuf,
        /// What, and where.
        error: SettingError,
    },
    /// A variable's value is wrong. The value itself is not shown where it could be a secret.
    #[error("{name}: {message}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong.
        message: String,
    },
    /// The private key's file cannot be used.
    #[error("private key {file}: {message}")]
    PrivateKey {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// There is an endpoint, and no model.
    #[error("no model is named: set HEAL_LLM_MODEL or llm.model")]
    NoModel,
    /// There is a model, and no endpoint.
    #[error("a model is named, and no endpoint: set HEAL_LLM_BASE_URL or llm.base_url")]
    NoEndpoint,
    /// Required values are given nowhere.
    #[error("{}", told(keys))]
    Missing {
        /// All of them.
        keys: Vec<&'static Key>,
    },
}

fn told(keys: &[&'static Key]) -> String {
    let subject = if keys.len() == 1 { "a required setting is" } else { "required settings are" };
    let lines = keys.iter().map(|key| {
        let (table, name) = key.name.split_once('.').unwrap_or(("", key.name));
        let also = if key.variable == super::variables::GITHUB_PRIVATE_KEY_PATH {
            format!(" (or {} to the key itself)", super::variables::GITHUB_PRIVATE_KEY)
        } else {
            String::new()
        };
        format!("\n  {}: set {}{also}, or `{name}` under [{table}] in the file", key.name, key.variable)
    });
    format!("{subject} missing:{}", lines.collect::<String>())
}
