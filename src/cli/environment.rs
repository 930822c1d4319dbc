//! Every environment variable that heal reads, read once at the door.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::{Config, LlmConfig, Outside};

/// The server's variables; `HEAL_DATABASE_URL` is the command line's too. The names stand with the settings,
/// because these know nothing of the door.
pub use crate::config::variables::*;

/// Forces a level of isolation: `namespaces`, `landlock` or `limits`. For tests and for finding out.
pub const SANDBOX_LEVEL: &str = "HEAL_SANDBOX_LEVEL";

/// Switches colours off (<https://no-color.org>).
pub const NO_COLOR: &str = "NO_COLOR";

/// What tests get of the caller's environment: settings of language and time, never secrets.
pub const GIVEN_TO_TESTS: &[&str] =
    &["LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "PYTHONPATH", "PYTHONHASHSEED", "VIRTUAL_ENV", "NODE_PATH", "CI"];

/// A variable, when it is set, valid UTF-8 and not empty.
pub fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the registry of the environment")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The search path.
pub fn search_path() -> String {
    variable("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned())
}

/// The variables given to tests, plus those the user names.
pub fn for_tests(named: &[String]) -> Vec<(String, String)> {
    let names = GIVEN_TO_TESTS.iter().copied().chain(named.iter().map(String::as_str));
    names.filter_map(|name| Some((name.to_owned(), variable(name)?))).collect()
}

/// What the git program gets of the caller's environment: the way to the network, and whom to trust there.
pub fn for_git() -> Vec<(String, String)> {
    let names = [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "GIT_SSL_CAINFO",
    ];
    names.into_iter().filter_map(|name| Some((name.to_owned(), variable(name)?))).collect()
}

/// The database: the one named, else a file in the user's state directory (XDG Base Directory
/// Specification); `None` when there is no such directory.
pub fn database_url() -> Option<String> {
    if let Some(url) = variable(DATABASE_URL) {
        return Some(url);
    }
    let state = variable("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".local/state")))?;
    let directory = state.join("heal");
    std::fs::create_dir_all(&directory).ok()?;
    Some(format!("sqlite://{}?mode=rwc", directory.join("heal.db").to_str()?))
}

/// The server's settings: this file, if one is named, and the environment.
pub fn server_config(file: Option<&Path>) -> anyhow::Result<Config> {
    let text = file.map(|path| read_bounded(path).with_context(|| format!("cannot read {}", path.display())));
    let text = text.transpose()?;
    let outside = Outside {
        variable: &variable,
        read: &read_bounded,
        data_dir: data_directory().unwrap_or_else(|| PathBuf::from("/var/cache/heal")),
    };
    Ok(Config::load(file.zip(text.as_deref()), &outside)?)
}

/// The models that the environment and the `[llm]` table of this file, if one is named, allow to ask; `over` holds
/// values that win over variables, such as those of the command line.
pub fn llm_config_with(path: Option<&Path>, over: &[(&str, &str)]) -> anyhow::Result<Option<LlmConfig>> {
    let text = path.map(|path| read_bounded(path).with_context(|| format!("cannot read {}", path.display())));
    let text = text.transpose()?;
    let given = |name: &str| {
        let found = over.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        found.or_else(|| variable(name))
    };
    let outside = Outside { variable: &given, read: &read_bounded, data_dir: PathBuf::new() };
    Ok(crate::config::llm::load(path.zip(text.as_deref()), &outside)?)
}

/// No settings and no key are larger than this; the settings' own limit is told with its number.
const LARGEST_SETTINGS: u64 = 1024 * 1024;

/// The text of a settings file; bounded.
pub fn read_settings(path: &Path) -> std::io::Result<String> {
    read_bounded(path)
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(LARGEST_SETTINGS).read_to_string(&mut text)?;
    Ok(text)
}

/// The directory of clones and work trees when nothing names one (XDG Base Directory Specification); `None` when
/// the user has no home.
fn data_directory() -> Option<PathBuf> {
    let cache = variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    Some(cache.or_else(|| Some(std::env::home_dir()?.join(".cache")))?.join("heal"))
}
