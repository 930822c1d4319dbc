//! Logs: redirected, broken off, gone.

use std::io::Read;

use super::*;
use crate::forge::github::download::Downloads;
use crate::forge::github::{ErrorKind, Log};

fn text(log: &Log) -> String {
    let mut text = String::new();
    log.file.try_clone().unwrap().read_to_string(&mut text).unwrap();
    text
}

/// GitHub, answering a job's log with a redirection to the storage.
async fn github(location: String) -> Server {
    Server::start(move |request, nth| {
        common(request, nth).unwrap_or_else(|| Reply::json(302, "").with("location", &location))
    })
    .await
}

#[tokio::test]
async fn the_storage_gets_no_credentials() {
    let storage = Server::start(|request, _| match request.target.as_str() {
        "/log?sig=1" => Reply::json(302, "").with("location", "/moved"),
        _ => Reply::json(200, "the log"),
    })
    .await;
    let github = github(format!("{}/log?sig=1", storage.url)).await;
    let log = client(&github).job_log(5).await.unwrap();
    assert_eq!((text(&log).as_str(), log.bytes, log.truncated), ("the log", 7, false));
    assert_eq!(storage.requests().len(), 2);
    for request in storage.requests() {
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.header("referer"), None);
    }
}

#[tokio::test]
async fn a_log_that_breaks_off_is_kept() {
    let storage = Server::start(|_, _| Reply::Broken { promised: 1000, body: b"half a log".to_vec() }).await;
    let github = github(format!("{}/log", storage.url)).await;
    let log = client(&github).run_logs(5).await.unwrap();
    assert_eq!((text(&log).as_str(), log.truncated), ("half a log", true));
}

#[tokio::test]
async fn a_log_given_directly_is_taken() {
    let server = Server::start(|request, nth| common(request, nth).unwrap_or_else(|| Reply::json(200, "direct"))).await;
    assert_eq!(text(&client(&server).job_log(5).await.unwrap()), "direct");
    let server = Server::start(|request, nth| {
        common(request, nth).unwrap_or_else(|| Reply::Broken { promised: 99, body: b"part".to_vec() })
    })
    .await;
    let log = client(&server).job_log(5).await.unwrap();
    assert_eq!((text(&log).as_str(), log.truncated), ("part", true));
}

#[tokio::test]
async fn a_log_whose_time_is_over_is_gone() {
    let server = Server::start(|request, nth| common(request, nth).unwrap_or_else(|| Reply::json(410, "{}"))).await;
    assert_eq!(client(&server).job_log(5).await.unwrap_err().kind(), ErrorKind::Gone);
    let storage = Server::start(|_, _| Reply::json(404, "<Error/>")).await;
    let github = github(format!("{}/log?sig=secret", storage.url)).await;
    let error = client(&github).job_log(5).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Gone);
    assert!(!format!("{error:?}").contains("secret"));
}

#[tokio::test]
async fn a_signed_address_is_in_no_error() {
    let github = github("http://127.0.0.1:9/log?sig=secret".to_owned()).await;
    let error = client(&github).job_log(5).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[tokio::test]
async fn a_log_is_fetched_by_http_only() {
    let github = github("file:///etc/passwd".to_owned()).await;
    assert_eq!(client(&github).job_log(5).await.unwrap_err().kind(), ErrorKind::Malformed);
}

#[tokio::test]
async fn a_log_without_end_is_cut_at_the_limit() {
    let storage = Server::start(|_, _| Reply::json(200, &"x".repeat(1000))).await;
    let downloads = Downloads::new(TransportLimits::default()).unwrap().at_most(10);
    let log = downloads.fetch("download_job_log", &storage.url).await.unwrap();
    assert_eq!((text(&log).as_str(), log.bytes, log.truncated), ("xxxxxxxxxx", 10, true));
}

#[tokio::test]
async fn redirections_have_an_end() {
    let storage = Server::start(|_, _| Reply::json(302, "").with("location", "/again")).await;
    let downloads = Downloads::new(TransportLimits::default()).unwrap();
    let error = downloads.fetch("download_job_log", &storage.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert_eq!(storage.requests().len(), 6);
}
