//! When runs begin, begin again and end, and the webhooks that tell of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::actions::{Actions, Job, Run};
use super::clock;
use super::faults::Fault;
use super::git;
use super::mirror::user;
use super::runner;
use super::site::Site;
use super::workflow::Workflow;

/// What starts a run.
pub struct Cause {
    /// Where it runs.
    pub repository: String,
    /// Where the commit is from.
    pub head_repository: String,
    /// `push` …
    pub event: &'static str,
    /// The branch of the commit.
    pub branch: String,
    /// `GITHUB_REF`
    pub reference: String,
    /// The commit.
    pub sha: String,
    /// Who.
    pub sender: String,
}

/// A branch was pushed.
pub async fn push(site: &Arc<Site>, repository: &str, branch: &str, sha: &str, sender: &str) {
    if site.faults.has(Fault::NoRuns) {
        return;
    }
    for workflow in Workflow::at(site, repository, sha).await {
        if workflow.on_push(branch) {
            let cause = Cause {
                repository: repository.to_owned(),
                head_repository: repository.to_owned(),
                event: "push",
                branch: branch.to_owned(),
                reference: format!("refs/heads/{branch}"),
                sha: sha.to_owned(),
                sender: sender.to_owned(),
            };
            begin(site, workflow, cause).await;
        }
    }
}

/// A pull request was opened or got a commit.
pub async fn pull_request(site: &Arc<Site>, repository: &str, pull: &Value, sender: &str) {
    let text = |pointer: &str| pull.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    for workflow in Workflow::at(site, repository, &text("/head/sha")).await {
        if workflow.on_pull_request(&text("/base/ref")) {
            let cause = Cause {
                repository: repository.to_owned(),
                head_repository: text("/head/repo/full_name"),
                event: "pull_request",
                branch: text("/head/ref"),
                reference: format!("refs/pull/{}/merge", pull["number"]),
                sha: text("/head/sha"),
                sender: sender.to_owned(),
            };
            begin(site, workflow, cause).await;
        }
    }
}

/// Makes a run and sets it going.
pub async fn begin(site: &Arc<Site>, workflow: Workflow, cause: Cause) -> u64 {
    let suite = json!({"repository": cause.repository, "head_sha": cause.sha, "head_branch": cause.branch});
    let suite = site.emulator.world("check-suites", &suite).await["id"].as_u64().unwrap();
    let actor = user(site, &cause.sender).await;
    let head_commit = git::commit(site, &cause.repository, &cause.sha).await;
    let pulls = pulls(site, &cause).await;
    let (id, now) = (Actions::next_id(), clock::now());
    let mut run = Run {
        id,
        workflow_id: 0,
        number: 0,
        attempt: 1,
        event: cause.event.to_owned(),
        branch: cause.branch,
        reference: cause.reference,
        sha: cause.sha,
        head_commit,
        status: "queued".to_owned(),
        conclusion: None,
        created: now.clone(),
        started: now.clone(),
        updated: now,
        triggering_actor: actor.clone(),
        actor,
        suite,
        pulls,
        jobs: Vec::new(),
        before: Vec::new(),
        repository: cause.repository,
        head_repository: cause.head_repository,
        workflow,
    };
    for spec in 0..run.workflow.jobs.len() {
        let job = new_job(site, &run, spec).await;
        run.jobs.push(job);
    }
    {
        let mut actions = site.actions.lock().unwrap();
        run.workflow_id = actions.workflow_id(&run.repository, &run.workflow.path);
        let same = actions
            .runs
            .iter()
            .filter(|other| other.workflow_id == run.workflow_id && other.repository == run.repository);
        run.number = same.count() as u64 + 1;
        actions.runs.push(run);
    }
    announce_start(site, id).await;
    id
}

/// Runs a run again; only the jobs that failed, or all.
pub async fn again(site: &Arc<Site>, id: u64, only_failed: bool, sender: &str) {
    let Some(mut run) = site.actions.lock().unwrap().run(id).cloned() else { return };
    let old: Vec<Job> = run.jobs_of(run.attempt).cloned().collect();
    run.next_attempt(&clock::now());
    run.triggering_actor = user(site, sender).await;
    for job in old {
        let keep = only_failed && job.conclusion.as_deref() == Some("success");
        let mut fresh = new_job(site, &run, job.spec).await;
        if keep {
            fresh = Job { id: fresh.id, attempt: fresh.attempt, ..job };
            check_run(site, &run, &fresh).await;
        }
        run.jobs.push(fresh);
    }
    *site.actions.lock().unwrap().run_mut(id).unwrap() = run;
    announce_start(site, id).await;
}

