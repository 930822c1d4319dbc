//! A case of a model's answers, as its folder tells it.
//!
//! In: a folder with `case.toml`, the answers, `before/` (the files that the model was shown) and `intended/` (those
//! that it means to change, as they should come out). Out: an [`AnswerCase`]. `fixtures/README.md` says how a case is
//! written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::testbed::read_bounded;

/// The folder that makes a `case.toml` one of answers.
const BEFORE: &str = "before";

/// No file of a case is larger, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// What should become of the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// It is plain what is meant, and it is done.
    Applied,
    /// Nothing may be changed: more than one place fits, or the answers never parse.
    Refused,
}

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Whether edits find the place that is meant.
    Place,
    /// Whether what does not parse is kept from verification.
    Syntax,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    about: String,
    measures: Subject,
    answers: Vec<PathBuf>,
    expect: Expect,
    known_defect: Option<String>,
}

/// A conversation that is played again and again, and what should come of it.
#[derive(Debug)]
pub struct AnswerCase {
    /// The folder's name.
    pub name: String,
    /// What is sloppy about the answers, in a sentence.
    pub about: String,
    /// What it measures.
    pub subject: Subject,
    /// What the model says: the draft, then one correction after the other.
    pub answers: Vec<String>,
    /// What should become of them.
    pub expect: Expect,
    /// What heal is known to do wrong here; such a case counts in no sum.
    pub known_defect: Option<String>,
    /// The folder with the files that the model was shown.
    pub before: PathBuf,
    /// Their texts.
    pub files: BTreeMap<PathBuf, String>,
    /// All texts as they should come out; as they were where nothing may change.
    pub intended: BTreeMap<PathBuf, String>,
}

/// Whether the folder of a `case.toml` is a case of answers.
pub fn is_one(folder: &Path) -> bool {
    folder.join(BEFORE).is_dir()
}

/// Every case below a folder, by name.
pub fn find(directory: &Path) -> anyhow::Result<Vec<AnswerCase>> {
    let mut cases = Vec::new();
    for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
        let entry = entry?;
        let folder = entry.path().parent().unwrap_or(directory);
        if entry.file_name() == "case.toml" && is_one(folder) {
            cases.push(AnswerCase::load(folder).with_context(|| folder.display().to_string())?);
        }
    }
    Ok(cases)
}

impl AnswerCase {
    fn load(folder: &Path) -> anyhow::Result<Self> {
        let case: CaseFile = toml::from_str(&text(&folder.join("case.toml"))?)?;
        if case.answers.is_empty() {
            bail!("the case has no answers");
        }
        let answers = case.answers.iter().map(|name| text(&folder.join(name))).collect::<anyhow::Result<Vec<_>>>()?;
        let before = folder.join(BEFORE);
        let files = texts(&before)?;
        let mut intended = files.clone();
        let changed = folder.join("intended");
        if changed.is_dir() {
            intended.extend(texts(&changed)?);
        }
        if (case.expect == Expect::Applied) == (intended == files) {
            bail!("`intended` differs from `before` where answers are to be applied, and nowhere else");
        }
        if let Some(file) = intended.keys().find(|file| !files.contains_key(*file)) {
            bail!("{} is intended, but no file of that name is there before", file.display());
        }
        Ok(AnswerCase {
            name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            about: case.about,
            subject: case.measures,
            answers,
            expect: case.expect,
            known_defect: case.known_defect,
            before,
            files,
            intended,
        })
    }
}

fn text(path: &Path) -> anyhow::Result<String> {
    let bytes = read_bounded(path, LARGEST).with_context(|| format!("can't read {}", path.display()))?;
    String::from_utf8(bytes).with_context(|| path.display().to_string())
}

/// The texts of all files below a folder, by their paths in it.
fn texts(folder: &Path) -> anyhow::Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.insert(entry.path().strip_prefix(folder)?.to_owned(), text(entry.path())?);
        }
    }
    Ok(files)
}
