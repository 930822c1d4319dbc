//! Lines that are nearly those of a file, inside the definition that the block names or the only one that is alike.
//!
//! Every line to find must have its counterpart; of the file's lines a few may be missing (models forget comments).
//! A place counts when it is alike by [`THRESHOLD`] and every other one is less so by more than [`MARGIN`].

use std::collections::HashMap;
use std::ops::Range;

use super::Fit;
use super::lines::bare;
use super::locate::{Hints, Located, Place, Wanted, align_blanks};
use super::source::Source;

/// How alike a place must be, of 1. A wrong name in one of three lines leaves some 0.93, a forgotten argument 0.9;
/// unrelated statements of one code base are alike by 0.3 to 0.6, twins that differ in a word per line by 0.8.
const THRESHOLD: f64 = 0.85;

/// How far below [`THRESHOLD`] every other place must stay: what one wrong word in three lines costs. Less would let such
/// a word choose between twins.
const MARGIN: f64 = 0.08;

/// How alike each line must be to its counterpart, of 1.
const LINE_THRESHOLD: f64 = 0.5;

/// The most places that are compared line by line.
const MAX_PLACES: usize = 400;

/// The longest line that is compared character by character.
const MAX_LINE: usize = 400;

/// A place and how alike it is.
struct Scored {
    /// For each line to find that is not blank, the index of its counterpart among the file's.
    rows: Vec<usize>,
    score: f64,
}

/// Places a block by likeness.
pub(super) fn locate(source: &Source, wanted: &Wanted, hints: &Hints) -> Located {
    if source.tree().is_none() {
        return Located::Nowhere;
    }
    let whole = 0..source.lines.len();
    let mut places: Vec<Scored> = scored(source, wanted, &whole);
    for outer in &hints.definitions {
        places.extend(scored(source, wanted, outer));
    }
    places.retain(|place| place.score >= THRESHOLD - MARGIN);
    places.sort_by(|a, b| b.score.total_cmp(&a.score));
    let Some(best) = places.first().filter(|best| best.score >= THRESHOLD) else { return Located::Nowhere };
    let span = |place: &Scored| place.rows.first().copied().unwrap_or(0)..place.rows.last().map_or(0, |last| last + 1);
    let inside =
        |place: &Scored, outer: &Range<usize>| outer.start <= span(place).start && span(place).end <= outer.end;
    let best_span = span(best);
    let apart = |place: &&Scored| span(place).start != best_span.start || span(place).end != best_span.end;
    let second = places.iter().skip(1).find(apart);
    let is_named = |place: &Scored| hints.definitions.iter().any(|outer| inside(place, outer));
    let named = is_named(best);
    if !named && !hints.definitions.is_empty() {
        return Located::Unclear("nearly the same lines are there, but outside of the definition that is named");
    }
    if let Some(second) = second
        && !(named && !is_named(second) && best.score > second.score)
    {
        return Located::Many(best_span.start, span(second).start);
    }
    // Without a name, most of the lines must be those of the file, and of one definition.
    if !named && !is_anchored(source, wanted, best) {
        return Located::Nowhere;
    }
    Located::At(Place::Lines { aligned: aligned(source, wanted, &best.rows), fit: Fit::Fuzzy })
}

/// Whether nearly the same lines stand in these lines of the file.
pub(super) fn is_alike(source: &Source, wanted: &Wanted, outer: &Range<usize>) -> bool {
    scored(source, wanted, outer).iter().any(|place| place.score >= THRESHOLD)
}

fn is_anchored(source: &Source, wanted: &Wanted, place: &Scored) -> bool {
    let search: Vec<String> = filled(wanted).map(|row| bare(&wanted.search[row])).collect();
    let same = place.rows.iter().zip(&search).filter(|(row, line)| bare(source.lines.content(**row)) == **line).count();
    let rows = place.rows.first().copied().unwrap_or(0)..place.rows.last().map_or(0, |last| last + 1);
    source.is_in_definition(&rows) && search.len() >= 2 && same * 2 >= search.len()
}

fn filled(wanted: &Wanted) -> impl Iterator<Item = usize> {
    (0..wanted.search.len()).filter(|&row| !wanted.search[row].trim().is_empty())
}

fn aligned(source: &Source, wanted: &Wanted, rows: &[usize]) -> Vec<Option<usize>> {
    let mut aligned = vec![None; wanted.search.len()];
    for (index, &row) in filled(wanted).zip(rows) {
        aligned[index] = Some(row);
    }
    align_blanks(&mut aligned, &wanted.search, source);
    aligned
}

