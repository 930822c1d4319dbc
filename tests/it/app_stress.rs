//! The acceptance of the App in numbers: many heals at once, a server that dies again and again.

use std::time::Duration;

use serde_json::json;

use crate::github::{Fault, Repository, World, eventually, example};
use crate::projects::{BROKEN, CI, GOOD, UNFIXABLE, python};

/// How long all of it may take on a slow machine.
const LIMIT_S: u64 = 900;

/// Pull requests and issues of heal.
fn outcomes(repository: &Repository) -> (usize, usize) {
    let pulls = repository.pull_requests();
    let of_heal =
        pulls.iter().filter(|pull| pull["head"]["ref"].as_str().is_some_and(|name| name.starts_with("heal/")));
    (of_heal.count(), repository.issues().len())
}

fn repositories(world: &World, count: usize) -> Vec<Repository> {
    (0..count).map(|number| world.repository(&format!("calc-{number}"), &python(GOOD))).collect()
}

/// Moments in milliseconds that look random and are the same in every run.
fn moments(count: usize) -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        150 + (state >> 33) % 2_500
    })
    .take(count)
}

#[test]
#[ignore = "minutes long; app_crash tries every effect in the gate"]
fn thirty_deaths_over_ten_heals_double_nothing() {
    let Some(world) = World::start() else { return };
    let all = repositories(&world, 10);
    let environment = &[("HEAL_SWEEP_SECONDS", "3")];
    let mut serve = world.serve(environment);
    for (number, repository) in all.iter().enumerate() {
        let files = if number % 3 == 2 { [("test_calc.py", UNFIXABLE)] } else { [("calc.py", BROKEN)] };
        repository.push("Change it", &files);
    }
    for moment in moments(30) {
        std::thread::sleep(Duration::from_millis(moment));
        serve.kill();
        serve = world.serve(environment);
    }
    for repository in &all {
        eventually(LIMIT_S, "an outcome of every heal", || outcomes(repository) != (0, 0));
    }
    std::thread::sleep(Duration::from_secs(10));
    for (number, repository) in all.iter().enumerate() {
        let expected = if number % 3 == 2 { (0, 1) } else { (1, 0) };
        assert_eq!(outcomes(repository), expected, "{}", repository.name);
    }
    assert!(serve.stop().success());
    world.finish();
}

#[test]
#[ignore = "makes a figure for docs/performance.md"]
fn webhooks_are_answered_at_once_while_twenty_heals_run() {
    let Some(world) = World::start() else { return };
    let all = repositories(&world, 20);
    world.deliver_all();
    let before = world.deliveries().len();
    let serve = world.serve(&[]);
    for repository in &all {
        repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    }
    for _ in 0..200 {
        world.deliver("ping", json!({"zen": "Approachable is better than simple.", "hook_id": 1}));
        std::thread::sleep(Duration::from_millis(20));
    }
    world.deliver_all();
    let mut took: Vec<Duration> =
        world.deliveries().iter().filter(|one| one.event == "ping").map(|one| one.took).collect();
    took.sort();
    // A figure, not an assertion: docs/performance.md has it with the machine it was measured on.
    let (median, slow) = (took[took.len() / 2], took[took.len() * 99 / 100]);
    println!("webhooks while twenty heals run: median {median:?}, 99th percentile {slow:?}");
    assert!(world.deliveries()[before..].iter().all(|delivery| delivery.status == Some(202)));
    for repository in &all {
        eventually(LIMIT_S, "a pull request of every heal", || outcomes(repository) == (1, 0));
    }
    assert!(serve.stop().success());
    world.finish();
}

#[test]
fn every_example_of_a_webhook_is_taken() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    let events = [
        ("installation", Some("created")),
        ("installation_repositories", Some("added")),
        ("check_suite", Some("completed")),
        ("check_run", Some("completed")),
        ("workflow_run", Some("completed")),
        ("workflow_job", Some("completed")),
        ("pull_request", Some("opened")),
        ("pull_request_review", Some("submitted")),
        ("issue_comment", Some("created")),
        ("push", None),
        ("status", None),
        ("ping", None),
        ("star", Some("created")),
    ];
    let sent = events.map(|(event, action)| world.deliver(event, example(event, action).unwrap()));
    world.deliver_all();
    for delivery in world.deliveries().iter().filter(|delivery| sent.contains(&delivery.id)) {
        assert_eq!(delivery.status, Some(202), "{}", delivery.event);
    }
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(outcomes(&repository), (0, 0), "they name repositories of others");
    assert!(serve.stop().success());
    world.finish();
}

#[test]
fn a_policy_that_observes_and_one_that_is_broken_change_nothing() {
    for policy in ["autonomy = \"observe\"\n", "autonomy = \"obsreve\"\n", "this is no TOML [\n"] {
        let Some(world) = World::start() else { return };
        let [calc, tests, ci] = python(GOOD);
        let repository = world.repository("calc", &[calc, tests, ci, (".github/heal.toml", policy)]);
        let serve = world.serve(&[]);
        let sha = repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
        let told =
            || repository.check_runs(&sha).iter().any(|run| run["name"] == "heal" && run["status"] == "completed");
        eventually(120, "heal's check", told);
        std::thread::sleep(Duration::from_secs(5));
        assert_eq!(outcomes(&repository).0, 0, "{policy}");
        assert_eq!(repository.branches(), ["main"]);
        assert!(serve.stop().success());
        world.finish();
    }
}

#[test]
fn a_branch_whose_ci_never_starts_is_not_waited_for_for_ever() {
    let Some(world) = World::start() else { return };
    let only_main = CI.replace("on: [push, pull_request]", "on:\n  push:\n    branches: [main]");
    let [calc, tests, _] = python(GOOD);
    let repository = world.repository("calc", &[calc, tests, (".github/workflows/ci.yml", &only_main)]);
    let serve = world.serve(&[]);
    world.fault(Fault::Duplicate(2));
    repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    eventually(LIMIT_S, "an outcome", || outcomes(&repository) != (0, 0));
    std::thread::sleep(Duration::from_secs(5));
    let (pulls, issues) = outcomes(&repository);
    assert_eq!(pulls + issues, 1);
    assert!(serve.stop().success());
    world.finish();
}
