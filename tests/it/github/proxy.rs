//! The front of a world's GitHub: what `heal serve` takes for the API and for the git host.
//!
//! A request comes in, is struck by a fault or answered (by git, by Actions, by a few routes here, or by the emulator),
//! and is written down with its answer's status.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::actions_api::{self, Ask};
use super::auth::{self, Caller};
use super::checks;
use super::clock;
use super::emulator::PLACEHOLDER;
use super::faults::{Fault, When};
use super::mirror;
use super::pulls;
use super::relay;
use super::reply::{Reply, document, empty, error, page};
use super::shapes;
use super::site::{self, Recorded, Site};
use super::transport;

/// Serves a site until the runtime ends.
pub async fn serve(listener: tokio::net::TcpListener, site: Arc<Site>) {
    let router = Router::new().fallback(handle).with_state(site);
    let _ = axum::serve(listener, router).await;
}

async fn handle(State(site): State<Arc<Site>>, request: Request) -> Reply {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, 100 << 20).await else { return empty(400) };
    // What has come in whole is carried out to its end, also when nobody waits for the answer any more.
    tokio::spawn(handled(site, parts, body)).await.unwrap_or_else(|_| empty(500))
}

async fn handled(site: Arc<Site>, parts: Parts, body: Bytes) -> Reply {
    let path = parts.uri.path().to_owned();
    if path == "/_emulate/hook" {
        return from_emulator(&site, &parts, &body);
    }
    let caller = Caller::of(&site, &parts.headers);
    // Git asks without credentials first, the developers' too.
    let ours = !matches!(caller, Caller::User(_) | Caller::Nobody);
    if ours && site.faults.take(Fault::ExpireTokens) {
        site.tokens.lock().unwrap().values_mut().for_each(|token| token.dead = true);
    }
    let caller = Caller::of(&site, &parts.headers);
    if ours && let Some(pause) = site.faults.stall() {
        tokio::time::sleep(pause).await;
    }
    let death = if ours { site.faults.kill(parts.method.as_str(), site::below(&path)) } else { None };
    if death == Some(When::Before) {
        site.kill_server().await;
        return empty(500);
    }
    let struck = if ours { site.faults.strike() } else { None };
    let mut reply = match (struck, transport::repository(&path)) {
        (Some(fault), _) => fault,
        (None, Some(repository)) => transport::serve(&site, &caller, &repository, &parts, body.clone()).await,
        (None, None) => conditional(&parts, answer(&site, &caller, &parts, &body).await).await,
    };
    dress(&site, &mut reply);
    if death == Some(When::After) {
        site.kill_server().await;
    }
    site.requests.lock().unwrap().push(Recorded {
        method: parts.method.to_string(),
        path,
        query: query(&parts),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        status: reply.status().as_u16(),
        caller: caller.kind(),
    });
    reply
}

/// The headers that every answer of GitHub has.
fn dress(site: &Site, reply: &mut Reply) {
    let number = site.requests.lock().unwrap().len();
    let left = 5_000_usize.saturating_sub(number);
    let headers = reply.headers_mut();
    headers.insert("x-github-request-id", format!("{:04X}:{number:X}", site.number & 0xffff).parse().unwrap());
    for (name, value) in [("limit", 5_000), ("remaining", left), ("used", number)] {
        headers.entry(format!("x-ratelimit-{name}").parse::<http::HeaderName>().unwrap()).or_insert(value.into());
    }
    headers.entry("x-ratelimit-reset").or_insert((clock::seconds() + 3_600).into());
    headers.entry("x-ratelimit-resource").or_insert(http::HeaderValue::from_static("core"));
}

async fn answer(site: &Arc<Site>, caller: &Caller, parts: &Parts, body: &Bytes) -> Reply {
    if matches!(caller, Caller::Unknown) {
        return error(401, "Bad credentials");
    }
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    let parts_of_path: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let Some(reply) = served(site, caller, parts, &parts_of_path).await {
        return reply;
    }
    if let ["repos", owner, name, rest @ ..] = &parts_of_path[..] {
        let repository = format!("{owner}/{name}");
        let asked: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let query = query(parts);
        let special = matches!(
            rest,
            ["actions", ..]
                | ["commits", .., "status" | "pulls" | "check-runs"]
                | ["pulls", _, "merge"]
                | [.., "reactions"]
        );
        if special {
            let (status, shown) = site.api("GET", &format!("/repos/{repository}"), &site.owner.token, None).await;
            if status != 200 {
                return error(404, "Not Found");
            }
            let url = format!("{}{path}", site.url);
            let ask = Ask { site, caller, repository: &repository, shown: &shown, url, query: &query, body: &asked };
            if let Some(reply) = special_route(&ask, method, rest).await {
                return reply;
            }
        }
    }
    relay::relay(site, caller, parts, body).await
}

