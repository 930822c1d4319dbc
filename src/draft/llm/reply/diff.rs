//! Unified diffs, in whatever state: wrong counts and line numbers, `@@` without numbers, context lines without their
//! blank, with or without git's headers; and the blocks of apply_patch, which are diffs under other headers.
//!
//! Every hunk becomes one edit: its context and removed lines are the text to find, its context and added lines what
//! comes there. The line of `@@` is a hint, and so is the definition behind it.

use std::sync::LazyLock;

use regex::Regex;

use super::Problem;
use super::lines::{Found, fence, joined, replacing};
use super::names::is_path;

static NUMBERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^@@+ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@+ ?(.*)$")
        .expect("the pattern is fixed and a test compiles it")
});

static DEFINITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:def|class|function)\b\*?\s*([A-Za-z_$][\w$]*)")
        .expect("the pattern is fixed and a test compiles it")
});

/// Reads all hunks; `is_fenced` tells lines inside of a code fence.
pub(super) fn read(lines: &[&str]) -> Found {
    let mut reader = Reader::default();
    let mut fenced: Option<usize> = None;
    let mut index = 0;
    while index < lines.len() {
        let line = lines[index];
        if let Some((length, info)) = fence(line) {
            match fenced {
                Some(open) if length >= open && info.is_empty() => {
                    reader.end(index);
                    fenced = None;
                    index += 1;
                    continue;
                }
                None if reader.hunk.is_none() => {
                    fenced = Some(length);
                    reader.is_diff_fence = matches!(info.split_whitespace().next(), Some("diff" | "patch" | "udiff"));
                    index += 1;
                    continue;
                }
                _ => {}
            }
        }
        index += reader.line(lines, index, fenced.is_some());
    }
    reader.end(lines.len());
    reader.found
}

#[derive(Default)]
struct Reader {
    found: Found,
    file: Option<String>,
    hunk: Option<Hunk>,
    is_diff_fence: bool,
}

#[derive(Default)]
struct Hunk {
    start: usize,
    line: Option<u32>,
    definition: Option<String>,
    old_lines: Option<usize>,
    /// The lines with their signs; `None` for a line that has none.
    lines: Vec<(Option<char>, String)>,
}

impl Reader {
    /// Reads a line, and the next one where two belong together; how many were read.
    fn line(&mut self, lines: &[&str], index: usize, is_fenced: bool) -> usize {
        let line = lines[index];
        if line.starts_with("--- ") && lines.get(index + 1).is_some_and(|next| next.starts_with("+++ ")) {
            self.end(index);
            self.file_of(line, lines[index + 1]);
            // A fence of a diff needs no `@@`.
            if self.is_diff_fence && !lines.get(index + 2).is_some_and(|next| next.starts_with("@@")) {
                self.hunk = Some(Hunk { start: index, ..Hunk::default() });
            }
            return 2;
        }
        if let Some(names) = line.strip_prefix("diff --git ") {
            self.end(index);
            self.file = names.rsplit_once(" b/").map(|(_, name)| name.trim().to_owned());
            return 1;
        }
        if let Some(directive) = line.strip_prefix("*** ") {
            self.end(index);
            self.directive(directive, index);
            return 1;
        }
        if line.starts_with("@@") {
            self.end(index);
            self.hunk = Some(header(line, index));
            return 1;
        }
        if self.hunk.is_none() && self.is_diff_fence && is_fenced && line.starts_with(['+', '-']) {
            self.hunk = Some(Hunk { start: index, ..Hunk::default() });
        }
        let Some(hunk) = &mut self.hunk else { return 1 };
        let is_header =
            ["index ", "new file mode", "deleted file mode", "similarity index", "rename ", "old mode", "new mode"];
        if hunk.lines.is_empty() && is_header.iter().any(|header| line.starts_with(header)) || line.starts_with("\\ ") {
            return 1;
        }
        match line.chars().next() {
            Some(sign @ ('+' | '-' | ' ')) => hunk.lines.push((Some(sign), line[1..].to_owned())),
            None => hunk.lines.push((None, String::new())),
            // Outside of a fence, prose follows the hunk once it has what it announced.
            Some(_) if !is_fenced && hunk.is_whole() => self.end(index),
            Some(_) => hunk.lines.push((None, line.to_owned())),
        }
        1
    }

