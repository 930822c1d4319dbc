//! A plain Python program that died of an exception: the last traceback at the end of its output.
//!
//! Tracebacks that a program printed and survived are earlier, or are followed by much more output.

use super::{Parsed, Tool};
use crate::evidence::stack::python;
use crate::evidence::{Failure, Line, Nature};

/// A Python program.
pub static TOOL: Tool =
    Tool { name: "python", marks: &["Traceback (most recent call last)", "SyntaxError: ", "No module named "], parse };

/// How far from the end of the step a fatal traceback may stand, in lines.
const REACH: usize = 60;

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let end = lines.iter().rposition(|line| !line.text.is_empty())?;
    let start = lines.iter().rposition(|line| line.text.trim_start().starts_with("Traceback (most recent call last)"));
    let near = start.filter(|start| *start + python_length(&lines[*start..]) + REACH >= end);
    let failure = match near {
        Some(start) => of_traceback(&lines[start..])?,
        None => lines[end.saturating_sub(REACH)..=end].iter().rev().find_map(missing_module)?,
    };
    Some(Parsed { tool: "python".into(), failures: vec![failure], key_lines: None })
}

fn python_length(lines: &[Line<'_>]) -> usize {
    python::read(lines).1
}

fn of_traceback(lines: &[Line<'_>]) -> Option<Failure> {
    let (traceback, _) = python::read(lines);
    let kind = traceback.kind?;
    let is_load = matches!(kind.as_str(), "ModuleNotFoundError" | "ImportError" | "SyntaxError" | "IndentationError");
    let mut failure = Failure {
        message: Some(format!("{kind}: {}", traceback.message.unwrap_or_default())),
        kind: Some(kind),
        log_lines: Some(traceback.lines),
        stack: traceback.frames,
        nature: if is_load { Nature::Load } else { Nature::Crash },
        ..Failure::default()
    };
    failure.place_on_stack();
    Some(failure)
}

/// `/usr/bin/python: No module named pytest`.
fn missing_module(line: &Line<'_>) -> Option<Failure> {
    let (program, module) = line.text.split_once(": No module named ")?;
    program.contains("python").then(|| Failure {
        kind: Some("ModuleNotFoundError".to_owned()),
        message: Some(format!("No module named {module}")),
        log_lines: Some((line.number, line.number)),
        nature: Nature::Load,
        ..Failure::default()
    })
}
