//! Relays a request to the emulator, puts right what it gets wrong, and brings git after it.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use serde_json::Value;

use super::auth::{self, Caller};
use super::conduct;
use super::corrections;
use super::emulator::PLACEHOLDER;
use super::faults::Fault;
use super::mirror;
use super::pulls;
use super::reply::Reply;
use super::shapes::put_right;
use super::site::Site;

/// Relays one request.
pub async fn relay(site: &Arc<Site>, caller: &Caller, parts: &Parts, body: &Bytes) -> Reply {
    let path = parts.uri.path();
    let repository = path.strip_prefix("/repos/").map(|rest| rest.splitn(3, '/').take(2).collect::<Vec<_>>().join("/"));
    let Some(repository) = repository.filter(|_| parts.method != "GET") else {
        return forward(site, parts, body).await;
    };
    let _held = site.git.lock().await;
    let rest: Vec<&str> = path.split('/').skip(4).collect();
    let (method, login) = (parts.method.as_str(), caller.login(site));
    let asked: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    if let Some(refusal) = refuse(site, &repository, method, &rest, &asked).await {
        return refusal;
    }
    let corrected = corrections::request(&rest, asked.clone()).map(|body| Bytes::from(body.to_string()));
    let answer = forward(site, parts, corrected.as_ref().unwrap_or(body)).await;
    if !answer.status().is_success() {
        return answer;
    }
    match (method, &rest[..]) {
        ("POST" | "PATCH" | "DELETE", ["git", "refs", ..]) => {
            mirror::written(site, &repository, &login).await;
            let created = method == "POST" && matches!(caller, Caller::Installation(_));
            if created && site.faults.take(Fault::BranchMoves) {
                let branch = site.get(&format!("/repos/{repository}")).await["default_branch"].clone();
                mirror::someone_commits(site, &repository, branch.as_str().unwrap_or("main")).await;
            }
        }
        (_, ["contents", ..] | ["pulls", _, "update-branch"] | ["merges"]) => {
            mirror::written(site, &repository, &login).await;
        }
        ("POST", ["pulls"]) => return opened(site, &repository, &login, answer).await,
        ("PATCH", ["pulls", number]) if asked["state"] == "open" => {
            let pull = site.get(&format!("/repos/{repository}/pulls/{number}")).await;
            conduct::pull_request(site, &repository, &pull, &login).await;
        }
        _ => {}
    }
    answer
}

/// What the emulator would take and GitHub does not.
async fn refuse(site: &Site, repository: &str, method: &str, path: &[&str], asked: &Value) -> Option<Reply> {
    match (method, path) {
        ("POST", ["pulls"]) => pulls::refuse(site, repository, asked).await,
        ("POST", ["pulls", number, "reviews"]) => corrections::refuse_review(site, repository, number, asked).await,
        ("POST", ["pulls", number, "requested_reviewers"]) => {
            corrections::refuse_reviewers(site, repository, number, asked).await
        }
        _ => None,
    }
}

async fn opened(site: &Arc<Site>, repository: &str, login: &str, answer: Reply) -> Reply {
    let (head, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let pull: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    if let Some(number) = pull["number"].as_u64() {
        mirror::pull_request(site, repository, number, "opened", login).await;
    }
    Response::from_parts(head, Body::from(bytes))
}

async fn forward(site: &Arc<Site>, parts: &Parts, body: &Bytes) -> Reply {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let method = reqwest::Method::from_bytes(parts.method.as_str().as_bytes()).unwrap();
    let mut request = site.emulator.client.request(method, format!("{}{path}", site.emulator.url)).body(body.to_vec());
    for name in ["authorization", "accept", "content-type", "user-agent", "x-github-api-version"] {
        if let Some(value) = parts.headers.get(name) {
            request = request.header(name, value.as_bytes());
        }
    }
    let response = request.send().await.unwrap();
    let mut status = response.status().as_u16();
    let mut answer = Response::builder().status(status);
    for (name, value) in response.headers() {
        if ["content-type", "link", "location"].contains(&name.as_str()) || name.as_str().starts_with("x-ratelimit") {
            let value = value.to_str().unwrap_or_default().replace(PLACEHOLDER, &site.url);
            answer = answer.header(name.as_str(), value);
        }
    }
    let bytes = response.bytes().await.unwrap();
    let Ok(text) = std::str::from_utf8(&bytes) else { return answer.body(Body::from(bytes)).unwrap() };
    let text = text.replace(PLACEHOLDER, &site.url);
    let text = match serde_json::from_str::<Value>(&text) {
        Ok(mut shown) => {
            auth::remember(site, &shown);
            put_right(site, &mut shown);
            let rest: Vec<&str> = parts.uri.path().split('/').skip(4).collect();
            corrections::answer(site, parts.method.as_str(), &rest, &mut status, &mut shown);
            shown.to_string()
        }
        Err(_) => text,
    };
    answer.status(status).body(Body::from(text)).unwrap()
}
