//! What changes in a file when a block is put into its place.
//!
//! Only lines that the block changes are taken from it; all others keep the file's bytes. In: where each line to find
//! stands. Out: runs of lines that go and lines that come, without line ends.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::elided;
use super::indent::{self, Reindent};
use super::lines::{Lines, Unit, ascii, escape, indent as indentation, units};
use super::locate::Wanted;

/// Lines `from..to` of a file make room for others; nothing goes when both are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineChange {
    /// The lines that go, from 0.
    pub gone: Range<usize>,
    /// The lines that come, without line ends.
    pub new: Vec<String>,
}

/// Why a block that has its place can't be written there.
pub(super) type Unclear = &'static str;

/// What changes when `wanted` comes to the lines `aligned`; `elided` when its marks stand for lines left out.
pub(super) fn rewrite(
    lines: &Lines,
    wanted: &Wanted,
    aligned: &[Option<usize>],
    elided: bool,
) -> Result<Vec<LineChange>, Unclear> {
    let block = Block::of(lines, wanted, aligned);
    let (old, new) = block.tokens();
    let mut plan = Plan { lines, block: &block, gone: BTreeSet::new(), new: BTreeMap::new() };
    let (parts, new_parts) = if elided {
        (elided::segments(&wanted.search), elided::segments(&wanted.replace))
    } else {
        (std::iter::once(0..old.len()).collect(), std::iter::once(0..new.len()).collect())
    };
    for (part, new_part) in parts.into_iter().zip(new_parts) {
        let ops = capture_diff_slices(Algorithm::Myers, &old[part.clone()], &new[new_part.clone()]);
        plan.part(&ops, part, new_part)?;
    }
    Ok(plan.changes())
}

/// A block in the file's indentation.
struct Block<'a> {
    lines: &'a Lines,
    wanted: &'a Wanted,
    aligned: &'a [Option<usize>],
    /// The lines to find as they would stand in the file.
    search: Vec<String>,
    /// The new lines as they would stand in the file; `None` where the indentation can't be told.
    replace: Vec<Option<String>>,
    style: Style,
    /// Whether the block changes nothing but blanks at the ends of lines.
    only_ends: bool,
}

impl<'a> Block<'a> {
    fn of(lines: &'a Lines, wanted: &'a Wanted, aligned: &'a [Option<usize>]) -> Self {
        let search = wanted.search.iter().zip(aligned).map(|(line, row)| match row {
            Some(row) => format!("{}{}", indentation(lines.content(*row)), line.trim_start()),
            None => line.clone(),
        });
        let search = search.collect();
        let style = Style::of(lines, wanted, aligned);
        let replace = in_file(lines, wanted, aligned);
        let same_end = |(a, b): (&String, &String)| a.trim_end() == b.trim_end();
        let only_ends =
            wanted.search.len() == wanted.replace.len() && wanted.search.iter().zip(&wanted.replace).all(same_end);
        Block { lines, wanted, aligned, search, replace, style, only_ends }
    }

    /// The lines as they are compared: without the blanks at their ends, which models add and lose, unless they are all
    /// that changes.
    fn tokens(&self) -> (Vec<String>, Vec<String>) {
        let end = if self.only_ends { |line: &str| line.to_owned() } else { |line: &str| line.trim_end().to_owned() };
        let old = self.search.iter().map(|line| end(line)).collect();
        let new = self.replace.iter().zip(&self.wanted.replace).map(|(line, written)| match line {
            Some(line) => end(line),
            None => format!("\n{written}"),
        });
        (old, new.collect())
    }

