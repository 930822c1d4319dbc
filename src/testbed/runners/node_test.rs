//! `node --test`: served by the warm process in `testbed/node/`.

use std::path::Path;

use serde_json::json;

use super::{WarmLimits, WarmStart};
use crate::testbed::command::TestCommand;
use crate::testbed::run::RunnerStart;

/// Flags that the warm process needs: its own module loader stands on `vm.SourceTextModule`.
const FLAGS: &[&str] =
    &["--no-warnings", "--experimental-vm-modules", "--experimental-import-meta-resolve", "--expose-gc"];

/// Flags of the command that load something before the tests.
const PRELOADS: &[&str] = &["--import", "--require", "-r", "--loader", "--experimental-loader"];

pub(super) fn warm_start(
    command: &TestCommand,
    start: Option<&RunnerStart>,
    root: &Path,
    probes: &Path,
    limits: WarmLimits,
) -> WarmStart {
    let mut argv = vec![command.interpreter.clone().unwrap_or_else(|| "node".to_owned())];
    argv.extend(FLAGS.iter().map(ToString::to_string));
    argv.push(format!("--max-old-space-size={}", limits.memory_bytes / 1024 / 1024));
    argv.push(probes.join("node/warm.mjs").to_string_lossy().into_owned());
    let cwd = start.map_or_else(|| root.join(&command.directory), |start| start.cwd.clone());
    let init = json!({
        "op": "init", "root": root, "cwd": cwd, "args": command.arguments,
        "imports": preloads(&command.interpreter_flags), "coverage": true, "timeout_ms": limits.timeout_ms,
    });
    WarmStart { argv, environment: command.environment.clone(), init }
}

fn preloads(flags: &[String]) -> Vec<&str> {
    let mut found = Vec::new();
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        match flag.split_once('=') {
            Some((name, value)) if PRELOADS.contains(&name) => found.push(value),
            None if PRELOADS.contains(&flag.as_str()) => found.extend(flags.next().map(String::as_str)),
            _ => {}
        }
    }
    found
}
