//! The story of a heal: all that its texts can tell, as plain data.
//!
//! In: what the pipeline, the store and the forge know. Out: one value that every text of this room reads.
//! What is foreign in it (names, messages, diffs, logs) is cleaned where it is shown, not here.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::diagnosis::Diagnosis;
use crate::draft::llm::review::Review;

/// One heal, as its texts tell it.
#[derive(Clone, Debug, Serialize)]
pub struct Story<'a> {
    /// `owner/name`.
    pub repository: &'a str,
    /// The root of web pages, `https://github.com` without a slash at the end.
    pub web_url: &'a str,
    /// The heal's id.
    pub heal_id: &'a str,
    /// The failing commit, full SHA.
    pub head: &'a str,
    /// Its branch.
    pub branch: &'a str,
    /// Whether that is the default branch.
    pub base_is_default: bool,
    /// Whether the commit lies in a fork.
    pub from_fork: bool,
    /// The pull request of the branch, where there is one.
    pub pull_request: Option<u64>,
    /// Why it fails.
    pub diagnosis: Option<&'a Diagnosis>,
    /// The red runs of the head.
    pub failed_runs: &'a [RunLink],
    /// The login of the suspect commit's author, where the forge knows it.
    pub suspect_login: Option<&'a str>,
    /// Every patch put to the test.
    pub attempts: &'a [Tried],
    /// The one that was proven.
    pub proven: Option<&'a Tried>,
    /// The command that ran in the sandbox.
    pub test_command: Option<&'a str>,
    /// The level of the sandbox.
    pub sandbox: Option<&'a str>,
    /// How many different patches passed the tests.
    pub plausible: usize,
    /// Where the failure was seen before the patch.
    pub reproduced: Reproduced,
    /// From the first signal to now, in seconds.
    pub elapsed_s: u64,
    /// CI time of the attempts, in minutes.
    pub ci_minutes: f64,
    /// What models cost, in US dollars.
    pub cost_usd: f64,
    /// Tokens that models read and wrote.
    pub tokens: u64,
    /// What should be known of the drafting: what could not be asked, which limit ended it.
    pub notes: &'a [String],
    /// Why there is an alert.
    pub reason: Option<&'a str>,
}

/// Where the failure was seen on the same commit, without the patch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reproduced {
    /// In the sandbox, and in CI.
    InSandbox,
    /// In CI only.
    InCiOnly,
    /// Nowhere.
    #[default]
    No,
}

/// A run of CI.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLink {
    /// The workflow's or check's name.
    pub name: String,
    /// Its page.
    pub url: String,
    /// How it ended (`failure`, `success`, …); `None` while it runs.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// Which attempt of the run, from 1.
    #[serde(default)]
    pub attempt: u32,
}

/// A patch that was put to the test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Which attempt, from 1.
    pub number: u32,
    /// Who drafted it.
    pub drafter: String,
    /// The kind of edit.
    pub operator: String,
    /// The model that wrote it, where one did.
    #[serde(default)]
    pub model: Option<String>,
    /// The unified diff; empty when the edits made no patch.
    #[serde(default)]
    pub diff: String,
    /// The files it changes.
    #[serde(default)]
    pub files: Vec<PathBuf>,
    /// The rungs it stood on, the last one failed unless it reached the top.
    #[serde(default)]
    pub rungs: Vec<RungLine>,
    /// The temporary branch.
    #[serde(default)]
    pub branch: Option<String>,
    /// The commit on it.
    #[serde(default)]
    pub commit: Option<String>,
    /// The project's own runs for that commit.
    #[serde(default)]
    pub ci: Vec<RunLink>,
    /// Whether they are green; `None` when there was none or it is not known.
    #[serde(default)]
    pub ci_green: Option<bool>,
    /// Why it was given up.
    #[serde(default)]
    pub fell_because: Option<String>,
    /// What a reviewing model thinks of it.
    #[serde(default)]
    pub review: Option<Review>,
}

/// One rung of the ladder of proof.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RungLine {
    /// Its number, from 1.
    pub number: u8,
    /// What it shows, as a clause.
    pub title: String,
    /// Whether the patch holds on it.
    pub passed: bool,
    /// What was seen.
    pub evidence: String,
}

impl Tried {
    /// The rung on which it fell.
    pub fn fell_on(&self) -> Option<&RungLine> {
        self.rungs.iter().find(|rung| !rung.passed)
    }

    /// Whether tests ran with it in the sandbox: rungs 1 to 3 need no run.
    pub fn ran_in_sandbox(&self) -> bool {
        self.rungs.iter().any(|rung| (4..=6).contains(&rung.number))
    }

    /// How far it came: rungs passed, and the project's CI above all of them.
    fn height(&self) -> usize {
        self.rungs.iter().filter(|rung| rung.passed).count() + usize::from(self.ci_green == Some(true))
    }
}

impl<'a> Story<'a> {
    /// The attempt that climbed highest, the first of equals; one without a patch is none.
    pub fn closest(&self) -> Option<&'a Tried> {
        let patches = self.attempts.iter().filter(|tried| !tried.diff.is_empty());
        patches.max_by_key(|tried| (tried.height(), std::cmp::Reverse(tried.number)))
    }

    /// The name of the first failing test.
    pub fn failing_test(&self) -> Option<&'a str> {
        self.diagnosis?.failures.iter().find_map(|failure| failure.test.as_deref())
    }

    /// The fingerprint, empty where nothing was diagnosed.
    pub fn fingerprint(&self) -> &'a str {
        self.diagnosis.map_or("", |diagnosis| diagnosis.fingerprint.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    #[test]
    fn attempts_are_kept_as_json() {
        let attempts = sample().attempts;
        let kept = serde_json::to_string(&attempts).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Tried>>(&kept).unwrap(), attempts);
        let least = r#"{"number":1,"drafter":"llm","operator":"edit"}"#;
        assert_eq!(serde_json::from_str::<Tried>(least).unwrap().number, 1);
    }
}
