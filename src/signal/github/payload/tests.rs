//! Tables over small payloads of our own, and mutations of them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::signal::github::facts::*;
use crate::signal::github::names::{BranchName, RepositoryName};
use crate::signal::github::said::ReviewState;
use crate::signal::github::signals::*;

const SHA: &str = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";
const OTHER_SHA: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const ZERO: &str = "0000000000000000000000000000000000000000";

/// What every payload of ours holds, around its own part.
fn with_common(own: Value) -> Value {
    let mut payload = json!({
        "repository": {
            "id": 1, "full_name": "octo/hello", "default_branch": "main", "private": false, "fork": false,
            "html_url": "https://github.com/octo/hello", "clone_url": "https://github.com/octo/hello.git",
        },
        "installation": {"id": 5},
        "sender": {"id": 2, "login": "mona", "type": "User"},
    });
    for (name, value) in own.as_object().unwrap() {
        payload[name] = value.clone();
    }
    payload
}

fn run() -> Value {
    with_common(json!({"action": "completed", "workflow_run": {
        "id": 11, "name": "CI", "workflow_id": 12, "path": ".github/workflows/ci.yml", "event": "push",
        "head_branch": "main", "head_sha": SHA, "status": "completed", "conclusion": "failure", "run_attempt": 2,
        "head_repository": {"full_name": "octo/hello"}, "html_url": "https://github.com/octo/hello/actions/runs/11",
        "pull_requests": [{"number": 3, "head": {"ref": "feature"}, "base": {"ref": "main"}}],
        "actor": {"id": 2, "login": "mona", "type": "User"},
    }}))
}

fn check_run() -> Value {
    with_common(json!({"action": "completed", "check_run": {
        "id": 21, "name": "lint", "head_sha": SHA, "status": "completed", "conclusion": "failure",
        "details_url": "https://ci.example/21", "check_suite": {"head_branch": "feature"},
        "app": {"id": 99, "slug": "other-ci"},
        "pull_requests": [{"number": 3, "head": {"ref": "feature"}, "base": {"ref": "main"}}],
    }}))
}

fn status() -> Value {
    with_common(json!({"id": 31, "sha": SHA, "state": "error", "context": "ci/other", "target_url": null, "branches": [
        {"name": "old", "commit": {"sha": OTHER_SHA}}, {"name": "feature", "commit": {"sha": SHA}},
        {"name": "main", "commit": {"sha": SHA}},
    ]}))
}

fn push() -> Value {
    with_common(json!({"ref": "refs/heads/feature/x", "before": OTHER_SHA, "after": SHA, "deleted": false,
        "forced": true, "pusher": {"name": "mona"}}))
}

fn pull_request() -> Value {
    with_common(json!({"action": "labeled", "label": {"name": "heal:off"}, "pull_request": {
        "number": 3, "draft": false, "merged": false, "labels": [{"name": "bug"}, {"name": "heal:off"}],
        "head": {"ref": "feature", "sha": SHA, "repo": {"full_name": "mona/hello"}}, "base": {"ref": "main"},
        "user": {"id": 2, "login": "mona", "type": "User"},
    }}))
}

fn review() -> Value {
    with_common(json!({"action": "submitted", "pull_request": {"number": 3, "head": {"ref": "heal/x"}}, "review": {
        "id": 41, "state": "APPROVED", "body": null, "commit_id": SHA, "author_association": "MEMBER",
        "user": {"id": 2, "login": "mona", "type": "User"},
    }}))
}

fn comment() -> Value {
    with_common(json!({"action": "created", "issue": {"number": 3, "pull_request": {}}, "comment": {
        "id": 51, "body": "/heal\nplease", "author_association": "COLLABORATOR",
        "user": {"id": 6, "login": "renovate[bot]", "type": "Bot"},
    }}))
}

fn installation() -> Value {
    json!({"action": "created", "repositories": [{"id": 1, "full_name": "octo/hello"}],
        "installation": {"id": 5, "app_id": 99, "account": {"login": "octo"}}})
}

fn read(event: &str, payload: &Value) -> Result<GithubSignal, PayloadError> {
    let body = serde_json::to_vec(payload).unwrap();
    parse(&EventKind::named(event), VerifiedBody::kept(&body))
}

/// The payload with the value at a JSON pointer replaced.
fn with(mut payload: Value, pointer: &str, value: Value) -> Value {
    *payload.pointer_mut(pointer).unwrap() = value;
    payload
}

#[track_caller]
fn check_run_signal(payload: &Value) -> RunSignal {
    match read("workflow_run", payload) {
        Ok(GithubSignal::RunCompleted(run) | GithubSignal::RunStarted(run)) => *run,
        other => panic!("not a run: {other:?}"),
    }
}

