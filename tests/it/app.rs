//! The GitHub App from outside: a push breaks the build, and `heal serve` does what it should, once.
//!
//! Each story ends with [`World::finish`]: no branch, secret, file or unknown request is left.

use crate::github::{Fault, Repository, Serve, World, eventually};
use crate::projects::{BROKEN, CI, FLAKY, GOOD, UNFIXABLE, javascript, python};
use serde_json::{Value, json};

/// How long a heal may take on a slow machine, CI included.
const HEAL_S: u64 = 150;

/// How long nothing must happen before we believe that nothing will.
const QUIET_S: u64 = 8;

/// The sweep every two seconds, for stories of lost deliveries.
const SWEEP: &[(&str, &str)] = &[("HEAL_SWEEP_SECONDS", "2")];

/// The pull requests that heal opened.
fn of_heal(repository: &Repository) -> Vec<Value> {
    let all = repository.pull_requests().into_iter();
    all.filter(|pull| pull["head"]["ref"].as_str().is_some_and(|name| name.starts_with("heal/"))).collect()
}

/// Waits for heal's pull request and looks at what every one must be.
fn healed(repository: &Repository) -> Value {
    eventually(HEAL_S, "heal's pull request", || !of_heal(repository).is_empty());
    let pull = of_heal(repository).remove(0);
    let head = pull["head"]["sha"].as_str().unwrap();
    assert_eq!(repository.wait_for_ci(head), "success", "the pull request is green:\n{}", repository.logs(head));
    assert_eq!(pull["user"]["type"], "Bot");
    pull
}

/// Waits, and asserts that nothing more came.
fn settled(repository: &Repository, pulls: usize, issues: usize) {
    std::thread::sleep(std::time::Duration::from_secs(QUIET_S));
    assert_eq!(of_heal(repository).len(), pulls, "pull requests of heal");
    assert_eq!(repository.issues().len(), issues, "issues");
}

fn end(world: World, serve: Serve) {
    assert!(serve.stop().success(), "SIGTERM is a clean end");
    world.finish();
}

#[test]
fn a_broken_python_project_gets_a_green_pull_request() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    let pushed = std::time::Instant::now();
    let sha = repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    eventually(HEAL_S, "heal's pull request", || !of_heal(&repository).is_empty());
    println!("from the push to the pull request, two runs of CI included: {:?}", pushed.elapsed());
    let pull = healed(&repository);
    assert_eq!(pull["base"]["ref"], "main");
    let head = pull["head"]["ref"].as_str().unwrap();
    assert!(head.contains(&sha[..7]), "{head} names the commit");
    let body = pull["body"].as_str().unwrap();
    for fact in ["test_largest", "calc.py", &sha[..7], "/actions/runs/"] {
        assert!(body.contains(fact), "{fact:?} is not in\n{body}");
    }
    assert_eq!(repository.head("main"), Some(sha.clone()), "main is as it was");
    assert_eq!(repository.branches().len(), 2);
    assert!(repository.check_runs(&sha).iter().any(|run| run["name"] == "heal" && run["status"] == "completed"));
    for token in world.minted() {
        let writes = token.permissions.as_object().unwrap().values().any(|level| level == "write");
        let scope = token.repositories.map_or(usize::MAX, |ids| ids.len());
        assert!(!writes || scope == 1, "a token that may write is for one repository");
    }
    settled(&repository, 1, 0);
    let merged = repository.merge(pull["number"].as_u64().unwrap());
    assert_eq!(repository.wait_for_ci(&merged), "success");
    eventually(60, "the branch to be removed", || repository.branches() == ["main"]);
    end(world, serve);
}

#[test]
fn a_broken_javascript_project_gets_a_green_pull_request() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("stock", &javascript(">="));
    let serve = world.serve(&[]);
    repository.push("Sell the last one, too", &javascript(">"));
    healed(&repository);
    settled(&repository, 1, 0);
    end(world, serve);
}

#[test]
fn what_can_not_be_healed_becomes_one_issue() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    repository.push("Ask for more", &[("test_calc.py", UNFIXABLE)]);
    eventually(HEAL_S, "an alert", || repository.issues().len() == 1);
    settled(&repository, 0, 1);
    assert_eq!(repository.branches(), ["main"]);
    end(world, serve);
}

#[test]
fn deliveries_three_times_and_out_of_order_make_one_pull_request() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    world.fault(Fault::Duplicate(3));
    world.fault(Fault::Reorder);
    repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    healed(&repository);
    for delivery in world.deliveries() {
        world.redeliver(&delivery);
    }
    world.deliver_all();
    settled(&repository, 1, 0);
    end(world, serve);
}

#[test]
fn a_failure_whose_deliveries_were_lost_is_found_by_the_sweep() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(SWEEP);
    world.fault(Fault::Lose);
    repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    healed(&repository);
    settled(&repository, 1, 0);
    end(world, serve);
}

#[test]
fn a_flaky_failure_is_run_again_and_not_patched() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    let sha = repository.push("Be flaky", &[("test_flaky.py", FLAKY)]);
    eventually(HEAL_S, "the rerun", || repository.ci_runs(&sha)[0]["run_attempt"] == 2);
    assert_eq!(repository.wait_for_ci(&sha), "success");
    settled(&repository, 0, 0);
    end(world, serve);
}

