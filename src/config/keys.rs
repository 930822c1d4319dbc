//! Every key of the server's `heal.toml`: read by `load.rs` and `channels.rs`, printed on the reference page.

use super::variables as v;
use crate::settings::Key;

const fn key(
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    variable: &'static str,
    doc: &'static str,
) -> Key {
    Key { name, kind, default, variable, doc }
}

/// Every key, in the order of the reference page.
pub const KEYS: &[Key] = &[
    key("listen", "address and port", "\"127.0.0.1:8080\"", v::LISTEN, "Where the web server listens."),
    key(
        "database_url",
        "`sqlite://…`, `postgres://…`",
        "",
        v::DATABASE_URL,
        "The database. Without it, a SQLite file in the user's state directory.",
    ),
    key(
        "data_dir",
        "absolute path",
        "",
        v::DATA_DIR,
        "The directory of clones and work trees. Without it, `heal` in `$XDG_CACHE_HOME` or `~/.cache`.",
    ),
    key("public_url", "URL", "", v::PUBLIC_URL, "The address under which people and GitHub reach the server."),
    key(
        "disabled",
        "true, false",
        "false",
        v::DISABLED,
        "The kill switch: deliveries are stored, and nothing else is done.",
    ),
    key("otlp_endpoint", "URL", "", v::OTLP_ENDPOINT, "Where OpenTelemetry traces are sent (OTLP over HTTP)."),
    key(
        "github.api_url",
        "URL",
        "\"https://api.github.com\"",
        v::GITHUB_API_URL,
        "GitHub's API; for GitHub Enterprise Server `https://HOST/api/v3`.",
    ),
    key("github.app_id", "whole number", "", v::GITHUB_APP_ID, "**Required.** The App's number."),
    key(
        "github.private_key_path",
        "path",
        "",
        v::GITHUB_PRIVATE_KEY_PATH,
        "**Required.** The PEM file with the App's private key. `HEAL_GITHUB_PRIVATE_KEY` may hold the key itself instead, and wins.",
    ),
    key(
        "github.webhook_secret",
        "string",
        "",
        v::GITHUB_WEBHOOK_SECRET,
        "**Required.** The secret that signs webhooks.",
    ),
    key(
        "github.commits",
        "`\"api\"`, `\"push\"`",
        "\"api\"",
        "",
        "How commits are made: through the API, where GitHub signs them as the App's, or by a push of git.",
    ),
    key("worker.concurrency", "1 to 64", "2", v::CONCURRENCY, "Heals at a time."),
    key(
        "worker.sweep_seconds",
        "1 to 86400",
        "60",
        v::SWEEP_SECONDS,
        "Seconds between two sweeps for missed failures and stuck heals.",
    ),
    key(
        "worker.poll_seconds",
        "1 to 3600",
        "10",
        "",
        "Seconds between two looks at a run of CI that no webhook has told of.",
    ),
    key(
        "worker.disk_budget_mb",
        "64 to 1048576",
        "4096",
        "",
        "Megabytes that the cached clones may take together; work trees of running heals come on top.",
    ),
    key(
        "worker.sandbox",
        "`\"auto\"`, `\"required\"`",
        "\"auto\"",
        "",
        "Whether tests run with the strongest isolation that the machine offers, or only with full isolation.",
    ),
    key("log.format", "`\"text\"`, `\"json\"`", "\"text\"", v::LOG_FORMAT, "The form of the log."),
    key(
        "log.filter",
        "filter",
        "\"info,octocrab=off\"",
        v::LOG,
        "What is logged, such as `info,heal::forge::github=debug`.",
    ),
    key(
        "notify.*.kind",
        "`\"slack\"`, `\"webhook\"`, `\"email\"`",
        "",
        "",
        "Defines the channel with the name in the place of `*`.",
    ),
    key("notify.*.url", "URL", "", "", "Of a `slack` or `webhook` channel: where messages are posted."),
    key("notify.*.secret", "string", "", "", "Of a `webhook` channel: the key that signs messages."),
    key(
        "notify.*.smtp",
        "`smtp://…`, `smtps://…`",
        "",
        "",
        "Of an `email` channel: `smtps://USER:PASSWORD@HOST:PORT`.",
    ),
    key("notify.*.from", "mail address", "", "", "Of an `email` channel: the sender."),
    key("notify.*.to", "list of mail addresses", "", "", "Of an `email` channel: the recipients."),
    key(
        "default_policy",
        "table",
        "",
        "",
        "The policy of repositories that have no file of their own; the keys are those of `.github/heal.toml`.",
    ),
];

/// The key with this name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
