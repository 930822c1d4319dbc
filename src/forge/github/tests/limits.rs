//! Rate limits: waiting, giving up, and leaving GitHub alone.

use super::*;
use crate::forge::github::ErrorKind;

const REPOSITORY: &str = r#"{"id":99,"full_name":"o/r","default_branch":"main"}"#;

#[tokio::test]
async fn a_short_pause_is_waited_for_even_by_a_post() {
    let server = Server::start(|request, nth| {
        common(request, nth).unwrap_or_else(|| match nth {
            1 => Reply::json(429, r#"{"message":"slow down"}"#).with("retry-after", 1),
            _ => Reply::json(201, r#"{"id":5}"#),
        })
    })
    .await;
    let started = std::time::Instant::now();
    assert_eq!(client(&server).create_comment(1, "x").await.unwrap().id, 5);
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.to("/repos/o/r/issues/1/comments").len(), 2);
}

#[tokio::test]
async fn a_long_limit_is_an_error_and_shuts_the_gate_of_that_installation() {
    let server = Server::start(|request, nth| {
        common(request, nth).unwrap_or_else(|| match request.target.as_str() {
            "/repos/o/r" if nth == 1 => Reply::json(403, r#"{"message":"API rate limit exceeded"}"#)
                .with("x-ratelimit-remaining", 0)
                .with("x-ratelimit-reset", NOW + 900),
            _ => Reply::json(200, REPOSITORY),
        })
    })
    .await;
    let clock = TestClock::at(NOW);
    let app = app_with(&server, clock.clone());
    let client = app.repository(7, repository());
    for _ in 0..2 {
        let error = client.repository().await.unwrap_err();
        assert_eq!((error.kind(), error.retry_at()), (ErrorKind::RateLimited, Some(NOW + 901)));
    }
    let error = client.pull(3).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(server.to("/repos/").len(), 1, "nothing more was sent");
    let other = RepositoryRef { id: 100, owner: "o".to_owned(), name: "other".to_owned() };
    app.repository(8, other).repository().await.unwrap();
    clock.advance(901);
    client.repository().await.unwrap();
}

#[tokio::test]
async fn a_secondary_limit_is_known_by_its_words() {
    let server = Server::start(|request, nth| {
        common(request, nth).unwrap_or_else(|| {
            Reply::json(403, r#"{"message":"You have exceeded a secondary rate limit. Please wait."}"#)
        })
    })
    .await;
    let error = client(&server).repository().await.unwrap_err();
    assert_eq!((error.kind(), error.retry_at()), (ErrorKind::RateLimited, Some(NOW + 60)));
}

#[tokio::test]
async fn a_forbidden_request_is_no_rate_limit() {
    let server = Server::start(|request, nth| {
        common(request, nth)
            .unwrap_or_else(|| Reply::json(403, r#"{"message":"Resource not accessible by integration"}"#))
    })
    .await;
    let client = client(&server);
    for _ in 0..2 {
        assert_eq!(client.repository().await.unwrap_err().kind(), ErrorKind::Forbidden);
    }
    assert_eq!(server.to("/repos/o/r").len(), 2);
}

#[tokio::test]
async fn what_is_left_is_reported() {
    let server = Server::start(|request, nth| {
        common(request, nth).unwrap_or_else(|| Reply::json(200, REPOSITORY).with("x-ratelimit-remaining", 4321))
    })
    .await;
    let notes = Arc::new(Notes::default());
    app_at(&server.url, TestClock::at(NOW), notes.clone()).repository(7, repository()).repository().await.unwrap();
    assert_eq!(notes.0.lock().unwrap().last(), Some(&("get_repository", 200, Some(4321))));
}
