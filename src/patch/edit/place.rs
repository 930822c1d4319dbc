//! All blocks of an answer put into their files.
//!
//! In: blocks and files. Out: [`Placed`]. Every block is looked for in the file as it is; one that is not there is
//! looked for once more in what the earlier blocks make of the file, for models write their edits one after the
//! other. Two blocks that change the same lines are a refusal.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::files::{Named, resolve};
use super::locate::{Hints, Located, Place, Reach, Wanted, locate, rows};
use super::nearest::not_found;
use super::rewrite::{LineChange, rewrite};
use super::sequence::{applied, difference};
use super::source::{MAX_FILE_BYTES, Source};
use super::{Change, EditBlock, Files, Fit, Misfit, Placed, definition, elided, span, variant};
use crate::patch::SpanEdit;

/// The most lines of a text to find.
const MAX_SEARCH_LINES: usize = 2_000;

/// Places blocks in files: all that fit exactly one place each; the others with the reason why they do not.
pub fn place(blocks: &[EditBlock], files: &Files<'_>) -> Placed {
    let mut room = Room { files, sources: BTreeMap::new() };
    let mut outcomes: Vec<(usize, Result<Fitting, Misfit>)> = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        if !blocks[..index].contains(block) {
            outcomes.push((index, room.fit(block, false)));
        }
    }
    if are_lines_true(&outcomes, blocks) {
        for (index, outcome) in &mut outcomes {
            if matches!(outcome, Err(Misfit::ManyPlaces { .. } | Misfit::Definition { .. })) {
                *outcome = room.fit(&blocks[*index], true);
            }
        }
    }
    gather(outcomes, blocks, &mut room)
}

/// A block in its place.
struct Fitting {
    file: PathBuf,
    edits: Vec<SpanEdit>,
    fit: Fit,
    /// The line, from 1, at which the text to find begins.
    line: u32,
}

/// Line numbers are believed when those of the other blocks are right, one at least: models get them wrong often, and a
/// wrong one may be that of a twin.
fn are_lines_true(outcomes: &[(usize, Result<Fitting, Misfit>)], blocks: &[EditBlock]) -> bool {
    let mut told =
        outcomes.iter().filter_map(|(index, outcome)| Some((blocks[*index].line?, outcome.as_ref().ok()?.line)));
    let first = told.next();
    first.is_some_and(|(told, true_line)| told == true_line) && told.all(|(told, true_line)| told == true_line)
}

/// Puts the blocks that fit together, in their order.
fn gather(outcomes: Vec<(usize, Result<Fitting, Misfit>)>, blocks: &[EditBlock], room: &mut Room<'_>) -> Placed {
    let mut placed = Placed::default();
    let mut by_block: Vec<(usize, Vec<SpanEdit>)> = Vec::new();
    for (index, outcome) in outcomes {
        let fitting = match outcome {
            Ok(fitting) => fitting,
            Err(misfit @ Misfit::NotFound { .. }) => {
                match after_earlier(&blocks[index], &misfit, &mut by_block, room) {
                    Some(fit) => placed.fit = placed.fit.max(fit),
                    None => placed.misfits.push((index, misfit)),
                }
                continue;
            }
            Err(misfit) => {
                placed.misfits.push((index, misfit));
                continue;
            }
        };
        let others = || by_block.iter().flat_map(|(_, edits)| edits);
        let collision = fitting.edits.iter().find(|edit| others().any(|other| overlap(edit, other)));
        if let Some(edit) = collision {
            let line = room.line_of(&fitting.file, edit.span.start);
            placed.misfits.push((index, Misfit::Overlap { file: fitting.file, line }));
        } else if fitting.edits.is_empty() {
            placed.misfits.push((index, Misfit::NoChange { file: fitting.file }));
        } else {
            placed.fit = placed.fit.max(fitting.fit);
            by_block.push((index, fitting.edits));
        }
    }
    by_block.sort_by_key(|(index, _)| *index);
    placed.edits = by_block.into_iter().flat_map(|(_, edits)| edits).collect();
    placed
}

/// Whether two edits of different blocks change the same bytes or add at the same place.
fn overlap(a: &SpanEdit, b: &SpanEdit) -> bool {
    let (first, second) = (&a.span, &b.span);
    let meets = first.start < second.end && second.start < first.end;
    let adds_within = |add: &Range<usize>, other: &Range<usize>| {
        add.is_empty()
            && other.start <= add.start
            && (add.start < other.end || other.is_empty() && other.start == add.start)
    };
    a.file == b.file && (meets || adds_within(first, second) || adds_within(second, first))
}

