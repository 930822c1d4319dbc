//! Where a test stands in its file, found by its name or by a line in it.
//!
//! In: a test's id in any runner's spelling (`tests/test_a.py::TestX::test_y[1]`, `tests.test_a.TestX.test_y`,
//! `test/a.test.ts > Cart > adds`), its file. Out: a [`Place`].

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::excerpt::one_line;
use super::files::{Files, Source};
use super::view::View;
use crate::code::anatomy::{self, Part, PartKind};
use crate::code::titled_calls::TitledCall;
use crate::diagnosis::is_test_file;
use crate::evidence::Failure;

/// A helper longer than this is shown by its first lines.
const HELPER: usize = 40;

/// A file of at most so many lines is shown whole where it fits.
pub(super) const SHORT_FILE: usize = 120;

/// A test in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its own name.
    pub name: String,
    /// The test.
    pub rows: Range<usize>,
    /// The openings of the classes or groups around it.
    pub around: Vec<Range<usize>>,
    /// What is set up beside it.
    pub setup: Vec<Range<usize>>,
}

/// The file that holds a failure's test, where it is one of the repository's.
pub(super) fn file_of(files: &Files<'_>, failure: &Failure) -> Option<PathBuf> {
    let id = failure.test.as_deref().unwrap_or("");
    let result = files.case.evidence.run.tests.get(id).and_then(|test| test.file.clone());
    let in_id = [id.split_once("::"), id.split_once(" > ")].into_iter().flatten().map(|(file, _)| PathBuf::from(file));
    let frames = failure.stack.iter().map(|frame| frame.file.clone());
    let named = failure.file.clone().into_iter().chain(frames).filter(|file| is_test_file(file));
    let mut candidates = result.into_iter().chain(in_id).chain(named);
    candidates.find(|file| files.is_tracked(file)).or_else(|| dotted(files, id))
}

/// `tests.test_a.TestX.test_y` by the longest beginning that is a file.
fn dotted(files: &Files<'_>, id: &str) -> Option<PathBuf> {
    // unittest's own spelling is `test_y (tests.test_a.TestX.test_y)`.
    let id = id.split_once(" (").map_or(id, |(_, inner)| inner.trim_end_matches(')'));
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')) {
        return None;
    }
    let parts: Vec<&str> = id.split('.').filter(|part| !part.is_empty()).take(20).collect();
    (1..parts.len()).rev().find_map(|count| {
        let end = format!("{}.py", parts[..count].join("/"));
        let exact = PathBuf::from(&end);
        if files.is_tracked(&exact) { Some(exact) } else { files.ending_with(&end).next().map(Path::to_owned) }
    })
}

/// The test of that id; else the one around one of the lines.
pub(super) fn find(source: &Source, id: &str, rows: &[usize]) -> Option<Place> {
    let calls = source.titled_calls();
    if calls.is_empty() {
        return find_definition(source, id, rows);
    }
    let wanted = letters(id);
    let named = calls.iter().filter(|call| !wanted.is_empty() && wanted.ends_with(&letters(&call.path.concat())));
    let by_name = named
        .filter(|call| !call.is_group && !call.path.concat().is_empty())
        .max_by_key(|call| call.path.concat().len());
    let around = |row: &usize| {
        calls.iter().filter(|call| !call.is_group && call.rows.contains(row)).max_by_key(|call| call.rows.start)
    };
    let found = by_name.or_else(|| rows.iter().find_map(around))?;
    Some(of_call(found, calls))
}

/// Every test of a file.
pub(super) fn all(source: &Source) -> Vec<Place> {
    let calls = source.titled_calls();
    if !calls.is_empty() {
        return calls.iter().filter(|call| !call.is_group).map(|call| of_call(call, calls)).collect();
    }
    let is_test = |part: &&Part| part.kind == PartKind::Function && part.own_name().starts_with("test");
    source.parts.iter().filter(is_test).map(|part| of_part(source, part)).collect()
}

fn of_call(call: &TitledCall, calls: &[TitledCall]) -> Place {
    let groups = || {
        calls.iter().filter(|group| {
            group.is_group && group.rows.start <= call.rows.start && call.rows.end <= group.rows.end && *group != call
        })
    };
    Place {
        name: call.path.join(" > "),
        rows: call.rows.clone(),
        around: groups().map(|group| group.rows.start..group.opening + 1).collect(),
        setup: groups().flat_map(|group| group.setup.clone()).collect(),
    }
}

