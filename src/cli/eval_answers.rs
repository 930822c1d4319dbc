//! `heal eval` over answers of models: how many sloppy edits come out exactly as they were meant, and how many patches
//! that don't parse the checks of syntax keep from verification.
//!
//! In: cases (`answer_case`), each played twice with the same answers, once with the checks and once without
//! (`answer_run`). Out: a table or one document; the command fails when an edit was applied otherwise than it was
//! meant.

use std::path::Path;

use serde::Serialize;

use super::answer_case::{AnswerCase, Expect, Subject};
use super::answer_run::{Played, is_invalid, play, texts_after};
use super::args::RunArguments;
use super::exit::ExitCode;
use super::json;
use crate::testbed::Testbed;

/// What became of a case's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// Every byte of every file is as it was meant.
    AsIntended,
    /// Nothing was changed.
    Refused,
    /// Something else was changed.
    Wrong,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct CaseResult {
    name: String,
    about: String,
    measures: Subject,
    expect: Expect,
    known_defect: Option<String>,
    outcome: Outcome,
    /// The same without the checks of syntax.
    outcome_without_checks: Outcome,
    /// Patches going on to verification that the language's own parser refuses.
    invalid_with_checks: usize,
    invalid_without_checks: usize,
    mended: u32,
    sent_back: u32,
    /// Why there was no draft.
    ended: Option<String>,
    /// What came out, where that is wrong.
    diff: Option<String>,
}

/// The same with the checks of syntax and without them.
#[derive(Debug, Default, Serialize)]
struct Both {
    with_checks: usize,
    without_checks: usize,
}

/// Patches that don't parse.
#[derive(Debug, Default, Serialize)]
struct Invalid {
    with_checks: usize,
    without_checks: usize,
    /// The share of those without checks that the checks keep back, 0 to 1.
    fewer: f64,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    /// All that count: those without a known defect.
    cases: usize,
    /// Of which it is plain what is meant.
    unambiguous: usize,
    applied_as_intended: usize,
    /// Plain ones of which nothing came.
    refused: usize,
    /// Changed otherwise than it was meant.
    wrong: usize,
    /// Of which more than one place fits, or none without a guess.
    ambiguous: usize,
    ambiguous_refused: usize,
    /// Of which no answer parses.
    never_parsing: usize,
    never_parsing_refused: usize,
    /// Applied as intended, of the unambiguous ones, 0 to 1.
    rate: f64,
    /// Those about what parses and what does not.
    about_syntax: usize,
    reaching_verification: Both,
    reaching_verification_as_intended: Both,
    invalid_reaching_verification: Invalid,
    mended: u32,
    sent_back: u32,
    known_defects: usize,
    /// Known defects that show no more.
    known_defects_gone: Vec<String>,
}

/// Plays all cases.
pub(super) async fn eval(cases: &[AnswerCase], run: &RunArguments, as_json: bool) -> anyhow::Result<ExitCode> {
    eprintln!("{:<44} {:<12} {:<12} {:>6} {:>9}  ended", "case", "with checks", "without", "mended", "sent back");
    let temporary = tempfile::Builder::new().prefix("heal-eval-").tempdir()?;
    let directory = temporary.path().join("repository");
    std::fs::create_dir(&directory)?;
    let testbed = super::eval::testbed(&directory, run).await?;
    let mut results = Vec::new();
    for case in cases {
        let result = evaluate(case, &directory, &testbed).await.map_err(|error| error.context(case.name.clone()))?;
        print_line(&result);
        results.push(result);
    }
    let summary = summarise(&results);
    if as_json {
        let mut document = serde_json::json!({"schema": json::SCHEMA, "kind": "answers", "results": results});
        if let (Some(document), serde_json::Value::Object(sums)) =
            (document.as_object_mut(), serde_json::to_value(&summary)?)
        {
            document.extend(sums);
        }
        json::print(&document)?;
    } else {
        print(&summary);
    }
    Ok(if summary.wrong > 0 { ExitCode::NotHealed } else { ExitCode::Healed })
}

/// Plays a case in a directory that the last one leaves its files in.
async fn evaluate(case: &AnswerCase, directory: &Path, testbed: &Testbed) -> anyhow::Result<CaseResult> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
    }
    super::eval_case::copy(&case.before, directory)?;
    let with = play(case, testbed, true).await?;
    let without = play(case, testbed, false).await?;
    let invalid_with_checks = count_invalid(&with, testbed).await?;
    let invalid_without_checks =
        if with.patches == without.patches { invalid_with_checks } else { count_invalid(&without, testbed).await? };
    let outcome = outcome(case, &with);
    let diff = (outcome == Outcome::Wrong).then(|| with.patches.iter().map(crate::patch::Patch::diff).collect());
    Ok(CaseResult {
        name: case.name.clone(),
        about: case.about.clone(),
        measures: case.subject,
        expect: case.expect,
        known_defect: case.known_defect.clone(),
        outcome,
        outcome_without_checks: self::outcome(case, &without),
        invalid_with_checks,
        invalid_without_checks,
        mended: with.stats.mended,
        sent_back: with.stats.corrections,
        ended: with.ended,
        diff,
    })
}

async fn count_invalid(played: &Played, testbed: &Testbed) -> anyhow::Result<usize> {
    let mut count = 0;
    for patch in &played.patches {
        count += usize::from(is_invalid(patch, testbed).await?);
    }
    Ok(count)
}

