//! Where a block's text to find stands in a file: one place, none, or more than one.
//!
//! The stages, each tried only when no earlier one fits anywhere: whole lines, as they are or in their loose form
//! without blank lines; lines without any blank; a fragment of lines; lines with some left out
//! ([`elided`](super::elided)); nearly the same lines ([`fuzzy`](super::fuzzy)). Two places that fit at one stage are
//! a refusal unless a hint says which. Lines that are exactly at one place and loosely at another are at two: a model
//! that shifts a block by one step makes it, at times, the exact text of its twin.

use std::ops::Range;

use super::lines::{Filled, bare, loose, occurrences};
use super::source::Source;
use super::{Fit, elided, fuzzy};

/// A block's texts as lines.
#[derive(Clone)]
pub(super) struct Wanted {
    /// The lines to find.
    pub search: Vec<String>,
    /// The lines that come there.
    pub replace: Vec<String>,
    /// The texts, for fragments of lines.
    pub texts: (String, String),
}

impl Wanted {
    /// The lines of a block's texts.
    pub fn of(search: &str, replace: &str) -> Self {
        let plain = |text: &str| text.replace("\r\n", "\n");
        let split = |text: &str| text.lines().map(str::to_owned).collect();
        let texts = (plain(search), plain(replace));
        Wanted { search: split(&texts.0), replace: split(&texts.1), texts }
    }
}

/// What says which of several places is meant.
#[derive(Default)]
pub(super) struct Hints {
    /// The lines of the definitions that have the block's name.
    pub definitions: Vec<Range<usize>>,
    /// The line, from 0, when it may be believed.
    pub line: Option<usize>,
}

/// A place that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The line of the file for each line to find; `None` for blank lines and marks of elision.
    Lines {
        /// The lines.
        aligned: Vec<Option<usize>>,
        /// How exactly they fit.
        fit: Fit,
    },
    /// Bytes within lines.
    Fragment(Range<usize>),
}

/// The answer of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Located {
    /// No place.
    Nowhere,
    /// One place.
    At(Place),
    /// Two of several places, by their first lines, from 0.
    Many(usize, usize),
    /// It must not be placed, and why.
    Unclear(&'static str),
}

/// How far the stages may go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Whole lines only: the file is a guess.
    Lines,
    /// Everything but nearly the same lines.
    Elided,
    /// Everything: the file is certain.
    Fuzzy,
}

/// Goes through the stages.
pub(super) fn locate(source: &Source, wanted: &Wanted, hints: &Hints, reach: Reach) -> Located {
    if wanted.search.iter().all(|line| line.trim().is_empty()) {
        return Located::Nowhere;
    }
    let found = whole_lines(source, wanted, hints);
    if let Located::At(place) = &found {
        return contradiction(source, wanted, hints, place).unwrap_or(found);
    }
    if found != Located::Nowhere || reach == Reach::Lines {
        return found;
    }
    let found = fragment(source, wanted, hints);
    if found != Located::Nowhere {
        return found;
    }
    let found = elided::locate(source, wanted, hints);
    if found != Located::Nowhere || reach == Reach::Elided {
        return found;
    }
    fuzzy::locate(source, wanted, hints)
}

fn whole_lines(source: &Source, wanted: &Wanted, hints: &Hints) -> Located {
    let exact = exact(source, wanted);
    let loosely = aligned_by(source.lines.loose(), loose, wanted, source);
    match exact.as_slice() {
        [] if loosely.is_empty() => {
            let barely = aligned_by(source.lines.bare(), bare, wanted, source);
            decide(barely, Fit::Whitespace, hints)
        }
        [] => decide(loosely, Fit::Whitespace, hints),
        // Models shift and trim: a twin that differs in blanks only may as well be meant.
        [_] if loosely.len() > 1 => decide(loosely, Fit::Whitespace, hints),
        _ => {
            let same = |aligned: &Vec<Option<usize>>| {
                aligned
                    .iter()
                    .zip(&wanted.search)
                    .all(|(row, line)| row.is_none_or(|row| source.lines.content(row) == line))
            };
            let fit = if exact.iter().all(same) { Fit::Exact } else { Fit::Whitespace };
            decide(exact, fit, hints)
        }
    }
}

fn exact(source: &Source, wanted: &Wanted) -> Vec<Vec<Option<usize>>> {
    let lines: Vec<&str> = (0..source.lines.len()).map(|index| source.lines.content(index).trim_end()).collect();
    let needle: Vec<&str> = wanted.search.iter().map(|line| line.trim_end()).collect();
    let place = |start: usize| (start..start + needle.len()).map(Some).collect();
    occurrences(&needle, &lines).into_iter().map(place).collect()
}

/// The places of the lines that are not blank, in one of their forms.
fn aligned_by(filled: &Filled, form: fn(&str) -> String, wanted: &Wanted, source: &Source) -> Vec<Vec<Option<usize>>> {
    let rows: Vec<usize> = (0..wanted.search.len()).filter(|&row| !wanted.search[row].trim().is_empty()).collect();
    let needle: Vec<String> = rows.iter().map(|&row| form(&wanted.search[row])).collect();
    let place = |start: usize| {
        let mut aligned = vec![None; wanted.search.len()];
        for (offset, &row) in rows.iter().enumerate() {
            aligned[row] = Some(filled.indices[start + offset]);
        }
        align_blanks(&mut aligned, &wanted.search, source);
        aligned
    };
    occurrences(&needle, &filled.forms).into_iter().map(place).collect()
}

