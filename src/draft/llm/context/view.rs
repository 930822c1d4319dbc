//! A file with most of it left out: which lines stay is said in tiers, so that it can be shown shorter and shorter.
//!
//! In: a text and ranges of rows with their tiers (0 stays longest). Out: its renderings, the fullest first. Lines that
//! stay are shown exactly as they are, so that they can be copied; what is left out is marked by a comment.

use std::ops::Range;
use std::path::Path;

use super::excerpt::cut_line;

/// The tier of what is never shown.
const OUT: u8 = u8::MAX;

/// A gap that is shown after all: as long as the mark that would stand for it.
const SMALL_GAP: usize = 1;

/// See the module.
pub(super) struct View<'text> {
    lines: Vec<&'text str>,
    tiers: Vec<u8>,
    comment: &'static str,
}

impl<'text> View<'text> {
    /// A view that shows nothing yet.
    pub fn new(path: &Path, text: &'text str) -> Self {
        let lines: Vec<&str> = text.lines().collect();
        let tiers = vec![OUT; lines.len()];
        View { lines, tiers, comment: comment_of(path) }
    }

    /// How many lines the file has.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Shows rows down to a tier; rows past the end are ignored.
    pub fn keep(&mut self, rows: Range<usize>, tier: u8) {
        let end = rows.end.min(self.tiers.len());
        for known in self.tiers.get_mut(rows.start.min(end)..end).into_iter().flatten() {
            *known = tier.min(*known);
        }
    }

    /// Shows the rows around one.
    pub fn keep_around(&mut self, row: usize, rows: usize, within: &Range<usize>, tier: u8) {
        let start = row.saturating_sub(rows).max(within.start);
        self.keep(start..(row + rows + 1).min(within.end), tier);
    }

    /// Whether anything is shown.
    pub fn is_empty(&self) -> bool {
        self.tiers.iter().all(|tier| *tier == OUT)
    }

    /// The renderings, the fullest first, without repetition.
    pub fn forms(&self) -> Vec<String> {
        let mut tiers: Vec<u8> = self.tiers.iter().copied().filter(|tier| *tier != OUT).collect();
        tiers.sort_unstable();
        tiers.dedup();
        let mut forms: Vec<String> = tiers.into_iter().rev().map(|tier| self.render(tier)).collect();
        forms.dedup();
        forms
    }

    fn render(&self, tier: u8) -> String {
        let mut text = String::new();
        let mut row = 0;
        while row < self.lines.len() {
            if self.tiers[row] <= tier {
                text.push_str(&cut_line(self.lines[row]));
                text.push('\n');
                row += 1;
                continue;
            }
            let end = (row..self.lines.len()).find(|row| self.tiers[*row] <= tier).unwrap_or(self.lines.len());
            self.leave_out(row..end, &mut text);
            row = end;
        }
        text
    }

    fn leave_out(&self, gap: Range<usize>, text: &mut String) {
        let blank = self.lines[gap.clone()].iter().all(|line| line.trim().is_empty());
        if blank {
            if gap.start > 0 && gap.end < self.lines.len() {
                text.push('\n');
            }
            return;
        }
        if gap.len() <= SMALL_GAP && self.lines[gap.start].len() <= 60 {
            text.push_str(self.lines[gap.start]);
            text.push('\n');
            return;
        }
        let first = self.lines[gap.clone()].iter().find(|line| !line.trim().is_empty());
        let indentation: String =
            first.map_or("", |line| line).chars().take_while(|c| c.is_whitespace()).take(40).collect();
        let space = if self.comment.is_empty() { "" } else { " " };
        let lines = if gap.len() == 1 { "line" } else { "lines" };
        text.push_str(&format!("{indentation}{}{space}… {} {lines} left out\n", self.comment, gap.len()));
    }
}

/// How a comment to the end of the line begins, by the file's ending; nothing where that is not known.
fn comment_of(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()).unwrap_or("") {
        "py" | "pyi" | "rb" | "sh" | "yml" | "yaml" | "toml" | "pl" | "r" | "cfg" | "tf" => "#",
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "go" | "rs" | "java" | "kt" | "c" | "h"
        | "cc" | "cpp" | "hpp" | "cs" | "swift" | "scala" | "php" | "dart" => "//",
        "sql" | "lua" | "hs" => "--",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_marked_in_the_file_s_own_way() {
        let text = "import a\n\ndef f():\n    one\n    two\n    three\n    four\n\ndef g():\n    pass\n";
        let mut view = View::new(Path::new("a.py"), text);
        view.keep(2..3, 0);
        view.keep(5..99, 1);
        let forms = view.forms();
        assert_eq!(
            forms[0],
            "import a\n\ndef f():\n    # … 2 lines left out\n    three\n    four\n\ndef g():\n    pass\n"
                .replace("import a\n\n", "# … 2 lines left out\n")
        );
        assert_eq!(forms[1], "# … 2 lines left out\ndef f():\n    # … 7 lines left out\n");
    }
}
