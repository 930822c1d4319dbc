//! `heal replay`: a heal again from its transcript, offline, on a copy of the files of then.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::args::{LlmArguments, ReplayArguments, RunArguments, Sandbox};
use super::environment;
use super::exit::ExitCode;
use super::fix;
use super::json;
use super::models::{Speech, Transcript};
use super::view::Detail;
use crate::draft::Drafter;
use crate::draft::llm::Exchange;
use crate::forge::Destination;
use crate::forge::local::LocalForge;
use crate::pipeline::local::{LocalKnowledge, restore_changes};
use crate::store::{HealRow, Store};

/// The shortest beginning of an id that names a heal.
const PREFIX: usize = 4;

/// A heal that is to be run again.
pub struct ReplayRequest {
    /// What it was told.
    pub knowledge: LocalKnowledge,
    /// The calls that were kept, oldest first.
    pub exchanges: Vec<Exchange>,
    /// A copy of the repository as it was; gone when this is dropped.
    pub copy: tempfile::TempDir,
    /// Whether one JSON document is printed.
    pub json: bool,
}

/// Runs the command.
pub async fn replay(arguments: &ReplayArguments) -> anyhow::Result<ExitCode> {
    let done = prepare_and_run(arguments).await;
    if let (Err(error), true) = (&done, arguments.json) {
        json::print(&json::fix_error(error, fix::hint(error).as_deref()))?;
    }
    done
}

async fn prepare_and_run(arguments: &ReplayArguments) -> anyhow::Result<ExitCode> {
    let url = environment::database_url().context("no state directory")?;
    let store = Store::open(&url).await?;
    let row = find(&store, &arguments.id).await?;
    let rows = store.exchanges(&row.id).await?;
    anyhow::ensure!(
        !rows.is_empty(),
        "heal {} has no transcript; run `heal fix --keep-transcripts` to keep one",
        row.id.0
    );
    let read = |body: &str| serde_json::from_str::<Exchange>(body);
    let exchanges = rows.iter().map(|row| read(&row.body)).collect::<Result<_, _>>();
    let exchanges = exchanges.with_context(|| format!("the transcript of heal {} can't be read", row.id.0))?;
    let knowledge: LocalKnowledge = row.knowledge()?;
    let copy = copy_of_then(&repository(arguments, &row)?, &row.head, &knowledge)?;
    run_again(ReplayRequest { knowledge, exchanges, copy, json: arguments.json }).await
}

/// The one heal whose id begins so.
async fn find(store: &Store, prefix: &str) -> anyhow::Result<HealRow> {
    anyhow::ensure!(prefix.len() >= PREFIX, "an id has at least {PREFIX} characters");
    let mut found = store.heals_by_prefix(prefix, 2).await?;
    anyhow::ensure!(found.len() < 2, "more than one heal begins with {prefix:?}; give more of the id");
    found.pop().with_context(|| format!("no heal begins with {prefix:?}"))
}

fn repository(arguments: &ReplayArguments, row: &HealRow) -> anyhow::Result<PathBuf> {
    let kept = Some(PathBuf::from(&row.repository)).filter(|path| path.is_absolute());
    let named = arguments.repo.clone().or(kept);
    named.with_context(|| format!("{} is not on this machine; name a clone with --repo", row.repository))
}

/// The commit of then in a temporary directory, with the changes that no commit held.
fn copy_of_then(repository: &Path, commit: &str, knowledge: &LocalKnowledge) -> anyhow::Result<tempfile::TempDir> {
    let copy = tempfile::Builder::new().prefix("heal-replay-").tempdir().context("can't make a directory")?;
    let root = copy.path().join("repository");
    LocalForge::open(repository)?.snapshot(commit, &root)?;
    restore_changes(&LocalForge::open(&root)?, knowledge).context("the uncommitted changes of then don't apply")?;
    Ok(copy)
}

/// A number that was kept.
fn some<T: Default + PartialEq>(number: T) -> Option<T> {
    Some(number).filter(|number| *number != T::default())
}

/// Runs the heal on its copy, with the same test command and limits.
async fn run_again(request: ReplayRequest) -> anyhow::Result<ExitCode> {
    let knowledge = &request.knowledge;
    eprintln!("the transcript has {} calls of models", request.exchanges.len());
    let run = RunArguments {
        budget: Duration::from_millis(some(knowledge.budget_ms).unwrap_or(120_000).clamp(1_000, 86_400_000)),
        attempts: some(knowledge.attempts).unwrap_or(3).min(10),
        test_timeout: knowledge.test_timeout_ms.map(Duration::from_millis),
        sandbox: Sandbox::Auto,
        drafter: Vec::new(),
        llm: LlmArguments::default(),
    };
    // A heal of the App keeps no list: everybody drafted.
    let everybody = vec![Drafter::Recall, Drafter::Search, Drafter::Llm];
    let drafters = Some(knowledge.drafters.clone()).filter(|drafters| !drafters.is_empty()).unwrap_or(everybody);
    let transcript = Transcript::new(drafters, request.exchanges);
    let replay = Arc::clone(&transcript.replay);
    let root = request.copy.path().join("repository");
    let path = root.join(&knowledge.directory).canonicalize().context("the directory of the tests")?;
    anyhow::ensure!(path.starts_with(root.canonicalize()?), "the directory of the tests is elsewhere");
    let test = knowledge.test_command.as_deref().filter(|command| !command.is_empty());
    let again = fix::Request {
        path: &path,
        test,
        run: &run,
        environment: &knowledge.environment,
        destination: Destination::Show,
        detail: Detail::Stages,
        speech: Speech::Replayed(transcript),
    };
    let done = fix::heal(&again).await?;
    if replay.drift() > 0 {
        eprintln!(
            "{} questions differ from the kept ones: heal, its templates or its settings have changed",
            replay.drift()
        );
    }
    if request.json {
        json::print(&json::fix(&done.report, &done.test_command, &done.sandbox.to_string()))?;
    } else {
        fix::print_end(&done)?;
    }
    Ok(done.report.outcome.into())
}
