//! `heal doctor`: what this machine offers, and what to do about what it does not.

use std::path::Path;

use serde::Serialize;

use super::args::{DoctorArguments, Sandbox};
use super::environment;
use super::exit::ExitCode;
use super::json;
use super::view::colour_of_stderr;
use crate::draft::llm::client::{Endpoint, EndpointSettings};
use crate::store::Store;
use crate::testbed::sandbox::{Level, best_level};
use crate::testbed::scratch::Scratch;
use crate::testbed::toolchain::Toolchain;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Good,
    Weak,
    Bad,
}

#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) status: Status,
    pub(super) found: String,
    pub(super) advice: Option<String>,
}

/// Runs the command.
pub async fn doctor(arguments: &DoctorArguments) -> anyhow::Result<ExitCode> {
    let mut checks = vec![sandbox().await];
    checks.extend(interpreters().await);
    checks.extend([git(), database().await]);
    checks.extend(models(arguments.config.as_deref()).await);
    if arguments.app {
        checks.extend(super::doctor_app::checks(arguments.config.as_deref()).await);
    }
    let healthy = checks.iter().all(|check| check.status != Status::Bad);
    if arguments.json {
        json::print(&serde_json::json!({"schema": json::SCHEMA, "healthy": healthy, "checks": checks}))?;
    } else {
        let colour = colour_of_stderr();
        for check in &checks {
            let mark = match check.status {
                Status::Good => colour.good("✔"),
                Status::Weak => colour.bold("!"),
                Status::Bad => colour.bad("✘"),
            };
            println!("{mark} {:<11} {}", check.name, check.found);
            if let Some(advice) = &check.advice {
                println!("             → {advice}");
            }
        }
    }
    Ok(if healthy { ExitCode::Healed } else { ExitCode::Usage })
}

async fn sandbox() -> Check {
    let name = "sandbox";
    let scratch = match Scratch::create() {
        Ok(scratch) => scratch,
        Err(error) => {
            let advice = Some("set TMPDIR to a directory that can be written".to_owned());
            return Check { name, status: Status::Bad, found: error.to_string(), advice };
        }
    };
    let reached = match super::fix::isolation(Sandbox::Auto) {
        crate::testbed::Isolation::Exactly(level) => Ok((level, Vec::new())),
        _ => best_level(scratch.path()).await,
    };
    match reached {
        Ok((level @ Level::Namespaces, _)) => {
            let found = format!("level {level}: no network, read-only system, own processes, seccomp, limits");
            Check { name, status: Status::Good, found, advice: None }
        }
        Ok((level, reasons)) => {
            let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            let advice = "allow unprivileged user namespaces (Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0; \
                          Debian: sysctl kernel.unprivileged_userns_clone=1)";
            let found = format!("level {level} only; {}", reasons.join("; "));
            Check { name, status: Status::Weak, found, advice: Some(advice.to_owned()) }
        }
        Err(error) => Check { name, status: Status::Bad, found: error.to_string(), advice: None },
    }
}

async fn interpreters() -> Vec<Check> {
    let toolchain = Toolchain::discover(&environment::search_path()).await;
    ["python3", "node"]
        .into_iter()
        .map(|name| match toolchain.interpreter(name) {
            Some(found) => {
                let found = format!("{} at {}", found.version, found.executable.display());
                Check { name, status: Status::Good, found, advice: None }
            }
            None => {
                let advice = Some(format!("install it to heal projects tested with {name}"));
                Check { name, status: Status::Weak, found: "not found on PATH".to_owned(), advice }
            }
        })
        .collect()
}

/// The models of the settings: whether they can be read and the endpoint lists them. No model is asked, nothing is paid.
async fn models(file: Option<&Path>) -> Vec<Check> {
    let name = "models";
    let config = match environment::llm_config_with(file, &[]) {
        Ok(None) => return Vec::new(),
        Ok(Some(config)) if !config.explicit => return Vec::new(),
        Ok(Some(config)) => config,
        Err(error) => {
            return vec![Check { name, status: Status::Bad, found: format!("{error:#}"), advice: None }];
        }
    };
    let mut checks = Vec::new();
    for model in &config.committee {
        let settings = EndpointSettings::new(&model.base_url, model.api_key.clone());
        let endpoint = match Endpoint::new(settings) {
            Ok(endpoint) => endpoint,
            Err(error) => {
                checks.push(Check { name, status: Status::Bad, found: error.to_string(), advice: None });
                continue;
            }
        };
        let known = endpoint.models().await;
        let place = format!("{} at {}", model.name, endpoint.address());
        let unpriced = config.max_cost_usd.is_some() && model.price.is_none();
        let (status, found, advice) = if unpriced {
            let advice = format!("say its price in [llm.prices.\"{}\"], else it is never asked", model.name);
            (Status::Weak, format!("{place}: a limit of money is set, and no price"), Some(advice))
        } else if known.contains(&model.name) {
            (Status::Good, place, None)
        } else {
            let advice = format!("try it: curl -H 'Authorization: Bearer …' {}/models", endpoint.address());
            (Status::Weak, format!("{place}: the endpoint does not list it"), Some(advice))
        };
        checks.push(Check { name, status, found, advice });
    }
    checks
}

fn git() -> Check {
    let found = which::which("git").ok().map(|path| path.display().to_string());
    match found {
        Some(found) => Check { name: "git", status: Status::Good, found, advice: None },
        None => {
            let advice = Some("heal reads repositories itself; you will want git to take its patches".to_owned());
            Check { name: "git", status: Status::Weak, found: "not found on PATH".to_owned(), advice }
        }
    }
}

async fn database() -> Check {
    let name = "database";
    let Some(url) = environment::database_url() else {
        let advice = Some(format!("set {} to remember heals", environment::DATABASE_URL));
        return Check { name, status: Status::Weak, found: "no state directory".to_owned(), advice };
    };
    match Store::open(&url).await {
        Ok(_) => Check { name, status: Status::Good, found: url, advice: None },
        Err(error) => {
            let advice = Some(format!("make it writable or set {}", environment::DATABASE_URL));
            Check { name, status: Status::Weak, found: format!("{:#}", anyhow::Error::from(error)), advice }
        }
    }
}
