//! `heal eval`: `heal fix` over a folder of cases. Every figure in the docs comes from here.
//!
//! A case is a folder with a `case.toml`, or one fault of a `fixture.toml` folder. Cases run one
//! after the other, each on a fresh copy, so that figures do not disturb each other. Folders of labelled
//! logs are the matter of `eval_logs`, folders of models' answers that of `eval_answers`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde::Serialize;

use super::args::{EvalArguments, RunArguments};
use super::eval_case::{Case, find_cases, forget_history, prepare};
use super::eval_logs;
use super::exit::ExitCode;
use super::fix::{Done, Request, heal, isolation};
use super::json;
use super::models::Speech;
use super::view::Detail;
use super::{answer_case, environment, eval_answers};
use crate::forge::Destination;
use crate::patch::Patch;
use crate::pipeline::Outcome;
use crate::testbed::command::TestCommand;
use crate::testbed::{Patched, Testbed, TestbedOptions};

/// One line of the table.
#[derive(Debug, Default, Serialize)]
struct CaseResult {
    name: String,
    language: String,
    /// Why the case could not be run.
    error: Option<String>,
    reproduced: bool,
    /// Rank of the true line among the locations, from 1.
    line_rank: Option<usize>,
    /// Rank of the true line's function among the functions of the locations, from 1.
    symbol_rank: Option<usize>,
    plausible: bool,
    healed: bool,
    /// Whether the hidden tests pass with the patch; `None` without hidden tests or patch.
    correct: Option<bool>,
    operator: Option<&'static str>,
    seconds: f64,
    candidates: u64,
    validated: u64,
    per_second: f64,
    warm: bool,
    /// Candidates per second that one fresh test process each would allow.
    cold_per_second: Option<f64>,
    patch: Option<String>,
}

/// The sums.
#[derive(Debug, Default, Serialize)]
struct Summary {
    cases: usize,
    errors: usize,
    reproduced: usize,
    localised_top_1: usize,
    localised_top_5: usize,
    localised_known: usize,
    symbol_top_5: usize,
    plausible: usize,
    healed: usize,
    correct: usize,
    correct_known: usize,
    median_seconds: f64,
    p90_seconds: f64,
    median_candidates_per_second: f64,
    median_speed_up: Option<f64>,
}

/// Runs the command.
pub async fn eval(arguments: &EvalArguments) -> anyhow::Result<ExitCode> {
    if arguments.directory.join(eval_logs::LABELS).is_file() {
        return eval_logs::eval(&arguments.directory, arguments.only.as_deref(), arguments.json).await;
    }
    let mut cases = find_cases(&arguments.directory)?;
    let mut answers = answer_case::find(&arguments.directory)?;
    if cases.is_empty() && !answers.is_empty() {
        answers.retain(|case| arguments.only.as_ref().is_none_or(|only| case.name.contains(only.as_str())));
        if answers.is_empty() {
            bail!("no case of that name below {}", arguments.directory.display());
        }
        return eval_answers::eval(&answers, &arguments.run, arguments.json).await;
    }
    if !answers.is_empty() {
        eprintln!("{} cases of models' answers are left out; name their folder", answers.len());
    }
    if let Some(only) = &arguments.only {
        cases.retain(|case| case.name.contains(only.as_str()));
    }
    if cases.is_empty() {
        bail!("no case.toml or fixture.toml below {}", arguments.directory.display());
    }
    eprintln!(
        "{:<44} {:>5} {:>5} {:>8} {:>9} {:>9}  operator",
        "case", "rank", "sym", "seconds", "validated", "per sec"
    );
    let mut results = Vec::new();
    for case in &cases {
        let result = run_case(case, arguments).await;
        print_line(&result);
        results.push(result);
    }
    let summary = summarise(&results);
    print_summary(&summary);
    if arguments.json {
        json::print(&serde_json::json!({"schema": json::SCHEMA, "summary": summary, "cases": results}))?;
    }
    Ok(ExitCode::Healed)
}

