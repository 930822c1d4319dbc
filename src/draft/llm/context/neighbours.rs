//! What the suspects call and who calls them: signatures and docstrings, one hop and then two.
//!
//! A called name is looked for in the same file, then through the imports, then by name in the repository; a name that
//! many files define is nobody's in particular and left out.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::SectionKind::Neighbour;
use super::corpus::{Corpus, Found};
use super::files::{Files, Source};
use super::imports;
use super::piece::{Piece, Trim};
use super::suspects::Suspected;
use super::view::View;
use crate::code::anatomy::{Part, PartKind};
use crate::code::calls::calls_in;
use crate::diagnosis::is_test_file;

/// How many names are looked for.
const NAMES: usize = 30;

/// How many files of callees, of callers, and of the second hop are shown.
const MOST: (usize, usize, usize) = (8, 6, 4);

/// How many files are parsed in search of callers.
const PARSED: usize = 16;

/// A longer file is not looked at for callers, in bytes: it is generated.
const LONGEST_CALLER: usize = 256 * 1024;

/// A name that more files define is ambiguous.
const AMBIGUOUS: usize = 3;

/// A body of at most so many lines is shown whole.
const SHORT_BODY: usize = 8;

/// Names of which everything has one.
const COMMON: &[&str] = &[
    "__init__",
    "constructor",
    "main",
    "render",
    "get",
    "set",
    "run",
    "add",
    "append",
    "push",
    "map",
    "filter",
    "join",
    "split",
    "print",
    "len",
    "str",
    "int",
    "list",
    "dict",
    "isinstance",
    "super",
    "range",
    "require",
    "toString",
    "log",
    "describe",
    "test",
    "expect",
    "format",
    "items",
    "keys",
    "values",
    "pop",
    "sorted",
    "sum",
    "min",
    "max",
];

/// Definitions to show, by file, and the rows in them that are of interest; the most useful file first.
type Shown = Vec<(PathBuf, Vec<(Part, Vec<usize>)>)>;

/// The neighbours in other files; those in a suspect's own file become part of its view.
/// `elsewhere` are further files that are shown anyway.
pub(super) fn pieces(
    files: &Files<'_>,
    suspected: &mut [Suspected],
    elsewhere: &[PathBuf],
) -> (Vec<Piece>, Option<String>) {
    if suspected.iter().all(|one| one.targets.is_empty()) {
        return (Vec::new(), None);
    }
    let mut callees = Shown::new();
    let mut unknown: Vec<String> = Vec::new();
    for one in suspected.iter_mut() {
        unknown.extend(resolve(files, one, &mut callees));
    }
    let near: Vec<PathBuf> = suspected.iter().map(|one| one.source.path.clone()).collect();
    let near: Vec<&Path> = near.iter().map(PathBuf::as_path).collect();
    let corpus = Corpus::load(files, &near);
    let called: Vec<String> = target_names(suspected);
    let mut names = called.clone();
    names.extend(unknown.into_iter().filter(|name| !called.contains(name)).take(NAMES));
    let found = corpus.find(&names);
    for (index, name) in names.iter().enumerate().skip(called.len()) {
        by_name(files, &corpus, &found.defined[index], name, &mut callees);
    }
    let callers = callers(files, &corpus, &found, &called, &near);
    let mut further = callees_of(files, &callees);
    further.extend(callers_of(files, &corpus, &callers, &near));
    let mut pieces = Vec::new();
    let shown: HashSet<PathBuf> = near.iter().map(|path| path.to_path_buf()).chain(elsewhere.iter().cloned()).collect();
    pieces.extend(of(files, &callees, "called by the suspects", &shown, MOST.0));
    pieces.extend(of(files, &callers, "calls the suspects", &shown, MOST.1));
    pieces.extend(of(files, &further, "two calls away", &shown, MOST.2));
    (pieces, corpus.stopped)
}

