//! SEARCH/REPLACE blocks.
//!
//! ```text
//! src/a.py
//! <<<<<<< SEARCH
//! x = 1
//! =======
//! x = 2
//! >>>>>>> REPLACE
//! ```
//!
//! Markers have five to nine characters and may have any word or none. The file's name stands behind the opening
//! marker, on a line above it, or in the fence around it; a block without one is about the file of the block before.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Problem;
use super::lines::{Found, fence, joined, replacing};
use super::names::{definition_of_line, is_path, name_in_prose, name_of_info, name_of_line};

/// How many lines above a block may hold the file's name.
const LOOK_BACK: usize = 5;

/// The words that follow an opening marker.
static OPEN: LazyLock<Regex> = LazyLock::new(|| {
    compiled(r"(?i)^(\s*)<{5,9}[ \t]*(?:(SEARCH|ORIGINAL|HEAD|OLD|BEFORE|FIND)\b)?[ \t:]*(.*?)[ \t]*$")
});
static DIVIDE: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)^\s*(={5,9})[ \t]*(?:REPLACE|DIVIDER|UPDATED)?[ \t]*$"));
static BASE: LazyLock<Regex> = LazyLock::new(|| compiled(r"^\s*\|{5,9}.*$"));
static CLOSE: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)^\s*(?:[>]{5,9})[ \t]*(?:(?:REPLACE|UPDATED|NEW|AFTER|END)\b.*|[\w./-]*)?[ \t]*$"));

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is fixed and a test compiles it")
}

/// Reads all blocks.
pub(super) fn read(lines: &[&str]) -> Found {
    let mut found = Found::default();
    let mut file: Option<String> = None;
    let (mut index, mut free_from) = (0, 0);
    while index < lines.len() {
        let Some(opening) = opening(lines[index]) else {
            index += 1;
            continue;
        };
        let body = body(lines, index + 1);
        file = opening.file.or_else(|| name_above(lines, free_from..index)).or(file);
        match split(&lines[body.lines.clone()], &opening.indent) {
            Ok((search, replace)) => {
                let mut block = replacing(file.clone(), joined(&search), joined(&replace));
                block.definition = definition_above(lines, free_from..index);
                found.blocks.push((index..body.end, block));
                if body.is_cut {
                    found.problems.push(Problem::Unfinished { block: found.blocks.len() - 1 });
                }
            }
            Err(why) => found.malformed(index, why),
        }
        index = body.end.max(index + 1);
        free_from = index;
    }
    found
}

struct Opening {
    indent: String,
    file: Option<String>,
}

fn opening(line: &str) -> Option<Opening> {
    let found = OPEN.captures(line)?;
    let rest = found.get(3).map_or("", |rest| rest.as_str()).trim_matches(['`', '"', ':', '*', '(', ')']);
    // `<<<<<<< something else` is code or prose.
    let file = (!rest.is_empty()).then(|| name_of_line(rest)).flatten();
    if file.is_none() && !rest.is_empty() && found.get(2).is_none() {
        return None;
    }
    Some(Opening { indent: found.get(1).map_or("", |indent| indent.as_str()).to_owned(), file })
}

/// The lines between the markers, and where the block ends.
struct Body {
    lines: Range<usize>,
    end: usize,
    is_cut: bool,
}

fn body(lines: &[&str], start: usize) -> Body {
    let mut divided = false;
    for index in start..lines.len() {
        divided |= DIVIDE.is_match(lines[index]);
        if divided && CLOSE.is_match(lines[index]) {
            return Body { lines: start..index, end: index + 1, is_cut: false };
        }
        if divided && opening(lines[index]).is_some() {
            let end = unclosed_end(lines, start..index);
            return Body { lines: start..end, end, is_cut: false };
        }
    }
    let end = unclosed_end(lines, start..lines.len());
    Body { lines: start..end, end, is_cut: true }
}

/// Where a block without a closing marker ends: at the end of its fence, or at the end of what there is.
fn unclosed_end(lines: &[&str], range: Range<usize>) -> usize {
    let divide = range.clone().find(|&index| DIVIDE.is_match(lines[index])).unwrap_or(range.start);
    let closes = |index: &usize| fence(lines[*index]).is_some_and(|(_, info)| info.is_empty());
    let (from, to) = (divide, range.end);
    (from..to).find(closes).unwrap_or(to)
}

/// The text to find and the new text.
fn split<'a>(lines: &[&'a str], indent: &str) -> Result<(Vec<&'a str>, Vec<&'a str>), &'static str> {
    let candidates: Vec<usize> = (0..lines.len()).filter(|&index| DIVIDE.is_match(lines[index])).collect();
    let divide = match candidates.as_slice() {
        [] => return Err("a SEARCH/REPLACE block has no line of ======="),
        [only] => *only,
        // Titles of plain text are underlined so; the divider underlines nothing.
        many => {
            let length = |index: usize| lines[index].trim().chars().filter(|character| *character == '=').count();
            let underlines = |index: usize| index > 0 && lines[index - 1].trim().chars().count() == length(index);
            let mut plain = many.iter().copied().filter(|&index| !underlines(index));
            let first = plain.next();
            let with_seven: Vec<usize> =
                many.iter().copied().filter(|&index| length(index) == 7 && !underlines(index)).collect();
            match (first, plain.next(), with_seven.as_slice()) {
                (Some(only), None, _) => only,
                (_, _, [only]) => *only,
                _ => return Err("a SEARCH/REPLACE block has several lines of ======="),
            }
        }
    };
    let search_end = lines[..divide].iter().position(|line| BASE.is_match(line)).unwrap_or(divide);
    let (search, replace) = (unfenced(&lines[..search_end]), unfenced(&lines[divide + 1..]));
    let all = || search.iter().chain(&replace).filter(|line| !line.trim().is_empty());
    if !indent.is_empty() && all().count() > 0 && all().all(|line| line.starts_with(indent)) {
        let strip = |line: &&'a str| line.strip_prefix(indent).unwrap_or("");
        return Ok((search.iter().map(strip).collect(), replace.iter().map(strip).collect()));
    }
    Ok((search, replace))
}

/// A part without the code fence that some models put around it.
fn unfenced<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    match lines {
        [first, inner @ .., last] if fence(first).is_some() && fence(last).is_some_and(|(_, info)| info.is_empty()) => {
            inner.to_vec()
        }
        _ => lines.to_vec(),
    }
}

/// The file's name on one of the nearest lines above a block, or in its fence.
/// The definition that is named right above a block.
fn definition_above(lines: &[&str], range: Range<usize>) -> Option<String> {
    let above = lines[range].iter().rev().filter(|line| !line.trim().is_empty());
    above.take(LOOK_BACK).find_map(|line| definition_of_line(line))
}

fn name_above(lines: &[&str], range: Range<usize>) -> Option<String> {
    let mut may_be_prose = true;
    for line in lines[range].iter().rev().filter(|line| !line.trim().is_empty()).take(LOOK_BACK) {
        if let Some((_, info)) = fence(line) {
            if let Some(name) = name_of_info(info) {
                return Some(name);
            }
            continue;
        }
        if let Some(name) = name_of_line(line) {
            return Some(name);
        }
        if may_be_prose && let Some(name) = name_in_prose(line).filter(|name| is_path(name)) {
            return Some(name);
        }
        may_be_prose = false;
    }
    None
}
