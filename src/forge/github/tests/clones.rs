//! Clones from a real git server: `git http-backend` behind the test's own.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::forge::Forge;
use crate::forge::github::{Checkout, CloneCache, CloneError, CommitAuthor, ErrorKind, Push, WorkTree};
use crate::forge::local::LocalForge;
use crate::forge::local::scribe::{NewCommit, Scribe};

const TOKEN: &str = "sesame-open";
const LARGE: u64 = 1 << 40;

/// How modern the server is.
#[derive(Clone, Copy, PartialEq)]
enum Protocol {
    /// Gives any commit by its SHA.
    Two,
    /// Gives only what a reference names.
    Zero,
}

/// A repository with so many commits on `main`, behind HTTP with a password.
struct Remote {
    root: tempfile::TempDir,
    server: Server,
    commits: Vec<String>,
}

impl Remote {
    async fn with(commits: usize, protocol: Protocol) -> Self {
        let root = tempfile::tempdir().unwrap();
        let scribe = Scribe::create(&root.path().join("shop")).unwrap();
        for number in 0..commits {
            let files = vec![(PathBuf::from("price.py"), format!("price = {number}\n").into_bytes())];
            let time = (1_700_000_000 + i64::try_from(number).unwrap(), 0);
            let author = "Ann <ann@shop.test>".to_owned();
            scribe.commit(&NewCommit { message: format!("price {number}"), author, time, files }).unwrap();
        }
        let repository = git2::Repository::open(root.path().join("shop")).unwrap();
        let mut walk = repository.revwalk().unwrap();
        walk.push_head().unwrap();
        let commits = walk.map(|id| id.unwrap().to_string()).collect();
        let project_root = root.path().to_owned();
        let server = Server::start(move |request, _| backend(&project_root, request, protocol)).await;
        Remote { root, server, commits }
    }

    fn url(&self) -> String {
        format!("{}/shop/.git", self.server.url)
    }

    async fn checkout(&self, cache: &CloneCache, sha: &str, heal_id: &str) -> Result<WorkTree, CloneError> {
        let token = SecretString::from(TOKEN);
        let references = ["refs/heads/main".to_owned()];
        let wanted = Checkout {
            repository: "o/shop",
            clone_url: &self.url(),
            credentials: Some(&token),
            sha,
            references: &references,
            heal_id,
        };
        cache.checkout(&wanted).await
    }

    fn fetches(&self) -> usize {
        self.server.to("/shop/.git/info/refs").len()
    }
}

fn cache(data: &Path, budget: u64) -> CloneCache {
    CloneCache::new(data.to_owned(), budget, which::which("git").unwrap())
}

/// Answers by `git http-backend`, as a web server would.
fn backend(root: &Path, request: &Recorded, protocol: Protocol) -> Reply {
    let expected = format!("Basic {}", STANDARD.encode(format!("x-access-token:{TOKEN}")));
    if request.header("authorization") != Some(expected.as_str()) {
        return Reply::json(401, "").with("www-authenticate", "Basic realm=\"git\"");
    }
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    #[expect(clippy::disallowed_methods, reason = "the web server of this test runs git as a program")]
    let mut command = Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REMOTE_USER", "app")
        .env("CONTENT_TYPE", request.header("content-type").unwrap_or(""))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", request.header("content-encoding").unwrap_or(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if protocol == Protocol::Two {
        command.env("GIT_PROTOCOL", request.header("git-protocol").unwrap_or(""));
    }
    let mut child = command.spawn().unwrap();
    let (mut stdin, body) = (child.stdin.take().unwrap(), request.body.clone());
    std::thread::spawn(move || stdin.write_all(&body));
    let output = child.wait_with_output().unwrap().stdout;
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut reply = Reply::Answer { status: 200, headers: Vec::new(), body: output[end + 4..].to_vec() };
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        match (name, &mut reply) {
            ("Status", Reply::Answer { status, .. }) => *status = value[..3].parse().unwrap(),
            _ => reply = reply.with(name, value),
        }
    }
    reply
}

/// The work tree is what the stages of a heal need.
async fn check_work_tree(tree: &WorkTree, sha: &str, commits: usize) {
    let forge = LocalForge::open(tree.path()).unwrap();
    assert_eq!((forge.head(), forge.branch(), forge.dirty_files().len()), (sha, None, 0));
    let recent = forge.recent_commits(10).await.unwrap();
    assert_eq!(recent.len(), commits.min(10));
    assert_eq!(recent[0].sha, sha);
    for commit in recent.iter().take(commits - 1) {
        assert_eq!(commit.hunks.len(), 1, "{}", commit.summary);
        assert!(commit.hunks[0].new.starts_with("price = "));
    }
    assert_eq!(forge.tracked_files().await.unwrap(), [PathBuf::from("price.py")]);
}

