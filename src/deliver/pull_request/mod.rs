//! The pull request's texts, made for a reviewer in a hurry.
//!
//! In: the story of a heal whose patch was proven. Out: title, body, line comments, the reason when it is
//! closed. The first line of the body says all; each section after it answers one question.

mod closed;
mod review;

use std::fmt::Write;

use super::hunks;
use super::markdown::{code, code_of, inert, list};
use super::marker::{Marker, MarkerKind};
use super::message;
use super::risk::{assess, counted};
use super::sections::{self, since, since_plain, subject, with_evidence};
use super::story::{Reproduced, Story, Tried};

pub use closed::{Closed, closed};
pub use review::review_comments;

/// The longest title, in characters: what lists of pull requests and commits show in full.
pub const TITLE: usize = 72;

/// The hidden first line of the body.
pub fn marker(story: &Story<'_>) -> String {
    of_story(MarkerKind::PullRequest, story).to_string()
}

/// The marker of a text about a story.
pub(super) fn of_story(kind: MarkerKind, story: &Story<'_>) -> Marker {
    let (heal_id, head) = (story.heal_id.to_owned(), story.head.to_owned());
    Marker { kind, heal_id, head, fingerprint: story.fingerprint().to_owned() }
}

/// `Fix cart.py: test_total fails since 9a3c1fd`, at most 72 characters.
pub fn title(story: &Story<'_>) -> String {
    let file = story.proven.and_then(|tried| tried.files.first());
    let file = file.and_then(|file| file.file_name()).map(|name| name.to_string_lossy().into_owned());
    let tests = failing_tests(story);
    let what = match tests.as_slice() {
        [] => "the build".to_owned(),
        [test] => message::last_part(test).to_owned(),
        tests => format!("{} tests", tests.len()),
    };
    let verb = if tests.len() > 1 { "fail" } else { "fails" };
    let end = format!("{verb} {}", since_plain(story));
    let start = match file {
        Some(file) => format!("Fix {}: ", inert(&file, 24)),
        None => "Fix: ".to_owned(),
    };
    let room = TITLE.saturating_sub(start.chars().count() + end.chars().count() + 1);
    let mut what = inert(&what, room);
    // A break of a mention makes the text longer than it was allowed to be.
    while what.chars().count() > room {
        what.pop();
    }
    format!("{start}{what} {end}")
}

fn failing_tests<'a>(story: &Story<'a>) -> Vec<&'a str> {
    let failures = story.diagnosis.map_or(&[][..], |diagnosis| &diagnosis.failures);
    failures.iter().filter_map(|failure| failure.test.as_deref()).collect()
}

