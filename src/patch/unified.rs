//! Unified diffs as git writes and reads them.

use std::path::Path;

use similar::TextDiff;

/// The diff of one file with three lines of context, `a/` and `b/` in front of the path.
pub fn unified_diff(file: &Path, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let name = |side: char| quoted(&format!("{side}/{}", file.display()));
    diff.unified_diff().context_radius(3).header(&name('a'), &name('b')).to_string()
}

/// git quotes names with control characters, quotes or backslashes in the manner of C.
fn quoted(name: &str) -> String {
    if !name.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return name.to_owned();
    }
    let mut quoted = String::from("\"");
    for character in name.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => quoted.push_str(&format!("\\{:03o}", control as u32)),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diff_is_git_s() {
        insta::assert_snapshot!(unified_diff(Path::new("a.py"), "x = 1\ny = 2", "x = 1\ny = 3"), @r"
        --- a/a.py
        +++ b/a.py
        @@ -1,2 +1,2 @@
         x = 1
        -y = 2
        \ No newline at end of file
        +y = 3
        \ No newline at end of file
        ");
    }
}
