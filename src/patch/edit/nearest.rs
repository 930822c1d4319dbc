//! What a file has instead of lines that are not there: for the sentence that goes back to whoever wrote them.

use std::collections::HashMap;

use super::Misfit;
use super::fuzzy::likeness;
use super::lines::bare;
use super::locate::Wanted;
use super::place::number;
use super::source::Source;

/// How alike a line must be to be shown as the nearest one, of 1.
const LIKE_ENOUGH: f64 = 0.5;

/// The most lines of a file that are compared with the first line to find.
const MAX_COMPARED: usize = 5_000;

/// The longest line that is shown, in characters.
const MAX_SHOWN: usize = 200;

/// The misfit of a block whose lines are not in the file.
pub(super) fn not_found(source: &Source, wanted: &Wanted) -> Misfit {
    let search: Vec<(&str, String)> =
        wanted.search.iter().filter(|line| !line.trim().is_empty()).map(|line| (line.as_str(), bare(line))).collect();
    let (wanted, row) = nearest(source, &search).unwrap_or((search.first().map_or("", |line| line.0), None));
    Misfit::NotFound {
        file: source.path.clone(),
        wanted: shown(wanted),
        line: row.map_or(0, number),
        nearest: row.map_or_else(String::new, |row| shown(source.lines.content(row))),
    }
}

/// The first line to find that does not match along the alignment that most lines agree on, and the row it would have.
fn nearest<'w>(source: &Source, search: &[(&'w str, String)]) -> Option<(&'w str, Option<usize>)> {
    let file = source.lines.bare();
    let mut rows: HashMap<&str, Vec<usize>> = HashMap::new();
    for (row, form) in file.forms.iter().enumerate() {
        rows.entry(form).or_default().push(row);
    }
    let mut votes: HashMap<usize, usize> = HashMap::new();
    for (index, (_, line)) in search.iter().enumerate() {
        for row in rows.get(line.as_str()).into_iter().flatten().take(20).filter(|row| **row >= index) {
            *votes.entry(row - index).or_default() += line.len();
        }
    }
    if let Some((start, _)) = votes.into_iter().max_by_key(|&(start, votes)| (votes, std::cmp::Reverse(start))) {
        let differs = |(index, line): &(usize, &(&'w str, String))| file.forms.get(start + index) != Some(&line.1);
        let (index, line) = search.iter().enumerate().find(differs)?;
        return Some((line.0, file.indices.get(start + index).copied()));
    }
    let (written, first) = search.first()?;
    let comparable = |form: &String| form.len() <= 2 * first.len() && first.len() <= 2 * form.len() && form.len() < 400;
    let compared = file.forms.iter().enumerate().take(MAX_COMPARED).filter(|(_, form)| comparable(form));
    let scored = compared.map(|(index, form)| (likeness(first, form), index));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).filter(|best| best.0 >= LIKE_ENOUGH);
    Some((written, best.map(|(_, index)| file.indices[index])))
}

fn shown(line: &str) -> String {
    let line = line.trim();
    match line.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
