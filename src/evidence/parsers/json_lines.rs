//! Tools that write one JSON object per line: `cargo --message-format=json`, `go test -json`.
//!
//! Formats: <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>,
//! <https://pkg.go.dev/cmd/test2json>.

use std::collections::HashMap;

use serde_json::Value;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line, Nature};

/// cargo's messages.
pub static CARGO_TOOL: Tool = Tool { name: "cargo", marks: &["\"reason\":\"compiler-message\""], parse: cargo };
/// go's test events.
pub static GO_TOOL: Tool = Tool { name: "go test", marks: &["\"Action\":\"fail\""], parse: go };

/// The most output that is kept of one test, in bytes.
const OUTPUT: usize = 2000;

fn object(line: &Line<'_>) -> Option<Value> {
    let text = line.text.trim();
    (text.starts_with('{') && text.ends_with('}')).then(|| serde_json::from_str(text).ok())?
}

fn cargo(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut known = std::collections::HashSet::new();
    let messages = lines
        .iter()
        .filter(|line| line.text.contains("compiler-message"))
        .filter_map(|line| Some((line, object(line)?)));
    let failures: Vec<Failure> = messages
        .filter(|(_, object)| object["message"]["level"] == "error")
        .filter_map(|(line, object)| {
            let message = &object["message"];
            let span = message["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?;
            let code = message["code"]["code"].as_str();
            Some(Failure {
                file: span["file_name"].as_str().map(repository_path),
                line: span["line_start"].as_u64().and_then(|line| line.try_into().ok()),
                column: span["column_start"].as_u64().and_then(|column| column.try_into().ok()),
                kind: code.map(str::to_owned),
                message: message["message"].as_str().map(str::to_owned),
                log_lines: Some((line.number, line.number)),
                nature: if code.is_none_or(|code| code.starts_with('E')) { Nature::Compile } else { Nature::Lint },
                ..Failure::default()
            })
        })
        .filter(|failure| known.insert((failure.file.clone(), failure.line, failure.message.clone())))
        .take(MOST_FAILURES)
        .collect();
    (!failures.is_empty()).then_some(Parsed { tool: "cargo".into(), failures, key_lines: None })
}

fn go(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut output: HashMap<String, String> = HashMap::new();
    let mut failures: Vec<Failure> = Vec::new();
    for line in lines.iter().filter(|line| line.text.contains("\"Action\":")) {
        let Some(event) = object(line) else { continue };
        let Some(test) = event["Test"].as_str() else { continue };
        match event["Action"].as_str() {
            Some("output") => {
                let said = output.entry(test.to_owned()).or_default();
                if said.len() < OUTPUT {
                    said.push_str(event["Output"].as_str().unwrap_or(""));
                }
            }
            Some("fail") if failures.len() < MOST_FAILURES => {
                failures.push(failure(test, output.get(test).map_or("", String::as_str), line.number))
            }
            _ => {}
        }
    }
    let names: Vec<String> = failures.iter().filter_map(|failure| failure.test.clone()).collect();
    failures.retain(|failure| {
        failure.test.as_deref().is_none_or(|test| !names.iter().any(|name| name.starts_with(&format!("{test}/"))))
    });
    (!failures.is_empty()).then_some(Parsed { tool: "go test".into(), failures, key_lines: None })
}

fn failure(test: &str, output: &str, number: usize) -> Failure {
    let place = output.lines().find_map(|line| {
        let (file, rest) = line.trim().split_once(".go:")?;
        let (line, message) = rest.split_once(": ").unwrap_or((rest, ""));
        Some((format!("{file}.go"), line.parse::<u32>().ok()?, message.to_owned()))
    });
    Failure {
        test: Some(test.to_owned()),
        file: place.as_ref().map(|place| repository_path(&place.0)),
        line: place.as_ref().map(|place| place.1),
        message: place.map(|place| place.2),
        log_lines: Some((number, number)),
        ..Failure::default()
    }
}
