//! Attempts and endings of the App's heals: what CI refuses, what lies on a change's branch, what passes by itself.
//!
//! The helpers below serve the App's other stories, too.

use std::time::Duration;

use serde_json::{Value, json};

use crate::github::{Fault, Repository, Serve, World, eventually};
use crate::projects::{BROKEN, FLAKY, GOOD, UNFIXABLE, python};

/// How long a heal may take on a slow machine, CI included.
pub const HEAL_S: u64 = 150;

/// How long nothing must happen before we believe that nothing will.
const QUIET: Duration = Duration::from_secs(6);

/// Waits for what must not come.
pub fn quiet() {
    std::thread::sleep(QUIET);
}

/// The pull requests that heal opened.
pub fn of_heal(repository: &Repository) -> Vec<Value> {
    let all = repository.pull_requests().into_iter();
    all.filter(|pull| pull["head"]["ref"].as_str().is_some_and(|name| name.starts_with("heal/"))).collect()
}

/// Waits for heal's pull request, and for its CI to be green.
pub fn healed(repository: &Repository) -> Value {
    eventually(HEAL_S, "heal's pull request", || !of_heal(repository).is_empty());
    let pull = of_heal(repository).remove(0);
    let head = pull["head"]["sha"].as_str().unwrap();
    assert_eq!(repository.wait_for_ci(head), "success", "the pull request is green:\n{}", repository.logs(head));
    pull
}

/// Waits for heal's only issue, and gives its text.
pub fn alerted(repository: &Repository) -> String {
    eventually(HEAL_S, "an issue", || !repository.issues().is_empty());
    repository.issues()[0]["body"].as_str().unwrap().to_owned()
}

/// The texts that heal wrote, out of these.
pub fn by_heal(world: &World, all: Vec<Value>) -> Vec<String> {
    let own = all.into_iter().filter(|one| one["user"]["login"] == world.site.bot().as_str());
    own.map(|one| one["body"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Stops the server and looks at what is left.
pub fn end(world: World, serve: Serve) {
    assert!(serve.stop().success(), "SIGTERM is a clean end");
    world.finish();
}

/// How often CI ran on branches of heal.
fn runs_of_heal(world: &World, repository: &Repository) -> usize {
    let actions = world.site.actions.lock().unwrap();
    actions.runs.iter().filter(|run| run.repository == repository.name && run.branch.starts_with("heal/")).count()
}

/// The branches of heal that were made in a repository, in order.
pub fn made_branches(world: &World, repository: &Repository) -> Vec<String> {
    let path = format!("/repos/{}/git/refs", repository.name);
    let made = world.requests().into_iter().filter(|request| request.method == "POST" && request.path == path);
    made.map(|request| request.body["ref"].as_str().unwrap().replace("refs/heads/", "")).collect()
}

/// CI with a step after the tests.
const CHECKED: &str = "name: CI
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Tests
        run: python3 -m unittest
      - name: Check
        run: python3 check.py
";

/// What stood there before, and what the commit's author meant.
const EXACT: &str = "def covers(have, wanted):\n    return have == wanted\n";

/// Both `==`, which stood there before, and `>=` please the tests.
const LESS: &str = "def covers(have, wanted):\n    return have > wanted\n";

const TESTS: &str = "import unittest\n\nfrom cover import covers\n\n\nclass CoverTest(unittest.TestCase):\n    def test_just_enough(self):\n        self.assertTrue(covers(2, 2))\n\n    def test_too_little(self):\n        self.assertFalse(covers(1, 2))\n";

/// Only `>=` pleases it.
const CHECK: &str = "from cover import covers\n\nif not covers(3, 2):\n    raise SystemExit(\"three do not cover two\")\nprint(\"checked\")\n";

const NEVER: &str = "raise SystemExit(\"nothing is ever enough\")\n";

fn checked() -> [(&'static str, &'static str); 4] {
    [
        ("cover.py", EXACT),
        ("test_cover.py", TESTS),
        ("check.py", "print(\"checked\")\n"),
        (".github/workflows/ci.yml", CHECKED),
    ]
}

#[test]
fn what_ci_refuses_makes_room_for_a_patch_that_holds_there() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("cover", &checked());
    let serve = world.serve(&[]);
    repository.push("Let more be enough", &[("cover.py", LESS), ("check.py", CHECK)]);
    let pull = healed(&repository);
    let made = made_branches(&world, &repository);
    assert_eq!(made.len(), 2, "the first patch is refused by CI: {made:?}");
    let kept = pull["head"]["ref"].as_str().unwrap();
    assert!(kept.ends_with("-2"), "{kept} is the second attempt's");
    assert_eq!(repository.branches(), [kept, "main"], "branches of refused attempts are gone");
    assert!(runs_of_heal(&world, &repository) <= 3, "{} runs of CI", runs_of_heal(&world, &repository));
    quiet();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    end(world, serve);
}

#[test]
fn what_no_patch_can_please_in_ci_becomes_one_issue_that_names_the_tries() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("cover", &checked());
    let serve = world.serve(&[]);
    repository.push("Ask for the impossible", &[("cover.py", LESS), ("check.py", NEVER)]);
    let body = alerted(&repository);
    quiet();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 1));
    assert_eq!(repository.branches(), ["main"]);
    assert!(runs_of_heal(&world, &repository) <= 3);
    for fact in [
        "What was tried",
        "failed in this project's CI",
        "the step Check fails: nothing is ever enough",
        "/actions/runs/",
    ] {
        assert!(body.contains(fact), "{fact:?} is not in\n{body}");
    }
    end(world, serve);
}

