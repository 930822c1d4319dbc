//! The `git` program as a child process, for what needs git's own transport.
//!
//! Every process has its own group, a cleared environment, no standard input, bounded output and a time
//! limit; when it is dropped or late, its group gets TERM and then KILL. No configuration but the one
//! given here is read: no hooks, no helpers, no prompts, no protocol but HTTP. Credentials are handed over
//! in the environment, bound to the origin of the clone's address, and scrubbed from what git prints.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::error::{CloneError, kind_of_complaint};
use crate::forge::github::ErrorKind;
use crate::forge::github::error::bounded;

/// The output of git that is kept: heal reads nothing but lists of commits.
const OUTPUT_BYTES: usize = 256 * 1024;
/// The end of git's complaints that is kept.
const COMPLAINT_BYTES: usize = 8 * 1024;
/// How often git is started against a server that is in trouble.
const TRIES: usize = 3;
/// The longest wait between two of these.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How long a process may take to end after TERM.
const GRACE: Duration = Duration::from_secs(2);

/// Settings that hold for every process, in place of all files.
const CONFIGURATION: &[(&str, &str)] = &[
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.askPass", ""),
    ("credential.helper", ""),
    ("advice.detachedHead", "false"),
    ("init.defaultBranch", "main"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    // Packs are never unpacked, so that a clone is a handful of files which can be linked.
    ("fetch.unpackLimit", "1"),
    ("fetch.recurseSubmodules", "false"),
    ("protocol.allow", "never"),
    ("protocol.http.allow", "always"),
    ("protocol.https.allow", "always"),
    // A redirection would carry the credentials to a place that nobody named.
    ("http.followRedirects", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "30"),
];

/// A checked address that git may be given.
#[derive(Clone, Debug)]
pub(super) struct Address {
    url: String,
    origin: String,
}

impl Address {
    /// Takes http and https only, without user, password, query and fragment.
    pub fn check(url: &str) -> Result<Self, CloneError> {
        let wrong = |message: &'static str| CloneError::Address { message };
        let parsed = Url::parse(url).map_err(|_| wrong("not a URL"))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
            return Err(wrong("neither http nor https"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("it holds credentials"));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(wrong("it holds a query or a fragment"));
        }
        Ok(Address { url: parsed.as_str().to_owned(), origin: parsed.origin().ascii_serialization() })
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

/// A token for an address.
pub(super) struct Credentials {
    setting: String,
    header: SecretString,
    scrubbed: [SecretString; 2],
}

impl Credentials {
    pub fn new(address: &Address, token: &SecretString) -> Self {
        let packed = STANDARD.encode(format!("x-access-token:{}", token.expose_secret()));
        Credentials {
            setting: format!("http.{}/.extraHeader", address.origin),
            header: SecretString::from(format!("Authorization: Basic {packed}")),
            scrubbed: [SecretString::from(token.expose_secret()), SecretString::from(packed)],
        }
    }

    fn scrub(&self, text: &str) -> String {
        self.scrubbed.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), "***"))
    }
}

/// The git program.
#[derive(Clone, Debug)]
pub(super) struct Git {
    program: PathBuf,
    environment: Vec<(String, String)>,
}

/// A process to run.
pub(super) struct Run<'a> {
    /// For errors.
    pub step: &'static str,
    pub directory: &'a Path,
    pub arguments: Vec<&'a OsStr>,
    pub credentials: Option<&'a Credentials>,
    pub limit: Duration,
}

impl Git {
    pub fn new(program: PathBuf) -> Self {
        Git { program, environment: Vec::new() }
    }

    pub fn with_environment(self, environment: Vec<(String, String)>) -> Self {
        Git { environment, ..self }
    }

    /// Runs git against a server: a fetch, or a push of a certain commit, may be repeated after a fault.
    pub async fn run_remote(&self, run: Run<'_>) -> Result<Vec<u8>, CloneError> {
        for _ in 1..TRIES {
            match self.run(&run).await {
                Err(error @ CloneError::Git { kind: ErrorKind::Transient, .. }) => {
                    tracing::debug!(step = run.step, %error, "git is started again");
                    tokio::time::sleep(rand::random_range(Duration::ZERO..=LONGEST_WAIT)).await;
                }
                result => return result,
            }
        }
        self.run(&run).await
    }

    /// Runs git to its end; gives the beginning of its output.
    pub async fn run(&self, run: &Run<'_>) -> Result<Vec<u8>, CloneError> {
        let mut child = self.command(run).spawn().map_err(|source| CloneError::Start { source })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut group = Group { child: Some(child) };
        let work = async {
            let (output, complaint, status) =
                tokio::join!(beginning(stdout, OUTPUT_BYTES), ending(stderr, COMPLAINT_BYTES), group.wait());
            (output, complaint, status)
        };
        let Ok((output, complaint, status)) = tokio::time::timeout(run.limit, work).await else {
            return Err(CloneError::TimedOut { step: run.step, seconds: run.limit.as_secs() });
        };
        if status.map_err(|source| CloneError::Start { source })?.success() {
            return Ok(output);
        }
        let complaint = String::from_utf8_lossy(&complaint).into_owned();
        let complaint = run.credentials.map_or_else(|| complaint.clone(), |known| known.scrub(&complaint));
        let kind = kind_of_complaint(&complaint);
        Err(CloneError::Git { step: run.step, message: bounded(&last_words(&complaint)), kind })
    }

