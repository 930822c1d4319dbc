//! The floor that says what heal may do in a repository.
//!
//! In: the text of `.github/heal.toml` from the default branch, or nothing. Out: a [`Policy`] whose every value
//! is in range, or a [`PolicyError`] with line and column; whoever gets the error goes on with
//! [`Policy::safest`].
//!
//! A file starts from the default or from the preset it names, and each key replaces one value. What is *not*
//! here: addresses and secrets. A repository names channels that the operator has defined, and no more, so that
//! nobody who may write to a repository can make heal call an address of their choice.

mod globs;
mod keys;
mod parse;
mod paths;
mod presets;
#[cfg(test)]
mod tests;

pub use crate::settings::SettingError as PolicyError;
pub use globs::{Globs, PatternError};
pub use keys::KEYS;
pub(crate) use parse::globs;
pub use parse::is_channel_name;

/// Where the policy of a repository stands.
pub const FILE: &str = ".github/heal.toml";

/// The classes of failures that may be healed, by their names in a diagnosis. Flaky and infrastructure failures
/// are rerun, dependency and configuration failures are reported; none of them is ever patched.
pub const CLASSES: &[&str] = &["code", "test", "type", "lint", "format", "timeout", "unknown"];

/// How far heal goes by itself; each step includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Autonomy {
    /// Diagnoses, and writes nothing but its own check.
    Observe,
    /// Drafts and proves, and shows the patch in a comment.
    Suggest,
    /// Opens a pull request.
    PullRequest,
    /// Pushes to the branch of a failing pull request; opens a pull request for other branches.
    Push,
    /// Merges its own pull requests when the risk is low and all checks are green.
    MergeLowRisk,
}

impl Autonomy {
    /// The words of the file.
    pub const WORDS: &[(&'static str, Autonomy)] = &[
        ("observe", Autonomy::Observe),
        ("suggest", Autonomy::Suggest),
        ("pull_request", Autonomy::PullRequest),
        ("push", Autonomy::Push),
        ("merge_low_risk", Autonomy::MergeLowRisk),
    ];
}

/// Where a patch is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyWhere {
    /// In the sandbox on heal's machine only.
    Sandbox,
    /// In the project's own CI only.
    Ci,
    /// In the sandbox where the project can be run there, then in CI.
    Both,
}

impl VerifyWhere {
    /// The words of the file.
    pub const WORDS: &[(&'static str, VerifyWhere)] =
        &[("sandbox", VerifyWhere::Sandbox), ("ci", VerifyWhere::Ci), ("both", VerifyWhere::Both)];

    /// Whether the sandbox is used.
    pub fn in_sandbox(self) -> bool {
        self != VerifyWhere::Ci
    }

    /// Whether the project's CI is awaited.
    pub fn in_ci(self) -> bool {
        self != VerifyWhere::Sandbox
    }
}

/// Limits on what heal does by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Whether heal does anything at all here.
    pub enabled: bool,
    /// The branches whose failures are healed.
    pub branches: Globs,
    /// The files that a patch may touch.
    pub allow_paths: Globs,
    /// The files that a patch may not touch, whatever is allowed.
    pub deny_paths: Globs,
    /// Files that need a person, beside those that always do (see [`Policy::needs_person`]).
    pub protect_paths: Globs,
    /// The classes of failures that may be healed, out of [`CLASSES`].
    pub classes: Vec<&'static str>,
    /// How far heal goes by itself.
    pub autonomy: Autonomy,
    /// Where a patch is proven.
    pub verify: VerifyWhere,
    /// Whether pull requests are opened as drafts.
    pub draft: bool,
    /// The commands that test the project; empty when heal shall find them.
    pub test: Vec<String>,
    /// Labels of heal's pull requests.
    pub labels: Vec<String>,
    /// Whether a reviewer is asked.
    pub ask_reviewer: bool,
    /// Patches put to the test per heal, 1 to 10.
    pub attempts: u32,
    /// Added and removed lines of a patch together.
    pub max_changed_lines: usize,
    /// How often the patched tree must pass in a row (rung 6 adds `reruns` runs to the first).
    pub reruns: u32,
    /// Open pull requests of heal per repository; at this number no further one is opened.
    pub open_pull_requests: u32,
    /// Heals per repository within 24 hours.
    pub heals_per_day: u32,
    /// Minutes in which CI must end.
    pub ci_minutes: u32,
    /// Minutes of CI that all attempts of one heal may use together.
    pub ci_minutes_total: u32,
    /// Minutes within which a run must have started after a push.
    pub ci_start_minutes: u32,
    /// Minutes in which all workflows of the failing commit are awaited before heal acts.
    pub workflows_minutes: u32,
    /// Seconds for drafting and proving in the sandbox, per round of attempts.
    pub budget_seconds: u32,
    /// Commits in a row by bots at a branch's head that make heal stop.
    pub bot_commits: u32,
    /// How often failed jobs of a flaky or infrastructure failure are rerun, 1 or 2.
    pub flaky_reruns: u32,
    /// Whether a comment tells of a flaky test.
    pub comment_on_flaky: bool,
    /// Names of channels that the operator has defined.
    pub notify: Vec<String>,
    /// What language models may see and cost.
    pub llm: LlmPolicy,
}

/// What language models may see of a repository, and cost.
#[derive(Clone, Debug, PartialEq)]
pub struct LlmPolicy {
    /// Whether they may be asked at all.
    pub enabled: bool,
    /// The files whose text may be sent.
    pub allow_paths: Globs,
    /// The files whose text may not be sent, whatever is allowed.
    pub deny_paths: Globs,
    /// US dollars per heal; `None` leaves it to the operator's limit.
    pub max_cost_usd: Option<f64>,
}

impl LlmPolicy {
    /// Whether a file's text may be sent, by its path within the repository.
    pub fn may_send(&self, path: &std::path::Path) -> bool {
        self.enabled && self.allow_paths.matches(path) && !self.deny_paths.matches(path)
    }
}

impl Policy {
    /// Whether failures of this branch are healed, `main` and not `refs/heads/main`.
    pub fn heals_branch(&self, branch: &str) -> bool {
        self.branches.matches(branch)
    }

    /// Whether failures of this class are healed.
    pub fn heals_class(&self, class: &str) -> bool {
        self.classes.contains(&class)
    }

    /// The reference table of the file's keys, as Markdown.
    pub fn reference() -> String {
        crate::settings::reference::table(KEYS)
    }
}
