//! What a unified diff changes: groups of neighbouring lines, with their numbers on both sides.
//!
//! In: a diff as [`unified_diff`](crate::patch::unified_diff) or git writes it. Out: its files and
//! [`Change`]s. What is not a diff gives nothing.

/// Neighbouring lines that a diff changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// The file after the change.
    pub path: String,
    /// The first removed line, from 1; where nothing is removed, the line before which text is added.
    pub old_line: u32,
    /// The first added line, from 1; where nothing is added, the line that follows the removed ones.
    pub new_line: u32,
    /// The removed lines.
    pub removed: Vec<String>,
    /// The added lines.
    pub added: Vec<String>,
    /// The unchanged line before, where the diff shows one.
    pub before: Option<String>,
    /// Whether the diff shows an unchanged line after.
    pub has_line_after: bool,
}

/// The new side's files of a diff.
pub(super) fn files(diff: &str) -> Vec<String> {
    let mut files: Vec<String> = changes(diff).into_iter().map(|change| change.path).collect();
    files.dedup();
    files
}

/// How many lines a diff adds and removes.
pub(super) fn size(diff: &str) -> (usize, usize) {
    let changes = changes(diff);
    let count = |lines: fn(&Change) -> usize| changes.iter().map(lines).sum();
    (count(|change| change.added.len()), count(|change| change.removed.len()))
}

/// Every change of a diff, in its order; those of deleted files are left out.
pub(super) fn changes(diff: &str) -> Vec<Change> {
    let mut reader = Reader::default();
    for line in diff.split('\n') {
        reader.read(line);
    }
    reader.close(false);
    reader.found
}

/// How many changes are read: a diff of heal has a handful.
const MOST: usize = 1000;

#[derive(Default)]
struct Reader {
    path: Option<String>,
    /// Lines that the hunk still has on the old and on the new side.
    left: (u32, u32),
    /// The next line on the old and on the new side.
    next: (u32, u32),
    before: Option<String>,
    open: Option<Change>,
    found: Vec<Change>,
}

impl Reader {
    fn read(&mut self, line: &str) {
        if self.left == (0, 0) {
            self.close(false);
            return self.header(line);
        }
        let content = line.get(1..).unwrap_or("").to_owned();
        match line.as_bytes().first() {
            Some(b'-') => {
                self.change().removed.push(content);
                self.pass(1, 0);
            }
            Some(b'+') => {
                self.change().added.push(content);
                self.pass(0, 1);
            }
            Some(b'\\') => {}
            // Some tools strip the blank of an empty unchanged line.
            Some(b' ') | None => {
                self.close(true);
                self.before = Some(content);
                self.pass(1, 1);
            }
            Some(_) => self.left = (0, 0),
        }
    }

    fn header(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("+++ ") {
            let name = unquoted(name.trim_end_matches('\r'));
            self.path = name.strip_prefix("b/").map(str::to_owned);
        } else if let Some((old, new)) = ranges(line) {
            self.left = (old.1, new.1);
            // A side without lines names the line before.
            self.next = (old.0 + u32::from(old.1 == 0), new.0 + u32::from(new.1 == 0));
            self.before = None;
        }
    }

    fn change(&mut self) -> &mut Change {
        let (old_line, new_line) = self.next;
        let path = self.path.clone().unwrap_or_default();
        let before = self.before.clone();
        self.open.get_or_insert_with(|| Change { path, old_line, new_line, before, ..Change::default() })
    }

    fn pass(&mut self, old: u32, new: u32) {
        self.left = (self.left.0.saturating_sub(old), self.left.1.saturating_sub(new));
        self.next = (self.next.0.saturating_add(old), self.next.1.saturating_add(new));
    }

    fn close(&mut self, has_line_after: bool) {
        let Some(change) = self.open.take() else { return };
        if self.path.is_some() && self.found.len() < MOST {
            self.found.push(Change { has_line_after, ..change });
        }
    }
}

/// `@@ -1,2 +3,4 @@`: the start and length of both sides.
fn ranges(line: &str) -> Option<((u32, u32), (u32, u32))> {
    let mut words = line.strip_prefix("@@ ")?.split(' ');
    let mut range = |sign: char| {
        let word = words.next()?.strip_prefix(sign)?;
        let (start, length) = word.split_once(',').unwrap_or((word, "1"));
        Some((start.parse().ok().filter(|start| *start < u32::MAX)?, length.parse().ok()?))
    };
    Some((range('-')?, range('+')?))
}

/// A name that git quoted in the manner of C.
fn unquoted(name: &str) -> String {
    let Some(inside) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) else { return name.to_owned() };
    let mut bytes = Vec::new();
    let mut rest = inside.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(digit @ b'0'..=b'7') => {
                let mut value = u32::from(digit - b'0');
                while let Some(digit) = rest.next_if(|byte| (b'0'..=b'7').contains(byte)) {
                    value = (value * 8 + u32::from(digit - b'0')) & 0xff;
                }
                bytes.push(value as u8);
            }
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::patch::unified_diff;

    #[track_caller]
    fn check(before: &str, after: &str, expected: &[(u32, u32, usize, usize)]) {
        let found = changes(&unified_diff(Path::new("a.py"), before, after));
        let numbers: Vec<_> = found.iter().map(|c| (c.old_line, c.new_line, c.removed.len(), c.added.len())).collect();
        assert_eq!(numbers, expected, "{found:?}");
    }

    #[test]
    fn changes_have_the_lines_of_both_sides() {
        check("a\nb\nc\n", "a\nB\nc\n", &[(2, 2, 1, 1)]);
        check("a\nb\nc\n", "a\nc\n", &[(2, 2, 1, 0)]);
        check("a\nc\n", "a\nb\nc\n", &[(2, 2, 0, 1)]);
        check("", "x\n", &[(1, 1, 0, 1)]);
        check("a\nb\nc\nd\n", "A\nb\nc\nx\nd\n", &[(1, 1, 1, 1), (4, 4, 0, 1)]);
        check("x = 1\n-- y\n", "x = 1\n++ y", &[(2, 2, 1, 1)]);
    }

    #[test]
    fn names_are_those_of_the_new_side() {
        let diff = unified_diff(Path::new("odd \"name\"\\\u{1}.py"), "a\n", "b\n");
        assert_eq!(files(&diff), ["odd \"name\"\\\u{1}.py"]);
        assert_eq!(files("--- a/gone.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"), Vec::<String>::new());
        assert_eq!(size(&diff), (1, 1));
    }

    proptest! {
        #[test]
        fn anything_can_be_read(text in "([-+@ \\\\]{0,4}[a-z0-9,@ ]{0,8}\n){0,12}") {
            let _ = changes(&text);
        }

        #[test]
        fn changed_lines_are_where_it_says(before in "([abc]\n){0,20}", after in "([abc]\n){0,20}") {
            for change in changes(&unified_diff(Path::new("a"), &before, &after)) {
                let at = |text: &str, line: u32, count: usize| -> Vec<String> {
                    text.lines().skip(line as usize - 1).take(count).map(str::to_owned).collect()
                };
                prop_assert_eq!(at(&before, change.old_line, change.removed.len()), change.removed.clone());
                prop_assert_eq!(at(&after, change.new_line, change.added.len()), change.added.clone());
            }
        }
    }
}