/// The names of the suspicious definitions; a constructor is called by its class's name.
fn target_names(suspected: &[Suspected]) -> Vec<String> {
    let mut names = Vec::new();
    for target in suspected.iter().flat_map(|one| &one.targets) {
        let name = match target.part.own_name() {
            "__init__" | "constructor" => target.part.owner().and_then(|owner| owner.rsplit('.').next()).unwrap_or(""),
            name => name,
        };
        if is_telling(name) && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names.truncate(8);
    names
}

fn is_telling(name: &str) -> bool {
    name.len() >= 3 && !COMMON.contains(&name)
}

/// Finds what a file's suspects call in the same file and through its imports; gives the names that are left.
fn resolve(files: &Files<'_>, one: &mut Suspected, callees: &mut Shown) -> Vec<String> {
    let source = one.source.clone();
    let mut unknown = Vec::new();
    let mut seen = HashSet::new();
    let mut wanted = Vec::new();
    for (name, receiver) in called_names(one).into_iter().filter(|(name, _)| seen.insert(name.clone())).take(NAMES) {
        let is_other = |part: &&Part| {
            part.own_name() == name && !one.targets.iter().any(|target| target.part.rows.contains(&part.rows.start))
        };
        if let Some(part) = source.parts.iter().find(is_other) {
            wanted.push(part.signature.clone());
            wanted.push(part.doc.start..part.doc.end.min(part.doc.start + 3));
            if part.rows.len() <= SHORT_BODY {
                wanted.push(part.rows.clone());
            }
            continue;
        }
        let first = receiver.as_deref().and_then(|receiver| receiver.split(['.', '(', '[']).next()).unwrap_or("");
        let through = imports::files_of(files, &source, &[name.as_str(), first]);
        let resolved = through.into_iter().any(|file| add(files, &file, &name, callees));
        if !resolved && is_telling(&name) {
            unknown.push(name);
        }
    }
    one.wanted = wanted;
    unknown
}

/// The names that suspects call or take their types from, those near the suspicious lines first.
fn called_names(one: &Suspected) -> Vec<(String, Option<String>)> {
    let Some(parsed) = &one.source.parsed else { return Vec::new() };
    let mut found = Vec::new();
    for target in &one.targets {
        let mut calls = calls_in(parsed, &target.part.rows);
        calls.sort_by_key(|call| target.rows.iter().take(5).map(|row| row.abs_diff(call.row)).min());
        found.extend(calls.into_iter().map(|call| (call.name, call.receiver)));
        let mut types: Vec<&str> = one
            .source
            .names(&target.part.signature)
            .into_iter()
            .filter(|name| name.starts_with(char::is_uppercase))
            .collect();
        types.sort_unstable();
        found.extend(types.into_iter().map(|name| (name.to_owned(), None)));
    }
    found
}

/// Adds the definition of `name` in `file`; whether there is one.
fn add(files: &Files<'_>, file: &Path, name: &str, shown: &mut Shown) -> bool {
    let Some(source) = files.source(file) else { return false };
    let Some(part) = source.parts.iter().find(|part| part.own_name() == name) else { return false };
    put(shown, file, part, None);
    true
}

fn put(shown: &mut Shown, file: &Path, part: &Part, row: Option<usize>) {
    let index = shown.iter().position(|(path, _)| path == file).unwrap_or_else(|| {
        shown.push((file.to_owned(), Vec::new()));
        shown.len() - 1
    });
    let known = &mut shown[index].1;
    match known.iter_mut().find(|(other, _)| other == part) {
        Some((_, rows)) => rows.extend(row),
        None => known.push((part.clone(), row.into_iter().collect())),
    }
}

/// Adds a definition found by its name alone, where few files have one.
fn by_name(files: &Files<'_>, corpus: &Corpus, defined: &[usize], name: &str, callees: &mut Shown) {
    if defined.len() <= AMBIGUOUS {
        for file in defined.iter().take(1) {
            add(files, corpus.path(*file), name, callees);
        }
    }
}

/// The definitions that call one of the names.
fn callers(files: &Files<'_>, corpus: &Corpus, found: &Found, names: &[String], near: &[&Path]) -> Shown {
    let stems: Vec<&str> = near.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    let mut candidates: Vec<(bool, bool, usize)> = Vec::new();
    for index in 0..names.len() {
        let defined: HashSet<usize> = found.defined[index].iter().copied().collect();
        // A file with a definition of its own calls that one.
        let others =
            found.named[index].iter().filter(|file| !defined.contains(file) && !near.contains(&corpus.path(**file)));
        candidates.extend(others.take(500).map(|file| {
            let imports = stems.iter().any(|stem| corpus.has(*file, stem));
            (!imports, is_test_file(corpus.path(*file)), *file)
        }));
    }
    candidates.sort_unstable();
    candidates.dedup();
    let mut shown = Shown::new();
    for (_, _, file) in candidates.into_iter().take(PARSED) {
        if corpus.bytes(file) > LONGEST_CALLER {
            continue;
        }
        let Some(source) = files.source(corpus.path(file)) else { continue };
        add_callers(&source, names, &mut shown);
    }
    shown
}

fn add_callers(source: &Source, names: &[String], shown: &mut Shown) {
    let Some(parsed) = &source.parsed else { return };
    let rows = 0..source.text.lines().count();
    let calls = calls_in(parsed, &rows).into_iter().filter(|call| names.contains(&call.name));
    for call in calls.take(6) {
        if let Some(part) = source.part_at(call.row) {
            put(shown, &source.path, part, Some(call.row));
        }
    }
}

/// What the callees call, as far as their own files and imports say.
fn callees_of(files: &Files<'_>, first: &Shown) -> Shown {
    let mut further = Shown::new();
    for (path, parts) in first.iter().take(MOST.2) {
        let Some(source) = files.source(path) else { continue };
        let Some(parsed) = &source.parsed else { continue };
        for (part, _) in parts.iter().take(MOST.2) {
            let mut names: Vec<String> = calls_in(parsed, &part.rows).into_iter().map(|call| call.name).collect();
            names.sort_unstable();
            names.dedup();
            for name in names.iter().filter(|name| is_telling(name)).take(6) {
                let known = |inner: &&Part| inner.own_name() == name && !parts.iter().any(|(shown, _)| shown == *inner);
                match source.parts.iter().find(known) {
                    Some(inner) => put(&mut further, path, inner, None),
                    None => {
                        let through = imports::files_of(files, &source, &[name]);
                        let fresh = |file: &&PathBuf| !first.iter().any(|(path, _)| path == *file);
                        through.iter().filter(fresh).any(|file| add(files, file, name, &mut further));
                    }
                }
            }
        }
    }
    further
}

/// Who calls the callers.
fn callers_of(files: &Files<'_>, corpus: &Corpus, first: &Shown, near: &[&Path]) -> Shown {
    let tests = |path: &Path| is_test_file(path);
    let parts = first.iter().filter(|(path, _)| !tests(path)).flat_map(|(_, parts)| parts);
    let mut names: Vec<String> =
        parts.map(|(part, _)| part.own_name().to_owned()).filter(|name| is_telling(name)).take(8).collect();
    names.sort_unstable();
    names.dedup();
    let known: Vec<&Path> = near.iter().copied().chain(first.iter().map(|(path, _)| path.as_path())).collect();
    let mut shown = callers(files, corpus, &corpus.find(&names), &names, &known);
    shown.retain(|(path, _)| !tests(path));
    shown
}

fn of(files: &Files<'_>, shown: &Shown, why: &str, elsewhere: &HashSet<PathBuf>, most: usize) -> Vec<Piece> {
    // Tests that call a suspect say what is expected, but the failing one is shown already.
    let mut order: Vec<_> = shown.iter().filter(|(path, _)| !elsewhere.contains(path)).collect();
    order.sort_by_key(|(path, _)| is_test_file(path));
    order.into_iter().take(most).filter_map(|(path, parts)| piece(&*files.source(path)?, parts, why)).collect()
}

fn piece(source: &Source, parts: &[(Part, Vec<usize>)], why: &str) -> Option<Piece> {
    let mut view = View::new(&source.path, &source.text);
    for (part, rows) in parts.iter().take(8) {
        view.keep(part.signature.start..part.signature.end.min(part.signature.start + 12), 0);
        view.keep(part.doc.start..part.doc.end.min(part.doc.start + 3), 1);
        for row in rows.iter().take(3) {
            view.keep(*row..row + 1, 0);
            view.keep_around(*row, 2, &part.rows, 1);
        }
        let short = if part.kind == PartKind::Type { 25 } else { SHORT_BODY };
        if part.rows.len() <= short {
            view.keep(part.rows.clone(), 2);
        }
    }
    let names: Vec<&str> = parts.iter().take(4).map(|(part, _)| part.name.as_str()).collect();
    let title = format!("{}, {}: {why}", source.path.display(), names.join(", "));
    let mut piece = Piece::new(Neighbour, &title, view.forms(), Trim::End);
    piece.files = vec![source.path.clone()];
    (!view.is_empty()).then_some(piece)
}
