//! What a heal of the command line must have kept so that it can be run again.
//!
//! In: the heal's settings and its repository. Out: [`LocalKnowledge`], the JSON of `heals.data`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::draft::Drafter;
use crate::forge::ForgeError;
use crate::forge::local::LocalForge;

/// The most uncommitted changes that are kept, in bytes of their diff.
const DIRTY_BYTES: usize = 1024 * 1024;

/// What a heal of the command line was told, and the changes that no commit held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LocalKnowledge {
    /// The test command; `None` when it was to be found.
    pub test_command: Option<String>,
    /// Where it runs, relative to the repository.
    pub directory: PathBuf,
    /// The drafters, in their order.
    pub drafters: Vec<Drafter>,
    /// The names of the variables that the tests saw.
    pub environment: Vec<String>,
    /// The limit of one run of the tests, in milliseconds, where one was named.
    pub test_timeout_ms: Option<u64>,
    /// All the time there was, in milliseconds.
    pub budget_ms: u64,
    /// How many patches could be put to the test.
    pub attempts: u32,
    /// The uncommitted changes as a unified diff, verbatim, for files must be the same when the heal is run again;
    /// only where transcripts are kept. `None` when there were none.
    pub dirty: Option<String>,
}

/// The uncommitted changes of a repository, untracked files included, as [`LocalKnowledge::dirty`] keeps them; an
/// error when they are larger than 1 MiB or not UTF-8.
pub fn uncommitted_changes(forge: &LocalForge) -> Result<Option<String>, ForgeError> {
    forge.uncommitted(DIRTY_BYTES)
}

/// Puts the changes of then into a repository that has the commit of then.
pub fn restore_changes(forge: &LocalForge, knowledge: &LocalKnowledge) -> Result<(), ForgeError> {
    knowledge.dirty.as_deref().map_or(Ok(()), |changes| forge.apply_changes(changes))
}
