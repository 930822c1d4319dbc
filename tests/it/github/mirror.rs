//! Git and the emulator in step, and what follows when a branch has moved: webhooks and CI.
//!
//! Whoever writes holds [`Site::git`] from before the write until both sides are equal again, so a reader never meets
//! a commit on one side only. Objects go over byte by byte and are checked by their SHAs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::conduct;
use super::git::{self, NOTHING, Refs};
use super::shapes;
use super::site::Site;

/// A push has changed the bare repository: brings the emulator after it.
pub async fn pushed(site: &Arc<Site>, repository: &str, before: &Refs, sender: &str) {
    let after = git::refs(site, repository).await;
    let changed: Vec<(&String, Option<&String>)> = after
        .iter()
        .filter(|(name, sha)| before.get(*name) != Some(*sha))
        .map(|(name, sha)| (name, Some(sha)))
        .chain(before.keys().filter(|name| !after.contains_key(*name)).map(|name| (name, None)))
        .collect();
    if changed.is_empty() {
        return;
    }
    let new: Vec<&str> = changed.iter().filter_map(|(_, sha)| sha.map(String::as_str)).collect();
    let old: Vec<&str> = before.values().map(String::as_str).collect();
    let objects = if new.is_empty() { vec![] } else { git::objects(&git::bare(site, repository), &new, &old).await };
    // `refs/pull/…` is git's only; the emulator knows pull requests by itself.
    let refs: Vec<Value> = changed
        .iter()
        .filter(|(name, _)| !name.starts_with("refs/pull/"))
        .map(|(name, sha)| json!({"ref": name, "sha": sha}))
        .collect();
    let body = json!({"repository": repository, "objects": objects, "refs": refs});
    let followed = site.emulator.world("import", &body).await;
    announce(site, repository, before, &after, sender, &followed).await;
}

/// The Git Data API, the contents API or a merge has changed the emulator: brings the bare repository after it.
pub async fn written(site: &Arc<Site>, repository: &str, sender: &str) {
    let folder = git::bare(site, repository);
    let before = git::refs(site, repository).await;
    let have = git::run(&folder, &["rev-list", "--all", "--objects", "--no-object-names"]).await;
    let body = json!({"repository": repository, "have": have.lines().collect::<Vec<_>>()});
    let export = site.emulator.world("export", &body).await;
    git::write_objects(&folder, export["objects"].as_array().unwrap()).await;
    let mut after: Refs =
        before.iter().filter(|(name, _)| name.starts_with("refs/pull/")).map(|(n, s)| (n.clone(), s.clone())).collect();
    for reference in export["refs"].as_array().unwrap() {
        let (name, sha) = (reference["ref"].as_str().unwrap(), reference["sha"].as_str().unwrap());
        after.insert(name.to_owned(), sha.to_owned());
        if before.get(name).map(String::as_str) != Some(sha) {
            git::run(&folder, &["update-ref", name, sha]).await;
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        git::run(&folder, &["update-ref", "-d", name]).await;
    }
    announce(site, repository, &before, &after, sender, &export).await;
}

async fn announce(site: &Arc<Site>, repository: &str, before: &Refs, after: &Refs, sender: &str, followed: &Value) {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if old == new || !name.starts_with("refs/heads/") {
            continue;
        }
        let (old, new) = (old.map_or(NOTHING, String::as_str), new.map_or(NOTHING, String::as_str));
        branch_moved(site, repository, name, old, new, sender).await;
    }
    for pull in followed["moved"].as_array().into_iter().flatten() {
        let (base, number) = (pull["repository"].as_str().unwrap(), pull["number"].as_u64().unwrap());
        let before = pull["before"].as_str().unwrap();
        synchronized(site, base, number, before, sender).await;
    }
    for pull in followed["closed"].as_array().into_iter().flatten() {
        let (base, number) = (pull["repository"].as_str().unwrap(), pull["number"].as_u64().unwrap());
        pull_request(site, base, number, "closed", sender).await;
    }
}

