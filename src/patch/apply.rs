//! Applying span edits to files; rungs 1 and 2 of the ladder: it applies, the result parses.
//!
//! Line ends are preserved: text that an operator inserts has `\n`, which becomes `\r\n` where the line that it
//! replaces or follows ends so.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::data;
use super::syntax::{first_fault, first_tree_fault};
use super::{SpanEdit, SyntaxFault, unified_diff};
use crate::code::ParseError;
use crate::testbed::Patched;

/// Changed files, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Each file's text before and after.
    pub files: BTreeMap<PathBuf, Changed>,
}

/// A file before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The text that was proven to fail.
    pub before: String,
    /// The text of the patch.
    pub after: String,
}

/// Why edits make no patch.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// The file is not there, or is not text.
    #[error("{file}: not a text file of the repository")]
    NoFile {
        /// The file.
        file: PathBuf,
    },
    /// The range does not lie in the file, or cuts a character, or two edits overlap.
    #[error("{file}: bytes {start}..{end} can't be replaced")]
    BadSpan {
        /// The file.
        file: PathBuf,
        /// First byte.
        start: usize,
        /// Byte after the last.
        end: usize,
    },
    /// Nothing would change.
    #[error("the patch changes nothing")]
    Empty,
    /// The result has syntax errors that were not there.
    #[error("{file}: the patched file does not parse: line {line}: {what}")]
    DoesNotParse {
        /// The file.
        file: PathBuf,
        /// The line of the patched file, from 1.
        line: u32,
        /// What is wrong there, with the text of the line.
        what: String,
    },
    /// The file can't be parsed at all.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

impl Patch {
    /// The unified diff of all files.
    pub fn diff(&self) -> String {
        self.files.iter().map(|(file, changed)| unified_diff(file, &changed.before, &changed.after)).collect()
    }

    /// Refuses what the grammar takes and compilers do not ([`first_fault`](super::first_fault)): `return` outside of a
    /// function, a name declared twice. [`apply`] leaves that out, which every candidate of a search passes.
    pub fn check_early_errors(&self) -> Result<(), PatchError> {
        let fault = |(file, changed): (&PathBuf, &Changed)| {
            first_fault(file, &changed.before, &changed.after).map(|fault| does_not_parse(file, fault))
        };
        self.files.iter().find_map(fault).map_or(Ok(()), Err)
    }

    /// The files' bytes after the patch.
    pub fn after(&self) -> Patched {
        self.files.iter().map(|(file, changed)| (file.clone(), changed.after.clone().into_bytes())).collect()
    }

    /// The files' bytes before the patch.
    pub fn before(&self) -> Patched {
        self.files.iter().map(|(file, changed)| (file.clone(), changed.before.clone().into_bytes())).collect()
    }
}

/// Applies edits to the files that `read` gives; all or nothing. Of the result the tree is checked
/// ([`Patch::check_early_errors`] checks more).
pub fn apply(edits: &[SpanEdit], read: &dyn Fn(&Path) -> Option<String>) -> Result<Patch, PatchError> {
    let patch = apply_unparsed(edits, read)?;
    for (file, changed) in &patch.files {
        check_parses(file, &changed.before, &changed.after)?;
    }
    Ok(patch)
}

/// As [`apply`], but nobody looks whether the result parses.
pub fn apply_unparsed(edits: &[SpanEdit], read: &dyn Fn(&Path) -> Option<String>) -> Result<Patch, PatchError> {
    let mut by_file: BTreeMap<&PathBuf, Vec<&SpanEdit>> = BTreeMap::new();
    for edit in edits {
        by_file.entry(&edit.file).or_default().push(edit);
    }
    let mut files = BTreeMap::new();
    for (file, edits) in by_file {
        let before = read(file).ok_or_else(|| PatchError::NoFile { file: file.clone() })?;
        let after = apply_to_text(file, &before, edits)?;
        if before != after {
            files.insert(file.clone(), Changed { before, after });
        }
    }
    if files.is_empty() { Err(PatchError::Empty) } else { Ok(Patch { files }) }
}

