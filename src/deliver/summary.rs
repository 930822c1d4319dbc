//! A diagnosis as Markdown, for a job summary.
//!
//! What a log or a repository says is shown in code spans and blocks only: it is data, not markup.

use std::fmt::Write;

use super::text::printable;
use crate::diagnosis::{Diagnosis, Quote};

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

fn cell(content: &str) -> String {
    if content.is_empty() { String::new() } else { code(content).replace('|', "\\|") }
}

/// A code span; its fence is longer than any run of back-ticks inside.
fn code(content: &str) -> String {
    let content: String = printable(content).replace(['\n', '\t'], " ").chars().take(300).collect();
    let fence = "`".repeat(longest_run(&content) + 1);
    format!("{fence} {content} {fence}")
}

fn block(lines: &[Quote]) -> String {
    let longest = lines.iter().map(|quote| longest_run(&quote.text)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let body: String = lines.iter().map(|quote| format!("{:>6}  {}\n", quote.line, printable(&quote.text))).collect();
    format!("{fence}text\n{body}{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
