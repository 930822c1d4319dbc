//! Actions' part of the API: runs, attempts, jobs, logs, reruns, dispatches.

use std::io::Write;
use std::sync::Arc;

use serde_json::{Value, json};

use super::actions::Run;
use super::auth::Caller;
use super::clock;
use super::conduct::{self, Cause, repositories, snapshot};
use super::faults::Fault;
use super::git;
use super::joblog;
use super::reply::{Reply, document, empty, error, found, page};
use super::site::Site;
use super::storage::Blob;
use super::workflow::Workflow;

/// A request below `/repos/{owner}/{repo}/actions`, or of a commit's status.
pub struct Ask<'a> {
    /// The world.
    pub site: &'a Arc<Site>,
    /// Who.
    pub caller: &'a Caller,
    /// `owner/name`
    pub repository: &'a str,
    /// The repository as the API shows it.
    pub shown: &'a Value,
    /// The address that was asked, without the query.
    pub url: String,
    /// The query.
    pub query: &'a [(String, String)],
    /// The body.
    pub body: &'a Value,
}

/// Answers, or leaves the request to the emulator.
pub async fn answer(ask: &Ask<'_>, method: &str, path: &[&str]) -> Option<Reply> {
    let level = if method == "GET" { "read" } else { "write" };
    if let Err(refusal) = ask.caller.demand(ask.shown, "actions", level) {
        return Some(*refusal);
    }
    Some(match (method, path) {
        ("GET", ["runs"]) => list(ask, None).await,
        ("GET", ["workflows"]) => workflows(ask),
        ("GET", ["workflows", workflow, "runs"]) => list(ask, Some(workflow)).await,
        ("POST", ["workflows", workflow, "dispatches"]) => dispatch(ask, workflow).await,
        ("GET", ["runs", id]) => one(ask, id, None).await,
        ("GET", ["runs", id, "attempts", attempt]) => one(ask, id, attempt.parse().ok()).await,
        ("GET", ["runs", id, "jobs"]) => jobs(ask, id, None),
        ("GET", ["runs", id, "attempts", attempt, "jobs"]) => jobs(ask, id, attempt.parse().ok()),
        ("GET", ["runs", id, "logs"]) => run_logs(ask, id, None),
        ("GET", ["runs", id, "attempts", attempt, "logs"]) => run_logs(ask, id, attempt.parse().ok()),
        ("POST", ["runs", id, "rerun"]) => again(ask, id, false).await,
        ("POST", ["runs", id, "rerun-failed-jobs"]) => again(ask, id, true).await,
        ("GET", ["jobs", id]) => job(ask, id),
        ("GET", ["jobs", id, "logs"]) => job_logs(ask, id),
        ("POST", ["jobs", id, "rerun"]) => match find_job(ask, id) {
            Some(run) => again(ask, &run.id.to_string(), true).await,
            None => error(404, "Not Found"),
        },
        _ => return None,
    })
}

impl Ask<'_> {
    fn run(&self, id: &str) -> Option<Run> {
        let run = self.site.actions.lock().unwrap().run(id.parse().ok()?).cloned()?;
        (run.repository == self.repository).then_some(run)
    }

    fn wanted(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

async fn list(ask: &Ask<'_>, workflow: Option<&str>) -> Reply {
    let runs: Vec<Run> = ask.site.actions.lock().unwrap().runs.iter().rev().cloned().collect();
    let mut shown = Vec::new();
    for run in runs.iter().filter(|run| run.repository == ask.repository && fits(ask, run, workflow)) {
        if run.head_repository == run.repository {
            shown.push(run.json(&ask.site.url, ask.shown, ask.shown));
            continue;
        }
        let (repository, head) = repositories(ask.site, run).await;
        shown.push(run.json(&ask.site.url, &repository, &head));
    }
    page("workflow_runs", &shown, ask.query, &ask.url)
}

fn fits(ask: &Ask<'_>, run: &Run, workflow: Option<&str>) -> bool {
    let same = |name: &str, value: &str| ask.wanted(name).is_none_or(|wanted| wanted == value);
    let status =
        ask.wanted("status").is_none_or(|wanted| wanted == run.status || run.conclusion.as_deref() == Some(wanted));
    let created = ask.wanted("created").is_none_or(|range| within(range, &run.created));
    let workflow = workflow.is_none_or(|wanted| {
        wanted == run.workflow_id.to_string() || run.workflow.path.ends_with(&format!("/{wanted}"))
    });
    let actor = run.actor["login"].as_str().unwrap_or_default();
    let suite = same("check_suite_id", &run.suite.to_string());
    same("head_sha", &run.sha)
        && same("branch", &run.branch)
        && same("event", &run.event)
        && same("actor", actor)
        && suite
        && status
        && created
        && workflow
}

/// `>=T`, `>T`, `<=T`, `<T`, `A..B`, with `*` for an open end.
fn within(range: &str, time: &str) -> bool {
    let at = |text: &str| clock::parse(&if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() });
    let Some(time) = at(time) else { return false };
    let after = |text: &str| at(text).is_none_or(|limit| time >= limit);
    let before = |text: &str| at(text).is_none_or(|limit| time <= limit);
    if let Some((from, to)) = range.split_once("..") {
        return after(from) && before(to);
    }
    if let Some(limit) = range.strip_prefix(">=").or(range.strip_prefix('>')) {
        return after(limit);
    }
    if let Some(limit) = range.strip_prefix("<=").or(range.strip_prefix('<')) {
        return before(limit);
    }
    at(range) == Some(time)
}

async fn one(ask: &Ask<'_>, id: &str, attempt: Option<u64>) -> Reply {
    let Some(run) = ask.run(id) else { return error(404, "Not Found") };
    let (repository, head) = repositories(ask.site, &run).await;
    match run.attempt_json(attempt.unwrap_or(run.attempt), &ask.site.url, &repository, &head) {
        Some(shown) => document(200, &shown),
        None => error(404, "Not Found"),
    }
}