async fn run_case(case: &Case, arguments: &EvalArguments) -> CaseResult {
    let mut result = CaseResult { name: case.name.clone(), language: case.language.clone(), ..CaseResult::default() };
    let started = Instant::now();
    if let Err(error) = try_case(case, arguments, &mut result).await {
        result.error = Some(format!("{error:#}"));
    }
    if result.seconds == 0.0 {
        result.seconds = started.elapsed().as_secs_f64();
    }
    result
}

async fn try_case(case: &Case, arguments: &EvalArguments, result: &mut CaseResult) -> anyhow::Result<()> {
    let temporary = tempfile::Builder::new().prefix("heal-eval-").tempdir()?;
    let directory = temporary.path().join("repository");
    prepare(case, &directory)?;
    if arguments.no_history {
        forget_history(&directory)?;
    }
    let request = Request {
        path: &directory,
        test: Some(&case.test),
        run: &arguments.run,
        environment: &[],
        destination: Destination::Show,
        detail: Detail::Nothing,
        speech: Speech::Live,
    };
    let done = heal(&request).await?;
    fill(result, case, &done);
    if let (Some(hidden), Some(patch)) = (&case.hidden_test, &done.report.patch) {
        result.correct = Some(passes(&directory, hidden, patch, &arguments.run).await?);
    }
    if arguments.compare_cold {
        result.cold_per_second = Some(cold_speed(&directory, &case.test, &arguments.run).await?);
    }
    Ok(())
}

fn fill(result: &mut CaseResult, case: &Case, done: &Done) {
    let report = &done.report;
    result.reproduced = report.outcome != Outcome::NothingFailing;
    result.healed = report.outcome == Outcome::Healed;
    result.plausible = report.search.plausible > 0;
    result.operator = report.attempts.last().map(|attempt| attempt.operator);
    result.seconds = report.timing.total_ms as f64 / 1000.0;
    result.candidates = report.search.candidates;
    result.validated = report.search.validated;
    result.per_second = report.search.per_second;
    result.warm = report.search.warm;
    result.patch = report.patch.as_ref().map(Patch::diff);
    let (Some(fault), Some(diagnosis)) = (&case.fault, &report.diagnosis) else { return };
    let locations = &diagnosis.locations;
    let is_true = |location: &&crate::diagnosis::Location| location.file == fault.file && location.line.0 == fault.line;
    let Some(found) = locations.iter().find(is_true) else { return };
    result.line_rank = locations.iter().position(|location| location == found).map(|index| index + 1);
    let mut symbols = Vec::new();
    for location in locations {
        let symbol = (&location.file, &location.symbol);
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    result.symbol_rank =
        symbols.iter().position(|symbol| *symbol == (&found.file, &found.symbol)).map(|index| index + 1);
}

/// A testbed on a directory, isolated as the arguments say.
pub(super) async fn testbed(directory: &Path, run: &RunArguments) -> anyhow::Result<Testbed> {
    let options = TestbedOptions {
        isolation: isolation(run.sandbox),
        environment: environment::for_tests(&[]),
        search_path: environment::search_path(),
        ..TestbedOptions::default()
    };
    Ok(Testbed::open(&directory.canonicalize()?, options).await?)
}

/// Whether the hidden tests, which the healer never saw, pass with the patch.
async fn passes(directory: &Path, hidden: &str, patch: &Patch, run: &RunArguments) -> anyhow::Result<bool> {
    let testbed = testbed(directory, run).await?;
    let command = TestCommand::parse(hidden, directory);
    Ok(testbed.run(&command, &patch.after(), 120_000).await?.is_green())
}

/// Runs of the plain command per second in the same sandbox: what validation would cost without a
/// warm server. The median of five.
async fn cold_speed(directory: &Path, test: &str, run: &RunArguments) -> anyhow::Result<f64> {
    let testbed = testbed(directory, run).await?;
    let command = TestCommand::parse(test, directory);
    let mut times = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        testbed.run(&command, &Patched::new(), 120_000).await?;
        times.push(started.elapsed());
    }
    times.sort();
    Ok(1.0 / times[2].max(Duration::from_micros(1)).as_secs_f64())
}

