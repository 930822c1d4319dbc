//! The diagnosis of a log alone, without running anything.
//!
//! In: a [`Log`], the log of the last green run of the same job and the repository, where they are at
//! hand. Out: a [`Diagnosis`] whose paths are the repository's.

use std::collections::HashMap;

use super::log_triage::{self, Grounds};
use super::paths::RepositoryPaths;
use super::{Diagnosis, Environment, LOCATIONS, Quote, RepositoryFiles, fingerprint, locations, suspects};
use crate::code::workflow::{self, Workflow};
use crate::evidence::log::{Ending, Log};
use crate::evidence::matchers::{self, Matcher};
use crate::evidence::notable::Green;
use crate::evidence::parsers::{self, Parsed};
use crate::evidence::reading::{StepReading, failing_steps};
use crate::evidence::{Failure, Nature, Place, template};
use crate::forge::Commit;
use crate::redact;

/// The most failures that a diagnosis of a log lists.
const FAILURES: usize = 1000;

/// The most lines that count as key lines; who needs more of a failure finds its own `log_lines`.
const KEY_LINES: usize = 100;

/// How many lines before and after a line that decided are key lines too.
const BEFORE_SIGN: usize = 3;
const AFTER_SIGN: usize = 8;

/// How many lines are quoted.
const EXCERPT: usize = 24;

/// How many documents of problem matchers are read.
const MATCHERS: usize = 20;

/// How many workflow files are read.
const WORKFLOWS: usize = 50;

/// How many evidence lines are quoted.
const EVIDENCE: usize = 6;

/// A repository at hand.
pub struct RepositoryAtHand<'a> {
    /// Its files.
    pub files: RepositoryFiles<'a>,
    /// Its last commits, newest first.
    pub commits: &'a [Commit],
}

/// What is known beside a log.
#[derive(Default)]
pub struct Beside<'a> {
    /// The log of the last green run of the same job.
    pub green: Option<&'a Log>,
    /// A report that a tool wrote for other programs; the log is its text.
    pub report: Option<Parsed>,
    /// The repository.
    pub repository: Option<&'a RepositoryAtHand<'a>>,
}

/// Explains a log.
pub fn explain(log: &Log, beside: Beside<'_>) -> Diagnosis {
    let Beside { green, report, repository } = beside;
    let templates = green.map(|green| Green::of(green.lines()));
    let matchers = repository.map(|repository| matchers_of(&repository.files)).unwrap_or_default();
    let mut readings = match report {
        Some(report) => vec![StepReading::of_report(report)],
        None => failing_steps(log, templates.as_ref(), &matchers),
    };
    let paths = repository.map(|repository| RepositoryPaths::of(repository.files.tracked));
    if let Some(paths) = &paths {
        let failures =
            readings.iter_mut().flat_map(|reading| &mut reading.parsed).flat_map(|parsed| &mut parsed.failures);
        failures.for_each(|failure| paths.map_failure(failure));
    }
    let is_local = |package: &str| paths.as_ref().map_or_else(|| is_path(package), |paths| paths.has_package(package));
    let mut grounds = log_triage::of_log(log, &readings, &is_local);
    if let Some(green) = green {
        told_apart(&mut grounds, green, &readings);
    }
    let key_lines = readings.first().and_then(|reading| key_lines(reading, &grounds));
    let failures = failures(log, &readings);
    let places = repository.map(|repository| places(&failures, &grounds, repository)).unwrap_or_default();
    let suspects = repository.map(|repository| suspects::rank(repository.commits, &places)).unwrap_or_default();
    let step = readings.first().map(|reading| log.step(reading.step));
    let job = step.and_then(|step| step.job.clone());
    let name = step.and_then(|step| step.name.clone());
    let script = repository.and_then(|repository| script(&repository.files, job.as_deref(), name.as_deref()?));
    let command = script.or_else(|| step.and_then(|step| step.command.clone()));
    let mut diagnosis = Diagnosis {
        class: grounds.triage.class,
        confidence: grounds.triage.confidence,
        reason: grounds.triage.reason,
        tool: tool(&readings),
        environment: Environment {
            image: log.image.clone(),
            matrix: job.as_deref().map(matrix_of).unwrap_or_default(),
        },
        job,
        step: name,
        command,
        exit_code: step.and_then(|step| match step.ending {
            Ending::Failed { code } => code,
            Ending::Passed => Some(0),
            _ => None,
        }),
        fingerprint: fingerprint::of(&failures, || fallback_identity(log, key_lines)),
        evidence: quotes(log, grounds.lines.into_iter().take(EVIDENCE)),
        excerpt: key_lines.map(|(first, last)| excerpt(log, first, last)).unwrap_or_default(),
        key_lines,
        failures,
        suspects,
        locations: places.into_iter().take(LOCATIONS).collect(),
    };
    redact_all(&mut diagnosis);
    diagnosis
}

