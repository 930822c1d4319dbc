//! pytest: the `FAILURES` and `ERRORS` sections, the short summary, verbose progress, usage errors.
//!
//! Sections (`____ Class.test[param] ____`) hold the frames and the exception; the short summary
//! (`FAILED path::Class::test - message`, since 3.x with `-r`, by default since 6) holds whole ids. A section is
//! matched to its id by the id's last parts. Format: <https://docs.pytest.org/en/stable/how-to/output.html>.

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use super::pytest_names::{add_named, complete_id, without_time};
use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::{is_foreign, python, repository_path};
use crate::evidence::{Failure, Line, Nature, StackFrame};

/// pytest.
pub static TOOL: Tool = Tool {
    name: "pytest",
    marks: &[
        "test session starts",
        " FAILURES ",
        " ERRORS ",
        "short test summary info",
        "pytest: error:",
        "__main__.py: error:",
        "py.test: error:",
        "FAIL Required test coverage",
        "INTERNALERROR>",
        "ImportError while loading conftest",
        "during collection",
        "ERROR: usage:",
        "Interrupted:",
        "KeyboardInterrupt !!!",
    ],
    parse,
};

static BANNER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^={3,} (.+?) ={3,}$").expect("the pattern is constant and tested"));
static HEADING: LazyLock<Regex> = LazyLock::new(|| {
    // A name as long as the terminal is wide leaves no room for the rulers around it.
    Regex::new(r"^(?:_+ (\S.*?) _+| ([A-Za-z_][\w.]*(?:\[.*\])?)(?: _+)?)$")
        .expect("the pattern is constant and tested")
});
static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\S[^:]*\.pyx?|<[^>]+>):(\d+): ?(?:in (\S+)|([A-Za-z_][\w.]*))?")
        .expect("the pattern is constant and tested")
});
static SUMMARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(FAILED|ERROR|FAIL) (\S.*?)(?: - (.*))?$").expect("the pattern is constant and tested")
});
static VERBOSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\[gw\d+\] \[ *\d+%\] )?(?:(FAILED|ERROR) )?(\S+\.py::.+?)(?: <- \S+)? ?(?:(FAILED|ERROR))?(?: +\[ *\d+%\])?$")
        .expect("the pattern is constant and tested")
});
static COVERAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:FAIL Required test coverage of|Coverage failure: total of \S+ is less than)")
        .expect("the pattern is constant and tested")
});
static USAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:ERROR: )?(?:usage: .*|(?:pytest|py\.test|__main__\.py)(?: .*)?: error: (.+))$")
        .expect("the pattern is constant and tested")
});

/// The width of a heading without a ruler at its left, in bytes: that of the narrowest usual terminal.
const WIDE: usize = 72;

/// The most lines of a section that are its block; captured output follows the reason.
const BLOCK: usize = 60;

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut reading = Reading::default();
    // A script that shows another program's output may have indented it.
    let indent = lines
        .iter()
        .find(|line| line.text.trim_start().starts_with("====="))
        .map_or(0, |line| line.text.len() - line.text.trim_start().len());
    for (index, line) in lines.iter().enumerate() {
        let line = &Line {
            text: line
                .text
                .get(indent..)
                .filter(|_| line.text.as_bytes()[..indent.min(line.text.len())].iter().all(|byte| *byte == b' '))
                .unwrap_or(line.text),
            ..*line
        };
        reading.line(line, &lines[index..]);
        if reading.failures.len() >= MOST_FAILURES {
            break;
        }
    }
    reading.finish()
}

/// Which part of the output a line stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Progress,
    Failures,
    Errors,
    Summary,
    Other,
}

#[derive(Default)]
struct Reading {
    part: Part,
    ran: bool,
    /// Whether the reason of the current section was seen whole: what follows is captured output.
    captured: bool,
    failures: Vec<Failure>,
    /// Ids that the progress lines or the summary name, with reason and line.
    named: Vec<(String, Option<String>, usize, Nature)>,
    threshold: Option<usize>,
    /// First and last line of the short summary's entries, of the last session that has one.
    summary: Option<(usize, usize)>,
    interrupted: Option<(usize, String)>,
}

