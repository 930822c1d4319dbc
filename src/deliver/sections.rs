//! Sections that pull requests and alerts share: what failed, why, what was tried, what it cost.
//!
//! In: a story. Out: Markdown, each section with a limit of its own, so that a whole text stays far below
//! what a forge accepts and the [`evidence`](super::evidence) takes the room that is left.

use std::fmt::Write;

use super::evidence;
use super::links::short;
use super::markdown::{code, code_of, fenced, first_line, list, numbered};
use super::operators;
use super::risk::counted;
use super::story::{RungLine, Story, Tried};
use crate::diagnosis::{Class, is_test_file};
use crate::evidence::Failure;

/// The longest text in bytes. GitHub's limit is 65,536 characters.
pub(super) const LIMIT: usize = 60_000;

/// The longest diff that is shown, in lines; a longer one is read in the forge's own view.
pub(super) const DIFF_LINES: usize = 60;

/// A text with its evidence in what room is left.
pub(super) fn with_evidence(mut text: String, story: &Story<'_>) -> String {
    text.push('\n');
    let block = evidence::block(story, LIMIT.saturating_sub(text.len()));
    text.push_str(&block);
    text
}

/// What failed: tests with their place and message, key lines, red runs.
pub(super) fn what_failed(story: &Story<'_>) -> String {
    let mut text = String::from("### What failed\n");
    if let Some(diagnosis) = story.diagnosis {
        let failures = diagnosis.failures.iter().map(|failure| failed(story, failure));
        text.push_str(&list(failures, 10, 10_000));
        if !diagnosis.excerpt.is_empty() {
            let shown = &diagnosis.excerpt[..diagnosis.excerpt.len().min(30)];
            let _ = write!(text, "\n{}", numbered(shown, 5000));
        }
        let step: Vec<String> =
            [&diagnosis.job, &diagnosis.step].into_iter().flatten().map(|name| code_of(name, 100)).collect();
        if !step.is_empty() {
            let _ = writeln!(text, "\nStep: {}", step.join(" › "));
        }
    }
    if !story.failed_runs.is_empty() {
        let _ = writeln!(text, "\nRed on {}:\n", story.commit_link(story.head));
        text.push_str(&list(story.failed_runs.iter().map(|run| story.run_link(run)), 10, 4000));
    }
    text
}

fn failed(story: &Story<'_>, failure: &Failure) -> String {
    let name = failure.test.as_deref().or(failure.kind.as_deref()).unwrap_or("a step");
    let mut item = code_of(name, 200);
    if let Some(file) = &failure.file {
        let _ = write!(item, " at {}", story.place_link(file, failure.line));
    }
    let message = failure.message.as_deref().map_or("", first_line);
    if !message.is_empty() {
        let _ = write!(item, ": {}", code_of(message, 200));
    }
    item
}

/// Why: class, suspect commit and place.
pub(super) fn why(story: &Story<'_>) -> String {
    let mut text = String::from("### Why\n");
    let Some(diagnosis) = story.diagnosis else {
        text.push_str("Nothing in the logs says why.\n");
        return text;
    };
    let _ =
        writeln!(text, "- {} ({}): {}", class(diagnosis.class), sure(diagnosis.confidence), code(&diagnosis.reason));
    if let Some(suspect) = diagnosis.suspects.first() {
        let author = story.suspect_author(&suspect.author);
        let (commit, summary) = (story.commit_link(&suspect.commit), code_of(&suspect.summary, 120));
        let _ = writeln!(text, "- Suspect commit: {commit} {summary} by {author} ({})", sure(suspect.score));
    }
    let further = diagnosis.suspects.iter().skip(1).take(2);
    let further: Vec<String> =
        further.map(|suspect| format!("{} ({})", story.commit_link(&suspect.commit), sure(suspect.score))).collect();
    if !further.is_empty() {
        let _ = writeln!(text, "- Less suspect: {}", further.join(", "));
    }
    let places: Vec<String> = diagnosis
        .locations
        .iter()
        .filter(|location| !is_test_file(&location.file))
        .take(3)
        .map(|location| {
            let symbol = location.symbol.as_deref().map(|symbol| format!(" in {}", code_of(symbol, 100)));
            story.place_link(&location.file, Some(location.line.0)) + &symbol.unwrap_or_default()
        })
        .collect();
    if !places.is_empty() {
        let _ = writeln!(text, "- Suspicious lines: {}", places.join(", "));
    }
    text
}

/// The class as the subject of a sentence.
fn class(class: Class) -> &'static str {
    match class {
        Class::Code => "A fault of the code",
        Class::Test => "A fault of the test",
        Class::Flaky => "A flaky failure",
        Class::Infrastructure => "A failure of the machine or the network",
        Class::Dependency => "A missing or unfit dependency",
        Class::Configuration => "A fault of the configuration",
        Class::Lint => "A linter's complaint",
        Class::Format => "A formatter's complaint",
        Class::Type => "A type checker's complaint",
        Class::Timeout => "A time-out",
        Class::Unknown => "An unknown fault",
    }
}

fn sure(share: f64) -> String {
    format!("{:.0} % sure", share.clamp(0.0, 1.0) * 100.0)
}

