//! `heal eval` over labelled logs: how often `heal explain` is right, and how well its confidence says so.
//!
//! In: a folder with `labels.jsonl`, one line per log (`file`, `accept`: classes that are right, `tests`,
//! `locations`: `file:line[:column]`, `key_lines`). Out: rates, a confusion matrix, the calibration.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::exit::ExitCode;
use super::explain;
use super::json;
use crate::diagnosis::{Class, Diagnosis};

/// The name of the file with the labels.
pub const LABELS: &str = "labels.jsonl";

/// The width of a bin of confidence; the usual ten bins (Guo et al., "On Calibration of Modern Neural
/// Networks", ICML 2017, equation 3).
const BINS: usize = 10;

#[derive(Debug, Deserialize)]
struct Label {
    file: String,
    accept: Option<Vec<Class>>,
    #[serde(default)]
    tests: Vec<String>,
    #[serde(default)]
    locations: Vec<String>,
    #[serde(default)]
    key_lines: Vec<usize>,
    expect: Option<Expect>,
}

#[derive(Debug, Deserialize)]
struct Expect {
    /// Failing tests, joined by `#`.
    tr_t_failed: Option<String>,
}

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Rate {
    right: usize,
    of: usize,
}

impl Rate {
    fn count(&mut self, right: bool) {
        self.right += usize::from(right);
        self.of += 1;
    }

    fn percent(self) -> f64 {
        if self.of == 0 { 100.0 } else { 100.0 * self.right as f64 / self.of as f64 }
    }
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    logs: usize,
    class: Rate,
    /// Infrastructure failures that were called failures of the code; fewer are better.
    infrastructure_as_code: Rate,
    key_line: Rate,
    first_location: Rate,
    test_names: Rate,
    calibration_error: f64,
    /// Right class → given class → how often.
    confusion: BTreeMap<String, BTreeMap<String, usize>>,
    seconds: f64,
    megabytes: f64,
    wrong: Vec<Wrong>,
}

/// A log that was not understood as its label says.
#[derive(Debug, Serialize)]
struct Wrong {
    file: String,
    what: &'static str,
    found: String,
    wanted: String,
}

/// Evaluates the labelled logs of a folder.
pub(super) async fn eval(folder: &Path, only: Option<&str>, as_json: bool) -> anyhow::Result<ExitCode> {
    let labels = std::fs::read_to_string(folder.join(LABELS)).with_context(|| format!("can't read {LABELS}"))?;
    let mut summary = Summary::default();
    let mut sure: Vec<(f64, bool)> = Vec::new();
    for (number, line) in labels.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let label: Label = serde_json::from_str(line).with_context(|| format!("{LABELS}:{}", number + 1))?;
        if only.is_some_and(|only| !label.file.contains(only)) {
            continue;
        }
        let path = folder.join(&label.file);
        let start = Instant::now();
        let log = explain::open(&path)?;
        let found = explain::diagnosis(&log, None, None, None).await?;
        summary.seconds += start.elapsed().as_secs_f64();
        summary.megabytes += log.bytes as f64 / 1e6;
        summary.logs += 1;
        score(&label, &found, &mut summary, &mut sure);
    }
    summary.calibration_error = calibration_error(&sure);
    if as_json {
        json::print(&summary)?;
    } else {
        print(&summary);
    }
    Ok(ExitCode::Healed)
}

fn score(label: &Label, found: &Diagnosis, summary: &mut Summary, sure: &mut Vec<(f64, bool)>) {
    let mut wrong = |what, found: String, wanted: String| {
        summary.wrong.push(Wrong { file: label.file.clone(), what, found, wanted });
    };
    if let Some(accept) = &label.accept {
        let right = accept.contains(&found.class);
        if !right {
            wrong(
                "class",
                format!("{} ({:.2}): {}", found.class, found.confidence, found.reason),
                format!("{accept:?}"),
            );
        }
        summary.class.count(right);
        sure.push((found.confidence, right));
        let truth = if right { found.class } else { accept.first().copied().unwrap_or(Class::Unknown) };
        *summary.confusion.entry(truth.to_string()).or_default().entry(found.class.to_string()).or_default() += 1;
        if accept == &[Class::Infrastructure] {
            summary.infrastructure_as_code.count(found.class == Class::Code);
        }
    }
    if !label.key_lines.is_empty() {
        let inside = found
            .key_lines
            .is_some_and(|(first, last)| label.key_lines.iter().any(|line| (first..=last).contains(line)));
        if !inside {
            wrong("key lines", format!("{:?}", found.key_lines), format!("{:?}", label.key_lines));
        }
        summary.key_line.count(inside);
    }
    let places: Vec<&String> = label.locations.iter().filter(|place| names_a_line(place)).collect();
    if !places.is_empty() {
        let first = found.failures.first().map(place_of).unwrap_or_default();
        let right = places.iter().any(|place| is_same_place(place, &first));
        if !right {
            wrong("location", first, format!("{places:?}"));
        }
        summary.first_location.count(right);
    }
    let expected = label.expect.as_ref().and_then(|expect| expect.tr_t_failed.as_deref()).unwrap_or("");
    let tests: Vec<&str> =
        label.tests.iter().map(String::as_str).chain(expected.split('#').filter(|test| !test.is_empty())).collect();
    if !tests.is_empty() {
        let names: Vec<&str> = found.failures.iter().filter_map(|failure| failure.test.as_deref()).collect();
        let missed: Vec<&&str> =
            tests.iter().filter(|test| !names.iter().any(|name| is_same_test(name, test))).collect();
        if !missed.is_empty() {
            wrong(
                "tests",
                format!("{:?}", names.iter().take(4).collect::<Vec<_>>()),
                format!("{} of {}: {:?}", missed.len(), tests.len(), &missed[..missed.len().min(4)]),
            );
        }
        summary.test_names.count(missed.is_empty());
    }
}