#[track_caller]
fn check_check(event: &str, payload: &Value) -> CheckSignal {
    match read(event, payload) {
        Ok(GithubSignal::CheckCompleted(check)) => *check,
        other => panic!("not a check: {other:?}"),
    }
}

#[track_caller]
fn check_ignored(event: &str, payload: &Value) {
    assert!(matches!(read(event, payload), Ok(GithubSignal::Ignored { .. })), "{:?}", read(event, payload));
}

#[track_caller]
fn check_error(event: &str, payload: &Value, message: &str) {
    assert_eq!(read(event, payload).unwrap_err().to_string(), message);
}

#[test]
fn a_failed_run_says_what_ran_and_where() {
    let signal = check_run_signal(&run());
    assert_eq!((signal.repository.owner(), signal.repository.name()), ("octo", "hello"));
    assert_eq!(signal.installation.map(|id| id.0), Some(5));
    let run = signal.run;
    let whole = read("workflow_run", &self::run()).unwrap();
    assert_eq!(whole.repository(), Some(&signal.repository));
    assert_eq!((whole.installation(), whole.label()), (signal.installation, "run_completed"));
    assert_eq!((run.id, run.workflow_id, run.attempt), (11, 12, 2));
    assert_eq!((run.head_branch.as_str(), run.head_sha.short()), ("main", "ec26c3e5"));
    assert_eq!((run.status, run.conclusion), (RunStatus::Completed, Some(Conclusion::Failure)));
    assert_eq!(run.origin, Origin::Same);
    assert_eq!(run.pull_requests[0].number, 3);
    assert_eq!(run.actor.unwrap().login.as_str(), "mona");
}

#[test]
fn a_run_of_other_code_is_a_forks() {
    let fork = |head: Value| check_run_signal(&with(run(), "/workflow_run/head_repository", head)).run.origin;
    assert_eq!(fork(json!({"full_name": "Octo/Hello"})), Origin::Same);
    assert_eq!(fork(json!({"full_name": "eve/hello"})), Origin::Fork(RepositoryName::new("eve/hello").ok()));
    assert_eq!(fork(Value::Null), Origin::Fork(None));
}

#[test]
fn runs_of_tags_and_of_no_branch_are_ignored() {
    check_ignored("workflow_run", &with(run(), "/workflow_run/head_branch", Value::Null));
    check_ignored("workflow_run", &with(run(), "/workflow_run/head_branch", json!("refs/tags/v1")));
    check_ignored("workflow_run", &with(run(), "/workflow_run/event", json!("release")));
    check_ignored("workflow_run", &with(run(), "/workflow_run/path", json!("ci.yml@refs/tags/v1")));
    check_ignored("workflow_run", &with(run(), "/action", json!("approved")));
}

#[test]
fn a_run_that_begins_has_no_conclusion() {
    let begun = with(run(), "/workflow_run/conclusion", Value::Null);
    let begun = with(with(begun, "/workflow_run/status", json!("queued")), "/action", json!("requested"));
    assert!(matches!(read("workflow_run", &begun), Ok(GithubSignal::RunStarted(_))));
    let begun = check_run_signal(&begun).run;
    assert_eq!((begun.status, begun.conclusion), (RunStatus::Waiting, None));
    let nameless = with(run(), "/workflow_run/name", Value::Null);
    assert_eq!(check_run_signal(&nameless).run.name, ".github/workflows/ci.yml");
}

#[test]
fn other_ci_systems_report_by_checks() {
    let check = check_check("check_run", &check_run());
    assert_eq!((check.kind, check.id, check.name.as_str()), (CheckKind::Run, 21, "lint"));
    assert_eq!(check.branch, BranchName::new("feature").ok());
    assert!(check.conclusion.is_failure());
    assert!(check.is_own(99) && !check.is_own(1));
    let nameless = with(check_run(), "/check_run/app", Value::Null);
    assert!(!check_check("check_run", &nameless).is_own(99));
    assert!(check_check("check_run", &with(nameless, "/check_run/name", json!("heal"))).is_own(99));

    let mut suite = check_run();
    suite["check_suite"] = json!({"id": 22, "head_branch": null, "head_sha": SHA, "conclusion": "success",
        "app": {"id": 99, "name": "Other CI"}, "pull_requests": []});
    let suite = check_check("check_suite", &suite);
    assert_eq!((suite.kind, suite.name.as_str(), suite.branch), (CheckKind::Suite, "Other CI", None));
}

