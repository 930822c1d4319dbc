//! What the failing steps of a log say: tools' failures, signs, and the lines to read first.
//!
//! In: a [`Log`]. Out: one [`StepReading`] per failing step, the one that caused the others first.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::log::{Ending, Log, Service, Step, Words};
use super::matchers::{self, Matcher};
use super::notable::{self, Green};
use super::parsers::{self, Parsed};
use super::signs::{self, Sign};
use super::{Level, Line, Nature};

/// The most failing steps that are read.
const MOST_STEPS: usize = 64;

/// The most signs that are kept of a step.
const MOST_SIGNS: usize = 200;

/// Words that make a line of a huge log worth keeping, beside those of the tools.
const INTEREST: &[&str] = &[
    "rror",
    "RROR",
    "ail",
    "FAIL",
    "xception",
    "anic",
    "atal",
    "Traceback",
    "ot found",
    "o such",
    "enied",
    "efused",
    "imed out",
    "imeout",
    "annot",
    "an't",
    "ould not",
    "nable to",
    "issing",
    "nvalid",
    "nexpected",
    "xceeded",
    "mismatch",
    "onflict",
    "illed",
    "exit",
    "Exit",
    "##[",
    "::error",
    "✖",
    "✗",
    "●",
    "×",
    "❌",
    "ENO",
    "ECONN",
    "abort",
    "Abort",
    "signal",
    "429",
    "503",
    "502",
    "rate limit",
    "o rule",
    "onnection",
    "equired",
    "oo many",
];

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut groups: Vec<&[&str]> = parsers::TOOLS.iter().map(|tool| tool.marks).collect();
    groups.push(INTEREST);
    Words::new(&groups).expect("the tools' marks are part of the program and tested")
});

/// The words that a log is searched for while it is read.
pub fn words() -> &'static Words {
    &WORDS
}

/// What a failing step says.
#[derive(Debug)]
pub struct StepReading<'log> {
    /// The index of the step.
    pub step: usize,
    /// What tools reported, those that know best first; only those that name a failure.
    pub parsed: Vec<Parsed>,
    /// Tools that ran and reported that all is well.
    pub content: Vec<std::borrow::Cow<'static, str>>,
    /// Lines that give something away, in the order of the log.
    pub signs: Vec<Sign<'log>>,
    /// The lines to read first, where no tool knows better.
    pub notable: Option<(usize, usize)>,
    /// The number of the first line of its output.
    pub start: usize,
    /// The number of the line that ended it, or of its last line.
    pub end: usize,
}

impl StepReading<'_> {
    /// What a report says, as if it were a step.
    pub fn of_report(report: Parsed) -> Self {
        StepReading {
            step: 0,
            parsed: vec![report],
            content: Vec::new(),
            signs: Vec::new(),
            notable: None,
            start: 1,
            end: 1,
        }
    }

    /// Whether a tool that is not merely the caller of another one names a failure.
    pub fn is_explained(&self) -> bool {
        self.parsed.iter().any(|parsed| !parsers::is_wrapper(parsed))
    }

    /// The sign that decides most: the heaviest, of equals the last.
    pub fn decisive_sign(&self) -> Option<&Sign<'_>> {
        self.signs.iter().max_by_key(|sign| sign.weight)
    }
}

/// Reads the failing steps; all steps where the log does not say which failed.
/// `own` are the repository's problem matchers.
pub fn failing_steps<'log>(log: &'log Log, green: Option<&Green>, own: &[Matcher]) -> Vec<StepReading<'log>> {
    let mut readings: Vec<StepReading<'log>> =
        chosen(log).into_iter().take(MOST_STEPS).map(|step| read_step(log, step, green, own)).collect();
    readings.sort_by_key(|reading| rank(log.step(reading.step), reading));
    readings
}

/// Steps that failed; else those with errors; else all.
fn chosen(log: &Log) -> Vec<usize> {
    let of = |wanted: &dyn Fn(&Step) -> bool| -> Vec<usize> {
        log.steps().filter(|(_, step)| wanted(step)).map(|(index, _)| index).collect()
    };
    let failed = of(&|step| step.failed());
    if failed.iter().any(|step| log.step(*step).ending != Ending::Cancelled) {
        return failed;
    }
    let with_errors = of(&|step| step.errors > 0 && step.ending != Ending::Passed);
    if !with_errors.is_empty() {
        return with_errors;
    }
    if !failed.is_empty() {
        return failed;
    }
    let unknown = of(&|step| step.ending != Ending::Passed);
    if log.service == Service::Plain || unknown.len() <= 1 { unknown } else { with_words(log, unknown) }
}

/// Of steps of which none is known to have failed, those that any tool or error wrote to.
fn with_words(log: &Log, steps: Vec<usize>) -> Vec<usize> {
    let spoken: Vec<usize> =
        steps.iter().copied().filter(|step| log.step(*step).words.iter().any(|seen| *seen)).collect();
    if spoken.is_empty() { steps } else { spoken }
}

