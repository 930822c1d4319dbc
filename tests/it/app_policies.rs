//! What a repository's `.github/heal.toml` allows, asks for and forbids, seen from outside.

use serde_json::Value;

use crate::app_attempts::{HEAL_S, alerted, by_heal, end, healed, of_heal, quiet};
use crate::github::{Repository, World, eventually};
use crate::projects::{BROKEN, GOOD, UNFIXABLE, python};

const POLICY: &str = ".github/heal.toml";

/// A green Python project with this policy.
fn governed(world: &World, name: &str, policy: &str) -> Repository {
    let [calc, tests, ci] = python(GOOD);
    world.repository(name, &[calc, tests, ci, (POLICY, policy)])
}

/// What heal asked of a repository that changes something, without its own check run.
fn effects(world: &World, repository: &Repository) -> Vec<String> {
    let below = format!("/repos/{}/", repository.name);
    let all = world.requests().into_iter().filter(|request| request.method != "GET");
    let there = all.filter_map(|request| Some(format!("{} {}", request.method, request.path.strip_prefix(&below)?)));
    there.filter(|effect| !effect.contains(" check-runs")).collect()
}

#[test]
fn what_the_policy_excludes_is_left_alone_and_what_it_does_not_heal_is_told() {
    let Some(world) = World::start() else { return };
    let off = governed(&world, "off", "enabled = false\n");
    let elsewhere = governed(&world, "elsewhere", "branches = [\"release/**\"]\n");
    let lint = governed(&world, "lint", "classes = [\"lint\"]\n");
    let suggest = governed(&world, "suggest", "autonomy = \"suggest\"\n");
    let serve = world.serve(&[]);
    for repository in [&off, &elsewhere, &lint, &suggest] {
        repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    }
    let (unhealed, suggested) = (alerted(&lint), alerted(&suggest));
    quiet();
    for repository in [&off, &elsewhere] {
        assert_eq!(effects(&world, repository), [""; 0], "{}", repository.name);
        assert!(repository.issues().is_empty());
    }
    assert!(unhealed.contains("does not heal failures of the class") && !unhealed.contains("```diff"), "{unhealed}");
    for fact in ["A patch that passes", "```diff", "-        if value < best:", "suggest"] {
        assert!(suggested.contains(fact), "{fact:?} is not in\n{suggested}");
    }
    for repository in [&lint, &suggest] {
        assert_eq!((of_heal(repository).len(), repository.issues().len()), (0, 1), "{}", repository.name);
        let made = effects(&world, repository).into_iter().find(|effect| effect.contains("git/"));
        assert_eq!(made, None, "no branch, ever");
    }
    end(world, serve);
}

#[test]
fn a_suggestion_for_a_change_is_a_comment_on_it() {
    let Some(world) = World::start() else { return };
    let repository = governed(&world, "calc", "autonomy = \"suggest\"\n");
    let serve = world.serve(&[]);
    repository.push_to("change", "Start a change", &[("NOTES.md", "A change.\n")]);
    let number = repository.open("change", "A change");
    repository.push_to("change", "Change it", &[("calc.py", BROKEN)]);
    eventually(HEAL_S, "a comment", || !by_heal(&world, repository.comments(number)).is_empty());
    quiet();
    let said = by_heal(&world, repository.comments(number));
    assert!(said.len() == 1 && said[0].contains("A patch that passes"), "{said:#?}");
    assert!(repository.line_comments(number).iter().any(|comment| comment["path"] == "calc.py"), "a suggestion");
    assert_eq!(repository.branches(), ["change", "main"]);
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 0));
    end(world, serve);
}