impl Reading {
    fn line(&mut self, line: &Line<'_>, rest: &[Line<'_>]) {
        let text = line.text;
        if text.starts_with("!!!") && (text.contains("KeyboardInterrupt") || text.contains("Interrupted:")) {
            self.ran = true;
            self.interrupted = Some((line.number, text.trim_matches(['!', ' ']).to_owned()));
        }
        if text.starts_with("===")
            && let Some(banner) = BANNER.captures(text)
        {
            self.banner(&banner[1]);
            return;
        }
        if let Some(found) = USAGE.captures(text).filter(|_| !self.ran || self.part == Part::Progress) {
            self.usage(line, found.get(1).map(|message| message.as_str()));
            return;
        }
        if text.starts_with("FAIL Required")
            || text.starts_with("ERROR: Coverage")
            || text.starts_with("Coverage failure")
            || text.contains("FAIL Required")
        {
            if COVERAGE.is_match(text) {
                self.threshold = Some(line.number);
            }
            return;
        }
        match self.part {
            Part::Failures | Part::Errors => self.section(line),
            Part::Summary => self.summary(line),
            Part::Progress | Part::Other => self.progress(line, rest),
        }
    }

    fn banner(&mut self, title: &str) {
        self.ran |= title == "test session starts"
            || title == "FAILURES"
            || title == "ERRORS"
            || title.starts_with("short test summary");
        self.captured = false;
        self.part = match title {
            "FAILURES" => Part::Failures,
            "ERRORS" => Part::Errors,
            "test session starts" => Part::Progress,
            _ if title.starts_with("short test summary") => {
                self.summary = None;
                Part::Summary
            }
            _ => Part::Other,
        };
    }

    fn usage(&mut self, line: &Line<'_>, message: Option<&str>) {
        let Some(message) = message else { return };
        self.ran = true;
        self.failures.push(Failure {
            kind: Some("UsageError".to_owned()),
            message: Some(message.to_owned()),
            log_lines: Some((line.number, line.number)),
            // Options of plugins that are not installed are the usual reason.
            nature: if message.contains("unrecognized arguments") { Nature::Dependency } else { Nature::Configuration },
            ..Failure::default()
        });
    }

    fn section(&mut self, line: &Line<'_>) {
        let text = line.text;
        let ruled = text.starts_with('_') && text.ends_with('_');
        if (ruled || (text.len() >= WIDE && text.starts_with(' ')))
            && !text.contains("_ _")
            && let Some(heading) = HEADING.captures(text)
        {
            self.captured = false;
            self.open(heading.get(1).or(heading.get(2)).map_or("", |name| name.as_str()), line.number);
            return;
        }
        let Some(failure) = self.failures.last_mut() else { return };
        if text.starts_with("---") && (text.contains(" Captured ") || text.contains(" generated ")) {
            self.captured = true;
        }
        if self.captured {
            return;
        }
        read_reason(failure, line);
    }

    fn open(&mut self, heading: &str, number: usize) {
        const BEFORE: &[&str] =
            &["ERROR collecting ", "ERROR at setup of ", "ERROR at teardown of ", "ERROR at call of ", "ERROR "];
        let collecting = heading.starts_with("ERROR collecting ");
        let name = BEFORE.iter().find_map(|before| heading.strip_prefix(before)).unwrap_or(heading);
        let is_doctest = name.strip_prefix("[doctest] ");
        self.failures.push(Failure {
            test: Some(is_doctest.unwrap_or(name).to_owned()),
            file: collecting.then(|| repository_path(name)),
            log_lines: Some((number, number)),
            nature: if collecting { Nature::Load } else { Nature::Test },
            ..Failure::default()
        });
    }

    fn summary(&mut self, line: &Line<'_>) {
        let Some(found) = SUMMARY.captures(line.text) else { return };
        let id = without_time(found[2].trim());
        if !(id.contains(".py")
            || id.contains("::")
            || id.contains(".txt")
            || id.contains(".rst")
            || id.contains(".md"))
        {
            return;
        }
        self.summary = Some((self.summary.map_or(line.number, |(first, _)| first), line.number));
        let nature = if &found[1] == "ERROR" && !id.contains("::") { Nature::Load } else { Nature::Test };
        self.named.push((id.to_owned(), found.get(3).map(|reason| reason.as_str().to_owned()), line.number, nature));
    }

    fn progress(&mut self, line: &Line<'_>, rest: &[Line<'_>]) {
        let text = line.text;
        if text.starts_with("ImportError while loading conftest") {
            self.conftest(line, rest);
        } else if text.starts_with("INTERNALERROR> ")
            && self.failures.last().is_none_or(|failure| failure.kind.as_deref() != Some("INTERNALERROR"))
        {
            self.failures.push(Failure {
                kind: Some("INTERNALERROR".to_owned()),
                log_lines: Some((line.number, line.number)),
                nature: Nature::Configuration,
                ..Failure::default()
            });
        } else if let Some(rest) = text.strip_prefix("INTERNALERROR> ") {
            if let (Some(failure), Some((kind, message))) = (self.failures.last_mut(), python::exception(rest)) {
                failure.message = Some(format!("{kind}: {}", message.unwrap_or_default()));
                failure.log_lines = failure.log_lines.map(|(first, _)| (first, line.number));
            }
        } else if text.contains(".py::") && (text.contains("FAILED") || text.contains("ERROR")) && self.ran {
            let Some(found) = VERBOSE.captures(text) else { return };
            if found.get(1).or(found.get(3)).is_some() {
                self.named.push((without_time(found[2].trim()).to_owned(), None, line.number, Nature::Test));
            }
        }
    }

    fn conftest(&mut self, line: &Line<'_>, rest: &[Line<'_>]) {
        self.ran = true;
        let mut failure = Failure {
            kind: Some("ImportError".to_owned()),
            message: Some(line.text.to_owned()),
            log_lines: Some((line.number, line.number)),
            nature: Nature::Load,
            ..Failure::default()
        };
        for line in
            rest.iter().skip(1).take(BLOCK).take_while(|line| !line.text.is_empty() && !line.text.starts_with("==="))
        {
            read_reason(&mut failure, line);
        }
        self.failures.push(failure);
    }

    fn finish(mut self) -> Option<Parsed> {
        if !self.ran && self.failures.is_empty() && self.threshold.is_none() {
            return None;
        }
        for failure in &mut self.failures {
            failure.place_on_stack();
        }
        self.failures.retain(|failure| failure.test.is_some() || failure.message.is_some());
        let named = std::mem::take(&mut self.named);
        for (id, reason, line, nature) in named {
            add_named(&mut self.failures, &id, reason, line, nature);
        }
        self.failures.iter_mut().for_each(complete_id);
        let threshold = self.threshold.filter(|_| self.failures.is_empty());
        if let Some(line) = threshold {
            self.failures.push(Failure {
                kind: Some("coverage".to_owned()),
                message: Some("Required test coverage is not reached".to_owned()),
                log_lines: Some((line, line)),
                nature: Nature::Threshold,
                ..Failure::default()
            });
        }
        self.failures.truncate(MOST_FAILURES);
        if let Some((line, message)) = self.interrupted.filter(|_| self.failures.is_empty()) {
            let by_hand = message.contains("KeyboardInterrupt");
            self.failures.push(Failure {
                kind: by_hand.then(|| "KeyboardInterrupt".to_owned()),
                message: Some(message),
                log_lines: Some((line, line)),
                nature: if by_hand { Nature::Timeout } else { Nature::Load },
                ..Failure::default()
            });
        }
        Some(Parsed { tool: "pytest".into(), failures: self.failures, key_lines: self.summary })
    }
}

