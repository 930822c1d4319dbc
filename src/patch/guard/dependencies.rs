//! The rule on dependencies: a new import names what the project already has.

use super::GuardError;
use super::change::Change;
use super::known_packages::{is_built_in, package_of, project_knows};
use super::names::Imports;
use std::path::Path;

/// The words without which no line imports anything.
const WORDS: &[&str] = &["import", "require", "from", "__import__", "import_module"];

/// Refuses an import of a package that the project does not use.
pub(super) fn check(root: &Path, change: &Change<'_>) -> Result<(), GuardError> {
    if !change.added.holds_any(WORDS) {
        return Ok(());
    }
    let Some((before, after)) = change.trees() else { return Ok(()) };
    let is_python = after.language.is_python();
    let package = |module: &String| package_of(module, is_python);
    let known: Vec<String> = Imports::of(before).modules.iter().filter_map(package).collect();
    let mut new: Vec<String> = Imports::of(after).modules.iter().filter_map(package).collect();
    new.retain(|name| !known.contains(name) && !is_built_in(name, is_python));
    new.sort();
    new.dedup();
    match new.into_iter().find(|name| !project_knows(root, change.file, name, is_python)) {
        Some(name) => Err(GuardError::Dependency { file: change.file.to_owned(), name }),
        None => Ok(()),
    }
}