/// The repository's own problem matchers; one that is broken is none.
fn matchers_of(files: &RepositoryFiles<'_>) -> Vec<Matcher> {
    let documents = files.tracked.iter().filter(|file| matchers::is_matcher_file(file)).take(MATCHERS);
    let texts = documents.filter_map(|file| (files.read)(file));
    texts.filter_map(|text| matchers::parse(&text).ok()).flatten().collect()
}

/// The script of the failing step, as the repository's workflows have it.
fn script(files: &RepositoryFiles<'_>, job: Option<&str>, step: &str) -> Option<String> {
    let in_folder = files.tracked.iter().filter(|file| {
        file.starts_with(workflow::FOLDER) && file.extension().is_some_and(|ending| ending == "yml" || ending == "yaml")
    });
    let texts = in_folder.take(WORKFLOWS).filter_map(|file| (files.read)(file));
    let workflows: Vec<Workflow> = texts.filter_map(|text| Workflow::parse(text.as_bytes())).collect();
    let found = workflows.iter().find_map(|workflow| workflow.script(job, step));
    found.map(|script| script.trim().to_owned())
}

fn redact_all(diagnosis: &mut Diagnosis) {
    let Diagnosis { reason, command, step, failures, evidence, excerpt, .. } = diagnosis;
    redact::string(reason);
    command.iter_mut().chain(step).for_each(redact::string);
    evidence.iter_mut().chain(excerpt).for_each(|quote| redact::string(&mut quote.text));
    for failure in failures {
        failure.message.iter_mut().chain(&mut failure.test).for_each(redact::string);
    }
}

fn is_path(package: &str) -> bool {
    package.starts_with('.') || package.starts_with('/')
}

