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
    /// Which pushes start it; `None` when no push does.
    pub push: Option<BranchFilter>,
    /// Its jobs, in the order of the file.
    pub jobs: Vec<Job>,
}

/// Which branches a trigger is for, by the patterns as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BranchFilter {
    /// `branches`; empty means all.
    pub only: Vec<String>,
    /// `branches-ignore`.
    pub ignore: Vec<String>,
    /// Whether there are only `tags` filters: then no branch starts it.
    pub tags_only: bool,
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
    /// Where its script runs, relative to the repository: its own, its job's or its workflow's setting.
    pub directory: Option<String>,
    /// The constant variables that it sees: the workflow's, the job's and its own, the nearest last. Those that
    /// hold an expression are left out.
    pub environment: Vec<(String, String)>,
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
        let (directory, environment) = (default_directory(&document), constants(&document));
        let job = |(id, job): (&Value, &Value)| Some(job_of(id.as_str()?, job, directory.as_deref(), &environment));
        Some(Workflow { push: push_trigger(&document), jobs: jobs.iter().filter_map(job).collect() })
    }

    /// The script of the step that a log names, in the job that it names.
    pub fn script(&self, job: Option<&str>, step: &str) -> Option<&str> {
        self.step(job, step)?.run.as_deref()
    }

    /// The step that a log names, in the job that it names.
    pub fn step(&self, job: Option<&str>, step: &str) -> Option<&Step> {
        let jobs = self.jobs.iter().filter(|known| job.is_none_or(|job| known.is_named(job)));
        jobs.flat_map(|job| &job.steps).find(|known| known.title() == step)
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

/// `on: push`, in its three forms: a word, a list of words, a mapping with filters.
fn push_trigger(document: &Value) -> Option<BranchFilter> {
    // YAML 1.1 reads a bare `on` as true.
    let on = document.get("on").or_else(|| document.as_mapping()?.get(Value::Bool(true)))?;
    let is_push = |word: &Value| word.as_str() == Some("push");
    if is_push(on) || on.as_sequence().is_some_and(|words| words.iter().any(is_push)) {
        return Some(BranchFilter::default());
    }
    let push = on.as_mapping()?.get("push")?;
    let list = |key: &str| -> Vec<String> {
        match push.get(key) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Sequence(all)) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        }
    };
    let (only, ignore) = (list("branches"), list("branches-ignore"));
    let tags = push.get("tags").is_some() || push.get("tags-ignore").is_some();
    Some(BranchFilter { tags_only: tags && only.is_empty() && ignore.is_empty(), only, ignore })
}

/// `defaults.run.working-directory` of a workflow or a job.
fn default_directory(of: &Value) -> Option<String> {
    of.get("defaults")?.get("run")?.get("working-directory")?.as_str().map(str::to_owned)
}

/// The constant variables under `env`.
fn constants(of: &Value) -> Vec<(String, String)> {
    let pairs = of.get("env").and_then(Value::as_mapping).into_iter().flatten();
    let constant = |(name, value): (&Value, &Value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => return None,
        };
        (!value.contains("${{")).then(|| Some((name.as_str()?.to_owned(), value))).flatten()
    };
    pairs.filter_map(constant).collect()
}

fn job_of(id: &str, job: &Value, directory: Option<&str>, environment: &[(String, String)]) -> Job {
    let environment = [environment, &constants(job)].concat();
    let directory = default_directory(job).or_else(|| directory.map(str::to_owned));
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let steps = job.get("steps").and_then(Value::as_sequence).into_iter().flatten();
    let steps = steps.map(|step| Step {
        name: text(step, "name"),
        run: text(step, "run"),
        uses: text(step, "uses"),
        directory: text(step, "working-directory").or_else(|| directory.clone()),
        environment: [environment.as_slice(), &constants(step)].concat(),
    });
    Job { id: id.to_owned(), name: text(job, "name"), steps: steps.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_sees_the_constants_of_its_workflow_and_job() {
        let text = b"env: {A: 1, B: x}\njobs:\n  t:\n    env: {B: y, S: \"${{ secrets.S }}\"}\n    steps:\n      - {name: T, run: t, env: {C: true}}\n";
        let workflow = Workflow::parse(text).unwrap();
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [of("A", "1"), of("B", "x"), of("B", "y"), of("C", "true")];
        assert_eq!(workflow.step(Some("t"), "T").unwrap().environment, expected);
    }

    #[test]
    fn the_pushes_that_start_a_workflow_are_read_in_every_form() {
        let filter = |on: &str| Workflow::parse(format!("{on}\njobs: {{}}").as_bytes()).unwrap().push;
        assert_eq!(filter("on: push"), Some(BranchFilter::default()));
        assert_eq!(filter("on: [pull_request, push]"), Some(BranchFilter::default()));
        assert_eq!(filter("on: pull_request"), None);
        assert_eq!(filter("on: {push: , pull_request: }"), Some(BranchFilter::default()));
        let only = filter("on:\n  push:\n    branches: [main, 'release/**']\n").unwrap();
        assert_eq!(only.only, ["main", "release/**"]);
        assert!(filter("on:\n  push:\n    tags: ['v*']\n").unwrap().tags_only);
    }

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
