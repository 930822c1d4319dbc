//! The form of a request that a model accepts: what was learned from its refusals.

/// What is left out or written differently for a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// No `response_format`.
    pub no_json: bool,
    /// No `temperature`.
    pub no_temperature: bool,
    /// No `stream_options`.
    pub no_stream_options: bool,
    /// No `stream`.
    pub no_stream: bool,
    /// The other one of `max_tokens` and `max_completion_tokens` than the host suggests.
    pub other_limit: bool,
}

impl Form {
    /// The next form to try after a 400 with this message; `None` if it is about something else, or the field that it
    /// names was not sent. `had` says whether a field was in the body that was refused.
    pub fn after(self, message: &str, had: impl Fn(&str) -> bool) -> Option<Self> {
        let message = message.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        // `upstream` is not meant.
        let names_stream =
            message.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "stream" | "streaming"));
        let mut next = self;
        let json =
            ["response_format", "json_schema", "json schema", "structured output", "schema", "grammar", "guided"];
        if had("response_format") && says(&json) {
            next.no_json = true;
        } else if had("stream_options") && says(&["stream_options", "include_usage"]) {
            next.no_stream_options = true;
        } else if had("temperature") && says(&["temperature"]) {
            next.no_temperature = true;
        } else if !self.other_limit
            && says(&["max_tokens", "max_completion_tokens"])
            && !says(&["too large", "at most"])
        {
            next.other_limit = true;
        } else if had("stream") && names_stream {
            next.no_stream = true;
        } else {
            return None;
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_after(message: &str, sent: &[&str], expected: Option<Form>) {
        assert_eq!(Form::default().after(message, |field| sent.contains(&field)), expected, "{message}");
    }

    #[test]
    fn a_refusal_names_the_field_to_leave_out() {
        let plain = Form::default();
        let all = ["response_format", "temperature", "stream", "stream_options"];
        check_after(
            "'response_format' of type 'json_schema' is not supported",
            &all,
            Some(Form { no_json: true, ..plain }),
        );
        check_after("Unsupported value: 'temperature'", &all, Some(Form { no_temperature: true, ..plain }));
        check_after(
            "Unrecognized request argument: stream_options",
            &all,
            Some(Form { no_stream_options: true, ..plain }),
        );
        check_after("streaming is not available", &all, Some(Form { no_stream: true, ..plain }));
        let use_other = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";
        check_after(use_other, &all, Some(Form { other_limit: true, ..plain }));
        check_after("max_tokens is too large: 100000", &all, None);
        check_after("the upstream refuses the request", &all, None);
        check_after("Unsupported value: 'temperature'", &[], None);
    }

    #[test]
    fn no_field_is_left_out_twice() {
        let form = Form { other_limit: true, ..Form::default() };
        assert_eq!(form.after("max_tokens is not known", |_| false), None);
    }
}
