//! docker build and buildx: the step that failed, base images that can't be had.
//!
//! BuildKit repeats the failing instruction under `Dockerfile:17`. What a `RUN` printed stands before it and is read by
//! its own tool's parser.

use std::sync::LazyLock;

use regex::Regex;

use super::{Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line, Nature, signs};

/// docker.
pub static TOOL: Tool = Tool {
    name: "docker",
    marks: &[
        "failed to solve",
        "failed to build:",
        "returned a non-zero code",
        "Error response from daemon",
        "manifest unknown",
        "failed to read dockerfile",
    ],
    parse,
};

static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:#\d+ [\d.]+ )?(\S*[Dd]ockerfile\S*):(\d+)$").expect("the pattern is constant and tested")
});
static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:.{0,40}?)((?:ERROR: )?(?:failed to solve|failed to build|failed to read dockerfile|The command '.*' returned a non-zero code|Error response from daemon|docker: Error response|.*manifest unknown).*)$")
        .expect("the pattern is constant and tested")
});

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let error = lines.iter().rev().find(|line| line.text.len() < 4000 && ERROR.is_match(line.text))?;
    let first_error = lines
        .iter()
        .find(|line| line.text == error.text || error.text.ends_with(line.text) && !line.text.is_empty())
        .unwrap_or(error);
    let message =
        ERROR.captures(first_error.text).map_or_else(|| first_error.text.to_owned(), |found| found[1].to_owned());
    let place = lines.iter().rev().find_map(|line| Some((PLACE.captures(line.text)?, line.number)));
    let first = place.as_ref().map_or(first_error.number, |(_, number)| *number).min(first_error.number);
    let of_run = message.contains("did not complete successfully") || message.contains("non-zero code");
    let nature = match signs::of_text(&message) {
        Some((signs::Says::Infrastructure, _)) => Nature::Infrastructure,
        _ if of_run => Nature::Crash,
        _ => Nature::Configuration,
    };
    let failure = Failure {
        file: place.as_ref().map(|(found, _)| repository_path(&found[1])),
        line: place.as_ref().and_then(|(found, _)| found[2].parse().ok()),
        message: Some(message),
        log_lines: Some((first, error.number.min(first + 40))),
        nature,
        ..Failure::default()
    };
    Some(Parsed { tool: "docker".into(), failures: vec![failure], key_lines: None })
}