pub(super) fn apply_to_text(file: &Path, text: &str, mut edits: Vec<&SpanEdit>) -> Result<String, PatchError> {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut result = String::with_capacity(text.len());
    let mut position = 0;
    for edit in edits {
        let (start, end) = (edit.span.start, edit.span.end);
        let bad = || PatchError::BadSpan { file: file.to_owned(), start, end };
        let kept = text.get(position..start).ok_or_else(bad)?;
        text.get(start..end).ok_or_else(bad)?;
        result.push_str(kept);
        result.push_str(&with_line_ends(text, edit));
        position = end;
    }
    result.push_str(&text[position..]);
    Ok(result)
}

/// An edit's replacement with the line ends of its place: those of the line in which it begins, or of the line before
/// where there is none.
pub(super) fn with_line_ends<'a>(text: &str, edit: &'a SpanEdit) -> Cow<'a, str> {
    let bytes = text.as_bytes();
    let start = edit.span.start.min(bytes.len());
    let here = memchr::memchr(b'\n', &bytes[start..]).map(|length| start + length);
    let end = here.or_else(|| memchr::memrchr(b'\n', &bytes[..start]));
    if end.is_some_and(|end| bytes[..end].ends_with(b"\r")) && edit.replacement.contains('\n') {
        Cow::Owned(edit.replacement.replace("\r\n", "\n").replace('\n', "\r\n"))
    } else {
        Cow::Borrowed(&edit.replacement)
    }
}

fn check_parses(file: &Path, before: &str, after: &str) -> Result<(), PatchError> {
    let fault = match first_tree_fault(file, before, after) {
        Err(ParseError::UnknownLanguage { .. }) => data::new_fault(file, before, after),
        known => known?,
    };
    fault.map_or(Ok(()), |fault| Err(does_not_parse(file, fault)))
}

fn does_not_parse(file: &Path, SyntaxFault { line, message: what }: SyntaxFault) -> PatchError {
    PatchError::DoesNotParse { file: file.to_owned(), line, what }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edit(span: std::ops::Range<usize>, replacement: &str) -> SpanEdit {
        SpanEdit { file: "a.py".into(), span, replacement: replacement.to_owned() }
    }

    fn check_apply(before: &str, edits: &[SpanEdit], after: Result<&str, &str>) {
        let applied = apply(edits, &|_| Some(before.to_owned()));
        let applied = applied.map(|patch| patch.files.into_values().next().unwrap().after);
        match after {
            Ok(after) => assert_eq!(applied.unwrap(), after),
            Err(message) => assert_eq!(applied.unwrap_err().to_string(), message),
        }
    }

    #[test]
    fn edits_apply_in_order_of_place() {
        check_apply("a = 1\nb = 2\n", &[edit(10..11, "3"), edit(4..5, "0")], Ok("a = 0\nb = 3\n"));
    }

    #[test]
    fn line_ends_are_preserved() {
        check_apply("a = 1\r\nb = 2\r\n", &[edit(5..5, "\nc = 3")], Ok("a = 1\r\nc = 3\r\nb = 2\r\n"));
    }

    #[test]
    fn in_mixed_files_the_line_decides() {
        check_apply("a = 1\r\nb = 2\nc = 3\n", &[edit(5..5, "\nd = 3")], Ok("a = 1\r\nd = 3\r\nb = 2\nc = 3\n"));
        check_apply("a = 1\r\nb = 2\nc = 3", &[edit(18..18, "\nd = 3")], Ok("a = 1\r\nb = 2\nc = 3\nd = 3"));
    }

    #[test]
    fn what_does_not_parse_or_fit_is_refused() {
        check_apply(
            "a = 1\n",
            &[edit(4..5, "(")],
            Err("a.py: the patched file does not parse: line 1: unexpected `a = (` in `a = (`"),
        );
        check_apply("a = 1\n", &[edit(4..99, "2")], Err("a.py: bytes 4..99 can't be replaced"));
        check_apply("a = 'é'\n", &[edit(6..8, "")], Err("a.py: bytes 6..8 can't be replaced"));
        check_apply("a = 1\n", &[edit(0..5, "b"), edit(4..5, "2")], Err("a.py: bytes 4..5 can't be replaced"));
        check_apply("a = 1\n", &[edit(4..5, "1")], Err("the patch changes nothing"));
    }

    proptest! {
        #[test]
        fn arbitrary_edits_never_panic(text in ".{0,80}", start in 0_usize..100, length in 0_usize..20, new in ".{0,10}") {
            let _ = apply(&[edit(start..start + length, &new)], &|_| Some(text.clone()));
        }
    }
}
