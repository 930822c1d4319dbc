//! Stack traces of JavaScript engines: `at f (file:1:2)` (V8), `f@file:1:2` (SpiderMonkey, JavaScriptCore).
//!
//! Format: <https://v8.dev/docs/stack-trace-api>.

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use crate::evidence::StackFrame;
use crate::evidence::stack::{is_foreign, repository_path};

static V8: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:❯ |› )?at (?:async )?(?:(.+?) \((?:[^()]+, )?(.+?):(\d+):(\d+)\)|(\S.*?):(\d+):(\d+))$")
        .expect("the pattern is constant and tested")
});
static OTHER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:❯ |› )?(?:([\w.$<>\[\]/ ]*?)(?:@| ))?((?:[\w.+:-]+://|\.{0,2}/|[\w@.-]+/|[A-Za-z]:\\)?[^\s:@()]+\.(?:[cm]?[jt]sx?|vue|svelte)):(\d+):(\d+)$")
        .expect("the pattern is constant and tested")
});

/// A frame with its column.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// File, line, function.
    pub frame: StackFrame,
    /// Column, from 1.
    pub column: Option<u32>,
}

/// The frame of a line.
pub fn frame(text: &str) -> Option<Frame> {
    if text.len() > 1000 || !text.contains(':') {
        return None;
    }
    let trimmed = text.trim_start();
    if trimmed.starts_with("at ") || trimmed.starts_with("❯ at ") {
        let found = V8.captures(text)?;
        let part = |index: usize| found.get(index).map(|part| part.as_str());
        return make(part(2).or(part(5))?, part(3).or(part(6))?, part(4).or(part(7)), part(1));
    }
    if !(trimmed.starts_with("❯ ") || trimmed.contains('@')) {
        return None;
    }
    let found = OTHER.captures(text)?;
    let function = found.get(1).map(|name| name.as_str().trim()).filter(|name| !name.is_empty());
    make(&found[2], &found[3], found.get(4).map(|column| column.as_str()), function)
}

fn make(path: &str, line: &str, column: Option<&str>, function: Option<&str>) -> Option<Frame> {
    let path = path.strip_prefix("webpack:///").or_else(|| path.strip_prefix("webpack-internal:///")).unwrap_or(path);
    let file =
        if is_foreign(path) { PathBuf::from(path) } else { repository_path(path.split('?').next().unwrap_or(path)) };
    let frame = StackFrame { file, line: line.parse().ok()?, function: function.map(str::to_owned) };
    Some(Frame { frame, column: column.and_then(|column| column.parse().ok()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_all_engines() {
        for (text, file, line, function) in [
            ("    at Object.<anonymous> (src/a.test.js:4:17)", "src/a.test.js", 4, Some("Object.<anonymous>")),
            ("    at /home/runner/work/a/a/src/b.ts:1:2", "src/b.ts", 1, None),
            ("      at async Promise.all (index 0)", "", 0, None),
            (
                "      at TestContext.<anonymous> (file:///home/runner/work/a/a/test/b.test.js:6:10)",
                "test/b.test.js",
                6,
                Some("TestContext.<anonymous>"),
            ),
            (" ❯ test/basic.test.ts:12:5", "test/basic.test.ts", 12, None),
            (" ❯ sum src/sum.ts:2:3", "src/sum.ts", 2, Some("sum")),
            ("f@src/a.js:3:4", "src/a.js", 3, Some("f")),
        ] {
            let found = frame(text)
                .map(|found| (found.frame.file.display().to_string(), found.frame.line, found.frame.function));
            let wanted = (line > 0).then(|| (file.to_owned(), line, function.map(str::to_owned)));
            assert_eq!(found, wanted, "{text}");
        }
    }
}
