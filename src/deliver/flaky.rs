//! A short comment when the same commit failed and then passed: it saves somebody a search.
//!
//! In: what was flaky. Out: Markdown. Where it helps is the caller's decision: on a pull request, once.

use std::fmt::Write;

use super::markdown::{code_of, first_line, list};
use super::marker::MarkerKind;
use super::pull_request::of_story;
use super::story::{RunLink, Story};

/// The comment. `green` are the runs that passed; `seen_before` counts earlier flaky failures with the same
/// fingerprint.
pub fn comment(story: &Story<'_>, green: &[RunLink], seen_before: u32) -> String {
    let marker = of_story(MarkerKind::Flaky, story);
    let mut text = format!(
        "{marker}\nThe failure on {} was not this change's: the same commit passed when it was run again.\n\n",
        story.commit_link(story.head)
    );
    let failures = story.diagnosis.iter().flat_map(|diagnosis| &diagnosis.failures);
    let failures = failures.map(|failure| {
        let name = failure.test.as_deref().or(failure.kind.as_deref()).unwrap_or("a step");
        match failure.message.as_deref().map(first_line).filter(|message| !message.is_empty()) {
            Some(message) => format!("{} failed with {}", code_of(name, 200), code_of(message, 200)),
            None => format!("{} failed", code_of(name, 200)),
        }
    });
    text.push_str(&list(failures, 5, 4000));
    text.push_str(&list(story.failed_runs.iter().map(|run| format!("red: {}", story.run_link(run))), 3, 3000));
    text.push_str(&list(green.iter().map(|run| format!("green: {}", story.run_link(run))), 3, 3000));
    match seen_before {
        0 => text.push_str("\nIt was written down; a test that does this again is worth mending.\n"),
        1 => text.push_str("\nThis happened once before: the test is worth mending.\n"),
        times => {
            let _ = writeln!(text, "\nThis happened {times} times before: the test is worth mending.");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    #[test]
    fn it_is_short() {
        let sample = sample();
        insta::assert_snapshot!(comment(&sample.story(), &sample.attempts[1].ci, 2), @"
        <!-- heal:flaky id=h-42 head=1f7d1fda0001e35a945299dcdf574ccf60fcba28 fingerprint=5d1c -->
        The failure on [` 1f7d1fd `](https://github.com/octo/shop/commit/1f7d1fda0001e35a945299dcdf574ccf60fcba28) was not this change's: the same commit passed when it was run again.

        - ` tests/test_cart.py::test_total ` failed with ` assert 110 == 90 `
        - red: [` CI `](https://github.com/octo/shop/actions/runs/7) failure
        - green: [` CI `](https://github.com/octo/shop/actions/runs/8) success

        This happened 2 times before: the test is worth mending.
        ");
    }
}