/// Routes without a repository.
async fn served(site: &Arc<Site>, caller: &Caller, parts: &Parts, path: &[&str]) -> Option<Reply> {
    match (parts.method.as_str(), path) {
        ("GET", ["installation", "repositories"]) => {
            let Caller::Installation(token) = caller else { return Some(error(401, "Bad credentials")) };
            let all = site.get(&format!("/users/{}/repos?per_page=100", site.owner.login)).await;
            let all = all.as_array().cloned().unwrap_or_default().into_iter();
            let allowed = |one: &Value| {
                token.repositories.as_ref().is_none_or(|ids| one["id"].as_u64().is_some_and(|id| ids.contains(&id)))
            };
            let mine: Vec<Value> = all.filter(|one| allowed(one)).collect();
            Some(page("repositories", &mine, &query(parts), &format!("{}/installation/repositories", site.url)))
        }
        ("DELETE", ["installation", "token"]) => {
            let text = auth::credentials(&parts.headers)?;
            let mut tokens = site.tokens.lock().unwrap();
            tokens.get_mut(&text)?.dead = true;
            Some(empty(204))
        }
        _ => None,
    }
}

async fn special_route(ask: &Ask<'_>, method: &str, path: &[&str]) -> Option<Reply> {
    match (method, path) {
        (_, ["actions", rest @ ..]) => actions_api::answer(ask, method, rest).await,
        ("GET", ["commits", reference @ .., "status"]) => {
            if let Err(refusal) = ask.caller.demand(ask.shown, "statuses", "read") {
                return Some(*refusal);
            }
            let url = format!("{}/repos/{}/commits/{}", ask.site.url, ask.repository, reference.join("/"));
            let shown = json!({"state": "pending", "statuses": [], "total_count": 0, "sha": reference.join("/"),
                "repository": ask.shown, "commit_url": url, "url": format!("{url}/status")});
            Some(document(200, &shown))
        }
        ("GET", ["commits", reference @ .., "check-runs"]) => Some(checks::of_commit(ask, &reference.join("/")).await),
        ("GET", ["commits", sha, "pulls"]) => match ask.caller.demand(ask.shown, "pull_requests", "read") {
            Err(refusal) => Some(*refusal),
            Ok(()) => Some(pulls::of_commit(ask.site, ask.repository, sha).await),
        },
        ("PUT", ["pulls", number, "merge"]) => match ask.caller.demand(ask.shown, "contents", "write") {
            Err(refusal) => Some(*refusal),
            Ok(()) => Some(pulls::merge(ask.site, &ask.caller.login(ask.site), ask.repository, number, ask.body).await),
        },
        (_, [.., "reactions"]) => {
            Some(reactions(ask, method, &path.join("/"), &mirror::user(ask.site, &ask.caller.login(ask.site)).await))
        }
        _ => None,
    }
}

fn reactions(ask: &Ask<'_>, method: &str, path: &str, user: &Value) -> Reply {
    let level = if method == "GET" { "read" } else { "write" };
    if let (Err(refusal), Err(_)) =
        (ask.caller.demand(ask.shown, "issues", level), ask.caller.demand(ask.shown, "pull_requests", level))
    {
        return *refusal;
    }
    let mut all = ask.site.reactions.lock().unwrap();
    let place = format!("{}/{path}", ask.repository);
    let same = |one: &&Value| one["place"] == place.as_str();
    if method == "GET" {
        let found: Vec<&Value> = all.iter().filter(same).collect();
        return document(200, &json!(found));
    }
    let content = &ask.body["content"];
    if let Some(old) =
        all.iter().filter(same).find(|one| one["content"] == *content && one["user"]["login"] == user["login"])
    {
        return document(200, old);
    }
    let reaction = json!({"id": all.len() + 1, "node_id": "R_1", "user": user,
        "content": content, "created_at": clock::now(), "place": place});
    all.push(reaction.clone());
    document(201, &reaction)
}

/// Entity tags, and 304 for who has the document already.
async fn conditional(parts: &Parts, reply: Reply) -> Reply {
    if parts.method != "GET" || reply.status() != 200 || !reply.headers().contains_key("content-type") {
        return reply;
    }
    let (mut head, body) = reply.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else { return empty(500) };
    let digest: String = Sha256::digest(&bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("W/\"{digest}\"");
    let known = parts.headers.get("if-none-match").is_some_and(|value| value.as_bytes() == tag.as_bytes());
    head.headers.insert("etag", tag.parse().unwrap());
    if known {
        head.status = http::StatusCode::NOT_MODIFIED;
        return Reply::from_parts(head, Body::empty());
    }
    Reply::from_parts(head, Body::from(bytes))
}

/// The emulator tells its App something. What the world tells better itself is dropped: each event comes once.
fn from_emulator(site: &Site, parts: &Parts, body: &Bytes) -> Reply {
    let event = parts.headers.get("x-github-event").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(body).replace(PLACEHOLDER, &site.url);
    let Ok(mut payload) = serde_json::from_str::<Value>(&text) else { return empty(400) };
    if ["push", "check_suite", "workflow_run", "workflow_job"].contains(&event) {
        return empty(204);
    }
    if event == "pull_request" {
        payload["number"] = payload["pull_request"]["number"].clone();
    }
    shapes::put_right(site, &mut payload);
    site.hooks.send(site, event, payload);
    empty(204)
}

fn query(parts: &Parts) -> Vec<(String, String)> {
    let text = parts.uri.query().unwrap_or_default();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let bytes = text.replace('+', " ").into_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        match hex.and_then(|two| std::str::from_utf8(two).ok()).and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
