//! `heal doctor --app`: whether the GitHub App can work, without changing anything.
//!
//! Asks GitHub who the App is, what it may do and hear where it is installed, compares with what heal
//! needs, looks at the clock, and tries whether the webhook's address leads to a heal.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::doctor::{Check, Status};
use super::serve;
use crate::code::workflow::Workflow;
use crate::config::Config;
use crate::forge::github::types::{AppInfo, Installation, Repository};
use crate::forge::github::{GithubApp, GithubError, RepositoryClient, Unobserved};
use crate::pipeline::app::starts_on_push;
use crate::policy::Policy;

/// What heal needs, and what for.
const PERMISSIONS: &[(&str, &str, &str)] = &[
    ("metadata", "read", "to see repositories"),
    ("actions", "write", "to read logs and rerun failed jobs"),
    ("checks", "write", "to show its check run"),
    ("contents", "write", "to read code and make temporary branches"),
    ("issues", "write", "to alert"),
    ("pull_requests", "write", "to open pull requests"),
    ("statuses", "read", "to see other CI systems"),
];

/// Events without which heal learns of failures only by its sweep.
const EVENTS: &[&str] = &[
    "workflow_run",
    "workflow_job",
    "check_run",
    "check_suite",
    "status",
    "push",
    "pull_request",
    "pull_request_review",
    "issue_comment",
];

/// The largest difference of clocks that a token survives, in seconds: GitHub takes no JWT from the future,
/// and heal's begin a minute in the past.
const SKEW: i64 = 30;

/// How many repositories of an installation, and workflows of a repository, are read.
const DRY_RUNS: usize = 10;

/// How long the server's own address may take to answer.
const REACH: Duration = Duration::from_secs(5);

/// All checks of the App.
pub(super) async fn checks(file: Option<&Path>) -> Vec<Check> {
    let config = match super::environment::server_config(file) {
        Ok(config) => config,
        Err(error) => return vec![bad("settings", format!("{error:#}"), "docs/configuration.md says what is needed")],
    };
    let mut checks = vec![good("settings", format!("App {} at {}", config.github.app_id, config.github.api_url))];
    let github = match serve::github(&config, std::sync::Arc::new(Unobserved)) {
        Ok(github) => github,
        Err(error) => {
            checks.push(bad(
                "key",
                format!("{error:#}"),
                "name the App's private key (PEM) in HEAL_GITHUB_PRIVATE_KEY_PATH",
            ));
            return checks;
        }
    };
    let app = match github.app().await {
        Ok(app) => app,
        Err(error) => {
            let advice =
                "check HEAL_GITHUB_APP_ID, the key and HEAL_GITHUB_API_URL; a clock that is wrong is refused, too";
            checks.push(bad("app", error.to_string(), advice));
            checks.extend(clock(&github));
            return checks;
        }
    };
    checks.push(good("app", format!("{} (slug {})", app.name, app.slug)));
    checks.extend(clock(&github));
    checks.push(permissions("asks for", &app.permissions, &app));
    checks.push(events(&app.events, &app));
    checks.extend(installations(&github, &app).await);
    checks.extend(webhook(&github, &config).await);
    checks.push(reachable(&config).await);
    checks
}

/// Where GitHub sends webhooks, compared with what heal takes.
async fn webhook(github: &GithubApp, config: &Config) -> Option<Check> {
    let name = "webhook";
    let hook = match github.hook_config().await {
        Ok(hook) => hook?,
        Err(error) => return Some(weak(name, error.to_string(), "look at the webhook in the App's settings")),
    };
    if hook.content_type != "json" {
        let advice = "choose the content type application/json in the App's settings";
        return Some(bad(name, format!("GitHub sends `{}`", hook.content_type), advice));
    }
    let expected = config.public_url.as_ref().map(|url| format!("{}/webhooks/github", url.trim_end_matches('/')));
    match expected {
        Some(expected) if expected != hook.url => {
            Some(bad(name, format!("GitHub calls {}", hook.url), format!("set it to {expected} in the App's settings")))
        }
        _ if !hook.url.ends_with("/webhooks/github") => {
            Some(bad(name, format!("GitHub calls {}", hook.url), "its path has to be /webhooks/github"))
        }
        _ => Some(good(name, format!("GitHub calls {}", hook.url))),
    }
}

fn good(name: &'static str, found: impl Into<String>) -> Check {
    Check { name, status: Status::Good, found: found.into(), advice: None }
}

