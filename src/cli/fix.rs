//! `heal fix`: the pipeline on a repository on this machine.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::args::{FixArguments, RunArguments, Sandbox};
use super::environment;
use super::exit::ExitCode;
use super::explain;
use super::json;
use super::models::{self, Chosen, NoEndpoint, Speech};
use super::view::{Detail, View, colour_of_stderr};
use crate::clock::SystemClock;
use crate::deliver::{html, message, text};
use crate::forge::local::LocalForge;
use crate::forge::{Destination, ForgeError};
use crate::pipeline::local::{LocalKnowledge, uncommitted_changes};
use crate::pipeline::worker::Preview;
use crate::pipeline::{Heal, HealOptions, HealReport, Progress, ProgressEvent};
use crate::policy::Policy;
use crate::signal::{self, Signal, SignalError};
use crate::store::Store;
use crate::testbed::command::TestCommand;
use crate::testbed::limits::Limits;
use crate::testbed::sandbox::{Level, SandboxError};
use crate::testbed::scratch::ScratchError;
use crate::testbed::{Isolation, Testbed, TestbedError, TestbedOptions, read_bounded};

/// The largest log that `--log` reads, in bytes.
const LOG_BYTES: u64 = 256 * 1024 * 1024;

/// What one heal of this machine needs to be told.
pub struct Request<'a> {
    /// Where.
    pub path: &'a Path,
    /// The test command, when it is known.
    pub test: Option<&'a str>,
    /// How tests are run.
    pub run: &'a RunArguments,
    /// Variables that tests may see.
    pub environment: &'a [String],
    /// Where the patch goes.
    pub destination: Destination,
    /// What is shown.
    pub detail: Detail,
    /// How models are spoken with.
    pub speech: Speech,
}

/// A heal that has ended, and what it was about.
pub struct Done {
    /// What is known at the end.
    pub report: HealReport,
    /// The command that was run.
    pub test_command: String,
    /// The isolation that was reached.
    pub sandbox: Level,
    /// The repository.
    pub root: std::path::PathBuf,
    /// Whether what was asked of models is kept.
    pub keeps_transcript: bool,
}

/// Runs the command.
pub async fn fix(arguments: FixArguments) -> anyhow::Result<ExitCode> {
    if arguments.show_prompt {
        return show_prompt(&arguments).await;
    }
    let done = match heal(&request(&arguments)).await {
        Ok(done) => done,
        Err(error) => {
            if arguments.json {
                json::print(&json::fix_error(&error, hint(&error).as_deref()))?;
            }
            return Err(error);
        }
    };
    if let Some(log) = &arguments.log {
        let explained = explain::diagnosis(&explain::open(log)?, None, None, Some(&done.root)).await?;
        eprintln!("{}", text::diagnosis(&explained, colour_of_stderr()));
    }
    if let Some(path) = &arguments.report {
        write_report(path, &done)?;
    }
    if arguments.json {
        json::print(&json::fix(&done.report, &done.test_command, &done.sandbox.to_string()))?;
    } else {
        print_end(&done)?;
    }
    Ok(done.report.outcome.into())
}

fn request(arguments: &FixArguments) -> Request<'_> {
    let destination = match &arguments.branch {
        Some(name) => Destination::Branch(name.clone()),
        None if arguments.apply => Destination::WorkTree,
        None => Destination::Show,
    };
    Request {
        path: &arguments.path,
        test: arguments.test.as_deref(),
        run: &arguments.run,
        environment: &arguments.environment,
        destination,
        detail: Detail::Stages,
        speech: match (arguments.show_prompt, arguments.keep_transcripts) {
            (true, _) => Speech::Silent,
            (false, true) => Speech::Kept,
            (false, false) => Speech::Live,
        },
    }
}

/// Prints what would be sent to a model.
async fn show_prompt(arguments: &FixArguments) -> anyhow::Result<ExitCode> {
    let request = request(arguments);
    let (requests, packing_ms) = match prepare(&request).await?.heal().preview().await? {
        Preview::Requests(requests, packing_ms) => (requests, packing_ms),
        Preview::NothingFails => {
            eprintln!("nothing would be sent: the tests pass");
            return Ok(ExitCode::NothingFailing);
        }
        Preview::NotCode(reason) => {
            eprintln!("nothing would be sent, for no patch would be right: {}", text::printable(&reason));
            return Ok(ExitCode::NotCode);
        }
        Preview::Forbidden => {
            eprintln!("nothing would be sent: the repository's policy forbids models (llm.enabled)");
            return Ok(ExitCode::NotHealed);
        }
    };
    match arguments.json {
        true => json::print(&models::prompts_in_json(&requests, packing_ms))?,
        false => {
            eprintln!("packed in {packing_ms} ms; nothing is sent");
            print!("{}", models::prompts_in_text(&requests));
        }
    }
    Ok(ExitCode::Healed)
}

