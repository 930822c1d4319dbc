//! Climbing: each rung's run or check, its evidence, and the fall at the first failure.

use serde::Serialize;

use super::compare::{Comparison, compare};
use super::said;
use crate::patch::{Guard, Patch};
use crate::testbed::command::TestCommand;
use crate::testbed::run::TestRun;
use crate::testbed::sandbox::Level;
use crate::testbed::{Patched, Testbed, TestbedError};

/// The rungs that one machine can climb; the project's own CI is a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// 1: the edits apply.
    Applies,
    /// 2: the result parses.
    Parses,
    /// 3: the guard lets it pass.
    Allowed,
    /// 4: the failing tests pass.
    FailToPass,
    /// 5: nothing else fails.
    NoNewFailure,
    /// 6: it passes again, and undoing it fails again.
    Reproducible,
}

impl Rung {
    /// The rung's number on the ladder, from 1.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// What the rung shows, as a clause.
    pub fn title(self) -> &'static str {
        match self {
            Rung::Applies => "the patch applies",
            Rung::Parses => "the result parses",
            Rung::Allowed => "the guard allows it",
            Rung::FailToPass => "the failing tests pass",
            Rung::NoNewFailure => "nothing else fails",
            Rung::Reproducible => "it passes again, and fails again without it",
        }
    }
}

/// One rung's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RungResult {
    /// Its number, from 1.
    pub number: u8,
    /// The rung.
    pub rung: Rung,
    /// Whether the patch holds on it.
    pub passed: bool,
    /// What was seen.
    pub evidence: String,
}

/// How far a patch climbed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether it reached the top.
    pub passed: bool,
    /// The rungs climbed, the last one failed unless `passed`.
    pub rungs: Vec<RungResult>,
    /// What changed test by test.
    pub tests: Comparison,
    /// The isolation under which the runs happened.
    pub sandbox: Level,
    /// What the tests said where the patch fell in a run of them; bounded.
    #[serde(skip)]
    pub said: String,
}

impl Verdict {
    fn new(sandbox: Level) -> Self {
        Verdict { passed: true, rungs: Vec::new(), tests: Comparison::default(), sandbox, said: String::new() }
    }

    /// Records a rung; returns whether the climb goes on.
    fn step(&mut self, rung: Rung, passed: bool, evidence: impl Into<String>) -> bool {
        self.rungs.push(RungResult { number: rung.number(), rung, passed, evidence: evidence.into() });
        self.passed &= passed;
        passed
    }

    /// The rung on which the patch fell.
    pub fn fell_on(&self) -> Option<&RungResult> {
        self.rungs.iter().find(|rung| !rung.passed)
    }
}

/// What a patch is proven against.
pub struct Proof<'a> {
    /// Where it runs.
    pub testbed: &'a Testbed,
    /// The real command.
    pub command: &'a TestCommand,
    /// The run that failed.
    pub before: &'a TestRun,
    /// What may be touched.
    pub guard: Guard<'a>,
    /// The time limit of one run, in milliseconds.
    pub time_ms: u64,
}

/// A verdict for edits that made no patch.
pub fn refused(error: &crate::patch::PatchError, sandbox: Level) -> Verdict {
    let mut verdict = Verdict::new(sandbox);
    let rung = match error {
        crate::patch::PatchError::DoesNotParse { .. } | crate::patch::PatchError::Parse(_) => Rung::Parses,
        _ => Rung::Applies,
    };
    verdict.step(rung, false, error.to_string());
    verdict
}

/// Climbs the rungs that need no run of the tests, 1 to 3, with an applied patch.
pub async fn check(proof: &Proof<'_>, patch: &Patch) -> Result<Verdict, TestbedError> {
    let mut verdict = read(proof, patch);
    if verdict.passed {
        language_accepts(&mut verdict, proof, patch).await?;
    }
    Ok(verdict)
}

/// The rungs that need nothing but reading.
fn read(proof: &Proof<'_>, patch: &Patch) -> Verdict {
    let mut verdict = Verdict::new(proof.testbed.level());
    let files: Vec<String> = patch.files.keys().map(|file| file.display().to_string()).collect();
    verdict.step(Rung::Applies, true, format!("to {}", files.join(", ")));
    let parses = patch.check_early_errors();
    let evidence = parses.as_ref().map_or_else(ToString::to_string, |()| "no new error in the syntax tree".to_owned());
    if !verdict.step(Rung::Parses, parses.is_ok(), evidence) {
        return verdict;
    }
    let allowed = proof.guard.check(proof.testbed.root(), patch);
    let evidence = allowed.as_ref().map_or_else(ToString::to_string, |()| proof.guard.looked_at().to_owned());
    verdict.step(Rung::Allowed, allowed.is_ok(), evidence);
    verdict
}

