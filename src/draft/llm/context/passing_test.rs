//! The passing test that is nearest to the failing one: what works shows where the difference lies.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::Path;

use super::SectionKind::PassingTest;
use super::excerpt::cut_line;
use super::failing_test::TestFile;
use super::failure;
use super::files::Files;
use super::piece::{Piece, Trim};
use super::test_place::{self, Place};
use crate::testbed::run::TestResult;

/// How many tests are compared.
const TESTS: usize = 200;

/// How many covered lines of a test are compared.
const COVERED: usize = 5_000;

/// How many lines of it are shown.
const LINES: usize = 60;

/// The test nearest to the first failing one: the most lines of code in common, then the most words of the name.
pub(super) fn pieces(files: &Files<'_>, tests: &[TestFile]) -> Vec<Piece> {
    let first = tests.iter().find_map(|file| Some((file, file.places.first()?)));
    let Some((file, failing)) = first else { return Vec::new() };
    let (nearest, state) = if files.case.evidence.run.tests.is_empty() {
        (other(files, file, failing), "not among the failing ones")
    } else {
        (passing(files, file, failing), "passes")
    };
    let Some(place) = nearest else { return Vec::new() };
    // The rest of the file stands with the failing test.
    let lines = file.source.text.lines().skip(place.rows.start).take(place.rows.len().min(LINES));
    let text: String = lines.map(|line| cut_line(line) + "\n").collect();
    let title = format!("{}, {}, {state}", file.source.path.display(), test_place::label(&place));
    vec![Piece::new(PassingTest, &title, vec![text], Trim::End)]
}

/// Of the tests that the runner saw pass.
fn passing(files: &Files<'_>, file: &TestFile, failing: &Place) -> Option<Place> {
    let of_file = |test: &&TestResult| test.file.as_ref().is_none_or(|of| *of == file.source.path);
    let passed = files.case.evidence.run.passing().filter(of_file).take(TESTS);
    let placed = passed.filter_map(|test| Some((test, test_place::find(&file.source, &test.id, &[])?)));
    let covered: HashSet<(&Path, u32)> = file.ids.first().map(|id| lines_of(files, id)).unwrap_or_default();
    let common = |id: &str| match covered.is_empty() {
        true => 0,
        false => lines_of(files, id).intersection(&covered).count(),
    };
    let fresh = placed.filter(|(_, place)| !file.places.contains(place));
    let nearest = fresh
        .max_by_key(|(test, place)| (common(&test.id), words_in_common(failing, place), Reverse(place.rows.start)));
    nearest.map(|(_, place)| place)
}

/// Of the tests that a log does not name as failing.
fn other(files: &Files<'_>, file: &TestFile, failing: &Place) -> Option<Place> {
    let named = failure::failures(files).iter().filter_map(|one| one.test.as_deref()).take(TESTS);
    let fail: Vec<Place> = named.filter_map(|id| test_place::find(&file.source, id, &[])).collect();
    let fresh = test_place::all(&file.source).into_iter();
    let fresh = fresh.filter(|place| !fail.contains(place) && !file.places.contains(place));
    fresh.max_by_key(|place| (words_in_common(failing, place), Reverse(place.rows.start)))
}

/// Lines of code that a test ran.
fn lines_of<'a>(files: &Files<'a>, id: &str) -> HashSet<(&'a Path, u32)> {
    let of_test = files.case.evidence.coverage.iter().find(|coverage| coverage.id == id);
    let lines = of_test.iter().flat_map(|coverage| &coverage.files);
    lines.flat_map(|(file, lines)| lines.iter().map(|line| (file.as_path(), *line))).take(COVERED).collect()
}

fn words_in_common(a: &Place, b: &Place) -> usize {
    let words = |place: &Place| -> HashSet<String> {
        place
            .name
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    words(a).intersection(&words(b)).count()
}