#[tokio::test]
async fn a_branchs_head_comes_with_the_diffs_of_its_last_commits() {
    let remote = Remote::with(60, Protocol::Two).await;
    let data = tempfile::tempdir().unwrap();
    let cache = cache(data.path(), LARGE);
    let sha = &remote.commits[0];
    let tree = remote.checkout(&cache, sha, "heal-1").await.unwrap();
    check_work_tree(&tree, sha, 60).await;
    assert_eq!(fs::read_to_string(tree.path().join("price.py")).unwrap(), "price = 59\n");
    let shallow = fs::read_to_string(tree.path().join(".git/shallow")).unwrap();
    assert_eq!(shallow.trim(), remote.commits[49], "no more than the depth is fetched");
    let path = tree.path().to_owned();
    drop(tree);
    assert!(!path.exists());
}

#[tokio::test]
async fn what_is_here_is_not_fetched_again() {
    let remote = Remote::with(60, Protocol::Two).await;
    let data = tempfile::tempdir().unwrap();
    let cache = cache(data.path(), LARGE);
    let first = remote.checkout(&cache, &remote.commits[0], "heal-1").await.unwrap();
    let second = remote.checkout(&cache, &remote.commits[5], "heal-2").await.unwrap();
    assert_eq!(remote.fetches(), 1);
    check_work_tree(&first, &remote.commits[0], 60).await;
    check_work_tree(&second, &remote.commits[5], 55).await;
    let old = remote.checkout(&cache, &remote.commits[45], "heal-3").await.unwrap();
    assert_eq!(remote.fetches(), 2, "its history was cut too short");
    check_work_tree(&old, &remote.commits[45], 15).await;
}

#[tokio::test]
async fn a_server_that_gives_no_commits_by_sha_is_asked_for_the_branch() {
    let remote = Remote::with(60, Protocol::Zero).await;
    let data = tempfile::tempdir().unwrap();
    let cache = cache(data.path(), LARGE);
    for (heal, behind) in [("heal-1", 0), ("heal-2", 3), ("heal-3", 55)] {
        let sha = &remote.commits[behind];
        let tree = remote.checkout(&cache, sha, heal).await.unwrap();
        check_work_tree(&tree, sha, 60 - behind).await;
    }
}

#[tokio::test]
async fn a_short_history_is_whole() {
    let remote = Remote::with(3, Protocol::Two).await;
    let data = tempfile::tempdir().unwrap();
    let cache = cache(data.path(), LARGE);
    for heal in ["heal-1", "heal-2"] {
        let tree = remote.checkout(&cache, &remote.commits[0], heal).await.unwrap();
        check_work_tree(&tree, &remote.commits[0], 3).await;
    }
    assert_eq!(remote.fetches(), 1);
}

#[tokio::test]
async fn a_commit_that_is_nowhere_is_not_found() {
    let data = tempfile::tempdir().unwrap();
    for protocol in [Protocol::Zero, Protocol::Two] {
        let remote = Remote::with(2, protocol).await;
        let error = remote.checkout(&cache(data.path(), LARGE), &"1".repeat(40), "heal-1").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(!data.path().join("work/heal-1").exists());
    }
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again() {
    let broken = Server::start(|_, _| Reply::json(502, "")).await;
    let data = tempfile::tempdir().unwrap();
    let sha = "1".repeat(40);
    let url = format!("{}/shop", broken.url);
    let references = ["refs/heads/main".to_owned()];
    let wanted = Checkout {
        repository: "o/shop",
        clone_url: &url,
        credentials: None,
        sha: &sha,
        references: &references,
        heal_id: "heal-1",
    };
    let error = cache(data.path(), LARGE).checkout(&wanted).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient, "{error}");
    assert_eq!(broken.requests().len(), 3);
}

#[tokio::test]
async fn the_token_is_in_no_error_and_no_file() {
    let remote = Remote::with(2, Protocol::Two).await;
    let data = tempfile::tempdir().unwrap();
    let cache = cache(data.path(), LARGE);
    let token = SecretString::from("wrong-token");
    let wanted = Checkout {
        repository: "o/shop",
        clone_url: &remote.url(),
        credentials: Some(&token),
        sha: &remote.commits[0],
        references: &[],
        heal_id: "heal-1",
    };
    let error = cache.checkout(&wanted).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    assert!(!format!("{error} {error:?} {wanted:?}").contains("wrong-token"));
    let _tree = remote.checkout(&cache, &remote.commits[0], "heal-1").await.unwrap();
    let secrets = [TOKEN.to_owned(), STANDARD.encode(format!("x-access-token:{TOKEN}"))];
    for entry in walkdir::WalkDir::new(data.path()).into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
        let content = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
        assert!(!secrets.iter().any(|secret| content.contains(secret)), "{:?}", entry.path());
    }
}

