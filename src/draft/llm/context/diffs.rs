//! Unified diffs without the files that may not be sent.

use std::path::Path;

use super::excerpt::cut_line;
use super::files::Files;

/// The longest diff that is read, in lines.
const LINES: usize = 2_000;

/// The diff without the files that may not be sent; long lines are cut.
pub(super) fn sendable(files: &Files<'_>, diff: &str) -> String {
    let lines: Vec<&str> = diff.lines().take(LINES).collect();
    let mut text = String::new();
    let mut open = true;
    for (index, line) in lines.iter().enumerate() {
        let begins = line.starts_with("diff --git ")
            || (line.starts_with("--- ") && lines.get(index + 1).is_some_and(|next| next.starts_with("+++ ")));
        if begins {
            open = named(&lines[index..]).iter().all(|path| files.may_send(Path::new(path)));
        }
        if open {
            text.push_str(&cut_line(line));
            text.push('\n');
        }
    }
    text
}

/// The files that the heading of a file's part names.
fn named<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut paths = Vec::new();
    for (index, line) in lines.iter().enumerate().take(12) {
        if line.starts_with("@@") || (index > 0 && line.starts_with("diff --git ")) {
            break;
        }
        let path = ["--- ", "+++ ", "rename from ", "rename to "].iter().find_map(|mark| line.strip_prefix(mark));
        let path = path.map(|path| path.split('\t').next().unwrap_or(path).trim_matches('"'));
        paths.extend(path.filter(|path| *path != "/dev/null").map(without_side));
    }
    paths
}

fn without_side(path: &str) -> &str {
    path.strip_prefix("a/").or_else(|| path.strip_prefix("b/")).unwrap_or(path)
}