/// A block that is found only in what the earlier ones make of its file: the edits of that file become those that lead
/// from the file as it is to the text after all of them.
fn after_earlier(
    block: &EditBlock,
    misfit: &Misfit,
    by_block: &mut [(usize, Vec<SpanEdit>)],
    room: &mut Room<'_>,
) -> Option<Fit> {
    let (Misfit::NotFound { file, .. }, Change::Replace { search, replace }) = (misfit, &block.change) else {
        return None;
    };
    let original = room.source(file)?.lines.text.clone();
    let earlier: Vec<&SpanEdit> =
        by_block.iter().flat_map(|(_, edits)| edits).filter(|edit| edit.file == *file).collect();
    if earlier.is_empty() {
        return None;
    }
    let middle = applied(&original, &earlier);
    let source = Source::of(file.clone(), &middle);
    let wanted = Wanted::of(search, replace);
    let hints = Hints { definitions: definition_rows(&source, block), line: None };
    let Located::At(place) = locate(&source, &wanted, &hints, Reach::Lines) else { return None };
    let (edits, fit) = edits_at(&source, &wanted, &place).ok().filter(|(edits, _)| !edits.is_empty())?;
    let after = applied(&middle, &edits.iter().collect::<Vec<_>>());
    let whole = difference(file, &original, &after);
    let first = by_block.iter_mut().find(|(_, edits)| edits.iter().any(|edit| edit.file == *file))?;
    first.1.retain(|edit| edit.file != *file);
    let owner = first.0;
    for (_, edits) in by_block.iter_mut() {
        edits.retain(|edit| edit.file != *file);
    }
    by_block.iter_mut().find(|(index, _)| *index == owner)?.1.extend(whole);
    Some(fit)
}

/// The files that were looked into.
struct Room<'a> {
    files: &'a Files<'a>,
    sources: BTreeMap<PathBuf, Option<Rc<Source>>>,
}

