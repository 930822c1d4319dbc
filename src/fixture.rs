//! Fixtures: small real projects with a healthy history and faults that can be put into them.
//!
//! In: a folder as `fixtures/README.md` describes it, or the one that the binary carries for
//! `heal demo`. Out: a git repository whose last commit breaks the build.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::forge::ForgeError;
use crate::forge::local::scribe::{NewCommit, Scribe};

include!(concat!(env!("OUT_DIR"), "/demo.rs"));

/// Why a fixture can't be read or built.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    /// A file is missing or unreadable.
    #[error("{path}: can't be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A model is not as described.
    #[error("{path}: {source}")]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// A text to be replaced does not occur exactly once.
    #[error("{path}: the text to replace occurs {count} times instead of once: {find:?}")]
    NotOnce {
        /// The file.
        path: PathBuf,
        /// The text.
        find: String,
        /// How often it occurs.
        count: usize,
    },
    /// The history names a file that is not there.
    #[error("{path}: named by the history, but missing")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// git said no.
    #[error(transparent)]
    Forge(#[from] ForgeError),
}

/// `fixture.toml`.
#[derive(Clone, Debug, Deserialize)]
pub struct Model {
    /// The folder's name.
    pub name: String,
    /// `python`, `javascript`, `typescript` or `tsx`.
    pub language: String,
    /// The test command.
    pub test: String,
    /// What must be installed: `python3`, `node`, `pytest`, `npm`.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The command that installs the project's packages.
    pub install: Option<String>,
    /// The healthy commits, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// One healthy commit.
#[derive(Clone, Debug, Deserialize)]
pub struct HistoryEntry {
    /// Its message.
    pub message: String,
    /// `Name <mail>`.
    pub author: String,
    /// RFC 3339.
    pub date: toml::Value,
    /// Files that have their final form from here on.
    #[serde(default)]
    pub paths: Vec<PathBuf>,
    /// Files in an older form.
    #[serde(default)]
    pub earlier: Vec<TextEdit>,
}

/// A replacement of a text that occurs once.
#[derive(Clone, Debug, Deserialize)]
pub struct TextEdit {
    /// The file.
    #[serde(alias = "file")]
    pub path: PathBuf,
    /// The text.
    pub find: String,
    /// What takes its place.
    pub replace: String,
}

/// `faults/<name>.toml`.
#[derive(Clone, Debug, Deserialize)]
pub struct Fault {
    /// Its file's stem.
    pub name: String,
    /// The fault class.
    pub class: String,
    /// The breaking commit's subject.
    pub summary: String,
    /// `Name <mail>`.
    pub author: String,
    /// RFC 3339.
    pub date: toml::Value,
    /// The edits that break the healthy tree.
    #[serde(rename = "edit")]
    pub edits: Vec<TextEdit>,
    /// Harmless edits of the same commit.
    #[serde(default)]
    pub noise: Vec<TextEdit>,
    /// The faulty file.
    pub file: PathBuf,
    /// The faulty line, from 1.
    pub line: u32,
    /// The tests that fail.
    pub fails: Vec<String>,
}

/// A project and its faults.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// `fixture.toml`.
    pub model: Model,
    /// The faults, by name.
    pub faults: Vec<Fault>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Fixture {
    /// Reads the folder of one fixture.
    pub fn load(folder: &Path) -> Result<Self, FixtureError> {
        let mut texts = BTreeMap::new();
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok) {
            let installed = entry.path().iter().any(|part| part == "node_modules" || part == "__pycache__");
            if !entry.file_type().is_file() || installed {
                continue;
            }
            let path = entry.path().to_owned();
            let text = std::fs::read(&path).map_err(|source| FixtureError::Read { path: path.clone(), source })?;
            texts.insert(path.strip_prefix(folder).unwrap_or(&path).to_owned(), text);
        }
        Fixture::from_files(folder, texts)
    }

    /// The fixture that the binary carries.
    pub fn bundled(files: &[(&str, &str)]) -> Result<Self, FixtureError> {
        let texts = files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect();
        Fixture::from_files(Path::new("bundled"), texts)
    }

