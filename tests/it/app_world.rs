//! The world of the App's tests is as GitHub is: what these stories rely on, told without heal.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value, json};

use crate::github::{Delivery, Fault, Repository, World, all_permissions, eventually, listen};
use crate::projects::{BROKEN, CI, GOOD, python};

/// A green project whose second commit broke it; its repository and that commit.
fn broken(world: &World) -> (Repository, String) {
    let repository = world.repository("calc", &python(GOOD));
    let sha = repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    assert_eq!(repository.wait_for_ci(&sha), "failure");
    (repository, sha)
}

/// heal in three requests: a branch with the fix on top of a commit. Gives the commit.
fn fix(world: &World, token: &str, repository: &Repository, sha: &str, branch: &str) -> String {
    let base = format!("/repos/{}", repository.name);
    let ask = |method: &str, path: &str, body: Value| {
        let (status, answer) = world.call(token, method, &format!("{base}{path}"), body);
        assert!(status < 300, "{method} {path}: {status} {answer:#}");
        answer
    };
    let commit = ask("GET", &format!("/git/commits/{sha}"), Value::Null);
    let entry = json!({"path": "calc.py", "mode": "100644", "content": GOOD});
    let tree = ask("POST", "/git/trees", json!({"base_tree": commit["tree"]["sha"], "tree": [entry]}));
    let body = json!({"message": "Find the largest again", "tree": tree["sha"], "parents": [sha]});
    let made = ask("POST", "/git/commits", body)["sha"].as_str().unwrap().to_owned();
    ask("POST", "/git/refs", json!({"ref": format!("refs/heads/{branch}"), "sha": made}));
    made
}

#[test]
fn a_broken_push_leaves_a_red_run_with_its_log() {
    let Some(world) = World::start() else { return };
    let (repository, sha) = broken(&world);
    let log = repository.logs(&sha);
    for part in
        ["##[group]Run python3 -m unittest", "AssertionError: 1 != 3", "##[error]Process completed with exit code 1."]
    {
        assert!(log.contains(part), "{part:?} is not in\n{log}");
    }
    let token = world.mint(&["calc"], all_permissions());
    let base = format!("/repos/{}", repository.name);
    let (_, runs) = world.call(
        &token,
        "GET",
        &format!("{base}/actions/runs?head_sha={sha}&status=failure&branch=main"),
        Value::Null,
    );
    assert_eq!(runs["total_count"], 1);
    let id = &runs["workflow_runs"][0]["id"];
    let (_, jobs) = world.call(&token, "GET", &format!("{base}/actions/runs/{id}/jobs"), Value::Null);
    assert_eq!(jobs["jobs"][0]["steps"][2]["conclusion"], "failure");
    let (status, url) =
        world.call(&token, "GET", &format!("{base}/actions/jobs/{}/logs", jobs["jobs"][0]["id"]), Value::Null);
    assert_eq!(status, 302);
    let url = url.as_str().unwrap();
    assert_eq!(world.fetch(url, None).1, log.into_bytes());
    assert_eq!(world.fetch(url, Some(&token)).0, 400, "the storage wants no credentials");
    let (_, archive) = world.call(&token, "GET", &format!("{base}/actions/runs/{id}/logs"), Value::Null);
    let archive = std::io::Cursor::new(world.fetch(archive.as_str().unwrap(), None).1);
    assert!(zip::ZipArchive::new(archive).unwrap().file_names().any(|name| name == "0_test.txt"));
    world.finish();
}

