//! The rule on test doubles in the code: a repair does not ask whether it is being tested.

use std::collections::BTreeSet;

use super::GuardError;
use super::change::{Change, words};
use crate::code::SourceFile;
use crate::code::source::preorder;
use crate::diagnosis::is_test_file;

/// Names that only a test runner sets or brings.
const NAMES: &[&str] = &[
    "PYTEST_CURRENT_TEST",
    "PYTEST_VERSION",
    "PYTEST_XDIST_WORKER",
    "JEST_WORKER_ID",
    "VITEST",
    "VITEST_WORKER_ID",
    "VITEST_POOL_ID",
    "NODE_TEST_CONTEXT",
    "HEAL_RESULTS",
    "MOCHA_COLORS",
];

/// Places to ask (with the answer that is about tests): the modules, the arguments and the mode.
const PLACES: &[(&str, &[&str])] = &[
    ("sys.modules", &["pytest", "unittest", "_pytest", "nose"]),
    ("sys.argv", &["pytest", "unittest", "test"]),
    ("process.argv", &["jest", "vitest", "mocha", "test"]),
    ("execArgv", &["test"]),
    ("NODE_ENV", &["test"]),
    ("RAILS_ENV", &["test"]),
    ("APP_ENV", &["test"]),
    ("inspect.stack", &["test"]),
    ("_getframe", &["test"]),
    (".stack", &["test", "jest", "mocha"]),
];

/// Refuses code that newly looks for a test runner.
pub(super) fn check(change: &Change<'_>) -> Result<(), GuardError> {
    // What no new line holds even in a comment is not new.
    if is_test_file(change.file) || change.added.lines().all(|line| looks_at(line).is_empty()) {
        return Ok(());
    }
    let (before, after) = match change.trees() {
        Some((before, after)) => (code_without_comments(before), code_without_comments(after)),
        None => (change.text.before.clone(), change.text.after.clone()),
    };
    let (known, new) = (looks_at(&before), looks_at(&after));
    match new.difference(&known).next() {
        Some(what) => Err(GuardError::UnderTest { file: change.file.to_owned(), what: what.clone() }),
        None => Ok(()),
    }
}

fn code_without_comments(source: &SourceFile) -> String {
    let mut code = source.text.clone().into_bytes();
    for node in preorder(source.root()).filter(|node| node.kind() == "comment") {
        code[node.byte_range()].fill(b' ');
    }
    String::from_utf8_lossy(&code).into_owned()
}

fn looks_at(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in code.lines() {
        found.extend(words(line).filter(|word| NAMES.contains(word)).map(str::to_owned));
        for (place, answers) in PLACES.iter().filter(|(place, _)| line.contains(place)) {
            let answer = answers
                .iter()
                .find(|answer| ['"', '\'', '`'].iter().any(|quote| line.contains(&format!("{quote}{answer}"))));
            if let Some(answer) = answer {
                found.insert(format!("{place} for {answer}"));
            }
        }
    }
    found
}
