//! Every payload of GitHub's own collection (npm `@octokit/webhooks-examples`) can be read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::*;

/// Where `npm ci` in `tests/world` puts the collection.
const PACKAGE: &str = "tests/world/node_modules/@octokit/webhooks-examples";

/// The collections of github.com and of the versions of GitHub Enterprise; none when they are not installed.
fn collections() -> Option<Vec<(String, Value)>> {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(PACKAGE);
    if !package.is_dir() {
        let required = std::env::var_os("HEAL_REQUIRE_TOOLS").is_some();
        assert!(!required, "{} is not installed: npm ci --prefix tests/world", package.display());
        eprintln!("skipped: {} is not installed", package.display());
        return None;
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&package).unwrap() {
        let index = entry.unwrap().path().join("index.json");
        if let Ok(text) = std::fs::read(&index) {
            found.push((index.display().to_string(), serde_json::from_slice(&text).unwrap()));
        }
    }
    assert!(!found.is_empty(), "no index.json below {}", package.display());
    Some(found)
}

#[test]
fn every_example_of_every_event_is_understood() {
    let Some(collections) = collections() else { return };
    let mut problems = Vec::new();
    let mut counts = BTreeMap::new();
    for (file, events) in &collections {
        for event in events.as_array().unwrap() {
            let name = event["name"].as_str().unwrap();
            for (index, example) in event["examples"].as_array().unwrap().iter().enumerate() {
                let body = serde_json::to_vec(example).unwrap();
                match parse(&EventKind::named(name), VerifiedBody::kept(&body)) {
                    Ok(signal) => *counts.entry(signal.label()).or_insert(0) += 1,
                    Err(error) => problems.push(format!("{file}: {name}[{index}]: {error}")),
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    // Each kind of signal occurs, so that a reader that ignores everything is noticed.
    let kinds: Vec<_> = counts.keys().copied().collect();
    let expected = [
        "check_completed",
        "commented",
        "ignored",
        "installation_changed",
        "ping",
        "pull_request_changed",
        "pushed",
        "reviewed",
        "run_completed",
        "run_started",
    ];
    assert_eq!(kinds, expected, "{counts:?}");
}
