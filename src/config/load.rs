//! The file and the environment, merged and checked.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::values::{self, switch};
use super::{
    Commits, Config, ConfigError, GithubConfig, KEYS, LogConfig, LogFormat, Outside, Sandbox, WorkerConfig, channels,
    keys, models, variables as v,
};
use crate::policy::Policy;
use crate::settings::nearest::{hint, quoted};
use crate::settings::{Key, Section, SettingError, Text};

const COMMITS: &[(&str, Commits)] = &[("api", Commits::Api), ("push", Commits::Push)];
const SANDBOX: &[(&str, Sandbox)] = &[("auto", Sandbox::Auto), ("required", Sandbox::Required)];
const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

/// A mistake, before it is known in which file.
pub(super) enum Wrong {
    Setting(SettingError),
    Config(ConfigError),
}

impl Wrong {
    /// The mistake, with the file that it may be in.
    pub(super) fn in_file(self, path: &Path) -> ConfigError {
        match self {
            Wrong::Setting(error) => ConfigError::File { file: path.to_owned(), error },
            Wrong::Config(error) => error,
        }
    }
}

impl From<SettingError> for Wrong {
    fn from(error: SettingError) -> Self {
        Wrong::Setting(error)
    }
}

impl From<ConfigError> for Wrong {
    fn from(error: ConfigError) -> Self {
        Wrong::Config(error)
    }
}

pub(super) type Read<T> = Result<Option<T>, Wrong>;

impl Config {
    /// Merges the file (its path and text), if there is one, with what the door provides.
    pub fn load(file: Option<(&Path, &str)>, outside: &Outside<'_>) -> Result<Config, ConfigError> {
        let (path, text) = file.unwrap_or((Path::new(""), ""));
        load(path, text, outside).map_err(|wrong| wrong.in_file(path))
    }
}

fn load(path: &Path, text: &str, outside: &Outside<'_>) -> Result<Config, Wrong> {
    let text = Text::parse(text)?;
    let file = text.section(KEYS)?;
    let from = Sources { outside };
    let root = Some(&file);
    let channels = channels::read(&file, outside)?;
    Ok(Config {
        listen: from
            .text(root, "listen", v::LISTEN, values::address)?
            .unwrap_or_else(|| std::net::SocketAddr::from(([127, 0, 0, 1], 8080))),
        database_url: from.secret(root, "database_url", v::DATABASE_URL, values::database)?,
        data_dir: from
            .text(root, "data_dir", v::DATA_DIR, values::directory)?
            .unwrap_or_else(|| outside.data_dir.clone()),
        public_url: from.text(root, "public_url", v::PUBLIC_URL, values::url)?,
        disabled: from.given(v::DISABLED, switch)?.or(file.boolean("disabled")?).unwrap_or(false),
        otlp_endpoint: from.text(root, "otlp_endpoint", v::OTLP_ENDPOINT, values::url)?,
        worker: worker(&from, file.table("worker")?.as_ref())?,
        llm: models::read(&from, &file, path)?.filter(|llm| llm.explicit),
        log: log(&from, file.table("log")?.as_ref())?,
        default_policy: default_policy(&file, &channels)?,
        github: github(&from, file.table("github")?.as_ref(), path)?,
        channels,
    })
}

fn worker(from: &Sources<'_>, table: Option<&Section<'_>>) -> Result<WorkerConfig, Wrong> {
    let own = |name: &str, range, default| Ok::<u64, Wrong>(of(table, |t| t.integer(name, range))?.unwrap_or(default));
    Ok(WorkerConfig {
        concurrency: from.number(table, "concurrency", v::CONCURRENCY, 1..=64)?.map_or(2, |number| number as usize),
        sweep_seconds: from.number(table, "sweep_seconds", v::SWEEP_SECONDS, 1..=86_400)?.unwrap_or(60),
        poll_seconds: own("poll_seconds", 1..=3600, 10)?,
        disk_budget_mb: own("disk_budget_mb", 64..=1_048_576, 4096)?,
        sandbox: of(table, |t| t.choice("sandbox", SANDBOX))?.unwrap_or(Sandbox::Auto),
    })
}

fn log(from: &Sources<'_>, table: Option<&Section<'_>>) -> Result<LogConfig, Wrong> {
    let written = of(table, |t| t.choice("format", FORMATS))?;
    let given = from.given(v::LOG_FORMAT, |text| {
        let found = FORMATS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, format)| *format);
        found.ok_or_else(|| format!("must be text or json, not {}", quoted(text)))
    })?;
    Ok(LogConfig {
        format: given.or(written).unwrap_or(LogFormat::Text),
        filter: from.text(table, "filter", v::LOG, values::any)?.unwrap_or_else(|| "info,octocrab=off".to_owned()),
    })
}

/// The App; all that is missing is told at once.
fn github(from: &Sources<'_>, table: Option<&Section<'_>>, file: &Path) -> Result<GithubConfig, Wrong> {
    let api_url = from.text(table, "api_url", v::GITHUB_API_URL, values::url)?;
    let commits = of(table, |t| t.choice("commits", COMMITS))?.unwrap_or(Commits::Api);
    let app_id = from.number(table, "app_id", v::GITHUB_APP_ID, 1..=i64::MAX as u64)?;
    let webhook_secret = from.secret(table, "webhook_secret", v::GITHUB_WEBHOOK_SECRET, values::any)?;
    let private_key = private_key(from, table, file)?;
    let missing = [
        ("github.app_id", app_id.is_none()),
        ("github.private_key_path", private_key.is_none()),
        ("github.webhook_secret", webhook_secret.is_none()),
    ];
    let (Some(app_id), Some(private_key), Some(webhook_secret)) = (app_id, private_key, webhook_secret) else {
        let missing = missing.into_iter().filter(|(_, missing)| *missing);
        let keys: Vec<&'static Key> = missing.filter_map(|(name, _)| keys::find(name)).collect();
        return Err(ConfigError::Missing { keys }.into());
    };
    let api_url = api_url.unwrap_or_else(|| "https://api.github.com".to_owned());
    Ok(GithubConfig { api_url, app_id, private_key, webhook_secret, commits })
}

