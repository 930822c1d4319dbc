//! Runs jobs: checks the commit out, runs each `run:` step in bash, writes the log.
//!
//! Two jobs run at a time in the whole test binary. A step has two minutes; then its process group is killed.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::json;
use tokio::process::Command;
use tokio::sync::Semaphore;

use super::actions::{Job, Run};
use super::clock;
use super::conduct::{check_run, snapshot, tell_job, tell_run};
use super::git;
use super::joblog::JobLog;
use super::site::Site;
use super::workflow::{JobSpec, StepSpec};

static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));

const STEP_LIMIT: Duration = Duration::from_secs(120);

/// Runs one attempt of a run to its end.
pub async fn execute(site: Arc<Site>, id: u64, attempt: u64) {
    let jobs: Vec<u64> =
        snapshot(&site, id).jobs_of(attempt).filter(|job| job.status == "queued").map(|job| job.id).collect();
    for (at, job) in jobs.into_iter().enumerate() {
        let place = PLACES.acquire().await.expect("never closed");
        if at == 0 {
            change(&site, id, |run| "in_progress".clone_into(&mut run.status));
            tell_run(&site, &snapshot(&site, id), "in_progress").await;
        }
        execute_job(&site, id, job).await;
        drop(place);
    }
    change(&site, id, |run| {
        let bad = run
            .jobs_of(attempt)
            .any(|job| job.conclusion.as_deref() == Some("failure") && !run.workflow.jobs[job.spec].may_fail);
        run.conclusion = Some(if bad { "failure" } else { "success" }.to_owned());
        "completed".clone_into(&mut run.status);
    });
    tell_run(&site, &snapshot(&site, id), "completed").await;
}

async fn execute_job(site: &Arc<Site>, id: u64, job: u64) {
    let run = snapshot(site, id);
    let spec = run.workflow.jobs[run.jobs.iter().find(|other| other.id == job).unwrap().spec].clone();
    let ready = spec.needs.iter().all(|key| {
        let mut needed = run.jobs_of(run.attempt).filter(|other| &run.workflow.jobs[other.spec].key == key);
        needed.all(|other| other.conclusion.as_deref() == Some("success"))
    });
    let now = clock::now();
    change_job(site, id, job, |job| {
        job.started = Some(now.clone());
        "in_progress".clone_into(&mut job.status);
    });
    let mut conclusion = "skipped";
    let mut log = JobLog::default();
    if ready {
        publish(site, id, job, "in_progress").await;
        log.set_up();
        step_ended(site, id, job, "Set up job", "success", &now);
        conclusion = if steps(site, &run, &spec, job, &mut log).await { "success" } else { "failure" };
        log.step("Complete job");
        log.write("Cleaning up orphan processes");
        step_ended(site, id, job, "Complete job", "success", &clock::now());
    }
    change_job(site, id, job, |job| {
        job.completed = Some(clock::now());
        "completed".clone_into(&mut job.status);
        job.conclusion = Some(conclusion.to_owned());
        job.log = std::mem::take(&mut log.steps);
    });
    publish(site, id, job, "completed").await;
}

/// Runs the steps; whether all was well.
async fn steps(site: &Arc<Site>, run: &Run, spec: &JobSpec, job: u64, log: &mut JobLog) -> bool {
    let name = run.repository.split('/').next_back().unwrap_or_default();
    let folder = tempfile::Builder::new().prefix("job-").tempdir_in(site.folder.join("ci")).unwrap();
    let root = folder.path().join("home/runner/work").join(name).join(name);
    std::fs::create_dir_all(&root).unwrap();
    check_out(site, run, &root).await;
    let mut well = true;
    for step in &spec.steps {
        let wanted = match step.condition.trim_start_matches("${{").trim_end_matches("}}").trim() {
            "always()" => true,
            "failure()" => !well,
            "false" => false,
            _ => well,
        };
        let started = clock::now();
        if !wanted {
            step_ended(site, run.id, job, &step.name, "skipped", &started);
            continue;
        }
        log.step(&step.name);
        let passed = match &step.run {
            Some(script) => run_step(run, &expand(script, run), step, folder.path(), &root, log).await,
            None => {
                log.action(step.uses.as_deref().unwrap_or_default());
                true
            }
        };
        well &= passed || step.may_fail;
        step_ended(site, run.id, job, &step.name, if passed { "success" } else { "failure" }, &started);
    }
    well
}

async fn check_out(site: &Site, run: &Run, root: &Path) {
    let from = git::bare(site, &run.repository);
    git::run(root, &["init", "-q", "-b", "main"]).await;
    git::run(root, &["fetch", "-q", "--depth=1", &format!("file://{}", from.display()), &run.sha]).await;
    git::run(root, &["checkout", "-q", "FETCH_HEAD"]).await;
}

