//! What a heal of the App knows: one JSON document in its row, saved with its transitions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ci::Needed;
use crate::deliver::story::Reproduced;
use crate::diagnosis::Diagnosis;
use crate::pipeline::ledger::CiRun;
use crate::signal::github::RepositoryFacts;

/// What a heal knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knowledge {
    /// The repository, as the signal named it.
    pub repository: RepositoryFacts,
    /// The installation through which it is reached.
    pub installation: u64,
    /// The branch whose head fails.
    pub branch: String,
    /// The owner of the fork that the commit lies in; `None` when it is the repository's own.
    #[serde(default)]
    pub fork_owner: Option<String>,
    /// Whether the commit lies in a fork, also when that fork is gone.
    #[serde(default)]
    pub is_fork: bool,
    /// The open pull request of the branch.
    #[serde(default)]
    pub pull_request: Option<u64>,
    /// Whether it was looked for.
    #[serde(default)]
    pub pull_request_known: bool,
    /// When the first signal came, in seconds since 1970.
    pub first_seen: i64,
    /// Runs that are accounted for, and up to which attempt: a repeated report of one starts nothing.
    #[serde(default)]
    pub covered: BTreeMap<u64, u64>,
    /// Checks of other CI systems that failed: name and page.
    #[serde(default)]
    pub checks: BTreeMap<String, String>,
    /// The red runs of the head.
    #[serde(default)]
    pub failed: Vec<FailedRun>,
    /// How often failed jobs ran again.
    #[serde(default)]
    pub reruns: u32,
    /// What `failed` was when they were asked to; empty when they were not.
    #[serde(default)]
    pub rerun_of: Vec<FailedRun>,
    /// Since when the rerun is awaited, in seconds since 1970.
    #[serde(default)]
    pub rerun_since: i64,
    /// Why the build fails.
    #[serde(default)]
    pub diagnosis: Option<Box<Diagnosis>>,
    /// The workflow file of the failing job.
    #[serde(default)]
    pub workflow_file: Option<String>,
    /// Where the failure was seen without a patch.
    #[serde(default)]
    pub reproduced: Reproduced,
    /// What ran in the sandbox.
    #[serde(default)]
    pub test_command: Option<String>,
    /// The level of the sandbox.
    #[serde(default)]
    pub sandbox: Option<String>,
    /// What CI ran beyond that, as failed attempts showed.
    #[serde(default)]
    pub further_commands: Vec<String>,
    /// How many different patches passed.
    #[serde(default)]
    pub plausible: usize,
    /// What should be known of the drafting: what could not be asked, which limit ended it.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The login of the suspect commit's author.
    #[serde(default)]
    pub suspect_login: Option<String>,
    /// Why heal gave up or stopped, for people.
    #[serde(default)]
    pub reason: Option<String>,
    /// heal's pull request.
    #[serde(default)]
    pub pull: Option<u64>,
    /// Whether everything around the pull request is in place.
    #[serde(default)]
    pub offered: bool,
    /// Whether GitHub refused the merge that the policy wishes; it is not asked again.
    #[serde(default)]
    pub merge_refused: bool,
    /// Where the alert stands, as a link.
    #[serde(default)]
    pub alert: Option<String>,
    /// Channels that were told.
    #[serde(default)]
    pub notified: Vec<String>,
    /// heal's check run on the head.
    #[serde(default)]
    pub check_run: Option<u64>,
    /// Whether the check run says how the heal ended.
    #[serde(default)]
    pub check_finished: bool,
    /// What is waited for, for people.
    #[serde(default)]
    pub waiting_for: Option<String>,
    /// The commit that took this one's place.
    #[serde(default)]
    pub overtaken_by: Option<String>,
}

/// A red run of the head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRun {
    /// The run.
    pub run: CiRun,
    /// Its workflow.
    pub workflow: u64,
    /// The workflow's file, where known.
    #[serde(default)]
    pub path: String,
    /// What started it: `push`, `pull_request` …
    #[serde(default)]
    pub event: String,
}

impl Knowledge {
    /// What the first signal says.
    pub fn new(repository: RepositoryFacts, installation: u64, branch: &str, now: i64) -> Self {
        Knowledge {
            repository,
            installation,
            branch: branch.to_owned(),
            first_seen: now,
            fork_owner: None,
            is_fork: false,
            pull_request: None,
            pull_request_known: false,
            covered: BTreeMap::new(),
            checks: BTreeMap::new(),
            failed: Vec::new(),
            reruns: 0,
            notes: Vec::new(),
            rerun_of: Vec::new(),
            rerun_since: 0,
            diagnosis: None,
            workflow_file: None,
            reproduced: Reproduced::No,
            test_command: None,
            sandbox: None,
            further_commands: Vec::new(),
            plausible: 0,
            suspect_login: None,
            reason: None,
            pull: None,
            offered: false,
            merge_refused: false,
            alert: None,
            notified: Vec::new(),
            check_run: None,
            check_finished: false,
            waiting_for: None,
            overtaken_by: None,
        }
    }

    /// `owner/name`.
    pub fn full_name(&self) -> &str {
        self.repository.full_name.as_str()
    }

    /// Whether the failing branch is the default branch.
    pub fn is_default_branch(&self) -> bool {
        !self.is_fork && self.branch == self.repository.default_branch.as_str()
    }

    /// What has to be green for the failure to be gone.
    pub fn needed(&self) -> Needed {
        let mut workflows: Vec<u64> = self.failed.iter().map(|failed| failed.workflow).collect();
        workflows.sort_unstable();
        workflows.dedup();
        Needed { workflows, checks: self.checks.keys().cloned().collect() }
    }

    /// Notes that a run is accounted for.
    pub fn cover(&mut self, run: u64, attempt: u64) {
        let known = self.covered.entry(run).or_insert(attempt);
        *known = (*known).max(attempt);
    }

    /// Whether a report of a run says nothing new.
    pub fn covers(&self, run: u64, attempt: u64) -> bool {
        self.covered.get(&run).is_some_and(|known| *known >= attempt)
    }
}
