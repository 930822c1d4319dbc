//! Why it failed, where, and since which commit: deterministic, and it says how sure it is.
//!
//! In: [`Evidence`](crate::evidence::Evidence), or a log alone. Out: a [`Diagnosis`].

mod explain;
mod fingerprint;
mod imports;
mod locations;
mod log_triage;
mod paths;
mod spectrum;
mod suspects;
mod test_files;
mod triage;

use serde::{Deserialize, Serialize};

use crate::code::Line;
use crate::evidence::{Evidence, Failure};
use crate::testbed::run::Ending;

pub use explain::{Beside, RepositoryAtHand, explain};
pub use locations::RepositoryFiles;
pub use test_files::is_test_file;
pub use triage::Triage;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The code is wrong.
    Code,
    /// The test is wrong.
    Test,
    /// It fails only sometimes.
    Flaky,
    /// The machine or the network failed.
    Infrastructure,
    /// A package is missing or does not fit.
    Dependency,
    /// The workflow, the environment or a file is missing or wrong.
    Configuration,
    /// A linter complains.
    Lint,
    /// A formatter complains.
    Format,
    /// A type checker complains.
    Type,
    /// It did not end in time.
    Timeout,
    /// Nothing says.
    Unknown,
}

impl Class {
    /// Whether a patch of the code could be the answer.
    pub fn is_patchable(self) -> bool {
        !matches!(self, Class::Flaky | Class::Infrastructure | Class::Dependency | Class::Configuration)
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Class::Code => "code",
            Class::Test => "test",
            Class::Flaky => "flaky",
            Class::Infrastructure => "infrastructure",
            Class::Dependency => "dependency",
            Class::Configuration => "configuration",
            Class::Lint => "lint",
            Class::Format => "format",
            Class::Type => "type",
            Class::Timeout => "timeout",
            Class::Unknown => "unknown",
        })
    }
}

/// A commit that may have brought the fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// Full SHA.
    pub commit: String,
    /// First line of its message.
    pub summary: String,
    /// Its author's name.
    pub author: String,
    /// Above 0, at most 1; the scores of all suspects add up to 1.
    pub score: f64,
}

/// A line that may be at fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// The file, relative to the repository.
    pub file: std::path::PathBuf,
    /// The line, from 1.
    pub line: Line,
    /// The definition around it.
    pub symbol: Option<String>,
    /// Suspiciousness, above 0; the highest is 1.
    pub score: f64,
}

/// What heal knows about the cause of a failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The kind of failure.
    pub class: Class,
    /// How sure the class is, 0 to 1.
    pub confidence: f64,
    /// Why this class, as a sentence.
    pub reason: String,
    /// The tool that failed.
    pub tool: Option<String>,
    /// The job of a workflow.
    pub job: Option<String>,
    /// The failing step of a workflow.
    pub step: Option<String>,
    /// The failing command.
    pub command: Option<String>,
    /// Its exit code.
    pub exit_code: Option<i32>,
    /// What failed.
    pub failures: Vec<Failure>,
    /// The lines of the log that say why, from 1, inclusive.
    pub key_lines: Option<(usize, usize)>,
    /// Equal for equal failures, whatever the machine, path, time and order.
    pub fingerprint: String,
    /// Suspect commits, the most suspect first.
    pub suspects: Vec<Suspect>,
    /// Suspicious lines, the most suspicious first.
    pub locations: Vec<Location>,
    /// What the log says of the machine and the run, where there is a log.
    pub environment: Environment,
    /// The lines behind the class.
    pub evidence: Vec<Quote>,
    /// The key lines' text, where there is a log.
    pub excerpt: Vec<Quote>,
}

/// Where a failing job ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The image of the runner.
    pub image: Option<String>,
    /// The values of the job's matrix, as its name shows them.
    pub matrix: Vec<String>,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Its number, from 1.
    pub line: usize,
    /// Its cleaned text.
    pub text: String,
}

/// How many locations a diagnosis keeps; the search reads further ones from the same ranking.
const LOCATIONS: usize = 200;

/// Diagnoses a failing run.
pub fn diagnose(command: &str, evidence: &Evidence, triage: Triage, files: &RepositoryFiles<'_>) -> Diagnosis {
    // A failure that no patch can heal has no place in the code.
    let locations = if triage.class.is_patchable() { locations::of_run(evidence, files) } else { Vec::new() };
    let suspects = suspects::rank(&evidence.commits, &locations);
    let tool = evidence.run.starts.first().map(|start| start.runner.clone());
    Diagnosis {
        class: triage.class,
        confidence: triage.confidence,
        reason: triage.reason,
        tool,
        job: None,
        step: None,
        command: Some(command.to_owned()),
        exit_code: match evidence.run.ending {
            Ending::Exited { code } => Some(code),
            _ => None,
        },
        fingerprint: fingerprint::of(&evidence.failures, String::new),
        failures: evidence.failures.clone(),
        key_lines: None,
        suspects,
        locations: locations.into_iter().take(LOCATIONS).collect(),
        environment: Environment::default(),
        evidence: Vec::new(),
        excerpt: Vec::new(),
    }
}

/// Says which kind of failure a run shows, given a second run of the same tree where there was one.
pub fn triage(run: &crate::testbed::run::TestRun, second: Option<&crate::testbed::run::TestRun>) -> Triage {
    triage::of_runs(run, second)
}
