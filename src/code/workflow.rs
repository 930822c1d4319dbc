//! Workflow files of GitHub Actions: jobs, their steps, and what those run.
//!
//! In: the text of a file of `.github/workflows/`. Out: a [`Workflow`]; nothing when it is not one.
//! Expressions (`${{ … }}`) are kept as they are written.

use serde_yaml_ng::Value;

/// Where a repository keeps its workflows.
pub const FOLDER: &str = ".github/workflows";

/// A workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workflow {
    /// Its jobs, in the order of the file.
    pub jobs: Vec<Job>,
}

/// A job of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// The key under `jobs`.
    pub id: String,
    /// The name that GitHub shows, where one is given.
    pub name: Option<String>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A step of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Its name, where one is given.
    pub name: Option<String>,
    /// The script that it runs.
    pub run: Option<String>,
    /// The action that it uses.
    pub uses: Option<String>,
}

impl Step {
    /// What GitHub shows as its name.
    pub fn title(&self) -> String {
        let first_line = |text: &str| text.lines().next().unwrap_or("").to_owned();
        match (&self.name, &self.run, &self.uses) {
            (Some(name), ..) => name.clone(),
            (None, Some(run), _) => format!("Run {}", first_line(run)),
            (None, None, Some(uses)) => format!("Run {uses}"),
            (None, None, None) => String::new(),
        }
    }
}

impl Workflow {
    /// Reads a file's text.
    pub fn parse(text: &[u8]) -> Option<Workflow> {
        let document: Value = serde_yaml_ng::from_slice(text).ok()?;
        let jobs = document.get("jobs")?.as_mapping()?;
        Some(Workflow { jobs: jobs.iter().filter_map(|(id, job)| Some(job_of(id.as_str()?, job))).collect() })
    }

    /// The script of the step that a log names, in the job that it names.
    pub fn script(&self, job: Option<&str>, step: &str) -> Option<&str> {
        let jobs = self.jobs.iter().filter(|known| job.is_none_or(|job| known.is_named(job)));
        jobs.flat_map(|job| &job.steps).find(|known| known.title() == step)?.run.as_deref()
    }
}

impl Job {
    /// Whether a log's name of a job, with its matrix values behind it, can be this one.
    fn is_named(&self, name: &str) -> bool {
        // `ci / test (3.11)`: a job of a reusable workflow is named after its caller.
        let name = name.rsplit(" / ").next().unwrap_or(name);
        let base = name.split(" (").next().unwrap_or(name);
        let given = self.name.as_deref().unwrap_or(&self.id);
        let constant = given.split("${{").next().unwrap_or(given).trim_end();
        given == name || given == base || (constant.len() < given.len() && name.starts_with(constant))
    }
}

fn job_of(id: &str, job: &Value) -> Job {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let steps = job.get("steps").and_then(Value::as_sequence).into_iter().flatten();
    let steps = steps.map(|step| Step { name: text(step, "name"), run: text(step, "run"), uses: text(step, "uses") });
    Job { id: id.to_owned(), name: text(job, "name"), steps: steps.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_of_a_step_is_found_by_the_names_that_a_log_shows() {
        let text = b"jobs:\n  test:\n    name: Test ${{ matrix.python }}\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          pip install .\n          pytest\n      - name: Lint\n        run: ruff check\n  other:\n    steps:\n      - name: Lint\n        run: eslint .\n";
        let workflow = Workflow::parse(text).unwrap();
        assert_eq!(workflow.script(Some("Test 3.11"), "Lint"), Some("ruff check"));
        assert_eq!(workflow.script(Some("other (20)"), "Lint"), Some("eslint ."));
        assert_eq!(workflow.script(None, "Run pip install ."), Some("pip install .\npytest\n"));
        assert_eq!(workflow.script(Some("test"), "Build"), None);
        assert_eq!(Workflow::parse(b"- a list"), None);
    }
}
