//! GitHub's own examples of webhook payloads (npm `@octokit/webhooks-examples`): to deliver them, and to hold the
//! world's payloads against them.

use std::sync::LazyLock;

use serde_json::Value;

use super::emulator;

static EXAMPLES: LazyLock<Value> = LazyLock::new(|| {
    let path = emulator::folder().join("node_modules/@octokit/webhooks-examples/api.github.com/index.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
});

/// The first example of an event with this action.
pub fn example(event: &str, action: Option<&str>) -> Option<Value> {
    let events = EXAMPLES.as_array()?;
    let examples = events.iter().find(|entry| entry["name"] == event)?["examples"].as_array()?;
    examples.iter().find(|payload| payload["action"].as_str() == action).cloned()
}

/// The paths of an example that a payload has not, or has with another type.
pub fn missing(payload: &Value, example: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    compare(payload, example, "", &mut paths);
    paths.sort();
    paths.dedup();
    paths
}

fn compare(payload: &Value, example: &Value, path: &str, paths: &mut Vec<String>) {
    match (payload, example) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, value) in theirs {
                let path = format!("{path}/{key}");
                match ours.get(key) {
                    Some(own) => compare(own, value, &path, paths),
                    None => paths.push(path),
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            if let (Some(own), Some(value)) = (ours.first(), theirs.first()) {
                compare(own, value, &format!("{path}/0"), paths);
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        _ if std::mem::discriminant(payload) != std::mem::discriminant(example) => paths.push(format!("{path} (type)")),
        _ => {}
    }
}
