//! A repository in memory with a failure, and what is shown of it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::super::*;
use crate::code::Line;
use crate::diagnosis::{Class, Diagnosis, Environment, Location, Suspect};
use crate::draft::{Case, Earlier, PastFix, ReadFile};
use crate::evidence::{Evidence, Failure, StackFrame};
use crate::forge::{Commit, Hunk};
use crate::patch::Guard;
use crate::policy::Policy;
use crate::testbed::run::{Ending, TestOutcome, TestResult, TestRun};

/// Three bytes and a third of code are a token, more or less.
pub(super) fn estimate(text: &str) -> u64 {
    (text.len() * 10).div_ceil(33) as u64
}

/// A repository in memory with a failure.
#[derive(Debug)]
pub(super) struct Repo {
    pub files: HashMap<PathBuf, String>,
    pub tracked: Vec<PathBuf>,
    pub evidence: Evidence,
    pub diagnosis: Diagnosis,
    pub earlier: Vec<Earlier>,
    pub past_fixes: Vec<PastFix>,
    pub near_misses: Vec<NearMiss>,
    pub denied: &'static str,
}

impl Repo {
    /// Files in one text, each after a line `//- path`.
    pub fn new(text: &str) -> Self {
        let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
        let mut current = PathBuf::new();
        for line in text.lines() {
            match line.strip_prefix("//- ") {
                Some(path) => current = path.into(),
                None => *files.entry(current.clone()).or_default() += &format!("{line}\n"),
            }
        }
        files.remove(Path::new(""));
        let run = TestRun {
            ending: Ending::Exited { code: 1 },
            tests: BTreeMap::new(),
            starts: Vec::new(),
            log: String::new(),
            elapsed_ms: 1,
        };
        let diagnosis = Diagnosis {
            class: Class::Code,
            confidence: 0.9,
            reason: "a test fails in code that changed".to_owned(),
            tool: None,
            job: None,
            step: None,
            command: Some("python -m pytest".to_owned()),
            exit_code: Some(1),
            failures: Vec::new(),
            key_lines: None,
            fingerprint: String::new(),
            suspects: Vec::new(),
            locations: Vec::new(),
            environment: Environment::default(),
            evidence: Vec::new(),
            excerpt: Vec::new(),
        };
        Repo {
            tracked: files.keys().cloned().collect(),
            files: files.into_iter().collect(),
            evidence: Evidence { run, failures: Vec::new(), coverage: Vec::new(), commits: Vec::new() },
            diagnosis,
            earlier: Vec::new(),
            past_fixes: Vec::new(),
            near_misses: Vec::new(),
            denied: "secret",
        }
    }

    pub fn fails(mut self, test: &str, message: &str, stack: &[(&str, u32)]) -> Self {
        let frame = |(file, line): &(&str, u32)| StackFrame { file: file.into(), line: *line, function: None };
        self.diagnosis.failures.push(Failure {
            test: Some(test.to_owned()),
            message: Some(message.to_owned()),
            stack: stack.iter().map(frame).collect(),
            ..Failure::default()
        });
        self
    }

    pub fn suspects(mut self, places: &[(&str, u32)]) -> Self {
        for (index, (file, line)) in places.iter().enumerate() {
            let score = 1.0 / (1.0 + index as f64);
            self.diagnosis.locations.push(Location { file: file.into(), line: Line(*line), symbol: None, score });
        }
        self
    }

    pub fn passes(mut self, id: &str, file: &str) -> Self {
        let result = TestResult {
            id: id.to_owned(),
            file: Some(file.into()),
            outcome: TestOutcome::Passed,
            duration_ms: 1.0,
            message: None,
            exception: None,
            frames: Vec::new(),
            expected: None,
            actual: None,
        };
        self.evidence.run.tests.insert(id.to_owned(), result);
        self
    }

    pub fn changed(mut self, file: &str, line: u32, old: &str, new: &str) -> Self {
        let hunk = Hunk { file: file.into(), new_start: line, old: old.to_owned(), new: new.to_owned() };
        if self.evidence.commits.is_empty() {
            let sha = "0123456789abcdef0123456789abcdef01234567".to_owned();
            self.diagnosis.suspects.push(Suspect {
                commit: sha.clone(),
                summary: "Round down".into(),
                author: "A".into(),
                score: 1.0,
            });
            self.evidence.commits.push(Commit {
                sha,
                summary: "Round down".into(),
                author: "A".into(),
                time: 0,
                hunks: Vec::new(),
            });
        }
        self.evidence.commits[0].hunks.push(hunk);
        self
    }

    pub fn pack(&self, tokens: usize) -> Packed {
        let files = self.files.clone();
        self.pack_with(Path::new("/nonexistent"), &move |path: &Path| files.get(path).cloned(), tokens)
    }

    pub fn pack_with(&self, root: &Path, read: &ReadFile, tokens: usize) -> Packed {
        let policy = Policy::default();
        let case = Case {
            root,
            evidence: &self.evidence,
            diagnosis: &self.diagnosis,
            read,
            guard: Guard { policy: &policy, class: self.diagnosis.class },
            tracked: &self.tracked,
            earlier: &self.earlier,
            past_fixes: &self.past_fixes,
        };
        let denied = self.denied;
        let may_send = move |path: &Path| !path.to_string_lossy().contains(denied);
        pack(&case, &self.near_misses, &Wish { tokens, may_send: &may_send, estimate })
    }
}

pub(super) fn shown(packed: &Packed) -> String {
    let mut text = String::new();
    for section in &packed.sections {
        text += &format!("=== {:?}: {}\n{}", section.kind, section.title, section.text);
        if !section.text.ends_with('\n') {
            text.push('\n');
        }
    }
    text + &format!("=== files: {:?}\n=== left out: {:?}\n", packed.files, packed.left_out)
}
