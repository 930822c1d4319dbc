//! The check run `heal` on the failing commit: where the heal is.
//!
//! In: a state. Out: the check's title, summary, conclusion and, for a broken policy file, the annotation
//! on its line. The conclusion never blocks a merge by itself and never turns a red commit green: it is
//! neutral unless a person is needed.

use super::LineComment;
use super::alert::advice;
use super::links::short;
use super::markdown::{code, code_of, first_line};
use crate::diagnosis::Class;
use crate::policy::FILE as POLICY_FILE;

/// The name of the check run.
pub const NAME: &str = "heal";

/// Where a heal is, as its check run shows it.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckState<'a> {
    /// It works.
    InProgress {
        /// What it does now, as a clause: `testing a patch in CI`.
        stage: &'a str,
    },
    /// A pull request was opened.
    PullRequest {
        /// Its number.
        number: u64,
    },
    /// A person was alerted.
    Alert {
        /// The issue or pull request with the alert.
        number: Option<u64>,
        /// Why.
        reason: &'a str,
    },
    /// Failed jobs are run again.
    Rerun {
        /// Which rerun, from 1.
        attempt: u32,
        /// Why.
        reason: &'a str,
    },
    /// No patch would be right.
    NotCode {
        /// The kind of failure.
        class: Class,
        /// Why.
        reason: &'a str,
    },
    /// The failure went away.
    Gone,
    /// A newer commit took its place.
    Superseded {
        /// That commit.
        new_head: &'a str,
    },
    /// heal may not act here.
    Off {
        /// Why.
        reason: &'a str,
    },
    /// The policy file can't be read.
    BrokenPolicy {
        /// The line of the fault, from 1.
        line: u32,
        /// The column, from 1.
        column: u32,
        /// What is wrong.
        message: &'a str,
    },
}

/// The title, one line.
pub fn title(state: &CheckState<'_>) -> String {
    match state {
        CheckState::InProgress { stage } => format!("heal is {}", super::markdown::inert(stage, 80)),
        CheckState::PullRequest { number } => format!("A proven patch is in pull request #{number}"),
        CheckState::Alert { .. } => "heal could not repair this; a person is needed".to_owned(),
        CheckState::Rerun { attempt: 1, .. } => "The failed jobs are run again".to_owned(),
        CheckState::Rerun { attempt, .. } => format!("The failed jobs are run again, for the {}", ordinal(*attempt)),
        CheckState::NotCode { class, .. } => format!("Not a fault of the code: {class}"),
        CheckState::Gone => "The failure is gone".to_owned(),
        CheckState::Superseded { .. } => "A newer commit took this one's place".to_owned(),
        CheckState::Off { .. } => "heal does not act here".to_owned(),
        CheckState::BrokenPolicy { line, column, .. } => format!("{POLICY_FILE}:{line}:{column} is broken"),
    }
}

fn ordinal(attempt: u32) -> String {
    match attempt {
        2 => "second time".to_owned(),
        3 => "third time".to_owned(),
        more => format!("{more}th time"),
    }
}

/// The summary, in Markdown.
pub fn summary(state: &CheckState<'_>) -> String {
    match state {
        CheckState::InProgress { stage } => format!("heal is {}.\n", code_of(stage, 120)),
        CheckState::PullRequest { number } => {
            format!(
                "The patch and its proof are in #{number}. Nothing is merged without a person, unless the policy says `merge_low_risk`.\n"
            )
        }
        CheckState::Alert { number, reason } => {
            let place = number.map(|number| format!(" What was found and tried is in #{number}.")).unwrap_or_default();
            format!("Why: {}.{place}\n", code(reason))
        }
        CheckState::Rerun { reason, .. } => {
            format!(
                "Why: {}. A failure of this kind is not patched; the same jobs run again as they are.\n",
                code(reason)
            )
        }
        CheckState::NotCode { class, reason } => {
            format!("Why: {}. No patch of the code would be right. {}.\n", code(reason), advice(*class))
        }
        CheckState::Gone => "The same jobs are green now; there is nothing to repair.\n".to_owned(),
        CheckState::Superseded { new_head } => {
            format!("The branch has moved on to {}; heal looks at that commit instead.\n", code_of(&short(new_head), 7))
        }
        CheckState::Off { reason } => format!("Why: {}.\n", code(reason)),
        CheckState::BrokenPolicy { line, column, message } => format!(
            "`{POLICY_FILE}` on the default branch, line {line}, column {column}: {}\n\nUntil it is mended, the \
             safest preset applies: heal observes and changes nothing.\n",
            code(message)
        ),
    }
}