#[test]
fn a_branch_made_through_the_api_runs_ci_and_is_merged() {
    let Some(world) = World::start() else { return };
    let (repository, sha) = broken(&world);
    let token = world.mint(&["calc"], all_permissions());
    let made = fix(&world, &token, &repository, &sha, "heal/calc-1");
    assert_eq!(repository.wait_for_ci(&made), "success");
    let base = format!("/repos/{}", repository.name);
    let body = json!({"title": "Find the largest", "head": "heal/calc-1", "base": "main", "body": "…"});
    let (_, pull) = world.call(&token, "POST", &format!("{base}/pulls"), body.clone());
    assert_eq!(world.call(&token, "POST", &format!("{base}/pulls"), body).0, 422, "there is one already");
    let number = pull["number"].as_u64().unwrap();
    assert_eq!(repository.ci_runs(&made).len(), 2, "one for the push, one for the pull request");
    let (_, checks) = world.call(&token, "GET", &format!("{base}/commits/{made}/check-runs"), Value::Null);
    assert_eq!(checks["total_count"], 2);
    repository.someone_commits("main");
    let merged = repository.merge(number);
    assert_eq!(repository.wait_for_ci(&merged), "success");
    assert_eq!(repository.file("main", "calc.py").as_deref(), Some(GOOD));
    assert!(repository.file("main", "NEWS.txt").is_some(), "what others did stays");
    assert!(repository.pull_requests()[0]["merged_at"].is_string());
    let gone = world.call(&token, "DELETE", &format!("{base}/git/refs/heads/heal/calc-1"), Value::Null);
    assert_eq!((gone.0, repository.branches()), (204, vec!["main".to_owned()]));
    world.finish();
}

#[test]
fn jobs_are_run_again_under_the_same_run() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let flaky = "name: CI\non: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: test \"$GITHUB_RUN_ATTEMPT\" = 2\n";
    let sha = repository.push("Be flaky", &[(".github/workflows/ci.yml", flaky)]);
    assert_eq!(repository.wait_for_ci(&sha), "failure");
    let token = world.mint(&["calc"], json!({"actions": "write"}));
    let id = repository.ci_runs(&sha)[0]["id"].clone();
    let path = format!("/repos/{}/actions/runs/{id}", repository.name);
    assert_eq!(world.call(&token, "POST", &format!("{path}/rerun-failed-jobs"), Value::Null).0, 201);
    assert_eq!(repository.wait_for_ci(&sha), "success");
    assert_eq!(repository.ci_runs(&sha)[0]["run_attempt"], 2);
    assert_eq!(world.call(&token, "GET", &format!("{path}/attempts/1"), Value::Null).1["conclusion"], "failure");
    world.finish();
}

#[test]
fn a_fork_has_no_app_but_its_pull_request_has_ci() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let fork = repository.fork();
    let sha = fork.push_to("patch-1", "Change it", &[("calc.py", BROKEN)]);
    let number = repository.open_from(&fork, "patch-1", "A change");
    assert_eq!(repository.wait_for_ci(&sha), "failure");
    let run = &repository.ci_runs(&sha)[0];
    assert_eq!((&run["event"], &run["pull_requests"]), (&json!("pull_request"), &json!([])));
    assert_eq!(run["head_repository"]["full_name"], fork.name.as_str());
    let token = world.mint(&["calc"], all_permissions());
    let (_, pull) = world.call(&token, "GET", &format!("/repos/{}/pulls/{number}", repository.name), Value::Null);
    assert_eq!(pull["head"]["repo"]["fork"], true);
    assert_eq!(world.call(&token, "GET", &format!("/repos/{}/commits/{sha}", repository.name), Value::Null).0, 200);
    let of_fork = fork.git(&["ls-remote", &repository.remote(&token), &format!("refs/pull/{number}/head")]);
    assert!(of_fork.starts_with(&sha));
    world.finish();
}

