//! Line comments where the reason of a change is not obvious from the line.

use std::fmt::Write;

use super::super::hunks::{self, Change};
use super::super::links::short;
use super::super::markdown::{code_of, first_line};
use super::super::story::Story;
use super::super::{LineComment, operators};

/// More comments than this make a small patch look like a large one.
const COMMENTS: usize = 3;

/// A comment for each of the first changes of the proven patch, on lines of the new file inside the diff.
pub fn review_comments(story: &Story<'_>) -> Vec<LineComment> {
    let Some(tried) = story.proven else { return Vec::new() };
    let changes = hunks::changes(&tried.diff);
    changes
        .iter()
        .filter_map(|change| Some((change, line(change)?)))
        .take(COMMENTS)
        .enumerate()
        .map(|(index, (change, line))| LineComment {
            path: change.path.clone(),
            start_line: None,
            line,
            // What the tests say is said once; the further changes belong to the same patch.
            body: if index == 0 { first(story, change, &tried.operator) } else { further(change) },
        })
        .collect()
}

/// The last added line; where lines were only removed, a neighbour that the diff shows.
fn line(change: &Change) -> Option<u32> {
    match u32::try_from(change.added.len()).unwrap_or(0) {
        0 if change.has_line_after => Some(change.new_line),
        0 if change.before.is_some() => change.new_line.checked_sub(1),
        0 => None,
        added => Some(change.new_line + added - 1),
    }
}

fn first(story: &Story<'_>, change: &Change, operator: &str) -> String {
    let mut text = was(change);
    if let Some(mistake) = operators::mistake(operator) {
        let _ = write!(text, " The mistake it undoes: {mistake}.");
    }
    let failures = story.diagnosis.map_or(&[][..], |diagnosis| &diagnosis.failures);
    if let Some(failure) = failures.iter().find(|failure| failure.test.is_some()).or(failures.first()) {
        let test = failure.test.as_deref().or(failure.kind.as_deref()).unwrap_or("the build");
        let _ = write!(text, " Before, {} failed", code_of(test, 160));
        let message = failure.message.as_deref().map_or("", first_line);
        if !message.is_empty() {
            let _ = write!(text, ": {}", code_of(message, 200));
        }
        text.push_str("; with this line it passes.");
    }
    if let Some(suspect) = story.diagnosis.and_then(|diagnosis| diagnosis.suspects.first()) {
        let _ = write!(text, " The suspect commit is {}.", code_of(&short(&suspect.commit), 7));
    }
    text.push('\n');
    text
}

fn further(change: &Change) -> String {
    format!("{} This belongs to the same patch.\n", was(change))
}

fn was(change: &Change) -> String {
    let removed: Vec<&str> = change.removed.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    match (removed.as_slice(), change.added.is_empty()) {
        ([], _) => "This is new.".to_owned(),
        ([line], false) => format!("This was {}.", code_of(line, 160)),
        ([line, more @ ..], false) => format!("This was {} and {} more.", code_of(line, 160), lines(more.len())),
        ([line], true) => format!("Here stood {}.", code_of(line, 160)),
        ([line, more @ ..], true) => format!("Here stood {} and {} more.", code_of(line, 160), lines(more.len())),
    }
}

fn lines(count: usize) -> String {
    super::counted(count, "line", "lines")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::sample::sample;
    use super::*;
    use crate::patch::unified_diff;

    #[test]
    fn the_line_s_reason_is_told() {
        let sample = sample();
        let comments = review_comments(&sample.story());
        assert_eq!(comments.len(), 1);
        assert_eq!((comments[0].path.as_str(), comments[0].line), ("shop/cart.py", 5));
        insta::assert_snapshot!(comments[0].body, @"This was ` return total + self.discount `. The mistake it undoes: the wrong operator in a comparison, a sum or a condition. Before, ` tests/test_cart.py::test_total ` failed: ` assert 110 == 90 `; with this line it passes. The suspect commit is ` 9a3c1fd `.");
    }

    #[test]
    fn comments_lie_inside_the_diff() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\n";
        for (after, lines) in [
            ("a\nB\nc\nd\ne\nf\ng\nh\n", vec![2]),
            ("a\nc\nd\ne\nf\ng\nh\n", vec![2]),
            ("a\nb\nc\nd\ne\nf\ng\n", vec![7]),
            ("A\nb\nC\nd\nE\nf\nG\nh\n", vec![1, 3, 5]),
            ("", vec![]),
        ] {
            let mut sample = sample();
            sample.attempts[1].diff = unified_diff(Path::new("a.py"), before, after);
            let found: Vec<u32> = review_comments(&sample.story()).iter().map(|comment| comment.line).collect();
            assert_eq!(found, lines, "{after:?}");
        }
    }
}
