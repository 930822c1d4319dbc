//! pip, uv, poetry, pipenv, conda and setuptools: packages that can't be resolved, built or fetched.

use std::sync::LazyLock;

use regex::Regex;

use super::{Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line, Nature};

/// pip.
pub static TOOL: Tool = Tool {
    name: "pip",
    marks: &[
        "ERROR: Cannot install",
        "ERROR: Could not find a version",
        "ERROR: No matching distribution",
        "ResolutionImpossible",
        "No matching distribution found",
        "Could not find a version that satisfies",
        "No solution found when resolving",
        "version solving failed",
        "SolverProblemError",
        "error: subprocess-exited-with-error",
        "Failed building wheel",
        "Could not build wheels",
        "PackagesNotFoundError",
        "UnsatisfiableError",
        "THESE PACKAGES DO NOT MATCH THE HASHES",
        "Failed to build",
        "requires a different Python",
        "poetry.lock is not",
        "pyproject.toml changed significantly",
        "ERROR: Could not open requirements file",
        "metadata-generation-failed",
    ],
    parse,
};

static ERROR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^\s*(?:×|ERROR:|error:|E:|Error:)?\s*(Cannot install .*|Could not find a version that satisfies.*|No matching distribution found.*|ResolutionImpossible.*|.*[Nn]o solution found when resolving.*|.*version solving failed.*|Because .* depends on .*|subprocess-exited-with-error|Failed building wheel.*|Could not build wheels.*|Failed to build .*|PackagesNotFoundError.*|UnsatisfiableError.*|THESE PACKAGES DO NOT MATCH.*|.*requires a different Python.*|.*poetry\.lock is not.*|pyproject\.toml changed significantly.*|Could not open requirements file.*|metadata-generation-failed.*)$",
    )
    .expect("the pattern is constant and tested")
});
static REQUIREMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"-r ([\w./-]+\.txt) \(line (\d+)\)").expect("the pattern is constant and tested"));

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut found = lines.iter().filter(|line| line.text.len() < 2000 && ERROR.is_match(line.text));
    let first = found.next()?;
    let last = found.next_back().unwrap_or(first);
    let place =
        lines.iter().filter(|line| line.number >= first.number).find_map(|line| REQUIREMENT.captures(line.text));
    let message = first.text.trim().trim_start_matches("ERROR: ").trim_start_matches("error: ").to_owned();
    let nature = if message.contains("requirements file") { Nature::Configuration } else { Nature::Dependency };
    let failure = Failure {
        file: place.as_ref().map(|place| repository_path(&place[1])),
        line: place.as_ref().and_then(|place| place[2].parse().ok()),
        message: Some(message),
        log_lines: Some((first.number, last.number.min(first.number + 40))),
        nature,
        ..Failure::default()
    };
    Some(Parsed { tool: "pip".into(), failures: vec![failure], key_lines: None })
}
