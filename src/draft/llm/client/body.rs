//! A request as a chat completion.

use serde_json::{Value, json};

use super::form::Form;
use crate::draft::llm::exchange::{AnswerFormat, Request, Role};

/// What the body of a call depends on beside the request.
pub(super) struct Manner<'a> {
    /// The schema of answers in JSON.
    pub schema: Option<&'a Value>,
    /// Whether a stream is wanted.
    pub stream: bool,
    /// Whether the host is OpenAI's own.
    pub is_openai: bool,
    /// What the model accepts.
    pub form: Form,
}

/// The body of a call.
pub(super) fn body(model: &str, request: &Request, manner: &Manner<'_>) -> Value {
    let role = |role| match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let messages: Vec<Value> =
        request.messages.iter().map(|message| json!({"role": role(message.role), "content": message.text})).collect();
    let form = manner.form;
    let limit = if manner.is_openai == form.other_limit { "max_tokens" } else { "max_completion_tokens" };
    let mut body = json!({"model": model, "messages": messages, limit: request.max_output_tokens});
    if let Some(temperature) = request.temperature.filter(|_| !form.no_temperature) {
        // By way of its digits, so that 0.2 is not sent as 0.20000000298.
        body["temperature"] = temperature.to_string().parse::<f64>().unwrap_or_default().into();
    }
    if let Some(schema) = manner.schema.filter(|_| request.format == AnswerFormat::Json && !form.no_json) {
        body["response_format"] =
            json!({"type": "json_schema", "json_schema": {"name": "edits", "strict": true, "schema": schema}});
    }
    if manner.stream && !form.no_stream {
        body["stream"] = true.into();
        if !form.no_stream_options {
            body["stream_options"] = json!({"include_usage": true});
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::llm::exchange::Purpose;

    fn check_limit(is_openai: bool, other_limit: bool, field: &str) {
        let request = Request {
            purpose: Purpose::Draft,
            messages: Vec::new(),
            format: AnswerFormat::Json,
            max_output_tokens: 9,
            temperature: Some(0.2),
        };
        let form = Form { other_limit, ..Form::default() };
        let body = body("m", &request, &Manner { schema: None, stream: false, is_openai, form });
        assert_eq!(body, json!({"model": "m", "messages": [], "temperature": 0.2, field: 9}));
    }

    #[test]
    fn the_limit_has_the_name_that_the_host_knows() {
        check_limit(true, false, "max_completion_tokens");
        check_limit(true, true, "max_tokens");
        check_limit(false, false, "max_tokens");
        check_limit(false, true, "max_completion_tokens");
    }
}
