//! The world of one test: its GitHub, its repositories, its `heal serve`; and at the end, what must not be.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::auth::Token;
use super::emulator::{self, RUNTIME};
use super::faults::Fault;
use super::openapi;
use super::proxy;
use super::repository::Repository;
use super::serve::{Serve, program};
use super::site::{Recorded, Site};
use super::storage::Storage;
use super::webhooks::Delivery;

/// The world of one test.
pub struct World {
    /// Its GitHub.
    pub site: Arc<Site>,
    folder: tempfile::TempDir,
    repositories: Mutex<Vec<Repository>>,
    secrets: Mutex<Vec<String>>,
}

/// The project's folder.
pub fn manifest_dir() -> String {
    env!("CARGO_MANIFEST_DIR").to_owned()
}

/// Whether this machine can play GitHub: node, and the packages of `tests/world`. Says so when it can't.
pub fn ready() -> bool {
    let packages = emulator::folder().join("node_modules/emulate/package.json");
    crate::world::has("node", &["--version"])
        && crate::world::has("git", &["--version"])
        && crate::world::has("test", &["-f", packages.to_str().unwrap()])
}

/// Waits until a condition holds; looks some three hundred times in all, which leaves the emulator's rate limit
/// (5,000 requests an hour and person) alone.
#[track_caller]
pub fn eventually(seconds: u64, what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(seconds);
    while !condition() {
        assert!(Instant::now() < end, "waited {seconds} s for {what}");
        std::thread::sleep(Duration::from_millis((seconds * 1000 / 300).clamp(50, 1000)));
    }
}

