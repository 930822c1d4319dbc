//! Which models an endpoint has: for the sentence about one that it has not, and for `heal doctor`.

use std::time::Duration;

use async_openai::config::Config;
use serde_json::Value;

use super::access::Access;

/// The time for the question.
const LIMIT: Duration = Duration::from_secs(3);
/// The largest list, in bytes.
const LIST_BYTES: usize = 1 << 20;
/// The most names that are given in a sentence.
const NAMES: usize = 5;

/// Names of all models; none if the endpoint does not tell.
pub(super) async fn all_models(http: &reqwest::Client, access: &Access) -> Vec<String> {
    tokio::time::timeout(LIMIT, ask(http, access)).await.ok().flatten().unwrap_or_default()
}

/// Names of some models, for a sentence; none if the endpoint does not tell.
pub(super) async fn known_models(http: &reqwest::Client, access: &Access) -> Vec<String> {
    let mut names = all_models(http, access).await;
    names.truncate(NAMES);
    names
}

async fn ask(http: &reqwest::Client, access: &Access) -> Option<Vec<String>> {
    let mut url = reqwest::Url::parse(&access.url("/models")).ok()?;
    for (name, value) in access.query() {
        url.query_pairs_mut().append_pair(name, value);
    }
    let mut response = http.get(url).headers(access.headers()).send().await.ok()?.error_for_status().ok()?;
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.ok()? {
        body.extend_from_slice(&bytes);
        if body.len() > LIST_BYTES {
            return None;
        }
    }
    let list: Value = serde_json::from_slice(&body).ok()?;
    let names = list["data"].as_array()?.iter().filter_map(|model| model["id"].as_str());
    Some(names.map(str::to_owned).collect())
}