#[test]
fn deliveries_are_signed_and_come_as_told() {
    let Some(world) = World::start() else { return };
    let got: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let kept = Arc::clone(&got);
    let secret = world.site.secret.clone();
    world.listen(Some(listen(move |headers, body| {
        assert_eq!(headers["x-hub-signature-256"], crate::github::signature(&secret, body), "the signature is right");
        let payload: Value = serde_json::from_slice(body).unwrap();
        assert!(payload["installation"]["id"].is_number() && payload["repository"]["clone_url"].is_string());
        let action = payload["action"].as_str().unwrap_or("-");
        let name = format!("{} {action}", headers["x-github-event"].to_str().unwrap());
        kept.lock().unwrap().push((headers["x-github-delivery"].to_str().unwrap().to_owned(), name));
    })));
    let (repository, _) = broken(&world);
    world.deliver_all();
    let names: Vec<String> = got.lock().unwrap().iter().map(|(_, name)| name.clone()).collect();
    let one = [
        "push -",
        "workflow_run requested",
        "check_run created",
        "workflow_job queued",
        "workflow_run in_progress",
        "workflow_job in_progress",
        "check_run completed",
        "workflow_job completed",
        "check_suite completed",
        "workflow_run completed",
    ];
    assert_eq!(names, [one, one].concat(), "each event once, in order");
    world.fault(Fault::Duplicate(3));
    got.lock().unwrap().clear();
    let issue = repository.act(&repository.person, "POST", "issues", &json!({"title": "A question"}));
    repository.comment(issue["number"].as_u64().unwrap(), "/heal status");
    eventually(10, "the comment's event", || got.lock().unwrap().len() >= 3);
    world.deliver_all();
    let copies = got.lock().unwrap().clone();
    assert_eq!(copies.len(), 3, "{copies:?}");
    assert!(copies.iter().all(|(id, name)| *id == copies[0].0 && name == "issue_comment created"));
    world.calm();
    world.finish();
}

#[test]
fn faults_strike_only_the_app() {
    let Some(world) = World::start() else { return };
    let (repository, sha) = broken(&world);
    let token = world.mint(&["calc"], all_permissions());
    let path = format!("/repos/{}", repository.name);
    let status = || world.call(&token, "GET", &path, Value::Null).0;
    world.fault(Fault::ServerErrors { count: 1 });
    repository.push_to("aside", "Leave main alone", &[]);
    repository.label(repository.open_question(), "bug");
    assert_eq!((status(), status()), (502, 200));
    world.fault(Fault::RateLimited { status: 429, retry_after_s: 1, count: 1 });
    assert_eq!((status(), status()), (429, 200));
    world.fault(Fault::Reset { count: 1 });
    assert_eq!((status(), status()), (0, 200));
    world.fault(Fault::LogsGone);
    let id = repository.ci_runs(&sha)[0]["id"].clone();
    assert_eq!(world.call(&token, "GET", &format!("{path}/actions/runs/{id}/logs"), Value::Null).0, 410);
    world.calm();
    world.fault(Fault::BranchMoves);
    fix(&world, &token, &repository, &sha, "heal/calc-1");
    assert_ne!(repository.head("main"), Some(sha.clone()));
    assert_eq!(world.call(&token, "DELETE", &format!("{path}/git/refs/heads/heal/calc-1"), Value::Null).0, 204);
    world.fault(Fault::ExpireTokens);
    assert_eq!((status(), status()), (401, 401));
    world.finish();
}

#[test]
fn git_asks_for_a_token_and_gives_parts() {
    let Some(world) = World::start() else { return };
    let (repository, sha) = broken(&world);
    let reader = world.mint(&["calc"], json!({"contents": "read"}));
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(arguments).current_dir(folder.path()).env("GIT_TERMINAL_PROMPT", "0");
        let output = command.output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    };
    let anonymous = repository.remote("").replace("x-access-token:@", "");
    assert_eq!(git(&["ls-remote", &anonymous]), None);
    assert_eq!(git(&["ls-remote", &repository.remote("ghs_nobody")]), None);
    let partial =
        ["clone", "-q", "--filter=blob:none", "--no-checkout", "--depth=1", &repository.remote(&reader), "clone"];
    assert!(git(&partial).is_some());
    let missing = git(&["-C", "clone", "rev-list", "--objects", "--missing=print", "HEAD"]).unwrap();
    assert!(missing.lines().any(|line| line.starts_with('?')), "blobs are left out:\n{missing}");
    assert_eq!(
        git(&["-C", "clone", "show", &format!("{sha}:calc.py")]).as_deref(),
        Some(BROKEN),
        "and come when asked for"
    );
    assert_eq!(git(&["-C", "clone", "push", "-q", "origin", "HEAD:refs/heads/x"]), None, "a reader does not push");
    let writer = world.mint(&["calc"], json!({"contents": "write"}));
    assert!(git(&["-C", "clone", "push", "-q", &repository.remote(&writer), "HEAD:refs/heads/x"]).is_some());
    assert_eq!(repository.head("x"), Some(sha));
    world.finish();
}

