//! The JSON schema of the document of edits that is asked for.

use serde_json::{Value, json};

/// A strict schema, as structured outputs want it: every field required, no others, "not there" as `null`.
pub fn schema() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let or_null = |kind: &str, description: &str| json!({"type": [kind, "null"], "description": description});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["explanation", "edits", "give_up"],
        "properties": {
            "explanation": text("What is wrong and what the edits do, in one or two sentences."),
            "edits": {
                "type": "array",
                "description": "The edits; empty only with give_up.",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["file", "definition", "line", "search", "replace"],
                    "properties": {
                        "file": text("The path of the file, relative to the repository."),
                        "definition": or_null("string", "The function, method or class around the edit, e.g. Cart.total."),
                        "line": or_null("integer", "The line at which the text to find begins, from 1."),
                        "search": text("Whole lines of the file, copied exactly, enough to be there only once."),
                        "replace": text("The lines that come in their place; empty to delete them.")
                    }
                }
            },
            "give_up": or_null("string", "Why no change of code mends this; null with edits.")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every object of the schema requires all of its fields and allows no others.
    fn check_strict(schema: &Value) {
        if schema["type"] == "object" {
            let mut fields: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
            let mut required: Vec<&str> =
                schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            fields.sort_unstable();
            required.sort_unstable();
            assert_eq!(fields, required);
            assert_eq!(schema["additionalProperties"], false);
            schema["properties"].as_object().unwrap().values().for_each(check_strict);
        }
        if schema["type"] == "array" {
            check_strict(&schema["items"]);
        }
    }

    #[test]
    fn the_schema_is_strict() {
        check_strict(&schema());
    }
}