    fn file_of(&mut self, old: &str, new: &str) {
        let name = |line: &str| line[4..].split('\t').next().unwrap_or("").trim().trim_matches('"').to_owned();
        let (old, new) = (name(old), name(new));
        let strip = |name: &str| name.strip_prefix("a/").or_else(|| name.strip_prefix("b/")).unwrap_or(name).to_owned();
        match (old == "/dev/null", new == "/dev/null") {
            (false, false) => self.file = Some(strip(&new)),
            (true, _) => self.file = Some(strip(&new)),
            (_, true) => {
                self.found.problems.push(Problem::WholeFile { file: strip(&old) });
                self.file = Some(strip(&old));
            }
        }
    }

    fn directive(&mut self, directive: &str, index: usize) {
        let name = |label: &str| directive.strip_prefix(label).map(|name| name.trim().to_owned());
        if let Some(file) = name("Update File:") {
            self.file = Some(file);
            // apply_patch needs no `@@` for the first hunk.
            self.hunk = Some(Hunk { start: index, ..Hunk::default() });
        } else if let Some(file) = name("Add File:").or_else(|| name("Delete File:")).or_else(|| name("Move to:")) {
            self.found.problems.push(Problem::WholeFile { file });
            self.file = None;
        }
    }

    /// Makes an edit of the hunk that ends before a line.
    fn end(&mut self, index: usize) {
        let Some(hunk) = self.hunk.take() else { return };
        let start = hunk.start;
        let (line, definition) = (hunk.line, hunk.definition.clone());
        let (search, replace) = hunk.texts();
        if search == replace {
            return;
        }
        let mut block = replacing(
            self.file.clone().filter(|file| is_path(file) || !file.is_empty()),
            joined(&search),
            joined(&replace),
        );
        (block.line, block.definition) = (line, definition);
        self.found.blocks.push((start..index, block));
    }
}

fn header(line: &str, start: usize) -> Hunk {
    let mut hunk = Hunk { start, ..Hunk::default() };
    let section = match NUMBERS.captures(line) {
        Some(numbers) => {
            let number = |group| numbers.get(group).and_then(|number| number.as_str().parse::<u32>().ok());
            hunk.line = number(1).filter(|line| *line > 0);
            hunk.old_lines = Some(number(2).map_or(1, |count| count as usize));
            numbers.get(5).map_or("", |section| section.as_str())
        }
        None => {
            let rest = line.trim_start_matches('@');
            rest.rsplit_once("@@").map_or(rest, |(_, section)| section)
        }
    };
    hunk.definition =
        DEFINITION.captures(section.trim()).and_then(|found| found.get(1)).map(|name| name.as_str().to_owned());
    hunk
}

impl Hunk {
    /// Whether it has the lines of the old file that it announced.
    fn is_whole(&self) -> bool {
        let old = self.lines.iter().filter(|(sign, _)| *sign != Some('+')).count();
        self.old_lines.is_some_and(|announced| old >= announced)
            || self.old_lines.is_none() && self.lines.last().is_some_and(|line| line.1.is_empty())
    }

    /// The text to find and the new text, as lines.
    fn texts(mut self) -> (Vec<String>, Vec<String>) {
        while self
            .lines
            .last()
            .is_some_and(|(sign, text)| *sign != Some('+') && *sign != Some('-') && text.trim().is_empty())
        {
            self.lines.pop();
        }
        let lead = self.lines.iter().take_while(|(sign, text)| sign.is_none() && text.is_empty()).count();
        self.lines.drain(..lead);
        let raw = self.has_raw_context();
        let (mut search, mut replace) = (Vec::new(), Vec::new());
        for (sign, text) in self.lines {
            match sign {
                Some('+') => replace.push(text),
                Some('-') => search.push(text),
                _ => {
                    let text = if raw && sign == Some(' ') { format!(" {text}") } else { text };
                    search.push(text.clone());
                    replace.push(text);
                }
            }
        }
        (search, replace)
    }

    /// Whether the context lines lack the blank that should stand before them: some plainly do, or all of them are
    /// indented by an even number of blanks with it, while the changed lines are so without their sign.
    fn has_raw_context(&self) -> bool {
        if self.lines.iter().any(|(sign, text)| sign.is_none() && !text.trim().is_empty()) {
            return true;
        }
        let indent = |text: &str| text.len() - text.trim_start_matches(' ').len();
        let filled = || self.lines.iter().filter(|(_, text)| !text.trim().is_empty());
        let mut context = filled().filter(|(sign, _)| *sign == Some(' ')).peekable();
        let mut changed = filled().filter(|(sign, _)| matches!(sign, Some('+' | '-')));
        context.peek().is_some()
            && context.all(|(_, text)| indent(text) % 2 == 1)
            && changed.all(|(_, text)| indent(text).is_multiple_of(2))
    }
}