#[test]
fn checks_of_github_actions_or_without_an_end_are_ignored() {
    check_ignored("check_run", &with(check_run(), "/check_run/app/slug", json!("github-actions")));
    check_ignored("check_run", &with(check_run(), "/check_run/conclusion", Value::Null));
    check_ignored("check_run", &with(check_run(), "/action", json!("created")));
    check_ignored("status", &with(status(), "/state", json!("pending")));
    check_ignored("workflow_job", &json!([]));
    check_ignored("star", &json!(1));
}

#[test]
fn a_status_belongs_to_the_branch_whose_head_it_is_on() {
    let check = check_check("status", &status());
    assert_eq!((check.kind, check.conclusion), (CheckKind::Status, Conclusion::Failure));
    assert_eq!(check.branch, BranchName::new("main").ok());
    let moved = with(status(), "/branches", json!([{"name": "old", "commit": {"sha": OTHER_SHA}}]));
    assert_eq!(check_check("status", &moved).branch, None);
}

#[test]
fn a_push_makes_moves_or_deletes_a_branch() {
    let pushed = |payload: &Value| match read("push", payload) {
        Ok(GithubSignal::Pushed(push)) => *push,
        other => panic!("not a push: {other:?}"),
    };
    let moved = pushed(&push());
    assert_eq!((moved.branch.as_str(), moved.forced, moved.deleted()), ("feature/x", true, false));
    assert!(!moved.is_default_branch());
    assert_eq!(pushed(&with(push(), "/before", json!(ZERO))).before, None);
    assert!(pushed(&with(push(), "/after", json!(ZERO))).deleted());
    assert!(pushed(&with(push(), "/ref", json!("refs/heads/main"))).is_default_branch());
    check_ignored("push", &with(push(), "/ref", json!("refs/tags/v1")));
    check_error(
        "push",
        &with(push(), "/ref", json!("refs/heads/../x")),
        "ref: git does not allow this name of a branch",
    );
}

#[test]
fn a_pull_request_tells_labels_and_forks() {
    let Ok(GithubSignal::PullRequestChanged(changed)) = read("pull_request", &pull_request()) else { panic!() };
    assert_eq!((changed.number, changed.action), (3, PullRequestAction::Labeled));
    assert_eq!((changed.labels.len(), changed.label.as_deref()), (2, Some("heal:off")));
    assert!(changed.origin.is_fork());
    let deleted = with(pull_request(), "/pull_request/head/repo", Value::Null);
    let Ok(GithubSignal::PullRequestChanged(deleted)) = read("pull_request", &deleted) else { panic!() };
    assert_eq!(deleted.origin, Origin::Fork(None));
    check_ignored("pull_request", &with(pull_request(), "/action", json!("assigned")));
}

#[test]
fn reviews_and_comments_tell_who_wrote_them() {
    let Ok(GithubSignal::Reviewed(reviewed)) = read("pull_request_review", &review()) else { panic!() };
    assert_eq!((reviewed.state, reviewed.association), (ReviewState::Approved, Association::Member));
    assert_eq!((reviewed.body.as_str(), reviewed.author.unwrap().bot), ("", false));

    let Ok(GithubSignal::Commented(written)) = read("issue_comment", &comment()) else { panic!() };
    assert_eq!((written.number, written.is_pull_request, written.body.as_str()), (3, true, "/heal\nplease"));
    assert!(written.author.unwrap().bot);
    let on_issue = with(comment(), "/issue", json!({"number": 3}));
    let on_issue = with(on_issue, "/comment/user", Value::Null);
    let Ok(GithubSignal::Commented(written)) = read("issue_comment", &on_issue) else { panic!() };
    assert_eq!((written.is_pull_request, written.author), (false, None));
}

#[test]
fn a_long_comment_is_cut() {
    let long = with(comment(), "/comment/body", json!(format!("/heal {}", "ü".repeat(MAX_COMMENT_BYTES))));
    let Ok(GithubSignal::Commented(written)) = read("issue_comment", &long) else { panic!() };
    assert!(written.body.len() <= MAX_COMMENT_BYTES && written.body.starts_with("/heal ü"));
}

#[test]
fn installations_bring_and_take_repositories() {
    let change = |event: &str, payload: &Value| match read(event, payload) {
        Ok(GithubSignal::InstallationChanged(change)) => (change.action, change.added.len(), change.removed.len()),
        other => panic!("not an installation: {other:?}"),
    };
    assert_eq!(change("installation", &installation()), (InstallationAction::Created, 1, 0));
    let deleted = with(installation(), "/action", json!("deleted"));
    assert_eq!(change("installation", &deleted), (InstallationAction::Deleted, 0, 1));
    let mut changed = installation();
    changed["repositories_removed"] = json!([{"id": 1, "full_name": "octo/hello"}, {"id": 2, "full_name": "octo/b"}]);
    assert_eq!(change("installation_repositories", &changed), (InstallationAction::RepositoriesChanged, 0, 2));
}