impl World {
    /// A new world; `None`, said aloud, where the machine lacks the tools.
    pub fn start() -> Option<Self> {
        if !ready() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        for name in ["tmp", "home", "data", "site/git", "site/ci", "site/dev"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("app.pem"), &emulator::shared().private_key).unwrap();
        let site = RUNTIME.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let site = Site::create(url, Storage::start().await, &folder.path().join("site")).await;
            tokio::spawn(proxy::serve(listener, Arc::clone(&site)));
            site
        });
        Some(World { site, folder, repositories: Mutex::default(), secrets: Mutex::default() })
    }

    /// A repository with these files in a first commit whose CI, if it has one, is green.
    pub fn repository(&self, name: &str, files: &[(&str, &str)]) -> Repository {
        let repository = Repository::create(&self.site, &self.site.owner, name, None);
        let sha = repository.push("Add the project", files);
        self.repositories.lock().unwrap().push(repository.clone());
        if files.iter().all(|(path, _)| !path.starts_with(".github/workflows/")) {
            return repository;
        }
        let conclusion = repository.wait_for_ci(&sha);
        assert_eq!(conclusion, "success", "the first commit of {name} is to be green:\n{}", repository.logs(&sha));
        repository
    }

    /// Starts `heal serve` with more variables.
    pub fn serve(&self, environment: &[(&str, &str)]) -> Serve {
        self.serve_with("", environment)
    }

    /// Starts `heal serve` with a `heal.toml` and more variables.
    pub fn serve_with(&self, config: &str, environment: &[(&str, &str)]) -> Serve {
        let root = self.folder.path();
        let port = emulator::free_port();
        let mut command = Command::new(program());
        command
            .arg("serve")
            .current_dir(root)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", root.join("home"))
            .env("TMPDIR", root.join("tmp"))
            .env("HEAL_LISTEN", format!("127.0.0.1:{port}"))
            .env("HEAL_DATABASE_URL", format!("sqlite://{}?mode=rwc", self.database().display()))
            .env("HEAL_GITHUB_API_URL", &self.site.url)
            .env("HEAL_GITHUB_APP_ID", self.site.app_id.to_string())
            .env("HEAL_GITHUB_PRIVATE_KEY_PATH", root.join("app.pem"))
            .env("HEAL_GITHUB_WEBHOOK_SECRET", &self.site.secret)
            .env("HEAL_DATA_DIR", root.join("data"))
            .envs(environment.iter().copied());
        if !config.is_empty() {
            let path = root.join("heal.toml");
            std::fs::write(&path, config).unwrap();
            command.arg("--config").arg(path);
        }
        let url = format!("http://127.0.0.1:{port}");
        self.listen(Some(format!("{url}/webhooks/github")));
        Serve::start(command, url, root.join("heal.stderr"), &self.site.server)
    }

    /// Runs another command of heal on the server's database.
    pub fn heal(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("HEAL_DATABASE_URL", format!("sqlite://{}", self.database().display())).output().unwrap()
    }

    /// Where webhooks go from now on.
    pub fn listen(&self, url: Option<String>) {
        *self.site.hooks.target.lock().unwrap() = url;
    }

    /// heal's database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("heal.db")
    }

    /// Switches a fault on.
    pub fn fault(&self, fault: Fault) {
        self.site.faults.add(fault);
    }

    /// Switches all faults off.
    pub fn calm(&self) {
        self.site.faults.clear();
    }

    /// Delivers an event; gives the delivery's id.
    pub fn deliver(&self, event: &str, payload: Value) -> String {
        self.site.hooks.send(&self.site, event, payload)
    }

    /// Waits until every event so far was delivered, or lost.
    pub fn deliver_all(&self) {
        eventually(30, "the deliveries", || self.site.hooks.waiting() == 0);
    }

    /// The deliveries so far.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.site.hooks.done.lock().unwrap().clone()
    }

    /// Delivers one again under its id.
    pub fn redeliver(&self, delivery: &Delivery) {
        self.site.hooks.again(Delivery { status: None, ..delivery.clone() });
    }

    /// What heal asked for so far.
    pub fn requests(&self) -> Vec<Recorded> {
        let all = self.site.requests.lock().unwrap();
        let anonymous_git = |request: &Recorded| request.caller == "nobody" && request.path.contains(".git/");
        all.iter().filter(|request| request.caller != "user" && !anonymous_git(request)).cloned().collect()
    }

    /// The installation tokens that were minted.
    pub fn minted(&self) -> Vec<Token> {
        self.site.tokens.lock().unwrap().values().cloned().collect()
    }

    /// A text that must never be seen again.
    pub fn plant(&self, secret: &str) {
        self.secrets.lock().unwrap().push(secret.to_owned());
    }

    /// What must hold at the end of every story. heal is to be stopped before.
    pub fn finish(self) {
        eventually(120, "CI to end", || {
            self.site.actions.lock().unwrap().runs.iter().all(|run| run.status == "completed")
        });
        let mut faults = Vec::new();
        self.branches(&mut faults);
        faults.extend(self.requests().iter().filter_map(openapi::fault));
        self.leaks(&mut faults);
        self.leftovers(&mut faults);
        assert!(faults.is_empty(), "the world is not as it should be:\n{}\n{}", faults.join("\n"), self.stderr());
    }

    fn branches(&self, faults: &mut Vec<String>) {
        for repository in self.repositories.lock().unwrap().iter() {
            let pulls = repository.pull_requests();
            let open = |branch: &str| pulls.iter().any(|pull| pull["state"] == "open" && pull["head"]["ref"] == branch);
            let left = repository.branches().into_iter().filter(|branch| branch.starts_with("heal/") && !open(branch));
            faults.extend(left.map(|branch| {
                format!("{}: the branch {branch} was left without an open pull request", repository.name)
            }));
        }
    }

    /// Tokens, keys and planted secrets in what heal wrote anywhere.
    fn leaks(&self, faults: &mut Vec<String>) {
        let mut secrets = self.secrets.lock().unwrap().clone();
        secrets.extend(self.site.tokens.lock().unwrap().keys().cloned());
        secrets.push(self.site.secret.clone());
        secrets.extend(emulator::shared().private_key.lines().nth(3).map(ToOwned::to_owned));
        let mut places = vec![(
            "heal's output".to_owned(),
            std::fs::read(self.folder.path().join("heal.stderr")).unwrap_or_default(),
        )];
        for end in ["", "-wal"] {
            let path = format!("{}{end}", self.database().display());
            places.push((path.clone(), std::fs::read(path).unwrap_or_default()));
        }
        let files = walkdir::WalkDir::new(self.folder.path().join("data")).into_iter().filter_map(Result::ok);
        for file in files.filter(|file| file.file_type().is_file()) {
            places.push((file.path().display().to_string(), std::fs::read(file.path()).unwrap_or_default()));
        }
        for request in self.requests() {
            places.push((format!("{} {}", request.method, request.path), request.body.to_string().into_bytes()));
        }
        for (place, bytes) in places {
            let text = String::from_utf8_lossy(&bytes);
            let found = secrets.iter().filter(|secret| text.contains(secret.as_str()));
            faults.extend(
                found.map(|secret| format!("{place} holds a secret ({}…)", secret.chars().take(6).collect::<String>())),
            );
        }
    }

    fn leftovers(&self, faults: &mut Vec<String>) {
        let root = self.folder.path();
        let left = || -> Vec<PathBuf> {
            let folders = [root.join("tmp"), root.join("data/work"), root.join("data/worktrees")];
            folders.iter().flat_map(|folder| entries(folder)).collect()
        };
        // heal's janitor cleans up after a killed heal; it needs a moment.
        let end = Instant::now() + Duration::from_secs(5);
        while !left().is_empty() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(100));
        }
        faults.extend(left().iter().map(|path| format!("left behind: {}", path.display())));
    }

    fn stderr(&self) -> String {
        let text = std::fs::read(self.folder.path().join("heal.stderr")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path())
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let asked = self.requests();
            let last: Vec<Value> = asked
                .iter()
                .rev()
                .take(25)
                .rev()
                .map(|request| json!(format!("{} {} {}", request.status, request.method, request.path)))
                .collect();
            eprintln!("--- the last requests\n{:#}\n--- the end of heal's output\n{}", json!(last), self.stderr());
        }
    }
}