impl Room<'_> {
    /// A file, when there is one; `Err` for one that is too large.
    fn source(&mut self, path: &Path) -> Option<Rc<Source>> {
        let read = self.files.read;
        let load = || {
            read(path)
                .filter(|text| text.len() <= MAX_FILE_BYTES)
                .map(|text| Rc::new(Source::of(path.to_owned(), &text)))
        };
        self.sources.entry(path.to_owned()).or_insert_with(load).clone()
    }

    fn line_of(&mut self, path: &Path, byte: usize) -> u32 {
        self.source(path).map_or(0, |source| number(source.lines.at(byte)))
    }

    /// Places one block.
    fn fit(&mut self, block: &EditBlock, believe_line: bool) -> Result<Fitting, Misfit> {
        let written = block.file.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let named = written.map_or(Named::Nothing, |name| resolve(name, self.files));
        match named {
            Named::Certain(path) | Named::Likely(path) if self.source(&path).is_none() => Err(self.unreadable(path)),
            Named::Certain(path) => self.fit_named(block, &path, believe_line),
            Named::Likely(path) => {
                let others = self.fitting_files(block, &self.others(&path), believe_line);
                let fitting = self.fit_named(block, &path, believe_line)?;
                match others.into_iter().next() {
                    Some((other, _)) if fitting.file == path => Err(Misfit::ManyFiles { first: path, second: other }),
                    _ => Ok(fitting),
                }
            }
            Named::Many(paths) => self.fit_one_of(block, &paths, believe_line).unwrap_or_else(|| {
                let mut paths = paths.into_iter();
                match (paths.next(), paths.next()) {
                    (Some(first), Some(second)) => Err(Misfit::ManyFiles { first, second }),
                    _ => Err(Misfit::NoFile { file: written.unwrap_or_default().to_owned() }),
                }
            }),
            Named::Nothing => self.fit_unnamed(block, written, believe_line),
        }
    }

    fn unreadable(&self, file: PathBuf) -> Misfit {
        match (self.files.read)(&file) {
            Some(_) => Misfit::Unclear { file, why: "the file is too large to be edited" },
            None => Misfit::NoFile { file: file.display().to_string() },
        }
    }

    fn others(&self, path: &Path) -> Vec<PathBuf> {
        self.files.shown.iter().filter(|shown| shown.as_path() != path).cloned().collect()
    }

    /// A block whose file is named: there, or else in the only other shown file that has its lines.
    fn fit_named(&mut self, block: &EditBlock, path: &Path, believe_line: bool) -> Result<Fitting, Misfit> {
        let there = self.fit_in(block, path, Reach::Fuzzy, believe_line);
        let is_whole = there.as_ref().is_ok_and(|fitting| fitting.fit <= Fit::Whitespace);
        let is_missing = matches!(there, Err(Misfit::NotFound { .. } | Misfit::Definition { found: 0, .. }));
        if is_whole || !is_missing && there.is_err() {
            return there;
        }
        let elsewhere = self.fitting_files(block, &self.others(path), believe_line);
        match (there, elsewhere.as_slice()) {
            (there, []) => there,
            (Ok(_), [..]) => Err(Misfit::Unclear {
                file: path.to_owned(),
                why: "these lines are nearly in the file that is named, and exactly in another one",
            }),
            (Err(_), [_]) => elsewhere
                .into_iter()
                .next()
                .map_or_else(|| Err(Misfit::NoFile { file: path.display().to_string() }), |(_, outcome)| outcome),
            (Err(_), [(first, _), (second, _), ..]) => {
                Err(Misfit::ManyFiles { first: first.clone(), second: second.clone() })
            }
        }
    }

    /// A block whose file is not known: in the only shown file that has its lines; if one file was shown and none is
    /// named, in that one.
    fn fit_unnamed(&mut self, block: &EditBlock, written: Option<&str>, believe_line: bool) -> Result<Fitting, Misfit> {
        let shown = self.files.shown.to_vec();
        if let Some(outcome) = self.fit_one_of(block, &shown, believe_line) {
            return outcome;
        }
        match (shown.as_slice(), written) {
            ([only], None) => self.fit_in(block, only, Reach::Fuzzy, believe_line),
            (_, written) => Err(Misfit::NoFile { file: written.unwrap_or("that has these lines").to_owned() }),
        }
    }

    fn fit_one_of(
        &mut self,
        block: &EditBlock,
        paths: &[PathBuf],
        believe_line: bool,
    ) -> Option<Result<Fitting, Misfit>> {
        let mut fitting = self.fitting_files(block, paths, believe_line).into_iter();
        let (first, outcome) = fitting.next()?;
        Some(match fitting.next() {
            Some((second, _)) => Err(Misfit::ManyFiles { first, second }),
            None => outcome,
        })
    }

    /// The files that have the lines or the definition of a block, once or more often.
    fn fitting_files(
        &mut self,
        block: &EditBlock,
        paths: &[PathBuf],
        believe_line: bool,
    ) -> Vec<(PathBuf, Result<Fitting, Misfit>)> {
        let mut fitting = Vec::new();
        for path in paths {
            let outcome = self.fit_in(block, path, Reach::Lines, believe_line);
            let is_missing =
                matches!(
                    outcome,
                    Err(Misfit::NotFound { .. } | Misfit::NoFile { .. } | Misfit::Definition { found: 0, .. })
                ) || matches!((&outcome, &block.change), (Err(Misfit::Unclear { .. }), Change::Definition { .. }));
            if !is_missing {
                fitting.push((path.clone(), outcome));
            }
        }
        fitting
    }

    /// A block in one file.
    fn fit_in(&mut self, block: &EditBlock, path: &Path, reach: Reach, believe_line: bool) -> Result<Fitting, Misfit> {
        let source = self.source(path).ok_or_else(|| Misfit::NoFile { file: path.display().to_string() })?;
        let line = block.line.filter(|_| believe_line).and_then(|line| line.checked_sub(1)).map(|line| line as usize);
        match &block.change {
            Change::Definition { text } => definition_in(&source, block, text, line),
            Change::Replace { search, replace } if search.trim().is_empty() => added(&source, block, replace, line),
            Change::Replace { search, replace } => replaced(&source, block, &Wanted::of(search, replace), line, reach),
        }
    }
}

fn definition_in(source: &Source, block: &EditBlock, text: &str, line: Option<usize>) -> Result<Fitting, Misfit> {
    let changes = definition::replace(source, block, text, line)?;
    let first = changes.first().map_or(0, |change| change.gone.start);
    let edits = span::edits(&source.path, &source.lines, &changes);
    Ok(Fitting { file: source.path.clone(), edits, fit: Fit::Exact, line: number(first) })
}

