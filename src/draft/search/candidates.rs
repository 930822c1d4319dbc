//! Generating candidates: every operator on every node of the suspicious lines.
//!
//! In: a [`Case`]. Out: [`Candidate`]s without repetition, ordered by score. Only files with
//! suspicious lines are parsed, the most suspicious [`FILES`] of them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use tree_sitter::Node;

use super::ingredients::{FileIngredients, Ingredients};
use super::operators::{ALL, Proposals, Site};
use super::rank;
use crate::code::source::preorder;
use crate::code::{Line, Role, SourceFile};
use crate::draft::Case;
use crate::patch::SpanEdit;

/// How many files are searched.
const FILES: usize = 12;

/// How many of a file's lines are searched.
const LINES: usize = 400;

/// The most candidates that are kept, by score.
const CANDIDATES: usize = 200_000;

/// The longest node that an expression operator looks at, in bytes.
const NODE_BYTES: usize = 4_000;

/// One edit to try.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The edit.
    pub edit: SpanEdit,
    /// Edits of other files that go with it, where it completes somebody else's draft.
    pub beside: Option<std::sync::Arc<Vec<SpanEdit>>>,
    /// The line it changes.
    pub line: Line,
    /// The operator's name.
    pub operator: &'static str,
    /// Suspiciousness × prior × weight.
    pub score: f64,
}

impl Candidate {
    /// All of its edits.
    pub fn edits(&self) -> Cow<'_, [SpanEdit]> {
        match &self.beside {
            None => Cow::Borrowed(std::slice::from_ref(&self.edit)),
            Some(beside) => Cow::Owned(std::iter::once(&self.edit).chain(&**beside).cloned().collect()),
        }
    }
}

/// Suspiciousness by file and line.
type Suspicion = HashMap<PathBuf, HashMap<u32, f64>>;

/// Every candidate, best first.
pub fn generate(case: &Case<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let wanted = wanted_values(case);
    for (file, lines) in searched_files(case) {
        let Some(text) = (case.read)(&file) else { continue };
        let Ok(source) = SourceFile::parse(&file, text) else { continue };
        of_file(&source, &lines, &wanted, &mut found);
    }
    found.extend(reverts(case));
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(CANDIDATES);
    found
}

/// The suspicious files that may be touched, each with its most suspicious lines.
fn searched_files(case: &Case<'_>) -> Vec<(PathBuf, HashMap<u32, f64>)> {
    let mut suspicion: Suspicion = HashMap::new();
    let mut order = Vec::new();
    for location in &case.diagnosis.locations {
        if case.guard.check_path(case.root, &location.file).is_err() {
            continue;
        }
        let lines = suspicion.entry(location.file.clone()).or_insert_with(|| {
            order.push(location.file.clone());
            HashMap::new()
        });
        if lines.len() < LINES {
            lines.insert(location.line.0, location.score);
        }
    }
    order.truncate(FILES);
    order.into_iter().filter_map(|file| suspicion.remove_entry(&file)).collect()
}

/// `(actual, expected)` of the failing assertions.
pub(super) fn wanted_values(case: &Case<'_>) -> Vec<(String, String)> {
    let tests = case.evidence.run.failing();
    let mut wanted: Vec<_> = tests.filter_map(|test| Some((test.actual.clone()?, test.expected.clone()?))).collect();
    wanted.sort();
    wanted.dedup();
    wanted.truncate(8);
    wanted
}

pub(super) fn of_file(
    source: &SourceFile,
    lines: &HashMap<u32, f64>,
    wanted: &[(String, String)],
    found: &mut Vec<Candidate>,
) {
    let file_ingredients = FileIngredients::collect(source);
    let mut by_function: HashMap<usize, Ingredients<'_>> = HashMap::new();
    let mut seen = HashSet::new();
    let mut proposals = Proposals::default();
    for node in preorder(source.root()) {
        let Some((line, suspicion)) = suspicion_of(source, node, lines) else { continue };
        if node.byte_range().len() > NODE_BYTES || is_off_limits(source, node) {
            continue;
        }
        let key = source.enclosing_function(node).map_or(usize::MAX, |function| function.bytes.start);
        let ingredients =
            by_function.entry(key).or_insert_with(|| Ingredients::at(source, node, &file_ingredients, wanted));
        let site = Site { source, node, ingredients };
        for operator in ALL {
            (operator.propose)(&site, &mut proposals);
            for proposal in proposals.drain() {
                if source.text.get(proposal.span.clone()) == Some(proposal.replacement.as_str())
                    || !seen.insert((proposal.span.clone(), proposal.replacement.clone()))
                {
                    continue;
                }
                let score = rank::score(suspicion, operator.prior, proposal.weight);
                let edit =
                    SpanEdit { file: source.path.clone(), span: proposal.span, replacement: proposal.replacement };
                found.push(Candidate { edit, beside: None, line, operator: operator.name, score });
            }
        }
    }
}