/// Gives blank lines to find the blank lines of the file that stand at the same side of the same line.
pub(super) fn align_blanks(aligned: &mut [Option<usize>], search: &[String], source: &Source) {
    let is_blank = |row: usize| row < source.lines.len() && source.lines.is_blank(row);
    for index in 1..aligned.len() {
        if let Some(before) = aligned[index - 1]
            && search[index].trim().is_empty()
            && is_blank(before + 1)
        {
            aligned[index] = Some(before + 1);
        }
    }
    let first = aligned.iter().position(Option::is_some).unwrap_or(0);
    for index in (0..first).rev() {
        let Some(row) = aligned[index + 1].and_then(|after| after.checked_sub(1)) else { break };
        if search[index].trim().is_empty() && is_blank(row) {
            aligned[index] = Some(row);
        }
    }
}

/// The only place, or the one that the hints name.
pub(super) fn decide(places: Vec<Vec<Option<usize>>>, fit: Fit, hints: &Hints) -> Located {
    let chosen = choose(&places, |place| rows(place), hints);
    match chosen {
        Ok(index) => match places.into_iter().nth(index) {
            Some(aligned) => Located::At(Place::Lines { aligned, fit }),
            None => Located::Nowhere,
        },
        Err((first, second)) => Located::Many(first, second),
    }
}

/// The index of the place that is meant (beyond the end when there is none), or two that may be.
fn choose<T>(places: &[T], rows: impl Fn(&T) -> Range<usize>, hints: &Hints) -> Result<usize, (usize, usize)> {
    if places.len() < 2 {
        return Ok(0);
    }
    let within = |place: &T, outer: &Range<usize>| outer.start <= rows(place).start && rows(place).end <= outer.end;
    let inside: Vec<usize> = (0..places.len())
        .filter(|&index| hints.definitions.iter().any(|outer| within(&places[index], outer)))
        .collect();
    if let [only] = inside.as_slice() {
        return Ok(*only);
    }
    let left = if inside.is_empty() { (0..places.len()).collect() } else { inside };
    let there: Vec<usize> =
        left.iter().copied().filter(|&index| hints.line == Some(rows(&places[index]).start)).collect();
    match there.as_slice() {
        [only] => Ok(*only),
        _ => Err((rows(&places[left[0]]).start, rows(&places[left[1]]).start)),
    }
}

/// The lines from the first to the last aligned one, half-open.
pub(super) fn rows(aligned: &[Option<usize>]) -> Range<usize> {
    let first = aligned.iter().flatten().min().copied().unwrap_or(0);
    first..aligned.iter().flatten().max().map_or(first, |last| last + 1)
}

/// A text that is in one place, while the definition that the block names is elsewhere and holds nearly the same.
fn contradiction(source: &Source, wanted: &Wanted, hints: &Hints, place: &Place) -> Option<Located> {
    let Place::Lines { aligned, .. } = place else { return None };
    let rows = rows(aligned);
    let inside = |outer: &Range<usize>| outer.start <= rows.start && rows.end <= outer.end;
    if hints.definitions.is_empty() || hints.definitions.iter().any(inside) {
        return None;
    }
    let overlaps = |outer: &Range<usize>| outer.start < rows.end && rows.start < outer.end;
    let apart = hints.definitions.iter().filter(|outer| !overlaps(outer));
    let alike = apart.clone().any(|outer| fuzzy::is_alike(source, wanted, outer));
    alike.then_some(Located::Unclear(
        "these lines are outside of the definition that is named, and nearly the same ones are inside of it",
    ))
}

/// A text within a line, or from within one line to within another, that is there once and does not cut a word.
fn fragment(source: &Source, wanted: &Wanted, hints: &Hints) -> Located {
    let text = source.lines.text.as_str();
    let mut needle = wanted.texts.0.trim().to_owned();
    let single = !needle.contains('\n');
    if needle.chars().filter(|character| !character.is_whitespace()).count() < 3 {
        return Located::Nowhere;
    }
    if !single && text.contains("\r\n") {
        needle = needle.replace('\n', "\r\n");
    }
    let places: Vec<Range<usize>> =
        memchr::memmem::find_iter(text.as_bytes(), &needle).map(|start| start..start + needle.len()).collect();
    if single && wanted.texts.1.trim().contains('\n') && !places.is_empty() {
        return Located::Unclear("the text to find is a part of a line only; write whole lines");
    }
    let rows = |place: &Range<usize>| source.lines.at(place.start)..source.lines.at(place.end) + 1;
    match choose(&places, rows, hints) {
        Err((first, second)) => Located::Many(first, second),
        Ok(index) => match places.get(index) {
            Some(place) if is_whole_words(text, place) => Located::At(Place::Fragment(place.clone())),
            _ => Located::Nowhere,
        },
    }
}

fn is_whole_words(text: &str, place: &Range<usize>) -> bool {
    let is_word = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (before, inside, after) = (&text[..place.start], &text[place.clone()], &text[place.end..]);
    let cut_before = is_word(before.chars().next_back()) && is_word(inside.chars().next());
    let cut_after = is_word(inside.chars().next_back()) && is_word(after.chars().next());
    !cut_before && !cut_after
}