fn tool(readings: &[StepReading<'_>]) -> Option<String> {
    let first = readings.first()?;
    let named = first.parsed.iter().map(|parsed| &parsed.tool).chain(&first.content).next();
    named.map(|tool| tool.to_string())
}

/// The failures of all failing steps; equal ones of several jobs are one with several places.
fn failures(log: &Log, readings: &[StepReading<'_>]) -> Vec<Failure> {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut failures: Vec<Failure> = Vec::new();
    for reading in readings {
        let step = log.step(reading.step);
        // A tool that only reports that another one failed says nothing new beside it.
        let heard = reading.parsed.iter().filter(|parsed| !reading.is_explained() || !parsers::is_wrapper(parsed));
        for failure in heard.flat_map(|parsed: &Parsed| &parsed.failures) {
            let place = Place { job: step.job.clone(), step: step.name.clone(), log_lines: failure.log_lines };
            match known.get(&fingerprint::identity(failure)) {
                Some(&index) => {
                    let places: &mut Vec<Place> = &mut failures[index].places;
                    if places.len() < FAILURES
                        && places.iter().all(|known| known.job != place.job || known.step != place.step)
                    {
                        places.push(place);
                    }
                }
                None if failures.len() < FAILURES => {
                    known.insert(fingerprint::identity(failure), failures.len());
                    failures.push(Failure { places: vec![place], ..failure.clone() });
                }
                None => {}
            }
        }
    }
    failures
}

/// The block that says why: around the line that decided, else the tool's own or that of the first
/// failure, else the most notable lines.
fn key_lines(reading: &StepReading<'_>, grounds: &Grounds) -> Option<(usize, usize)> {
    if let Some(&line) = grounds.lines.first().filter(|_| grounds.by_sign) {
        return Some((line.saturating_sub(BEFORE_SIGN).max(1), (line + AFTER_SIGN).min(reading.end.max(line))));
    }
    let Some(parsed) = reading.parsed.first() else { return reading.notable };
    let blocks = || parsed.failures.iter().filter_map(|failure| failure.log_lines);
    let (first, last) = blocks().next().or(parsed.key_lines).or(reading.notable)?;
    // Two lines before a block often say what was being done.
    let first = first.saturating_sub(2).max(reading.start.min(first));
    let end = reading.end.max(last);
    if end - first < KEY_LINES {
        return Some((first, end));
    }
    // Too far from the end to show all between: the tool's own summary, or the last of a list of findings, or the first test.
    let is_list = parsed.failures.first().is_some_and(|failure| {
        matches!(failure.nature, Nature::Compile | Nature::Type | Nature::Lint | Nature::Format | Nature::Dependency)
    });
    if let Some((first, last)) = parsed.key_lines {
        let last = if end - last < KEY_LINES / 4 { end } else { last };
        let from = blocks().next().map_or(first, |(block, _)| block.min(first));
        return Some((from.max((last + 1).saturating_sub(KEY_LINES)), last));
    }
    if is_list {
        let last = blocks().next_back().map_or(last, |(_, last)| last).max(last);
        let last = if end - last < KEY_LINES / 2 { end } else { last };
        return Some(((last + 1).saturating_sub(KEY_LINES).max(first), last));
    }
    Some((first, last.max(first + AFTER_SIGN).min(first + KEY_LINES - 1).min(end)))
}

/// The same failure in the older run: it was red before this change.
fn told_apart(grounds: &mut Grounds, green: &Log, readings: &[StepReading<'_>]) {
    let of = |readings: &[StepReading<'_>]| -> Vec<String> {
        readings
            .iter()
            .flat_map(|reading| &reading.parsed)
            .flat_map(|parsed| &parsed.failures)
            .map(fingerprint::identity)
            .collect()
    };
    let before = of(&failing_steps(green, None, &[]));
    let now = of(readings);
    let same = now.iter().filter(|failure| before.contains(failure)).count();
    if same > 0 {
        let all = if same == now.len() { "it" } else { "a part of it" };
        grounds
            .triage
            .reason
            .push_str(&format!("; {all} failed in the same way in the earlier run, before this change"));
    }
}

/// What stands for a failure that no tool names.
fn fallback_identity(log: &Log, key_lines: Option<(usize, usize)>) -> String {
    let Some((first, last)) = key_lines else { return String::new() };
    let lines = log.between(first, last);
    let loudest =
        lines.max_by(|a, b| crate::evidence::notable::loudness(a).total_cmp(&crate::evidence::notable::loudness(b)));
    loudest.map(|line| template::of(line.text)).unwrap_or_default()
}

/// Where in the repository to look: what the failures point at, ranked.
fn places(failures: &[Failure], grounds: &Grounds, repository: &RepositoryAtHand<'_>) -> Vec<super::Location> {
    let class = grounds.triage.class;
    let points_at_itself = failures.first().is_some_and(|failure| {
        !matches!(failure.nature, Nature::Test | Nature::Snapshot | Nature::Crash | Nature::Timeout | Nature::Load)
    });
    if points_at_itself {
        locations::named(failures, &repository.files)
    } else if class.is_patchable() {
        locations::of_log(failures, repository.commits, &repository.files)
    } else {
        Vec::new()
    }
}

/// `test (3.11, ubuntu-latest)` → `3.11`, `ubuntu-latest`.
fn matrix_of(job: &str) -> Vec<String> {
    let inside = job.trim_end().strip_suffix(')').and_then(|job| job.rsplit_once('(')).map(|(_, inside)| inside);
    inside.map(|inside| inside.split(',').map(|value| value.trim().to_owned()).collect()).unwrap_or_default()
}

fn quotes(log: &Log, numbers: impl Iterator<Item = usize>) -> Vec<Quote> {
    numbers.flat_map(|number| excerpt(log, number, number)).collect()
}

fn excerpt(log: &Log, first: usize, last: usize) -> Vec<Quote> {
    let lines = log.between(first, last).take(EXCERPT);
    lines.map(|line| Quote { line: line.number, text: line.text.chars().take(500).collect() }).collect()
}