/// A block without a text to find: the whole of an empty file, or a definition that it names.
fn added(source: &Source, block: &EditBlock, replace: &str, line: Option<usize>) -> Result<Fitting, Misfit> {
    let file = source.path.clone();
    if source.lines.text.trim().is_empty() {
        let replacement = replace.replace("\r\n", "\n");
        let edit = SpanEdit { file: file.clone(), span: 0..source.lines.text.len(), replacement };
        return Ok(Fitting { file, edits: vec![edit], fit: Fit::Exact, line: 1 });
    }
    if block.definition.is_some() {
        return definition_in(source, block, replace, line);
    }
    Err(Misfit::Unclear { file, why: "the text to find is empty, but the file is not" })
}

fn replaced(
    source: &Source,
    block: &EditBlock,
    wanted: &Wanted,
    line: Option<usize>,
    reach: Reach,
) -> Result<Fitting, Misfit> {
    let unclear = |why| Misfit::Unclear { file: source.path.clone(), why };
    if wanted.search.len() > MAX_SEARCH_LINES {
        return Err(unclear("the text to find is too long; write fewer lines"));
    }
    let definitions = definition_rows(source, block);
    let mut hints = Hints { definitions, line };
    let mut found = (locate(source, wanted, &hints, reach.min(Reach::Lines)), wanted.clone());
    if found.0 == Located::Nowhere {
        for variant in variant::of(wanted) {
            // Numbers in front of the lines are copied, not guessed; they are believed.
            let own = variant.line.and_then(|line| line.checked_sub(1)).map(|line| line as usize);
            let with = Hints { definitions: hints.definitions.clone(), line: own.or(hints.line) };
            let located = locate(source, &variant.wanted, &with, reach.min(Reach::Elided));
            if located != Located::Nowhere {
                found = (located, variant.wanted);
                break;
            }
        }
    }
    if found.0 == Located::Nowhere && reach != Reach::Lines {
        hints.line = line;
        found = (locate(source, wanted, &hints, reach), wanted.clone());
    }
    let (located, wanted) = found;
    match located {
        Located::Nowhere => Err(not_found(source, &wanted)),
        Located::Many(first, second) => {
            Err(Misfit::ManyPlaces { file: source.path.clone(), first: number(first), second: number(second) })
        }
        Located::Unclear(why) => Err(unclear(why)),
        Located::At(place) => {
            let (edits, fit) = edits_at(source, &wanted, &place).map_err(unclear)?;
            let line = match &place {
                Place::Lines { aligned, .. } => rows(aligned).start,
                Place::Fragment(span) => source.lines.at(span.start),
            };
            Ok(Fitting { file: source.path.clone(), edits, fit, line: number(line) })
        }
    }
}

/// The edits of a block at its place.
fn edits_at(source: &Source, wanted: &Wanted, place: &Place) -> Result<(Vec<SpanEdit>, Fit), &'static str> {
    let is_python = crate::code::languages::of_path(&source.path).is_some_and(|language| language.is_python());
    match place {
        Place::Fragment(bytes) => {
            let (old, new) = (&source.lines.text[bytes.clone()], wanted.texts.1.trim());
            let edit = SpanEdit { file: source.path.clone(), span: bytes.clone(), replacement: new.to_owned() };
            let edits = if old.replace("\r\n", "\n") == new { Vec::new() } else { vec![edit] };
            Ok((edits, Fit::Exact))
        }
        Place::Lines { aligned, fit } => {
            let elides = *fit == Fit::Elided;
            if !elides && elided::only_replace_leaves_out(wanted, is_python) {
                return Err("the new text leaves lines out (`...`) that the text to find does not");
            }
            let changes: Vec<LineChange> = rewrite(&source.lines, wanted, aligned, elides)?;
            Ok((span::edits(&source.path, &source.lines, &changes), *fit))
        }
    }
}

fn definition_rows(source: &Source, block: &EditBlock) -> Vec<Range<usize>> {
    let named = block.definition.as_deref().map(|name| source.named(name)).unwrap_or_default();
    named.into_iter().map(|definition| source.rows(definition)).collect()
}

/// The number of a line, from 1.
pub(super) fn number(row: usize) -> u32 {
    u32::try_from(row).map_or(u32::MAX, |row| row.saturating_add(1))
}