    fn from_files(folder: &Path, texts: BTreeMap<PathBuf, Vec<u8>>) -> Result<Self, FixtureError> {
        let model_path = Path::new("fixture.toml");
        let missing = || FixtureError::Missing { path: folder.join(model_path) };
        let model = parse(&folder.join(model_path), texts.get(model_path).ok_or_else(missing)?)?;
        let (mut faults, mut files) = (Vec::new(), BTreeMap::new());
        for (path, text) in texts {
            if path.starts_with("faults") {
                faults.push(parse(&folder.join(&path), &text)?);
            } else if let Ok(path) = path.strip_prefix("files") {
                files.insert(path.to_owned(), text);
            }
        }
        Ok(Fixture { model, faults, files })
    }

    /// A fault by name.
    pub fn fault(&self, name: &str) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.name == name)
    }

    /// Writes the repository into a new directory, with the fault as its last commit; returns the
    /// commits as abbreviated hash and subject.
    pub fn build(&self, fault: Option<&Fault>, directory: &Path) -> Result<Vec<String>, FixtureError> {
        let scribe = Scribe::create(directory)?;
        let mut commits = Vec::new();
        for entry in &self.model.history {
            let mut files = Vec::new();
            for path in &entry.paths {
                files.push((path.clone(), self.file(path)?.clone()));
            }
            for earlier in &entry.earlier {
                files.retain(|(path, _)| *path != earlier.path);
                files.push((earlier.path.clone(), replaced(earlier, self.file(&earlier.path)?)?));
            }
            let (message, author, time) = (entry.message.clone(), entry.author.clone(), unix_time(&entry.date));
            commits.push(scribe.commit(&NewCommit { message, author, time, files })?);
        }
        if let Some(fault) = fault {
            let mut changed: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
            for edit in fault.edits.iter().chain(&fault.noise) {
                let before = match changed.get(&edit.path) {
                    Some(text) => text.clone(),
                    None => self.file(&edit.path)?.clone(),
                };
                changed.insert(edit.path.clone(), replaced(edit, &before)?);
            }
            let (message, author, time) = (fault.summary.clone(), fault.author.clone(), unix_time(&fault.date));
            let files = changed.into_iter().collect();
            commits.push(scribe.commit(&NewCommit { message, author, time, files })?);
        }
        Ok(commits)
    }

    fn file(&self, path: &Path) -> Result<&Vec<u8>, FixtureError> {
        self.files.get(path).ok_or_else(|| FixtureError::Missing { path: path.to_owned() })
    }
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path, text: &[u8]) -> Result<T, FixtureError> {
    toml::from_str(&String::from_utf8_lossy(text))
        .map_err(|source| FixtureError::Model { path: path.to_owned(), source: Box::new(source) })
}

fn replaced(edit: &TextEdit, text: &[u8]) -> Result<Vec<u8>, FixtureError> {
    let text = String::from_utf8_lossy(text);
    let count = text.matches(&edit.find).count();
    if count != 1 {
        return Err(FixtureError::NotOnce { path: edit.path.clone(), find: edit.find.clone(), count });
    }
    Ok(text.replacen(&edit.find, &edit.replace, 1).into_bytes())
}

/// Seconds since 1970 and minutes east of Greenwich of an RFC 3339 date; 1970 when it is none.
fn unix_time(date: &toml::Value) -> (i64, i32) {
    let text = match date {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let Ok(parsed) = text.parse::<toml::value::Datetime>() else { return (0, 0) };
    let (Some(date), Some(time)) = (parsed.date, parsed.time) else { return (0, 0) };
    let offset = match parsed.offset {
        Some(toml::value::Offset::Custom { minutes }) => i64::from(minutes),
        _ => 0,
    };
    // Days from civil, Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2014).
    let (year, month, day) = (i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    let seconds = i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second);
    (days * 86_400 + seconds - offset * 60, offset as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_seconds() {
        let time = |text: &str| unix_time(&toml::Value::String(text.to_owned()));
        assert_eq!(time("1970-01-01T00:00:00Z"), (0, 0));
        assert_eq!(time("2026-03-02T09:14:00+01:00"), (1_772_439_240, 60));
    }

    #[test]
    fn the_bundled_fixture_builds_the_same_history_every_time() {
        let fixture = Fixture::bundled(BUNDLED).unwrap();
        let build = || {
            let directory = tempfile::tempdir().unwrap();
            fixture.build(fixture.fault("demo"), &directory.path().join("shop")).unwrap()
        };
        let commits = build();
        assert_eq!(commits, build());
        assert!(commits.len() >= 5, "{commits:?}");
    }
}