#[test]
fn a_fork_gets_a_comment_and_no_push() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    let fork = repository.fork();
    let sha = fork.push_to("patch-1", "Change it", &[("calc.py", BROKEN)]);
    let number = repository.open_from(&fork, "patch-1", "A change");
    assert_eq!(repository.wait_for_ci(&sha), "failure");
    let said = || repository.comments(number).len() + repository.reviews(number).len();
    eventually(HEAL_S, "a comment", || said() > 0);
    settled(&repository, 0, 0);
    assert_eq!(repository.branches(), ["main"]);
    assert_eq!(fork.branches(), ["main", "patch-1"]);
    assert_eq!(fork.head("patch-1"), Some(sha));
    assert!(repository.comments(number).len() <= 1, "one comment, edited rather than repeated");
    end(world, serve);
}

#[test]
fn a_newer_commit_supersedes_the_heal() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    let fixed = repository.push("Find the largest", &[("calc.py", GOOD)]);
    assert_eq!(repository.wait_for_ci(&fixed), "success");
    eventually(HEAL_S, "heal to give way", || of_heal(&repository).iter().all(|pull| pull["state"] == "closed"));
    std::thread::sleep(std::time::Duration::from_secs(QUIET_S));
    assert_eq!(repository.branches(), ["main"]);
    end(world, serve);
}

#[test]
fn a_killed_server_goes_on_where_it_was() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let mut serve = world.serve(SWEEP);
    repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    for moment in [200, 500, 900, 1_400, 2_000, 2_700] {
        std::thread::sleep(std::time::Duration::from_millis(moment));
        serve.kill();
        serve = world.serve(SWEEP);
    }
    healed(&repository);
    settled(&repository, 1, 0);
    end(world, serve);
}

#[test]
fn every_fault_of_the_network_is_outlived() {
    let faults = [
        Fault::ServerErrors { count: 5 },
        Fault::RateLimited { status: 429, retry_after_s: 1, count: 2 },
        Fault::RateLimited { status: 403, retry_after_s: 1, count: 2 },
        Fault::QuotaSpent { reset_in_s: 2, count: 2 },
        Fault::Reset { count: 3 },
        Fault::Stall { seconds: 5 },
        Fault::SlowLogs,
        Fault::ExpireTokens,
        Fault::BranchMoves,
    ];
    for fault in faults {
        let Some(world) = World::start() else { return };
        let repository = world.repository("calc", &python(GOOD));
        let serve = world.serve(SWEEP);
        world.fault(fault);
        repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
        healed(&repository);
        world.calm();
        end(world, serve);
    }
}

#[test]
fn logs_that_are_gone_or_cut_end_in_one_outcome() {
    for fault in [Fault::LogsGone, Fault::TruncatedLogs, Fault::NoRuns] {
        let Some(world) = World::start() else { return };
        let [calc, tests, ci] = python(GOOD);
        let policy = (".github/heal.toml", "[limits]\nci_start_minutes = 1\n");
        let repository = world.repository("calc", &[calc, tests, ci, policy]);
        let serve = world.serve(SWEEP);
        let sha = repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
        world.fault(fault);
        assert_eq!(repository.wait_for_ci(&sha), "failure");
        eventually(HEAL_S, "an outcome", || !of_heal(&repository).is_empty() || !repository.issues().is_empty());
        std::thread::sleep(std::time::Duration::from_secs(QUIET_S));
        assert_eq!(of_heal(&repository).len() + repository.issues().len(), 1);
        world.calm();
        end(world, serve);
    }
}

#[test]
fn secrets_of_a_log_are_told_to_no_one() {
    let Some(world) = World::start() else { return };
    let secret = concat!("ghp_", "0123456789abcdefABCDEF0123456789abcd");
    world.plant(secret);
    let ci = CI.replace("run: python3", &format!("run: echo token={secret} && python3"));
    let repository = world.repository("calc", &[python(GOOD)[0], python(GOOD)[1], (".github/workflows/ci.yml", &ci)]);
    let serve = world.serve(&[]);
    repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    healed(&repository);
    end(world, serve);
}

#[test]
fn the_label_that_stops_heal_stops_it() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    repository.push_to("change", "Start a change", &[("README.md", "A change.\n")]);
    let number = repository.open("change", "A change");
    repository.label(number, "heal:off");
    let sha = repository.push_to("change", "Change it", &[("calc.py", BROKEN)]);
    assert_eq!(repository.wait_for_ci(&sha), "failure");
    repository.comment_as(&world.site.owner, number, "Leave it.");
    settled(&repository, 0, 0);
    assert!(repository.line_comments(number).is_empty());
    assert_eq!(repository.comments(number).len(), 1);
    end(world, serve);
}

#[test]
fn a_server_that_rests_is_small_and_knows_nothing_unsigned() {
    let Some(world) = World::start() else { return };
    let serve = world.serve_with("", &[]);
    println!("heal serve: ready after {:?}, {} KiB resident when idle", serve.ready_after, serve.resident_kib());
    assert!(serve.resident_kib() < 40 * 1_024, "{} KiB", serve.resident_kib());
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(serve.get(path).map(|(status, _)| status), Some(200), "{path}");
    }
    let delivered = world.deliver("ping", json!({"zen": "Keep it logically awesome.", "hook_id": 1}));
    world.deliver_all();
    let ping = world.deliveries().into_iter().find(|delivery| delivery.id == delivered).unwrap();
    assert_eq!(ping.status, Some(202));
    end(world, serve);
}
