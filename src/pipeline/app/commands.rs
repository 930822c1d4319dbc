//! Which command is run in the sandbox, so that it shows what CI showed.
//!
//! In: the policy, the diagnosis of the log, the work tree. Out: a command and where it runs. The policy's
//! word comes first, then the script of the step that failed (without what installs packages: the sandbox
//! has no network), then what the project suggests. What further steps CI ran, as a failed attempt showed,
//! is appended.

use std::path::{Path, PathBuf};

use crate::code::workflow::{self, Workflow};
use crate::diagnosis::Diagnosis;
use crate::testbed::command::TestCommand;
use crate::testbed::{detect, read_bounded};

/// The largest workflow file that is read, in bytes.
const WORKFLOW_BYTES: u64 = 1024 * 1024;

/// Beginnings of commands that fetch packages.
const INSTALLS: &[&str] = &[
    "pip install",
    "pip3 install",
    "python -m pip",
    "python3 -m pip",
    "npm ci",
    "npm install",
    "npm i",
    "yarn install",
    "pnpm install",
    "pnpm i",
    "bun install",
    "apt-get",
    "apt",
    "sudo apt",
    "brew",
    "poetry install",
    "uv sync",
    "uv pip",
    "pipenv install",
    "conda",
    "corepack",
    "curl",
    "wget",
    "git clone",
    "playwright install",
];

/// A command and where it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The shell command.
    pub shell: String,
    /// Relative to the repository.
    pub directory: PathBuf,
    /// The constant variables of the failing step.
    pub environment: Vec<(String, String)>,
}

impl Choice {
    /// The command as the bench takes it.
    pub fn command(&self, root: &Path) -> TestCommand {
        let mut command = TestCommand::parse(&self.shell, &root.join(&self.directory));
        command.directory.clone_from(&self.directory);
        command
    }
}

/// Chooses; `None` when nothing says how the project is tested.
pub fn choose(
    policy_commands: &[String],
    diagnosis: &Diagnosis,
    workflow_file: Option<&str>,
    root: &Path,
    further: &[String],
) -> Option<Choice> {
    let mut choice = if policy_commands.is_empty() {
        failing_step(diagnosis, workflow_file, root).or_else(|| suggested(root))?
    } else {
        Choice { shell: policy_commands.join(" && "), directory: PathBuf::new(), environment: Vec::new() }
    };
    for command in further.iter().filter_map(|command| runnable(command)) {
        if !choice.shell.contains(&command) {
            // Each in a shell of its own that ends at its first failure.
            choice.shell = format!("set -e\n(\nset -e\n{}\n)\n(\nset -e\n{command}\n)", choice.shell);
        }
    }
    Some(choice)
}

/// The script of the step that failed.
fn failing_step(diagnosis: &Diagnosis, workflow_file: Option<&str>, root: &Path) -> Option<Choice> {
    let step = diagnosis.step.as_deref().and_then(|name| {
        let workflows = workflow_file.and_then(|file| workflow_at(root, file)).into_iter().chain(all_workflows(root));
        workflows.into_iter().find_map(|workflow| workflow.step(diagnosis.job.as_deref(), name).cloned())
    });
    let script = step.as_ref().and_then(|step| step.run.clone()).or_else(|| diagnosis.command.clone())?;
    let (directory, environment) = step.map(|step| (step.directory, step.environment)).unwrap_or_default();
    let directory = directory.and_then(|directory| inside(root, &directory)).unwrap_or_default();
    Some(Choice { shell: runnable(&script)?, directory, environment })
}

/// A directory of the repository, by a path that stays in it.
fn inside(root: &Path, directory: &str) -> Option<PathBuf> {
    let path = root.join(directory).canonicalize().ok()?;
    path.strip_prefix(root.canonicalize().ok()?).ok().map(Path::to_owned)
}

