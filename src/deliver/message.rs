//! Commit messages of healed branches.

use crate::diagnosis::Diagnosis;

/// A subject of at most 72 characters and a body that says what failed and where.
pub fn commit_message(diagnosis: &Diagnosis, diff: &str) -> String {
    let file = diff.lines().find_map(|line| line.strip_prefix("+++ b/")).unwrap_or("the code");
    let failing: Vec<&str> = diagnosis.failures.iter().filter_map(|failure| failure.test.as_deref()).collect();
    let subject = match failing.as_slice() {
        [] => format!("Fix {file}"),
        [test] => format!("Fix {file}: {} fails", last_part(test)),
        tests => format!("Fix {file}: {} tests fail", tests.len()),
    };
    let mut message: String = subject.chars().take(72).collect();
    message.push_str("\n\n");
    for test in failing.iter().take(10) {
        message.push_str(&format!("Failing before, passing now: {test}\n"));
    }
    if let Some(suspect) = diagnosis.suspects.first() {
        message.push_str(&format!(
            "\nSuspect commit: {} {}\n",
            &suspect.commit[..12.min(suspect.commit.len())],
            suspect.summary
        ));
    }
    message
}

fn last_part(test: &str) -> &str {
    let test = test.rsplit("::").next().unwrap_or(test);
    let test = test.rsplit(" > ").next().unwrap_or(test);
    if test.contains(' ') { test } else { test.rsplit('.').next().unwrap_or(test) }
}
