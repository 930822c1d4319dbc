//! What GitHub refuses about pull requests and the emulator lets pass; what it answers about them and the emulator
//! leaves out.

use std::sync::Arc;

use serde_json::{Value, json};

use super::git;
use super::mirror;
use super::reply::{Reply, document, error};
use super::site::Site;

/// Refuses a pull request that GitHub would refuse.
pub async fn refuse(site: &Site, repository: &str, body: &Value) -> Option<Reply> {
    let (head, base) = (body["head"].as_str()?, body["base"].as_str()?);
    let owner = repository.split('/').next()?;
    let label = if head.contains(':') { head.to_owned() } else { format!("{owner}:{head}") };
    let refs = git::refs(site, repository).await;
    let tip = |branch: &str| refs.get(&format!("refs/heads/{branch}"));
    let invalid = |field: &str, message: String| {
        Some(document(
            422,
            &json!({"message": "Validation Failed", "errors": [{"resource": "PullRequest", "field": field, "code": "custom", "message": message}],
                "documentation_url": "https://docs.github.com/rest/pulls/pulls#create-a-pull-request", "status": "422"}),
        ))
    };
    if tip(base).is_none() {
        return invalid("base", "base is invalid".to_owned());
    }
    let own = label.strip_prefix(&format!("{owner}:"));
    if let Some(branch) = own {
        let Some(sha) = tip(branch) else { return invalid("head", "head is invalid".to_owned()) };
        let folder = git::bare(site, repository);
        let ahead = git::run(&folder, &["rev-list", "--count", sha, "--not", tip(base)?]).await;
        if ahead.trim() == "0" {
            return invalid("head", format!("No commits between {base} and {branch}"));
        }
    }
    let open = site.get(&format!("/repos/{repository}/pulls?state=open&per_page=100")).await;
    let mut open = open.as_array().into_iter().flatten();
    if open.any(|pull| pull["head"]["label"] == label.as_str() && pull["base"]["ref"] == base) {
        return invalid("head", format!("A pull request already exists for {label}."));
    }
    None
}

/// The pull requests that a commit belongs to.
pub async fn of_commit(site: &Site, repository: &str, sha: &str) -> Reply {
    let all = site.get(&format!("/repos/{repository}/pulls?state=all&per_page=100")).await;
    let folder = git::bare(site, repository);
    let mut found = Vec::new();
    for pull in all.as_array().into_iter().flatten() {
        let (head, base) =
            (pull["head"]["sha"].as_str().unwrap_or_default(), pull["base"]["sha"].as_str().unwrap_or_default());
        let inside = git::try_run(&folder, &["merge-base", "--is-ancestor", sha, head], None).await.is_some();
        let before = git::try_run(&folder, &["merge-base", "--is-ancestor", sha, base], None).await.is_some();
        if inside && !before || pull["merge_commit_sha"] == sha {
            found.push(pull.clone());
        }
    }
    document(200, &json!(found))
}

/// Merges as GitHub does: the two trees, not the head's alone. A rebase is made as a squash.
pub async fn merge(site: &Arc<Site>, login: &str, repository: &str, number: &str, body: &Value) -> Reply {
    let _held = site.git.lock().await;
    let (status, pull) = site.api("GET", &format!("/repos/{repository}/pulls/{number}"), &site.owner.token, None).await;
    if status != 200 {
        return error(404, "Not Found");
    }
    if pull["state"] != "open" || pull["draft"] == true {
        return error(405, "Pull Request is not mergeable");
    }
    let text = |pointer: &str| pull.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (head, base) = (text("/head/sha"), text("/base/sha"));
    if body["sha"].as_str().is_some_and(|sha| sha != head) {
        return error(409, "Head branch was modified. Review and try the merge again.");
    }
    let folder = git::bare(site, repository);
    let Some(tree) = git::try_run(&folder, &["merge-tree", "--write-tree", &base, &head], None).await else {
        return error(405, "Pull Request has merge conflicts");
    };
    let tree = String::from_utf8_lossy(&tree).trim().to_owned();
    let whole = body["merge_method"].as_str().unwrap_or("merge") == "merge";
    let label = text("/head/label").replacen(':', "/", 1);
    let title = if whole {
        format!("Merge pull request #{number} from {label}")
    } else {
        format!("{} (#{number})", text("/title"))
    };
    let title = body["commit_title"].as_str().map_or(title, ToOwned::to_owned);
    let message = format!("{title}\n\n{}", body["commit_message"].as_str().unwrap_or(&text("/title")));
    let identity = [format!("user.name={login}"), format!("user.email={login}@users.noreply.github.com")];
    let mut commit = vec!["-c", &identity[0], "-c", &identity[1], "commit-tree", &tree, "-m", &message, "-p", &base];
    if whole {
        commit.extend(["-p", &head]);
    }
    let sha = git::run(&folder, &commit).await.trim().to_owned();
    let before = git::refs(site, repository).await;
    git::run(&folder, &["update-ref", &format!("refs/heads/{}", text("/base/ref")), &sha]).await;
    let merged = json!({"repository": repository, "number": pull["number"], "sha": sha, "login": login});
    site.emulator.world("merged", &merged).await;
    mirror::pushed(site, repository, &before, login).await;
    mirror::pull_request(site, repository, pull["number"].as_u64().unwrap_or(0), "closed", login).await;
    document(200, &json!({"sha": sha, "merged": true, "message": "Pull Request successfully merged"}))
}
