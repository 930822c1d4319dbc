//! Which kind of failure: code, or something that no patch should touch.
//!
//! In: one run, and a second run of the same tree. Out: a class, how sure, and why.

use std::sync::LazyLock;

use regex::Regex;

use super::Class;
use crate::evidence::signs::{self, Says};
use crate::testbed::run::{Ending, TestRun};

/// A class with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Triage {
    /// The class.
    pub class: Class,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// A sentence.
    pub reason: String,
}

impl Triage {
    pub(super) fn new(class: Class, confidence: f64, reason: impl Into<String>) -> Self {
        Triage { class, confidence, reason: reason.into() }
    }
}

/// The test tool itself is missing.
static MISSING_TOOL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^\S*(?:python[\d.]*: (?:No module named|can't open file)\b.*|sh: (?:line )?\d+: .*: (?:command )?not found|sh: \d+: .*: not found)$")
        .expect("the pattern is constant and tested")
});

/// The triage of a run; `second` is another run of the same tree.
pub(super) fn of_runs(run: &TestRun, second: Option<&TestRun>) -> Triage {
    if let Some(second) = second {
        if second.is_green() {
            return Triage::new(Class::Flaky, 0.95, "the same tree failed once and passed once");
        }
        let recovered: Vec<&str> = run
            .failing()
            .filter(|test| second.tests.get(&test.id).is_some_and(|again| !again.outcome.is_failing()))
            .map(|test| test.id.as_str())
            .collect();
        let steady = run.failing().count() - recovered.len();
        if let (Some(first), 0) = (recovered.first(), steady) {
            return Triage::new(Class::Flaky, 0.9, format!("{first} failed once and passed once on the same tree"));
        }
    }
    if run.ending == Ending::TimedOut && run.failing().next().is_none() {
        return Triage::new(Class::Timeout, 0.8, "the test command did not end in time");
    }
    of_log(run).unwrap_or_else(|| of_tests(run))
}

/// What the log of a run without a single observed test says.
fn of_log(run: &TestRun) -> Option<Triage> {
    if run.tests.is_empty()
        && let Some(found) = MISSING_TOOL.find(&run.log)
    {
        return Some(Triage::new(
            Class::Configuration,
            0.95,
            format!("the test command can't run: {}", found.as_str()),
        ));
    }
    of_text(&failing_text(run))
}

/// The class that a text's words alone give away: its heaviest sign that no patch of the code answers.
fn of_text(text: &str) -> Option<Triage> {
    let signs = text.lines().filter_map(|line| Some((signs::of_text(line)?, line)));
    let decisive = signs.filter(|((says, weight), _)| *weight >= 2 && is_outside_the_code(*says));
    let ((says, _), line) = decisive.min_by_key(|((_, weight), _)| std::cmp::Reverse(*weight))?;
    let class = if says == Says::Dependency { Class::Dependency } else { Class::Infrastructure };
    Some(Triage::new(class, 0.85, format!("the log says: {}", line.trim())))
}

fn is_outside_the_code(says: Says) -> bool {
    matches!(says, Says::Infrastructure | Says::Dependency)
}

/// The words that belong to the failure: the failing tests' messages, or the log where no test is known.
fn failing_text(run: &TestRun) -> String {
    if run.tests.is_empty() {
        return run.log.clone();
    }
    // All failing tests must say so: one network test among broken ones is not the cause.
    let messages: Vec<&str> = run.failing().map(|test| test.message.as_deref().unwrap_or("")).collect();
    let all = !messages.is_empty() && messages.iter().all(|message| of_text(message).is_some());
    if all { messages.join("\n") } else { String::new() }
}

fn of_tests(run: &TestRun) -> Triage {
    let failing = run.failing().count();
    let passing = run.passing().count();
    match (failing, passing) {
        (0, _) => Triage::new(Class::Code, 0.5, format!("the test command ended with {}", run.ending)),
        (1, _) => Triage::new(Class::Code, 0.85, format!("1 test fails every time, {passing} pass")),
        (failing, _) => Triage::new(Class::Code, 0.85, format!("{failing} tests fail every time, {passing} pass")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str, class: Option<Class>) {
        assert_eq!(of_text(text).map(|triage| triage.class), class, "{text}");
    }

    #[test]
    fn words_that_give_a_class_away() {
        check_text("OSError: [Errno 101] Network is unreachable", Some(Class::Infrastructure));
        check_text("Error: getaddrinfo ENOTFOUND api.example", Some(Class::Infrastructure));
        check_text("ERROR: No matching distribution found for x==9", Some(Class::Dependency));
        check_text("AssertionError: 1 != 2", None);
    }

    #[test]
    fn a_missing_tool_is_recognised() {
        for log in ["sh: 1: pytset: not found\n", "/usr/bin/python3: No module named pytest\n"] {
            assert!(MISSING_TOOL.is_match(log), "{log}");
        }
    }
}
