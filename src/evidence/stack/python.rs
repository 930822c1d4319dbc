//! Python tracebacks: `File "x.py", line 3, in f`, and the exception below them.
//!
//! Format: <https://docs.python.org/3/library/traceback.html>. Of chained tracebacks the last one counts: it is
//! the exception that was not caught.

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use crate::evidence::stack::{is_foreign, repository_path};
use crate::evidence::{Line, StackFrame};

static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^[\s|+]*File "([^"]+)", line (\d+)(?:, in (.+))?$"#).expect("the pattern is constant and tested")
});

static EXCEPTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt|Failure|Failed|Timeout|NotFound|Skipped|DoesNotExist|[A-Z]\w+))(?::\s?(.*))?$")
        .expect("the pattern is constant and tested")
});

/// A traceback.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traceback {
    /// Its frames, innermost last.
    pub frames: Vec<StackFrame>,
    /// The exception's name without its module.
    pub kind: Option<String>,
    /// What it says.
    pub message: Option<String>,
    /// Numbers of its first and last line in the log.
    pub lines: (usize, usize),
}

/// The most frames of one traceback that are kept; a recursion has thousands.
const MOST_FRAMES: usize = 200;

/// A frame's line.
pub fn frame(text: &str) -> Option<StackFrame> {
    if !text.contains("File \"") {
        return None;
    }
    let found = FRAME.captures(text)?;
    let file = if is_foreign(&found[1]) { PathBuf::from(&found[1]) } else { repository_path(&found[1]) };
    Some(StackFrame { file, line: found[2].parse().ok()?, function: found.get(3).map(|name| name.as_str().to_owned()) })
}

/// The name and text of an exception's line, `module.Name: text`.
pub fn exception(text: &str) -> Option<(String, Option<String>)> {
    let first = text.as_bytes().first()?;
    if !(first.is_ascii_alphabetic() || *first == b'_') || text.len() > 4000 {
        return None;
    }
    let found = EXCEPTION.captures(text)?;
    let name = found[1].rsplit('.').next().unwrap_or(&found[1]).to_owned();
    Some((name, found.get(2).map(|message| message.as_str().trim().to_owned()).filter(|message| !message.is_empty())))
}

/// The traceback that begins at `lines[0]` (`Traceback (most recent call last):`, or a frame for a
/// syntax error) to the end of its chain, with the number of lines that it takes, at least 1.
pub fn read(lines: &[Line<'_>]) -> (Traceback, usize) {
    let first = lines.first().map_or(0, |line| line.number);
    let mut from = 0;
    let mut last = Traceback::default();
    for _ in 0..CHAIN {
        let (traceback, taken) = single(&lines[from..]);
        last = traceback;
        from += taken;
        match chained(&lines[from.min(lines.len())..]) {
            Some(next) => from += next,
            None => break,
        }
    }
    (Traceback { lines: (first, last.lines.1), ..last }, from.clamp(1, lines.len().max(1)))
}

/// The longest chain that is followed.
const CHAIN: usize = 20;

fn single(lines: &[Line<'_>]) -> (Traceback, usize) {
    let first = lines.first().map_or(0, |line| line.number);
    let mut traceback = Traceback { lines: (first, first), ..Traceback::default() };
    let indent = lines.first().map_or(0, |line| indent_of(line.text));
    for (index, line) in lines.iter().enumerate() {
        let inside = index == 0 || line.text.is_empty() || indent_of(line.text) > indent;
        if let Some(frame) = frame(line.text) {
            if traceback.frames.len() < MOST_FRAMES {
                traceback.frames.push(frame);
            }
        } else if !inside {
            let Some((kind, message)) = exception(line.text.trim_start()) else { return (traceback, index.max(1)) };
            (traceback.kind, traceback.message) = (Some(kind), message);
            traceback.lines.1 = line.number;
            return (traceback, index + 1);
        }
    }
    (traceback, lines.len().max(1))
}

/// How many lines further a chained traceback begins.
fn chained(lines: &[Line<'_>]) -> Option<usize> {
    let near = lines.iter().take(8);
    let said = near.clone().any(|line| {
        line.text.contains("During handling of the above exception")
            || line.text.contains("was the direct cause of the following exception")
    });
    if !said {
        return None;
    }
    near.clone().position(|line| line.text.trim_start().starts_with("Traceback (most recent call last)"))
}

fn indent_of(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Level;

    fn lines(text: &str) -> Vec<Line<'_>> {
        text.lines().enumerate().map(|(index, text)| Line { number: index + 1, text, level: Level::Plain }).collect()
    }

    #[test]
    fn the_last_of_chained_tracebacks_counts() {
        let text = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x\nKeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"b.py\", line 2, in g\n    y\npkg.errors.NotThereError: no a\nmore output";
        let (traceback, taken) = read(&lines(text));
        assert_eq!((traceback.kind.as_deref(), traceback.message.as_deref()), (Some("NotThereError"), Some("no a")));
        assert_eq!((traceback.frames.len(), traceback.lines, taken), (1, (1, 11), 11));
    }
}