#[test]
fn errors_name_the_field_and_quote_nothing() {
    let cases = [
        ("/workflow_run/head_sha", json!("evil\u{1b}[31m"), "workflow_run.head_sha: not 40 or 64 hexadecimal digits"),
        ("/workflow_run/head_sha", Value::Null, "workflow_run.head_sha: missing"),
        ("/workflow_run/id", json!("11"), "workflow_run.id: expected a number, found a text"),
        ("/workflow_run/id", json!(-1), "workflow_run.id: a number out of range"),
        ("/workflow_run/id", json!(1e300), "workflow_run.id: a number out of range"),
        ("/workflow_run/id", json!(u64::MAX), "workflow_run.id: a number out of range"),
        ("/workflow_run/name", json!("a\u{202e}b"), "workflow_run.name: a name with control characters"),
        (
            "/workflow_run/head_branch",
            json!("a\nb"),
            "workflow_run.head_branch: a name of a branch with control characters",
        ),
        (
            "/workflow_run/pull_requests/0/number",
            json!({}),
            "workflow_run.pull_requests[0].number: expected a number, found an object",
        ),
        ("/workflow_run/pull_requests", json!(1), "workflow_run.pull_requests: expected a list, found a number"),
        ("/workflow_run", json!([]), "workflow_run: expected an object, found a list"),
        (
            "/repository/full_name",
            json!("a/../b"),
            "repository.full_name: not owner/name of letters, digits, '.', '_' and '-'",
        ),
        (
            "/repository/clone_url",
            json!("https://u:p@host/x"),
            "repository.clone_url: not an http or https address without a user",
        ),
        (
            "/repository/clone_url",
            json!("ext::sh -c x"),
            "repository.clone_url: not an http or https address without a user",
        ),
        ("/repository/private", json!("no"), "repository.private: expected true or false, found a text"),
        ("/sender/login", json!("a b"), "sender.login: not the login of an account"),
        ("/installation", json!(7), "installation: expected an object, found a number"),
    ];
    for (pointer, value, message) in cases {
        check_error("workflow_run", &with(run(), pointer, value), message);
    }
    check_error("push", &json!([]), "payload: expected an object, found a list");
    check_error("push", &json!({}), "ref: missing");
}

#[test]
fn what_is_no_json_is_an_error_with_its_place() {
    let deep = "[".repeat(100_000);
    let broken_text = b"{\"ref\":\"\xff\"}".as_slice();
    for body in [b"".as_slice(), b"{", b"payload=%7B%7D", b"{\"ref\": NaN}", b"{} x", deep.as_bytes(), broken_text] {
        let error = parse(&EventKind::Push, VerifiedBody::kept(body)).unwrap_err();
        assert!(matches!(error, PayloadError::NotJson { .. }), "{error}");
    }
}

/// All payloads of ours with their events.
fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("workflow_run", run()),
        ("check_run", check_run()),
        ("status", status()),
        ("push", push()),
        ("pull_request", pull_request()),
        ("pull_request_review", review()),
        ("issue_comment", comment()),
        ("installation", installation()),
        ("ping", json!({"zen": "x", "hook_id": 1})),
    ]
}

/// The JSON pointers of all values.
fn pointers(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| pointers(value, &format!("{here}/{key}"), found))
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| pointers(value, &format!("{here}/{index}"), found));
        }
        _ => {}
    }
}

/// Values that something might stumble over.
fn odd_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("")),
        Just(json!("refs/heads/")),
        Just(json!("\u{0}")),
        Just(json!("é".repeat(50_000))),
        Just(json!("a/b")),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let names = prop_oneof!["id", "name", "ref", "sha", "full_name", "login"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names, inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_replaced_value_makes_it_panic_or_quote(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), odd_value()), 1..4),
    ) {
        let (event, mut payload) = which.get(&all()).clone();
        for (place, value) in changes {
            let mut places = Vec::new();
            pointers(&payload, "", &mut places);
            *payload.pointer_mut(place.get::<String>(&places)).unwrap() = value;
        }
        if let Err(error) = read(event, &payload) {
            prop_assert!(error.to_string().chars().all(|character| character.is_ascii_graphic() || character == ' '));
        }
    }

    #[test]
    fn no_broken_bytes_make_it_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
    ) {
        let (event, payload) = which.get(&all()).clone();
        let mut body = serde_json::to_vec(&payload).unwrap();
        for (place, byte) in changes {
            let place = place.index(body.len());
            body[place] = byte;
        }
        let kind = EventKind::named(event);
        let _ = parse(&kind, VerifiedBody::kept(&body));
        let _ = parse(&kind, VerifiedBody::kept(&body[..end.index(body.len())]));
    }
}
