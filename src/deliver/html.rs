//! The self-contained report page: no script, no link to elsewhere, everything escaped.

use minijinja::{AutoEscape, Environment, Value};
use serde_json::json;

use crate::code::Line;
use crate::draft::ReadFile;
use crate::pipeline::HealReport;

/// How many locations are shown in their source.
const LOCATIONS: usize = 8;

/// Lines of source around a location.
const CONTEXT: u32 = 4;

/// Why the page could not be made: a defect of its template.
#[derive(Debug, thiserror::Error)]
#[error("can't render the report page")]
pub struct RenderError(#[from] minijinja::Error);

/// The page of one heal. `read` gives the sources of the locations.
pub fn page(title: &str, command: &str, report: &HealReport, read: &ReadFile) -> Result<String, RenderError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("report", include_str!("report.html"))?;
    let locations: Vec<_> = report
        .diagnosis
        .iter()
        .flat_map(|diagnosis| diagnosis.locations.iter().take(LOCATIONS))
        .map(|location| {
            let text = read(&location.file).unwrap_or_default();
            let first = location.line.0.saturating_sub(CONTEXT).max(1);
            let lines: Vec<_> = (first..=location.line.0 + CONTEXT)
                .filter_map(|number| Some((number, text.lines().nth(Line(number).index())?.to_owned())))
                .map(|(number, text)| json!({ "number": number, "text": text, "faulty": number == location.line.0 }))
                .collect();
            json!({ "file": location.file.display().to_string(), "location": location, "lines": lines })
        })
        .collect();
    let attempts: Vec<_> = report
        .attempts
        .iter()
        .map(|attempt| {
            let diff: Vec<_> = attempt.patch.iter().flat_map(|patch| patch.lines()).map(diff_line).collect();
            let rungs: Vec<_> =
                attempt.verdict.rungs.iter().map(|rung| json!({ "rung": rung, "title": rung.rung.title() })).collect();
            json!({ "attempt": attempt, "diff": diff, "rungs": rungs })
        })
        .collect();
    let facts = json!({
        "title": title,
        "command": command,
        "locations": locations,
        "attempts": attempts,
        "outcome": report.outcome,
        "diagnosis": report.diagnosis,
        "search": report.search,
        "timing": report.timing,
        "branch": report.delivered.branch,
    });
    let page = environment.get_template("report")?.render(Value::from(minijinja::value::Serde(facts)))?;
    Ok(page)
}

fn diff_line(line: &str) -> serde_json::Value {
    let kind = match line.chars().next() {
        _ if line.starts_with("+++") || line.starts_with("---") => "name",
        Some('+') => "new",
        Some('-') => "old",
        Some('@') => "place",
        _ => "same",
    };
    json!({ "kind": kind, "text": line })
}