fn suggested(root: &Path) -> Option<Choice> {
    let guess = detect::test_commands(root).into_iter().next()?;
    Some(Choice { shell: guess.command, directory: PathBuf::new(), environment: Vec::new() })
}

/// A script without installations; `None` when nothing is left, or an expression of the workflow language
/// is in it that only GitHub can evaluate.
fn runnable(script: &str) -> Option<String> {
    if script.contains("${{") {
        return None;
    }
    if script.contains("<<") {
        // The lines of a here-document belong together as they are written.
        let keeps = |line: &&str| !is_install(line.trim());
        return Some(format!("set -e\n{}", script.lines().filter(keeps).collect::<Vec<_>>().join("\n")));
    }
    let whole = script.replace("\\\n", " ");
    // A quotation over several lines belongs together, too.
    if whole.lines().any(|line| ['"', '\''].iter().any(|quote| line.matches(*quote).count() % 2 == 1)) {
        let keeps = |line: &&str| !is_install(line.trim());
        return Some(format!("set -e\n{}", whole.lines().filter(keeps).collect::<Vec<_>>().join("\n")));
    }
    let lines: Vec<String> = whole.lines().filter_map(|line| without_installs(line.trim())).collect();
    match lines.as_slice() {
        [] => None,
        [line] => Some(line.clone()),
        // GitHub runs scripts with `bash -e`: the first failing command ends them.
        lines => Some(format!("set -e\n{}", lines.join("\n"))),
    }
}

fn is_install(command: &str) -> bool {
    INSTALLS
        .iter()
        .any(|start| command.strip_prefix(start).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

/// A line without the parts of its `&&` chain that install; `None` when nothing is left.
fn without_installs(line: &str) -> Option<String> {
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let parts: Vec<&str> = line.split(" && ").filter(|part| !is_install(part.trim())).collect();
    if parts.is_empty() { None } else { Some(parts.join(" && ")) }
}

fn workflow_at(root: &Path, file: &str) -> Option<Workflow> {
    let file = file.split('@').next().unwrap_or(file);
    let file = Path::new(file);
    let plain = file.starts_with(workflow::FOLDER)
        && file.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let path = root.join(file);
    let text = if plain && path.is_file() { read_bounded(&path, WORKFLOW_BYTES).ok()? } else { return None };
    Workflow::parse(&text)
}

fn all_workflows(root: &Path) -> Vec<Workflow> {
    let Ok(entries) = std::fs::read_dir(root.join(workflow::FOLDER)) else { return Vec::new() };
    let mut files: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    files.sort();
    files.iter().filter_map(|file| workflow_at(root, &format!("{}/{file}", workflow::FOLDER))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_lose_what_needs_a_network() {
        for (script, expected) in [
            ("python -m pytest -q\n", Some("python -m pytest -q")),
            ("pip install -r requirements.txt\npytest", Some("pytest")),
            ("npm ci\nnpm run build\nnpm test", Some("set -e\nnpm run build\nnpm test")),
            ("pip install .", None),
            ("pip install -r r.txt && pytest -q", Some("pytest -q")),
            ("cd web && npm ci && npm test", Some("cd web && npm test")),
            ("sudo apt-get install -y \\\n  libfoo\npytest \\\n  -q", Some("pytest    -q")),
            ("python - <<EOF\nif 1:\n    print()\nEOF", Some("set -e\npython - <<EOF\nif 1:\n    print()\nEOF")),
            ("curly test", Some("curly test")),
            ("npm run build # bundle\nnpm test", Some("set -e\nnpm run build # bundle\nnpm test")),
            ("python -c \"\n  import a\n\"", Some("set -e\npython -c \"\n  import a\n\"")),
            ("pytest --cov=${{ matrix.package }}", None),
            ("if true; then\n  pytest\nfi", Some("set -e\nif true; then\npytest\nfi")),
            ("", None),
        ] {
            assert_eq!(runnable(script).as_deref(), expected, "{script}");
        }
    }
}
