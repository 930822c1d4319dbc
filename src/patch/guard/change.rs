//! One file of a patch as the rules see it: what is new, and both trees where a rule asks for them.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::path::Path;

use crate::code::SourceFile;
use crate::patch::Changed;

/// The lines that stand in a file after the patch and nowhere in it before.
pub(super) struct Added<'a>(Vec<&'a str>);

impl<'a> Added<'a> {
    /// The new lines of a changed file.
    pub(super) fn of(changed: &'a Changed) -> Self {
        let known: HashSet<&str> = changed.before.lines().collect();
        Added(changed.after.lines().filter(|line| !known.contains(line)).collect())
    }

    /// The lines in order.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().copied()
    }

    /// The words of the new lines.
    pub(super) fn words(&self) -> impl Iterator<Item = &'a str> {
        self.lines().flat_map(words)
    }

    /// Whether a new line holds one of these whole words; the cheap question before the tree is asked.
    pub(super) fn holds_any(&self, wanted: &[&str]) -> bool {
        self.words().any(|word| wanted.contains(&word))
    }
}

/// The words of a line: runs of letters, digits, `_` and `$`.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).filter(|word| !word.is_empty())
}

/// A changed file.
pub(super) struct Change<'a> {
    /// Its path within the repository.
    pub(super) file: &'a Path,
    /// Its text before and after.
    pub(super) text: &'a Changed,
    /// The new lines.
    pub(super) added: &'a Added<'a>,
    trees: OnceCell<Option<(SourceFile, SourceFile)>>,
}

impl<'a> Change<'a> {
    /// A changed file with its new lines.
    pub(super) fn new(file: &'a Path, text: &'a Changed, added: &'a Added<'a>) -> Self {
        Change { file, text, added, trees: OnceCell::new() }
    }

    /// The file parsed, before and after; nothing where no grammar knows it.
    pub(super) fn trees(&self) -> Option<&(SourceFile, SourceFile)> {
        let parse = |text: &str| SourceFile::parse(self.file, text.to_owned()).ok();
        self.trees.get_or_init(|| Some((parse(&self.text.before)?, parse(&self.text.after)?))).as_ref()
    }
}
