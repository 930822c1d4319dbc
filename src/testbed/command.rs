//! The test command: understood where it names a known runner, a black box otherwise.
//!
//! In: a shell command and the project around it (for `npm test`). Out: a [`TestCommand`] saying
//! which runner is behind it and with which arguments, so that a warm server can do the same.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::runners::RunnerKind;

/// A test command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCommand {
    /// What is run, through `sh -c`.
    pub shell: String,
    /// Where it is run, relative to the repository.
    pub directory: PathBuf,
    /// The runner behind it.
    pub runner: RunnerKind,
    /// The runner's own arguments.
    pub arguments: Vec<String>,
    /// The runner's interpreter flags (node's `--import tsx`).
    pub interpreter_flags: Vec<String>,
    /// Assignments in front of the command.
    pub environment: Vec<(String, String)>,
    /// The interpreter as the command names it.
    pub interpreter: Option<String>,
    /// Whether the command chooses node's test reporters itself; then heal's can't be added.
    pub names_reporter: bool,
}

/// How many `npm run` indirections are followed.
const SCRIPT_DEPTH: u8 = 3;

impl TestCommand {
    /// Reads a command; `project` is where `package.json` would be.
    pub fn parse(shell: &str, project: &Path) -> Self {
        let mut command = understand(shell, project, SCRIPT_DEPTH);
        shell.clone_into(&mut command.shell);
        command
    }

    fn black_box(shell: &str) -> Self {
        TestCommand {
            shell: shell.to_owned(),
            directory: PathBuf::new(),
            runner: RunnerKind::BlackBox,
            arguments: Vec::new(),
            interpreter_flags: Vec::new(),
            environment: Vec::new(),
            interpreter: None,
            names_reporter: shell.contains("--test-reporter"),
        }
    }
}

fn understand(shell: &str, project: &Path, depth: u8) -> TestCommand {
    let unknown = TestCommand::black_box(shell);
    let Some(words) = plain_words(shell) else { return unknown };
    let assignments = words.iter().take_while(|word| assignment(word).is_some()).count();
    let (environment, words) = words.split_at(assignments);
    let environment: Vec<_> = environment.iter().filter_map(|word| assignment(word)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let known = |runner, interpreter: Option<&str>, flags: &[&str], arguments: &[&str]| TestCommand {
        runner,
        arguments: arguments.iter().map(ToString::to_string).collect(),
        interpreter_flags: flags.iter().map(ToString::to_string).collect(),
        environment: environment.clone(),
        interpreter: interpreter.map(str::to_owned),
        ..unknown.clone()
    };
    let Some((&program, rest)) = words.split_first() else { return unknown };
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or(program);
    match (name, rest) {
        ("pytest" | "py.test", arguments) => known(RunnerKind::Pytest, None, &[], arguments),
        ("npm" | "pnpm" | "yarn", ["test" | "t", ..] | ["run", "test", ..]) if depth > 0 => {
            let script = package_script(project, "test");
            let mut inner = script.map_or(unknown.clone(), |script| understand(&script, project, depth - 1));
            inner.environment.splice(0..0, environment);
            inner
        }
        ("node", arguments) => node(program, arguments, &known).unwrap_or(unknown),
        (name, arguments) if is_python(name) => python(program, arguments, &known).unwrap_or(unknown),
        _ => unknown,
    }
}

type Known<'a> = dyn Fn(RunnerKind, Option<&str>, &[&str], &[&str]) -> TestCommand + 'a;

fn python(program: &str, words: &[&str], known: &Known<'_>) -> Option<TestCommand> {
    let flags = words.iter().take_while(|word| word.starts_with('-') && **word != "-m").count();
    let (flags, rest) = words.split_at(flags);
    match rest {
        ["-m", "pytest", arguments @ ..] => Some(known(RunnerKind::Pytest, Some(program), flags, arguments)),
        ["-m", "unittest", arguments @ ..] => Some(known(RunnerKind::Unittest, Some(program), flags, arguments)),
        _ => None,
    }
}

/// Flags of node that take their value as the next word.
const NODE_FLAGS_WITH_VALUE: &[&str] = &[
    "--import",
    "--require",
    "-r",
    "--loader",
    "--experimental-loader",
    "--test-reporter",
    "--test-reporter-destination",
    "--test-name-pattern",
    "-C",
    "--conditions",
];

fn node(program: &str, words: &[&str], known: &Known<'_>) -> Option<TestCommand> {
    let (mut flags, mut files) = (Vec::new(), Vec::new());
    let mut is_test = false;
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        if word == "--test" {
            is_test = true;
        } else if NODE_FLAGS_WITH_VALUE.contains(&word) && files.is_empty() {
            flags.extend([word, words.next()?]);
        } else if word.starts_with('-') && files.is_empty() {
            flags.push(word);
        } else {
            files.push(word);
        }
    }
    let test_file = files.first().is_some_and(|file| file.contains("test"));
    (is_test || test_file).then(|| known(RunnerKind::NodeTest, Some(program), &flags, &files))
}

fn is_python(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let valid = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    valid.then(|| (name.to_owned(), value.to_owned()))
}

/// The words of a command that the shell would only split; `None` when it would do more.
fn plain_words(shell: &str) -> Option<Vec<String>> {
    let mut quoted = None;
    for character in shell.chars() {
        match (quoted, character) {
            (None, '\'' | '"') => quoted = Some(character),
            (Some(open), close) if open == close => quoted = None,
            (None, '|' | '&' | ';' | '<' | '>' | '(' | '\n') | (None | Some('"'), '$' | '`') => return None,
            _ => {}
        }
    }
    shlex::split(shell)
}

/// A script of `package.json`.
pub fn package_script(project: &Path, name: &str) -> Option<String> {
    let manifest = crate::testbed::read_bounded(&project.join("package.json"), 1024 * 1024).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
    Some(manifest.get("scripts")?.get(name)?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(shell: &str) -> (RunnerKind, Vec<String>, Vec<String>) {
        let command = TestCommand::parse(shell, Path::new("/nowhere"));
        (command.runner, command.interpreter_flags, command.arguments)
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn python_runners_are_seen_through_the_interpreter() {
        let expected = (RunnerKind::Pytest, words(&[]), words(&["-q", "tests"]));
        assert_eq!(parsed("PYTHONPATH=src .venv/bin/python -m pytest -q tests"), expected);
        assert_eq!(parsed("python3.11 -m unittest").0, RunnerKind::Unittest);
    }

    #[test]
    fn node_flags_and_files_are_told_apart() {
        let expected = (RunnerKind::NodeTest, words(&["--import", "tsx"]), words(&["test/*.test.ts"]));
        assert_eq!(parsed("node --import tsx --test 'test/*.test.ts'"), expected);
    }

    #[test]
    fn what_the_shell_would_interpret_is_a_black_box() {
        for shell in ["make test", "cd x && pytest", "pytest | tee log", "pytest $ARGS", "python run.py"] {
            assert_eq!(parsed(shell).0, RunnerKind::BlackBox, "{shell}");
        }
    }
}