    /// The text of a new line; `instead_of` is the line to find that it replaces, when that is plain.
    fn line(&self, new: usize, instead_of: Option<usize>) -> Result<String, Unclear> {
        let line =
            self.replace[new].as_ref().ok_or("the indentation of the new lines can't be told from the lines around")?;
        let carried = instead_of.and_then(|index| {
            let file = self.lines.content(self.aligned[index]?);
            (file.trim_end() != self.search[index].trim_end())
                .then(|| carry(self.search[index].trim(), line.trim(), file.trim(), &self.style))?
        });
        match carried {
            Some(text) => Ok(format!("{}{text}", indentation(line))),
            None if self.only_ends => Ok(line.clone()),
            None => Ok(self.style.apply(line.trim_end())),
        }
    }
}

/// The new lines in the file's indentation.
fn in_file(lines: &Lines, wanted: &Wanted, aligned: &[Option<usize>]) -> Vec<Option<String>> {
    let mut pairs = Vec::new();
    let mut by_line: HashMap<&str, Option<&str>> = HashMap::new();
    for (line, row) in wanted.search.iter().zip(aligned).filter(|(line, _)| !line.trim().is_empty()) {
        let Some(row) = row else { continue };
        let file = indentation(lines.content(*row));
        pairs.push((indentation(line).to_owned(), file.to_owned()));
        let known = by_line.entry(line.trim_end()).or_insert(Some(file));
        if *known != Some(file) {
            *known = None;
        }
    }
    if is_written_as_in_file(wanted, &by_line) {
        return wanted.replace.iter().cloned().map(Some).collect();
    }
    let texts = || wanted.search.iter().chain(&wanted.replace).map(String::as_str);
    let block_unit = indent::unit(texts()).map_or(4, |unit| if unit == "\t" { 4 } else { unit.len() });
    let file_unit =
        indent::unit((0..lines.len()).map(|index| lines.content(index))).unwrap_or_else(|| "    ".to_owned());
    let shifted = pairs.iter().any(|(block, file)| block != file);
    let hanging = hanging(wanted, &pairs);
    let reindent = Reindent::of(pairs, file_unit, block_unit);
    let first = wanted.replace.iter().position(|line| !line.trim().is_empty());
    let carry = |(index, line): (usize, &String)| {
        if line.trim().is_empty() {
            return Some(if shifted { String::new() } else { line.clone() });
        }
        if let Some(Some(file)) = by_line.get(line.trim_end()) {
            return Some(format!("{file}{}", line.trim_start()));
        }
        let written = indentation(line);
        let indent = match &hanging {
            Some(Hanging::Absolute) if Some(index) != first => Some(written.to_owned()),
            Some(Hanging::Unknown) if Some(index) != first => None,
            _ => reindent.carry(written, Some(index) == first),
        };
        indent.map(|indent| format!("{indent}{}", line.trim_start()))
    };
    wanted.replace.iter().enumerate().map(carry).collect()
}

/// How the further lines are meant of a new text whose only line to find has lost its indentation.
enum Hanging {
    /// They are indented as in the file.
    Absolute,
    /// It can't be told.
    Unknown,
}

fn hanging(wanted: &Wanted, pairs: &[(String, String)]) -> Option<Hanging> {
    let [(block, file)] = pairs else { return None };
    if !block.is_empty() || file.is_empty() {
        return None;
    }
    let mut new = wanted.replace.iter().filter(|line| !line.trim().is_empty());
    let first = new.next().filter(|line| indentation(line).is_empty())?;
    let rest: Vec<&str> = new.map(|line| indentation(line)).collect();
    if rest.is_empty() || rest.iter().any(|indent| !indent.starts_with(file.as_str())) {
        return None;
    }
    let opens = first.trim_end().ends_with([':', '{', '(', '[', '>', ',']);
    match (opens, rest[0].len() == file.len()) {
        (false, true) => Some(Hanging::Absolute),
        // One step under a line that opens a block, counted from the first column.
        (true, true) => None,
        (true, false) if rest.iter().any(|indent| indent.len() == file.len()) => Some(Hanging::Absolute),
        _ => Some(Hanging::Unknown),
    }
}

