//! The source of the failing tests, with the set-up, fixtures and helpers that they use.

use std::path::PathBuf;
use std::rc::Rc;

use super::SectionKind::FailingTest;
use super::failure::representatives;
use super::files::{Files, Source};
use super::piece::{Piece, Trim};
use super::test_place::{self, Place, SHORT_FILE};
use super::view::View;
use crate::code::anatomy::Part;

/// How many tests are shown.
const TESTS: usize = 4;

/// How many lines around a line are shown where no test is found.
const AROUND: usize = 30;

/// A file with failing tests.
pub(super) struct TestFile {
    /// The file.
    pub source: Rc<Source>,
    /// The failing tests that were found in it.
    pub places: Vec<Place>,
    /// The ids of these tests, as their runner spells them.
    pub ids: Vec<String>,
    /// Lines in it that stacks name, from 0.
    rows: Vec<usize>,
}

/// The failing tests' files, in the order of the failures.
pub(super) fn locate(files: &Files<'_>) -> Vec<TestFile> {
    let mut found: Vec<TestFile> = Vec::new();
    for failure in representatives(files).into_iter().take(TESTS) {
        let Some(path) = test_place::file_of(files, failure) else { continue };
        let Some(source) = files.source(&path) else { continue };
        let lines = failure.stack.iter().rev().filter(|frame| frame.file == path).map(|frame| frame.line);
        let own = failure.line.filter(|_| failure.file.as_ref() == Some(&path));
        let last = source.text.lines().count().saturating_sub(1);
        let rows: Vec<usize> = lines.chain(own).map(|line| (line as usize).saturating_sub(1).min(last)).collect();
        let id = failure.test.clone().unwrap_or_default();
        let place = test_place::find(&source, &id, &rows);
        let index = match found.iter().position(|known| known.source.path == path) {
            Some(index) => index,
            None => {
                found.push(TestFile { source, places: Vec::new(), ids: Vec::new(), rows: Vec::new() });
                found.len() - 1
            }
        };
        let file = &mut found[index];
        file.rows.extend(rows);
        file.ids.push(id);
        if let Some(place) = place.filter(|place| !file.places.contains(place)) {
            file.places.push(place);
        }
    }
    found
}

/// The failing tests, and the fixtures that they are given.
pub(super) fn pieces(files: &Files<'_>, tests: &[TestFile]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = tests.iter().map(piece).collect();
    for test in tests {
        for place in &test.places {
            pieces.extend(
                test_place::fixtures(files, &test.source, place)
                    .into_iter()
                    .filter_map(|(file, rows)| fixture(files, file, &rows)),
            );
        }
    }
    let mut seen = std::collections::HashSet::new();
    pieces.retain(|piece| seen.insert(piece.title.clone()));
    pieces
}

fn piece(test: &TestFile) -> Piece {
    let source = &test.source;
    let mut view = View::new(&source.path, &source.text);
    for place in &test.places {
        test_place::show(source, place, &mut view);
    }
    if test.places.is_empty() {
        let whole = 0..view.len();
        for row in test.rows.iter().take(3) {
            view.keep_around(*row, AROUND / 3, &whole, 0);
            view.keep_around(*row, AROUND, &whole, 1);
        }
        view.keep(0..if view.len() <= SHORT_FILE || view.is_empty() { view.len().min(SHORT_FILE) } else { 0 }, 2);
    }
    let labels: Vec<String> = test.places.iter().map(test_place::label).collect();
    let title = match labels.is_empty() {
        true => source.path.display().to_string(),
        false => format!("{}, {}", source.path.display(), labels.join(", ")),
    };
    let mut piece = Piece::new(FailingTest, &title, view.forms(), Trim::End);
    piece.files = vec![source.path.clone()];
    piece
}

fn fixture(files: &Files<'_>, file: PathBuf, parts: &[Part]) -> Option<Piece> {
    let source = files.source(&file)?;
    let mut view = View::new(&file, &source.text);
    for Part { rows, .. } in parts {
        view.keep(rows.start..rows.end.min(rows.start + 60), 0);
    }
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    let title = format!("{}, fixtures: {}", file.display(), names.join(", "));
    let mut piece = Piece::new(FailingTest, &title, view.forms(), Trim::End);
    piece.files = vec![file];
    Some(piece)
}