async fn announce_start(site: &Arc<Site>, id: u64) {
    let run = snapshot(site, id);
    tell_run(site, &run, "requested").await;
    for job in run.jobs_of(run.attempt).filter(|job| job.status == "queued") {
        tell_job(site, &run, job, "queued").await;
    }
    tokio::spawn(runner::execute(Arc::clone(site), id, run.attempt));
}

async fn new_job(site: &Site, run: &Run, spec: usize) -> Job {
    let name = &run.workflow.jobs[spec].name;
    let row = json!({"repository": run.repository, "suite": run.suite, "head_sha": run.sha, "name": name, "status": "queued"});
    let id = site.emulator.world("check-runs", &row).await["id"].as_u64().unwrap();
    Job {
        id,
        spec,
        attempt: run.attempt,
        status: "queued".to_owned(),
        conclusion: None,
        created: clock::now(),
        started: None,
        completed: None,
        steps: Vec::new(),
        log: Vec::new(),
    }
}

/// The open pull requests of a run's branch, as runs name them.
async fn pulls(site: &Site, cause: &Cause) -> Vec<Value> {
    if cause.repository != cause.head_repository {
        return Vec::new();
    }
    let all = site.get(&format!("/repos/{}/pulls?state=open&per_page=100", cause.repository)).await;
    let end = |end: &Value| json!({"ref": end["ref"], "sha": end["sha"], "repo": {"id": end["repo"]["id"], "name": end["repo"]["name"], "url": end["repo"]["url"]}});
    let all = all.as_array().into_iter().flatten();
    let own = all.filter(|pull| {
        pull["head"]["ref"] == cause.branch.as_str() && pull["head"]["repo"]["full_name"] == cause.repository.as_str()
    });
    own.map(|pull| json!({"id": pull["id"], "number": pull["number"], "url": pull["url"], "head": end(&pull["head"]), "base": end(&pull["base"])}))
        .collect()
}

/// A copy of a run.
pub fn snapshot(site: &Site, id: u64) -> Run {
    site.actions.lock().unwrap().run(id).cloned().expect("runs are never removed")
}

/// Brings the emulator's check run after a job.
pub async fn check_run(site: &Site, run: &Run, job: &Job) {
    let row = json!({
        "repository": run.repository, "suite": run.suite, "id": job.id, "status": job.status, "conclusion": job.conclusion,
        "started_at": job.started, "completed_at": job.completed,
        "details_url": format!("{}/{}/actions/runs/{}/job/{}", site.url, run.repository, run.id, job.id),
    });
    site.emulator.world("check-runs", &row).await;
}

/// `workflow_run` and, at its end, `check_suite`.
pub async fn tell_run(site: &Site, run: &Run, action: &str) {
    let (repository, head) = repositories(site, run).await;
    let shown = run.json(&site.url, &repository, &head);
    let workflow = run.workflow_json(&site.url);
    let sender = &run.triggering_actor;
    if action == "completed" {
        let suite = json!({"action": action, "check_suite": run.suite_json(&site.url), "repository": repository, "sender": sender});
        site.hooks.send(site, "check_suite", suite);
    }
    let payload = json!({"action": action, "workflow_run": shown, "workflow": workflow, "repository": repository, "sender": sender});
    site.hooks.send(site, "workflow_run", payload);
}

/// `workflow_job` and `check_run`.
pub async fn tell_job(site: &Site, run: &Run, job: &Job, action: &str) {
    let (repository, _) = repositories(site, run).await;
    let sender = &run.triggering_actor;
    let check = match action {
        "queued" => Some("created"),
        "completed" => Some("completed"),
        _ => None,
    };
    if let Some(action) = check {
        let check_run = run.check_run_json(job, &site.url);
        site.hooks.send(
            site,
            "check_run",
            json!({"action": action, "check_run": check_run, "repository": repository, "sender": sender}),
        );
    }
    let shown = run.job_json(job, &site.url);
    site.hooks.send(
        site,
        "workflow_job",
        json!({"action": action, "workflow_job": shown, "repository": repository, "sender": sender}),
    );
}

/// The repository of a run and that of its commit.
pub async fn repositories(site: &Site, run: &Run) -> (Value, Value) {
    let base = site.get(&format!("/repos/{}", run.repository)).await;
    if run.head_repository == run.repository {
        return (base.clone(), base);
    }
    let (_, head) = site.api("GET", &format!("/repos/{}", run.head_repository), &site.stranger.token, None).await;
    (base, head)
}
