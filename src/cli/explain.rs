//! `heal explain`: the diagnosis of one log.

use std::io::Read;

use anyhow::Context;

use super::args::ExplainArguments;
use super::exit::ExitCode;
use super::json;
use super::view::colour_of_stderr;
use crate::deliver::text;
use crate::diagnosis;
use crate::evidence::clean::LOG_BYTES;
use crate::testbed::read_bounded;

/// Runs the command.
pub fn explain(arguments: &ExplainArguments) -> anyhow::Result<ExitCode> {
    let log = if arguments.file.as_os_str() == "-" {
        let mut log = Vec::new();
        std::io::stdin().lock().take(LOG_BYTES as u64).read_to_end(&mut log).context("can't read standard input")?;
        log
    } else {
        read_bounded(&arguments.file, LOG_BYTES as u64)
            .with_context(|| format!("can't read {}", arguments.file.display()))?
    };
    let repository = match &arguments.repo {
        Some(path) => Some(path.canonicalize().with_context(|| format!("can't open {}", path.display()))?),
        None => None,
    };
    let found = diagnosis::explain(&log, repository.as_deref());
    if arguments.json {
        let mut document = serde_json::to_value(&found)?;
        document["schema"] = json::SCHEMA.into();
        json::print(&document)?;
    } else {
        print!("{}", text::diagnosis(&found, colour_of_stderr()));
    }
    Ok(ExitCode::Healed)
}
