//! A file that blocks are about: its lines and, when asked for, its syntax.

use std::cell::OnceCell;
use std::ops::Range;
use std::path::PathBuf;

use super::lines::Lines;
use crate::code::SourceFile;
use crate::code::outline::{self, Definition};

/// The largest file that is edited, in bytes: what [`crate::code`] parses at most.
pub(super) const MAX_FILE_BYTES: usize = crate::code::source::MAX_BYTES;

/// A file and what is known of it.
pub(super) struct Source {
    /// Its path relative to the repository.
    pub path: PathBuf,
    /// Its lines.
    pub lines: Lines,
    parsed: OnceCell<Option<(SourceFile, Vec<Definition>)>>,
}

impl Source {
    /// A file of that text.
    pub fn of(path: PathBuf, text: &str) -> Self {
        Source { path, lines: Lines::of(text), parsed: OnceCell::new() }
    }

    /// Its syntax tree; `None` where no grammar is known.
    pub fn tree(&self) -> Option<&SourceFile> {
        self.parsed().map(|(tree, _)| tree)
    }

    /// Its definitions, outer ones first; none where no grammar is known.
    pub fn definitions(&self) -> &[Definition] {
        self.parsed().map_or(&[], |(_, definitions)| definitions)
    }

    /// The definitions of that name: those of exactly this dotted name, else those whose name ends with it.
    pub fn named(&self, name: &str) -> Vec<&Definition> {
        let name = plain_name(name);
        if name.is_empty() {
            return Vec::new();
        }
        let exact: Vec<_> = self.definitions().iter().filter(|definition| definition.name == name).collect();
        if !exact.is_empty() {
            return exact;
        }
        self.definitions().iter().filter(|definition| ends_with(&definition.name, &name)).collect()
    }

    /// The lines of a definition, from 0, half-open; its decorators belong to it.
    pub fn rows(&self, definition: &Definition) -> Range<usize> {
        let mut first = definition.first.index();
        while first > 0 && self.lines.content(first - 1).trim_start().starts_with('@') {
            first -= 1;
        }
        first..definition.last.index() + 1
    }

    /// Whether some lines are all of one definition.
    pub fn is_in_definition(&self, rows: &Range<usize>) -> bool {
        let mut outer = self.definitions().iter().map(|definition| self.rows(definition));
        outer.any(|outer| outer.start <= rows.start && rows.end <= outer.end)
    }

    fn parsed(&self) -> Option<&(SourceFile, Vec<Definition>)> {
        let parse = || {
            let tree = SourceFile::parse(&self.path, self.lines.text.clone()).ok()?;
            let definitions = outline::definitions(&tree);
            Some((tree, definitions))
        };
        self.parsed.get_or_init(parse).as_ref()
    }
}

/// Whether a dotted name is another one or ends with all of its parts.
pub(super) fn ends_with(name: &str, end: &str) -> bool {
    name == end || name.strip_suffix(end).is_some_and(|rest| rest.ends_with('.'))
}

/// A name as definitions have it, of what models write: `def f(a):`, `Cart::total`, `Cart#total()`, `` `f` ``.
pub(super) fn plain_name(written: &str) -> String {
    let cut = written.split(['(', '{', ':']).next().unwrap_or("");
    let cut = if written.contains("::") { written.split(['(', '{']).next().unwrap_or("") } else { cut };
    let last = cut.trim_matches(['`', '"', '\'', ' ', '*', '=', '<', '>']).split_whitespace();
    let words: Vec<&str> = last.filter(|word| *word != "=").collect();
    let name = match words.as_slice() {
        ["class", name, ..] => name,
        [.., name] => name,
        [] => "",
    };
    name.replace("::", ".").replace(['#', '/'], ".").trim_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_models_write_them() {
        let table = [
            ("total", "total"),
            ("def total(self):", "total"),
            ("async function run(a) {", "run"),
            ("Cart::total", "Cart.total"),
            ("Cart#total()", "Cart.total"),
            ("`Cart.total`", "Cart.total"),
            ("class Cart(Base):", "Cart"),
            ("const sum =", "sum"),
            ("", ""),
        ];
        for (written, name) in table {
            assert_eq!(plain_name(written), name, "{written}");
        }
    }
}
