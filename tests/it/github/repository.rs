//! A repository in verbs: what its developers do, and what they see.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::actions_api::runs_of;
use super::emulator::RUNTIME;
use super::git;
use super::joblog;
use super::mirror;
use super::site::{Person, Site};
use super::world::eventually;

/// A repository of a world.
#[derive(Clone)]
pub struct Repository {
    site: Arc<Site>,
    /// `owner/name`
    pub name: String,
    /// Who pushes.
    pub person: Person,
    folder: PathBuf,
}

impl Repository {
    /// Makes an empty one.
    pub fn create(site: &Arc<Site>, person: &Person, name: &str, fork_of: Option<&str>) -> Self {
        let full = format!("{}/{name}", person.login);
        let folder = site.folder.join("dev").join(&full);
        std::fs::create_dir_all(&folder).unwrap();
        RUNTIME.block_on(async {
            let row = json!({"owner": person.login, "name": name, "private": true, "fork_of": fork_of});
            site.emulator.world("repositories", &row).await;
            git::create(site, &full).await;
            if fork_of.is_none() {
                let path = format!("/repos/{full}/collaborators/{}", site.collaborator.login);
                site.api("PUT", &path, &person.token, Some(&json!({"permission": "push"}))).await;
            }
        });
        let repository = Repository { site: Arc::clone(site), name: full, person: person.clone(), folder };
        let remote = repository.remote(&person.token);
        repository.git(&["init", "-q", "-b", "main"]);
        repository.git(&["remote", "add", "origin", &remote]);
        repository.git(&["config", "user.name", &person.name]);
        repository.git(&["config", "user.email", &person.email]);
        repository
    }

    /// Runs git in the developer's clone.
    pub fn git(&self, arguments: &[&str]) -> String {
        RUNTIME.block_on(git::run(&self.folder, arguments)).trim().to_owned()
    }

    /// Commits files on the default branch and pushes; gives the commit's SHA.
    pub fn push(&self, message: &str, files: &[(&str, &str)]) -> String {
        self.push_to("main", message, files)
    }