fn weak(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Check {
    Check { name, status: Status::Weak, found: found.into(), advice: Some(advice.into()) }
}

fn bad(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Check {
    Check { name, status: Status::Bad, found: found.into(), advice: Some(advice.into()) }
}

fn clock(github: &GithubApp) -> Option<Check> {
    let skew = github.clock_skew()?;
    Some(if skew.abs() <= SKEW {
        good("clock", format!("{skew} s from GitHub's"))
    } else {
        bad("clock", format!("{skew} s from GitHub's"), "set this machine's clock (NTP): tokens are refused otherwise")
    })
}

fn settings_page(app: &AppInfo) -> String {
    format!("in the settings of the App {}", if app.slug.is_empty() { "on GitHub" } else { &app.slug })
}

/// Compares what is granted with what is needed.
fn permissions(verb: &str, granted: &BTreeMap<String, String>, app: &AppInfo) -> Check {
    let rank = |level: &str| ["read", "write", "admin"].iter().position(|known| *known == level).map_or(0, |at| at + 1);
    let missing: Vec<String> = PERMISSIONS
        .iter()
        .filter(|(name, needed, _)| granted.get(*name).map_or(0, |level| rank(level)) < rank(needed))
        .map(|(name, needed, purpose)| format!("{name}: {needed} ({purpose})"))
        .collect();
    let beyond: Vec<&str> = granted
        .iter()
        .filter(|(name, level)| {
            let needed = PERMISSIONS.iter().find(|(known, ..)| known == name).map_or("", |(_, needed, _)| needed);
            rank(level) > rank(needed)
        })
        .map(|(name, _)| name.as_str())
        .collect();
    if !missing.is_empty() {
        return bad("permissions", format!("lacks {}", missing.join(", ")), format!("grant it {}", settings_page(app)));
    }
    if !beyond.is_empty() {
        let found = format!("{verb} more than heal needs: {}", beyond.join(", "));
        return weak("permissions", found, format!("take it away {}", settings_page(app)));
    }
    good("permissions", format!("{verb} all that heal needs"))
}

fn events(heard: &[String], app: &AppInfo) -> Check {
    let missing: Vec<&str> = EVENTS.iter().copied().filter(|event| !heard.iter().any(|heard| heard == event)).collect();
    if missing.is_empty() {
        return good("events", "all that heal listens to");
    }
    let found = format!("not subscribed: {}", missing.join(", "));
    weak("events", found, format!("subscribe to them {}; the sweep finds failures later", settings_page(app)))
}

async fn installations(github: &GithubApp, app: &AppInfo) -> Vec<Check> {
    let name = "installed";
    let all = match github.installations().await {
        Ok(all) if all.is_empty() => {
            return vec![bad(name, "nowhere", "install the App on an account or a repository")];
        }
        Ok(all) => all,
        Err(error) => return vec![bad(name, error.to_string(), "look at the App's settings")],
    };
    let mut checks = Vec::new();
    for installation in &all {
        checks.extend(installed(github, installation).await);
        let verdict = permissions("is granted", &installation.permissions, app);
        if verdict.status != Status::Good {
            checks.push(Check { name: "granted", ..verdict });
        }
    }
    checks
}

/// The dry run: a token for reading is asked for, and of the first repositories that it opens everything is
/// read that a heal would need before it acts.
async fn installed(github: &GithubApp, installation: &Installation) -> Vec<Check> {
    let name = "installed";
    let account = installation.account.as_ref().map_or("?", |account| account.login.as_str());
    if installation.suspended_at.is_some() {
        return vec![weak(name, format!("on {account}, suspended"), "unsuspend it there")];
    }
    let repositories = match github.installation_repositories(installation.id).await {
        Ok(repositories) => repositories,
        Err(error) => return vec![bad(name, format!("on {account}: {error}"), "look at the installation's settings")],
    };
    let mut checks = vec![good(name, format!("on {account}, {} repositories", repositories.len()))];
    for repository in repositories.iter().filter(|repository| !repository.archived).take(DRY_RUNS) {
        let client = github.repository(installation.id, repository.reference());
        checks.push(dry_run(&client, repository).await);
    }
    checks
}

/// Reads the policy and the workflows of a repository.
async fn dry_run(client: &RepositoryClient, repository: &Repository) -> Check {
    let name = "dry run";
    let place = &repository.full_name;
    match read_repository(client, &repository.default_branch).await {
        Ok((Some(fault), _)) => {
            bad(name, format!("{place}: .github/heal.toml: {fault}"), "docs/configuration.md has the keys")
        }
        Ok((None, deaf)) if !deaf.is_empty() => weak(
            name,
            format!("{place}: no push to heal/… starts {}", deaf.join(", ")),
            "add `heal/**` to the workflow's push branches or `workflow_dispatch` to its triggers, or set verify = \"sandbox\"",
        ),
        Ok(_) => good(name, format!("{place}: policy and workflows are as heal needs them")),
        Err(error) => bad(name, format!("{place}: {error}"), "look at the installation's permissions"),
    }
}

/// What is wrong with the policy, and the workflows that a push to a heal branch does not start.
async fn read_repository(
    client: &RepositoryClient,
    branch: &str,
) -> Result<(Option<String>, Vec<String>), GithubError> {
    let policy = client.file(crate::policy::FILE, branch).await?;
    let fault =
        policy.and_then(|text| Policy::parse(&String::from_utf8_lossy(&text)).err()).map(|fault| fault.to_string());
    let mut deaf = Vec::new();
    for workflow in client.workflows().await?.into_iter().take(DRY_RUNS) {
        let text = client.file(&workflow.path, branch).await?;
        if text.and_then(|text| Workflow::parse(&text)).is_some_and(|parsed| !starts_on_push(&parsed, "heal/test-1")) {
            deaf.push(workflow.path);
        }
    }
    Ok((fault, deaf))
}

/// Whether the server answers where it listens, and where GitHub would call it.
async fn reachable(config: &Config) -> Check {
    let name = "server";
    let public = config.public_url.as_ref().map(|url| format!("{}/healthz", url.trim_end_matches('/')));
    let url = public.unwrap_or_else(|| format!("http://{}/healthz", config.listen));
    crate::tls::install_provider();
    let client = reqwest::Client::builder().timeout(REACH).build();
    let answer = match client {
        Ok(client) => client.get(&url).send().await.map(|answer| answer.status()),
        Err(error) => Err(error),
    };
    match answer {
        Ok(status) if status.is_success() && config.public_url.is_none() => {
            weak(name, format!("{url} answers"), "set public_url to try the address that GitHub calls")
        }
        Ok(status) if status.is_success() => good(name, format!("{url} answers")),
        Ok(status) => bad(name, format!("{url} answers {status}"), "let it lead to `heal serve`"),
        Err(_) => bad(name, format!("{url} does not answer"), "start `heal serve`, or open the way to it"),
    }
}
