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

use super::spectrum::{self, Spectrum};
use super::{Location, imports, is_test_file};
use crate::code::outline::{Definition, definitions, symbol_at};
use crate::code::{Line, SourceFile, languages};
use crate::evidence::{Evidence, Failure};
use crate::forge::Commit;

/// What a line is worth that only a stack frame or a commit names.
const WITHOUT_SPECTRUM: f64 = 0.25;

/// What a line is worth in a function that holds a line which a frame or a commit names.
const IN_NAMED_FUNCTION: f64 = 0.15;

/// What a line is worth in a file that holds such a line.
const IN_NAMED_FILE: f64 = 0.05;

/// How many files are looked at when nothing names one.
const FILES_WITHOUT_A_NAME: usize = 12;

/// How many lines of a function or file are listed without coverage.
const LINES_WITHOUT_COVERAGE: u32 = 2_000;

/// Scores of lines.
type Weights = HashMap<(PathBuf, u32), f64>;

/// How much the innermost frame of a failing test's stack adds.
const STACK: f64 = 1.5;

/// How much a change by the last commit adds; the one before adds half of it, and so on.
const COMMIT: f64 = 2.0;

/// Reads the repository's files on demand and keeps them parsed.
pub struct RepositoryFiles<'a> {
    /// Gives a file's text; `None` when there is none or it is not text.
    pub read: &'a dyn Fn(&Path) -> Option<String>,
    /// Every file under version control, relative to the repository.
    pub tracked: &'a [PathBuf],
}

/// Every line with evidence from a run, best first.
pub(super) fn of_run(evidence: &Evidence, files: &RepositoryFiles<'_>) -> Vec<Location> {
    let failing: HashSet<&str> = evidence.run.failing().map(|test| test.id.as_str()).collect();
    let spectrum = spectrum::ochiai(&evidence.coverage, &failing);
    rank(&evidence.failures, &evidence.commits, spectrum, files)
}

/// Every line with evidence from failing tests in a log, best first. Where their stacks name no code but
/// the tests', the files that the tests import count.
pub(super) fn of_log(failures: &[Failure], commits: &[Commit], files: &RepositoryFiles<'_>) -> Vec<Location> {
    let near = imports::of_failing_tests(failures, files);
    let named: Vec<Commit> = commits.iter().map(|commit| meeting(commit, failures, &near)).collect();
    rank(failures, &named, Spectrum::new(), files)
}

/// The places that findings of compilers, checkers and linters name, in the order of the log.
pub(super) fn named(failures: &[Failure], files: &RepositoryFiles<'_>) -> Vec<Location> {
    let mut symbols = Symbols { files, outlines: HashMap::new() };
    let mut seen = HashSet::new();
    let places = failures.iter().filter_map(|failure| Some((failure.file.clone()?, failure.line.unwrap_or(1))));
    let fresh: Vec<(PathBuf, u32)> = places.filter(|place| seen.insert(place.clone())).take(super::LOCATIONS).collect();
    fresh
        .into_iter()
        .enumerate()
        .map(|(index, (file, line))| {
            let line = Line(line);
            let symbol = symbols.at(&file, line);
            Location { file, line, symbol, score: 1.0 / (1.0 + index as f64 / 10.0) }
        })
        .collect()
}

/// A commit's changes to files that the failures name or their tests import.
fn meeting(commit: &Commit, failures: &[Failure], near: &HashSet<PathBuf>) -> Commit {
    let is_named = |file: &Path| {
        near.contains(file) || failures.iter().any(|failure| failure.stack.iter().any(|frame| frame.file == file))
    };
    let any = commit.hunks.iter().any(|hunk| is_named(&hunk.file));
    let hunks = commit.hunks.iter().filter(|hunk| !any || is_named(&hunk.file)).cloned().collect();
    Commit { hunks, ..commit.clone() }
}

fn rank(failures: &[Failure], commits: &[Commit], spectrum: Spectrum, files: &RepositoryFiles<'_>) -> Vec<Location> {
    let stack = stack_weights(failures);
    let commits = commit_weights(commits);
    let mut symbols = Symbols { files, outlines: HashMap::new() };
    let spectrum = if spectrum.is_empty() { without_coverage(&stack, &commits, &mut symbols) } else { spectrum };
    let lines: HashSet<&(PathBuf, u32)> = spectrum.keys().chain(stack.keys()).collect();
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

/// A stand-in for coverage: the functions around frames and changed lines, then their files; where
/// nothing is named at all, the first files of the repository.
fn without_coverage(stack: &Weights, commits: &Weights, symbols: &mut Symbols<'_>) -> Weights {
    let mut lines = Weights::new();
    let mut raise = |file: &Path, from: Line, to: Line, score: f64| {
        for line in from.0..=to.0.min(from.0 + LINES_WITHOUT_COVERAGE) {
            let known = lines.entry((file.to_owned(), line)).or_insert(0.0_f64);
            *known = known.max(score);
        }
    };
    let is_code = |file: &Path| !is_test_file(file) && languages::of_path(file).is_some();
    let named: Vec<(PathBuf, u32)> = stack.keys().chain(commits.keys()).filter(|(f, _)| is_code(f)).cloned().collect();
    for (file, line) in &named {
        let line = Line(*line);
        raise(file, line, line, WITHOUT_SPECTRUM);
        if let Some(around) = symbols.definition_around(file, line) {
            raise(file, around.first, around.last, IN_NAMED_FUNCTION);
        }
    }
    let mut files: Vec<PathBuf> = named.into_iter().map(|(file, _)| file).collect();
    if files.is_empty() {
        files = symbols.files.tracked.iter().filter(|file| is_code(file)).take(FILES_WITHOUT_A_NAME).cloned().collect();
    }
    files.sort();
    files.dedup();
    for file in files {
        let count = (symbols.files.read)(&file).map_or(0, |text| text.lines().count());
        raise(&file, Line(1), Line(count as u32), IN_NAMED_FILE);
    }
    lines
}

/// 1 for the innermost frame of a failing test inside the repository, less for each further out.
fn stack_weights(failures: &[Failure]) -> Weights {
    let mut weights = Weights::new();
    for failure in failures {
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
fn commit_weights(commits: &[Commit]) -> Weights {
    let mut weights = Weights::new();
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
        symbol_at(self.outline(file), line).map(str::to_owned)
    }

    /// The innermost definition around a line.
    fn definition_around(&mut self, file: &Path, line: Line) -> Option<Definition> {
        let around = self.outline(file).iter().filter(|found| found.first <= line && line <= found.last);
        around.max_by_key(|found| found.first).cloned()
    }

    fn outline(&mut self, file: &Path) -> &[Definition] {
        if !self.outlines.contains_key(file) {
            let source = (self.files.read)(file).and_then(|text| SourceFile::parse(file, text).ok());
            self.outlines.insert(file.to_owned(), source.map(|source| definitions(&source)).unwrap_or_default());
        }
        &self.outlines[file]
    }
}
