//! Git over HTTP: `git http-backend` behind a check of the token.

use std::process::Stdio;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use tokio::io::AsyncWriteExt;

use super::auth::Caller;
use super::git;
use super::mirror;
use super::reply::{Reply, error};
use super::site::Site;

/// The repository of a path like `/owner/name.git/info/refs`, and whether it is one.
pub fn repository(path: &str) -> Option<String> {
    let (name, rest) = path.trim_start_matches('/').split_once(".git/")?;
    let service = ["info/refs", "git-upload-pack", "git-receive-pack"].contains(&rest);
    (service && name.split('/').count() == 2).then(|| name.to_owned())
}

/// Serves one request of git.
pub async fn serve(site: &Arc<Site>, caller: &Caller, repository: &str, parts: &Parts, body: Bytes) -> Reply {
    let query = parts.uri.query().unwrap_or_default();
    let writes = query.contains("git-receive-pack") || parts.uri.path().ends_with("/git-receive-pack");
    if matches!(caller, Caller::Nobody | Caller::Unknown | Caller::App) {
        let mut refusal = error(401, "Repository not found.");
        refusal.headers_mut().insert("www-authenticate", "Basic realm=\"GitHub\"".parse().unwrap());
        return refusal;
    }
    if !git::bare(site, repository).exists() {
        return error(404, "Repository not found.");
    }
    let shown = site.get(&format!("/repos/{repository}")).await;
    if let Err(refusal) = caller.demand(&shown, "contents", if writes { "write" } else { "read" }) {
        return *refusal;
    }
    if !parts.uri.path().ends_with("/git-receive-pack") {
        return backend(site, caller, parts, body).await;
    }
    let _held = site.git.lock().await;
    let before = git::refs(site, repository).await;
    let answer = backend(site, caller, parts, body).await;
    mirror::pushed(site, repository, &before, &caller.login(site)).await;
    answer
}

async fn backend(site: &Site, caller: &Caller, parts: &Parts, body: Bytes) -> Reply {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut child = git::command(&site.folder)
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", site.folder.join("git"))
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", caller.login(site))
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    tokio::spawn(async move { pipe.write_all(&body).await });
    let output = child.wait_with_output().await.unwrap().stdout;
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(0);
    let mut answer = Response::builder();
    let mut status = 200;
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("status") {
            status = value.trim().split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(500);
        } else {
            answer = answer.header(name.trim(), value.trim());
        }
    }
    answer.status(status).body(Body::from(output[(end + 4).min(output.len())..].to_vec())).unwrap()
}