#[tokio::test]
async fn a_killed_git_and_a_damaged_clone_do_no_harm() {
    let remote = Remote::with(20, Protocol::Two).await;
    let data = tempfile::tempdir().unwrap();
    let cache = cache(data.path(), LARGE);
    drop(remote.checkout(&cache, &remote.commits[3], "heal-1").await.unwrap());
    let clone =
        fs::read_dir(data.path().join("clones")).unwrap().flatten().find(|entry| entry.path().is_dir()).unwrap();
    fs::write(clone.path().join("shallow.lock"), "").unwrap();
    fs::create_dir_all(data.path().join("work/heal-2/left")).unwrap();
    let tree = remote.checkout(&cache, &remote.commits[0], "heal-2").await.unwrap();
    check_work_tree(&tree, &remote.commits[0], 20).await;
    assert!(!tree.path().join("left").exists());
    for entry in fs::read_dir(clone.path().join("objects/pack")).unwrap().flatten() {
        fs::remove_file(entry.path()).unwrap();
        fs::write(entry.path(), "damaged").unwrap();
    }
    let again = remote.checkout(&cache, &remote.commits[0], "heal-3").await.unwrap();
    check_work_tree(&again, &remote.commits[0], 20).await;
    check_work_tree(&tree, &remote.commits[0], 20).await;
}

#[tokio::test]
async fn heals_of_one_repository_take_turns() {
    let remote = Remote::with(30, Protocol::Two).await;
    let data = tempfile::tempdir().unwrap();
    let cache = cache(data.path(), LARGE);
    let ids: Vec<String> = (0..4).map(|number| format!("heal-{number}")).collect();
    let (a, b, c, d) = tokio::join!(
        remote.checkout(&cache, &remote.commits[0], &ids[0]),
        remote.checkout(&cache, &remote.commits[0], &ids[1]),
        remote.checkout(&cache, &remote.commits[1], &ids[2]),
        remote.checkout(&cache, &remote.commits[2], &ids[3]),
    );
    for tree in [a, b, c, d] {
        let tree = tree.unwrap();
        check_work_tree(&tree, tree.sha(), 28).await;
    }
    assert!(remote.fetches() <= 3);
}

#[tokio::test]
async fn left_over_work_trees_are_swept_and_old_clones_go_by_budget() {
    let remote = Remote::with(2, Protocol::Two).await;
    let other = Remote::with(2, Protocol::Two).await;
    let data = tempfile::tempdir().unwrap();
    let cache = cache(data.path(), 1);
    let live = remote.checkout(&cache, &remote.commits[0], "live").await.unwrap();
    fs::create_dir_all(data.path().join("work/dead/x")).unwrap();
    assert_eq!(cache.sweep(&HashSet::from(["live".to_owned()])).await.unwrap(), 1);
    let _second = other.checkout(&cache, &other.commits[0], "second").await.unwrap();
    let clones = fs::read_dir(data.path().join("clones")).unwrap().flatten();
    assert_eq!(clones.filter(|entry| entry.path().is_dir()).count(), 1, "the one in use stays");
    check_work_tree(&live, &remote.commits[0], 2).await;
}

#[tokio::test]
async fn a_commit_can_be_pushed_twice_and_never_over_another() {
    let remote = Remote::with(2, Protocol::Two).await;
    let data = tempfile::tempdir().unwrap();
    let cache = cache(data.path(), LARGE);
    let tree = remote.checkout(&cache, &remote.commits[0], "heal-1").await.unwrap();
    let token = SecretString::from(TOKEN);
    let author = CommitAuthor { name: "heal[bot]".to_owned(), email: "heal@shop.test".to_owned(), time: NOW };
    let files = [(PathBuf::from("price.py"), Some(b"price = 7\n".to_vec()))];
    let url = remote.url();
    let push = Push {
        clone_url: &url,
        credentials: Some(&token),
        branch: "heal/fix-1",
        files: &files,
        message: "fix",
        author: &author,
    };
    let sha = cache.push_commit(&tree, &push).await.unwrap();
    assert_eq!(cache.push_commit(&tree, &push).await.unwrap(), sha);
    let repository = git2::Repository::open(remote.root.path().join("shop")).unwrap();
    let head = repository.find_branch("heal/fix-1", git2::BranchType::Local).unwrap().get().peel_to_commit().unwrap();
    assert_eq!((head.id().to_string(), head.author().name().unwrap()), (sha, "heal[bot]"));
    let other = Push { message: "another", ..push };
    assert_eq!(cache.push_commit(&tree, &other).await.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn names_that_mean_something_else_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let cache = cache(data.path(), LARGE);
    let references = ["--upload-pack=touch /tmp/x".to_owned()];
    let sha = "1".repeat(40);
    let good = Checkout {
        repository: "o/shop",
        clone_url: "http://127.0.0.1:9/x",
        credentials: None,
        sha: &sha,
        references: &[],
        heal_id: "heal-1",
    };
    for bad in [
        Checkout { sha: "--all", ..good },
        Checkout { heal_id: "../x", ..good },
        Checkout { references: &references, ..good },
    ] {
        assert!(matches!(cache.checkout(&bad).await, Err(CloneError::Name { .. })));
    }
}