fn outcome(case: &AnswerCase, played: &Played) -> Outcome {
    if played.patches.is_empty() {
        Outcome::Refused
    } else if played.patches.iter().all(|patch| texts_after(case, patch) == case.intended) {
        Outcome::AsIntended
    } else {
        Outcome::Wrong
    }
}

impl CaseResult {
    /// Whether it came out as it should.
    fn is_right(&self) -> bool {
        match self.expect {
            Expect::Applied => self.outcome == Outcome::AsIntended,
            Expect::Refused => self.outcome == Outcome::Refused,
        }
    }
}

fn summarise(results: &[CaseResult]) -> Summary {
    let (known, counted): (Vec<&CaseResult>, Vec<&CaseResult>) =
        results.iter().partition(|result| result.known_defect.is_some());
    let count = |keep: &dyn Fn(&CaseResult) -> bool| counted.iter().filter(|result| keep(result)).count();
    let is_plain = |result: &CaseResult| result.expect == Expect::Applied;
    let is_refused = |result: &CaseResult| result.outcome == Outcome::Refused;
    let is_ambiguous = |result: &CaseResult| !is_plain(result) && result.measures == Subject::Place;
    let never_parses = |result: &CaseResult| !is_plain(result) && result.measures == Subject::Syntax;
    let unambiguous = count(&is_plain);
    let applied_as_intended = count(&|result| is_plain(result) && result.outcome == Outcome::AsIntended);
    let with_checks = counted.iter().map(|result| result.invalid_with_checks).sum();
    let without_checks: usize = counted.iter().map(|result| result.invalid_without_checks).sum();
    let share = |part: usize, all: usize| if all == 0 { 0.0 } else { part as f64 / all as f64 };
    Summary {
        cases: counted.len(),
        unambiguous,
        applied_as_intended,
        refused: count(&|result| is_plain(result) && is_refused(result)),
        wrong: count(&|result| result.outcome == Outcome::Wrong),
        ambiguous: count(&is_ambiguous),
        ambiguous_refused: count(&|result| is_ambiguous(result) && is_refused(result)),
        never_parsing: count(&never_parses),
        never_parsing_refused: count(&|result| never_parses(result) && is_refused(result)),
        rate: share(applied_as_intended, unambiguous),
        about_syntax: count(&|result| result.measures == Subject::Syntax),
        reaching_verification: Both {
            with_checks: count(&|result| result.outcome != Outcome::Refused),
            without_checks: count(&|result| result.outcome_without_checks != Outcome::Refused),
        },
        reaching_verification_as_intended: Both {
            with_checks: count(&|result| result.outcome == Outcome::AsIntended),
            without_checks: count(&|result| result.outcome_without_checks == Outcome::AsIntended),
        },
        invalid_reaching_verification: Invalid {
            with_checks,
            without_checks,
            fewer: share(without_checks.saturating_sub(with_checks), without_checks),
        },
        mended: counted.iter().map(|result| result.mended).sum(),
        sent_back: counted.iter().map(|result| result.sent_back).sum(),
        known_defects: known.len(),
        known_defects_gone: known.iter().filter(|one| one.is_right()).map(|one| one.name.clone()).collect(),
    }
}

fn print_line(result: &CaseResult) {
    let verdict = |outcome, invalid| match outcome {
        _ if invalid > 0 => "does not parse",
        Outcome::AsIntended => "as intended",
        Outcome::Refused => "refused",
        Outcome::Wrong => "WRONG",
    };
    eprintln!(
        "{:<44} {:<12} {:<12} {:>6} {:>9}  {}",
        result.name,
        verdict(result.outcome, result.invalid_with_checks),
        verdict(result.outcome_without_checks, result.invalid_without_checks),
        result.mended,
        result.sent_back,
        result.ended.as_deref().unwrap_or("")
    );
    if let Some(defect) = &result.known_defect {
        let state = if result.is_right() { "shows no more" } else { "still there" };
        eprintln!("  known defect, {state}: {defect}");
    } else if let Some(diff) = &result.diff {
        eprintln!("{diff}");
    }
}

fn print(summary: &Summary) {
    let invalid = &summary.invalid_reaching_verification;
    let (all, right) = (&summary.reaching_verification, &summary.reaching_verification_as_intended);
    println!("cases                            {}", summary.cases);
    println!(
        "applied exactly as intended      {:.1} %  ({} of {} unambiguous ones)",
        100.0 * summary.rate,
        summary.applied_as_intended,
        summary.unambiguous
    );
    println!("refused although unambiguous     {}", summary.refused);
    println!("applied wrongly                  {}", summary.wrong);
    println!("ambiguous or unclear, refused    {} of {}", summary.ambiguous_refused, summary.ambiguous);
    println!("never parsing, and refused       {} of {}", summary.never_parsing_refused, summary.never_parsing);
    println!("mended without asking            {}", summary.mended);
    println!("sent back                        {}", summary.sent_back);
    println!("\nreaching verification            with checks   without");
    println!("  patches                        {:>11} {:>9}", all.with_checks, all.without_checks);
    println!("  patches that don't parse       {:>11} {:>9}", invalid.with_checks, invalid.without_checks);
    println!("  patches as intended            {:>11} {:>9}", right.with_checks, right.without_checks);
    println!("fewer patches that don't parse   {:.0} %", 100.0 * invalid.fewer);
    if summary.known_defects > 0 {
        println!(
            "\nknown defects, not counted       {} (show no more: {})",
            summary.known_defects,
            if summary.known_defects_gone.is_empty() {
                "none".to_owned()
            } else {
                summary.known_defects_gone.join(", ")
            }
        );
    }
}
