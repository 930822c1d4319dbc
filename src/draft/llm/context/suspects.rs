//! The definitions around the ranked locations, with what a reader needs of their files.
//!
//! One piece per file. What is most suspicious stays longest when room is short: first the lines around the most
//! suspicious ones, then the whole definition, its class, its imports, the constants and helpers that it uses.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::SectionKind::Suspect;
use super::failure;
use super::files::{Files, Source};
use super::piece::{Piece, Trim};
use super::test_place::SHORT_FILE;
use super::view::View;
use crate::code::anatomy::{self, Part, PartKind};
use crate::evidence::stack::is_foreign;

/// How many files are shown.
const FILES: usize = 10;

/// How many definitions of one file are shown.
const DEFINITIONS: usize = 6;

/// Of nested functions the outermost is shown that is no longer than this, in lines.
const LONGEST_OUTER: usize = 150;

/// How many lines the title names.
const NAMED_LINES: usize = 6;

/// How many lines around a location are shown where no definition is known.
const AROUND: usize = 30;

/// The longest list of imports that is shown whole, in lines.
const IMPORTS: usize = 40;

/// A suspicious file.
pub(super) struct Suspected {
    /// The file.
    pub source: Rc<Source>,
    /// Its definitions, the most suspicious first.
    pub targets: Vec<Target>,
    /// Rows outside of any definition.
    loose: Vec<usize>,
    /// All its suspicious rows, the most suspicious first.
    rows: Vec<usize>,
    /// Rows that the neighbours want to be shown.
    pub wanted: Vec<Range<usize>>,
}

/// A suspicious definition.
pub(super) struct Target {
    /// The definition.
    pub part: Part,
    /// The suspicious rows in it, the most suspicious first.
    pub rows: Vec<usize>,
}

/// The suspicious files, the most suspicious first.
pub(super) fn locate(files: &Files<'_>) -> Vec<Suspected> {
    let mut order: Vec<PathBuf> = Vec::new();
    let mut rows: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
    for (file, line) in places(files) {
        let known = rows.entry(file.clone()).or_default();
        if known.is_empty() {
            order.push(file);
        }
        known.push((line as usize).saturating_sub(1));
    }
    let sources = order.into_iter().filter_map(|file| Some((files.source(&file)?, rows.remove(&file)?)));
    sources.take(FILES).map(|(source, rows)| suspected(source, rows)).collect()
}

/// The diagnosis's locations; where it has none, what the failures name outside of tests.
fn places(files: &Files<'_>) -> Vec<(PathBuf, u32)> {
    let locations = &files.case.diagnosis.locations;
    if !locations.is_empty() {
        return locations.iter().map(|location| (location.file.clone(), location.line.0)).collect();
    }
    let own = |file: &Path| !crate::diagnosis::is_test_file(file) && !is_foreign(&file.to_string_lossy());
    let named = failure::failures(files).iter().take(200).flat_map(|one| {
        let place = one.file.clone().map(|file| (file, one.line.unwrap_or(1)));
        place.into_iter().chain(one.stack.iter().rev().map(|frame| (frame.file.clone(), frame.line)))
    });
    let mut seen = HashSet::new();
    named.filter(|(file, _)| own(file)).filter(|place| seen.insert(place.clone())).take(200).collect()
}

fn suspected(source: Rc<Source>, rows: Vec<usize>) -> Suspected {
    let last = source.text.lines().count().saturating_sub(1);
    let rows: Vec<usize> = rows.into_iter().map(|row| row.min(last)).collect();
    let mut targets: Vec<Target> = Vec::new();
    let mut loose = Vec::new();
    for &row in &rows {
        let Some(part) = definition_around(&source, row) else {
            loose.push(row);
            continue;
        };
        match targets.iter_mut().find(|target| target.part == *part) {
            Some(known) => known.rows.push(row),
            None => targets.push(Target { part: part.clone(), rows: vec![row] }),
        }
    }
    targets.truncate(DEFINITIONS);
    Suspected { source, targets, loose, rows, wanted: Vec::new() }
}

/// The function around a row: of nested ones the outermost that is not long. Where there is none, the class or type.
fn definition_around(source: &Source, row: usize) -> Option<&Part> {
    let around = || source.parts.iter().filter(move |part| part.rows.contains(&row));
    let functions = || around().filter(|part| part.kind == PartKind::Function);
    functions()
        .find(|part| part.rows.len() <= LONGEST_OUTER)
        .or_else(|| functions().next_back())
        .or_else(|| around().next_back())
}

/// The pieces of the suspicious files.
pub(super) fn pieces(suspected: &[Suspected]) -> Vec<Piece> {
    suspected.iter().map(piece).collect()
}

