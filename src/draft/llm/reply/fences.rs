//! Whole definitions in code fences: the last resort, read only when an answer has no edits of any other form.
//!
//! A fence counts when it is in a known language, parses without an error and holds a definition. Two fences with the
//! same definition (as it is, as it should be) are none: which one is meant is not told.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::lines::{Found, fence, joined, replacing};
use super::names::{definition_of_line, name_in_prose, name_of_info, name_of_line};
use crate::code::SourceFile;
use crate::code::outline::definitions;
use crate::patch::edit::Change;

/// The class that methods are put into to be parsed.
const HULL: &str = "HullOfMethods";

/// How many lines above a fence may say what it is about.
const LOOK_BACK: usize = 3;

/// A code fence.
struct Fence {
    lines: Range<usize>,
    content: Range<usize>,
    info: String,
    is_closed: bool,
}

/// Reads all fences that hold definitions.
pub(super) fn read(lines: &[&str]) -> Found {
    let mut found = Found::default();
    let mut seen: BTreeMap<(Option<String>, String), usize> = BTreeMap::new();
    let mut doubled = Vec::new();
    let mut free_from = 0;
    for one in fences(lines) {
        let name = name(lines, &one, free_from);
        let named = above(lines, free_from..one.lines.start).find_map(definition_of_line);
        free_from = one.lines.end;
        let mut content = &lines[one.content.clone()];
        if content.first().is_some_and(|line| is_comment_with(line, name.as_deref())) {
            content = &content[1..];
        }
        let text = joined(content);
        let Some(names) = defined(&text, &one.info, name.as_deref()) else { continue };
        if !one.is_closed {
            found.malformed(one.lines.start, "the code fence has no end");
            continue;
        }
        for definition in names {
            doubled.extend(seen.insert((name.clone(), definition), found.blocks.len()));
        }
        let mut block = replacing(name, String::new(), String::new());
        block.definition = named;
        block.change = Change::Definition { text };
        found.blocks.push((one.lines, block));
    }
    if !doubled.is_empty() {
        let line = found.blocks.get(doubled[0]).map_or(0, |(lines, _)| lines.start);
        found.blocks.clear();
        found.malformed(line, "the answer holds a definition more than once; write edits, or only the new text");
    }
    found
}

/// The code fences of an answer; a longer fence holds shorter ones.
fn fences(lines: &[&str]) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut open: Option<(usize, usize, String)> = None;
    for (index, line) in lines.iter().enumerate() {
        let Some((length, info)) = fence(line) else { continue };
        match &open {
            None => open = Some((index, length, info.to_owned())),
            Some((start, opened, begun)) if info.is_empty() && length >= *opened => {
                fences.push(Fence {
                    lines: *start..index + 1,
                    content: start + 1..index,
                    info: begun.clone(),
                    is_closed: true,
                });
                open = None;
            }
            Some(_) => {}
        }
    }
    if let Some((start, _, info)) = open {
        fences.push(Fence { lines: start..lines.len(), content: start + 1..lines.len(), info, is_closed: false });
    }
    fences
}

fn name(lines: &[&str], one: &Fence, free_from: usize) -> Option<String> {
    let above = || above(lines, free_from..one.lines.start).find(|line| definition_of_line(line).is_none());
    let inside =
        || lines[one.content.clone()].first().filter(|line| is_comment(line)).and_then(|line| name_of_line(line));
    name_of_info(&one.info)
        .or_else(inside)
        .or_else(|| above().and_then(|line| name_of_line(line).or_else(|| name_in_prose(line))))
}

/// The last lines before a fence that are not blank, the nearest first.
fn above<'a>(lines: &'a [&'a str], range: Range<usize>) -> impl Iterator<Item = &'a str> {
    let range = range.start.min(range.end)..range.end;
    lines[range].iter().rev().copied().filter(|line| !line.trim().is_empty()).take(LOOK_BACK)
}

fn is_comment(line: &str) -> bool {
    ["#", "//", "/*", "<!--"].iter().any(|opening| line.trim_start().starts_with(opening))
}

fn is_comment_with(line: &str, name: Option<&str>) -> bool {
    name.is_some() && is_comment(line) && name_of_line(line).as_deref() == name
}

/// The names of the definitions of a text, when it is code of a known language and nothing else.
fn defined(text: &str, info: &str, name: Option<&str>) -> Option<Vec<String>> {
    let language = info.split([' ', ':', '{', ',']).next().unwrap_or("").to_ascii_lowercase();
    let ending = match language.as_str() {
        "python" | "py" | "python3" => &["a.py"][..],
        "javascript" | "js" | "jsx" | "mjs" | "cjs" => &["a.js"],
        "typescript" | "ts" => &["a.ts"],
        "tsx" => &["a.tsx"],
        "" => &["a.py", "a.tsx"],
        _ if super::names::is_path(info) => &[],
        _ => return None,
    };
    let candidates = name.map(Path::new).into_iter().chain(ending.iter().map(Path::new));
    candidates.into_iter().find_map(|path| names(path, text))
}

fn names(path: &Path, text: &str) -> Option<Vec<String>> {
    let indented: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let first = indented.first().map_or("", |line| &line[..line.len() - line.trim_start().len()]);
    let common = if indented.iter().all(|line| line.starts_with(first)) { first.len() } else { 0 };
    let plain: String = text.lines().flat_map(|line| [line.get(common..).unwrap_or(""), "\n"]).collect();
    let named = |text: String| {
        let parsed = SourceFile::parse(path, text).ok().filter(|parsed| parsed.error_count() == 0)?;
        let names: Vec<String> =
            definitions(&parsed).into_iter().map(|definition| definition.name).filter(|name| name != HULL).collect();
        (!names.is_empty()).then_some(names)
    };
    let is_python = path.extension().is_some_and(|ending| ending == "py" || ending == "pyi");
    named(plain.clone()).or_else(|| if is_python { None } else { named(format!("class {HULL} {{\n{plain}}}\n")) })
}
