//! A diagnosis as SARIF 2.1.0 (OASIS standard), which code scanning and editors show on the lines.

use serde_json::{Value, json};

use crate::diagnosis::Diagnosis;
use crate::evidence::Failure;

/// The document.
pub fn document(diagnosis: &Diagnosis) -> Value {
    let mut rules: Vec<&str> = diagnosis.failures.iter().map(rule).collect();
    rules.sort_unstable();
    rules.dedup();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "heal",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| json!({"id": rule})).collect::<Vec<_>>(),
            }},
            "properties": {
                "class": diagnosis.class,
                "confidence": diagnosis.confidence,
                "reason": diagnosis.reason,
                "fingerprint": diagnosis.fingerprint,
            },
            "results": diagnosis.failures.iter().map(|failure| result(failure, diagnosis)).collect::<Vec<_>>(),
        }],
    })
}

fn rule(failure: &Failure) -> &str {
    failure.kind.as_deref().unwrap_or("failure")
}

fn result(failure: &Failure, diagnosis: &Diagnosis) -> Value {
    let message = failure.message.as_deref().or(failure.test.as_deref()).unwrap_or(&diagnosis.reason);
    let locations: Vec<Value> = failure.file.iter().map(|file| location(file, failure)).collect();
    json!({
        "ruleId": rule(failure),
        "level": "error",
        "message": {"text": match &failure.test { Some(test) => format!("{test}: {message}"), None => message.to_owned() }},
        "locations": locations,
    })
}

/// A region is left out where the log names no line.
fn location(file: &std::path::Path, failure: &Failure) -> Value {
    let mut physical = json!({"artifactLocation": {"uri": uri(file)}});
    if let Some(line) = failure.line {
        physical["region"] = json!({"startLine": line});
        if let Some(column) = failure.column.filter(|column| *column > 0) {
            physical["region"]["startColumn"] = column.into();
        }
    }
    json!({"physicalLocation": physical})
}

/// A path as a relative reference (RFC 3986): what is not unreserved is escaped.
fn uri(file: &std::path::Path) -> String {
    let mut uri = String::new();
    for byte in file.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/@+".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
