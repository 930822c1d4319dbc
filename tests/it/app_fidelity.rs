//! The world of the App's tests looks like GitHub: its payloads against GitHub's own examples, its answers against
//! GitHub's own description.

use serde_json::{Value, json};

use crate::github::{World, all_permissions, answer_fault, eventually, example, missing};
use crate::projects::{BROKEN, GOOD, python};

/// What examples hold and the world's payloads need not: other products, other installations, counters.
const NOT_PLAYED: &[&str] =
    &["/organization", "/enterprise", "/repository/", "/sender/", "/app/permissions/", "/check_run/deployment"];

#[test]
fn payloads_hold_what_the_examples_of_github_hold() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    repository.push_to("change", "Change it", &[("calc.py", BROKEN)]);
    let number = repository.open("change", "A change");
    let sha = repository.push_to("change", "Change it again", &[("README.md", "Changed.\n")]);
    repository.comment(number, "/heal");
    assert_eq!(repository.wait_for_ci(&sha), "failure");
    let commented = || world.deliveries().iter().any(|delivery| delivery.event == "issue_comment");
    eventually(10, "the comment's event", commented);
    let opened = || world.deliveries().iter().any(|delivery| delivery.payload["action"] == "opened");
    eventually(10, "the pull request's event", opened);
    world.deliver_all();
    let mut seen = std::collections::BTreeSet::new();
    let mut faults = Vec::new();
    for delivery in world.deliveries() {
        let action = delivery.payload["action"].as_str();
        if !seen.insert((delivery.event.clone(), action.map(ToOwned::to_owned))) {
            continue;
        }
        let Some(example) = example(&delivery.event, action) else { continue };
        let left = missing(&delivery.payload, &example).into_iter();
        let left = left.filter(|path| !NOT_PLAYED.iter().any(|part| path.contains(part)));
        faults.extend(left.map(|path| format!("{} {}: {path}", delivery.event, action.unwrap_or("-"))));
    }
    for event in ["opened", "synchronize"] {
        assert!(seen.contains(&("pull_request".to_owned(), Some(event.to_owned()))), "{seen:?}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    world.finish();
}

#[test]
fn answers_follow_the_description_of_github() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let sha = repository.push("Break it", &[("calc.py", BROKEN)]);
    assert_eq!(repository.wait_for_ci(&sha), "failure");
    let number = repository.open_question();
    let comment = repository.comment(number, "Why?")["id"].clone();
    let token = world.mint(&["calc"], all_permissions());
    let base = format!("/repos/{}", repository.name);
    let run = repository.ci_runs(&sha)[0]["id"].clone();
    let job = repository.check_runs(&sha)[0]["id"].clone();
    let mut faults = Vec::new();
    let mut ask = |method: &str, path: String, body: Value| {
        let (status, answer) = world.call(&token, method, &path, body);
        faults.extend(answer_fault(method, path.split('?').next().unwrap(), status, &answer));
    };
    for path in [
        "/actions/runs".to_owned(),
        format!("/actions/runs/{run}"),
        format!("/actions/runs/{run}/attempts/1"),
        format!("/actions/runs/{run}/jobs"),
        format!("/actions/runs/{run}/attempts/1/jobs"),
        format!("/actions/jobs/{job}"),
        "/actions/workflows".to_owned(),
        "/actions/workflows/ci.yml/runs".to_owned(),
        format!("/commits/{sha}/status"),
        format!("/commits/{sha}/pulls"),
    ] {
        ask("GET", format!("{base}{path}"), Value::Null);
    }
    ask("GET", "/installation/repositories".to_owned(), Value::Null);
    ask("POST", format!("{base}/issues/comments/{comment}/reactions"), json!({"content": "eyes"}));
    ask("POST", format!("{base}/actions/runs/{run}/rerun-failed-jobs"), Value::Null);
    assert_eq!(repository.wait_for_ci(&sha), "failure");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    world.finish();
}
