//! What a case of `heal eval` is, and how its repository is made.
//!
//! In: folders with `case.toml` or `fixture.toml`. Out: [`Case`]s in the order of their folders; for each a fresh
//! repository.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::answer_case;
use crate::fixture::{Fault, Fixture};
use crate::forge::local::scribe::{NewCommit, Scribe};
use crate::testbed::read_bounded;

/// `case.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    name: Option<String>,
    language: String,
    test: String,
    hidden_test: Option<String>,
    /// A folder of files, made into a repository with one commit.
    files: Option<PathBuf>,
    /// A repository, copied with its history.
    repository: Option<PathBuf>,
    fault: Option<KnownFault>,
}

/// The true place of a fault.
#[derive(Clone, Debug, Deserialize)]
pub struct KnownFault {
    /// Its file.
    pub file: PathBuf,
    /// Its line, from 1.
    pub line: u32,
}

/// Where a case's files come from.
pub enum Source {
    /// A folder of files.
    Files(PathBuf),
    /// A repository with its history.
    Repository(PathBuf),
    /// A fixture with one of its faults.
    Fixture(Box<Fixture>, Box<Fault>, PathBuf),
}

/// One case.
pub struct Case {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// The test command.
    pub test: String,
    /// A further command that a right patch passes.
    pub hidden_test: Option<String>,
    /// Where the fault is.
    pub fault: Option<KnownFault>,
    /// Where its files come from.
    pub source: Source,
}

/// Every case below a folder.
pub fn find_cases(directory: &Path) -> anyhow::Result<Vec<Case>> {
    if !directory.is_dir() {
        bail!("{} is not a directory", directory.display());
    }
    let mut cases = Vec::new();
    let mut entries = walkdir::WalkDir::new(directory).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if entry.file_type().is_dir() && entry.file_name() == "node_modules" {
            entries.skip_current_dir();
        } else if entry.file_name() == "case.toml" && !answer_case::is_one(entry.path().parent().unwrap_or(directory)) {
            cases.push(load_case(entry.path())?);
        } else if entry.file_name() == "fixture.toml" {
            let folder = entry.path().parent().unwrap_or(directory);
            let fixture = Fixture::load(folder)?;
            cases.extend(fixture.faults.iter().map(|fault| Case {
                name: format!("{}/{}", fixture.model.name, fault.name),
                language: fixture.model.language.clone(),
                test: fixture.model.test.clone(),
                hidden_test: None,
                fault: Some(KnownFault { file: fault.file.clone(), line: fault.line }),
                source: Source::Fixture(Box::new(fixture.clone()), Box::new(fault.clone()), folder.to_owned()),
            }));
        }
    }
    Ok(cases)
}

fn load_case(path: &Path) -> anyhow::Result<Case> {
    let text = read_bounded(path, 1024 * 1024).with_context(|| format!("can't read {}", path.display()))?;
    let case: CaseFile = toml::from_str(&String::from_utf8_lossy(&text)).with_context(|| path.display().to_string())?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let source = match (case.files, case.repository) {
        (Some(files), None) => Source::Files(folder.join(files)),
        (None, Some(repository)) => Source::Repository(folder.join(repository)),
        _ => bail!("{}: name either `files` or `repository`", path.display()),
    };
    let name = case.name.unwrap_or_else(|| folder.file_name().unwrap_or_default().to_string_lossy().into_owned());
    Ok(Case {
        name,
        language: case.language,
        test: case.test,
        hidden_test: case.hidden_test,
        fault: case.fault,
        source,
    })
}

/// Makes the case's repository in `directory`.
pub fn prepare(case: &Case, directory: &Path) -> anyhow::Result<()> {
    match &case.source {
        Source::Repository(source) => copy(source, directory),
        Source::Files(source) => {
            let scribe = Scribe::create(directory)?;
            let mut files = Vec::new();
            for entry in walkdir::WalkDir::new(source).sort_by_file_name() {
                let entry = entry?;
                if entry.file_type().is_file() {
                    files.push((entry.path().strip_prefix(source)?.to_owned(), std::fs::read(entry.path())?));
                }
            }
            let (message, author) = ("Add the project".to_owned(), "eval <eval@localhost>".to_owned());
            scribe.commit(&NewCommit { message, author, time: (0, 0), files })?;
            Ok(())
        }
        Source::Fixture(fixture, fault, folder) => {
            fixture.build(Some(fault), directory)?;
            let installed = folder.join("files/node_modules");
            if fixture.model.install.is_some() {
                if !installed.is_dir() {
                    bail!(
                        "run `{}` in {} first",
                        fixture.model.install.as_deref().unwrap_or(""),
                        folder.join("files").display()
                    );
                }
                copy(&installed, &directory.join("node_modules"))?;
            }
            Ok(())
        }
    }
}

/// Replaces the repository by one with a single commit.
pub fn forget_history(directory: &Path) -> anyhow::Result<()> {
    let files = crate::forge::local::LocalForge::open(directory)?.tracked_contents()?;
    std::fs::remove_dir_all(directory.join(".git"))?;
    let (message, author) = ("Add the project".to_owned(), "eval <eval@localhost>".to_owned());
    Scribe::create(directory)?.commit(&NewCommit { message, author, time: (0, 0), files })?;
    Ok(())
}

/// Copies a tree.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        let kind = entry.file_type();
        if kind.is_dir() {
            std::fs::create_dir_all(&target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
