//! The ledger's entries: every patch put to the test, whatever the door, with what became of it.

use serde::{Deserialize, Serialize};

use super::worker::HealError;
use crate::deliver::story::RungLine;
use crate::draft::llm::review::Review;
use crate::draft::{Draft, Earlier, PastFix};
use crate::patch::SpanEdit;
use crate::redact;
use crate::store::{AttemptRow, PastRow, Store};
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
    /// The model that wrote it, where one did.
    #[serde(default)]
    pub model: Option<String>,
    /// What the tests or CI said with it in place, without secrets; bounded.
    #[serde(default)]
    pub said: String,
    /// What a reviewing model thinks of it.
    #[serde(default)]
    pub review: Option<Review>,
    /// Whether it was proven on this machine and is held back because of that, until nothing better comes.
    #[serde(default)]
    pub held: bool,
}

/// How many past fixes are looked at.
const PAST_FIXES: usize = 5;

/// Fixes of a repository's earlier failures, those of the same failure first; none that people have closed.
pub async fn past_fixes(store: &Store, repository: &str, fingerprint: &str) -> Result<Vec<PastFix>, HealError> {
    let closed = store.failed_fixes(repository, fingerprint, PAST_FIXES * 4).await?;
    let closed = closed.iter().map(past_fix).collect::<Result<Vec<_>, _>>()?;
    let fixes = store.past_fixes(repository, fingerprint, PAST_FIXES).await?;
    let fixes = fixes.iter().map(past_fix).collect::<Result<Vec<_>, _>>()?;
    // By what they change: places move, and the same fix stays the same.
    let is_closed = |fix: &PastFix| closed.iter().any(|other| changed_lines(&other.diff).eq(changed_lines(&fix.diff)));
    Ok(fixes.into_iter().filter(|fix| !is_closed(fix)).collect())
}

/// The lines of a diff that say what is changed, files included, and not where.
fn changed_lines(diff: &str) -> impl Iterator<Item = &str> {
    diff.lines().filter(|line| line.starts_with(['+', '-']))
}

fn past_fix(row: &PastRow) -> Result<PastFix, HealError> {
    let entry: Entry = serde_json::from_str(&row.data).map_err(HealError::Knowledge)?;
    let known: serde_json::Value = serde_json::from_str(&row.knowledge).map_err(HealError::Knowledge)?;
    let first = &known["diagnosis"]["failures"][0];
    let word = |key: &str| first[key].as_str().and_then(|text| text.lines().next()).map(str::to_owned);
    let failure: Vec<String> = [word("test"), word("message")].into_iter().flatten().collect();
    let fingerprint = row.fingerprint.clone();
    Ok(PastFix { fingerprint, failure: failure.join(": "), diff: entry.diff, edits: entry.edits })
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
    /// A draft, its diff and how far it climbed.
    pub fn new(number: u32, draft: &Draft, diff: &str, verdict: &Verdict) -> Self {
        let climbed = |rung: &crate::verify::RungResult| RungLine {
            number: rung.number,
            title: rung.rung.title().to_owned(),
            passed: rung.passed,
            evidence: redact::text(&rung.evidence).into_owned(),
        };
        Entry {
            number,
            drafter: draft.drafter.to_owned(),
            operator: draft.operator.to_owned(),
            model: draft.model.clone(),
            diff: redact::text(diff).into_owned(),
            edits: draft.edits.clone(),
            said: redact::text(&verdict.said).into_owned(),
            rungs: verdict.rungs.iter().map(climbed).collect(),
            proven_here: verdict.passed,
            fell_because: verdict.fell_on().map(|rung| redact::text(&rung.evidence).into_owned()),
            ..Entry::default()
        }
    }

    /// Whether it is held back, and may still be taken.
    pub fn waits(&self) -> bool {
        self.held && !self.proven_here && self.ci_green.is_none()
    }

    /// As the next draft is told of it.
    pub fn to_earlier(&self) -> Earlier {
        let fell_because = self.fell_because.clone().unwrap_or_else(|| match self.ci_green {
            Some(false) => "the project's CI is red with it".to_owned(),
            _ => "it was not taken".to_owned(),
        });
        Earlier { number: self.number, diff: self.diff.clone(), fell_because, log: self.said.clone() }
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
