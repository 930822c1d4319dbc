//! What happens between the first push and the ending, told in the same words under every list of deaths.
//!
//! Each story ends with what there must be once, and what must not be there at all.

use serde_json::{Value, json};

use crate::github::{Mortal, Repository};
use crate::projects::{BROKEN, CI, FLAKY, GOOD, UNFIXABLE, python};

/// Where a repository keeps its policy.
const POLICY: &str = ".github/heal.toml";

/// The pull requests that heal opened.
fn of_heal(repository: &Repository) -> Vec<Value> {
    let all = repository.pull_requests().into_iter();
    all.filter(|pull| pull["head"]["ref"].as_str().is_some_and(|name| name.starts_with("heal/"))).collect()
}

/// Whether heal's check on a commit says that it is through.
fn is_through(repository: &Repository, sha: &str) -> bool {
    repository.check_runs(sha).iter().any(|run| run["name"] == "heal" && run["status"] == "completed")
}

/// The one check run of heal on a commit, which is over.
#[track_caller]
fn one_check(repository: &Repository, sha: &str) {
    let own = repository.check_runs(sha).into_iter().filter(|run| run["name"] == "heal");
    let states: Vec<Value> = own.map(|run| run["status"].clone()).collect();
    assert_eq!(states, [json!("completed")]);
}

/// The Python project with more files, or others in their place.
fn project(server: &Mortal, more: &[(&str, &str)]) -> Repository {
    let files = python(GOOD).into_iter().filter(|(path, _)| more.iter().all(|(other, _)| path != other));
    server.world.repository("calc", &files.chain(more.iter().copied()).collect::<Vec<_>>())
}

/// A pull request of a person, whose next commit on `change` will break it; gives its number.
fn change(repository: &Repository) -> u64 {
    repository.push_to("change", "Start a change", &[("README.md", "A change.\n")]);
    repository.open("change", "A change")
}

/// A project that heal mends, up to the open pull request; gives its number and the failing commit.
fn offered(server: &mut Mortal, more: &[(&str, &str)]) -> (Repository, u64, String) {
    let repository = project(server, more);
    server.live();
    let sha = repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    server.until("heal's pull request", || !of_heal(&repository).is_empty() && is_through(&repository, &sha));
    let pull = of_heal(&repository).remove(0);
    assert_eq!(repository.wait_for_ci(pull["head"]["sha"].as_str().unwrap()), "success");
    (repository, pull["number"].as_u64().unwrap(), sha)
}

/// A heal whose pull request a person merges.
pub fn healed(mut server: Mortal) {
    let (repository, number, sha) = offered(&mut server, &[]);
    let merged = repository.merge(number);
    assert_eq!(repository.wait_for_ci(&merged), "success");
    server.until("the branch to be removed", || repository.branches() == ["main"]);
    server.settle();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    assert_eq!((repository.reviews(number).len(), repository.comments(number).len()), (1, 0));
    assert_eq!(repository.branches(), ["main"]);
    one_check(&repository, &sha);
    server.did(&[
        ("POST", "git/refs", 1),
        ("POST", "pulls", 1),
        ("POST", "issues/*/labels", 1),
        ("POST", "pulls/*/requested_reviewers", 1),
        ("POST", "pulls/*/reviews", 1),
        ("POST", "check-runs", 1),
        ("POST", "actions/runs/*/rerun-failed-jobs", 0),
    ]);
    server.end();
}

/// A failure of the default branch that nothing heals: one issue.
pub fn unhealed(mut server: Mortal) {
    let repository = project(&server, &[]);
    server.live();
    let sha = repository.push("Ask for more", &[("test_calc.py", UNFIXABLE)]);
    server.until("an alert", || repository.issues().len() == 1 && is_through(&repository, &sha));
    server.settle();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 1));
    assert_eq!(repository.branches(), ["main"]);
    one_check(&repository, &sha);
    server.did(&[("POST", "issues", 1), ("POST", "check-runs", 1), ("POST", "pulls", 0)]);
    server.end();
}

