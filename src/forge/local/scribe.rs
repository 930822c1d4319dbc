//! Writing a repository with a given history: for the demo, the fixtures and the evaluation.

use std::path::{Path, PathBuf};

use git2::{Repository, Signature, Time};

use crate::forge::ForgeError;

/// A commit to write.
#[derive(Clone, Debug)]
pub struct NewCommit {
    /// The message.
    pub message: String,
    /// `Name <mail>`.
    pub author: String,
    /// Seconds since 1970 and minutes east of Greenwich.
    pub time: (i64, i32),
    /// Files that it adds or changes, whole.
    pub files: Vec<(PathBuf, Vec<u8>)>,
}

/// A repository that is being written; equal commits give equal hashes.
pub struct Scribe {
    repository: Repository,
    root: PathBuf,
}

impl Scribe {
    /// Makes an empty repository in a new directory.
    pub fn create(root: &Path) -> Result<Self, ForgeError> {
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main").external_template(false);
        let repository = Repository::init_opts(root, &options)?;
        Ok(Scribe { repository, root: root.to_owned() })
    }

    /// Writes the files and commits them; returns the abbreviated hash and the message's first line.
    pub fn commit(&self, commit: &NewCommit) -> Result<String, ForgeError> {
        let mut index = self.repository.index()?;
        for (file, content) in &commit.files {
            let path = self.root.join(file);
            let failed = |source| ForgeError::Write { file: file.clone(), source };
            std::fs::create_dir_all(path.parent().unwrap_or(&self.root)).map_err(failed)?;
            std::fs::write(&path, content).map_err(failed)?;
            index.add_path(file)?;
        }
        index.write()?;
        let tree = self.repository.find_tree(index.write_tree()?)?;
        let (name, mail) = commit.author.split_once(" <").unwrap_or((&commit.author, "nobody@localhost"));
        let (seconds, offset) = commit.time;
        let author = Signature::new(name, mail.trim_end_matches('>'), &Time::new(seconds, offset))?;
        let parent = self.repository.head().ok().and_then(|head| head.peel_to_commit().ok());
        let parents: Vec<_> = parent.iter().collect();
        let id = self.repository.commit(Some("HEAD"), &author, &author, &commit.message, &tree, &parents)?;
        let sha = id.to_string();
        Ok(format!("{} {}", &sha[..7], commit.message.lines().next().unwrap_or("")))
    }
}