#[test]
fn a_push_moves_the_branch_of_a_change_by_one_commit_and_never_main() {
    let Some(world) = World::start() else { return };
    let repository = governed(&world, "calc", "autonomy = \"push\"\n");
    let serve = world.serve(&[]);
    repository.push_to("change", "Start a change", &[("NOTES.md", "A change.\n")]);
    repository.open("change", "A change");
    let sha = repository.push_to("change", "Change it", &[("calc.py", BROKEN)]);
    eventually(HEAL_S, "the branch to move", || repository.head("change") != Some(sha.clone()));
    let head = repository.head("change").unwrap();
    let commit = repository.see(&format!("commits/{head}"));
    assert_eq!(commit["parents"][0]["sha"], sha.as_str());
    assert_eq!(commit["author"]["login"], world.site.bot().as_str(), "the App's own commit");
    assert_eq!(repository.wait_for_ci(&head), "success");
    let check = || repository.check_runs(&sha).into_iter().find(|run| run["name"] == "heal").unwrap();
    eventually(60, "heal's check to end", || check()["status"] == "completed");
    assert_eq!(check()["conclusion"], "skipped", "the red commit stays red: {:#}", check()["output"]);
    let moves = |world: &World| -> Vec<Value> {
        let all = world.requests().into_iter().filter(|request| request.method == "PATCH");
        all.filter(|request| request.path.contains("/git/refs/")).map(|request| request.body).collect()
    };
    assert!(moves(&world).iter().all(|body| body["force"] != true), "never by force");
    repository.git(&["checkout", "-q", "main"]);
    let red = repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    healed(&repository);
    quiet();
    assert_eq!(repository.head("main"), Some(red), "main is not pushed to");
    assert_eq!(repository.head("change"), Some(head));
    assert_eq!((of_heal(&repository).len(), repository.issues().len(), moves(&world).len()), (1, 0, 1));
    end(world, serve);
}

const SUM: &str = "def total(left, right):\n    return left + right\n";

/// One patch pleases the tests: they need what came with the fault, so that the commit can't be taken back.
const DIFFERENCE: &str =
    "def total(left, right):\n    return left - right\n\n\ndef twice(value):\n    return value * 2\n";

const SUM_TESTS: &str = "import unittest\n\nfrom total import total\n\n\nclass TotalTest(unittest.TestCase):\n    def test_total(self):\n        self.assertEqual(total(2, 3), 5)\n        self.assertEqual(total(0, 4), 4)\n        self.assertEqual(total(\"a\", \"b\"), \"ab\")\n";

const TWICE_TESTS: &str = "import unittest\n\nfrom total import twice\n\n\nclass TwiceTest(unittest.TestCase):\n    def test_twice(self):\n        self.assertEqual(twice(4), 8)\n";

#[test]
fn only_what_is_of_low_risk_is_merged() {
    let Some(world) = World::start() else { return };
    let merging = "autonomy = \"merge_low_risk\"\n";
    let ci = python(GOOD)[2];
    let clear = world.repository("clear", &[("total.py", SUM), ("test_total.py", SUM_TESTS), ci, (POLICY, merging)]);
    let unclear = governed(&world, "unclear", merging);
    let taken_back =
        world.repository("taken-back", &[("total.py", SUM), ("test_total.py", SUM_TESTS), ci, (POLICY, merging)]);
    let serve = world.serve(&[]);
    clear.push("Add twice", &[("total.py", DIFFERENCE), ("test_twice.py", TWICE_TESTS)]);
    taken_back.push("Take away", &[("total.py", &SUM.replace('+', "-"))]);
    let red = unclear.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    let offered = healed(&clear)["body"].as_str().unwrap().to_owned();
    assert!(!offered.contains("different patches pass"), "{offered}");
    eventually(HEAL_S, "a merge", || of_heal(&clear)[0]["merged_at"].is_string());
    assert_eq!(clear.file("main", "total.py"), Some(DIFFERENCE.replace('-', "+")));
    eventually(60, "the branch to go", || clear.branches() == ["main"]);
    let same = healed(&taken_back)["body"].as_str().unwrap().to_owned();
    assert!(!same.contains("different patches pass"), "the commit taken back and the operator are one patch: {same}");
    let pull = healed(&unclear);
    quiet();
    let body = pull["body"].as_str().unwrap();
    assert!(body.contains("different patches pass"), "a risk that is not low is named:\n{body}");
    assert_eq!((&of_heal(&unclear)[0]["state"], unclear.head("main")), (&Value::from("open"), Some(red)));
    end(world, serve);
}