async fn run_step(run: &Run, script: &str, step: &StepSpec, home: &Path, root: &Path, log: &mut JobLog) -> bool {
    log.command(script, step);
    let folder = step.folder.as_ref().map_or_else(|| root.to_owned(), |folder| root.join(folder));
    let (file, output) = (home.join("step.sh"), home.join("output.txt"));
    std::fs::write(&file, script).unwrap();
    let written = std::fs::File::create(&output).unwrap();
    let mut command = Command::new("bash");
    command
        .args(["--noprofile", "--norc", "-e"])
        .arg(&file)
        .current_dir(&folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.join("home/runner"))
        .env("TMPDIR", home)
        .env("LANG", "C.UTF-8")
        .env("CI", "true")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_SHA", &run.sha)
        .env("GITHUB_REF", &run.reference)
        .env("GITHUB_REF_NAME", &run.branch)
        .env("GITHUB_RUN_ID", run.id.to_string())
        .env("GITHUB_RUN_ATTEMPT", run.attempt.to_string())
        .env("GITHUB_EVENT_NAME", &run.event)
        .env("GITHUB_REPOSITORY", &run.repository)
        .env("GITHUB_WORKSPACE", root)
        .env("GITHUB_ENV", home.join("env.txt"))
        .env("GITHUB_OUTPUT", home.join("outputs"))
        .env("GITHUB_STEP_SUMMARY", home.join("summary"))
        .envs(exported(home))
        .envs(step.env.iter().map(|(name, value)| (name, expand(value, run))))
        .stdin(Stdio::null())
        .stdout(written.try_clone().unwrap())
        .stderr(written)
        .process_group(0)
        .kill_on_drop(true);
    let started = command.spawn();
    let status = match started {
        Ok(mut child) => {
            let group = child.id();
            let ended = tokio::time::timeout(STEP_LIMIT, child.wait()).await;
            if ended.is_err()
                && let Some(group) = group.and_then(|id| i32::try_from(id).ok())
            {
                let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
            }
            ended.ok().and_then(Result::ok)
        }
        Err(error) => {
            log.write(&format!("##[error]An error occurred trying to start process '/usr/bin/bash': {error}"));
            return false;
        }
    };
    // What the tools print are the paths of a hosted runner.
    let text =
        String::from_utf8_lossy(&std::fs::read(&output).unwrap_or_default()).replace(&*home.to_string_lossy(), "");
    log.write(&text);
    match status {
        Some(status) if status.success() => true,
        Some(status) => {
            log.write(&format!("##[error]Process completed with exit code {}.", status.code().unwrap_or(137)));
            false
        }
        None => {
            log.write("##[error]The operation was canceled.");
            false
        }
    }
}

/// What earlier steps wrote to `GITHUB_ENV`, one variable a line.
fn exported(home: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(home.join("env.txt")).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The few expressions that scripts of tests use.
fn expand(text: &str, run: &Run) -> String {
    let values = [
        ("github.sha", run.sha.clone()),
        ("github.ref_name", run.branch.clone()),
        ("github.ref", run.reference.clone()),
        ("github.run_attempt", run.attempt.to_string()),
        ("github.run_id", run.id.to_string()),
        ("github.event_name", run.event.clone()),
    ];
    values.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{{ {name} }}}}"), value).replace(&format!("${{{{{name}}}}}"), value)
    })
}

fn change(site: &Site, id: u64, with: impl FnOnce(&mut Run)) {
    let mut actions = site.actions.lock().unwrap();
    let run = actions.run_mut(id).unwrap();
    with(run);
    run.updated = clock::now();
}

fn change_job(site: &Site, id: u64, job: u64, with: impl FnOnce(&mut Job)) {
    change(site, id, |run| with(run.jobs.iter_mut().find(|other| other.id == job).unwrap()));
}

fn step_ended(site: &Site, id: u64, job: u64, name: &str, conclusion: &str, started: &str) {
    change_job(site, id, job, |job| {
        let number = job.steps.len() + 1;
        job.steps.push(json!({
            "name": name, "number": number, "status": "completed", "conclusion": conclusion,
            "started_at": started, "completed_at": clock::now(),
        }));
    });
}

async fn publish(site: &Site, id: u64, job: u64, action: &str) {
    let run = snapshot(site, id);
    let job = run.jobs.iter().find(|other| other.id == job).unwrap();
    check_run(site, &run, job).await;
    tell_job(site, &run, job, action).await;
}