/// The line and suspiciousness of a node: the highest of its own lines, or of its statement's first
/// line, since runners report a statement of several lines under its first.
fn suspicion_of(source: &SourceFile, node: Node<'_>, lines: &HashMap<u32, f64>) -> Option<(Line, f64)> {
    let first = Line::from_row(node.start_position().row);
    let last = Line::from_row(node.end_position().row);
    let own = (first.0..=last.0.min(first.0 + 5)).filter_map(|line| lines.get(&line)).copied().reduce(f64::max);
    if let Some(score) = own {
        return Some((first, score));
    }
    let mut current = node.parent();
    while let Some(ancestor) = current {
        if source.language.role(ancestor.kind()) == Some(Role::Block) {
            return None;
        }
        let line = Line::from_row(ancestor.start_position().row);
        if let Some(score) = lines.get(&line.0) {
            return Some((first, score * 0.9));
        }
        current = ancestor.parent();
    }
    None
}

/// Imports, types and comments are not edited.
fn is_off_limits(source: &SourceFile, node: Node<'_>) -> bool {
    let mut current = Some(node);
    while let Some(ancestor) = current {
        if ancestor.is_extra() || source.language.role(ancestor.kind()) == Some(Role::Import) {
            return true;
        }
        if matches!(
            ancestor.kind(),
            "type_annotation" | "type_arguments" | "interface_declaration" | "type" | "type_alias_declaration"
        ) {
            return true;
        }
        current = ancestor.parent();
    }
    false
}

/// Undoing a hunk of a suspect commit: the first thing that a person would try.
fn reverts(case: &Case<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (age, commit) in case.evidence.commits.iter().enumerate() {
        for hunk in &commit.hunks {
            if crate::code::languages::of_path(&hunk.file).is_none()
                || case.guard.check_path(case.root, &hunk.file).is_err()
                || hunk.new.lines().count() + hunk.old.lines().count() > case.guard.policy.max_changed_lines
            {
                continue;
            }
            let Some(text) = (case.read)(&hunk.file) else { continue };
            let line = Line(hunk.new_start.max(1));
            let suspicion = case.diagnosis.locations.iter().filter(|location| {
                let lines = hunk.new.lines().count().max(1) as u32;
                location.file == hunk.file && (line.0..line.0 + lines).contains(&location.line.0)
            });
            let suspicion = suspicion.map(|location| location.score).fold(0.3, f64::max);
            let Some(span) = span_of_hunk(&text, hunk) else { continue };
            let edit = SpanEdit { file: hunk.file.clone(), span, replacement: hunk.old.clone() };
            let score = rank::score(suspicion, rank::REVERT_PRIOR, 0.5_f64.powi(age as i32));
            found.push(Candidate { edit, beside: None, line, operator: "revert-hunk", score });
        }
    }
    found
}

/// Where the lines that a hunk added stand today: at their place, or at the only other one.
fn span_of_hunk(text: &str, hunk: &crate::forge::Hunk) -> Option<std::ops::Range<usize>> {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(index, _)| index + 1));
    if hunk.new.is_empty() {
        // Git names the line before a pure removal.
        let at = *starts.get(hunk.new_start as usize)?;
        return Some(at..at);
    }
    let expected = *starts.get((hunk.new_start as usize).checked_sub(1)?)?;
    if text[expected..].starts_with(&hunk.new) {
        return Some(expected..expected + hunk.new.len());
    }
    let mut places = text.match_indices(&hunk.new).filter(|(at, _)| *at == 0 || text.as_bytes()[at - 1] == b'\n');
    match (places.next(), places.next()) {
        (Some((at, _)), None) => Some(at..at + hunk.new.len()),
        _ => None,
    }
}