/// A patch's files, mistake and drafter.
pub(super) fn change(story: &Story<'_>, tried: &Tried) -> String {
    let files: Vec<String> = tried.files.iter().take(10).map(|file| story.place_link(file, None)).collect();
    let files = if files.is_empty() { "no file".to_owned() } else { files.join(", ") };
    let drafter = code_of(&tried.drafter, 60);
    match operators::mistake(&tried.operator) {
        None if tried.model.is_some() => {
            let model = code_of(tried.model.as_deref().unwrap_or_default(), 60);
            format!("{files}: an edit written by the model {model} (drafter {drafter})")
        }
        Some(mistake) => format!("{files}: {mistake} (operator {} of {drafter})", code_of(&tried.operator, 60)),
        None => format!("{files}: a patch drafted by {drafter} ({})", code_of(&tried.operator, 60)),
    }
}

/// A patch as a block, or where to read it when it is long.
pub(super) fn diff(diff: &str) -> String {
    let lines = diff.lines().count();
    if lines > DIFF_LINES {
        return format!("The diff has {lines} lines; these are the first.\n\n{}", fenced("diff", diff, 40, 8000));
    }
    fenced("diff", diff, DIFF_LINES, 12_000)
}

/// How an attempt ended, one line.
pub(super) fn attempt(story: &Story<'_>, tried: &Tried) -> String {
    let mut text = format!("Attempt {}: {}", tried.number, change(story, tried));
    match (tried.fell_on(), tried.ci_green) {
        (Some(rung), _) => {
            let (number, title) = (rung.number, rung_title(rung));
            let _ = write!(text, " fell on rung {number} ({title}): {}", code_of(&rung.evidence, 200));
        }
        (None, Some(false)) if !tried.ran_in_sandbox() => text.push_str(" failed in this project's CI"),
        (None, Some(false)) => text.push_str(" passed in the sandbox and failed in this project's CI"),
        (None, Some(true)) => text.push_str(" passed"),
        (None, None) if !tried.ran_in_sandbox() => text.push_str(" was not run"),
        (None, None) => text.push_str(" passed in the sandbox; this project's CI has not spoken"),
    }
    let because =
        tried.fell_because.as_deref().filter(|because| tried.fell_on().is_none_or(|rung| rung.evidence != *because));
    if let Some(because) = because {
        let _ = write!(text, ", because {}", code_of(because, 200));
    }
    if !tried.ci.is_empty() {
        let runs: Vec<String> = tried.ci.iter().take(5).map(|run| story.run_link(run)).collect();
        let _ = write!(text, "; CI: {}", runs.join(", "));
    }
    text
}

/// A rung's title: heal's own words need no code span, others do.
pub(super) fn rung_title(rung: &RungLine) -> String {
    let is_plain = rung.title.chars().all(|c| c.is_ascii_alphanumeric() || " ,'".contains(c));
    if is_plain && rung.title.len() < 100 { rung.title.clone() } else { code_of(&rung.title, 100) }
}

/// What should be known of the drafting; nothing where there is nothing.
pub(super) fn notes(story: &Story<'_>) -> String {
    match list(story.notes.iter().map(|note| code_of(note, 400)), 8, 4000) {
        items if items.is_empty() => items,
        items => format!("### Notes\n{items}"),
    }
}

/// What a reviewing model thinks of the proven patch; nothing where none was asked.
pub(super) fn review(tried: &Tried) -> String {
    let Some(review) = &tried.review else { return String::new() };
    let model = code_of(&review.model, 60);
    if !review.objects {
        return format!("### What a reviewing model says\n{model} read the patch and does not object.\n");
    }
    let objections = list(review.objections.iter().map(|text| code_of(text, 400)), 5, 3000);
    format!("### What a reviewing model says\n{model} objects ({}):\n\n{objections}", sure(review.confidence))
}

/// What the heal took.
pub(super) fn cost(story: &Story<'_>) -> String {
    let attempts = counted(story.attempts.len(), "attempt", "attempts");
    let ci = match story.ci_minutes {
        minutes if minutes > 0.0 && minutes.is_finite() => format!("{minutes:.1} CI minutes"),
        _ => "no CI time".to_owned(),
    };
    let money = match story.cost_usd {
        cost if cost >= 0.01 && cost.is_finite() => format!("${cost:.2} for models"),
        cost if cost > 0.0 => format!("${cost:.4} for models"),
        _ if story.tokens > 0 => format!("{} tokens of models without a known price", story.tokens),
        _ => "no cost for models".to_owned(),
    };
    format!("{attempts}, {}, {ci}, {money}", duration(story.elapsed_s))
}

fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// The failing tests as the subject of a headline, and whether there are several of them.
pub(super) fn subject(story: &Story<'_>) -> (String, bool) {
    let failures = story.diagnosis.map_or(&[][..], |diagnosis| &diagnosis.failures);
    let tests = failures.iter().filter(|failure| failure.test.is_some()).count();
    match (story.failing_test(), tests) {
        (Some(test), 0 | 1) => (code_of(test, 160), false),
        (Some(test), tests) => {
            (format!("{} and {}", code_of(test, 160), counted(tests - 1, "other test", "other tests")), true)
        }
        (None, _) => (format!("The build of {}", code_of(story.branch, 100)), false),
    }
}

/// Since which commit, where one is suspect, else on which.
pub(super) fn since(story: &Story<'_>) -> String {
    match story.diagnosis.and_then(|diagnosis| diagnosis.suspects.first()) {
        Some(suspect) => format!("since {}", story.commit_link(&suspect.commit)),
        None => format!("on {}", story.commit_link(story.head)),
    }
}

/// The same for titles, which know no links.
pub(super) fn since_plain(story: &Story<'_>) -> String {
    match story.diagnosis.and_then(|diagnosis| diagnosis.suspects.first()) {
        Some(suspect) => format!("since {}", short(&suspect.commit)),
        None => format!("on {}", short(story.head)),
    }
}
