//! How operations are asked, and how odd answers are read.

use serde_json::json;

use super::*;
use crate::forge::github::{CheckRunOutput, CheckRunUpdate, ErrorKind, NewCheckRun, RunQuery, TreeFile};

/// A server that answers one way to everything but what is common.
async fn answering(status: u16, body: &'static str) -> Server {
    Server::start(move |request, nth| common(request, nth).unwrap_or_else(|| Reply::json(status, body))).await
}

fn last(server: &Server) -> Recorded {
    server.requests().pop().unwrap()
}

#[tokio::test]
async fn requests_say_who_they_are_and_what_they_want() {
    let server = answering(200, r#"{"id":99}"#).await;
    client(&server).repository().await.unwrap();
    let request = last(&server);
    assert_eq!(request.header("authorization"), Some("Bearer token-1"));
    assert_eq!(request.header("accept"), Some("application/vnd.github+json"));
    assert_eq!(request.header("x-github-api-version"), Some("2022-11-28"));
    assert_eq!(request.header("user-agent"), Some(concat!("heal/", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn an_enterprise_servers_path_is_kept() {
    let server = Server::start(|_, _| Reply::json(200, r#"{"id":1,"slug":"heal"}"#)).await;
    let app = app_at(&format!("{}/api/v3/", server.url), TestClock::at(NOW), Arc::new(Notes::default()));
    app.app().await.unwrap();
    assert_eq!(last(&server).target, "/api/v3/app");
}

#[tokio::test]
async fn runs_are_filtered_on_our_side_too() {
    let server = answering(
        200,
        r#"{"total_count":3,"workflow_runs":[
            {"id":1,"head_sha":"a","head_branch":"main","status":"completed","conclusion":"failure","name":null},
            {"id":2,"head_sha":"b","head_branch":"main","status":"completed","conclusion":"failure"},
            {"id":3,"head_sha":"a","head_branch":"main","status":"completed","conclusion":"success"}]}"#,
    )
    .await;
    let query = RunQuery { head_sha: Some("a".to_owned()), status: Some("failure".to_owned()), ..RunQuery::default() };
    let runs = client(&server).workflow_runs(&query).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [1]);
    assert_eq!(last(&server).target, "/repos/o/r/actions/runs?head_sha=a&status=failure&per_page=100");
}

#[tokio::test]
async fn pages_are_turned_by_links_and_without_them() {
    let full = serde_json::to_string(&(0..100).map(|id| json!({ "id": id })).collect::<Vec<_>>()).unwrap();
    let server = Server::start(move |request, nth| {
        common(request, nth).unwrap_or_else(|| match request.target.as_str() {
            target if target.contains("issues/1") && target.ends_with("page=1") => {
                Reply::json(200, r#"[{"id":1}]"#).with("link", r#"<http://x/?page=2>; rel="next""#)
            }
            target if target.ends_with("page=1") => Reply::json(200, &full),
            _ => Reply::json(200, r#"[{"id":2}]"#),
        })
    })
    .await;
    let client = client(&server);
    assert_eq!(client.issue_comments(1).await.unwrap().len(), 2);
    assert_eq!(client.issue_comments(2).await.unwrap().len(), 101);
}

#[tokio::test]
async fn a_branch_that_is_only_a_prefix_is_none() {
    let list = answering(200, r#"[{"ref":"refs/heads/feature/a","object":{"sha":"1"}}]"#).await;
    assert_eq!(client(&list).branch_head("feature").await.unwrap(), None);
    let none = answering(404, r#"{"message":"Not Found"}"#).await;
    assert_eq!(client(&none).branch_head("feature").await.unwrap(), None);
    let one = answering(200, r#"{"ref":"refs/heads/feature/a b","object":{"sha":"1"}}"#).await;
    assert_eq!(client(&one).branch_head("feature/a b").await.unwrap().as_deref(), Some("1"));
    assert_eq!(last(&one).target, "/repos/o/r/git/ref/heads/feature/a%20b");
}

#[tokio::test]
async fn a_file_is_decoded_and_a_missing_one_is_none() {
    let file = answering(200, r#"{"type":"file","encoding":"base64","content":"aGVs\nbG8=\n"}"#).await;
    assert_eq!(client(&file).file(".github/heal.toml", "main").await.unwrap().as_deref(), Some(&b"hello"[..]));
    assert_eq!(last(&file).target, "/repos/o/r/contents/.github/heal.toml?ref=main");
    for none in [answering(404, "{}").await, answering(200, "[]").await] {
        assert_eq!(client(&none).file("x", "main").await.unwrap(), None);
    }
    let large = answering(200, r#"{"type":"file","encoding":"none","content":""}"#).await;
    assert_eq!(client(&large).file("x", "main").await.unwrap_err().kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_check_is_cut_to_githubs_limits() {
    let server = answering(201, r#"{"id":1}"#).await;
    let output = CheckRunOutput { title: "t".to_owned(), summary: "s".repeat(70_000), ..CheckRunOutput::default() };
    let update =
        CheckRunUpdate { status: Some("in_progress".to_owned()), output: Some(output), ..CheckRunUpdate::default() };
    let check = NewCheckRun { name: "heal".to_owned(), head_sha: "a".to_owned(), update };
    client(&server).create_check_run(&check).await.unwrap();
    let body = last(&server).json();
    assert_eq!(body["output"]["summary"].as_str().unwrap().len(), 65_535);
    assert_eq!(body["name"], "heal");
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["head_sha", "name", "output", "status"]);
}

#[tokio::test]
async fn a_commit_names_nobody_so_that_github_signs_it() {
    let server = answering(201, r#"{"sha":"abc"}"#).await;
    let client = client(&server);
    let file = TreeFile { path: "a.py".to_owned(), mode: "100644".to_owned(), blob: None };
    client.create_tree("base", &[file]).await.unwrap();
    let tree = json!([{ "path": "a.py", "mode": "100644", "type": "blob", "sha": null }]);
    assert_eq!(last(&server).json(), json!({ "base_tree": "base", "tree": tree }));
    client.create_commit("fix", "tree", &["parent".to_owned()]).await.unwrap();
    assert_eq!(last(&server).json(), json!({ "message": "fix", "tree": "tree", "parents": ["parent"] }));
}

#[tokio::test]
async fn effects_that_have_happened_are_no_errors() {
    let gone = answering(422, r#"{"message":"Reference does not exist"}"#).await;
    client(&gone).delete_ref("heal/x").await.unwrap();
    let exists = answering(422, r#"{"message":"Validation Failed","errors":[{"code":"already_exists"}]}"#).await;
    client(&exists).create_label("heal", "0e8a16", "").await.unwrap();
    let made = Server::start(|request, nth| {
        common(request, nth).unwrap_or_else(|| match request.method.as_str() {
            "POST" => Reply::json(422, r#"{"message":"Reference already exists"}"#),
            _ => Reply::json(200, r#"{"object":{"sha":"mine"}}"#),
        })
    })
    .await;
    let client = client(&made);
    client.create_ref("heal/x", "mine").await.unwrap();
    assert_eq!(client.create_ref("heal/x", "other").await.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_commit_that_github_does_not_know_has_no_pulls_and_no_statuses() {
    for status in [404, 422] {
        let server = answering(status, r#"{"message":"No commit found for SHA"}"#).await;
        assert!(client(&server).pulls_of_commit("a").await.unwrap().is_empty());
    }
    let server = answering(404, "{}").await;
    assert!(client(&server).combined_status("a").await.unwrap().statuses.is_empty());
    assert_eq!(client(&server).collaborator_permission("x").await.unwrap(), "none");
}

#[tokio::test]
async fn authors_that_github_does_not_know_are_none() {
    let body = r#"{"sha":"a","author":{},"committer":null,"parents":[{"sha":"p"}],
        "commit":{"author":{"name":"N","email":"n@x","date":null},"message":"m","tree":{"sha":"t"}}}"#;
    let commit = client(&answering(200, body).await).commit("a").await.unwrap();
    assert_eq!((commit.author, commit.git_author.name.as_str(), commit.parents), (None, "N", vec!["p".to_owned()]));
}
