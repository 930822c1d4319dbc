//! The sets of values that a policy starts from.

use super::{Autonomy, CLASSES, Globs, LlmPolicy, Policy, VerifyWhere};

/// What the preset `enterprise` protects beside what is always protected: what is deployed, and who may do what.
pub const ENTERPRISE_PROTECTS: &[&str] = &[
    "Dockerfile*",
    "docker-compose*",
    "*.tf",
    "terraform",
    "helm",
    "k8s",
    "deploy",
    "infra",
    "auth",
    "security",
    "crypto",
    "billing",
    "payments",
];

impl Default for Policy {
    /// A pull request after at most three attempts, as in the paper (section 5.3); small patches; one rerun.
    fn default() -> Self {
        Policy {
            enabled: true,
            branches: Globs::all(),
            allow_paths: Globs::all(),
            deny_paths: Globs::none(),
            protect_paths: Globs::none(),
            classes: CLASSES.to_vec(),
            autonomy: Autonomy::PullRequest,
            verify: VerifyWhere::Both,
            draft: false,
            test: Vec::new(),
            labels: vec!["heal".to_owned()],
            ask_reviewer: true,
            attempts: 3,
            max_changed_lines: 40,
            reruns: 1,
            open_pull_requests: 5,
            heals_per_day: 20,
            ci_minutes: 60,
            ci_minutes_total: 180,
            ci_start_minutes: 3,
            workflows_minutes: 30,
            budget_seconds: 45,
            bot_commits: 3,
            flaky_reruns: 1,
            comment_on_flaky: false,
            notify: Vec::new(),
            llm: LlmPolicy { enabled: true, allow_paths: Globs::all(), deny_paths: Globs::none(), max_cost_usd: None },
        }
    }
}

impl Policy {
    /// What applies when the file is broken: heal looks and tells, changes nothing, and sends nothing to a model,
    /// because the file may forbid that.
    pub fn safest() -> Self {
        Policy {
            autonomy: Autonomy::Observe,
            draft: true,
            ask_reviewer: false,
            attempts: 1,
            open_pull_requests: 1,
            llm: LlmPolicy { enabled: false, ..Policy::default().llm },
            ..Policy::default()
        }
    }

    /// Many pushes and few people: more at a time, and what is flaky is rerun twice.
    pub fn startup() -> Self {
        Policy {
            max_changed_lines: 80,
            open_pull_requests: 10,
            heals_per_day: 100,
            budget_seconds: 90,
            flaky_reruns: 2,
            ..Policy::default()
        }
    }

    /// Small drafts only, few at a time, proven twice, and away from what is deployed or guards access.
    pub fn enterprise() -> Self {
        Policy {
            protect_paths: Globs::files_in_any_case(ENTERPRISE_PROTECTS).unwrap_or_else(|_| Globs::all()),
            draft: true,
            max_changed_lines: 20,
            reruns: 2,
            open_pull_requests: 2,
            heals_per_day: 10,
            bot_commits: 2,
            ci_minutes_total: 90,
            ..Policy::default()
        }
    }
}

/// A preset by its name.
#[derive(Clone, Copy)]
pub(super) enum Preset {
    Startup,
    Enterprise,
    Observe,
}

impl Preset {
    pub(super) const WORDS: &[(&'static str, Preset)] =
        &[("startup", Preset::Startup), ("enterprise", Preset::Enterprise), ("observe", Preset::Observe)];

    pub(super) fn policy(self) -> Policy {
        match self {
            Preset::Startup => Policy::startup(),
            Preset::Enterprise => Policy::enterprise(),
            Preset::Observe => Policy::safest(),
        }
    }
}
