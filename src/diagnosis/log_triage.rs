//! Which kind of failure a log shows.
//!
//! In: what the failing steps say. Out: a class, how sure, why, and the lines behind it. What a tool says
//! about the code decides first; signs near the end of the step decide where no tool knows. The
//! confidences are the rates at which each ground was right on labelled logs (`heal eval`, with the
//! command in docs/performance.md), rounded.

use super::Class;
use super::Triage;
use crate::evidence::log::{Ending, Log, Service};
use crate::evidence::parsers::{self, Parsed};
use crate::evidence::reading::StepReading;
use crate::evidence::signs::{self, Says, Sign};
use crate::evidence::{Failure, Level, Nature, notable};

/// A triage with the numbers of the lines behind it.
pub(super) struct Grounds {
    pub triage: Triage,
    pub lines: Vec<usize>,
    /// Whether one line decided, whichever tool wrote it.
    pub by_sign: bool,
}

impl Grounds {
    fn new(triage: Triage, lines: Vec<usize>) -> Self {
        Grounds { triage, lines, by_sign: false }
    }
}

/// How far from the end of a step a sign counts in full, and how far half, in lines.
const NEAR: (usize, usize) = (60, 400);

/// The weight that signs need together to decide.
const DECISIVE: f64 = 1.4;

/// From which loudness a line of an unknown tool's output is an error.
const LOUD: f64 = 3.0;

/// What a shell says of a process that was killed: 128 + SIGKILL.
const KILLED: i32 = 137;

/// How many failures' messages are asked for signs.
const MESSAGES: usize = 50;

