//! What is sent again, and what is not.

use super::*;
use crate::forge::github::ErrorKind;

const REPOSITORY: &str = r#"{"id":99,"full_name":"o/r","default_branch":"main"}"#;

/// A server on which the first two requests to each address of the repository meet a fault.
async fn faulty(fault: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request, nth| match common(request, nth) {
        Some(reply) => reply,
        None if nth <= 2 => fault(),
        None => Reply::json(200, r#"{"id":99,"sha":"abc","full_name":"o/r"}"#),
    })
    .await
}

#[tokio::test]
async fn a_get_is_repeated_after_server_errors_and_lost_connections() {
    for fault in
        [|| Reply::json(502, "<html>"), || Reply::Hang, || Reply::Broken { promised: 100, body: b"{".to_vec() }]
    {
        let server = faulty(fault).await;
        client(&server).repository().await.unwrap();
        assert_eq!(server.to("/repos/o/r").len(), 3);
    }
}

#[tokio::test]
async fn a_post_of_unknown_fate_is_left_to_the_caller() {
    for fault in [|| Reply::json(502, "<html>"), || Reply::Hang] {
        let server = faulty(fault).await;
        let error = client(&server).create_comment(1, "hello").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transient);
        assert_eq!(server.to("/repos/o/r/issues/1/comments").len(), 1);
    }
}

#[tokio::test]
async fn a_post_that_may_happen_twice_is_repeated() {
    let server = faulty(|| Reply::json(503, "{}")).await;
    assert_eq!(client(&server).create_blob(b"x").await.unwrap(), "abc");
    assert_eq!(server.to("/repos/o/r/git/blobs").len(), 3);
}

#[tokio::test]
async fn the_budget_ends_the_tries() {
    let server = Server::start(|request, nth| common(request, nth).unwrap_or_else(|| Reply::json(500, "{}"))).await;
    let started = std::time::Instant::now();
    let error = client(&server).repository().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(started.elapsed() < Duration::from_secs(6));
    assert!(server.to("/repos/o/r").len() >= 3);
}

#[tokio::test]
async fn silence_has_an_end() {
    let server = Server::start(|request, nth| common(request, nth).unwrap_or(Reply::Silence)).await;
    let started = std::time::Instant::now();
    let error = client(&server).create_comment(1, "x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn nobody_listening_is_transient_even_for_a_post() {
    let notes = Arc::new(Notes::default());
    let app = app_at("http://127.0.0.1:9", TestClock::at(NOW), notes.clone());
    let error = app.repository(7, repository()).create_comment(1, "x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(notes.0.lock().unwrap().iter().all(|(.., status, _)| *status == 0));
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let server = Server::start(|request, nth| {
        common(request, nth).unwrap_or_else(|| Reply::json(200, &format!("\"{}\"", "x".repeat(200_000))))
    })
    .await;
    let error = client(&server).repository().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(server.to("/repos/o/r").len(), 1);
}

#[tokio::test]
async fn an_error_keeps_githubs_words_and_the_requests_name() {
    let server = Server::start(|request, nth| {
        common(request, nth)
            .unwrap_or_else(|| Reply::json(404, r#"{"message":"Not Found"}"#).with("x-github-request-id", "AB:12"))
    })
    .await;
    let error = client(&server).repository().await.unwrap_err();
    assert_eq!(error.to_string(), "get_repository: refused with status 404: Not Found (request AB:12)");
}

#[tokio::test]
async fn an_answer_that_is_confirmed_is_served_from_memory() {
    let server = Server::start(|request, nth| {
        common(request, nth).unwrap_or_else(|| match request.header("if-none-match") {
            Some("\"v1\"") => Reply::json(304, ""),
            _ => Reply::json(200, REPOSITORY).with("etag", "\"v1\""),
        })
    })
    .await;
    let notes = Arc::new(Notes::default());
    let client = app_at(&server.url, TestClock::at(NOW), notes.clone()).repository(7, repository());
    for _ in 0..3 {
        assert_eq!(client.repository().await.unwrap().default_branch, "main");
    }
    let statuses: Vec<u16> = notes.0.lock().unwrap().iter().map(|(.., status, _)| *status).collect();
    assert_eq!(statuses, [200, 201, 200, 304, 304]);
}

#[tokio::test]
async fn a_renamed_repository_is_followed_inside_the_api_only() {
    let outside = Server::start(|_, _| Reply::json(200, REPOSITORY)).await;
    let address = Arc::new(Mutex::new(String::new()));
    let told = address.clone();
    let server = Server::start(move |request, nth| {
        common(request, nth).unwrap_or_else(|| match request.target.as_str() {
            "/repos/o/r" => Reply::json(301, "{}").with("location", told.lock().unwrap()),
            _ => Reply::json(200, REPOSITORY),
        })
    })
    .await;
    *address.lock().unwrap() = format!("{}/repositories/99", server.url);
    let client = client(&server);
    client.repository().await.unwrap();
    *address.lock().unwrap() = format!("{}/repositories/99", outside.url);
    assert_eq!(client.repository().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(outside.requests().is_empty());
}