/// What caused the others comes first: explained before unexplained, failures before cancellations,
/// the earlier first.
fn rank(step: &Step, reading: &StepReading<'_>) -> (u8, u8, usize) {
    let ending = match step.ending {
        Ending::Failed { .. } | Ending::TimedOut => 0,
        Ending::Unknown => 1,
        Ending::Passed => 2,
        Ending::Cancelled => 3,
    };
    let explained = match (reading.is_explained(), reading.decisive_sign()) {
        (true, _) => 0,
        (false, Some(sign)) if sign.weight >= 2 => 1,
        (false, _) if !reading.parsed.is_empty() => 1,
        _ => 2,
    };
    (ending, explained, step.first)
}

fn read_step<'log>(log: &'log Log, index: usize, green: Option<&Green>, own: &[Matcher]) -> StepReading<'log> {
    let step = log.step(index);
    let lines = log.lines_of(index);
    let output = output(&lines);
    let mut parsed = Vec::new();
    let mut content = Vec::new();
    for (group, tool) in parsers::TOOLS.iter().enumerate() {
        if step.words.get(group) != Some(&true) {
            continue;
        }
        match (tool.parse)(output) {
            Some(found) if found.failures.is_empty() && found.key_lines.is_none() => content.push(found.tool),
            Some(found) => parsed.push(fitted(found, step.command.as_deref().unwrap_or(""))),
            None => {}
        }
    }
    if parsed.iter().any(|found| !parsers::is_wrapper(found) && !parsers::is_last_resort(found)) {
        parsed.retain(|found| !parsers::is_last_resort(found));
    }
    for more in [own, matchers::bundled()] {
        if parsed.iter().all(parsers::is_wrapper) {
            parsed.extend(matchers::apply(more, output));
        }
    }
    drop_repeated(&mut parsed);
    parsed.sort_by_key(parsers::is_wrapper);
    let signs = signs_of(output);
    StepReading {
        step: index,
        parsed,
        content,
        signs,
        notable: notable::block(output, green),
        start: output.first().map_or(step.first, |line| line.number),
        end: output.iter().rev().find(|line| !line.text.is_empty()).map_or(step.last, |line| line.number),
    }
}

/// Some tools write the same lines; the command tells them apart.
fn fitted(mut parsed: Parsed, command: &str) -> Parsed {
    let is = |word: &str| command.contains(word);
    let (tool, nature) = match &*parsed.tool {
        "go build" if is("go vet") && !is("go build") && !is("go test") => ("go vet", Some(Nature::Lint)),
        "flake8" if is("ruff") => ("ruff", None),
        "flake8" if is("pycodestyle") => ("pycodestyle", None),
        "javac" if is("mvn") => ("maven", None),
        "javac" if is("gradle") => ("gradle", None),
        tool => (tool, None),
    };
    parsed.tool = tool.to_owned().into();
    if let Some(nature) = nature {
        parsed.failures.iter_mut().for_each(|failure| failure.nature = nature);
    }
    parsed
}

/// The lines after the step's heading: the script that it shows is not yet what happened.
fn output<'a, 'log>(lines: &'a [Line<'log>]) -> &'a [Line<'log>] {
    let is_heading = |line: &Line<'_>| line.level == Level::Group && line.text.starts_with("Run ");
    if !lines.first().is_some_and(is_heading) {
        return lines;
    }
    match lines.iter().take(2000).position(|line| line.level == Level::EndGroup) {
        Some(end) => &lines[end + 1..],
        None => lines,
    }
}

/// One failure that two parsers understood is the first one's.
fn drop_repeated(parsed: &mut Vec<Parsed>) {
    let mut known: HashSet<(Option<std::path::PathBuf>, Option<u32>, usize)> = HashSet::new();
    for found in parsed.iter_mut() {
        found.failures.retain(|failure| {
            let place = (failure.file.clone(), failure.line, failure.log_lines.map_or(0, |lines| lines.0));
            known.insert(place) || failure.log_lines.is_none()
        });
    }
    parsed.retain(|found| !found.failures.is_empty() || found.key_lines.is_some());
}

fn signs_of<'log>(lines: &[Line<'log>]) -> Vec<Sign<'log>> {
    let mut signs: Vec<Sign<'log>> = Vec::new();
    // The last lines count most: they are read first.
    for line in lines.iter().rev().filter(|line| may_be_sign(line)) {
        signs.extend(signs::of_line(line));
        if signs.len() >= MOST_SIGNS {
            break;
        }
    }
    signs.reverse();
    signs
}

fn may_be_sign(line: &Line<'_>) -> bool {
    !line.text.is_empty() && !matches!(line.level, Level::Warning | Level::Debug | Level::Notice | Level::Command)
}
