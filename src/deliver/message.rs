//! Commit messages of healed branches.

use super::markdown::inert;
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

/// The same for a forge: nothing of it can call somebody or refer to something, and a trailer names the heal.
pub fn commit_message_of_heal(diagnosis: &Diagnosis, diff: &str, heal_id: &str) -> String {
    let message: Vec<String> = commit_message(diagnosis, diff).lines().map(|line| inert(line, 200)).collect();
    let (subject, body) = message.split_first().map_or(("", &[][..]), |(subject, body)| (subject.as_str(), body));
    let subject: String = subject.chars().take(72).collect();
    // The id is read back by machines, so nothing may be put between its characters.
    let id: String = heal_id.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.:".contains(*c)).take(80).collect();
    format!("{subject}\n{}\n\nHeal-Id: {id}\n", body.join("\n").trim_end())
}

/// The last part of a test's name: what people call it.
pub(super) fn last_part(test: &str) -> &str {
    let test = test.rsplit("::").next().unwrap_or(test);
    let test = test.rsplit(" > ").next().unwrap_or(test);
    if test.contains(' ') { test } else { test.rsplit('.').next().unwrap_or(test) }
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    #[test]
    fn a_heal_s_commit_carries_its_id() {
        let mut sample = sample();
        sample.diagnosis.suspects[0].summary = "Close #12 as @octocat asked".to_owned();
        let message = commit_message_of_heal(&sample.diagnosis, &sample.attempts[1].diff, "h-42");
        insta::assert_snapshot!(message.replace('\u{2060}', "~"), @"
        Fix shop/cart.py: test_total fails

        Failing before, passing now: tests/test_cart.py::test_total

        Suspect commit: 9a3c1fda0001 Close #~12 as @~octocat asked

        Heal-Id: h-42
        ");
    }
}