#[test]
fn a_pull_request_ends_with_its_branch() {
    let Some(world) = World::start() else { return };
    let (repository, sha) = broken(&world);
    let token = world.mint(&["calc"], all_permissions());
    let made = fix(&world, &token, &repository, &sha, "heal/calc-1");
    let number = repository.open("heal/calc-1", "Find the largest");
    assert_eq!(repository.wait_for_ci(&made), "success");
    let path = format!("/repos/{}/git/refs/heads/heal/calc-1", repository.name);
    assert_eq!(world.call(&token, "DELETE", &path, Value::Null).0, 204);
    let pull = repository.see(&format!("pulls/{number}"));
    assert_eq!((&pull["state"], &pull["merged"]), (&json!("closed"), &json!(false)));
    world.deliver_all();
    let closed = |delivery: &Delivery| delivery.event == "pull_request" && delivery.payload["action"] == "closed";
    assert_eq!(world.deliveries().iter().filter(|delivery| closed(delivery)).count(), 1);
    world.finish();
}

#[test]
fn where_the_emulator_errs_the_world_answers_as_github() {
    let Some(world) = World::start() else { return };
    let (repository, sha) = broken(&world);
    let token = world.mint(&["calc"], all_permissions());
    let base = format!("/repos/{}", repository.name);
    let ask = |method: &str, path: &str, body: Value| world.call(&token, method, &format!("{base}{path}"), body);
    fix(&world, &token, &repository, &sha, "heal/calc-1");
    let number = repository.open("heal/calc-1", "Find the largest");
    let review = |line: u64| {
        let comment = json!({"path": "calc.py", "line": line, "side": "RIGHT", "body": "the other way round"});
        ask(
            "POST",
            &format!("/pulls/{number}/reviews"),
            json!({"event": "COMMENT", "body": "see", "comments": [comment]}),
        )
        .0
    };
    assert_eq!((review(4), review(40)), (200, 422), "a comment is on a line of the diff");
    assert_eq!(repository.line_comments(number)[0]["line"], 4);
    let reviewers = json!({"reviewers": [world.site.collaborator.login]});
    assert_eq!(ask("POST", &format!("/pulls/{number}/requested_reviewers"), reviewers).0, 201);
    let strangers = json!({"reviewers": [world.site.stranger.login]});
    assert_eq!(ask("POST", &format!("/pulls/{number}/requested_reviewers"), strangers).0, 422);
    let permission =
        |login: &str| ask("GET", &format!("/collaborators/{login}/permission"), Value::Null).1["permission"].clone();
    assert_eq!(permission(&world.site.collaborator.login), "write");
    assert_eq!(permission(&world.site.stranger.login), "none");
    assert_eq!(ask("DELETE", "/git/refs/heads/nothing", Value::Null).0, 422);
    let label = json!({"name": "heal", "color": "ededed"});
    assert_eq!(ask("POST", "/labels", label.clone()).0, 201);
    assert_eq!(ask("POST", "/labels", label).1["errors"][0]["code"], "already_exists");
    repository.merge(number);
    ask("DELETE", "/git/refs/heads/heal/calc-1", Value::Null);
    world.finish();
}

