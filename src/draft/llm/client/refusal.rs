//! What the errors of endpoints mean.
//!
//! In: a status and a body, whose error is an object as OpenAI has it, a string, a list of faults as FastAPI has it,
//! or a page of a gateway. Out: a [`Fault`].

use http::HeaderMap;
use serde_json::Value;

use super::error::Fault;
use super::reading::number;
use super::retry::retry_after;

/// An error as an endpoint tells it.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Its words; empty where they are for browsers.
    pub message: String,
    /// Its code, type and parameter, in lower case, with blanks between.
    pub codes: String,
    /// The size of the context, where it is told as a number.
    context: Option<u64>,
    /// The status in its code.
    pub status: Option<u16>,
}

impl Told {
    /// Reads the body of an error.
    pub fn from_body(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => {
                let value = value.as_array().and_then(|all| all.first()).unwrap_or(&value);
                Told::from_error(value.get("error").filter(|error| !error.is_null()).unwrap_or(value))
            }
            Err(_) => {
                let text = String::from_utf8_lossy(body);
                let is_page = text.trim_start().starts_with('<');
                Told { message: if is_page { String::new() } else { text.trim().to_owned() }, ..Told::default() }
            }
        }
    }

    /// Reads an error.
    pub fn from_error(error: &Value) -> Self {
        let words = ["message", "detail", "error", "msg", "title"].iter().find_map(|name| message(error.get(name)?));
        let code = |name: &str| error.get(name).map(|code| code.as_str().map_or(code.to_string(), str::to_owned));
        let codes: Vec<String> = ["code", "type", "param"].iter().filter_map(|name| code(name)).collect();
        let status = error.get("code").or(error.get("status")).and_then(number);
        Told {
            message: words.or_else(|| message(error)).unwrap_or_default(),
            codes: codes.join(" ").to_ascii_lowercase(),
            context: error.get("n_ctx").and_then(number),
            status: status.and_then(|status| u16::try_from(status).ok()).filter(|status| (400..600).contains(status)),
        }
    }

    /// Words and codes together, in lower case.
    pub fn all(&self) -> String {
        format!("{} {}", self.message.to_ascii_lowercase(), self.codes)
    }
}

fn message(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => all.iter().find_map(|one| {
            let place = one["loc"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
            Some(format!("{} {}", place.join("."), message(one.get("msg").unwrap_or(one))?).trim().to_owned())
        }),
        Value::Object(all) => all.get("message").and_then(message),
        _ => None,
    }
}

/// What a status with an error means.
pub(super) fn fault(status: u16, headers: &HeaderMap, told: &Told) -> Fault {
    let all = told.all();
    let says = |words: &[&str]| words.iter().any(|word| all.contains(word));
    let is_filtered = says(&["content_filter", "content_policy", "content management policy", "flagged by moderation"]);
    let is_too_long = status == 413
        || says(&[
            "context_length_exceeded",
            "context length",
            "context size",
            "context window",
            "exceed_context_size",
            "prompt is too long",
            "input is too long",
            "too many tokens in",
        ]);
    let names_no_model = says(&[
        "model_not_found",
        "deploymentnotfound",
        "model not found",
        "unknown model",
        "not a valid model",
        "invalid model",
    ]) || all.contains("model")
        && says(&["does not exist", "not found", "no such model", "unknown_model"]);
    match status {
        401 => Fault::Unauthorized,
        402 => Fault::QuotaExhausted,
        429 if says(&["insufficient_quota", "billing_hard_limit", "insufficient credits", "insufficient balance"]) => {
            Fault::QuotaExhausted
        }
        429 => Fault::RateLimited { retry_after: retry_after(headers) },
        400..=499 if is_filtered => Fault::ContentFilter,
        403 => Fault::Unauthorized,
        // Some servers fail with 500 on what is too long for them.
        _ if is_too_long && (400..=500).contains(&status) => {
            Fault::ContextTooLong { limit: told.context.or_else(|| limit(&all)) }
        }
        400 | 404 | 422 if names_no_model => Fault::UnknownModel { known: Vec::new() },
        408 | 409 | 425 | 500..=599 => Fault::Server { status, message: told.message.clone() },
        300..=399 => Fault::BadRequest { status, message: "it redirects to another address".to_owned() },
        _ => Fault::BadRequest { status, message: told.message.clone() },
    }
}

/// The size of a context in a sentence: the number before `maximum`, or the first one after `context`.
fn limit(message: &str) -> Option<u64> {
    let is_number = |word: &str| {
        let digits: String = word.chars().filter(|character| *character != ',').collect();
        let digits = digits.trim_matches(|character: char| !character.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|number| (128..100_000_000).contains(number))
    };
    let words: Vec<&str> = message.split_whitespace().collect();
    let before_maximum =
        words.windows(2).find(|pair| pair[1].starts_with("maximum")).and_then(|pair| is_number(pair[0]));
    let after_context = words.iter().skip_while(|word| !word.contains("context")).find_map(|word| is_number(word));
    before_maximum.or(after_context)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_fault(status: u16, body: &str, expected: Fault) {
        assert_eq!(fault(status, &HeaderMap::new(), &Told::from_body(body.as_bytes())), expected, "{body}");
    }

    #[test]
    fn errors_of_many_endpoints_are_understood() {
        let too_long = |limit| Fault::ContextTooLong { limit };
        let unknown = || Fault::UnknownModel { known: Vec::new() };
        let bad = |status, message: &str| Fault::BadRequest { status, message: message.to_owned() };
        // OpenAI, vLLM, llama.cpp, Anthropic, Ollama, FastAPI, Azure, gateways.
        check_fault(
            400,
            r#"{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.","code":"context_length_exceeded"}}"#,
            too_long(Some(8192)),
        );
        check_fault(
            400,
            r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","code":400}"#,
            too_long(Some(4096)),
        );
        check_fault(
            400,
            r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":4096}}"#,
            too_long(Some(4096)),
        );
        check_fault(
            400,
            r#"{"error":{"message":"prompt is too long: 208310 tokens > 200000 maximum"}}"#,
            too_long(Some(200_000)),
        );
        check_fault(413, "<html>too large</html>", too_long(None));
        check_fault(404, r#"{"error":{"message":"model \"x\" not found, try pulling it first"}}"#, unknown());
        check_fault(404, r#"{"error":"model 'x' not found"}"#, unknown());
        check_fault(400, r#"{"error":{"message":"x is not a valid model ID","code":400}}"#, unknown());
        check_fault(404, r#"{"detail":"Not Found"}"#, bad(404, "Not Found"));
        check_fault(404, "<html>nothing</html>", bad(404, ""));
        check_fault(
            422,
            r#"{"detail":[{"loc":["body","stop"],"msg":"field required","type":"value_error"}]}"#,
            bad(422, "body.stop field required"),
        );
        check_fault(
            400,
            r#"{"error":{"message":"The response was filtered due to Azure's content management policy","code":"content_filter"}}"#,
            Fault::ContentFilter,
        );
        check_fault(402, r#"{"error":{"message":"Insufficient credits","code":402}}"#, Fault::QuotaExhausted);
        check_fault(429, r#"{"error":{"code":"insufficient_quota","message":"x"}}"#, Fault::QuotaExhausted);
        check_fault(429, "slow down", Fault::RateLimited { retry_after: None });
        check_fault(503, "", Fault::Server { status: 503, message: String::new() });
        let memory = "model requires more system memory".to_owned();
        check_fault(500, &format!(r#"{{"error":"{memory}"}}"#), Fault::Server { status: 500, message: memory });
        check_fault(403, "", Fault::Unauthorized);
    }
}