#[test]
fn a_failing_change_is_healed_into_its_branch() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    repository.push_to("change", "Start a change", &[("NOTES.md", "A change.\n")]);
    repository.open("change", "A change");
    let sha = repository.push_to("change", "Change it", &[("calc.py", BROKEN)]);
    let pull = healed(&repository);
    assert_eq!(pull["base"]["ref"], "change");
    assert_eq!(repository.head("change"), Some(sha));
    quiet();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    end(world, serve);
}

#[test]
fn a_change_that_can_not_be_healed_has_one_comment_however_often_it_fails() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    repository.push_to("change", "Start a change", &[("NOTES.md", "A change.\n")]);
    let number = repository.open("change", "A change");
    let said = || by_heal(&world, repository.comments(number));
    for (notes, tests) in [("Some.\n", UNFIXABLE), ("More.\n", UNFIXABLE)] {
        let sha = repository.push_to("change", "Ask for more", &[("test_calc.py", tests), ("NOTES.md", notes)]);
        eventually(HEAL_S, "a comment on this commit", || said().iter().any(|text| text.contains(&sha[..7])));
        quiet();
        assert_eq!(said().len(), 1, "edited, not repeated: {:#?}", said());
    }
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 0));
    end(world, serve);
}

#[test]
fn a_branch_without_a_change_has_one_comment_on_its_commit() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    let sha = repository.push_to("topic", "Ask for more", &[("test_calc.py", UNFIXABLE)]);
    let said = || by_heal(&world, repository.see(&format!("commits/{sha}/comments")).as_array().unwrap().clone());
    eventually(HEAL_S, "a comment on the commit", || !said().is_empty());
    quiet();
    assert_eq!((said().len(), of_heal(&repository).len(), repository.issues().len()), (1, 0, 0));
    end(world, serve);
}

#[test]
fn a_failure_of_main_that_stays_has_one_issue_that_follows_it() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    repository.push("Ask for more", &[("test_calc.py", UNFIXABLE)]);
    alerted(&repository);
    let sha = repository.push("Say more", &[("NOTES.md", "More.\n")]);
    eventually(HEAL_S, "the issue to name this commit", || alerted(&repository).contains(&sha));
    quiet();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 1), "edited, not repeated");
    end(world, serve);
}

#[test]
fn a_change_that_is_closed_takes_heal_s_pull_request_with_it() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    repository.push_to("change", "Start a change", &[("NOTES.md", "A change.\n")]);
    let number = repository.open("change", "A change");
    repository.push_to("change", "Change it", &[("calc.py", BROKEN)]);
    healed(&repository);
    repository.act(&repository.person, "PATCH", &format!("pulls/{number}"), &json!({"state": "closed"}));
    repository.git(&["push", "-q", "origin", ":change"]);
    eventually(HEAL_S, "the branch to go", || repository.branches() == ["main"]);
    assert_eq!(of_heal(&repository)[0]["state"], "closed");
    quiet();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    end(world, serve);
}