    #[expect(clippy::disallowed_methods, reason = "git's own transport is needed; this is its only place")]
    fn command(&self, run: &Run<'_>) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&run.arguments)
            .current_dir(run.directory)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("PATH", self.search_path())
            .env("HOME", "/nonexistent")
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_LFS_SKIP_SMUDGE", "1")
            // The repository is the directory itself, never one around it.
            .env("GIT_CEILING_DIRECTORIES", run.directory.parent().unwrap_or(Path::new("/")))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let credentials =
            run.credentials.map(|credentials| (credentials.setting.as_str(), credentials.header.expose_secret()));
        let settings = CONFIGURATION.iter().copied().chain(credentials);
        let mut count = 0;
        for (name, value) in settings {
            command.env(format!("GIT_CONFIG_KEY_{count}"), name).env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        command.env("GIT_CONFIG_COUNT", count.to_string());
        command
    }

    /// Where git finds its own helpers, which it starts by name.
    fn search_path(&self) -> std::ffi::OsString {
        let mut path = std::ffi::OsString::new();
        if let Some(parent) = self.program.parent().filter(|parent| parent.is_absolute()) {
            path.push(parent);
            path.push(":");
        }
        path.push("/usr/local/bin:/usr/bin:/bin");
        path
    }
}

/// A process group that does not outlive its owner.
struct Group {
    child: Option<Child>,
}

impl Group {
    async fn wait(&mut self) -> std::io::Result<std::process::ExitStatus> {
        match self.child.as_mut() {
            Some(child) => child.wait().await,
            None => Err(std::io::ErrorKind::NotFound.into()),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // A child that has been waited for has no number any more.
        let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw) else { return };
        let _ = killpg(group, Signal::SIGTERM);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            let _ = killpg(group, Signal::SIGKILL);
            return;
        };
        runtime.spawn(async move {
            let _ = tokio::time::timeout(GRACE, child.wait()).await;
            // What is left of the group; its number is not reused while anybody is in it.
            let _ = killpg(group, Signal::SIGKILL);
            let _ = child.wait().await;
        });
    }
}

async fn beginning(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else { return kept };
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        let room = limit - kept.len();
        kept.extend_from_slice(&buffer[..count.min(room)]);
    }
    kept
}

async fn ending(pipe: Option<impl AsyncRead + Unpin>, limit: usize) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else { return kept };
    let mut buffer = vec![0; 4 * 1024];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..count]);
        if kept.len() > limit {
            kept.drain(..kept.len() - limit);
        }
    }
    kept
}

/// The last three lines that are no hints: before them comes progress.
fn last_words(complaint: &str) -> String {
    let lines = complaint.lines().filter(|line| !line.starts_with("hint:") && !line.trim().is_empty());
    let mut lines: Vec<&str> = lines.collect();
    lines.drain(..lines.len().saturating_sub(3));
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_http_and_hold_no_secrets() {
        assert!(Address::check("https://ghe.test/a/b.git").is_ok());
        for bad in
            ["git@ghe.test:a/b", "ssh://ghe.test/a", "file:///etc", "https://u:p@ghe.test/a", "https://a/b?c", "-x"]
        {
            assert!(Address::check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_scrubbed_in_both_forms() {
        let address = Address::check("https://ghe.test:8443/a/b.git").unwrap();
        let token = "tok".repeat(5);
        let credentials = Credentials::new(&address, &SecretString::from(token.as_str()));
        assert_eq!(credentials.setting, "http.https://ghe.test:8443/.extraHeader");
        let packed = STANDARD.encode(format!("x-access-token:{token}"));
        let scrubbed = credentials.scrub(&format!("error {token} and {packed}"));
        assert_eq!(scrubbed, "error *** and ***");
    }

    #[tokio::test]
    async fn a_late_process_is_ended_with_its_group() {
        let directory = tempfile::tempdir().unwrap();
        let git = Git::new(PathBuf::from("/bin/sh"));
        let script = "sleep 1000 & echo $! > child; wait";
        let run = Run {
            step: "sleep",
            directory: directory.path(),
            arguments: vec![OsStr::new("-c"), OsStr::new(script)],
            credentials: None,
            limit: Duration::from_millis(500),
        };
        assert!(matches!(git.run(&run).await, Err(CloneError::TimedOut { .. })));
        let child = std::fs::read_to_string(directory.path().join("child")).unwrap();
        let alive = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
            !stat.is_empty() && !stat.contains(") Z ")
        };
        for _ in 0..100 {
            if !alive() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the grandchild is still there");
    }
}