/// Whether the new text has the file's indentation although the text to find has not: the lines that both have say so.
fn is_written_as_in_file(wanted: &Wanted, by_line: &HashMap<&str, Option<&str>>) -> bool {
    let mut by_text: HashMap<&str, Option<(&str, &str)>> = HashMap::new();
    for (line, file) in by_line {
        let known = (indentation(line), file.unwrap_or("\n"));
        by_text.entry(line.trim()).and_modify(|known| *known = None).or_insert(Some(known));
    }
    let (mut as_in_file, mut shifted) = (0, 0);
    for line in &wanted.replace {
        if let Some(Some((block, file))) = by_text.get(line.trim()) {
            match indentation(line) {
                indent if indent == *block => shifted += usize::from(block != file),
                indent if indent == *file => as_in_file += 1,
                _ => shifted += 1,
            }
        }
    }
    as_in_file > 0 && shifted == 0
}

/// Characters that a model writes for others.
#[derive(Default)]
struct Style {
    /// It writes typographic quotes where the file has plain ones.
    typographic: bool,
    /// It writes `\u{XXXX}` where the file has the character.
    escapes: bool,
}

impl Style {
    fn of(lines: &Lines, wanted: &Wanted, aligned: &[Option<usize>]) -> Self {
        let mut style = Style::default();
        for (line, row) in wanted.search.iter().zip(aligned) {
            let Some(file) = row.map(|row| lines.content(row)) else { continue };
            style.typographic |= line.chars().any(is_typographic) && !file.chars().any(is_typographic);
            style.escapes |= line.contains("\\u{") && !file.contains("\\u{");
        }
        style
    }

    fn apply(&self, text: &str) -> String {
        let mut styled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if let Some((meant, length)) = escape(rest).filter(|_| self.escapes) {
                styled.push(meant);
                rest = &rest[length..];
                continue;
            }
            let meant = if character == '\u{a0}' { ' ' } else { ascii(character) };
            styled.push(if self.typographic { meant } else { character });
            rest = &rest[character.len_utf8()..];
        }
        styled
    }
}

fn is_typographic(character: char) -> bool {
    character == '\u{a0}' || ascii(character) != character
}

/// A changed line with the file's own bytes for what the block leaves as it is; `None` when the line to find is not,
/// character by character, the line of the file.
fn carry(search: &str, replace: &str, file: &str, style: &Style) -> Option<String> {
    let (search, new, old) = (all(search), all(replace), all(file));
    if search.len() != old.len() || search.iter().zip(&old).any(|(a, b)| a.character != b.character) {
        return None;
    }
    let same = |(a, b): &(&Unit, &Unit)| a.character == b.character;
    let prefix = search.iter().zip(&new).take_while(same).count();
    let suffix = search[prefix..].iter().rev().zip(new[prefix..].iter().rev()).take_while(same).count();
    let head = old.get(prefix).map_or(file.len(), |unit| unit.bytes.start);
    let tail = old.get(old.len() - suffix).map_or(file.len(), |unit| unit.bytes.start);
    let from = new.get(prefix).map_or(replace.len(), |unit| unit.bytes.start);
    let to = new.get(new.len() - suffix).map_or(replace.len(), |unit| unit.bytes.start);
    Some(format!("{}{}{}", &file[..head], style.apply(&replace[from..to]), &file[tail..]))
}

fn all(line: &str) -> Vec<Unit> {
    units(line).collect()
}

/// The lines that go and those that come before a line.
struct Plan<'a> {
    lines: &'a Lines,
    block: &'a Block<'a>,
    gone: BTreeSet<usize>,
    new: BTreeMap<usize, Vec<String>>,
}

