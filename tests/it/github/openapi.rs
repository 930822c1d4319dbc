//! Whether a request is one that GitHub's own description knows: npm `@octokit/openapi`, read once per test binary.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use serde_json::{Map, Value, json};

use super::emulator;
use super::site::Recorded;

static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    let path = emulator::folder().join("node_modules/@octokit/openapi/generated/api.github.com.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
});

/// Bodies are checked by operation; each schema is compiled once.
static BODIES: LazyLock<Mutex<HashMap<String, jsonschema::Validator>>> = LazyLock::new(Mutex::default);

/// Parameters in paths whose values may hold slashes.
const WIDE: &[&str] = &["{ref}", "{path}", "{branch}", "{basehead}"];

/// What is wrong with a request, if anything. Those of git are not the API's.
pub fn fault(request: &Recorded) -> Option<String> {
    let said = |what: &str| Some(format!("{} {}: {what}", request.method, request.path));
    if request.path.contains(".git/") {
        return None;
    }
    let method = request.method.to_lowercase();
    let Some((template, operation)) = operation(&method, &request.path) else { return said("no such operation") };
    let parameters = parameters(&template, operation);
    for (name, value) in &request.query {
        let Some(parameter) =
            parameters.iter().find(|parameter| parameter["in"] == "query" && parameter["name"] == name.as_str())
        else {
            return said(&format!("no parameter `{name}`"));
        };
        if !suits(&parameter["schema"], value) {
            return said(&format!("`{name}` can't be {value:?}"));
        }
    }
    let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
    let required = operation["requestBody"]["required"].as_bool().unwrap_or(false);
    if request.body.is_null() {
        return if required { said("the body is missing") } else { None };
    }
    let mut bodies = BODIES.lock().unwrap();
    let validator = bodies
        .entry(format!("{method} {template}"))
        .or_insert_with(|| jsonschema::validator_for(&closed(schema)).unwrap());
    let errors: Vec<String> =
        validator.iter_errors(&request.body).map(|error| format!("{} {error}", error.instance_path())).collect();
    if errors.is_empty() { None } else { said(&errors.join("; ")) }
}

/// What is wrong with an answer, if anything: a status that the operation does not know, a body of another shape.
pub fn answer_fault(method: &str, path: &str, status: u16, body: &Value) -> Option<String> {
    let said = |what: &str| Some(format!("{status} of {method} {path}: {what}"));
    let Some((_, operation)) = operation(&method.to_lowercase(), path) else { return said("no such operation") };
    let Some(answer) = operation["responses"].get(status.to_string()).map(resolved) else {
        return said("no such status");
    };
    let schema = answer.pointer("/content/application~1json/schema")?;
    let errors: Vec<String> = jsonschema::validator_for(&closed(schema))
        .unwrap()
        .iter_errors(body)
        .map(|error| format!("{} {error:.200}", error.instance_path()))
        .collect();
    if errors.is_empty() { None } else { said(&errors.join("\n  ")) }
}

/// The operation whose template fits best: the one with the fewest parameters.
fn operation(method: &str, path: &str) -> Option<(String, &'static Value)> {
    let asked: Vec<&str> = path.trim_matches('/').split('/').collect();
    let paths = DESCRIPTION["paths"].as_object()?;
    let fitting = paths.iter().filter(|(_, operations)| operations.get(method).is_some());
    let fitting =
        fitting.filter(|(template, _)| fits(&template.trim_matches('/').split('/').collect::<Vec<_>>(), &asked));
    let best = fitting.min_by_key(|(template, _)| (template.matches('{').count(), usize::MAX - template.len()));
    best.map(|(template, operations)| (template.clone(), &operations[method]))
}

fn fits(template: &[&str], asked: &[&str]) -> bool {
    match (template, asked) {
        ([], []) => true,
        ([first, rest @ ..], [_, ..]) if WIDE.contains(first) => {
            (1..=asked.len()).any(|count| fits(rest, &asked[count..]))
        }
        ([first, rest @ ..], [one, more @ ..]) => (first.starts_with('{') || first == one) && fits(rest, more),
        _ => false,
    }
}

/// The parameters of an operation and of its path.
fn parameters(template: &str, operation: &'static Value) -> Vec<&'static Value> {
    let shared = DESCRIPTION["paths"][template]["parameters"].as_array().into_iter().flatten();
    let own = operation["parameters"].as_array().into_iter().flatten();
    shared.chain(own).map(resolved).collect()
}

fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => DESCRIPTION.pointer(reference.trim_start_matches('#')).map_or(value, resolved),
        None => value,
    }
}

/// A query is text: numbers and flags are read from it, choices compared.
fn suits(schema: &'static Value, value: &str) -> bool {
    let schema = resolved(schema);
    if let Some(choices) = schema["enum"].as_array() {
        return choices.iter().any(|choice| choice.as_str().map_or_else(|| *choice == value, |choice| choice == value));
    }
    match schema["type"].as_str() {
        Some("integer") => value.parse::<i64>().is_ok(),
        Some("boolean") => value == "true" || value == "false",
        _ => true,
    }
}

/// A schema of OpenAPI 3.0 as JSON Schema that stands alone.
fn closed(schema: &Value) -> Value {
    let mut definitions = Map::new();
    let mut schema = translated(schema, &mut definitions);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["definitions"] = Value::Object(definitions);
    schema
}

fn translated(schema: &Value, definitions: &mut Map<String, Value>) -> Value {
    match schema {
        Value::Array(all) => all.iter().map(|one| translated(one, definitions)).collect(),
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
                if !definitions.contains_key(&name) {
                    definitions.insert(name.clone(), Value::Bool(true));
                    let target = DESCRIPTION.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
                    let target = translated(target, definitions);
                    definitions.insert(name.clone(), target);
                }
                return json!({"$ref": format!("#/definitions/{name}")});
            }
            let kept = fields
                .iter()
                .filter(|(key, _)| !["example", "examples", "description", "format"].contains(&key.as_str()));
            // A property may itself be called `description`: those of `properties` are all kept.
            let mut out: Map<String, Value> = kept
                .map(|(key, value)| {
                    let value = match (key.as_str(), value) {
                        ("properties", Value::Object(all)) => Value::Object(
                            all.iter().map(|(name, one)| (name.clone(), translated(one, definitions))).collect(),
                        ),
                        _ => translated(value, definitions),
                    };
                    (key.clone(), value)
                })
                .collect();
            if out.remove("nullable") == Some(Value::Bool(true)) {
                return json!({"anyOf": [out, {"type": "null"}]});
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}
