//! The ledger's entries: every patch put to the test, whatever the door, with what became of it.

use serde::{Deserialize, Serialize};

use super::worker::HealError;
use crate::deliver::story::RungLine;
use crate::patch::SpanEdit;
use crate::redact;
use crate::store::AttemptRow;
use crate::verify::Verdict;

/// A patch put to the test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number in the heal, from 1.
    pub number: u32,
    /// Who drafted it.
    pub drafter: String,
    /// The kind of edit.
    pub operator: String,
    /// The unified diff, without secrets; empty when the edits made no patch.
    pub diff: String,
    /// The edits, against the heal's commit.
    pub edits: Vec<SpanEdit>,
    /// Those of its files that are executable.
    #[serde(default)]
    pub executable: Vec<std::path::PathBuf>,
    /// How far it climbed on this machine.
    pub rungs: Vec<RungLine>,
    /// Whether it was proven on this machine.
    pub proven_here: bool,
    /// The temporary branch, once there is one.
    pub branch: Option<String>,
    /// The commit on it.
    pub commit: Option<String>,
    /// Since when CI is awaited, in seconds since 1970.
    #[serde(default)]
    pub awaited_since: Option<i64>,
    /// Workflows that were started by hand, because they do not start by themselves.
    #[serde(default)]
    pub dispatched: Vec<u64>,
    /// Workflows that can't be started by hand either.
    #[serde(default)]
    pub not_dispatchable: Vec<u64>,
    /// The runs of its CI that are run again, because the machine was at fault, as they were when that was
    /// asked; once per attempt.
    #[serde(default)]
    pub rerun_of: Vec<CiRun>,
    /// What CI ran for it.
    #[serde(default)]
    pub ci: Vec<CiRun>,
    /// What CI said, once it has.
    #[serde(default)]
    pub ci_green: Option<bool>,
    /// Why it fell, when it did.
    #[serde(default)]
    pub fell_because: Option<String>,
}

/// A run of the project's CI.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CiRun {
    /// The run's number on the forge.
    pub id: u64,
    /// The workflow's name.
    pub name: String,
    /// Where people can see it.
    pub url: String,
    /// How it ended: `success`, `failure` …
    pub conclusion: Option<String>,
    /// Which run of it, from 1.
    pub attempt: u32,
    /// How long it took, in seconds; 0 while it runs or where that is not known.
    #[serde(default)]
    pub seconds: u32,
}

impl Entry {
    /// A patch and how far it climbed.
    pub fn new(number: u32, drafter: &str, operator: &str, diff: &str, edits: &[SpanEdit], verdict: &Verdict) -> Self {
        let climbed = |rung: &crate::verify::RungResult| RungLine {
            number: rung.number,
            title: rung.rung.title().to_owned(),
            passed: rung.passed,
            evidence: redact::text(&rung.evidence).into_owned(),
        };
        Entry {
            number,
            drafter: drafter.to_owned(),
            operator: operator.to_owned(),
            diff: redact::text(diff).into_owned(),
            edits: edits.to_vec(),
            rungs: verdict.rungs.iter().map(climbed).collect(),
            proven_here: verdict.passed,
            fell_because: verdict.fell_on().map(|rung| redact::text(&rung.evidence).into_owned()),
            ..Entry::default()
        }
    }

    /// As a row of the store.
    pub(super) fn to_row(&self) -> Result<AttemptRow, HealError> {
        let data = serde_json::to_string(self).map_err(HealError::Knowledge)?;
        Ok(AttemptRow { number: self.number, branch: self.branch.clone(), commit: self.commit.clone(), data })
    }

    /// From a row of the store.
    pub(super) fn of_row(row: &AttemptRow) -> Result<Self, HealError> {
        serde_json::from_str(&row.data).map_err(HealError::Knowledge)
    }
}