/// Climbs rungs 1 to 6 with an applied patch.
pub async fn climb(proof: &Proof<'_>, patch: &Patch) -> Result<Verdict, TestbedError> {
    let mut verdict = check(proof, patch).await?;
    if !verdict.passed {
        return Ok(verdict);
    }
    let after = run(proof, &patch.after()).await?;
    verdict.tests = compare(proof.before, &after);
    if fail_to_pass(&mut verdict, proof.before, &after) && no_new_failure(&mut verdict, &after) {
        reproducible(&mut verdict, proof, patch).await?;
    }
    if !verdict.passed {
        verdict.said = said::of_run(&after);
    }
    Ok(verdict)
}

/// Rung 2 once more, by the language's own checker where one is at hand.
async fn language_accepts(verdict: &mut Verdict, proof: &Proof<'_>, patch: &Patch) -> Result<bool, TestbedError> {
    let checked = proof.testbed.check_syntax(&patch.after()).await?;
    let fault = checked.faults.first();
    if let Some(parses) = verdict.rungs.iter_mut().find(|rung| rung.rung == Rung::Parses) {
        match fault {
            Some(fault) => {
                parses.passed = false;
                parses.evidence = fault.to_string();
            }
            None => {
                checked.said.iter().for_each(|said| parses.evidence.push_str(&format!("; {said}")));
                let unanswered = checked.unanswered.iter();
                unanswered.for_each(|said| parses.evidence.push_str(&format!("; not checked: {said}")));
            }
        }
    }
    if fault.is_some() {
        // The patch fell on this rung; those above it were not reached.
        verdict.rungs.retain(|rung| rung.rung <= Rung::Parses);
        verdict.passed = false;
    }
    Ok(fault.is_none())
}

async fn run(proof: &Proof<'_>, patched: &Patched) -> Result<TestRun, TestbedError> {
    proof.testbed.run(proof.command, patched, proof.time_ms).await
}

fn fail_to_pass(verdict: &mut Verdict, before: &TestRun, after: &TestRun) -> bool {
    let healed = verdict.tests.fail_to_pass.len();
    let seen = before.failing().next().is_some();
    if !seen {
        return verdict.step(
            Rung::FailToPass,
            after.ending.is_success(),
            format!("the command ended with {}", after.ending),
        );
    }
    let evidence = match verdict.tests.still_failing.first() {
        Some(test) => format!("{test} still fails"),
        None => format!("{healed} of {healed} tests that failed now pass"),
    };
    verdict.step(Rung::FailToPass, verdict.tests.still_failing.is_empty(), evidence)
}

fn no_new_failure(verdict: &mut Verdict, after: &TestRun) -> bool {
    let tests = &verdict.tests;
    let (passed, evidence) = match (tests.newly_failing.first(), tests.missing.first()) {
        (Some(test), _) => (false, format!("{test} fails now")),
        (None, Some(test)) => (false, format!("{test} did not run")),
        (None, None) if !after.ending.is_success() => (false, format!("the command ended with {}", after.ending)),
        (None, None) => (true, format!("{} tests still pass, exit code 0", tests.pass_to_pass)),
    };
    verdict.step(Rung::NoNewFailure, passed, evidence)
}

async fn reproducible(verdict: &mut Verdict, proof: &Proof<'_>, patch: &Patch) -> Result<(), TestbedError> {
    for _ in 0..proof.guard.policy.reruns {
        let again = run(proof, &patch.after()).await?;
        if !again.is_green() {
            verdict.step(Rung::Reproducible, false, format!("the second run ended with {}", again.ending));
            return Ok(());
        }
    }
    let undone = run(proof, &Patched::new()).await?;
    let reruns = proof.guard.policy.reruns + 1;
    if undone.is_green() {
        verdict.step(Rung::Reproducible, false, "the tests also pass without the patch: they are flaky");
    } else {
        verdict.step(Rung::Reproducible, true, format!("{reruns} of {reruns} runs pass with it, 1 of 1 fails without"));
    }
    Ok(())
}
