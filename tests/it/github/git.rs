//! The bare repositories, through the `git` program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::site::Site;

/// Refs by name.
pub type Refs = BTreeMap<String, String>;

/// No commit: a branch that did not exist, or no longer does.
pub const NOTHING: &str = "0000000000000000000000000000000000000000";

/// `git` without the machine's configuration, for a repository.
pub fn command(repository: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(repository)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs git to its end; `None` when it failed.
pub async fn try_run(repository: &Path, arguments: &[&str], input: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut command = command(repository);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().unwrap();
    if let Some(input) = input {
        let (mut pipe, input) = (child.stdin.take().unwrap(), input.to_owned());
        tokio::spawn(async move { pipe.write_all(&input).await });
    }
    let output = child.wait_with_output().await.unwrap();
    output.status.success().then_some(output.stdout)
}

/// Runs git; a failure is a fault of the world.
pub async fn run(repository: &Path, arguments: &[&str]) -> String {
    let output = try_run(repository, arguments, None).await;
    let output = output.unwrap_or_else(|| panic!("git {arguments:?} failed in {}", repository.display()));
    String::from_utf8_lossy(&output).into_owned()
}

/// Where a repository lies; the name is `owner/name`.
pub fn bare(site: &Site, repository: &str) -> PathBuf {
    site.folder.join("git").join(format!("{repository}.git"))
}

/// Makes an empty one.
pub async fn create(site: &Site, repository: &str) {
    let folder = bare(site, repository);
    std::fs::create_dir_all(&folder).unwrap();
    run(&folder, &["init", "-q", "--bare", "-b", "main"]).await;
    for (key, value) in [
        ("http.receivepack", "true"),
        ("uploadpack.allowFilter", "true"),
        ("uploadpack.allowAnySHA1InWant", "true"),
        ("gc.auto", "0"),
        ("receive.autogc", "false"),
    ] {
        run(&folder, &["config", key, value]).await;
    }
}

/// All refs.
pub async fn refs(site: &Site, repository: &str) -> Refs {
    let text = run(&bare(site, repository), &["for-each-ref", "--format=%(objectname) %(refname)"]).await;
    text.lines().filter_map(|line| line.split_once(' ')).map(|(sha, name)| (name.to_owned(), sha.to_owned())).collect()
}

/// The objects that are reachable from `new` and not from `old`, as the emulator takes them.
pub async fn objects(folder: &Path, new: &[&str], old: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["rev-list", "--objects", "--no-object-names"];
    arguments.extend(new);
    arguments.push("--not");
    arguments.extend(old);
    let list = run(folder, &arguments).await;
    let batch = try_run(folder, &["cat-file", "--batch"], Some(list.as_bytes())).await.unwrap();
    let mut objects = Vec::new();
    let mut rest = &batch[..];
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let header = String::from_utf8_lossy(&rest[..end]).into_owned();
        let mut words = header.split(' ');
        let (sha, kind) = (words.next().unwrap(), words.next().unwrap());
        let size: usize = words.next().unwrap().parse().unwrap();
        let content = &rest[end + 1..end + 1 + size];
        objects.push(json!({"type": kind, "sha": sha, "content": BASE64_STANDARD.encode(content)}));
        rest = &rest[end + 2 + size..];
    }
    objects
}

/// Writes objects that the emulator gave, and checks that they have their names.
pub async fn write_objects(folder: &Path, objects: &[Value]) {
    for object in objects {
        let content = BASE64_STANDARD.decode(object["content"].as_str().unwrap()).unwrap();
        let kind = object["type"].as_str().unwrap();
        let sha = try_run(folder, &["hash-object", "-w", "--stdin", "-t", kind], Some(&content)).await;
        let sha = String::from_utf8(sha.unwrap_or_else(|| panic!("git refuses a {kind} of the emulator"))).unwrap();
        assert_eq!(sha.trim(), object["sha"], "a {kind} has another name in git");
    }
}

/// A commit, as webhooks carry it.
pub async fn commit(site: &Site, repository: &str, sha: &str) -> Value {
    let folder = bare(site, repository);
    let text = run(&folder, &["log", "-1", "--format=%T%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B", sha]).await;
    let part: Vec<&str> = text.splitn(8, '\0').collect();
    let names =
        run(&folder, &["show", "--format=", "--name-status", "--no-renames", "-m", "--first-parent", sha]).await;
    let changed = |letter: &str| -> Vec<String> {
        names
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .filter(|(kind, _)| *kind == letter)
            .map(|(_, path)| path.to_owned())
            .collect()
    };
    json!({
        "id": sha, "tree_id": part[0], "distinct": true, "message": part[7].trim_end(), "timestamp": part[3],
        "url": format!("{}/{repository}/commit/{sha}", site.url),
        "author": who(site, part[1], part[2]), "committer": who(site, part[4], part[5]),
        "added": changed("A"), "removed": changed("D"), "modified": changed("M"),
    })
}

fn who(site: &Site, name: &str, email: &str) -> Value {
    let people = [&site.owner, &site.collaborator, &site.stranger];
    let bot = email.contains("[bot]").then(|| site.bot());
    let login = people.iter().find(|person| person.email == email).map(|person| person.login.clone()).or(bot);
    json!({"name": name, "email": email, "username": login})
}

/// A file of a commit.
pub async fn file(site: &Site, repository: &str, sha: &str, path: &str) -> Option<String> {
    let content = try_run(&bare(site, repository), &["show", &format!("{sha}:{path}")], None).await?;
    Some(String::from_utf8_lossy(&content).into_owned())
}
