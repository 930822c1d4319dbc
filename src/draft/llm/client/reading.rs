//! The words of an answer out of documents and chunks, whatever is missing, null or of another type.

use serde_json::Value;

use super::error::Fault;
use crate::draft::llm::exchange::Usage;

/// What has been read of an answer so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The words.
    pub text: String,
    /// The tokens, as the endpoint tells them.
    pub usage: Option<Usage>,
    /// Why the answer ended.
    pub finish: Option<String>,
    /// An error that came in the place of an answer.
    pub error: Option<Value>,
    refusal: String,
    has_choice: bool,
    /// Bytes of reasoning that was shown: it costs, and is no answer.
    reasoning: u64,
}

impl Reading {
    /// Takes a document or a chunk and gives the words that are new.
    pub fn take(&mut self, chunk: &Value) -> String {
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            self.error = Some(error.clone());
        }
        self.usage = usage(&chunk["usage"]).or(self.usage);
        let Some(choice) = chunk["choices"].as_array().and_then(|choices| choices.first()) else {
            return String::new();
        };
        self.has_choice = true;
        if let Some(error) = choice.get("error").filter(|error| !error.is_null()) {
            self.error = Some(error.clone());
        }
        if let Some(finish) = choice["finish_reason"].as_str().filter(|finish| !finish.is_empty()) {
            self.finish = Some(finish.to_owned());
        }
        let message = ["delta", "message"].into_iter().map(|name| &choice[name]).find(|message| message.is_object());
        let message = message.unwrap_or(choice);
        self.refusal += message["refusal"].as_str().unwrap_or_default();
        for name in ["reasoning_content", "reasoning"] {
            self.reasoning += message[name].as_str().map_or(0, str::len) as u64;
        }
        let new = match &message["content"] {
            Value::Null => message["text"].as_str().unwrap_or_default().to_owned(),
            content => words(content),
        };
        self.text += &new;
        new
    }

    /// What is wrong with the answer, now that it has ended; `is_done` says whether it ended as it should.
    pub fn fault(&self, is_done: bool) -> Option<Fault> {
        let finish = self.finish.as_deref();
        if !self.refusal.is_empty() || finish == Some("refusal") {
            return Some(Fault::Refused { text: self.refusal.clone() });
        }
        match finish {
            Some("content_filter") => Some(Fault::ContentFilter),
            None if !is_done => Some(Fault::CutStream),
            _ if !self.has_choice => Some(Fault::Malformed { what: "an answer without choices".to_owned() }),
            _ if self.text.trim().is_empty() => Some(Fault::Empty),
            _ => None,
        }
    }

    /// Whether the answer ended at its longest length.
    pub fn is_cut(&self) -> bool {
        matches!(self.finish.as_deref(), Some("length" | "max_tokens"))
    }

    /// Bytes that were written, shown reasoning included.
    pub fn written(&self) -> u64 {
        self.text.len() as u64 + self.refusal.len() as u64 + self.reasoning
    }
}

/// Words of a content: a string, or a list of parts.
fn words(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(words).collect(),
        Value::Object(part) => part.get("text").map(words).unwrap_or_default(),
        _ => String::new(),
    }
}

fn usage(told: &Value) -> Option<Usage> {
    let first = |names: [&str; 2]| names.iter().find_map(|name| number(&told[*name]));
    let input = first(["prompt_tokens", "input_tokens"]);
    let output = first(["completion_tokens", "output_tokens"]);
    if input.is_none() && output.is_none() {
        return None;
    }
    Some(Usage { input: input.unwrap_or(0), output: output.unwrap_or(0), estimated: false })
}

/// A number of tokens, whether written as a number or as a string.
pub(super) fn number(value: &Value) -> Option<u64> {
    let float = |number: f64| (number.is_finite() && (0.0..1e15).contains(&number)).then_some(number as u64);
    match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(float)),
        Value::String(text) => text.trim().parse().ok().or_else(|| text.trim().parse().ok().and_then(float)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check_text(document: Value, text: &str) {
        let mut reading = Reading::default();
        reading.take(&document);
        assert_eq!(reading.text, text, "{document}");
    }

    #[test]
    fn words_are_found_in_every_form() {
        check_text(json!({"choices": [{"message": {"content": "a"}}]}), "a");
        check_text(json!({"choices": [{"delta": {"content": "a"}}]}), "a");
        check_text(json!({"choices": [{"delta": null, "message": {"content": "a"}}]}), "a");
        check_text(json!({"choices": [{"text": "a"}]}), "a");
        check_text(
            json!({"id": null, "choices": [{"message": {"content": [{"type": "text", "text": "a"}, "b", {"x": 1}]}}]}),
            "ab",
        );
        check_text(json!({"choices": [{"message": {"content": [{"text": {"text": "a"}}]}}]}), "a");
        check_text(json!({"choices": [{"message": {"content": null, "reasoning_content": "hm"}}]}), "");
        check_text(json!({"choices": null}), "");
        check_text(json!([1, 2]), "");
    }

    #[test]
    fn tokens_are_numbers_of_any_kind() {
        for (told, expected) in [
            (json!({"prompt_tokens": 3, "completion_tokens": 4}), Some((3, 4))),
            (json!({"prompt_tokens": "3", "completion_tokens": 4.0}), Some((3, 4))),
            (json!({"input_tokens": 3, "output_tokens": null}), Some((3, 0))),
            (json!({"prompt_tokens": -3}), None),
            (json!(null), None),
        ] {
            assert_eq!(usage(&told).map(|usage| (usage.input, usage.output)), expected, "{told}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let names = prop::sample::select(vec![
            "choices",
            "delta",
            "message",
            "content",
            "text",
            "usage",
            "prompt_tokens",
            "finish_reason",
            "error",
            "code",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(names.clone(), inner, 0..5)
                    .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_document_is_read_and_what_is_told_is_what_is_kept(chunks in prop::collection::vec(any_json(), 0..4)) {
            let mut reading = Reading::default();
            let told: String = chunks.iter().map(|chunk| reading.take(chunk)).collect();
            prop_assert_eq!(&told, &reading.text);
            let fault = reading.fault(true);
            prop_assert!(fault.is_some() || !told.trim().is_empty());
        }

        #[test]
        fn any_error_is_understood(status in 300_u16..600, body in any_json()) {
            let told = super::super::refusal::Told::from_body(body.to_string().as_bytes());
            let fault = super::super::refusal::fault(status, &http::HeaderMap::new(), &told);
            prop_assert!(!matches!(fault, Fault::Empty | Fault::CutStream));
        }
    }
}
