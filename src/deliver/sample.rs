//! A small story for the tests of this room.

use super::story::{Reproduced, RunLink, RungLine, Story, Tried};
use crate::code::Line;
use crate::diagnosis::{Class, Diagnosis, Environment, Location, Quote, Suspect};
use crate::evidence::Failure;

/// What the story borrows from.
pub(super) struct Sample {
    pub head: String,
    pub branch: String,
    pub diagnosis: Diagnosis,
    pub failed_runs: Vec<RunLink>,
    pub attempts: Vec<Tried>,
    pub reason: Option<String>,
}

impl Sample {
    /// The story with its last attempt proven.
    pub fn story(&self) -> Story<'_> {
        Story {
            repository: "octo/shop",
            web_url: "https://github.com",
            heal_id: "h-42",
            head: &self.head,
            branch: &self.branch,
            base_is_default: true,
            from_fork: false,
            pull_request: None,
            diagnosis: Some(&self.diagnosis),
            failed_runs: &self.failed_runs,
            suspect_login: Some("mona"),
            attempts: &self.attempts,
            proven: self.attempts.last(),
            test_command: Some("python -m pytest"),
            sandbox: Some("namespaces"),
            plausible: 2,
            reproduced: Reproduced::InSandbox,
            elapsed_s: 75,
            ci_minutes: 1.5,
            cost_usd: 0.0,
            tokens: 0,
            notes: &[],
            reason: self.reason.as_deref(),
        }
    }

    /// The story in which nothing was proven.
    pub fn unproven(&self) -> Story<'_> {
        Story { proven: None, plausible: 0, ..self.story() }
    }
}

/// A cart whose discount was turned around; the first attempt broke another test.
pub(super) fn sample() -> Sample {
    Sample {
        head: "1f7d1fda0001e35a945299dcdf574ccf60fcba28".to_owned(),
        branch: "main".to_owned(),
        diagnosis: diagnosis(),
        failed_runs: vec![run("CI", 7, "failure")],
        attempts: vec![fallen(), proven()],
        reason: None,
    }
}

fn run(name: &str, id: u64, conclusion: &str) -> RunLink {
    RunLink {
        name: name.to_owned(),
        url: format!("https://github.com/octo/shop/actions/runs/{id}"),
        conclusion: Some(conclusion.to_owned()),
        attempt: 1,
    }
}

fn diagnosis() -> Diagnosis {
    Diagnosis {
        class: Class::Code,
        confidence: 0.93,
        reason: "an assertion fails in a test that passed before".to_owned(),
        tool: Some("pytest".to_owned()),
        job: Some("test".to_owned()),
        step: Some("Run pytest".to_owned()),
        command: Some("python -m pytest".to_owned()),
        exit_code: Some(1),
        failures: vec![Failure {
            test: Some("tests/test_cart.py::test_total".to_owned()),
            file: Some("tests/test_cart.py".into()),
            line: Some(9),
            kind: Some("AssertionError".to_owned()),
            message: Some("assert 110 == 90".to_owned()),
            ..Failure::default()
        }],
        key_lines: Some((120, 121)),
        fingerprint: "5d1c".to_owned(),
        suspects: vec![Suspect {
            commit: "9a3c1fda0001e35a945299dcdf574ccf60fcba28".to_owned(),
            summary: "Tidy up the cart".to_owned(),
            author: "Mona Lisa".to_owned(),
            score: 0.8,
        }],
        locations: vec![Location {
            file: "shop/cart.py".into(),
            line: Line(5),
            symbol: Some("Cart.total".to_owned()),
            score: 1.0,
        }],
        environment: Environment::default(),
        evidence: Vec::new(),
        excerpt: vec![
            Quote { line: 120, text: ">       assert cart.total() == 90".to_owned() },
            Quote { line: 121, text: "E       assert 110 == 90".to_owned() },
        ],
    }
}

fn rung(number: u8, title: &str, passed: bool, evidence: &str) -> RungLine {
    RungLine { number, title: title.to_owned(), passed, evidence: evidence.to_owned() }
}

fn attempt(number: u32, operator: &str, line: &str) -> Tried {
    Tried {
        number,
        drafter: "search".to_owned(),
        operator: operator.to_owned(),
        diff: format!(
            "--- a/shop/cart.py\n+++ b/shop/cart.py\n@@ -2,5 +2,5 @@\n     name = 'cart'\n     def total(self):\n         total = sum(self.prices)\n-        return total + self.discount\n+        {line}\n     size = 3\n"
        ),
        files: vec!["shop/cart.py".into()],
        rungs: vec![
            rung(1, "the patch applies", true, "to shop/cart.py"),
            rung(2, "the result parses", true, "no new error node in the syntax tree"),
            rung(3, "the guard allows it", true, "no test, workflow or link touched"),
            rung(4, "the failing tests pass", true, "1 of 1 tests that failed now pass"),
        ],
        ..Tried::default()
    }
}

fn fallen() -> Tried {
    let mut tried = attempt(1, "constant", "return 90");
    tried.rungs.push(rung(5, "nothing else fails", false, "tests/test_cart.py::test_empty fails now"));
    tried.fell_because = Some("tests/test_cart.py::test_empty fails now".to_owned());
    tried
}

fn proven() -> Tried {
    let mut tried = attempt(2, "binary-operator", "return total - self.discount");
    tried.rungs.push(rung(5, "nothing else fails", true, "12 tests still pass, exit code 0"));
    tried.rungs.push(rung(
        6,
        "it passes again, and fails again without it",
        true,
        "2 of 2 runs pass with it, 1 of 1 fails without",
    ));
    tried.branch = Some("heal/test-total-1f7d1fd-2".to_owned());
    tried.commit = Some("77aa1fda0001e35a945299dcdf574ccf60fcba28".to_owned());
    tried.ci = vec![run("CI", 8, "success")];
    tried.ci_green = Some(true);
    tried
}
