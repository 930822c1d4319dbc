//! Why the guard refuses a patch, in sentences that name the file.

use std::path::PathBuf;

/// Why a patch is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GuardError {
    /// The path leaves the repository or is not a plain path.
    #[error("{file} is outside of the repository")]
    Outside {
        /// The file.
        file: PathBuf,
    },
    /// The path only leads into the repository's own files through a symbolic link.
    #[error("{file} is a symbolic link")]
    Link {
        /// The file.
        file: PathBuf,
    },
    /// A test would be changed although the code is at fault.
    #[error("{file} is a test, and the fault is in the code")]
    TestFile {
        /// The file.
        file: PathBuf,
    },
    /// Workflows, heal's own policy, lock files, migrations and what the policy names need a person.
    #[error("{file} needs a person's decision: {reason}")]
    Protected {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// The policy's `paths.allow` or `paths.deny` keeps patches away from it.
    #[error("the policy does not let a patch touch {file}")]
    Denied {
        /// The file.
        file: PathBuf,
    },
    /// Neither a grammar knows it nor is it data that nothing executes.
    #[error("no grammar can judge a change of {file}")]
    Unjudged {
        /// The file.
        file: PathBuf,
    },
    /// The patch would write what looks like a secret into the repository.
    #[error("{file} would get a line that looks like a secret")]
    Secret {
        /// The file.
        file: PathBuf,
    },
    /// The patch is larger than the policy allows.
    #[error("{lines} changed lines are more than the {limit} that the policy allows")]
    TooLarge {
        /// Changed lines.
        lines: usize,
        /// The policy's limit.
        limit: usize,
    },
    /// It would bring in a package that the project does not use.
    #[error("{file} would import {name}, which this project does not use")]
    Dependency {
        /// The file.
        file: PathBuf,
        /// The package as it is imported, e.g. `leftpad`.
        name: String,
    },
    /// The file would do what it did not do before and what a repair has no business with.
    #[error("{file} would newly {what}")]
    Capability {
        /// The file.
        file: PathBuf,
        /// What, with the words of the code, e.g. "use the network (requests.get)".
        what: String,
    },
    /// A test would check less than before.
    #[error("{file} would test less: {what}")]
    Weakened {
        /// The file.
        file: PathBuf,
        /// What is missing or new, e.g. "2 assertions instead of 3".
        what: String,
    },
    /// The code would ask whether it is being tested.
    #[error("{file} would behave differently under test: it looks at {what}")]
    UnderTest {
        /// The file.
        file: PathBuf,
        /// What it looks at, e.g. `PYTEST_CURRENT_TEST`.
        what: String,
    },
}