/// Everything that a heal stands on.
struct Prepared<'a> {
    request: &'a Request<'a>,
    view: Arc<View>,
    forge: LocalForge,
    testbed: Testbed,
    store: Store,
    signal: Signal,
    chosen: Chosen,
    progress: Box<Progress>,
    knowledge: LocalKnowledge,
}

/// Heals one repository; every door of the command line comes through here.
pub async fn heal(request: &Request<'_>) -> anyhow::Result<Done> {
    let prepared = prepare(request).await?;
    let report = prepared.heal().run().await?;
    prepared.view.finish();
    Ok(Done {
        report,
        test_command: prepared.signal.test_command,
        sandbox: prepared.testbed.level(),
        root: prepared.forge.work_tree().to_owned(),
        keeps_transcript: prepared.chosen.keep_transcripts && prepared.chosen.committee.is_some(),
    })
}

async fn prepare<'a>(request: &'a Request<'a>) -> anyhow::Result<Prepared<'a>> {
    let chosen = models::choose(request.run, request.speech.clone())?;
    let view = Arc::new(View::new(request.detail));
    let signal = choose(signal::from_command_line(request.path, request.test)?, &view)?;
    let forge = LocalForge::open(&signal.directory)?;
    forge.check(&request.destination)?;
    if !forge.dirty_files().is_empty() {
        let count = forge.dirty_files().len();
        let text = format!(
            "{count} uncommitted {}: the work tree is healed as it is",
            if count == 1 { "change" } else { "changes" }
        );
        view.show(ProgressEvent::Warning(text));
    }
    let testbed = Testbed::open(forge.work_tree(), testbed_options(request)).await?;
    if testbed.level() != Level::Namespaces {
        let reason = testbed.fallback_reason().unwrap_or("unknown reason");
        let text = format!("the sandbox only reaches level {}: {reason}", testbed.level());
        view.show(ProgressEvent::Warning(text));
    }
    let store = open_store(&view).await?;
    let listener = Arc::clone(&view);
    let progress: Box<Progress> = Box::new(move |event| listener.show(event));
    let dirty = if chosen.keep_transcripts { uncommitted_changes(&forge)? } else { None };
    let knowledge = LocalKnowledge {
        test_command: Some(signal.test_command.clone()),
        directory: signal.directory.strip_prefix(forge.work_tree()).unwrap_or(Path::new("")).to_owned(),
        drafters: chosen.drafters.clone(),
        environment: request.environment.to_vec(),
        test_timeout_ms: request.run.test_timeout.map(|limit| limit.as_millis() as u64),
        budget_ms: request.run.budget.as_millis() as u64,
        attempts: request.run.attempts,
        dirty,
    };
    Ok(Prepared { request, view, forge, testbed, store, signal, chosen, progress, knowledge })
}

impl Prepared<'_> {
    fn heal(&self) -> Heal<'_, LocalForge> {
        let (signal, run) = (&self.signal, self.request.run);
        let mut command = TestCommand::parse(&signal.test_command, &signal.directory);
        command.directory.clone_from(&self.knowledge.directory);
        let warn = |text| self.view.show(ProgressEvent::Warning(text));
        let llm = models::policy_of(self.forge.work_tree(), warn);
        if !llm.enabled && self.chosen.committee.is_some() && !matches!(self.request.speech, Speech::Silent) {
            let text = "no model is asked: the repository's policy forbids it (llm.enabled)";
            self.view.show(ProgressEvent::Warning(text.to_owned()));
        }
        Heal {
            forge: &self.forge,
            testbed: &self.testbed,
            store: &self.store,
            clock: &SystemClock,
            progress: &*self.progress,
            committee: self.chosen.committee.as_ref(),
            command,
            head: self.forge.head().to_owned(),
            options: HealOptions {
                budget: run.budget,
                policy: Policy { attempts: run.attempts, llm, ..Policy::default() },
                drafters: self.chosen.drafters.clone(),
                keep_transcripts: self.chosen.keep_transcripts,
                knowledge: self.knowledge.clone(),
                destination: self.request.destination.clone(),
                message: message::commit_message,
            },
        }
    }
}

fn testbed_options(request: &Request<'_>) -> TestbedOptions {
    let limit = request.run.test_timeout.map_or(Limits::default().time_ms, |limit| limit.as_millis() as u64);
    TestbedOptions {
        isolation: isolation(request.run.sandbox),
        limits: Limits { time_ms: limit.min(request.run.budget.as_millis() as u64), ..Limits::default() },
        environment: environment::for_tests(request.environment),
        search_path: environment::search_path(),
    }
}

/// `--sandbox`, which the environment can only make weaker when it is `auto`.
pub fn isolation(asked: Sandbox) -> Isolation {
    let forced = environment::variable(environment::SANDBOX_LEVEL);
    let level = match forced.as_deref() {
        Some("landlock") => Some(Level::Landlock),
        Some("limits") => Some(Level::Limits),
        _ => None,
    };
    match (asked, level) {
        (Sandbox::Required, Some(level)) => Isolation::RequiredOf(level),
        (Sandbox::Required, None) => Isolation::Required,
        (Sandbox::Auto, Some(level)) => Isolation::Exactly(level),
        (Sandbox::Auto, None) => Isolation::Auto,
    }
}

