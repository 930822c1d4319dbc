//! The signal of the command line: a directory, and perhaps a test command and a log.

use std::path::{Path, PathBuf};

use crate::testbed::detect::{self, Guess};

/// A failure that somebody wants healed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The directory in which the tests run; absolute, links resolved.
    pub directory: PathBuf,
    /// The test command as given or found.
    pub test_command: String,
    /// Why this command, when it was found rather than given.
    pub reason: Option<String>,
    /// Further commands that the project suggests.
    pub alternatives: Vec<Guess>,
}

/// Why there is nothing to heal.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// The path does not lead to a directory.
    #[error("{path}: can't open the directory")]
    Directory {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The path is a file.
    #[error("{path} is not a directory")]
    NotADirectory {
        /// The path as given.
        path: PathBuf,
    },
    /// The command is empty.
    #[error("the test command is empty")]
    EmptyCommand,
    /// Nothing in the project says how it is tested.
    #[error("no test command found in {directory}")]
    NoCommand {
        /// Where it was looked for.
        directory: PathBuf,
    },
}

/// Checks the path and finds the test command when none is given.
pub fn from_command_line(path: &Path, test_command: Option<&str>) -> Result<Signal, SignalError> {
    let directory = path.canonicalize().map_err(|source| SignalError::Directory { path: path.to_owned(), source })?;
    if !directory.is_dir() {
        return Err(SignalError::NotADirectory { path: path.to_owned() });
    }
    if let Some(command) = test_command {
        if command.trim().is_empty() {
            return Err(SignalError::EmptyCommand);
        }
        let test_command = command.to_owned();
        return Ok(Signal { directory, test_command, reason: None, alternatives: Vec::new() });
    }
    let mut guesses = detect::test_commands(&directory);
    if guesses.is_empty() {
        return Err(SignalError::NoCommand { directory });
    }
    let Guess { command, reason } = guesses.remove(0);
    Ok(Signal { directory, test_command: command, reason: Some(reason), alternatives: guesses })
}
