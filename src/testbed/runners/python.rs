//! pytest and unittest: served by the fork-server in `testbed/python/`.

use serde_json::json;

use super::{RunnerKind, Served, WarmStart};
use crate::testbed::run::RunnerStart;

/// Whether a unittest run is one that the server can repeat: `python -m unittest …` or a discovery;
/// a script's own `unittest.main()` is not.
pub(super) fn is_repeatable(start: &RunnerStart) -> bool {
    let by_module = start
        .args
        .first()
        .is_some_and(|program| program.ends_with("unittest") || program.ends_with("unittest/__main__.py"));
    by_module || start.args.get(1).is_some_and(|first| first == "discover")
}

pub(super) fn warm_start(runner: &str, served: &Served<'_>) -> WarmStart {
    let (command, limits) = (served.command, served.limits);
    let interpreter = command.interpreter.clone().unwrap_or_else(|| "python3".to_owned());
    let mut argv = vec![interpreter];
    argv.extend(command.interpreter_flags.iter().cloned());
    argv.push(served.probes.join("python/heal_warm.py").to_string_lossy().into_owned());
    // A command that heal did not understand is known by how its runner saw itself started.
    let arguments = match (command.runner, served.start) {
        (RunnerKind::BlackBox, Some(start)) => start.args.iter().skip(1).cloned().collect(),
        _ => command.arguments.clone(),
    };
    // `python -m` puts the working directory on the module path; the bare command does not.
    let on_path = !(command.runner == RunnerKind::Pytest && command.interpreter.is_none());
    let init = json!({
        "op": "init", "runner": runner, "args": arguments,
        "cwd_on_path": on_path, "memory_bytes": limits.memory_bytes, "processes": limits.processes,
        "coverage": true, "timeout_ms": limits.timeout_ms,
    });
    WarmStart { argv, environment: command.environment.clone(), init, directory: served.directory() }
}
