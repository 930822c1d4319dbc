//! Comparing two runs test by test.

use serde::Serialize;

use crate::testbed::run::TestRun;

/// What changed between the run that failed and the run with the patch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Failed before, pass now.
    pub fail_to_pass: Vec<String>,
    /// Failed before, still fail, or did not run now.
    pub still_failing: Vec<String>,
    /// Did not fail before, fail now.
    pub newly_failing: Vec<String>,
    /// Passed before, did not run now.
    pub missing: Vec<String>,
    /// Passed before and now.
    pub pass_to_pass: usize,
}

/// Compares by test id. An error of a whole file counts as healed when its tests now run: its id (the
/// file's) is gone because the tests' own ids take its place.
pub fn compare(before: &TestRun, after: &TestRun) -> Comparison {
    let mut comparison = Comparison::default();
    for test in before.failing() {
        let now = after.tests.get(&test.id);
        let healed = match now {
            Some(now) => now.outcome == crate::testbed::run::TestOutcome::Passed,
            None => after.tests.keys().any(|id| is_part_of(id, &test.id)),
        };
        if healed { &mut comparison.fail_to_pass } else { &mut comparison.still_failing }.push(test.id.clone());
    }
    for test in before.passing() {
        match after.tests.get(&test.id) {
            Some(now) if now.outcome == crate::testbed::run::TestOutcome::Passed => comparison.pass_to_pass += 1,
            Some(now) if now.outcome.is_failing() => comparison.newly_failing.push(test.id.clone()),
            _ => comparison.missing.push(test.id.clone()),
        }
    }
    for test in after.failing() {
        let known = before.tests.get(&test.id).is_some_and(|before| before.outcome.is_failing());
        let of_broken_file = before.failing().any(|broken| is_part_of(&test.id, &broken.id));
        if of_broken_file {
            comparison.still_failing.push(test.id.clone());
        } else if !known && !comparison.newly_failing.contains(&test.id) {
            comparison.newly_failing.push(test.id.clone());
        }
    }
    comparison
}

/// Whether a test's id lies below a file's or module's (`a.py::t`, `a.test.js > t`, `tests.a.C.t`).
fn is_part_of(id: &str, of: &str) -> bool {
    id.strip_prefix(of).is_some_and(|rest| rest.starts_with("::") || rest.starts_with(" > ") || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::run::{Ending, TestOutcome, TestResult};

    fn run(tests: &[(&str, TestOutcome)]) -> TestRun {
        let result = |(id, outcome): &(&str, TestOutcome)| {
            let test: TestResult = serde_json::from_value(serde_json::json!({"id": id, "outcome": outcome})).unwrap();
            (test.id.clone(), test)
        };
        let tests = tests.iter().map(result).collect();
        TestRun { ending: Ending::Exited { code: 1 }, tests, starts: vec![], log: String::new(), elapsed_ms: 0 }
    }

    use TestOutcome::{Error, Failed, Passed};

    #[test]
    fn tests_are_told_apart_by_what_became_of_them() {
        let before = run(&[("a", Failed), ("b", Passed), ("c", Passed), ("d", Passed), ("e", Failed)]);
        let after = run(&[("a", Passed), ("b", Failed), ("c", Passed), ("e", Failed), ("f", Failed)]);
        let comparison = compare(&before, &after);
        assert_eq!(comparison.fail_to_pass, ["a"]);
        assert_eq!(comparison.still_failing, ["e"]);
        assert_eq!(comparison.newly_failing, ["b", "f"]);
        assert_eq!(comparison.missing, ["d"]);
        assert_eq!(comparison.pass_to_pass, 1);
    }

    #[test]
    fn a_file_that_could_not_be_imported_is_healed_when_its_tests_pass() {
        let before = run(&[("t/a.py", Error)]);
        assert_eq!(compare(&before, &run(&[("t/a.py::x", Passed)])).fail_to_pass, ["t/a.py"]);
        let failing = compare(&before, &run(&[("t/a.py::x", Failed)]));
        assert_eq!(failing.still_failing, ["t/a.py::x"]);
    }
}