/// The places within some lines of the file that are worth a look, with their scores.
fn scored(source: &Source, wanted: &Wanted, outer: &Range<usize>) -> Vec<Scored> {
    let search: Vec<String> = filled(wanted).map(|row| bare(&wanted.search[row])).collect();
    let file = source.lines.bare();
    let from = file.indices.partition_point(|&row| row < outer.start);
    let to = file.indices.partition_point(|&row| row < outer.end);
    let forms = &file.forms[from..to];
    let starts = starts(&search, forms);
    let score = |start: usize| {
        let (rows, score) = align(&search, &forms[start..])?;
        let rows = rows.into_iter().map(|offset| file.indices[from + start + offset]).collect();
        Some(Scored { rows, score })
    };
    starts.into_iter().filter_map(score).collect()
}

/// Where the first line may have its counterpart: everywhere in a short text, else where lines that are the same say.
fn starts(search: &[String], forms: &[String]) -> Vec<usize> {
    if forms.len() * search.len().min(3) <= MAX_PLACES {
        return (0..forms.len()).collect();
    }
    let mut rows: HashMap<&str, Vec<usize>> = HashMap::new();
    for (row, form) in forms.iter().enumerate() {
        rows.entry(form).or_default().push(row);
    }
    let mut votes: HashMap<usize, usize> = HashMap::new();
    for (index, line) in search.iter().enumerate() {
        for row in rows.get(line.as_str()).into_iter().flatten().take(50) {
            for start in row.saturating_sub(index + 2)..=row.saturating_sub(index) {
                *votes.entry(start).or_default() += line.len();
            }
        }
    }
    let mut starts: Vec<(usize, usize)> = votes.into_iter().collect();
    starts.sort_by_key(|&(start, votes)| (std::cmp::Reverse(votes), start));
    starts.into_iter().take(MAX_PLACES).map(|(start, _)| start).collect()
}

/// The counterpart of every line, the first one at the beginning, and how alike all of it is.
///
/// A file's line that has no counterpart costs half its length: at most one for every five lines, at most three.
fn align(search: &[String], forms: &[String]) -> Option<(Vec<usize>, f64)> {
    let room = (search.len() / 5).clamp(usize::from(search.len() > 1), 3);
    // best[skipped]: the sum of likeness times length, what was skipped in characters, and the counterparts.
    let mut best: Vec<Option<(f64, f64, Vec<usize>)>> = vec![None; room + 1];
    best[0] = Some((0.0, 0.0, Vec::new()));
    for (index, line) in search.iter().enumerate() {
        let mut next: Vec<Option<(f64, f64, Vec<usize>)>> = vec![None; room + 1];
        for skipped in 0..=room {
            let Some(form) = forms.get(index + skipped) else { continue };
            let alike = likeness(line, form);
            if alike < LINE_THRESHOLD {
                continue;
            }
            let length = line.len().max(form.len()) as f64;
            let before = if index == 0 { skipped..=skipped } else { 0..=skipped };
            for earlier in before {
                let Some((sum, lost, rows)) = &best[earlier] else { continue };
                let lost = lost + forms[index + earlier..index + skipped].iter().map(String::len).sum::<usize>() as f64;
                let sum = sum + alike * length;
                if next[skipped].as_ref().is_none_or(|other| other.0 - other.1 < sum - lost) {
                    let mut rows = rows.clone();
                    rows.push(index + skipped);
                    next[skipped] = Some((sum, lost, rows));
                }
            }
        }
        best = next;
    }
    let mut results = best.into_iter().flatten().map(|(sum, lost, rows)| {
        let lengths = search.iter().zip(&rows).map(|(line, &row)| line.len().max(forms[row].len()));
        let score = sum / (lengths.sum::<usize>() as f64 + lost / 2.0);
        (rows, score)
    });
    let first = results.next()?;
    Some(results.fold(first, |best, other| if other.1 > best.1 { other } else { best }))
}

/// How alike two lines are, from 0 to 1: one less the edits between them over the longer length.
pub(super) fn likeness(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let longer = a.len().max(b.len());
    let prefix = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let suffix = a[prefix..].iter().rev().zip(b[prefix..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[prefix..a.len() - suffix], &b[prefix..b.len() - suffix]);
    // What has no common length or is too long counts as wholly different.
    if a.len().max(b.len()) > MAX_LINE || a.is_empty() || b.is_empty() {
        return 1.0 - a.len().max(b.len()) as f64 / longer as f64;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column].min(diagonal) + 1);
        }
    }
    1.0 - row[b.len()] as f64 / longer as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_counts_edits() {
        assert_eq!((likeness("abcd", "abed"), likeness("", "ab"), likeness("abc", "abc")), (0.75, 0.0, 1.0));
        assert!((likeness("return sum(items)", "return sum(itms)") - 16.0 / 17.0).abs() < 1e-9);
    }
}