/// The class of a log whose failing steps were read; `is_local` says whether a package name is one of
/// the repository's own.
pub(super) fn of_log(log: &Log, readings: &[StepReading<'_>], is_local: &dyn Fn(&str) -> bool) -> Grounds {
    let Some(reading) = readings.first() else {
        return Grounds::new(
            Triage::new(Class::Unknown, 0.3, "the log is empty, or every step in it ended well"),
            Vec::new(),
        );
    };
    let step = log.step(reading.step);
    let explained = reading.parsed.iter().find(|parsed| !parsers::is_wrapper(parsed));
    if let Some(parsed) = explained {
        return of_tool(parsed, reading, is_local);
    }
    if step.ending == Ending::TimedOut {
        return said(Class::Timeout, 0.9, "the CI service stopped the step for lasting too long", reading);
    }
    if matches!(step.ending, Ending::Failed { code: Some(KILLED) }) {
        return said(
            Class::Infrastructure,
            0.8,
            "the step was killed (exit code 137): most often memory ran out",
            reading,
        );
    }
    let wrapped = reading.parsed.first();
    of_signs(reading)
        .or_else(|| wrapped.map(|parsed| of_tool(parsed, reading, is_local)))
        .unwrap_or_else(|| of_last_words(log, reading))
}

/// What a tool's failures say.
fn of_tool(parsed: &Parsed, reading: &StepReading<'_>, is_local: &dyn Fn(&str) -> bool) -> Grounds {
    let lines: Vec<usize> = match parsed.key_lines {
        Some((first, _)) => vec![first],
        None => parsed.failures.iter().filter_map(|failure| Some(failure.log_lines?.0)).take(3).collect(),
    };
    let Some(first) = parsed.failures.first() else {
        let triage = Triage::new(Class::Configuration, 0.7, format!("{} misses a threshold", parsed.tool));
        return Grounds::new(triage, lines);
    };
    let count = parsed.failures.len();
    let nature = dominant(&parsed.failures);
    let says =
        |class, confidence, what: &str| Triage::new(class, confidence, format!("{} reports {what}", parsed.tool));
    let outside = all_say(&parsed.failures);
    let triage = match nature {
        Nature::Test | Nature::Load | Nature::Crash if outside == Some(Says::Infrastructure) => {
            says(Class::Infrastructure, 0.75, &format!("{count} failures, all of the network or the machine"))
        }
        Nature::Test => match reading.signs.iter().find(|sign| sign.says == Says::Flaky) {
            Some(sign) => {
                says(Class::Flaky, 0.7, &format!("failing tests, and the log says: {}", sign.line.text.trim()))
            }
            None => says(Class::Code, 0.92, &plural(count, "failing test")),
        },
        Nature::Snapshot => says(Class::Test, 0.8, &format!("{} that no longer fit", plural(count, "stored snapshot"))),
        Nature::Load => of_load(parsed, is_local),
        Nature::Compile if outside == Some(Says::Dependency) => {
            says(Class::Dependency, 0.75, "a package that is missing")
        }
        Nature::Compile if is_missing_header(first) => {
            says(Class::Configuration, 0.6, "a header or library that is not installed")
        }
        Nature::Compile => says(Class::Code, 0.92, &plural(count, "compile error")),
        Nature::Type => says(Class::Type, 0.95, &plural(count, "type error")),
        Nature::Lint => says(Class::Lint, 0.95, &plural(count, "finding")),
        Nature::Format => says(Class::Format, 0.95, &plural(count, "unformatted file")),
        Nature::Dependency => match network_near_end(reading) {
            Some(sign) => {
                let triage = Triage::new(
                    Class::Infrastructure,
                    0.85,
                    format!("{} failed: {}", parsed.tool, sign.line.text.trim()),
                );
                return Grounds { by_sign: true, ..Grounds::new(triage, vec![sign.line.number]) };
            }
            None => says(Class::Dependency, 0.9, "packages that can't be resolved or installed"),
        },
        Nature::Configuration => says(Class::Configuration, 0.8, "something missing or wrong in the configuration"),
        Nature::Threshold => says(Class::Configuration, 0.75, "a threshold that is missed"),
        Nature::Infrastructure => says(Class::Infrastructure, 0.9, "a failure of the network or the machine"),
        Nature::Timeout => says(Class::Timeout, 0.7, &format!("{} that took too long", plural(count, "test"))),
        Nature::Crash if outside == Some(Says::Dependency) => {
            says(Class::Dependency, 0.7, "a package that is missing or does not fit")
        }
        Nature::Crash if outside == Some(Says::Configuration) => {
            says(Class::Configuration, 0.7, "something missing or wrong")
        }
        Nature::Crash if is_out_of_memory(first) => {
            says(Class::Infrastructure, 0.7, "a process that ran out of memory")
        }
        Nature::Crash => says(Class::Code, 0.7, "a process that crashed"),
    };
    Grounds::new(triage, lines)
}

/// A test file or module that can't be loaded: a package is missing, or the code is wrong.
fn of_load(parsed: &Parsed, is_local: &dyn Fn(&str) -> bool) -> Triage {
    let missing = parsed.failures.iter().find_map(|failure| missing_package(failure.message.as_deref()?));
    match missing {
        Some(package) if !is_local(&package) => Triage::new(
            Class::Dependency,
            0.85,
            format!("{} can't load {package}, which is not part of the repository", parsed.tool),
        ),
        Some(package) => {
            Triage::new(Class::Code, 0.7, format!("{} can't load the repository's own {package}", parsed.tool))
        }
        None => match all_say(&parsed.failures) {
            Some(Says::Dependency) => {
                Triage::new(Class::Dependency, 0.8, format!("{} can't load a package", parsed.tool))
            }
            _ => Triage::new(Class::Code, 0.75, format!("{} can't load a file", parsed.tool)),
        },
    }
}

/// The package in `No module named 'a.b'`, `Cannot find module 'x'`, `Cannot find package "x"`.
fn missing_package(message: &str) -> Option<String> {
    const BEFORE: &[&str] = &[
        "No module named ",
        "Cannot find module ",
        "Cannot find package ",
        "Failed to resolve import ",
        "Can't resolve ",
    ];
    let rest = BEFORE.iter().find_map(|before| message.split(before).nth(1))?;
    let name = rest.trim_start_matches(['\'', '"', '`', '‘']).split(['\'', '"', '`', '’', ' ', ';', '\n']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

fn is_missing_header(failure: &Failure) -> bool {
    let message = failure.message.as_deref().unwrap_or("");
    let is_absent = message.contains("No such file or directory") || message.contains("file not found");
    is_absent && [".h:", ".h'", ".hpp", ".h "].iter().any(|end| message.contains(end))
        || message.contains("cannot find -l")
}

fn is_out_of_memory(failure: &Failure) -> bool {
    failure.message.as_deref().is_some_and(|message| message.to_ascii_lowercase().contains("out of memory"))
}

/// The nature of most failures; of equals that of the first.
fn dominant(failures: &[Failure]) -> Nature {
    let count = |nature: Nature| failures.iter().filter(|failure| failure.nature == nature).count();
    let first = failures.first().map_or(Nature::Test, |failure| failure.nature);
    failures
        .iter()
        .map(|failure| failure.nature)
        .fold(first, |best, nature| if count(nature) > count(best) { nature } else { best })
}

/// What all failures' messages say, where they say the same.
fn all_say(failures: &[Failure]) -> Option<Says> {
    let mut said = failures.iter().take(MESSAGES).map(|failure| {
        let text = format!("{}: {}", failure.kind.as_deref().unwrap_or(""), failure.message.as_deref().unwrap_or(""));
        text.lines().filter_map(signs::of_text).filter(|(_, weight)| *weight >= 2).map(|(says, _)| says).next()
    });
    let first = said.next()??;
    said.all(|other| other == Some(first)).then_some(first)
}

/// A sign of the network or the machine near the end of the step.
fn network_near_end<'a, 'log>(reading: &'a StepReading<'log>) -> Option<&'a Sign<'log>> {
    let mut near = reading.signs.iter().filter(|sign| sign.line.number + NEAR.0 >= reading.end);
    near.rfind(|sign| sign.says == Says::Infrastructure && sign.weight >= 2)
}

/// What the signs say together, those near the end and those that the service marks weighing more.
fn of_signs(reading: &StepReading<'_>) -> Option<Grounds> {
    const ORDER: [Says; 6] =
        [Says::Infrastructure, Says::Timeout, Says::Crash, Says::Dependency, Says::Configuration, Says::Flaky];
    let heaviest = |says: Says| {
        let of = reading.signs.iter().filter(|sign| sign.says == says);
        of.map(|sign| (weight(sign, reading.end), sign)).max_by(|a, b| a.0.total_cmp(&b.0))
    };
    let found: Vec<(f64, &Sign<'_>)> = ORDER.iter().filter_map(|says| heaviest(*says)).collect();
    // Of equals the first in the order: a lost network makes packages and files go missing too.
    let (weight, sign) = found.iter().rev().max_by(|a, b| a.0.total_cmp(&b.0)).copied()?;
    if weight < DECISIVE {
        return None;
    }
    let class = match sign.says {
        Says::Infrastructure => Class::Infrastructure,
        Says::Timeout => Class::Timeout,
        Says::Dependency => Class::Dependency,
        Says::Configuration => Class::Configuration,
        Says::Flaky => Class::Flaky,
        Says::Crash => Class::Code,
    };
    let confidence = if weight >= 3.0 {
        0.9
    } else if weight >= 2.0 {
        0.8
    } else {
        0.6
    };
    let triage = Triage::new(class, confidence, format!("the log says: {}", sign.line.text.trim()));
    Some(Grounds { by_sign: true, ..Grounds::new(triage, vec![sign.line.number]) })
}

fn weight(sign: &Sign<'_>, end: usize) -> f64 {
    let distance = end.saturating_sub(sign.line.number);
    let near = if distance <= NEAR.0 {
        1.0
    } else if distance <= NEAR.1 {
        0.75
    } else {
        0.25
    };
    let marked = if sign.line.level == Level::Error { 1.3 } else { 1.0 };
    f64::from(sign.weight) * near * marked * if notable::loudness(&sign.line) < 0.0 { 0.3 } else { 1.0 }
}

/// Nothing is known: the command that failed and its last words are all there is.
fn of_last_words(log: &Log, reading: &StepReading<'_>) -> Grounds {
    let step = log.step(reading.step);
    if step.ending == Ending::Cancelled {
        return said(Class::Infrastructure, 0.6, "the job was cancelled", reading);
    }
    if !step.failed() && step.errors == 0 {
        let loudest = reading
            .notable
            .into_iter()
            .flat_map(|(first, last)| log.between(first, last))
            .map(|line| notable::loudness(&line));
        if log.service == Service::Plain && loudest.fold(0.0, f64::max) >= LOUD {
            return said(Class::Code, 0.5, "the log shows an error that no known tool explains", reading);
        }
        return said(Class::Unknown, 0.4, "nothing in the log says that it failed", reading);
    }
    let command = step.command.as_deref().or(step.name.as_deref()).unwrap_or("").to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| command.contains(word));
    if has(&["lint", "clippy", "stylelint", "rubocop"]) {
        said(Class::Lint, 0.5, "a linter's step failed", reading)
    } else if has(&["fmt", "format", "prettier"]) {
        said(Class::Format, 0.5, "a formatter's step failed", reading)
    } else if has(&["install", "restore", "npm ci"]) {
        said(Class::Dependency, 0.5, "the step that installs packages failed", reading)
    } else if has(&[
        "test", "pytest", "jest", "mocha", "check", "verify", "build", "compile", "tox", "mvn", "gradle", "ant", "make",
    ]) {
        said(Class::Code, 0.5, "the step that builds or tests failed, and no known tool says why", reading)
    } else {
        said(Class::Unknown, 0.3, "no known tool and no known sentence says why", reading)
    }
}

fn said(class: Class, confidence: f64, reason: &str, reading: &StepReading<'_>) -> Grounds {
    let lines = reading.notable.map(|(_, last)| last).into_iter().collect();
    Grounds::new(Triage::new(class, confidence, reason), lines)
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