fn print_line(result: &CaseResult) {
    let rank = |rank: Option<usize>| rank.map_or("-".to_owned(), |rank| rank.to_string());
    let verdict = match (&result.error, result.healed, result.correct) {
        (Some(error), ..) => format!("error: {error}"),
        (None, true, Some(false)) => format!("{} (wrong by hidden tests)", result.operator.unwrap_or("-")),
        (None, true, _) => result.operator.unwrap_or("-").to_owned(),
        (None, false, _) => "not healed".to_owned(),
    };
    eprintln!(
        "{:<44} {:>5} {:>5} {:>8.2} {:>9} {:>9.0}  {verdict}",
        result.name,
        rank(result.line_rank),
        rank(result.symbol_rank),
        result.seconds,
        result.validated,
        result.per_second
    );
}

fn summarise(results: &[CaseResult]) -> Summary {
    let count = |keep: &dyn Fn(&&CaseResult) -> bool| results.iter().filter(keep).count();
    let sorted = |values: &dyn Fn(&CaseResult) -> Option<f64>| -> Vec<f64> {
        let mut values: Vec<f64> = results.iter().filter_map(values).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let quantile =
        |values: &[f64], q: f64| values.get(((values.len().max(1) - 1) as f64 * q).round() as usize).copied();
    let seconds = sorted(&|result| Some(result.seconds));
    let speeds = sorted(&|result| Some(result.per_second).filter(|speed| *speed > 0.0));
    let speed_ups = sorted(&|result| Some(result.per_second / result.cold_per_second?).filter(|ratio| *ratio > 0.0));
    Summary {
        cases: results.len(),
        errors: count(&|result| result.error.is_some()),
        reproduced: count(&|result| result.reproduced),
        localised_top_1: count(&|result| result.line_rank == Some(1)),
        localised_top_5: count(&|result| result.line_rank.is_some_and(|rank| rank <= 5)),
        localised_known: count(&|result| result.line_rank.is_some()),
        symbol_top_5: count(&|result| result.symbol_rank.is_some_and(|rank| rank <= 5)),
        plausible: count(&|result| result.plausible),
        healed: count(&|result| result.healed),
        correct: count(&|result| result.correct == Some(true)),
        correct_known: count(&|result| result.correct.is_some()),
        median_seconds: quantile(&seconds, 0.5).unwrap_or(0.0),
        p90_seconds: quantile(&seconds, 0.9).unwrap_or(0.0),
        median_candidates_per_second: quantile(&speeds, 0.5).unwrap_or(0.0),
        median_speed_up: quantile(&speed_ups, 0.5),
    }
}

fn print_summary(summary: &Summary) {
    let cases = summary.cases;
    eprintln!();
    eprintln!("cases        {cases} ({} could not be run)", summary.errors);
    eprintln!("reproduced   {}", summary.reproduced);
    eprintln!(
        "localised    {} first, {} in the top 5 lines, {} in the top 5 functions",
        summary.localised_top_1, summary.localised_top_5, summary.symbol_top_5
    );
    eprintln!("plausible    {}", summary.plausible);
    eprintln!("healed       {}", summary.healed);
    if summary.correct_known > 0 {
        eprintln!("correct      {} of {} with hidden tests", summary.correct, summary.correct_known);
    }
    eprintln!("seconds      median {:.2}, p90 {:.2}", summary.median_seconds, summary.p90_seconds);
    eprintln!("candidates/s median {:.0}", summary.median_candidates_per_second);
    if let Some(ratio) = summary.median_speed_up {
        eprintln!("speed-up     median {ratio:.0}× over one fresh test process per candidate");
    }
}
