//! Where the emulator and GitHub disagree about a request or an answer, GitHub is right.

use serde_json::{Value, json};

use super::git;
use super::reply::{Reply, document};
use super::shapes;
use super::site::Site;

/// A request as the emulator wants it. GitHub knows a tree entry's type by its mode, and a review's comment by its line.
pub fn request(path: &[&str], mut body: Value) -> Option<Value> {
    match path {
        ["git", "trees"] => {
            for entry in body["tree"].as_array_mut()?.iter_mut().filter(|entry| entry["type"].is_null()) {
                entry["type"] = json!(match entry["mode"].as_str() {
                    Some("040000") => "tree",
                    Some("160000") => "commit",
                    _ => "blob",
                });
            }
        }
        ["pulls", _, "reviews"] => {
            for comment in body["comments"].as_array_mut()?.iter_mut().filter(|comment| comment["position"].is_null()) {
                comment["position"] = comment["line"].clone();
            }
        }
        _ => return None,
    }
    Some(body)
}

/// An answer as GitHub gives it.
pub fn answer(site: &Site, method: &str, path: &[&str], status: &mut u16, shown: &mut Value) {
    let invalid = |message: &str, errors: Value| json!({"message": message, "errors": errors, "documentation_url": "https://docs.github.com/rest", "status": "422"});
    match (method, path, *status) {
        ("POST", ["pulls", _, "requested_reviewers"], 200) => *status = 201,
        ("POST", ["pulls", _, "reviews"], 201) => *status = 200,
        ("DELETE" | "PATCH", ["git", "refs", ..], 404) => {
            *status = 422;
            *shown = invalid("Reference does not exist", json!([]));
        }
        ("POST", ["labels"], 422) => {
            *shown =
                invalid("Validation Failed", json!([{"resource": "Label", "code": "already_exists", "field": "name"}]));
        }
        ("GET", ["collaborators", _, "permission"], 200) => {
            let role = shown["role_name"].clone();
            let level = match role.as_str() {
                Some("admin") => "admin",
                Some("write" | "maintain") => "write",
                _ => "read",
            };
            shown["permission"] = json!(level);
            shown["user"]["role_name"] = role;
        }
        ("GET", ["collaborators", login, "permission"], 404) if *login == site.stranger.login => {
            *status = 200;
            let mut user = shapes::user(&site.url, login, 1_000_001);
            user["role_name"] = json!("");
            *shown = json!({"permission": "none", "role_name": "", "user": user});
        }
        _ => {}
    }
}

/// Refuses to ask people for a review who can't give one.
pub async fn refuse_reviewers(site: &Site, repository: &str, number: &str, body: &Value) -> Option<Reply> {
    let pull = site.get(&format!("/repos/{repository}/pulls/{number}")).await;
    let asked: Vec<&str> = body["reviewers"].as_array()?.iter().filter_map(Value::as_str).collect();
    let able = [site.owner.login.as_str(), site.collaborator.login.as_str()];
    let message = if asked.iter().any(|login| pull["user"]["login"] == *login) {
        "Review cannot be requested from pull request author."
    } else if asked.iter().any(|login| !able.contains(login)) {
        "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a \
         collaborator of the repository."
    } else {
        return None;
    };
    Some(document(
        422,
        &json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": "422"}),
    ))
}

/// Refuses a review that comments on lines outside of the diff.
pub async fn refuse_review(site: &Site, repository: &str, number: &str, body: &Value) -> Option<Reply> {
    let pull = site.get(&format!("/repos/{repository}/pulls/{number}")).await;
    let range = format!("{}...{}", pull["base"]["sha"].as_str()?, pull["head"]["sha"].as_str()?);
    for comment in body["comments"].as_array()? {
        let path = comment["path"].as_str().unwrap_or_default();
        let folder = git::bare(site, repository);
        let diff =
            git::try_run(&folder, &["diff", "-U3", "--no-renames", &range, "--", path], None).await.unwrap_or_default();
        let side = if comment["side"] == "LEFT" { '-' } else { '+' };
        let hunks: Vec<(u64, u64)> =
            String::from_utf8_lossy(&diff).lines().filter_map(|line| hunk(line, side)).collect();
        for line in [&comment["line"], &comment["start_line"]].into_iter().filter_map(Value::as_u64) {
            if !hunks.iter().any(|(first, count)| (*first..first + count).contains(&line)) {
                let errors = json!(["Pull request review thread line must be part of the diff"]);
                return Some(document(
                    422,
                    &json!({"message": "Unprocessable Entity", "errors": errors, "status": "422"}),
                ));
            }
        }
    }
    None
}

/// First line and number of lines of one side of `@@ -1,7 +1,8 @@`.
fn hunk(line: &str, side: char) -> Option<(u64, u64)> {
    let ranges = line.strip_prefix("@@ ")?.split(" @@").next()?;
    let range = ranges.split(' ').find_map(|range| range.strip_prefix(side))?;
    let (first, count) = range.split_once(',').unwrap_or((range, "1"));
    Some((first.parse().ok()?, count.parse().ok()?))
}
