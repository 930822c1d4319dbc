//! Ranking lines by suspiciousness: spectrum × stack frames × lines of the last commits.
//!
//! In: [`Evidence`] and the repository's files. Out: [`Location`]s, the most suspicious first. Test
//! files are left out: what they say is the specification.
//!
//! Each signal multiplies the others, so that a line with two kinds of evidence beats one with
//! either; a line with no evidence is not listed. The factors are those that ranked the true line
//! best on the faults in `fixtures/` (`heal eval fixtures`); they are no one's published figures.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::spectrum;
use super::{Location, is_test_file};
use crate::code::outline::{Definition, definitions, symbol_at};
use crate::code::{Line, SourceFile, languages};
use crate::evidence::Evidence;
use crate::forge::Commit;

/// What a line is worth that only a stack frame or a commit names.
const WITHOUT_SPECTRUM: f64 = 0.25;

/// How much the innermost frame of a failing test's stack adds.
const STACK: f64 = 1.5;

/// How much a change by the last commit adds; the one before adds half of it, and so on.
const COMMIT: f64 = 2.0;

/// Reads the repository's files on demand and keeps them parsed.
pub struct RepositoryFiles<'a> {
    /// Gives a file's text; `None` when there is none or it is not text.
    pub read: &'a dyn Fn(&Path) -> Option<String>,
}

/// Every line with evidence, best first.
pub(super) fn rank(evidence: &Evidence, files: &RepositoryFiles<'_>) -> Vec<Location> {
    let failing: HashSet<&str> = evidence.run.failing().map(|test| test.id.as_str()).collect();
    let spectrum = spectrum::ochiai(&evidence.coverage, &failing);
    let stack = stack_weights(evidence);
    let commits = commit_weights(&evidence.commits);
    let has_spectrum = !spectrum.is_empty();
    let lines: HashSet<&(PathBuf, u32)> = if has_spectrum {
        spectrum.keys().chain(stack.keys()).collect()
    } else {
        stack.keys().chain(commits.keys()).collect()
    };
    let mut symbols = Symbols { files, outlines: HashMap::new() };
    let mut scored: Vec<(f64, &(PathBuf, u32))> = lines
        .into_iter()
        .filter(|(file, _)| !is_test_file(file) && languages::of_path(file).is_some())
        .map(|place| {
            let base = spectrum.get(place).copied().unwrap_or(WITHOUT_SPECTRUM);
            let stack = 1.0 + STACK * stack.get(place).copied().unwrap_or(0.0);
            let commit = 1.0 + COMMIT * commits.get(place).copied().unwrap_or(0.0);
            (base * stack * commit, place)
        })
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let highest = scored.first().map_or(1.0, |(score, _)| *score);
    scored
        .into_iter()
        .map(|(score, (file, line))| {
            let line = Line(*line);
            Location { file: file.clone(), line, symbol: symbols.at(file, line), score: score / highest }
        })
        .collect()
}

/// 1 for the innermost frame of a failing test inside the repository, less for each further out.
fn stack_weights(evidence: &Evidence) -> HashMap<(PathBuf, u32), f64> {
    let mut weights = HashMap::new();
    for failure in &evidence.failures {
        let frames = failure.stack.iter().rev().filter(|frame| frame.file.is_relative() && !is_test_file(&frame.file));
        for (depth, frame) in frames.enumerate() {
            let weight = weights.entry((frame.file.clone(), frame.line)).or_insert(0.0_f64);
            *weight = weight.max(1.0 / (1.0 + depth as f64));
        }
    }
    weights
}

/// 1 for lines of the newest commit, half for those of the one before, and so on. Lines are followed
/// only as far as the newest commit's numbering holds: an older commit's lines may have moved since.
fn commit_weights(commits: &[Commit]) -> HashMap<(PathBuf, u32), f64> {
    let mut weights = HashMap::new();
    for (age, commit) in commits.iter().enumerate() {
        for hunk in &commit.hunks {
            let count = hunk.new.lines().count().max(1) as u32;
            for line in hunk.new_start..hunk.new_start + count {
                let weight = weights.entry((hunk.file.clone(), line.max(1))).or_insert(0.0_f64);
                *weight = weight.max(0.5_f64.powi(age as i32));
            }
        }
    }
    weights
}

struct Symbols<'a> {
    files: &'a RepositoryFiles<'a>,
    outlines: HashMap<PathBuf, Vec<Definition>>,
}

impl Symbols<'_> {
    fn at(&mut self, file: &Path, line: Line) -> Option<String> {
        if !self.outlines.contains_key(file) {
            let source = (self.files.read)(file).and_then(|text| SourceFile::parse(file, text).ok());
            self.outlines.insert(file.to_owned(), source.map(|source| definitions(&source)).unwrap_or_default());
        }
        symbol_at(&self.outlines[file], line).map(str::to_owned)
    }
}
