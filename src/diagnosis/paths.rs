//! Paths of a CI machine → paths of the repository.
//!
//! In: the repository's files. Out: for a path that a log names, the file it must be: the one with the
//! longest equal tail, if only one has it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::evidence::Failure;
use crate::evidence::stack::repository_path;

/// The files of a repository, found by their last parts.
pub(super) struct RepositoryPaths<'a> {
    files: HashSet<&'a Path>,
    by_name: HashMap<&'a std::ffi::OsStr, Vec<&'a Path>>,
}

impl<'a> RepositoryPaths<'a> {
    pub(super) fn of(tracked: &'a [PathBuf]) -> Self {
        let mut by_name: HashMap<_, Vec<&Path>> = HashMap::new();
        for file in tracked {
            if let Some(name) = file.file_name() {
                by_name.entry(name).or_default().push(file);
            }
        }
        RepositoryPaths { files: tracked.iter().map(PathBuf::as_path).collect(), by_name }
    }

    /// The repository's file that a log's path means.
    pub(super) fn find(&self, path: &Path) -> Option<PathBuf> {
        let path = path.to_str().map_or_else(|| path.to_owned(), repository_path);
        if self.files.contains(path.as_path()) {
            return Some(path);
        }
        let candidates = self.by_name.get(path.file_name()?)?;
        let tail = |file: &Path| file.iter().rev().zip(path.iter().rev()).take_while(|(a, b)| a == b).count();
        let longest = candidates.iter().map(|file| tail(file)).max()?;
        let mut best = candidates.iter().filter(|file| tail(file) == longest);
        match (best.next(), best.next()) {
            (Some(file), None) => Some((*file).to_owned()),
            _ => None,
        }
    }

    /// Names a failure's files as the repository does; a failing test is placed on the innermost frame
    /// that is a file of the repository.
    pub(super) fn map_failure(&self, failure: &mut Failure) {
        for frame in &mut failure.stack {
            if !crate::evidence::stack::is_foreign(&frame.file.to_string_lossy())
                && let Some(file) = self.find(&frame.file)
            {
                frame.file = file;
            }
        }
        if let Some(file) = failure.file.as_deref().and_then(|file| self.find(file)) {
            failure.file = Some(file);
        } else if let Some(frame) = failure.stack.iter().rev().find(|frame| self.files.contains(frame.file.as_path())) {
            (failure.file, failure.line, failure.column) = (Some(frame.file.clone()), Some(frame.line), None);
        }
    }

    /// Whether a package or module of that name is the repository's own.
    pub(super) fn has_package(&self, package: &str) -> bool {
        if package.starts_with('.') || package.starts_with('/') {
            return true;
        }
        let first = package.split(['.', '/']).next().unwrap_or(package);
        self.files.iter().any(|file| {
            file.iter().take(3).any(|part| {
                part == first
                    || part.to_str().is_some_and(|part| part.rsplit_once('.').is_some_and(|(stem, _)| stem == first))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_another_machine_is_found_by_its_tail() {
        let tracked: Vec<PathBuf> = ["src/a/mod.py", "src/b/mod.py", "lib/x.py"].map(PathBuf::from).to_vec();
        let paths = RepositoryPaths::of(&tracked);
        let find = |path: &str| paths.find(Path::new(path)).map(|path| path.display().to_string());
        assert_eq!(find("/srv/checkout/src/b/mod.py").as_deref(), Some("src/b/mod.py"));
        assert_eq!(find("b/mod.py").as_deref(), Some("src/b/mod.py"));
        assert_eq!(find("mod.py"), None);
        assert_eq!(find("/home/runner/work/r/r/lib/x.py").as_deref(), Some("lib/x.py"));
        assert!(paths.has_package("a.deep.name") && !paths.has_package("torch"));
    }
}