/// Reads a line of a section: its reason (`E  …`), a frame, a native traceback.
fn read_reason(failure: &mut Failure, line: &Line<'_>) {
    let text = line.text;
    if let Some(reason) = text.strip_prefix("E  ").or_else(|| if text == "E" { Some("") } else { None }) {
        let reason = reason.trim();
        if let Some(frame) = python::frame(reason) {
            failure.stack.push(frame);
        } else if failure.message.is_none() && !reason.is_empty() {
            failure.message = Some(reason.to_owned());
            failure.kind = python::exception(reason).map(|(kind, _)| kind).or_else(|| failure.kind.take());
        } else if let Some(message) =
            failure.message.as_mut().filter(|message| message.len() < 400 && !reason.is_empty())
        {
            // The last exception of a chain is the one that was not caught.
            match python::exception(reason).filter(|_| !failure.stack.is_empty() && reason.contains("Error")) {
                Some((kind, _)) => (failure.kind, failure.message) = (Some(kind), Some(reason.to_owned())),
                None => *message = format!("{message}\n{reason}"),
            }
        }
        extend(failure, line.number);
    } else if let Some(frame) = python::frame(text).or_else(|| fixture_place(text)) {
        failure.stack.push(frame);
        extend(failure, line.number);
    } else if let Some(found) = frame_of(text) {
        failure.stack.push(found.0);
        if failure.kind.is_none() {
            failure.kind = found.1;
        }
        extend(failure, line.number);
    } else if failure.message.is_none()
        && let Some((kind, message)) = python::exception(text)
    {
        failure.message = Some(format!("{kind}: {}", message.unwrap_or_default()));
        failure.kind = Some(kind);
        extend(failure, line.number);
    }
}

/// `path.py:3: AssertionError`, `path.py:3: in name`, `path.py:3:` followed by the code.
fn frame_of(text: &str) -> Option<(StackFrame, Option<String>)> {
    if !text.contains(".py") || text.starts_with(' ') || text.starts_with('>') {
        return None;
    }
    let found = FRAME.captures(text)?;
    let file = if is_foreign(&found[1]) { PathBuf::from(&found[1]) } else { repository_path(&found[1]) };
    let function = found.get(3).map(|name| name.as_str().to_owned());
    let kind = found.get(4).map(|kind| kind.as_str().rsplit('.').next().unwrap_or("").to_owned());
    Some((StackFrame { file, line: found[2].parse().ok()?, function }, kind))
}

/// `file /repo/test_a.py, line 3`, above a test whose fixture is missing.
fn fixture_place(text: &str) -> Option<StackFrame> {
    let (file, line) = text.strip_prefix("file ")?.rsplit_once(", line ")?;
    Some(StackFrame { file: repository_path(file), line: line.parse().ok()?, function: None })
}

fn extend(failure: &mut Failure, number: usize) {
    failure.log_lines = failure.log_lines.map(|(first, _)| (first, number.min(first + BLOCK)));
}
