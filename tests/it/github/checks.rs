//! The check runs of a commit. The emulator shows one of a name; GitHub one of a name *and suite*, so that the runs of
//! `push` and `pull_request` stand next to each other, and of a job that ran again only the last.

use serde_json::Value;

use super::actions_api::Ask;
use super::reply::{Reply, page};

/// Answers `GET /repos/{owner}/{repo}/commits/{ref}/check-runs`.
pub async fn of_commit(ask: &Ask<'_>, reference: &str) -> Reply {
    if let Err(refusal) = ask.caller.demand(ask.shown, "checks", "read") {
        return *refusal;
    }
    let path = format!("/repos/{}/commits/{reference}/check-runs?filter=all", ask.repository);
    let (status, shown) = ask.site.api("GET", &path, &ask.site.owner.token, None).await;
    if status != 200 {
        return super::reply::document(status, &shown);
    }
    let wanted = |name: &str| ask.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let mut runs: Vec<Value> = shown["check_runs"].as_array().cloned().unwrap_or_default();
    runs.sort_by_key(|run| std::cmp::Reverse(run["id"].as_u64()));
    if wanted("filter") != Some("all") {
        let mut seen = Vec::new();
        runs.retain(|run| {
            let key = (run["name"].clone(), run["check_suite"]["id"].clone());
            let first = !seen.contains(&key);
            seen.push(key);
            first
        });
    }
    let app = |run: &Value| run["app"]["id"].to_string();
    runs.retain(|run| {
        wanted("check_name").is_none_or(|name| run["name"] == name)
            && wanted("status").is_none_or(|status| run["status"] == status)
            && wanted("app_id").is_none_or(|id| app(run) == id)
    });
    page("check_runs", &runs, ask.query, &ask.url)
}
