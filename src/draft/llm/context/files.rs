//! The repository's files as the packer sees them: only tracked ones that may be sent, read and parsed once.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::Wish;
use crate::code::SourceFile;
use crate::code::anatomy::{self, Part, Statement};
use crate::code::titled_calls::{TitledCall, titled_calls};
use crate::draft::Case;

/// A file that may be shown.
pub(super) struct Source {
    /// Its path, relative to the repository.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// Its tree, where a grammar is known.
    pub parsed: Option<SourceFile>,
    /// Its definitions.
    pub parts: Vec<Part>,
    /// The statements beside them.
    pub statements: Vec<Statement>,
    calls: OnceCell<Vec<TitledCall>>,
}

impl Source {
    fn new(path: &Path, text: String) -> Self {
        let parsed = SourceFile::parse(path, text.clone()).ok();
        let parts = parsed.as_ref().map(anatomy::parts).unwrap_or_default();
        let statements = parsed.as_ref().map(anatomy::statements).unwrap_or_default();
        Source { path: path.to_owned(), text, parsed, parts, statements, calls: OnceCell::new() }
    }

    /// The innermost definition around a row.
    pub fn part_at(&self, row: usize) -> Option<&Part> {
        self.parts.iter().filter(|part| part.rows.contains(&row)).max_by_key(|part| part.rows.start)
    }

    /// The tests and groups of tests that are calls with a title.
    pub fn titled_calls(&self) -> &[TitledCall] {
        self.calls.get_or_init(|| self.parsed.as_ref().map(titled_calls).unwrap_or_default())
    }

    /// The names that occur in some rows.
    pub fn names(&self, rows: &std::ops::Range<usize>) -> HashSet<&str> {
        self.parsed.as_ref().map(|parsed| anatomy::names(parsed, rows)).unwrap_or_default()
    }
}

/// Reads on demand; keeps what it read.
pub(super) struct Files<'a> {
    /// The question.
    pub case: &'a Case<'a>,
    wish: &'a Wish<'a>,
    tracked: HashSet<&'a Path>,
    known: RefCell<HashMap<PathBuf, Option<Rc<Source>>>>,
    hidden: RefCell<BTreeSet<PathBuf>>,
    by_name: OnceCell<HashMap<&'a OsStr, Vec<&'a Path>>>,
}

impl<'a> Files<'a> {
    pub fn new(case: &'a Case<'a>, wish: &'a Wish<'a>) -> Self {
        let tracked = case.tracked.iter().map(PathBuf::as_path).collect();
        Files { case, wish, tracked, known: RefCell::default(), hidden: RefCell::default(), by_name: OnceCell::new() }
    }

    /// Whether a path may be named and shown; it is counted where it may not.
    pub fn may_send(&self, path: &Path) -> bool {
        let may = self.is_open(path);
        if !may {
            self.hidden.borrow_mut().insert(path.to_owned());
        }
        may
    }

    /// Whether a path may be shown, for files that nobody asks for by name.
    pub fn is_open(&self, path: &Path) -> bool {
        (self.wish.may_send)(path)
    }

    /// Whether a path is one of the repository's.
    pub fn is_tracked(&self, path: &Path) -> bool {
        path.components().all(|part| matches!(part, Component::Normal(_))) && self.tracked.contains(path)
    }

    /// The tracked files whose path ends with whole parts of `end`, in their order.
    pub fn ending_with(&self, end: &str) -> impl Iterator<Item = &'a Path> {
        let by_name = self.by_name.get_or_init(|| {
            let mut by_name: HashMap<&OsStr, Vec<&Path>> = HashMap::new();
            for path in self.case.tracked {
                by_name.entry(path.file_name().unwrap_or_default()).or_default().push(path);
            }
            by_name
        });
        let end = PathBuf::from(end);
        let named = by_name.get(end.file_name().unwrap_or_default()).cloned().unwrap_or_default();
        named.into_iter().filter(move |path| path.ends_with(&end))
    }

    /// A tracked file that may be sent.
    pub fn source(&self, path: &Path) -> Option<Rc<Source>> {
        if !self.is_tracked(path) || !self.may_send(path) {
            return None;
        }
        if let Some(known) = self.known.borrow().get(path) {
            return known.clone();
        }
        let source = (self.case.read)(path).map(|text| Rc::new(Source::new(path, text)));
        self.known.borrow_mut().insert(path.to_owned(), source.clone());
        source
    }

    /// Whether a patch may touch it.
    pub fn may_edit(&self, path: &Path) -> bool {
        self.case.guard.check_path(self.case.root, path).is_ok()
    }

    /// The files that were asked for and may not be sent.
    pub fn hidden(&self) -> BTreeSet<PathBuf> {
        self.hidden.borrow().clone()
    }
}
