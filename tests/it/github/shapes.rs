//! What the emulator leaves out of users, Apps, repositories and pull requests, in GitHub's shape.

use serde_json::{Value, json};

use super::site::{PERMISSIONS, Site};

/// A user, as far as GitHub shows one next to other things.
pub fn user(url: &str, login: &str, id: u64) -> Value {
    let api = format!("{url}/users/{login}");
    let (kind, html) = match login.strip_suffix("[bot]") {
        Some(app) => ("Bot", format!("{url}/apps/{app}")),
        None => ("User", format!("{url}/{login}")),
    };
    json!({
        "login": login, "id": id, "node_id": format!("U_{id}"), "avatar_url": format!("{url}/avatars/u/{id}"), "gravatar_id": "",
        "url": api, "html_url": html, "followers_url": format!("{api}/followers"), "type": kind, "site_admin": false,
        "following_url": format!("{api}/following{{/other_user}}"), "gists_url": format!("{api}/gists{{/gist_id}}"),
        "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"), "subscriptions_url": format!("{api}/subscriptions"),
        "organizations_url": format!("{api}/orgs"), "repos_url": format!("{api}/repos"), "user_view_type": "public",
        "events_url": format!("{api}/events{{/privacy}}"), "received_events_url": format!("{api}/received_events"),
    })
}

/// GitHub's own App behind Actions.
pub fn actions_app(url: &str) -> Value {
    app(
        url,
        15_368,
        "github-actions",
        "GitHub Actions",
        "github",
        json!({"actions": "write", "checks": "write", "contents": "write"}),
    )
}

/// The App under test.
pub fn own_app(site: &Site) -> Value {
    let permissions: serde_json::Map<_, _> =
        PERMISSIONS.iter().map(|(name, level)| ((*name).to_owned(), json!(level))).collect();
    app(&site.url, site.app_id, &format!("heal-{}", site.number), "heal", &site.owner.login, permissions.into())
}

fn app(url: &str, id: u64, slug: &str, name: &str, owner: &str, permissions: Value) -> Value {
    json!({
        "id": id, "slug": slug, "node_id": format!("A_{id}"), "client_id": format!("Iv1.{id}"), "name": name,
        "owner": user(url, owner, 9_919), "description": "", "external_url": format!("{url}/apps/{slug}"),
        "html_url": format!("{url}/apps/{slug}"), "created_at": "2018-07-30T09:30:17Z", "updated_at": "2024-04-10T20:33:16Z",
        "permissions": permissions, "events": [],
    })
}

/// Puts right what the emulator shows: check runs and suites belong to an App; repositories and pull requests have
/// a few fields more.
pub fn put_right(site: &Site, shown: &mut Value) {
    match shown {
        Value::Array(all) => all.iter_mut().for_each(|one| put_right(site, one)),
        Value::Object(fields) => {
            let has = |name: &str| fields.contains_key(name);
            let suite = if has("check_suite") && has("external_id") {
                fields["check_suite"]["id"].as_u64()
            } else if has("head_branch") && has("pull_requests") {
                fields.get("id").and_then(Value::as_u64)
            } else {
                None
            };
            let fill: Option<Value> = if has("login") && has("type") && !has("followers_url") {
                fields["login"].as_str().map(|login| user(&site.url, login, fields["id"].as_u64().unwrap_or(1)))
            } else if has("clone_url") {
                Some(
                    json!({"web_commit_signoff_required": false, "custom_properties": {}, "network_count": 0, "subscribers_count": 0}),
                )
            } else if has("annotations_count") {
                Some(json!({"annotations_url": ""}))
            } else if has("access_tokens_url") {
                Some(json!({"target_id": fields["account"]["id"]}))
            } else if has("auto_merge") {
                Some(json!({"active_lock_reason": null}))
            } else {
                None
            };
            if let Some(suite) = suite.filter(|_| fields.get("app").is_some_and(Value::is_null)) {
                let of_actions = site.actions.lock().unwrap().runs.iter().any(|run| run.suite == suite);
                fields.insert("app".to_owned(), if of_actions { actions_app(&site.url) } else { own_app(site) });
            }
            for (name, value) in fill.as_ref().and_then(Value::as_object).into_iter().flatten() {
                fields.entry(name.clone()).or_insert_with(|| value.clone());
            }
            if fields.get("pushed_at").is_some_and(Value::is_null) {
                fields.insert("pushed_at".to_owned(), fields["updated_at"].clone());
            }
            fields.values_mut().for_each(|one| put_right(site, one));
        }
        _ => {}
    }
}