/// The conclusion in GitHub's words; `None` while the heal works.
pub fn conclusion(state: &CheckState<'_>) -> Option<&'static str> {
    match state {
        CheckState::InProgress { .. } => None,
        CheckState::Alert { .. } => Some("action_required"),
        CheckState::BrokenPolicy { .. } => Some("failure"),
        CheckState::Superseded { .. } | CheckState::Off { .. } => Some("skipped"),
        CheckState::Gone => Some("success"),
        CheckState::PullRequest { .. } | CheckState::Rerun { .. } | CheckState::NotCode { .. } => Some("neutral"),
    }
}

/// The annotation of a broken policy file; its body is plain text.
pub fn annotation(state: &CheckState<'_>) -> Option<LineComment> {
    let CheckState::BrokenPolicy { line, message, .. } = state else { return None };
    let body = super::markdown::inert(first_line(message), 500);
    Some(LineComment { path: POLICY_FILE.to_owned(), start_line: None, line: *line, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_words() {
        use CheckState as S;
        let broken = S::BrokenPolicy { line: 3, column: 7, message: "unknown key `atempts`, did you mean `attempts`?" };
        let states = [
            S::InProgress { stage: "testing a patch in CI" },
            S::PullRequest { number: 12 },
            S::Alert { number: Some(13), reason: "three attempts failed" },
            S::Rerun { attempt: 2, reason: "a registry did not answer" },
            S::NotCode { class: Class::Dependency, reason: "left-pad is not to be had" },
            S::Gone,
            S::Superseded { new_head: "9a3c1fda0001e35a" },
            S::Off { reason: "the label heal:off" },
            broken.clone(),
        ];
        let text: String = states
            .iter()
            .map(|state| format!("{:?} | {}\n{}\n", conclusion(state), title(state), summary(state)))
            .collect();
        insta::assert_snapshot!(text, @r#"
        None | heal is testing a patch in CI
        heal is ` testing a patch in CI `.

        Some("neutral") | A proven patch is in pull request #12
        The patch and its proof are in #12. Nothing is merged without a person, unless the policy says `merge_low_risk`.

        Some("action_required") | heal could not repair this; a person is needed
        Why: ` three attempts failed `. What was found and tried is in #13.

        Some("neutral") | The failed jobs are run again, for the second time
        Why: ` a registry did not answer `. A failure of this kind is not patched; the same jobs run again as they are.

        Some("neutral") | Not a fault of the code: dependency
        Why: ` left-pad is not to be had `. No patch of the code would be right. Install or pin the package that is missing or does not fit.

        Some("success") | The failure is gone
        The same jobs are green now; there is nothing to repair.

        Some("skipped") | A newer commit took this one's place
        The branch has moved on to ` 9a3c1fd `; heal looks at that commit instead.

        Some("skipped") | heal does not act here
        Why: ` the label heal:off `.

        Some("failure") | .github/heal.toml:3:7 is broken
        `.github/heal.toml` on the default branch, line 3, column 7: `` unknown key `atempts`, did you mean `attempts`? ``

        Until it is mended, the safest preset applies: heal observes and changes nothing.
        "#);
        assert_eq!(annotation(&broken).map(|annotation| annotation.line), Some(3));
        assert_eq!(annotation(&S::Gone), None);
    }
}
