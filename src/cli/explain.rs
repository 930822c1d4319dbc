//! `heal explain`: the diagnosis of one log.

use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::args::{ExplainArguments, ExplainFormat};
use super::exit::ExitCode;
use super::explain_by_model::{self, Shown};
use super::json;
use super::models::NoEndpoint;
use super::view::colour_of_stdout;
use crate::deliver::{annotations, sarif, summary, text};
use crate::diagnosis::{self, Beside, Diagnosis, RepositoryAtHand, RepositoryFiles};
use crate::evidence::RECENT_COMMITS;
use crate::evidence::log::{self, Limits, Log};
use crate::evidence::parsers::Parsed;
use crate::evidence::reading::words;
use crate::evidence::structured;
use crate::forge::local::LocalForge;
use crate::forge::{Forge, ForgeError};
use crate::testbed::read_bounded;

/// The largest file of a repository that is read, in bytes.
const FILE_BYTES: u64 = 2 * 1024 * 1024;

/// From which size on reading takes so long that it is said, in bytes.
const LARGE: u64 = 200_000_000;

/// The most files of a folder without git.
const MOST_FILES: usize = 200_000;

/// The most of standard input that is kept for finding out whether it is a zip, in bytes.
const SPOOLED: u64 = 1 << 30;

/// Runs the command.
pub async fn explain(arguments: &ExplainArguments) -> anyhow::Result<ExitCode> {
    let (log, report) = open_with_report(&arguments.file)?;
    let green = arguments.green.as_deref().map(open).transpose()?;
    let found = diagnosis(&log, green.as_ref(), report, arguments.repo.as_deref()).await?;
    if log.is_thinned() {
        eprintln!("the log is large: lines far from any error were not kept");
    }
    match if arguments.json { ExplainFormat::Json } else { arguments.format } {
        ExplainFormat::Text => print!("{}", text::diagnosis(&found, colour_of_stdout())),
        ExplainFormat::Json => {
            let mut document = serde_json::to_value(&found)?;
            document["schema"] = json::SCHEMA.into();
            json::print(&document)?;
        }
        ExplainFormat::Markdown => print!("{}", summary::markdown(&found)),
        ExplainFormat::Github => print!("{}", annotations::github(&found)),
        ExplainFormat::Sarif => json::print(&sarif::document(&found))?,
    }
    if arguments.llm { by_model(arguments, &found).await } else { Ok(ExitCode::Healed) }
}

/// A model's words go to stderr where stdout has a document for programs.
async fn by_model(arguments: &ExplainArguments, found: &Diagnosis) -> anyhow::Result<ExitCode> {
    let (root, tracked) = match &arguments.repo {
        Some(path) => match LocalForge::open(path) {
            Ok(forge) => (forge.work_tree().to_owned(), forge.tracked_files().await?),
            Err(_) => (path.clone(), files_below(path)),
        },
        None => (PathBuf::from("."), Vec::new()),
    };
    let read = reader(root.clone());
    let shown = Shown { root: &root, read: &read, tracked: &tracked };
    let text = match explain_by_model::explain(&arguments.models, found, shown).await {
        Ok(text) => text,
        Err(error) if error.is::<NoEndpoint>() => return Err(error),
        Err(error) => {
            eprintln!("warning: {error:#}");
            return Ok(ExitCode::NotHealed);
        }
    };
    let is_document = arguments.json || !matches!(arguments.format, ExplainFormat::Text | ExplainFormat::Markdown);
    if is_document {
        eprintln!("{text}")
    } else {
        println!("\n{text}")
    }
    Ok(ExitCode::Healed)
}

/// Reads plain files of a folder, bounded.
fn reader(root: PathBuf) -> impl Fn(&Path) -> Option<String> + Send + Sync {
    move |file: &Path| {
        // A symbolic link may point out of the repository.
        let path = root.join(file);
        let plain = path.symlink_metadata().is_ok_and(|about| about.is_file());
        let bytes = if plain { read_bounded(&path, FILE_BYTES).ok()? } else { return None };
        String::from_utf8(bytes).ok()
    }
}

/// The diagnosis of a log, with what is beside it.
pub(super) async fn diagnosis(
    log: &Log,
    green: Option<&Log>,
    report: Option<Parsed>,
    repository: Option<&Path>,
) -> anyhow::Result<Diagnosis> {
    match repository {
        Some(path) => with_repository(log, green, report, path).await,
        None => Ok(diagnosis::explain(log, Beside { green, report, repository: None })),
    }
}

/// Reads a file that may be a report for programs (JUnit XML, SARIF, JSON); the log is then its text.
fn open_with_report(path: &Path) -> anyhow::Result<(Log, Option<Parsed>)> {
    let log = open(path)?;
    // A report is held as a whole: only what begins like one and is not too large is read a second time.
    let is_small = path.metadata().is_ok_and(|about| about.is_file() && about.len() <= structured::REPORT_BYTES as u64);
    let bytes = if is_small { read_bounded(path, structured::REPORT_BYTES as u64).ok() } else { None };
    Ok((log, bytes.filter(|bytes| structured::may_be_report(bytes)).and_then(|bytes| structured::read(&bytes))))
}

/// Reads a log from a file or from standard input (`-`).
pub(super) fn open(path: &Path) -> anyhow::Result<Log> {
    if path.as_os_str() != "-" {
        let bytes = path.metadata().map_or(0, |about| about.len());
        if bytes > LARGE && std::io::stderr().is_terminal() {
            eprintln!("reading {} ({} MB) …", path.display(), bytes / 1_000_000);
        }
        return log::open(path, words(), &Limits::default()).with_context(|| format!("can't read {}", path.display()));
    }
    let mut stdin = std::io::stdin().lock();
    let mut head = [0_u8; 2];
    let found = stdin.read(&mut head).context("can't read standard input")?;
    let whole = (&head[..found]).chain(&mut stdin);
    if &head[..found] == b"PK" {
        // A zip is read from its end: it has to lie in a file first.
        let mut spool = tempfile::NamedTempFile::new().context("can't keep standard input")?;
        std::io::copy(&mut whole.take(SPOOLED), &mut spool).context("can't read standard input")?;
        return log::open(spool.path(), words(), &Limits::default()).context("can't read standard input");
    }
    log::read(whole, words(), &Limits::default()).context("can't read standard input")
}

/// The files of a folder without git, relative to it.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let files = entries.filter(|entry| entry.file_type().is_file()).take(MOST_FILES);
    files.filter_map(|entry| Some(entry.path().strip_prefix(folder).ok()?.to_owned())).collect()
}

async fn with_repository(
    log: &Log,
    green: Option<&Log>,
    report: Option<Parsed>,
    path: &Path,
) -> anyhow::Result<Diagnosis> {
    let (root, tracked, commits) = match LocalForge::open(path) {
        Ok(forge) => {
            let commits = forge.recent_commits(RECENT_COMMITS).await?;
            (forge.work_tree().to_owned(), forge.tracked_files().await?, commits)
        }
        Err(ForgeError::NotARepository { .. } | ForgeError::NoCommits { .. }) if path.is_dir() => {
            eprintln!("{} has no git history: no commit is suspected", path.display());
            (path.to_owned(), files_below(path), Vec::new())
        }
        Err(error) => return Err(error).with_context(|| format!("can't open {}", path.display())),
    };
    let read = reader(root);
    let files = RepositoryFiles { read: &read, tracked: &tracked };
    let repository = RepositoryAtHand { files, commits: &commits };
    Ok(diagnosis::explain(log, Beside { green, report, repository: Some(&repository) }))
}