/// The body, at most 60,000 bytes.
pub fn body(story: &Story<'_>) -> String {
    let mut text = format!("{}\n", marker(story));
    let _ = writeln!(text, "**{}**\n", headline(story));
    let parts = [
        sections::what_failed(story),
        sections::why(story),
        changed(story),
        proven(story),
        story.proven.map(sections::review).unwrap_or_default(),
        not_proven(story),
        risk(story),
        sections::notes(story),
        stop(story),
    ];
    text.push_str(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"));
    with_evidence(text, story)
}

/// One line that says what failed, what the patch is and where it was seen to work.
fn headline(story: &Story<'_>) -> String {
    let (subject, several) = subject(story);
    let verb = if several { "fail" } else { "fails" };
    let Some(tried) = story.proven else { return format!("{subject} {verb} {}.", since(story)) };
    let (added, removed) = hunks::size(&tried.diff);
    let lines = counted(added.max(removed), "line", "lines");
    let place = match hunks::changes(&tried.diff).first() {
        Some(change) => story.place_link(change.path.as_ref(), Some(change.old_line)),
        None => counted(tried.files.len(), "file", "files"),
    };
    let is_proven_here = tried.ran_in_sandbox() && tried.fell_on().is_none();
    let seen = match (tried.ci_green, is_proven_here) {
        (Some(true), true) => "green in the sandbox and in this project's CI",
        (Some(true), false) => "green in this project's CI",
        (_, true) => "green in the sandbox",
        (_, false) => "not seen green yet",
    };
    format!("{subject} {verb} {}. This changes {lines} at {place}: {seen}.", since(story))
}

fn changed(story: &Story<'_>) -> String {
    let mut text = String::from("### What was changed, and why this is enough\n");
    let Some(tried) = story.proven else {
        text.push_str("Nothing.\n");
        return text;
    };
    let _ = writeln!(text, "{}.\n", sections::change(story, tried));
    text.push_str(&sections::diff(&tried.diff));
    let _ = writeln!(text, "\n{}", enough(story, tried));
    let fallen = story.attempts.iter().filter(|other| other.number != tried.number);
    let fallen = list(fallen.map(|other| sections::attempt(story, other)), 5, 6000);
    if !fallen.is_empty() {
        let _ = write!(text, "\nTried before:\n\n{fallen}");
    }
    text
}

/// Why no more is needed, as far as something was seen that says so.
fn enough(story: &Story<'_>, tried: &Tried) -> String {
    let passed = |number: u8| tried.rungs.iter().any(|rung| rung.number == number && rung.passed);
    let mut said = Vec::new();
    if passed(4) {
        said.push("with it, what failed passes");
    }
    if passed(5) {
        said.push("nothing else fails");
    }
    if passed(6) {
        said.push("without it, the failure is back");
    }
    if tried.ci_green == Some(true) {
        said.push("this project's own CI is green");
    }
    match said.as_slice() {
        [] => "Nothing has been seen yet that says so.".to_owned(),
        said => {
            format!("This is enough as far as the tests of {} tell: {}.", code_of(story.branch, 100), said.join("; "))
        }
    }
}

fn proven(story: &Story<'_>) -> String {
    let mut items = Vec::new();
    let head = story.commit_link(story.head);
    match story.reproduced {
        Reproduced::InSandbox => items.push(format!("✔ red before: the same commit {head} fails in the sandbox")),
        Reproduced::InCiOnly => items.push(format!("✔ red before: the same commit {head} fails in CI (runs above)")),
        Reproduced::No => {}
    }
    if let Some(tried) = story.proven {
        items.extend(tried.rungs.iter().take(7).map(|rung| {
            let mark = if rung.passed { '✔' } else { '✘' };
            let title = sections::rung_title(rung);
            format!("{mark} rung {}: {title} ({})", rung.number, code_of(&rung.evidence, 200))
        }));
        items.extend(tried.ci_green.map(|green| ci(story, tried, green)));
    }
    let mut text = format!("### What was proven\n{}", list(items, 12, 9000));
    if let Some(command) = story.test_command.filter(|_| story.proven.is_some_and(Tried::ran_in_sandbox)) {
        let _ = writeln!(text, "\nCommand in the sandbox: {}", code(command));
    }
    text
}

fn ci(story: &Story<'_>, tried: &Tried, green: bool) -> String {
    let (mark, word) = if green { ('✔', "green") } else { ('✘', "red") };
    let mut text = format!("{mark} rung 8: this project's CI is {word}");
    if let Some(branch) = &tried.branch {
        let _ = write!(text, " on {}", code_of(branch, 120));
    }
    if let Some(commit) = &tried.commit {
        let _ = write!(text, " at {}", story.commit_link(commit));
    }
    let runs: Vec<String> = tried.ci.iter().take(8).map(|run| story.run_link(run)).collect();
    if !runs.is_empty() {
        let _ = write!(text, ": {}", runs.join(", "));
    }
    text
}

fn not_proven(story: &Story<'_>) -> String {
    let mut items = vec!["That this is what the author meant: tests are a partial specification".to_owned()];
    items.push(match story.plausible {
        0 => "How many other patches would pass: they were not counted".to_owned(),
        1 => "That no other patch would pass; one was found, this one".to_owned(),
        count => format!("That this one is right: {count} different patches pass the same tests, and this ranks first"),
    });
    let rungs = story.proven.map_or(&[][..], |tried| &tried.rungs);
    if !rungs.iter().any(|rung| rung.number == 7) {
        items.push("That the tests watch the changed lines well: no mutants of them were run (rung 7)".to_owned());
    }
    if story.reproduced == Reproduced::No {
        items.push("That the failure was there before: it was not seen again on the same commit".to_owned());
    }
    if !story.proven.is_some_and(Tried::ran_in_sandbox) {
        items.push("Anything in a sandbox: the project was run in CI only".to_owned());
    } else {
        let level = story.sandbox.map_or("unknown".to_owned(), |level| code_of(level, 40));
        items.push(format!("What a stricter sandbox would show: the level was {level}"));
    }
    if story.proven.is_none_or(|tried| tried.ci_green != Some(true)) {
        items.push("That this project's CI is green with it".to_owned());
    }
    items.push("Anything beyond the commands and runs named here".to_owned());
    format!("### What was not proven\n{}", list(items, 10, 3000))
}

fn risk(story: &Story<'_>) -> String {
    let mut text = String::from("### Risk, cost and time\n");
    if let Some(tried) = story.proven {
        let risk = assess(tried, story.plausible);
        let _ = writeln!(text, "- Risk: **{}** ({})", risk.level, risk.rules.join("; "));
    }
    let _ = writeln!(text, "- {}", sections::cost(story));
    text
}

fn stop(story: &Story<'_>) -> String {
    let goes = match (story.base_is_default, story.pull_request) {
        (false, Some(number)) => {
            format!("This goes into {}, the branch of #{number}. ", story.branch_link(story.branch))
        }
        _ => String::new(),
    };
    format!(
        "---\n{goes}Close this to refuse the patch. The label `heal:off`, or `enabled = false` in \
         `.github/heal.toml` on the default branch, stops heal.\n"
    )
}

#[cfg(test)]
mod tests;
