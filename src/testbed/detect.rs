//! Finding the test command when the user names none.
//!
//! In: a project directory. Out: [`Guess`]es, the most likely first, each with its reason. Nothing
//! is run to find out.

use std::path::Path;

use serde::Serialize;

use super::command::package_script;
use super::tree::read_bounded;
use crate::code::workflow::{self, Workflow};

/// The largest configuration file that is read, in bytes.
const CONFIGURATION_BYTES: u64 = 1024 * 1024;

/// How many test files are looked at to tell pytest from unittest.
const SAMPLE: usize = 40;

/// How many directory entries are looked at.
const ENTRIES: usize = 20_000;

/// A test command that the project suggests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Guess {
    /// The command.
    pub command: String,
    /// What suggests it, as a half sentence: "package.json has a `test` script".
    pub reason: String,
}

impl Guess {
    fn new(command: impl Into<String>, reason: impl Into<String>) -> Self {
        Guess { command: command.into(), reason: reason.into() }
    }
}

/// Every command that the project suggests, the most likely first.
pub fn test_commands(project: &Path) -> Vec<Guess> {
    let mut guesses: Vec<Guess> =
        [workflow_command(project), package_json(project), python(project), node_tests(project)]
            .into_iter()
            .flatten()
            .collect();
    let mut seen = std::collections::HashSet::new();
    guesses.retain(|guess| seen.insert(guess.command.clone()));
    guesses
}

/// The first `run:` step of a workflow that plainly runs tests.
fn workflow_command(project: &Path) -> Option<Guess> {
    let mut files: Vec<_> = std::fs::read_dir(project.join(workflow::FOLDER))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"))
        .collect();
    files.sort();
    files.iter().find_map(|file| {
        let text = read_bounded(file, CONFIGURATION_BYTES).ok()?;
        let workflow = Workflow::parse(&text)?;
        let name = file.file_name()?.to_string_lossy().into_owned();
        let command = run_lines(&workflow).into_iter().find(|line| is_test_command(line))?;
        Some(Guess::new(command, format!(".github/workflows/{name} runs it")))
    })
}

fn run_lines(workflow: &Workflow) -> Vec<String> {
    let steps = workflow.jobs.iter().flat_map(|job| &job.steps);
    steps.filter_map(|step| step.run.as_deref()).flat_map(str::lines).map(|line| line.trim().to_owned()).collect()
}

fn is_test_command(line: &str) -> bool {
    let beginnings = [
        "pytest",
        "python -m pytest",
        "python3 -m pytest",
        "python -m unittest",
        "python3 -m unittest",
        "npm test",
        "npm run test",
        "node --test",
        "yarn test",
        "pnpm test",
    ];
    // An expression of the workflow language can't be evaluated here.
    !line.contains("${{")
        && beginnings
            .iter()
            .any(|start| line.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':'])))
}

fn package_json(project: &Path) -> Option<Guess> {
    let script = package_script(project, "test")?;
    let placeholder = script.contains("no test specified");
    (!placeholder).then(|| Guess::new("npm test", "package.json has a `test` script"))
}

fn python(project: &Path) -> Option<Guess> {
    for (file, mark) in [
        ("pytest.ini", "[pytest]"),
        ("pyproject.toml", "[tool.pytest"),
        ("setup.cfg", "[tool:pytest]"),
        ("tox.ini", "[pytest]"),
        ("conftest.py", ""),
        ("tests/conftest.py", ""),
    ] {
        let text = read_bounded(&project.join(file), CONFIGURATION_BYTES);
        if text.is_ok_and(|text| String::from_utf8_lossy(&text).contains(mark)) {
            return Some(Guess::new("python3 -m pytest", format!("{file} configures pytest")));
        }
    }
    let tests =
        test_files(project, |name| name.ends_with(".py") && (name.starts_with("test") || name.ends_with("_test.py")));
    let texts: Vec<String> = tests
        .iter()
        .take(SAMPLE)
        .filter_map(|path| read_bounded(&project.join(path), CONFIGURATION_BYTES).ok())
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .collect();
    let first = tests.first()?;
    if texts.iter().any(|text| text.contains("import pytest") || bare_test_function(text)) {
        return Some(Guess::new("python3 -m pytest", format!("{first} is written for pytest")));
    }
    if !texts.iter().any(|text| text.contains("unittest")) {
        return None;
    }
    let directory = Path::new(first).parent().and_then(|parent| parent.to_str()).unwrap_or("");
    let command = if directory.is_empty() {
        "python3 -m unittest discover".to_owned()
    } else {
        let top = directory.split('/').next().unwrap_or(directory);
        format!("python3 -m unittest discover -s {} -t .", shlex::try_quote(top).ok()?)
    };
    Some(Guess::new(command, format!("{first} is written for unittest")))
}

fn bare_test_function(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("def test_") || line.starts_with("async def test_"))
}

fn node_tests(project: &Path) -> Option<Guess> {
    let tests = test_files(project, |name| {
        [".js", ".mjs", ".cjs"].iter().any(|ending| name.ends_with(ending)) && name.contains("test")
    });
    let uses_runner = |path: &String| {
        read_bounded(&project.join(path), CONFIGURATION_BYTES)
            .is_ok_and(|text| String::from_utf8_lossy(&text).contains("node:test"))
    };
    let first = tests.iter().take(SAMPLE).find(|path| uses_runner(path))?;
    Some(Guess::new("node --test", format!("{first} uses node:test")))
}

/// Files below the project whose name fits, nearest the root first, installed packages left out.
fn test_files(project: &Path, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let hidden = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() > 0
            && (name.starts_with('.') || ["node_modules", "venv", "env", "dist", "build"].contains(&&*name))
    };
    let mut found: Vec<String> = walkdir::WalkDir::new(project)
        .max_depth(6)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| !hidden(entry))
        .filter_map(Result::ok)
        .take(ENTRIES)
        .filter(|entry| entry.file_type().is_file() && entry.file_name().to_str().is_some_and(&fits))
        .filter_map(|entry| Some(entry.path().strip_prefix(project).ok()?.to_str()?.to_owned()))
        .collect();
    found.sort_by_key(|path| path.matches('/').count());
    found
}
