//! `node --test`: served by the warm process in `testbed/nodejs/`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::json;

use super::{Served, WarmStart};

/// Flags that the warm process needs: its own module loader stands on `vm.SourceTextModule`.
const FLAGS: &[&str] =
    &["--no-warnings", "--experimental-vm-modules", "--experimental-import-meta-resolve", "--expose-gc"];

/// Flags of the command that load something before the tests.
const PRELOADS: &[&str] = &["--import", "--require", "-r", "--loader", "--experimental-loader"];

/// `None` when the cold run named no test file.
pub(super) fn warm_start(served: &Served<'_>) -> Option<WarmStart> {
    let (command, limits) = (served.command, served.limits);
    // The files are those that the real run found: its own rules of discovery need no second copy.
    let files: BTreeSet<&PathBuf> = served.run.tests.values().filter_map(|test| test.file.as_ref()).collect();
    if files.is_empty() {
        return None;
    }
    let mut argv = vec![command.interpreter.clone().unwrap_or_else(|| "node".to_owned())];
    argv.extend(FLAGS.iter().map(ToString::to_string));
    argv.push(format!("--max-old-space-size={}", limits.memory_bytes / 1024 / 1024));
    argv.push(served.probes.join("nodejs/warm.mjs").to_string_lossy().into_owned());
    let init = json!({
        "op": "init", "files": files,
        "imports": preloads(&command.interpreter_flags), "coverage": true, "timeout_ms": limits.timeout_ms,
    });
    Some(WarmStart { argv, environment: command.environment.clone(), init, directory: served.directory() })
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
