//! The project's own rules for contributions, in brief: the lines about style, formatting and tests.

use std::path::{Path, PathBuf};

use super::SectionKind::Rules;
use super::excerpt::cut_line;
use super::files::Files;
use super::piece::{Piece, Trim};

/// How many lines are shown of all files together.
const LINES: usize = 40;

/// Where rules stand, by the lower-case path.
const FILES: &[&str] = &[
    "contributing.md",
    "contributing.rst",
    "contributing.txt",
    "contributing",
    ".github/contributing.md",
    "docs/contributing.md",
    "docs/contributing.rst",
    ".editorconfig",
];

/// Words that make a line one about how code is written.
const WORDS: &[&str] = &[
    "style",
    "format",
    "lint",
    "test",
    "type",
    "indent",
    "tab",
    "space",
    "quote",
    "line length",
    "naming",
    "docstring",
    "comment",
    "changelog",
    "snake_case",
    "camelcase",
    "semicolon",
    "eslint",
    "prettier",
    "black",
    "ruff",
    "mypy",
];

/// What an `.editorconfig` says that matters for an edit.
const EDITORCONFIG: &[&str] = &["[", "indent_", "end_of_line", "insert_final_newline", "max_line_length", "charset"];

/// The rules, where there are any.
pub(super) fn pieces(files: &Files<'_>) -> Vec<Piece> {
    let is_rules = |file: &&PathBuf| {
        file.as_os_str().len() < 40 && FILES.contains(&file.to_string_lossy().to_ascii_lowercase().as_str())
    };
    let mut left = LINES;
    let mut pieces = Vec::new();
    for file in files.case.tracked.iter().filter(is_rules) {
        let Some(source) = files.source(file) else { continue };
        let lines: Vec<String> = relevant(file, &source.text).take(left).map(cut_line).collect();
        left -= lines.len();
        if !lines.is_empty() {
            let title = format!("{} (lines about style and tests)", file.display());
            pieces.push(Piece::new(Rules, &title, vec![lines.join("\n") + "\n"], Trim::End));
        }
    }
    pieces
}

fn relevant<'text>(file: &Path, text: &'text str) -> impl Iterator<Item = &'text str> + use<'text> {
    let editorconfig = file.ends_with(".editorconfig");
    text.lines().take(2_000).filter(move |line| {
        let line = line.trim();
        if editorconfig {
            return EDITORCONFIG.iter().any(|word| line.starts_with(word));
        }
        let lower = line.to_lowercase();
        // Links, pictures and headings say nothing by themselves.
        line.len() > 20 && !line.starts_with(['[', '!', '<', '#']) && WORDS.iter().any(|word| lower.contains(word))
    })
}
