//! The alert: what heal found and tried when it could not, or may not, repair by itself.
//!
//! In: the story of a heal without a pull request: nothing was proven, the policy or the risk forbids one,
//! or the commit lies in a fork, to which heal never pushes. Out: the text of one comment or one issue, and
//! the patch as suggestions on the lines of the failing commit.

use std::fmt::Write;

use super::LineComment;
use super::hunks::{self, Change};
use super::markdown::{code, code_of, inert, list, shown, verbatim};
use super::marker::MarkerKind;
use super::message::last_part;
use super::pull_request::of_story;
use super::sections::{self, since, since_plain, subject, with_evidence};
use super::story::{Story, Tried};
use crate::diagnosis::Class;

/// The longest title, in characters.
const TITLE: usize = 100;

/// The hidden first line.
pub fn marker(story: &Story<'_>) -> String {
    of_story(MarkerKind::Alert, story).to_string()
}

/// The title of an issue: `heal: test_total fails on main since 9a3c1fd`.
pub fn title(story: &Story<'_>) -> String {
    let what = story.failing_test().map_or("the build", last_part);
    let branch = inert(story.branch, 30);
    let where_since = match since_plain(story) {
        since if since.starts_with("since") => format!("fails on {branch} {since}"),
        _ => format!("fails on {branch} at {}", super::links::short(story.head)),
    };
    let mut what = inert(what, 40);
    while what.chars().count() + where_since.chars().count() + 7 > TITLE && what.pop().is_some() {}
    format!("heal: {what} {where_since}")
}

/// The body, at most 60,000 bytes.
pub fn body(story: &Story<'_>) -> String {
    let (subject, several) = subject(story);
    let verb = if several { "fail" } else { "fails" };
    let mut text = format!("{}\n**{subject} {verb} {}. {}**\n\n", marker(story), since(story), outcome(story));
    if let Some(reason) = story.reason {
        let _ = writeln!(text, "Why there is no pull request: {}\n", code(reason));
    }
    if story.from_fork {
        text.push_str(
            "This commit lies in a fork: heal never pushes to a fork, and ran its code only in a sandbox.\n\n",
        );
    }
    let reviewed = story.proven.map(sections::review).unwrap_or_default();
    let parts = [
        sections::what_failed(story),
        sections::why(story),
        tried(story),
        patch(story),
        reviewed,
        sections::notes(story),
        next(story),
    ];
    text.push_str(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"));
    let _ = write!(
        text,
        "\n---\n{}. This text is edited when there is news. The label `heal:off`, or `enabled = false` in \
         `.github/heal.toml` on the default branch, stops heal.\n",
        capital(&sections::cost(story))
    );
    with_evidence(text, story)
}

fn outcome(story: &Story<'_>) -> String {
    match (story.proven, story.attempts.len()) {
        (Some(_), _) => "heal has a patch that passes the tests; it needs a person.".to_owned(),
        (None, 0) => "heal has no patch for it; it needs a person.".to_owned(),
        (None, 1) => "heal could not repair it in one attempt; it needs a person.".to_owned(),
        (None, count) => format!("heal could not repair it in {count} attempts; it needs a person."),
    }
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

fn tried(story: &Story<'_>) -> String {
    let items = list(story.attempts.iter().map(|tried| sections::attempt(story, tried)), 10, 9000);
    match items.as_str() {
        "" => "### What was tried\nNothing was put to the test.\n".to_owned(),
        items => format!("### What was tried\n{items}"),
    }
}

/// The patch that is suggested: the proven one, or the one that came closest.
fn suggested<'a>(story: &Story<'a>) -> Option<&'a Tried> {
    story.proven.filter(|tried| !tried.diff.is_empty()).or_else(|| story.closest())
}

fn patch(story: &Story<'_>) -> String {
    let Some(tried) = suggested(story) else { return String::new() };
    let said = match story.proven {
        Some(_) => "### A patch that passes\n".to_owned(),
        None => format!(
            "### The patch that came closest\nA hint, not a fix: it is the patch of attempt {}, and it did not pass.\n",
            tried.number
        ),
    };
    format!(
        "{said}\n{}\nTo take it: save it as `heal.patch`, then `git apply heal.patch`.\n",
        sections::diff(&tried.diff)
    )
}