    /// Commits files on a branch (made from where the clone stands) and pushes.
    pub fn push_to(&self, branch: &str, message: &str, files: &[(&str, &str)]) -> String {
        let current = self.git(&["symbolic-ref", "--short", "HEAD"]);
        if current != branch {
            let known = self.git(&["branch", "--list", branch]);
            let create: &[&str] =
                if known.is_empty() { &["checkout", "-q", "-b", branch] } else { &["checkout", "-q", branch] };
            self.git(create);
        }
        if !self.git(&["ls-remote", "origin", &format!("refs/heads/{branch}")]).is_empty() {
            self.git(&["pull", "-q", "--rebase", "origin", branch]);
        }
        for (path, text) in files {
            let path = self.folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["push", "-q", "origin", branch]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Waits until every run of a commit is through; gives the worst conclusion. There must be a run.
    pub fn wait_for_ci(&self, sha: &str) -> String {
        eventually(120, "CI of the commit", || {
            let runs = self.ci_runs(sha);
            !runs.is_empty() && runs.iter().all(|run| run["status"] == "completed")
        });
        let failed = self.ci_runs(sha).iter().any(|run| run["conclusion"] != "success");
        if failed { "failure" } else { "success" }.to_owned()
    }

    /// The workflow runs of a commit, newest first.
    pub fn ci_runs(&self, sha: &str) -> Vec<Value> {
        RUNTIME.block_on(runs_of(&self.site, &self.name, sha))
    }

    /// The logs of the last attempt of a commit's runs, one after the other.
    pub fn logs(&self, sha: &str) -> String {
        let actions = self.site.actions.lock().unwrap();
        let runs = actions.runs.iter().filter(|run| run.repository == self.name && run.sha == sha);
        runs.flat_map(|run| run.jobs_of(run.attempt)).map(|job| joblog::whole(&job.log)).collect()
    }

    /// All pull requests, newest first, open or not.
    pub fn pull_requests(&self) -> Vec<Value> {
        self.list("pulls?state=all&per_page=100")
    }

    /// All issues that are no pull requests, open or not.
    pub fn issues(&self) -> Vec<Value> {
        let all = self.list("issues?state=all&per_page=100");
        all.into_iter().filter(|issue| issue.get("pull_request").is_none_or(Value::is_null)).collect()
    }

    /// The comments of an issue or pull request.
    pub fn comments(&self, number: u64) -> Vec<Value> {
        self.list(&format!("issues/{number}/comments?per_page=100"))
    }

    /// The reviews of a pull request.
    pub fn reviews(&self, number: u64) -> Vec<Value> {
        self.list(&format!("pulls/{number}/reviews?per_page=100"))
    }

    /// The line comments of a pull request.
    pub fn line_comments(&self, number: u64) -> Vec<Value> {
        self.list(&format!("pulls/{number}/comments?per_page=100"))
    }

    /// The names of all branches.
    pub fn branches(&self) -> Vec<String> {
        let refs = RUNTIME.block_on(git::refs(&self.site, &self.name));
        refs.keys().filter_map(|name| name.strip_prefix("refs/heads/")).map(ToOwned::to_owned).collect()
    }

    /// The commit that a branch stands on.
    pub fn head(&self, branch: &str) -> Option<String> {
        RUNTIME.block_on(git::refs(&self.site, &self.name)).remove(&format!("refs/heads/{branch}"))
    }

    /// A file at a branch or commit.
    pub fn file(&self, reference: &str, path: &str) -> Option<String> {
        RUNTIME.block_on(git::file(&self.site, &self.name, reference, path))
    }

    /// Every commit that was ever pushed here, those of branches that are gone, too.
    pub fn commits(&self) -> Vec<String> {
        let arguments = ["cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"];
        let objects = RUNTIME.block_on(git::run(&git::bare(&self.site, &self.name), &arguments));
        objects.lines().filter_map(|line| line.strip_prefix("commit ")).map(ToOwned::to_owned).collect()
    }

    /// The check runs of a commit, of Actions and of heal.
    pub fn check_runs(&self, sha: &str) -> Vec<Value> {
        let shown = self.see(&format!("commits/{sha}/check-runs?per_page=100"));
        shown["check_runs"].as_array().cloned().unwrap_or_default()
    }

    /// The collaborator merges a pull request; gives the merge commit.
    pub fn merge(&self, number: u64) -> String {
        let person = self.site.collaborator.clone();
        let merged = self.act(&person, "PUT", &format!("pulls/{number}/merge"), &json!({}));
        merged["sha"].as_str().unwrap().to_owned()
    }

    /// The collaborator writes a comment.
    pub fn comment(&self, number: u64, text: &str) -> Value {
        let person = self.site.collaborator.clone();
        self.comment_as(&person, number, text)
    }

    /// Someone writes a comment.
    pub fn comment_as(&self, person: &Person, number: u64, text: &str) -> Value {
        self.act(person, "POST", &format!("issues/{number}/comments"), &json!({"body": text}))
    }

    /// The owner sets a label.
    pub fn label(&self, number: u64, label: &str) {
        self.act(&self.person, "POST", &format!("issues/{number}/labels"), &json!({"labels": [label]}));
    }

    /// The owner opens an issue.
    pub fn open_question(&self) -> u64 {
        self.act(&self.person, "POST", "issues", &json!({"title": "A question"}))["number"].as_u64().unwrap()
    }

    /// Its address for git with a token in it.
    pub fn remote(&self, token: &str) -> String {
        format!("{}/{}.git", self.site.url.replace("://", &format!("://x-access-token:{token}@")), self.name)
    }

    /// Opens a pull request from a branch of this repository.
    pub fn open(&self, head: &str, title: &str) -> u64 {
        let body = json!({"title": title, "head": head, "base": "main"});
        self.act(&self.person, "POST", "pulls", &body)["number"].as_u64().unwrap()
    }

    /// The stranger's fork, with all branches and without the App.
    pub fn fork(&self) -> Repository {
        let name = self.name.split('/').next_back().unwrap();
        let fork = Repository::create(&self.site, &self.site.stranger, name, Some(&self.name));
        let from = git::bare(&self.site, &self.name);
        fork.git(&["fetch", "-q", from.to_str().unwrap(), "main"]);
        fork.git(&["reset", "-q", "--hard", "FETCH_HEAD"]);
        fork.git(&["push", "-q", "origin", "HEAD:refs/heads/main"]);
        fork
    }

    /// Opens a pull request into this repository from a branch of a fork of it.
    pub fn open_from(&self, fork: &Repository, branch: &str, title: &str) -> u64 {
        let body = json!({"title": title, "head": format!("{}:{branch}", fork.person.login), "base": "main"});
        // Anyone may open one in public; here the owner lets the stranger in for that moment.
        let path = format!("/repos/{}/collaborators/{}", self.name, fork.person.login);
        let allow = json!({"permission": "pull"});
        RUNTIME.block_on(self.site.api("PUT", &path, &self.person.token, Some(&allow)));
        self.act(&fork.person, "POST", "pulls", &body)["number"].as_u64().unwrap()
    }

    /// Someone else commits to a branch.
    pub fn someone_commits(&self, branch: &str) {
        RUNTIME.block_on(async {
            let _held = self.site.git.lock().await;
            mirror::someone_commits(&self.site, &self.name, branch).await;
        });
    }

    /// What a person does through the API.
    pub fn act(&self, person: &Person, method: &str, path: &str, body: &Value) -> Value {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request =
            self.site.emulator.client.request(method, format!("{}/repos/{}/{path}", self.site.url, self.name));
        let request =
            request.bearer_auth(&person.token).header("content-type", "application/json").body(body.to_string());
        RUNTIME.block_on(async {
            let response = request.timeout(Duration::from_secs(60)).send().await.unwrap();
            let status = response.status();
            let answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
            assert!(status.is_success(), "{path}: {status} {answer:#}");
            answer
        })
    }

    /// What the owner sees at a path below the repository.
    pub fn see(&self, path: &str) -> Value {
        RUNTIME.block_on(self.site.get(&format!("/repos/{}/{path}", self.name)))
    }

    fn list(&self, path: &str) -> Vec<Value> {
        self.see(path).as_array().cloned().unwrap_or_default()
    }
}
