//! Logs of real tools in `fixtures/logs/`, each with what it must be understood as.
//!
//! Beside `case.log` stands `case.toml`: the `command` and `version` that made it, the `tool`, the `class`es that are
//! right, and the `failures` in order. Only the keys that it states are compared; `more = true` allows
//! further failures.

use std::path::{Path, PathBuf};

use heal::diagnosis::{Beside, Diagnosis, explain};
use heal::evidence::log::{self, Limits};
use heal::evidence::reading::words;
use serde_json::Value;

#[test]
fn every_log_is_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/logs");
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    let logs: Vec<PathBuf> = files
        .map(|file| file.into_path())
        .filter(|path| path.with_extension("toml").is_file() && path.extension().is_some_and(|end| end == "log"))
        .collect();
    assert!(!logs.is_empty());
    let wrong: Vec<String> = logs.iter().flat_map(|path| check(path)).collect();
    assert!(wrong.is_empty(), "{} of {} logs:\n{}", wrong.len(), logs.len(), wrong.join("\n"));
}

fn check(path: &Path) -> Vec<String> {
    let expected: toml::Table = std::fs::read_to_string(path.with_extension("toml")).unwrap().parse().unwrap();
    let log = log::open(path, words(), &Limits::default()).unwrap();
    let found = explain(&log, Beside::default());
    let mut wrong = Vec::new();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let folder = path.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
    let mut say = |what: &str, found: String, wanted: String| {
        wrong.push(format!("{folder}/{name}: {what} is {found} and not {wanted}"))
    };
    let is_red = expected.get("failures").and_then(|all| all.as_array()).is_some_and(|all| !all.is_empty());
    if is_red {
        let tool = expected["tool"].as_str().unwrap();
        if found.tool.as_deref() != Some(tool) {
            say("the tool", format!("{:?}", found.tool), tool.to_owned());
        }
        let classes: Vec<&str> =
            expected["class"].as_array().unwrap().iter().filter_map(|class| class.as_str()).collect();
        if !classes.contains(&found.class.to_string().as_str()) {
            say("the class", format!("{} ({})", found.class, found.reason), format!("{classes:?}"));
        }
    }
    for difference in failures(&found, &expected) {
        say("a failure", difference.0, difference.1);
    }
    wrong
}

fn failures(found: &Diagnosis, expected: &toml::Table) -> Vec<(String, String)> {
    let Some(wanted) = expected.get("failures").and_then(|all| all.as_array()) else { return Vec::new() };
    let may_be_more = expected.get("more").and_then(toml::Value::as_bool) == Some(true);
    if found.failures.len() < wanted.len() || (!may_be_more && found.failures.len() != wanted.len()) {
        let seen: Vec<String> = found
            .failures
            .iter()
            .map(|failure| format!("{:?} {:?}:{:?}", failure.test, failure.file, failure.line))
            .collect();
        return vec![(format!("one of {}: {seen:?}", found.failures.len()), format!("{} failures", wanted.len()))];
    }
    let mut wrong = Vec::new();
    for (failure, wanted) in found.failures.iter().zip(wanted) {
        let seen = serde_json::to_value(failure).unwrap();
        for (key, value) in wanted.as_table().unwrap() {
            let value: Value = serde_json::to_value(value).unwrap();
            if seen[key] != value {
                wrong.push((format!("{key} = {}", seen[key]), value.to_string()));
            }
        }
    }
    wrong
}
