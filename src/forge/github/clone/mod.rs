//! The cached clone of a repository, and work trees made from it.
//!
//! In: a repository's address, a commit, and where to look for it. Out: a [`WorkTree`], a repository of
//! its own whose HEAD is detached at the commit, with at least its last eleven commits (as far as there are
//! as many) and all their trees and blobs.
//!
//! **Why shallow and not partial.** A work tree needs every blob of its commit anyway, so a filter
//! (`--filter=blob:none`) would save only those blobs that the last fifty commits replaced, while libgit2
//! can't fetch a missing one and fails in the middle of a diff. It does know shallow history. So the cache is a
//! bare repository that is fetched with `--depth 50`: nothing inside the boundary is missing.
//!
//! **Why a repository per work tree.** `git worktree` and `--shared` tie a heal to the cache: it could not be
//! deleted while a heal runs, and both would write the same `shallow` file and references. A local
//! `git clone` refuses to link from a shallow repository. So the packs are linked by hand (they are written
//! once and never changed; copied where linking is impossible), `shallow` is copied, and `git checkout` does
//! the rest. This costs no space and some milliseconds, and the cache may be deleted at any time.
//!
//! **How a commit is found.** By its SHA; where a server refuses that, by the references the caller knows;
//! where it refuses shallow fetches, whole. One fetch at a time per repository, kept apart in this process
//! by a mutex and from other processes by a file lock, so that left-over lock files of git are nobody's and
//! are removed. A clone that git calls damaged is deleted and made anew, once.

mod disk;
mod error;
mod git;
mod work_tree;

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use sha2::{Digest, Sha256};

use disk::{USED, blocking, entries, link_objects, lock_file, remove, sizes, tidy, try_lock_file};
use git::{Address, Credentials, Git, Run};

pub use error::CloneError;
pub use work_tree::{CommitAuthor, WorkTree};

use super::ErrorKind;

/// Commits that are fetched: the diagnosis reads the last ten, and fifty make the next fetch small.
const DEPTH: &str = "--depth=50";
/// Commits that must be there, so that ten have a parent to be compared with.
const COMMITS: usize = 11;
/// Time for one fetch or push.
const FETCH: Duration = Duration::from_secs(120);
/// Time for everything that stays on this machine.
const LOCAL: Duration = Duration::from_secs(120);
/// A commit to check out.
#[derive(Clone, Copy, Debug)]
pub struct Checkout<'a> {
    /// `OWNER/NAME`.
    pub repository: &'a str,
    /// Where git finds it: http or https.
    pub clone_url: &'a str,
    /// An installation's token.
    pub credentials: Option<&'a SecretString>,
    /// The full SHA (SHA-1; libgit2 knows no other).
    pub sha: &'a str,
    /// Where the commit should be, such as `refs/heads/main` or `refs/pull/7/head`.
    pub references: &'a [String],
    /// Names the work tree: letters, digits, `-` and `_`.
    pub heal_id: &'a str,
}

/// A commit to make and push.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    /// Where git finds the repository.
    pub clone_url: &'a str,
    /// A token that may write.
    pub credentials: Option<&'a SecretString>,
    /// The branch, without `refs/heads/`; never forced.
    pub branch: &'a str,
    /// The changed files; `None` removes one.
    pub files: &'a [(PathBuf, Option<Vec<u8>>)],
    /// The commit's message.
    pub message: &'a str,
    /// The commit's author.
    pub author: &'a CommitAuthor,
}

/// The clones of all repositories. Clones of this share everything.
#[derive(Clone, Debug)]
pub struct CloneCache {
    git: Git,
    data_dir: PathBuf,
    budget: u64,
    locks: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>>,
}

impl CloneCache {
    /// Keeps clones in `data_dir/clones` (at most `disk_budget_bytes`, the least recently used go first) and
    /// work trees in `data_dir/work`.
    pub fn new(data_dir: PathBuf, disk_budget_bytes: u64, git_path: PathBuf) -> Self {
        let git = Git::new(git_path);
        CloneCache { git, data_dir, budget: disk_budget_bytes, locks: Arc::default() }
    }

    /// Passes variables on to git, for proxies and certificates (`HTTPS_PROXY`, `SSL_CERT_FILE`).
    pub fn with_environment(self, environment: Vec<(String, String)>) -> Self {
        CloneCache { git: self.git.with_environment(environment), ..self }
    }