/// A failure of a pull request's branch that nothing heals: one comment.
pub fn unhealed_change(mut server: Mortal) {
    let repository = project(&server, &[]);
    let number = change(&repository);
    server.live();
    let sha = repository.push_to("change", "Ask for more", &[("test_calc.py", UNFIXABLE)]);
    server.until("an alert", || repository.comments(number).len() == 1 && is_through(&repository, &sha));
    server.settle();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 0));
    assert_eq!(repository.comments(number).len(), 1);
    assert_eq!(repository.branches(), ["change", "main"]);
    one_check(&repository, &sha);
    server.did(&[("POST", "issues/*/comments", 1), ("POST", "check-runs", 1)]);
    server.end();
}

/// A failure in a fork's pull request: one comment and one review, no push.
pub fn fork(mut server: Mortal) {
    let repository = project(&server, &[]);
    server.live();
    let fork = repository.fork();
    let sha = fork.push_to("patch-1", "Change it", &[("calc.py", BROKEN)]);
    let number = repository.open_from(&fork, "patch-1", "A change");
    server.until("a comment and its review", || {
        !repository.comments(number).is_empty() && !repository.reviews(number).is_empty()
    });
    server.until("the end", || is_through(&repository, &sha));
    server.settle();
    assert_eq!((repository.comments(number).len(), repository.reviews(number).len()), (1, 1));
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 0));
    assert_eq!((repository.branches(), fork.branches()), (vec!["main".into()], vec!["main".into(), "patch-1".into()]));
    server.did(&[
        ("POST", "issues/*/comments", 1),
        ("POST", "pulls/*/reviews", 1),
        ("POST", "check-runs", 1),
        ("POST", "git/refs", 0),
    ]);
    server.end();
}

/// A flaky failure: one rerun, nothing else.
pub fn passing(mut server: Mortal) {
    let repository = project(&server, &[]);
    server.live();
    let sha = repository.push("Be flaky", &[("test_flaky.py", FLAKY)]);
    let passed = || repository.ci_runs(&sha).iter().any(|run| run["conclusion"] == "success");
    server.until("the rerun and the end", || passed() && is_through(&repository, &sha));
    server.settle();
    assert_eq!(repository.ci_runs(&sha)[0]["run_attempt"], 2);
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 0));
    assert_eq!(repository.branches(), ["main"]);
    one_check(&repository, &sha);
    server.did(&[("POST", "actions/runs/*/rerun-failed-jobs", 1), ("POST", "check-runs", 1), ("POST", "git/refs", 0)]);
    server.end();
}

/// A heal whose failure is gone by a newer commit: its pull request is closed, with one reason.
pub fn superseded(mut server: Mortal) {
    let (repository, number, sha) = offered(&mut server, &[]);
    let fixed = repository.push("Find the largest", &[("calc.py", GOOD)]);
    assert_eq!(repository.wait_for_ci(&fixed), "success");
    server.until("heal to give way", || of_heal(&repository)[0]["state"] == "closed");
    server.until("the branch to be removed", || repository.branches() == ["main"]);
    server.settle();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    assert_eq!(repository.comments(number).len(), 1, "the reason, once");
    assert_eq!(repository.branches(), ["main"]);
    one_check(&repository, &sha);
    server.did(&[("POST", "pulls", 1), ("POST", "git/refs", 1), ("POST", "issues/*/comments", 1)]);
    server.end();
}

/// Tests that never pass on a branch of heal's.
const ELSEWHERE: &str = "import os\nimport unittest\n\n\nclass PlaceTest(unittest.TestCase):\n    def test_place(self):\n        self.assertNotIn(\"heal/\", os.environ.get(\"GITHUB_REF\", \"\"))\n";

/// A heal whose only attempt falls in CI: no branch, one issue.
pub fn refused(mut server: Mortal) {
    let repository = project(&server, &[("test_place.py", ELSEWHERE), (POLICY, "attempts = 1\n")]);
    server.live();
    let sha = repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    server.until("an alert", || repository.issues().len() == 1 && is_through(&repository, &sha));
    server.settle();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 1));
    assert_eq!(repository.branches(), ["main"]);
    one_check(&repository, &sha);
    server.did(&[("POST", "git/refs", 1), ("POST", "issues", 1), ("POST", "check-runs", 1)]);
    server.end();
}

/// What has one mend only, its revert: a patch among several is not of low risk.
const LABEL: &str = "def label(a, b):\n    return f\"{b}: {a * 10} of {a + 1}\"\n";