async fn branch_moved(site: &Arc<Site>, repository: &str, name: &str, old: &str, new: &str, sender: &str) {
    if !site.installed(repository) {
        return;
    }
    let folder = git::bare(site, repository);
    let deleted = new == NOTHING;
    let mut commits = Vec::new();
    if !deleted {
        let range = if old == NOTHING { new.to_owned() } else { format!("{old}..{new}") };
        let list = git::run(&folder, &["rev-list", "--reverse", "--max-count=20", &range]).await;
        for sha in list.lines() {
            commits.push(git::commit(site, repository, sha).await);
        }
    }
    let forced = !deleted
        && old != NOTHING
        && git::try_run(&folder, &["merge-base", "--is-ancestor", old, new], None).await.is_none();
    let head = if deleted { Value::Null } else { git::commit(site, repository, new).await };
    let payload = json!({
        "ref": name, "before": old, "after": new, "created": old == NOTHING, "deleted": deleted, "forced": forced,
        "base_ref": null, "compare": format!("{}/{repository}/compare/{old}...{new}", site.url),
        "commits": commits, "head_commit": head, "pusher": {"name": sender, "email": format!("{sender}@world.example")},
        "repository": site.get(&format!("/repos/{repository}")).await, "sender": user(site, sender).await,
    });
    site.hooks.send(site, "push", payload);
    if !deleted {
        let branch = name.trim_start_matches("refs/heads/");
        conduct::push(site, repository, branch, new, sender).await;
    }
}

async fn synchronized(site: &Arc<Site>, repository: &str, number: u64, before: &str, sender: &str) {
    let pull = site.get(&format!("/repos/{repository}/pulls/{number}")).await;
    let payload = json!({
        "action": "synchronize", "number": number, "before": before, "after": pull["head"]["sha"], "pull_request": pull,
        "repository": site.get(&format!("/repos/{repository}")).await, "sender": user(site, sender).await,
    });
    site.hooks.send(site, "pull_request", payload);
    pull_request(site, repository, number, "synchronize", sender).await;
}

/// Something happened to a pull request that the emulator does not tell about: the webhook, the ref, CI.
pub async fn pull_request(site: &Arc<Site>, repository: &str, number: u64, action: &str, sender: &str) {
    let pull = site.get(&format!("/repos/{repository}/pulls/{number}")).await;
    if action == "closed" {
        let payload = json!({
            "action": action, "number": number, "pull_request": pull,
            "repository": site.get(&format!("/repos/{repository}")).await, "sender": user(site, sender).await,
        });
        site.hooks.send(site, "pull_request", payload);
    }
    if action == "closed" {
        return;
    }
    let (head, sha) = (pull["head"]["repo"]["full_name"].as_str().unwrap(), pull["head"]["sha"].as_str().unwrap());
    let folder = git::bare(site, repository);
    if head != repository {
        let from = git::bare(site, head);
        git::run(&folder, &["fetch", "-q", from.to_str().unwrap(), sha]).await;
        // Forks share their objects with the base: its API knows the commit, too.
        let old = git::run(&folder, &["for-each-ref", "--format=%(objectname)", "refs/heads"]).await;
        let objects = git::objects(&folder, &[sha], &old.lines().collect::<Vec<_>>()).await;
        site.emulator.world("import", &json!({"repository": repository, "objects": objects, "refs": []})).await;
    }
    git::run(&folder, &["update-ref", &format!("refs/pull/{number}/head"), sha]).await;
    conduct::pull_request(site, repository, &pull, sender).await;
}

/// A user as the API shows one.
pub async fn user(site: &Site, login: &str) -> Value {
    let (status, user) = site
        .api("GET", &format!("/users/{}", login.replace('[', "%5B").replace(']', "%5D")), &site.owner.token, None)
        .await;
    if status == 200 { user } else { shapes::user(&site.url, login, 1_000_000 + site.number) }
}

/// Someone else commits to a branch: a file that nobody had, on top of it.
pub async fn someone_commits(site: &Arc<Site>, repository: &str, branch: &str) {
    let folder = git::bare(site, repository);
    let before = git::refs(site, repository).await;
    let Some(parent) = before.get(&format!("refs/heads/{branch}")) else { return };
    let text = format!("seen at {}\n", super::clock::stamp());
    let blob = git::try_run(&folder, &["hash-object", "-w", "--stdin"], Some(text.as_bytes())).await.unwrap();
    let blob = String::from_utf8(blob).unwrap();
    let mut tree = git::run(&folder, &["ls-tree", parent]).await;
    tree.push_str(&format!("100644 blob {}\tNEWS.txt\n", blob.trim()));
    let tree = git::try_run(&folder, &["mktree"], Some(tree.as_bytes())).await.unwrap();
    let tree = String::from_utf8(tree).unwrap();
    let person = &site.collaborator;
    let identity = [format!("user.name={}", person.name), format!("user.email={}", person.email)];
    let commit =
        ["-c", &identity[0], "-c", &identity[1], "commit-tree", tree.trim(), "-p", parent, "-m", "Add the news"];
    let sha = git::run(&folder, &commit).await;
    git::run(&folder, &["update-ref", &format!("refs/heads/{branch}"), sha.trim()]).await;
    pushed(site, repository, &before, &person.login).await;
}