fn find_definition(source: &Source, id: &str, rows: &[usize]) -> Option<Place> {
    let id = id.split_once(" (").map_or(id, |(_, inner)| inner.trim_end_matches(')'));
    let id = id.split('[').next().unwrap_or(id).replace("::", ".");
    let is_named = |part: &&Part| {
        part.kind == PartKind::Function
            && id.strip_suffix(&part.name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let by_name = source.parts.iter().filter(is_named).max_by_key(|part| part.name.len());
    let around = |row: &usize| source.part_at(*row).filter(|part| part.kind == PartKind::Function);
    let part = by_name.or_else(|| rows.iter().find_map(around))?;
    Some(of_part(source, part))
}

fn of_part(source: &Source, part: &Part) -> Place {
    let class = source
        .parts
        .iter()
        .rfind(|outer| Some(outer.name.as_str()) == part.owner() && outer.rows.contains(&part.rows.start));
    let mut setup: Vec<Range<usize>> = Vec::new();
    if let (Some(class), Some(parsed)) = (class, &source.parsed) {
        setup.extend(anatomy::fields(parsed, class));
        let is_setup = |inner: &&Part| {
            inner.owner() == Some(&class.name)
                && matches!(
                    inner.own_name(),
                    "setUp" | "setUpClass" | "setup_method" | "setup_class" | "setup" | "asyncSetUp"
                )
        };
        setup.extend(source.parts.iter().filter(is_setup).map(|inner| inner.rows.clone()));
    }
    Place {
        name: part.name.clone(),
        rows: part.rows.clone(),
        around: class.map(|class| class.signature.clone()).into_iter().collect(),
        setup,
    }
}

/// Letters and digits only, in lower case: runners join titles in different ways.
fn letters(text: &str) -> String {
    let text = text.split_once(" #").map_or(text, |(text, _)| text);
    text.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Shows a test in a view, with what it uses of its file.
pub(super) fn show(source: &Source, place: &Place, view: &mut View<'_>) {
    view.keep(place.rows.start..place.rows.end.min(place.rows.start + 60), 0);
    view.keep(place.rows.clone(), 1);
    for rows in &place.around {
        view.keep(rows.clone(), 1);
    }
    for rows in &place.setup {
        view.keep(rows.start..rows.end.min(rows.start + HELPER), 2);
    }
    let mut used = source.names(&place.rows);
    used.extend(place.setup.iter().flat_map(|rows| source.names(rows)));
    // Helpers of helpers, one step further.
    for _ in 0..2 {
        let known = used.clone();
        let is_helper = |part: &&Part| {
            part.owner().is_none()
                && known.contains(part.own_name())
                && !part.rows.contains(&place.rows.start)
                && !part.own_name().starts_with("test_")
        };
        for part in source.parts.iter().filter(is_helper) {
            view.keep(part.rows.start..part.rows.end.min(part.rows.start + HELPER), 2);
            used.extend(source.names(&part.rows));
        }
        let is_used = |one: &&anatomy::Statement| one.names.iter().any(|name| known.contains(name.as_str()));
        for statement in source.statements.iter().filter(is_used) {
            view.keep(statement.rows.start..statement.rows.end.min(statement.rows.start + HELPER), 3);
            used.extend(source.names(&statement.rows));
        }
    }
    if view.len() <= SHORT_FILE {
        view.keep(0..view.len(), 5);
    }
}

/// `Cart > adds (lines 5–9)`.
pub(super) fn label(place: &Place) -> String {
    format!("{} (lines {}–{})", one_line(&place.name, 100), place.rows.start + 1, place.rows.end)
}

/// The fixtures that pytest hands to a test, from the `conftest.py` files above it: the file and its definitions.
pub(super) fn fixtures(files: &Files<'_>, source: &Source, place: &Place) -> Vec<(PathBuf, Vec<Part>)> {
    let mut wanted = source.names(&place.rows);
    wanted.retain(|name| !source.parts.iter().any(|part| part.own_name() == *name));
    let folders = source.path.ancestors().skip(1).map(Path::to_owned);
    let mut found = Vec::new();
    for file in folders.map(|folder| folder.join("conftest.py")).filter(|file| files.is_tracked(file)) {
        let Some(conftest) = files.source(&file) else { continue };
        let used = conftest.parts.iter().filter(|part| part.owner().is_none() && wanted.contains(part.own_name()));
        let rows: Vec<Part> = used.cloned().collect();
        if !rows.is_empty() {
            found.push((file, rows));
        }
    }
    found
}