fn next(story: &Story<'_>) -> String {
    let mut items: Vec<String> = Vec::new();
    if let Some(suspect) = story.diagnosis.and_then(|diagnosis| diagnosis.suspects.first()) {
        items.push(format!("Look at {} first, or revert it", story.commit_link(&suspect.commit)));
    }
    items.extend(story.diagnosis.map(|diagnosis| advice(diagnosis.class).to_owned()));
    if let Some(command) = story.test_command {
        items.push(format!("See it fail on your machine: {}", code_of(command, 200)));
    }
    items.push("Push a commit: heal looks at a new head afresh".to_owned());
    format!("### What to do next\n{}", list(items, 6, 3000))
}

/// What a person does about a class of failure.
pub(super) fn advice(class: Class) -> &'static str {
    match class {
        Class::Code => "Read the suspicious lines with the failing values above in hand",
        Class::Test => "Decide whether the test or the code says what is meant; heal does not change tests",
        Class::Flaky => "Mend the test that is not steady: it fails and passes on the same commit",
        Class::Infrastructure => "Run the failed jobs again; when it stays, look at the runner and the network",
        Class::Dependency => "Install or pin the package that is missing or does not fit",
        Class::Configuration => "Mend the workflow, the variable or the file that is named above",
        Class::Lint => "Run the linter with its own fixes",
        Class::Format => "Run the formatter",
        Class::Type => "Mend the types that the checker names",
        Class::Timeout => "Find what waits for ever, or allow it more time",
        Class::Unknown => "Read the log from the first error on",
    }
}

/// How many suggestions there are at most.
const SUGGESTIONS: usize = 10;

/// The suggested patch as suggestions on the lines of the failing commit, for a review of a pull request.
///
/// A change that can't be expressed so is left out: text at the head of a file, lines with secrets or
/// invisible characters. A forge takes only those on lines that the pull request itself shows.
pub fn suggestions(story: &Story<'_>) -> Vec<LineComment> {
    let Some(tried) = suggested(story) else { return Vec::new() };
    let said = match story.proven {
        Some(_) => "This passes the tests:",
        None => "A hint; with this, it came closest to passing:",
    };
    hunks::changes(&tried.diff).iter().filter_map(|change| suggestion(change, said)).take(SUGGESTIONS).collect()
}