impl Plan<'_> {
    /// One part between marks, by the difference of its lines.
    fn part(&mut self, ops: &[DiffOp], part: Range<usize>, new_part: Range<usize>) -> Result<(), Unclear> {
        let aligned = &self.block.aligned[part.clone()];
        let first = aligned.iter().flatten().next().copied();
        let mut at = first;
        let mut before_goes = false;
        let mut before: Option<usize> = None;
        for op in ops {
            let (old, new) = (op.old_range(), op.new_range());
            let goes = !matches!(op, DiffOp::Equal { .. });
            for index in old.clone() {
                let Some(row) = aligned[index] else { continue };
                if let Some(before) = before {
                    self.between(before + 1..row, before_goes, goes)?;
                }
                if goes {
                    self.gone.insert(row);
                }
                (before, before_goes, at) = (Some(row), goes, Some(row + 1));
            }
            if !goes {
                continue;
            }
            let paired = old.len() == new.len();
            for (offset, index) in new.enumerate() {
                let instead_of = paired.then_some(part.start + old.start + offset);
                let text = self.block.line(new_part.start + index, instead_of)?;
                let at =
                    at.ok_or("new lines next to lines left out have no place; write a line of the file next to them")?;
                self.new.entry(at).or_default().push(text);
            }
        }
        Ok(())
    }

    /// Lines of the file that the block does not have: they go when both of their neighbours go.
    fn between(&mut self, rows: Range<usize>, before_goes: bool, after_goes: bool) -> Result<(), Unclear> {
        if !before_goes || !after_goes {
            return Ok(());
        }
        if rows.clone().any(|row| !self.lines.is_blank(row)) {
            return Err("lines of the file are missing in the text to find, in the middle of what changes");
        }
        self.gone.extend(rows);
        Ok(())
    }

    fn changes(self) -> Vec<LineChange> {
        let mut changes: Vec<LineChange> = Vec::new();
        let rows: BTreeSet<usize> = self.gone.iter().chain(self.new.keys()).copied().collect();
        for row in rows {
            let goes = self.gone.contains(&row);
            let new = self.new.get(&row).cloned().unwrap_or_default();
            match changes.last_mut().filter(|last| last.gone.end == row && !last.gone.is_empty()) {
                Some(last) => {
                    last.gone.end += usize::from(goes);
                    last.new.extend(new);
                }
                None => changes.push(LineChange { gone: row..row + usize::from(goes), new }),
            }
        }
        let lines = self.lines;
        let changes = changes.into_iter().map(|change| without_second_blanks(lines, self.block.aligned, change));
        changes.map(|change| trimmed(lines, change)).filter(|change| !change.is_nothing()).collect()
    }
}

impl LineChange {
    fn is_nothing(&self) -> bool {
        self.gone.is_empty() && self.new.is_empty()
    }
}

/// A change without blank lines that stand in the file already: the text to find had left them out between two of its
/// lines, the new text has them.
fn without_second_blanks(lines: &Lines, aligned: &[Option<usize>], mut change: LineChange) -> LineChange {
    let rows = || aligned.iter().flatten().copied();
    let (Some(first), Some(last)) = (rows().min(), rows().max()) else { return change };
    let is_left_out =
        |row: usize| row > first && row < last && lines.is_blank(row) && !rows().any(|aligned| aligned == row);
    let mut below = change.gone.end;
    while change.new.last().is_some_and(|line| line.trim().is_empty()) && is_left_out(below) {
        change.new.pop();
        below += 1;
    }
    let mut above = change.gone.start;
    while change.new.first().is_some_and(|line| line.trim().is_empty()) && above > 0 && is_left_out(above - 1) {
        change.new.remove(0);
        above -= 1;
    }
    change
}

/// A change without the lines that stay the same at its ends.
fn trimmed(lines: &Lines, mut change: LineChange) -> LineChange {
    while !change.gone.is_empty() && change.new.first().is_some_and(|new| new == lines.content(change.gone.start)) {
        change.gone.start += 1;
        change.new.remove(0);
    }
    while !change.gone.is_empty() && change.new.last().is_some_and(|new| new == lines.content(change.gone.end - 1)) {
        change.gone.end -= 1;
        change.new.pop();
    }
    change
}