    /// Fetches what is missing and checks the commit out.
    pub async fn checkout(&self, wanted: &Checkout<'_>) -> Result<WorkTree, CloneError> {
        let address = Address::check(wanted.clone_url)?;
        check_names(wanted)?;
        let credentials = wanted.credentials.map(|token| Credentials::new(&address, token));
        let name = clone_name(wanted.repository, wanted.clone_url);
        let clone = Clone {
            git: &self.git,
            path: self.clones().join(&name),
            address: &address,
            credentials: credentials.as_ref(),
        };
        let work = self.data_dir.join("work").join(wanted.heal_id);
        let tree = {
            let _mutex = self.lock(&name).lock_owned().await;
            let _file = lock_file(&self.clones(), &name).await?;
            let existed = clone.path.join("HEAD").exists();
            match clone.check_out(wanted, &work).await {
                Err(error) if existed && error.is_damage() => {
                    tracing::warn!(repository = wanted.repository, %error, "a clone is damaged and is made anew");
                    remove(&clone.path).await?;
                    clone.check_out(wanted, &work).await?
                }
                result => result?,
            }
        };
        self.trim(&name).await;
        Ok(tree)
    }

    /// Makes a commit on top of a work tree's and pushes it; pushing it twice is pushing it once. Gives its SHA.
    pub async fn push_commit(&self, tree: &WorkTree, push: &Push<'_>) -> Result<String, CloneError> {
        let address = Address::check(push.clone_url)?;
        if !git2::Branch::name_is_valid(push.branch)? {
            return Err(CloneError::Name { what: "a branch", name: push.branch.to_owned() });
        }
        let credentials = push.credentials.map(|token| Credentials::new(&address, token));
        let sha = tree.commit(push.files, push.message, push.author)?;
        let refspec = format!("{sha}:refs/heads/{}", push.branch);
        let arguments = ["push", "--quiet", "--no-verify", address.url(), &refspec];
        let arguments = arguments.into_iter().map(OsStr::new).collect();
        let directory = tree.path();
        let credentials = credentials.as_ref();
        self.git.run_remote(Run { step: "push", directory, arguments, credentials, limit: FETCH }).await?;
        Ok(sha)
    }

    /// Removes what a process that was killed left of a heal's work tree. Only who has the heal in hand may ask.
    pub async fn forget(&self, heal_id: &str) -> Result<(), CloneError> {
        remove(&self.data_dir.join("work").join(heal_id)).await
    }

    /// Removes work trees that no living heal owns; gives their number.
    pub async fn sweep(&self, live: &HashSet<String>) -> Result<usize, CloneError> {
        let work = self.data_dir.join("work");
        let is_dead = |path: &PathBuf| !path.file_name().is_some_and(|name| live.contains(&*name.to_string_lossy()));
        let dead: Vec<PathBuf> = entries(&work).into_iter().filter(is_dead).collect();
        let count = dead.len();
        blocking(&work, move || dead.iter().try_for_each(fs::remove_dir_all)).await?;
        Ok(count)
    }

    fn clones(&self) -> PathBuf {
        self.data_dir.join("clones")
    }

    fn lock(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        locks.entry(name.to_owned()).or_default().clone()
    }

    /// Keeps to the budget. Nothing depends on a clone, so that any that nobody is fetching may go.
    async fn trim(&self, current: &str) {
        let clones = self.clones();
        let sizes = tokio::task::spawn_blocking(move || sizes(&clones)).await.unwrap_or_default();
        let mut total: u64 = sizes.iter().map(|(.., bytes)| bytes).sum();
        for (_, path, bytes) in sizes {
            if total <= self.budget {
                return;
            }
            let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
            let lock = self.lock(&name);
            let Ok(_mutex) = lock.try_lock() else { continue };
            if name == current {
                continue;
            }
            let Some(_file) = try_lock_file(&self.clones(), &name) else { continue };
            tracing::info!(clone = name, bytes, "a clone is deleted to keep to the disk budget");
            match remove(&path).await {
                Ok(()) => total -= bytes,
                Err(error) => tracing::warn!(clone = name, %error, "a clone can't be deleted"),
            }
        }
    }
}

/// One clone, while it is locked.
struct Clone<'a> {
    git: &'a Git,
    path: PathBuf,
    address: &'a Address,
    credentials: Option<&'a Credentials>,
}