fn jobs(ask: &Ask<'_>, id: &str, attempt: Option<u64>) -> Reply {
    let Some(run) = ask.run(id) else { return error(404, "Not Found") };
    let all = attempt.is_none() && ask.wanted("filter") == Some("all");
    let attempt = attempt.unwrap_or(run.attempt);
    let jobs = run.jobs.iter().filter(|job| all || job.attempt == attempt);
    page("jobs", &jobs.map(|job| run.job_json(job, &ask.site.url)).collect::<Vec<_>>(), ask.query, &ask.url)
}

fn find_job(ask: &Ask<'_>, id: &str) -> Option<Run> {
    let run = ask.site.actions.lock().unwrap().run_of(id.parse().ok()?).cloned()?;
    (run.repository == ask.repository).then_some(run)
}

fn job(ask: &Ask<'_>, id: &str) -> Reply {
    let Some(run) = find_job(ask, id) else { return error(404, "Not Found") };
    let job = run.jobs.iter().find(|job| job.id.to_string() == id).unwrap();
    document(200, &run.job_json(job, &ask.site.url))
}

fn job_logs(ask: &Ask<'_>, id: &str) -> Reply {
    let Some(run) = find_job(ask, id) else { return error(404, "Not Found") };
    let job = run.jobs.iter().find(|job| job.id.to_string() == id).unwrap();
    if job.status != "completed" || job.log.is_empty() {
        return error(404, "Not Found");
    }
    stored(ask.site, joblog::whole(&job.log).into_bytes())
}

fn run_logs(ask: &Ask<'_>, id: &str, attempt: Option<u64>) -> Reply {
    let Some(run) = ask.run(id) else { return error(404, "Not Found") };
    let attempt = attempt.unwrap_or(run.attempt);
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (number, job) in run.jobs_of(attempt).enumerate() {
        let name = run.job_name(job).replace('/', "");
        archive.start_file(format!("{number}_{name}.txt"), plain).unwrap();
        archive.write_all(joblog::whole(&job.log).as_bytes()).unwrap();
        for (step, (title, text)) in job.log.iter().enumerate() {
            let title: String = title.chars().filter(|c| !"/\\:*?\"<>|".contains(*c)).collect();
            archive.start_file(format!("{name}/{}_{title}.txt", step + 1), plain).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
    }
    stored(ask.site, archive.finish().unwrap().into_inner())
}

fn stored(site: &Site, content: Vec<u8>) -> Reply {
    if site.faults.has(Fault::LogsGone) {
        return error(410, "Server Error");
    }
    let (truncated, slow) = (site.faults.has(Fault::TruncatedLogs), site.faults.has(Fault::SlowLogs));
    found(&site.storage.put(Blob { content, truncated, slow }))
}

async fn again(ask: &Ask<'_>, id: &str, only_failed: bool) -> Reply {
    let Some(run) = ask.run(id) else { return error(404, "Not Found") };
    if run.status != "completed" {
        return error(403, "This workflow is already running");
    }
    if only_failed && run.conclusion.as_deref() == Some("success") {
        return error(403, "This workflow run cannot be retried");
    }
    conduct::again(ask.site, run.id, only_failed, &ask.caller.login(ask.site)).await;
    document(201, &json!({}))
}

async fn dispatch(ask: &Ask<'_>, wanted: &str) -> Reply {
    let branch = ask.body["ref"].as_str().unwrap_or_default().trim_start_matches("refs/heads/").to_owned();
    let refs = git::refs(ask.site, ask.repository).await;
    let Some(sha) = refs.get(&format!("refs/heads/{branch}")) else {
        return error(422, &format!("No ref found for: {branch}"));
    };
    for workflow in Workflow::at(ask.site, ask.repository, sha).await {
        let id = ask.site.actions.lock().unwrap().workflow_id(ask.repository, &workflow.path);
        if wanted != id.to_string() && !workflow.path.ends_with(&format!("/{wanted}")) {
            continue;
        }
        if !workflow.on_dispatch() {
            return error(422, "Workflow does not have 'workflow_dispatch' trigger");
        }
        let cause = Cause {
            repository: ask.repository.to_owned(),
            head_repository: ask.repository.to_owned(),
            event: "workflow_dispatch",
            reference: format!("refs/heads/{branch}"),
            branch,
            sha: sha.clone(),
            sender: ask.caller.login(ask.site),
        };
        conduct::begin(ask.site, workflow, cause).await;
        return empty(204);
    }
    error(404, "Not Found")
}

fn workflows(ask: &Ask<'_>) -> Reply {
    let actions = ask.site.actions.lock().unwrap();
    let mut shown: Vec<Value> = Vec::new();
    for run in actions.runs.iter().filter(|run| run.repository == ask.repository) {
        if shown.iter().all(|other| other["id"] != run.workflow_id) {
            shown.push(run.workflow_json(&ask.site.url));
        }
    }
    page("workflows", &shown, ask.query, &ask.url)
}

/// The runs of a commit, newest first, as the test looks at them.
pub async fn runs_of(site: &Arc<Site>, repository: &str, sha: &str) -> Vec<Value> {
    let ids: Vec<u64> = {
        let actions = site.actions.lock().unwrap();
        actions
            .runs
            .iter()
            .rev()
            .filter(|run| run.repository == repository && run.sha == sha)
            .map(|run| run.id)
            .collect()
    };
    let mut shown = Vec::new();
    for id in ids {
        let run = snapshot(site, id);
        let (base, head) = repositories(site, &run).await;
        shown.push(run.json(&site.url, &base, &head));
    }
    shown
}