/// The key itself from the environment, else the file that the environment names, else the one that the
/// settings name, from their directory on.
fn private_key(from: &Sources<'_>, table: Option<&Section<'_>>, file: &Path) -> Read<SecretString> {
    let directory = file.parent().unwrap_or(Path::new(""));
    let written = of(table, |t| t.string("private_key_path"))?.map(|path| directory.join(path));
    if let Some(pem) = from.given(v::GITHUB_PRIVATE_KEY, values::pem)? {
        return Ok(Some(SecretString::from(pem)));
    }
    let given = from.given(v::GITHUB_PRIVATE_KEY_PATH, |text| Ok(PathBuf::from(text)))?;
    let Some(path) = given.or(written) else { return Ok(None) };
    let pem = (from.outside.read)(&path).map_err(|error| error.to_string()).and_then(|text| values::pem(&text));
    let pem = pem.map_err(|message| ConfigError::PrivateKey { file: path, message })?;
    Ok(Some(SecretString::from(pem)))
}

/// The default policy; the channels that it names are known here, so a wrong name is an error here.
fn default_policy(file: &Section<'_>, channels: &channels::Channels) -> Result<Policy, Wrong> {
    let Some(table) = file.table_with("default_policy", crate::policy::KEYS)? else { return Ok(Policy::default()) };
    let policy = Policy::from_section(&table)?;
    let unknown = policy.notify.iter().position(|name| !channels.contains_key(name));
    match (unknown, table.table("notify")?) {
        (Some(index), Some(notify)) => {
            let name = &policy.notify[index];
            let hint = hint(name, channels.keys().map(String::as_str));
            Err(notify.error_in("channels", index, format!("there is no [notify.{name}]{hint}")).into())
        }
        _ => Ok(policy),
    }
}

pub(super) fn of<'s, T>(
    table: Option<&Section<'s>>,
    read: impl FnOnce(&Section<'s>) -> Result<Option<T>, SettingError>,
) -> Read<T> {
    Ok(table.map(read).transpose()?.flatten())
}

/// A string of the file that may be kept in the environment instead, as `env:NAME`.
pub(super) fn secret_text(
    section: &Section<'_>,
    name: &str,
    outside: &Outside<'_>,
) -> Result<Option<String>, SettingError> {
    let Some(text) = section.string(name)? else { return Ok(None) };
    let Some(variable) = text.strip_prefix("env:") else { return Ok(Some(text.to_owned())) };
    let value = (outside.variable)(variable).filter(|value| !value.trim().is_empty());
    value.map(Some).ok_or_else(|| {
        let message = format!("`{}`: the environment variable {} is not set", section.full(name), quoted(variable));
        section.error(name, message)
    })
}

pub(super) struct Sources<'a> {
    pub(super) outside: &'a Outside<'a>,
}

impl Sources<'_> {
    /// A value of the environment, checked. An empty variable is as good as none.
    pub(super) fn given<T>(&self, name: &'static str, check: impl FnOnce(&str) -> Result<T, String>) -> Read<T> {
        let value = (self.outside.variable)(name).filter(|value| !value.trim().is_empty());
        let checked = value.map(|value| check(value.trim())).transpose();
        Ok(checked.map_err(|message| ConfigError::Variable { name, message })?)
    }

    pub(super) fn text<T>(
        &self,
        table: Option<&Section<'_>>,
        name: &str,
        variable: &'static str,
        check: fn(&str) -> Result<T, String>,
    ) -> Read<T> {
        let written = of(table, |table| {
            let checked = table.string(name)?.map(check).transpose();
            checked.map_err(|message| table.error(name, format!("`{}` {message}", table.full(name))))
        })?;
        Ok(self.given(variable, check)?.or(written))
    }

    pub(super) fn secret(
        &self,
        table: Option<&Section<'_>>,
        name: &str,
        variable: &'static str,
        check: fn(&str) -> Result<String, String>,
    ) -> Read<SecretString> {
        // Where the variable wins, an `env:NAME` in the file need not be set; it must be a string all the same.
        of(table, |table| table.string(name))?;
        if let Some(given) = self.given(variable, check)? {
            return Ok(Some(SecretString::from(given)));
        }
        let written = of(table, |table| {
            let checked = secret_text(table, name, self.outside)?.map(|text| check(&text)).transpose();
            checked.map_err(|message| table.error(name, format!("`{}` {message}", table.full(name))))
        })?;
        Ok(written.map(SecretString::from))
    }

    pub(super) fn number(
        &self,
        table: Option<&Section<'_>>,
        name: &str,
        variable: &'static str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Read<u64> {
        let written = of(table, |table| table.integer(name, range.clone()))?;
        let given = self.given(variable, |text| {
            let number = text.parse().ok().filter(|number| range.contains(number));
            let wanted = format!("must be a whole number from {} to {}", range.start(), range.end());
            number.ok_or_else(|| format!("{wanted}, not {}", quoted(text)))
        })?;
        Ok(given.or(written))
    }
}
