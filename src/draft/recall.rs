//! The drafter that tries again what worked before.
//!
//! In: a [`Case`] with fixes of earlier failures. Out: for each fix of the same failure, its diff on the files of
//! today, where every hunk fits exactly one place. What is there already, fits nowhere or fits twice gives no draft.

use std::path::{Path, PathBuf};

use super::llm::reply;
use super::{Case, Draft, PastFix};
use crate::code::Line;
use crate::patch::edit::{self, Change, EditBlock, Files, Fit};
use crate::redact;

/// The name of this drafter.
const DRAFTER: &str = "recall";

/// The kind of its edits.
const OPERATOR: &str = "past-fix";

/// Drafts from past fixes of the same failure, in the order of the fixes.
pub fn drafts(case: &Case<'_>) -> Vec<Draft> {
    let same = case.past_fixes.iter().filter(|fix| fix.fingerprint == case.diagnosis.fingerprint);
    let mut drafts: Vec<Draft> = Vec::new();
    for fix in same {
        let Some(draft) = draft_of(fix, &|file| (case.read)(file), case.tracked) else { continue };
        if !drafts.iter().any(|earlier| earlier.edits == draft.edits) {
            let score = 1.0 / (drafts.len() + 1) as f64;
            drafts.push(Draft { score, ..draft });
        }
    }
    drafts
}

fn draft_of(fix: &PastFix, read: &dyn Fn(&Path) -> Option<String>, tracked: &[PathBuf]) -> Option<Draft> {
    let reply = reply::read(&fix.diff);
    let is_masked = |block: &EditBlock| match &block.change {
        Change::Replace { replace, .. } => replace.contains(redact::MASK),
        Change::Definition { text } => text.contains(redact::MASK),
    };
    if reply.blocks.iter().any(is_masked) {
        return None;
    }
    let placed = edit::place(&reply.blocks, &Files { read, shown: &[], tracked });
    let fits = placed.misfits.is_empty() && placed.fit <= Fit::Whitespace;
    let first = placed.edits.first().filter(|_| fits)?;
    let before = read(&first.file)?;
    let line = Line::from_row(before.get(..first.span.start)?.matches('\n').count());
    let place = (first.file.clone(), line);
    Some(Draft { drafter: DRAFTER, operator: OPERATOR, edits: placed.edits, place, model: None, score: 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::{apply, unified_diff};

    const BEFORE: &str = "def a(x):\n    y = x\n    return y - 1\n\n\ndef b(x):\n    return x\n";
    const AFTER: &str = "def a(x):\n    y = x\n    return y + 1\n\n\ndef b(x):\n    return x\n";

    /// Applies the fix from `BEFORE` to `AFTER` to a file of today.
    fn check_recall(today: &str, expected: Option<&str>) {
        check_fix(&unified_diff(Path::new("m.py"), BEFORE, AFTER), today, expected);
    }

    fn check_fix(diff: &str, today: &str, expected: Option<&str>) {
        let fix = PastFix { diff: diff.to_owned(), ..PastFix::default() };
        let read = |file: &Path| (file == Path::new("m.py")).then(|| today.to_owned());
        let draft = draft_of(&fix, &read, &["m.py".into()]);
        let after = draft.map(|draft| apply(&draft.edits, &read).unwrap().files[Path::new("m.py")].after.clone());
        assert_eq!(after.as_deref(), expected);
    }

    #[test]
    fn a_fix_is_applied_where_its_lines_stand_today() {
        check_recall(BEFORE, Some(AFTER));
        check_recall(&format!("import os\n\n{BEFORE}"), Some(&format!("import os\n\n{AFTER}")));
        check_recall(&BEFORE.replace('\n', "\r\n"), Some(&AFTER.replace('\n', "\r\n")));
        check_recall(BEFORE.trim_end(), Some(AFTER.trim_end()));
    }

    #[test]
    fn what_is_there_already_fits_nowhere_or_fits_twice_is_left_out() {
        check_recall(AFTER, None);
        check_recall("def c(): pass\n", None);
        check_recall(&format!("{BEFORE}{BEFORE}"), None);
    }

    #[test]
    fn the_end_of_a_file_without_a_last_line_end_stays_so() {
        let diff = unified_diff(Path::new("m.py"), "x = 1\ny = 2", "x = 1\ny = 3");
        check_fix(&diff, "x = 1\ny = 2", Some("x = 1\ny = 3"));
        let longer = unified_diff(Path::new("m.py"), "x = 1\n", "x = 1\ny = 3\n");
        check_fix(&longer, "x = 1", Some("x = 1\ny = 3"));
    }

    #[test]
    fn a_fix_that_was_redacted_or_is_no_diff_is_left_out() {
        let secret = unified_diff(Path::new("m.py"), BEFORE, &AFTER.replace("y + 1", redact::MASK));
        check_fix(&secret, BEFORE, None);
        for broken in ["", "@@ -1 +1 @@\n-a\n+b\n", "+++ b/m.py\n@@ -1,9 +1 @@\n-a\n", "+++ b/m.py\n@@ x @@\n"] {
            check_fix(broken, BEFORE, None);
        }
    }
}