fn names_a_line(place: &str) -> bool {
    place.split(':').nth(1).is_some_and(|line| line.parse::<u32>().is_ok())
}

fn place_of(failure: &crate::evidence::Failure) -> String {
    let file = failure.file.as_deref().map(|file| file.display().to_string()).unwrap_or_default();
    let numbers: String = [failure.line, failure.column].iter().flatten().map(|number| format!(":{number}")).collect();
    file + &numbers
}

/// Equal files and lines; the column only where both name one.
fn is_same_place(wanted: &str, found: &str) -> bool {
    let (mut wanted, mut found) = (wanted.split(':'), found.split(':'));
    wanted.next() == found.next()
        && wanted.next() == found.next()
        && wanted.next().zip(found.next()).is_none_or(|(a, b)| a == b)
}

/// Names of tests are written in many ways: equal words in the same order at the end are the same.
fn is_same_test(found: &str, wanted: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        let parts = name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty() && *part != "py");
        parts.map(str::to_lowercase).collect()
    };
    let (found, wanted) = (words(found), words(wanted));
    !found.is_empty()
        && !wanted.is_empty()
        && (found.ends_with(&wanted) || wanted.ends_with(&found) || {
            let (mut a, mut b) = (found, wanted);
            a.sort();
            b.sort();
            a == b
        })
}

/// The expected calibration error: the mean distance of confidence and accuracy over bins of confidence.
fn calibration_error(sure: &[(f64, bool)]) -> f64 {
    let mut bins = [(0_usize, 0.0_f64, 0_usize); BINS];
    for (confidence, right) in sure {
        let bin = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        *bin = (bin.0 + 1, bin.1 + confidence, bin.2 + usize::from(*right));
    }
    let distance =
        |(count, confidence, right): &(usize, f64, usize)| (confidence - *right as f64).abs().min(*count as f64);
    bins.iter().map(distance).sum::<f64>() / sure.len().max(1) as f64
}

fn print(summary: &Summary) {
    for wrong in &summary.wrong {
        println!(
            "{:<10} {}\n           found  {}\n           wanted {}",
            wrong.what, wrong.file, wrong.found, wrong.wanted
        );
    }
    println!("logs                             {}", summary.logs);
    for (name, rate) in [
        ("class right", summary.class),
        ("infrastructure called code", summary.infrastructure_as_code),
        ("a key line inside the reported", summary.key_line),
        ("first location exact", summary.first_location),
        ("all failing tests named", summary.test_names),
    ] {
        println!("{name:<32} {:5.1} %  ({} of {})", rate.percent(), rate.right, rate.of);
    }
    println!("expected calibration error       {:.3}", summary.calibration_error);
    println!(
        "speed                            {:.1} MB in {:.2} s, {:.0} MB/s",
        summary.megabytes,
        summary.seconds,
        summary.megabytes / summary.seconds.max(1e-9)
    );
    println!("\nright class (row) and given class (column)");
    let classes: Vec<&String> = summary
        .confusion
        .values()
        .flat_map(BTreeMap::keys)
        .chain(summary.confusion.keys())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    println!(
        "{:>15} {}",
        "",
        classes.iter().map(|class| format!("{:>5}", &class[..4.min(class.len())])).collect::<String>()
    );
    for (truth, given) in &summary.confusion {
        let row: String =
            classes.iter().map(|class| format!("{:>5}", given.get(*class).copied().unwrap_or(0))).collect();
        println!("{truth:>15} {row}");
    }
}
