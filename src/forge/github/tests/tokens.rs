//! Who asks, and with which credentials.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;
use crate::forge::github::{Access, ErrorKind};

const REPOSITORY: &str = r#"{"id":99,"full_name":"o/r","default_branch":"main"}"#;

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let server = Server::start(|request, nth| {
        common(request, nth).unwrap_or_else(|| match request.header("authorization") {
            Some("Bearer token-2") => Reply::json(200, REPOSITORY),
            _ => Reply::json(401, r#"{"message":"Bad credentials"}"#),
        })
    })
    .await;
    let client = client(&server);
    assert_eq!(client.repository().await.unwrap().default_branch, "main");
    assert_eq!(server.to("/repos/o/r").len(), 2);
    client.repository().await.unwrap();
    assert_eq!(server.to("/app/installations/7/access_tokens").len(), 2, "the new token is kept");
}

#[tokio::test]
async fn a_token_that_is_refused_twice_is_an_error() {
    let server = Server::start(|request, nth| {
        common(request, nth).unwrap_or_else(|| Reply::json(401, r#"{"message":"Bad credentials"}"#))
    })
    .await;
    let error = client(&server).repository().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(server.to("/repos/o/r").len(), 2);
}

#[tokio::test]
async fn a_token_is_asked_for_with_the_least_permissions_for_one_repository() {
    let server =
        Server::start(|request, nth| common(request, nth).unwrap_or_else(|| Reply::json(200, REPOSITORY))).await;
    let client = client(&server);
    client.repository().await.unwrap();
    client.git_token(Access::Write).await.unwrap();
    let bodies: Vec<_> = server.to("/app/installations/7/access_tokens").iter().map(server::Recorded::json).collect();
    let read = json!({ "contents": "read", "checks": "read", "metadata": "read", "issues": "read" });
    let write = json!({ "contents": "write", "checks": "write", "metadata": "read", "issues": "read" });
    assert_eq!(bodies[0], json!({ "permissions": read, "repository_ids": [99] }));
    assert_eq!(bodies[1], json!({ "permissions": write, "repository_ids": [99] }));
    assert_eq!(server.requests().iter().filter(|request| request.target == "/app/installations/7").count(), 1);
}

#[tokio::test]
async fn one_token_serves_all_who_wait_for_it() {
    let server =
        Server::start(|request, nth| common(request, nth).unwrap_or_else(|| Reply::json(200, REPOSITORY))).await;
    let client = client(&server);
    let tasks: Vec<_> =
        (0..20).map(|_| client.clone()).map(|client| tokio::spawn(async move { client.repository().await })).collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(server.to("/app/installations/7/access_tokens").len(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let clock = TestClock::at(NOW);
    let moved = clock.clone();
    let server = Server::start(move |request, nth| {
        let reply = common(request, nth).unwrap_or_else(|| Reply::json(200, REPOSITORY));
        // The server's time goes with ours.
        let minutes = (moved.now() - NOW) / 60;
        reply.with("date", format!("Wed, 25 Nov 2026 {}:{:02}:53 GMT", 13 + (14 + minutes) / 60, (14 + minutes) % 60))
    })
    .await;
    let client = app_with(&server, clock.clone()).repository(7, repository());
    client.repository().await.unwrap();
    clock.advance(50 * 60);
    client.repository().await.unwrap();
    assert_eq!(server.to("/app/installations/7/access_tokens").len(), 1);
    clock.advance(6 * 60);
    client.repository().await.unwrap();
    assert_eq!(server.to("/app/installations/7/access_tokens").len(), 2);
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_by_githubs_own_time() {
    let issued_at = |request: &Recorded| {
        let jwt = request.header("authorization").unwrap().trim_start_matches("Bearer ").to_owned();
        let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["iss"], 42);
        assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 600);
        claims["iat"].as_i64().unwrap()
    };
    let server = Server::start(move |request, _| {
        if issued_at(request) > NOW {
            return Reply::json(401, r#"{"message":"'Issued at' claim ('iat') must be an Integer in the past"}"#);
        }
        Reply::json(200, r#"{"id":42,"slug":"heal"}"#)
    })
    .await;
    let app = app_with(&server, TestClock::at(NOW + 3000));
    assert_eq!(app.clock_skew(), None);
    assert_eq!(app.app().await.unwrap().slug, "heal");
    assert_eq!(app.clock_skew(), Some(3000));
    app.app().await.unwrap();
    assert_eq!(server.requests().len(), 3, "the corrected JWT is kept");
}

#[tokio::test]
async fn tokens_are_in_no_text() {
    let server = Server::start(|request, nth| match request.target.as_str() {
        "/app/installations/7/access_tokens" if nth > 1 => Reply::json(201, r#"{"tokan":"secret-1"}"#),
        "/repos/o/r" => Reply::Hang,
        _ => common(request, nth).unwrap_or_else(|| Reply::json(500, "{}")),
    })
    .await;
    let client = client(&server);
    let lost = client.repository().await.unwrap_err();
    let secret = client.git_token(Access::Read).await.unwrap();
    let malformed = client.git_token(Access::Write).await.unwrap_err();
    assert_eq!(malformed.kind(), ErrorKind::Malformed);
    let texts = format!("{lost} {lost:?} {malformed} {malformed:?} {client:?} {:?} {secret:?}", client.app);
    for secret in ["token-1", "secret-1", "Bearer", "eyJ", "PRIVATE"] {
        assert!(!texts.contains(secret), "{secret} in {texts}");
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_a_setting_to_correct() {
    let settings = AppSettings {
        api_url: "http://127.0.0.1:1".to_owned(),
        app_id: 1,
        private_key: SecretString::from("not a key"),
    };
    let error = GithubApp::new(settings, TestClock::at(NOW), Arc::new(Notes::default())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(!error.to_string().contains("not a key"));
}
