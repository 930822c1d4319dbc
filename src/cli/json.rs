//! The JSON documents on stdout; their fields are a contract.

use serde::Serialize;
use serde_json::{Value, json};

use crate::pipeline::HealReport;

/// The version of the documents' shape.
pub const SCHEMA: u32 = 1;

/// Prints one document on stdout.
pub fn print(document: &impl Serialize) -> anyhow::Result<()> {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer(&mut stdout, document)?;
    writeln!(stdout)?;
    Ok(())
}

/// `heal fix --json`.
pub fn fix(report: &HealReport, test_command: &str, sandbox: &str) -> Value {
    json!({
        "schema": SCHEMA,
        "outcome": report.outcome,
        "heal": report.id,
        "test_command": test_command,
        "sandbox": sandbox,
        "diagnosis": report.diagnosis,
        "attempts": report.attempts,
        "patch": report.patch.as_ref().map(crate::patch::Patch::diff),
        "files": report.patch.iter().flat_map(|patch| patch.files.keys()).collect::<Vec<_>>(),
        "branch": report.delivered.branch,
        "applied": report.delivered.applied,
        "timing": report.timing,
        "search": report.search,
        "llm": report.llm,
        "error": Value::Null,
    })
}

/// `heal fix --json` when nothing could be run: the same fields, and why.
pub fn fix_error(error: &anyhow::Error, hint: Option<&str>) -> Value {
    json!({
        "schema": SCHEMA,
        "outcome": "not_healed",
        "heal": null,
        "test_command": null,
        "sandbox": null,
        "diagnosis": null,
        "attempts": [],
        "patch": null,
        "files": [],
        "branch": null,
        "applied": false,
        "timing": crate::pipeline::worker::Timing::default(),
        "search": crate::draft::search::SearchStats::default(),
        "llm": crate::draft::llm::stats::LlmStats::default(),
        "error": {"message": format!("{error:#}"), "hint": hint},
    })
}