const NO_LABEL: &str = "def label(a, b):\n    return str(a)\n";

const LABEL_TESTS: &str = "import unittest\n\nfrom calc import label\n\n\nclass LabelTest(unittest.TestCase):\n    def test_label(self):\n        self.assertEqual(label(2, 3), \"3: 20 of 3\")\n        self.assertEqual(label(4, \"x\"), \"x: 40 of 5\")\n";

/// A heal that merges its patch by itself.
pub fn merged_at_once(mut server: Mortal) {
    let policy = (POLICY, "autonomy = \"merge_low_risk\"\n");
    let repository = project(&server, &[("calc.py", LABEL), ("test_calc.py", LABEL_TESTS), policy]);
    server.live();
    let sha = repository.push("Say less", &[("calc.py", NO_LABEL)]);
    server.until("the merge", || repository.head("main") != Some(sha.clone()));
    server.until("the branch to be removed", || repository.branches() == ["main"]);
    server.settle();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    assert!(of_heal(&repository)[0]["merged_at"].is_string());
    assert_eq!(repository.branches(), ["main"]);
    one_check(&repository, &sha);
    server.did(&[("POST", "git/refs", 1), ("POST", "pulls", 1), ("PUT", "pulls/*/merge", 1)]);
    server.end();
}

/// A heal whose patch goes onto the branch of the failing pull request.
pub fn pushed(mut server: Mortal) {
    let repository = project(&server, &[(POLICY, "autonomy = \"push\"\n")]);
    let number = change(&repository);
    server.live();
    let sha = repository.push_to("change", "Change it", &[("calc.py", BROKEN)]);
    server.until("the push", || repository.head("change") != Some(sha.clone()));
    server.until("the branch to be removed", || repository.branches() == ["change", "main"]);
    server.settle();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 0));
    assert_eq!(repository.comments(number).len(), 0);
    assert_eq!(repository.wait_for_ci(&repository.head("change").unwrap()), "success");
    one_check(&repository, &sha);
    server.did(&[("POST", "git/refs", 1), ("POST", "pulls", 0), ("PATCH", "git/refs/**", 1)]);
    server.end();
}

/// A heal whose CI is started by hand, once.
pub fn dispatched(mut server: Mortal) {
    let ci = CI.replace("on: [push, pull_request]", "on:\n  push:\n    branches: [main]\n  workflow_dispatch:");
    let (repository, number, sha) = offered(&mut server, &[(".github/workflows/ci.yml", &ci)]);
    server.settle();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    assert_eq!(repository.reviews(number).len(), 1);
    one_check(&repository, &sha);
    server.did(&[("POST", "actions/workflows/*/dispatches", 1), ("POST", "git/refs", 1), ("POST", "pulls", 1)]);
    server.end();
}

/// A heal whose commit is pushed by git.
pub fn by_git(mut server: Mortal) {
    server.config = "[github]\ncommits = \"push\"\n";
    let (repository, number, sha) = offered(&mut server, &[]);
    server.settle();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    assert_eq!((repository.reviews(number).len(), repository.branches().len()), (1, 2));
    one_check(&repository, &sha);
    server.did(&[("POST", "git-receive-pack", 1), ("POST", "git/refs", 0), ("POST", "pulls", 1)]);
    server.end();
}

/// A flaky failure in a pull request: one rerun, one comment.
pub fn passing_told(mut server: Mortal) {
    let repository = project(&server, &[(POLICY, "[flaky]\ncomment = true\n")]);
    let number = change(&repository);
    server.live();
    let sha = repository.push_to("change", "Be flaky", &[("test_flaky.py", FLAKY)]);
    server.until("a comment", || !repository.comments(number).is_empty() && is_through(&repository, &sha));
    server.settle();
    assert_eq!(repository.comments(number).len(), 1);
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 0));
    assert_eq!(repository.branches(), ["change", "main"]);
    one_check(&repository, &sha);
    assert!(repository.ci_runs(&sha).iter().all(|run| run["run_attempt"].as_u64() <= Some(2)));
    server.did(&[("POST", "issues/*/comments", 1), ("POST", "git/refs", 0)]);
    server.end();
}