#[test]
fn logs_come_slowly_or_cut_and_quotas_end() {
    let Some(world) = World::start() else { return };
    let (repository, sha) = broken(&world);
    let token = world.mint(&["calc"], all_permissions());
    let job = repository.check_runs(&sha)[0]["id"].clone();
    let log = || {
        let path = format!("/repos/{}/actions/jobs/{job}/logs", repository.name);
        let (_, url) = world.call(&token, "GET", &path, Value::Null);
        let started = Instant::now();
        (world.fetch(url.as_str().unwrap(), None).1.len(), started.elapsed().as_millis())
    };
    let whole = log().0;
    world.fault(Fault::TruncatedLogs);
    assert_eq!(log().0, whole / 2);
    world.calm();
    world.fault(Fault::SlowLogs);
    let (length, took) = log();
    assert_eq!(length, whole);
    assert!(took > 1_000, "{took} ms");
    world.calm();
    world.fault(Fault::Stall { seconds: 1 });
    let started = Instant::now();
    world.fault(Fault::QuotaSpent { reset_in_s: 1, count: 1 });
    assert_eq!(world.call(&token, "GET", "/installation/repositories", Value::Null).0, 403);
    assert!(started.elapsed().as_millis() >= 1_000);
    world.finish();
}

#[test]
fn deliveries_are_reordered_and_lost() {
    let Some(world) = World::start() else { return };
    let count = Arc::new(Mutex::new(0));
    let kept = Arc::clone(&count);
    world.listen(Some(listen(move |_, _| *kept.lock().unwrap() += 1)));
    world.fault(Fault::Reorder);
    let repository = world.repository("calc", &python(GOOD));
    world.deliver_all();
    let deliveries = world.deliveries();
    assert!(!deliveries.is_sorted_by_key(|delivery| delivery.id.rsplit('-').next().unwrap().to_owned()));
    assert_eq!(*count.lock().unwrap(), deliveries.len());
    assert!(deliveries.iter().all(|delivery| delivery.status == Some(202) && !delivery.took.is_zero()));
    world.calm();
    world.fault(Fault::Lose);
    repository.push("Go on", &[]);
    world.deliver_all();
    assert_eq!(*count.lock().unwrap(), deliveries.len());
    world.finish();
}

#[test]
fn tokens_reach_no_further_than_they_were_minted_for() {
    let Some(world) = World::start() else { return };
    let (repository, sha) = broken(&world);
    world.repository(
        "other",
        &[
            (".github/workflows/ci.yml", CI),
            ("test_nothing.py", "import unittest\n\nclass T(unittest.TestCase):\n    def test(self):\n        pass\n"),
        ],
    );
    let token = world.mint(&["calc"], json!({"contents": "read"}));
    let ask = |method: &str, path: &str, body: Value| world.call(&token, method, path, body).0;
    let base = format!("/repos/{}", repository.name);
    let other = repository.name.replace("/calc", "/other");
    assert_eq!(ask("GET", &format!("{base}/commits/{sha}"), Value::Null), 200);
    assert_eq!(ask("GET", &format!("/repos/{other}/commits"), Value::Null), 403);
    assert_eq!(ask("GET", &format!("{base}/actions/runs"), Value::Null), 403);
    assert_eq!(ask("POST", &format!("{base}/git/refs"), json!({"ref": "refs/heads/x", "sha": sha})), 403);
    let (_, mine) = world.call(&token, "GET", "/installation/repositories", Value::Null);
    assert_eq!(mine["total_count"], 1);
    assert_eq!(world.call("ghs_nobody", "GET", &base, Value::Null).0, 401);
    world.finish();
}

#[test]
#[should_panic(expected = "no parameter `frobnicate`")]
fn a_request_that_github_does_not_know_fails_the_story() {
    let Some(world) = World::start() else { panic!("no parameter `frobnicate`: skipped") };
    let repository = world.repository("calc", &python(GOOD));
    let token = world.mint(&["calc"], all_permissions());
    world.call(&token, "GET", &format!("/repos/{}/pulls?frobnicate=1", repository.name), Value::Null);
    world.finish();
}
