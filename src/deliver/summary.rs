//! A diagnosis as Markdown, for a job summary.
//!
//! What a log or a repository says is shown in code spans and blocks only: it is data, not markup.

use std::fmt::Write;

use super::markdown::{block, cell, code};
use crate::diagnosis::Diagnosis;

/// How many failures and suspects are listed.
const SHOWN: usize = 20;

/// The summary.
pub fn markdown(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let percent = (diagnosis.confidence * 100.0).round();
    let _ = writeln!(text, "### heal: {} ({percent} % sure)\n", diagnosis.class);
    let _ = writeln!(text, "{}\n", code(&diagnosis.reason));
    for (name, value) in [("Job", &diagnosis.job), ("Step", &diagnosis.step), ("Tool", &diagnosis.tool)] {
        if let Some(value) = value {
            let _ = writeln!(text, "- {name}: {}", code(value));
        }
    }
    if let Some(code) = diagnosis.exit_code {
        let _ = writeln!(text, "- Exit code: {code}");
    }
    failures(&mut text, diagnosis);
    if !diagnosis.excerpt.is_empty() {
        let _ = write!(text, "\n{}", block(&diagnosis.excerpt));
    }
    for suspect in diagnosis.suspects.iter().take(3) {
        let sha: String = suspect.commit.chars().take(10).collect();
        let percent = (suspect.score * 100.0).round();
        let _ = writeln!(
            text,
            "\nSuspect commit: {sha} {} by {} ({percent} %)",
            code(&suspect.summary),
            code(&suspect.author)
        );
    }
    text
}

fn failures(text: &mut String, diagnosis: &Diagnosis) {
    if diagnosis.failures.is_empty() {
        return;
    }
    text.push_str("\n| What failed | Where | Why |\n|---|---|---|\n");
    for failure in diagnosis.failures.iter().take(SHOWN) {
        let name = failure.test.as_deref().or(failure.kind.as_deref()).unwrap_or("");
        let place = match (&failure.file, failure.line) {
            (Some(file), Some(line)) => format!("{}:{line}", file.display()),
            (Some(file), None) => file.display().to_string(),
            (None, _) => String::new(),
        };
        let why = failure.message.as_deref().and_then(|message| message.lines().next()).unwrap_or("");
        let _ = writeln!(text, "| {} | {} | {} |", cell(name), cell(&place), cell(why));
    }
    if diagnosis.failures.len() > SHOWN {
        let _ = writeln!(text, "\n… and {} more", diagnosis.failures.len() - SHOWN);
    }
}
