//! Every environment variable that heal reads, read once at the door.

use std::path::PathBuf;

/// Where heals are remembered; a SQLite URL.
pub const DATABASE_URL: &str = "HEAL_DATABASE_URL";

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