impl Clone<'_> {
    async fn check_out(&self, wanted: &Checkout<'_>, work: &Path) -> Result<WorkTree, CloneError> {
        self.prepare().await?;
        if !self.has(wanted.sha, COMMITS).await {
            self.fetch(wanted).await?;
        }
        fs::write(self.path.join(USED), "").map_err(|source| CloneError::disk(&self.path, source))?;
        // Whatever is there is of a heal that was killed. From here on the guard removes it.
        remove(work).await?;
        fs::create_dir_all(work).map_err(|source| CloneError::disk(work, source))?;
        let tree = WorkTree::new(work.to_owned(), wanted.sha.to_owned());
        self.local("init", work, &["init", "--quiet", "--template="]).await?;
        let (from, to) = (self.path.clone(), work.join(".git"));
        blocking(work, move || link_objects(&from, &to)).await?;
        self.local("checkout", work, &["checkout", "--quiet", "--force", "--detach", wanted.sha]).await?;
        Ok(tree)
    }

    /// Makes the bare repository, or removes what a killed git left in it.
    async fn prepare(&self) -> Result<(), CloneError> {
        if self.path.join("HEAD").exists() {
            let path = self.path.clone();
            return blocking(&self.path, move || tidy(&path)).await;
        }
        fs::create_dir_all(&self.path).map_err(|source| CloneError::disk(&self.path, source))?;
        self.local("init", &self.path, &["init", "--quiet", "--bare", "--template="]).await.map(|_| ())
    }

    /// Whether a commit is here with its history: as many commits, or all down to the first one.
    async fn has(&self, sha: &str, commits: usize) -> bool {
        let count = format!("--max-count={commits}");
        let Ok(listed) = self.local("rev-list", &self.path, &["rev-list", &count, sha, "--"]).await else {
            return false;
        };
        let listed = String::from_utf8_lossy(&listed).into_owned();
        let boundary = fs::read_to_string(self.path.join("shallow")).unwrap_or_default();
        let boundary: HashSet<&str> = boundary.lines().collect();
        listed.lines().count() >= commits || !listed.lines().any(|commit| boundary.contains(commit))
    }

    async fn fetch(&self, wanted: &Checkout<'_>) -> Result<(), CloneError> {
        let mut refusal = None;
        for (depth, source) in self.plan(wanted) {
            let refspec = format!("+{source}:{}", slot(source));
            let mut arguments = vec!["fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head"];
            arguments.extend(depth.argument(self.path.join("shallow").exists()));
            arguments.extend([self.address.url(), refspec.as_str()]);
            let arguments = arguments.into_iter().map(OsStr::new).collect();
            let (directory, credentials) = (self.path.as_path(), self.credentials);
            match self.git.run_remote(Run { step: "fetch", directory, arguments, credentials, limit: FETCH }).await {
                // A history shorter than asked for is all there is.
                Ok(_) if self.has(wanted.sha, 1).await => return Ok(()),
                Ok(_) => {}
                // The server does not give it by this name.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                // It may be unable to do it this way, such as shallow.
                Err(error) if error.kind() == ErrorKind::Malformed => refusal = Some(error),
                Err(error) => return Err(error),
            }
            tracing::debug!(repository = wanted.repository, source, "the commit is looked for elsewhere");
        }
        Err(refusal.unwrap_or_else(|| CloneError::NoCommit { sha: wanted.sha.to_owned() }))
    }

    /// Where the commit is looked for, the cheapest way first.
    fn plan<'b>(&self, wanted: &'b Checkout<'_>) -> Vec<(Depth, &'b str)> {
        let references = || wanted.references.iter().map(String::as_str);
        let by_sha = std::iter::once((Depth::Shallow, wanted.sha));
        let shallow = references().map(|reference| (Depth::Shallow, reference));
        by_sha.chain(shallow).chain(references().map(|reference| (Depth::Whole, reference))).collect()
    }

    async fn local(&self, step: &'static str, directory: &Path, arguments: &[&str]) -> Result<Vec<u8>, CloneError> {
        let arguments = arguments.iter().map(OsStr::new).collect();
        self.git.run(&Run { step, directory, arguments, credentials: None, limit: LOCAL }).await
    }
}

#[derive(Clone, Copy)]
enum Depth {
    Shallow,
    Whole,
}

impl Depth {
    fn argument(self, is_shallow: bool) -> Option<&'static str> {
        match self {
            Depth::Shallow => Some(DEPTH),
            Depth::Whole => is_shallow.then_some("--unshallow"),
        }
    }
}

/// The reference that holds what was fetched, so that the next fetch can say what is here. There are 256:
/// enough to know most branches, and never more however many commits are healed.
fn slot(source: &str) -> String {
    format!("refs/heal/{:02x}", Sha256::digest(source.as_bytes())[0])
}

/// A directory's name that is readable, and different for different addresses.
fn clone_name(repository: &str, clone_url: &str) -> String {
    let readable = |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
    let name: String = repository.chars().take(100).map(readable).collect();
    let digest = Sha256::digest(format!("{repository} {clone_url}").as_bytes());
    let digest: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{name}-{digest}")
}

fn check_names(wanted: &Checkout<'_>) -> Result<(), CloneError> {
    let bad = |what, name: &str| Err(CloneError::Name { what, name: name.chars().take(100).collect() });
    let is_sha = wanted.sha.len() == 40 && wanted.sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_sha {
        return bad("a commit's SHA", wanted.sha);
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if wanted.heal_id.is_empty() || wanted.heal_id.len() > 100 || !wanted.heal_id.bytes().all(plain) {
        return bad("a heal's id", wanted.heal_id);
    }
    let is_reference = |name: &str| name.starts_with("refs/") && git2::Reference::is_valid_name(name);
    match wanted.references.iter().find(|name| !is_reference(name)) {
        Some(name) => bad("a reference", name),
        None => Ok(()),
    }
}