fn piece(suspected: &Suspected) -> Piece {
    let source = &suspected.source;
    let mut view = View::new(&source.path, &source.text);
    for (rank, target) in suspected.targets.iter().enumerate() {
        show_target(source, target, rank, &mut view);
    }
    let whole = 0..view.len();
    let (near, far) = if source.parts.is_empty() { (AROUND / 3, AROUND) } else { (3, 8) };
    for row in suspected.loose.iter().take(3) {
        let worst = suspected.targets.is_empty();
        view.keep_around(*row, near, &whole, if worst { 0 } else { 2 });
        view.keep_around(*row, far, &whole, if worst { 1 } else { 4 });
    }
    show_surroundings(suspected, &mut view);
    for rows in &suspected.wanted {
        view.keep(rows.clone(), 5);
    }
    if view.len() <= SHORT_FILE {
        view.keep(whole, 6);
    }
    let mut piece = Piece::new(Suspect, &title(suspected), view.forms(), Trim::End);
    piece.files = vec![source.path.clone()];
    piece
}

fn show_target(source: &Source, target: &Target, rank: usize, view: &mut View<'_>) {
    let part = &target.part;
    let first = rank == 0;
    view.keep(part.signature.clone(), if first { 0 } else { 1 });
    view.keep(part.doc.start..part.doc.end.min(part.doc.start + 4), if first { 2 } else { 3 });
    for row in target.rows.iter().take(3) {
        view.keep_around(*row, 3, &part.rows, if first { 0 } else { 2 });
        view.keep_around(*row, 8, &part.rows, if first { 1 } else { 3 });
    }
    for row in target.rows.iter().take(20) {
        view.keep_around(*row, 2, &part.rows, if first { 2 } else { 3 });
    }
    // The most suspicious definition is shown whole before the others are; a class only around its suspicious lines.
    if part.kind != PartKind::Class || part.rows.len() <= SHORT_FILE / 2 {
        view.keep(part.rows.clone(), if first { 3 } else { 4 });
    }
    let mut owner = part.owner();
    while let Some(name) = owner {
        if let Some(class) =
            source.parts.iter().find(|outer| outer.name == name && outer.rows.contains(&part.rows.start))
        {
            view.keep(class.signature.clone(), 1);
            show_class(source, class, view);
        }
        owner = name.rsplit_once('.').map(|(outer, _)| outer);
    }
}

/// The fields of a class and its constructor.
fn show_class(source: &Source, class: &Part, view: &mut View<'_>) {
    if class.kind != PartKind::Class {
        return;
    }
    let fields = source.parsed.as_ref().map(|parsed| anatomy::fields(parsed, class)).unwrap_or_default();
    for rows in fields.into_iter().take(30) {
        view.keep(rows.start..rows.end.min(rows.start + 12), 4);
    }
    let is_constructor =
        |part: &&Part| part.owner() == Some(&class.name) && matches!(part.own_name(), "__init__" | "constructor");
    for part in source.parts.iter().filter(is_constructor) {
        view.keep(part.signature.clone(), 4);
        view.keep(part.rows.start..part.rows.end.min(part.rows.start + 20), 4);
    }
}

/// The imports, and the constants and types that the suspicious definitions use.
fn show_surroundings(suspected: &Suspected, view: &mut View<'_>) {
    let source = &suspected.source;
    let mut used: HashSet<&str> = HashSet::new();
    for target in &suspected.targets {
        used.extend(source.names(&target.part.rows));
    }
    for row in &suspected.loose {
        used.extend(source.names(&(row.saturating_sub(5)..row + 6)));
    }
    let is_used = |names: &[String]| names.iter().any(|name| used.contains(name.as_str()));
    let imports: usize = source.statements.iter().filter(|one| one.is_import).map(|one| one.rows.len()).sum();
    for statement in &source.statements {
        let rows = statement.rows.start..statement.rows.end.min(statement.rows.start + 20);
        match (statement.is_import, is_used(&statement.names)) {
            (true, true) => view.keep(rows, 2),
            (true, false) if imports <= IMPORTS => view.keep(rows, 5),
            (false, true) => view.keep(rows, 4),
            _ => {}
        }
    }
    let is_type = |part: &&Part| part.kind == PartKind::Type && used.contains(part.own_name());
    for part in source.parts.iter().filter(is_type) {
        view.keep(part.rows.start..part.rows.end.min(part.rows.start + 30), 4);
    }
}

/// `src/a.py, total (lines 10–31), tax (lines 40–52); most suspicious: 14, 17`.
fn title(suspected: &Suspected) -> String {
    let of = |target: &Target| {
        format!("{} (lines {}–{})", target.part.name, target.part.rows.start + 1, target.part.rows.end)
    };
    let targets: Vec<String> = suspected.targets.iter().take(3).map(of).collect();
    let mut lines: Vec<usize> = Vec::new();
    for row in &suspected.rows {
        if lines.len() < NAMED_LINES && !lines.contains(&(row + 1)) {
            lines.push(row + 1);
        }
    }
    lines.sort_unstable();
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    let path = suspected.source.path.display();
    let targets = if targets.is_empty() { String::new() } else { format!(", {}", targets.join(", ")) };
    format!("{path}{targets}; most suspicious: {}", lines.join(", "))
}