/// The store, or one that is forgotten when the state directory can't be written.
async fn open_store(view: &View) -> anyhow::Result<Store> {
    if let Some(url) = environment::database_url() {
        match Store::open(&url).await {
            Ok(store) => return Ok(store),
            Err(error) if environment::variable(environment::DATABASE_URL).is_some() => return Err(error.into()),
            Err(error) => {
                let text = format!("{:#}; this heal will not be remembered", anyhow::Error::from(error));
                view.show(ProgressEvent::Warning(text));
            }
        }
    }
    Ok(Store::open("sqlite::memory:").await?)
}

/// Says which command was found and why; asks where there are several and somebody to ask.
fn choose(mut signal: Signal, view: &View) -> anyhow::Result<Signal> {
    let Some(reason) = &signal.reason else { return Ok(signal) };
    let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !signal.alternatives.is_empty() && can_ask {
        let mut stderr = std::io::stderr().lock();
        writeln!(stderr, "Which command tests this project?")?;
        writeln!(stderr, "  1  {} ({reason})", text::printable(&signal.test_command))?;
        for (index, guess) in signal.alternatives.iter().enumerate() {
            writeln!(
                stderr,
                "  {}  {} ({})",
                index + 2,
                text::printable(&guess.command),
                text::printable(&guess.reason)
            )?;
        }
        write!(stderr, "Number [1]: ")?;
        stderr.flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        let number: usize = answer.trim().parse().unwrap_or(1);
        if let Some(guess) = number.checked_sub(2).and_then(|index| signal.alternatives.get(index)) {
            (signal.test_command, signal.reason) = (guess.command.clone(), Some(guess.reason.clone()));
        }
    }
    let reason = signal.reason.as_deref().unwrap_or("");
    view.show(ProgressEvent::Note(format!("test command: {} ({reason})", signal.test_command)));
    Ok(signal)
}

/// The report of a heal for people; the patch goes to stdout so that it can be piped.
pub fn print_end(done: &Done) -> anyhow::Result<()> {
    let colour = colour_of_stderr();
    if let Some(diagnosis) = &done.report.diagnosis {
        eprintln!("\n{}", text::diagnosis(diagnosis, colour));
    }
    eprint!("{}", text::report(&done.report, colour));
    if done.keeps_transcript {
        eprintln!("Everything that was asked and answered is kept: heal replay {}", done.report.id);
    }
    if let (Some(patch), false) = (&done.report.patch, std::io::stdout().is_terminal()) {
        std::io::stdout().write_all(patch.diff().as_bytes())?;
    }
    Ok(())
}

fn write_report(path: &Path, done: &Done) -> anyhow::Result<()> {
    let root = done.root.clone();
    let read = move |file: &Path| {
        let real = root.join(file).canonicalize().ok().filter(|real| real.starts_with(&root))?;
        String::from_utf8(read_bounded(&real, LOG_BYTES).ok()?).ok()
    };
    let title = done.root.file_name().map_or_else(|| "/".to_owned(), |name| name.to_string_lossy().into_owned());
    let page = html::page(&title, &done.test_command, &done.report, &read)?;
    std::fs::write(path, page).with_context(|| format!("can't write the report {}", path.display()))
}

/// The next step for an error, where there is one.
pub fn hint(error: &anyhow::Error) -> Option<String> {
    let text = if error.is::<NoEndpoint>() {
        "set HEAL_LLM_BASE_URL and HEAL_LLM_MODEL (and HEAL_LLM_API_KEY where the endpoint wants a key), or name a \
         settings file with an [llm] table by --config"
    } else if let Some(error) = error.downcast_ref::<SignalError>() {
        match error {
            SignalError::NoCommand { .. } | SignalError::EmptyCommand => {
                "say how the project is tested, e.g. heal fix --test 'python3 -m pytest'"
            }
            SignalError::Directory { .. } | SignalError::NotADirectory { .. } => "name the repository's directory",
        }
    } else if let Some(error) = error.downcast_ref::<ForgeError>() {
        match error {
            ForgeError::NotARepository { .. } => {
                "heal reads the last commits: run `git init` and commit, or name another path"
            }
            ForgeError::NoCommits { .. } => "commit the project once: heal compares against history",
            ForgeError::Bare { .. } => "clone it and run heal in the clone",
            ForgeError::BranchExists { .. } => "choose another name or delete the branch",
            ForgeError::Uncommitted { .. } => "commit or stash the file's changes, or use --apply",
            _ => return None,
        }
    } else if let Some(error) = error.downcast_ref::<TestbedError>() {
        match error {
            TestbedError::Sandbox(SandboxError::Refused { .. }) => {
                "run `heal doctor` to see what is missing, or use --sandbox auto"
            }
            TestbedError::Scratch(ScratchError::Directory { .. }) => "set TMPDIR to a directory that can be written",
            _ => return None,
        }
    } else {
        return None;
    };
    Some(text.to_owned())
}