#[test]
fn drafts_labels_and_reviewers_are_as_the_policy_says() {
    let Some(world) = World::start() else { return };
    let [calc, tests, ci] = python(GOOD);
    let policy = "draft = true\nlabels = [\"repair\", \"by a bot\"]\n";
    let owners = format!("*.py @{}\n", world.site.collaborator.login);
    let files = [calc, tests, ci, (POLICY, policy), (".github/CODEOWNERS", &owners)];
    let repository = world.repository("calc", &files);
    let serve = world.serve(&[]);
    repository.git(&["config", "user.name", &world.site.stranger.name]);
    repository.git(&["config", "user.email", &world.site.stranger.email]);
    repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    healed(&repository);
    quiet();
    let pull = of_heal(&repository).remove(0);
    assert_eq!(pull["draft"], true);
    let names = |list: &Value, key: &str| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one[key].as_str().unwrap().to_owned()).collect()
    };
    let mut labels = names(&pull["labels"], "name");
    labels.sort();
    assert_eq!(labels, ["by a bot", "repair"]);
    let asked = names(&pull["requested_reviewers"], "login");
    assert_eq!(asked, [world.site.collaborator.login.as_str()], "who wrote the commit is no collaborator");
    end(world, serve);
}

#[test]
fn where_ci_runs_on_pull_requests_only_the_sandbox_s_proof_is_enough_if_the_policy_says_so() {
    let Some(world) = World::start() else { return };
    let [calc, tests, (path, ci)] = python(GOOD);
    let ci = ci.replace("on: [push, pull_request]", "on: pull_request");
    let repository = world.repository("calc", &[calc, tests, (POLICY, "verify = \"sandbox\"\n")]);
    let serve = world.serve(&[]);
    let sha = repository.push_to("change", "Change it", &[("calc.py", BROKEN), (path, &ci)]);
    repository.open("change", "A change");
    assert_eq!(repository.wait_for_ci(&sha), "failure");
    let pull = healed(&repository);
    assert_eq!(pull["base"]["ref"], "change");
    let body = pull["body"].as_str().unwrap();
    assert!(body.contains("sandbox"), "{body}");
    quiet();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    end(world, serve);
}

#[test]
fn no_more_pull_requests_are_open_than_the_policy_allows() {
    let Some(world) = World::start() else { return };
    let repository = governed(&world, "calc", "[limits]\nopen_pull_requests = 1\n");
    let serve = world.serve(&[]);
    repository.push_to("topic", "Find the largest by the smallest", &[("calc.py", BROKEN)]);
    healed(&repository);
    repository.git(&["checkout", "-q", "main"]);
    let sha = repository.push("Find the largest by the smallest here, too", &[("calc.py", BROKEN)]);
    assert_eq!(repository.wait_for_ci(&sha), "failure");
    quiet();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    assert_eq!(repository.branches().len(), 3);
    end(world, serve);
}

#[test]
fn what_is_switched_off_waits_and_a_day_has_as_many_heals_as_the_policy_allows() {
    let Some(world) = World::start() else { return };
    let repository = governed(&world, "calc", "[limits]\nheals_per_day = 1\n");
    let seen = world.deliveries().len();
    let serve = world.serve(&[("HEAL_DISABLED", "1")]);
    let sha = repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    assert_eq!(repository.wait_for_ci(&sha), "failure");
    world.deliver_all();
    quiet();
    assert!(world.deliveries()[seen..].iter().all(|delivery| delivery.status == Some(202)));
    assert_eq!(effects(&world, &repository), [""; 0]);
    assert_eq!(repository.check_runs(&sha).len(), 1, "not even heal's own check");
    assert!(serve.stop().success());
    let serve = world.serve(&[]);
    healed(&repository);
    let second = repository.push_to("topic", "Ask for more", &[("test_calc.py", UNFIXABLE)]);
    assert_eq!(repository.wait_for_ci(&second), "failure");
    quiet();
    assert!(repository.see(&format!("commits/{second}/comments")).as_array().unwrap().is_empty());
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    assert_eq!(repository.branches().len(), 3);
    end(world, serve);
}
