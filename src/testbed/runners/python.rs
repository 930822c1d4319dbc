//! pytest and unittest: served by the fork-server in `testbed/python/`.

use std::path::Path;

use serde_json::json;

use super::{WarmLimits, WarmStart};
use crate::testbed::command::TestCommand;
use crate::testbed::run::RunnerStart;

pub(super) fn warm_start(
    runner: &str,
    command: &TestCommand,
    start: Option<&RunnerStart>,
    root: &Path,
    probes: &Path,
    limits: WarmLimits,
) -> WarmStart {
    let interpreter = command.interpreter.clone().unwrap_or_else(|| "python3".to_owned());
    let server = probes.join("python/heal_warm.py").to_string_lossy().into_owned();
    let mut argv = vec![interpreter];
    argv.extend(command.interpreter_flags.iter().cloned());
    argv.push(server);
    let cwd = start.map_or_else(|| root.join(&command.directory), |start| start.cwd.clone());
    // A command that heal did not understand is known by how its runner saw itself started.
    let arguments = match (command.runner, start) {
        (super::RunnerKind::BlackBox, Some(start)) => start.args.iter().skip(1).cloned().collect(),
        _ => command.arguments.clone(),
    };
    let init = json!({
        "op": "init", "root": root, "cwd": cwd, "runner": runner, "args": arguments,
        "memory_bytes": limits.memory_bytes, "processes": limits.processes,
        "coverage": true, "timeout_ms": limits.timeout_ms,
    });
    WarmStart { argv, environment: command.environment.clone(), init }
}