fn suggestion(change: &Change, said: &str) -> Option<LineComment> {
    let removed = u32::try_from(change.removed.len()).ok()?;
    // What is only added replaces the line before by itself and the new ones.
    let (first, last, kept) = match removed {
        0 => (change.old_line.checked_sub(1)?, change.old_line.checked_sub(1)?, Some(change.before.as_ref()?)),
        removed => (change.old_line, change.old_line + removed - 1, None),
    };
    let lines: Vec<&str> = kept.into_iter().chain(&change.added).map(String::as_str).collect();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let is_exact = text.len() < 5000 && shown(&text) == text && !text.contains('\r');
    (is_exact && first > 0).then(|| LineComment {
        path: change.path.clone(),
        start_line: (first < last).then_some(first),
        line: last,
        body: format!("{said}\n\n{}", verbatim("suggestion", &text)),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::sample::sample;
    use super::*;
    use crate::patch::unified_diff;

    #[test]
    fn an_alert_tells_what_was_tried() {
        let mut sample = sample();
        sample.attempts.pop();
        sample.reason = Some("three attempts failed".to_owned());
        let story = sample.unproven();
        assert_eq!(title(&story), "heal: test_total fails on main since 9a3c1fd");
        let text = body(&story);
        insta::assert_snapshot!(text.split_once("<details>").unwrap().0, @"
        <!-- heal:alert id=h-42 head=1f7d1fda0001e35a945299dcdf574ccf60fcba28 fingerprint=5d1c -->
        **` tests/test_cart.py::test_total ` fails since [` 9a3c1fd `](https://github.com/octo/shop/commit/9a3c1fda0001e35a945299dcdf574ccf60fcba28). heal could not repair it in one attempt; it needs a person.**

        Why there is no pull request: ` three attempts failed `

        ### What failed
        - ` tests/test_cart.py::test_total ` at [` tests/test_cart.py:9 `](https://github.com/octo/shop/blob/1f7d1fda0001e35a945299dcdf574ccf60fcba28/tests/test_cart.py#L9): ` assert 110 == 90 `

        ```text
           120  >       assert cart.total() == 90
           121  E       assert 110 == 90
        ```

        Step: ` test ` › ` Run pytest `

        Red on [` 1f7d1fd `](https://github.com/octo/shop/commit/1f7d1fda0001e35a945299dcdf574ccf60fcba28):

        - [` CI `](https://github.com/octo/shop/actions/runs/7) failure

        ### Why
        - A fault of the code (93 % sure): ` an assertion fails in a test that passed before `
        - Suspect commit: [` 9a3c1fd `](https://github.com/octo/shop/commit/9a3c1fda0001e35a945299dcdf574ccf60fcba28) ` Tidy up the cart ` by @mona (80 % sure)
        - Suspicious lines: [` shop/cart.py:5 `](https://github.com/octo/shop/blob/1f7d1fda0001e35a945299dcdf574ccf60fcba28/shop/cart.py#L5) in ` Cart.total `

        ### What was tried
        - Attempt 1: [` shop/cart.py `](https://github.com/octo/shop/blob/1f7d1fda0001e35a945299dcdf574ccf60fcba28/shop/cart.py): a wrong number, text, truth value or null (operator ` constant ` of ` search `) fell on rung 5 (nothing else fails): ` tests/test_cart.py::test_empty fails now `

        ### The patch that came closest
        A hint, not a fix: it is the patch of attempt 1, and it did not pass.

        ```diff
        --- a/shop/cart.py
        +++ b/shop/cart.py
        @@ -2,5 +2,5 @@
             name = 'cart'
             def total(self):
                 total = sum(self.prices)
        -        return total + self.discount
        +        return 90
             size = 3
        ```

        To take it: save it as `heal.patch`, then `git apply heal.patch`.

        ### What to do next
        - Look at [` 9a3c1fd `](https://github.com/octo/shop/commit/9a3c1fda0001e35a945299dcdf574ccf60fcba28) first, or revert it
        - Read the suspicious lines with the failing values above in hand
        - See it fail on your machine: ` python -m pytest `
        - Push a commit: heal looks at a new head afresh

        ---
        1 attempt, 1 min 15 s, 1.5 CI minutes, no cost for models. This text is edited when there is news. The label `heal:off`, or `enabled = false` in `.github/heal.toml` on the default branch, stops heal.
        ");
    }

    #[test]
    fn a_fork_gets_the_patch_and_no_push() {
        let sample = sample();
        let story = Story { from_fork: true, ..sample.story() };
        let text = body(&story);
        assert!(text.contains("heal never pushes to a fork") && text.contains("### A patch that passes"));
    }

    #[test]
    fn the_closest_patch_climbed_highest() {
        let mut sample = sample();
        sample.attempts[1].diff.clear();
        assert_eq!(sample.unproven().closest().map(|tried| tried.number), Some(1));
        sample.attempts[0].diff.clear();
        assert_eq!(sample.unproven().closest(), None);
        assert_eq!(suggestions(&sample.unproven()), []);
    }

    #[track_caller]
    fn check_suggestions(before: &str, after: &str, expected: &[(Option<u32>, u32, &str)]) {
        let mut sample = sample();
        sample.attempts[1].diff = unified_diff(Path::new("a.py"), before, after);
        let found = suggestions(&sample.story());
        let found: Vec<_> = found
            .iter()
            .map(|comment| (comment.start_line, comment.line, comment.body.split_once("\n\n").unwrap().1))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn changes_become_suggestions_on_the_old_lines() {
        check_suggestions("a\nb\nc\n", "a\nB\nc\n", &[(None, 2, "```suggestion\nB\n```\n")]);
        check_suggestions("a\nb\nc\nd\n", "a\nX\nd\n", &[(Some(2), 3, "```suggestion\nX\n```\n")]);
        check_suggestions("a\nb\nc\n", "a\nc\n", &[(None, 2, "```suggestion\n```\n")]);
        check_suggestions("a\nc\n", "a\nb\nc\n", &[(None, 1, "```suggestion\na\nb\n```\n")]);
        check_suggestions("a\n", "b\na\n", &[]);
        check_suggestions("a\n", "```\n", &[(None, 1, "````suggestion\n```\n````\n")]);
        check_suggestions("a\n", "b\u{202e}\n", &[]);
    }
}