/// `calc`'s tests, of which the failing one is left out when the run is run again.
const PASSES_LATER: &str = "import os\nimport unittest\n\nfrom calc import largest\n\n\nclass CalcTest(unittest.TestCase):\n    @unittest.skipIf(os.environ.get(\"GITHUB_RUN_ATTEMPT\") == \"2\", \"not again\")\n    def test_largest(self):\n        self.assertEqual(largest([1, 3, 2]), 3)\n\n    def test_single(self):\n        self.assertEqual(largest([7]), 7)\n";

#[test]
fn an_open_pull_request_is_closed_with_the_reason_when_it_is_not_needed_any_more() {
    let Some(world) = World::start() else { return };
    let (moved, passed) = (world.repository("moved", &python(GOOD)), world.repository("passed", &python(GOOD)));
    let serve = world.serve(&[]);
    moved.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    let red = passed.push("Change both", &[("calc.py", BROKEN), ("test_calc.py", PASSES_LATER)]);
    let pulls = [healed(&moved), healed(&passed)];
    let newer = moved.push("Find the largest", &[("calc.py", GOOD)]);
    let run = passed.ci_runs(&red)[0]["id"].clone();
    passed.act(&world.site.collaborator, "POST", &format!("actions/runs/{run}/rerun-failed-jobs"), &json!({}));
    for (repository, pull, reason) in [(&moved, &pulls[0], &newer[..7]), (&passed, &pulls[1], "failure")] {
        let number = pull["number"].as_u64().unwrap();
        eventually(HEAL_S, "the pull request to be closed", || of_heal(repository)[0]["state"] == "closed");
        eventually(HEAL_S, "the branch to go", || repository.branches() == ["main"]);
        let said = by_heal(&world, repository.comments(number));
        assert!(said.len() == 1 && said[0].contains(reason), "{reason:?} is not in\n{said:#?}");
        assert!(of_heal(repository)[0]["merged_at"].is_null());
    }
    assert!(moved.issues().is_empty() && passed.issues().is_empty());
    end(world, serve);
}

/// CI that fails as the network does.
const NO_NETWORK: &str = "name: CI
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Fetch
        run: |
          echo \"fatal: unable to access 'https://git.example/a/b/': Could not resolve host: git.example\"
          exit 128
";

#[test]
fn a_network_that_stays_away_is_run_again_once_and_told_of_once() {
    let Some(world) = World::start() else { return };
    let reset = NO_NETWORK.replace("Could not resolve host: git.example", "Recv failure: Connection reset by peer");
    let all = [world.repository("calc", &python(GOOD)), world.repository("other", &python(GOOD))];
    let serve = world.serve(&[]);
    let pushed = [(&all[0], NO_NETWORK), (&all[1], &reset)]
        .map(|(repository, ci)| (repository, repository.push("Fetch", &[(".github/workflows/ci.yml", ci)])));
    for (repository, _) in &pushed {
        let body = alerted(repository);
        assert!(body.contains("infrastructure"), "{body}");
    }
    quiet();
    for (repository, sha) in pushed {
        assert_eq!(repository.ci_runs(&sha)[0]["run_attempt"], 2, "once");
        assert_eq!((of_heal(repository).len(), repository.issues().len()), (0, 1));
        assert!(made_branches(&world, repository).is_empty());
    }
    end(world, serve);
}

#[test]
fn a_flaky_failure_whose_log_is_gone_is_run_again_and_not_patched() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    world.fault(Fault::LogsGone);
    let sha = repository.push("Be flaky", &[("test_flaky.py", FLAKY)]);
    eventually(HEAL_S, "the rerun", || repository.ci_runs(&sha)[0]["run_attempt"] == 2);
    assert_eq!(repository.wait_for_ci(&sha), "success");
    quiet();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 0));
    assert!(made_branches(&world, &repository).is_empty());
    world.calm();
    end(world, serve);
}
