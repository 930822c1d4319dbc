//! What a workflow file says: when it runs, which jobs, which steps.
//!
//! Read are the keys that projects of tests use. `uses:` steps do nothing, `if:` knows `always()`, `failure()`,
//! `success()` and `false`; a matrix is not unfolded.

use serde_yaml_ng::Value;

use super::git;
use super::site::Site;

/// A workflow at one commit.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// `.github/workflows/ci.yml`
    pub path: String,
    /// Its name, the path when it has none.
    pub name: String,
    /// Its jobs, in the file's order.
    pub jobs: Vec<JobSpec>,
    on: Value,
}

/// A job.
#[derive(Debug, Clone)]
pub struct JobSpec {
    /// The key in the file.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// Keys of the jobs that must be green before.
    pub needs: Vec<String>,
    /// Its steps.
    pub steps: Vec<StepSpec>,
    /// A red step does not make the run red.
    pub may_fail: bool,
}

/// A step.
#[derive(Debug, Clone)]
pub struct StepSpec {
    /// What it is called in the log.
    pub name: String,
    /// The script; `None` for an action.
    pub run: Option<String>,
    /// The action.
    pub uses: Option<String>,
    /// Variables of workflow, job and step.
    pub env: Vec<(String, String)>,
    /// Below the checkout.
    pub folder: Option<String>,
    /// A failure is shown and forgiven.
    pub may_fail: bool,
    /// `if:`
    pub condition: String,
}

impl Workflow {
    /// All workflows at a commit; files that are no YAML are left out, as GitHub starts no job for them.
    pub async fn at(site: &Site, repository: &str, sha: &str) -> Vec<Workflow> {
        let folder = git::bare(site, repository);
        let list = git::try_run(&folder, &["ls-tree", "--name-only", sha, ".github/workflows/"], None).await;
        let list = String::from_utf8(list.unwrap_or_default()).unwrap();
        let mut workflows = Vec::new();
        for path in list.lines().filter(|path| path.ends_with(".yml") || path.ends_with(".yaml")) {
            let text = git::file(site, repository, sha, path).await.unwrap_or_default();
            workflows.extend(Workflow::parse(path, &text));
        }
        workflows
    }

    /// Reads a file.
    pub fn parse(path: &str, text: &str) -> Option<Workflow> {
        let file: Value = serde_yaml_ng::from_str(text).ok()?;
        let base = variables(&file["env"]);
        let default_folder = text_of(&file["defaults"]["run"]["working-directory"]);
        let mut jobs = Vec::new();
        for (key, job) in file["jobs"].as_mapping()? {
            let key = key.as_str()?.to_owned();
            let mut env = base.clone();
            env.extend(variables(&job["env"]));
            let folder = text_of(&job["defaults"]["run"]["working-directory"]).or(default_folder.clone());
            let steps =
                job["steps"].as_sequence()?.iter().map(|step| StepSpec::read(step, &env, folder.as_ref())).collect();
            let name = text_of(&job["name"]).unwrap_or_else(|| key.clone());
            let may_fail = job["continue-on-error"].as_bool().unwrap_or(false);
            jobs.push(JobSpec { name, needs: words(&job["needs"]), steps, may_fail, key });
        }
        let name = text_of(&file["name"]).unwrap_or_else(|| path.to_owned());
        Some(Workflow { path: path.to_owned(), name, jobs, on: file["on"].clone() })
    }

    /// Whether a push to this branch starts it.
    pub fn on_push(&self, branch: &str) -> bool {
        let filter = &self.on["push"];
        if filter.is_mapping() && !filter["tags"].is_null() && filter["branches"].is_null() {
            return false;
        }
        self.wants("push") && chosen(filter, branch)
    }

    /// Whether a pull request into this branch starts it.
    pub fn on_pull_request(&self, base: &str) -> bool {
        self.wants("pull_request") && chosen(&self.on["pull_request"], base)
    }

    /// Whether it may be started by hand.
    pub fn on_dispatch(&self) -> bool {
        self.wants("workflow_dispatch")
    }

    fn wants(&self, event: &str) -> bool {
        match &self.on {
            Value::Mapping(all) => all.contains_key(event),
            other => words(other).iter().any(|word| word == event),
        }
    }
}

impl StepSpec {
    fn read(step: &Value, above: &[(String, String)], folder: Option<&String>) -> Self {
        let (run, uses) = (text_of(&step["run"]), text_of(&step["uses"]));
        let first = run.as_deref().or(uses.as_deref()).unwrap_or_default().lines().next().unwrap_or_default();
        let mut env = above.to_vec();
        env.extend(variables(&step["env"]));
        StepSpec {
            name: text_of(&step["name"]).unwrap_or_else(|| format!("Run {first}")),
            env,
            folder: text_of(&step["working-directory"]).or(folder.cloned()),
            may_fail: step["continue-on-error"].as_bool().unwrap_or(false),
            condition: text_of(&step["if"]).unwrap_or_default(),
            run,
            uses,
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Sequence(all) => all.iter().filter_map(text_of).collect(),
        other => text_of(other).into_iter().collect(),
    }
}

fn variables(value: &Value) -> Vec<(String, String)> {
    let pairs = value.as_mapping().into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.as_str()?.to_owned(), text_of(value)?))).collect()
}

/// `branches` and `branches-ignore`; the last pattern that matches decides.
fn chosen(filter: &Value, branch: &str) -> bool {
    let ignored = words(&filter["branches-ignore"]);
    if ignored.iter().any(|pattern| matches(pattern, branch)) {
        return false;
    }
    let wanted = words(&filter["branches"]);
    if wanted.is_empty() {
        return true;
    }
    wanted.iter().fold(false, |so_far, pattern| match pattern.strip_prefix('!') {
        Some(pattern) => so_far && !matches(pattern, branch),
        None => so_far || matches(pattern, branch),
    })
}

/// GitHub's globs: `*` stops at a slash, `**` does not, `?` makes the character before it optional.
fn matches(pattern: &str, branch: &str) -> bool {
    fn at(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', '*', rest @ ..] => (0..=text.len()).any(|skip| at(rest, &text[skip..])),
            ['*', rest @ ..] => {
                (0..=text.len()).take_while(|skip| !text[..*skip].contains(&'/')).any(|skip| at(rest, &text[skip..]))
            }
            [one, '?', rest @ ..] => at(rest, text) || (text.first() == Some(one) && at(rest, &text[1..])),
            [one, rest @ ..] => text.first() == Some(one) && at(rest, &text[1..]),
        }
    }
    at(&pattern.chars().collect::<Vec<_>>(), &branch.chars().collect::<Vec<_>>())
}
