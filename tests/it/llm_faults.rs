//! The faults of endpoints: what the client says of each, what it costs, and which are tried again.

use heal::draft::llm::Usage;
use heal::draft::llm::client::ModelError;
use serde_json::json;

use super::llm::{Reply, Script, ScriptedModel};
use super::llm_client::{KEY, ask, both, endpoint, usage};

fn faults() -> Vec<(&'static str, Reply)> {
    vec![
        ("500", Reply::status(500)),
        ("500 with words", Reply::document(500, &json!({"error": "the model requires more memory"}))),
        ("529", Reply::status(529)),
        ("rate limit", Reply::error(429, "rate_limit_exceeded", "slow down")),
        ("rate limit of an hour", Reply::rate_limited(3600)),
        ("no quota", Reply::insufficient_quota()),
        ("wrong key", Reply::unauthorized(KEY)),
        ("unknown model", Reply::unknown_model("m-1")),
        ("too long", Reply::context_too_long(8192)),
        ("not accepted", Reply::unsupported("messages[1].role")),
        ("the key in an error", Reply::error(400, "bad", &format!("{KEY} {}", "and more ".repeat(40)))),
        ("no such page", Reply::status(404)),
        ("elsewhere", Reply::status(307).with_header("location", "http://127.0.0.1:9/v1")),
        ("reset", Reply::reset()),
        ("cut", Reply::cut("one two three four")),
        ("malformed", Reply::malformed()),
        ("a web page", Reply::body(200, "text/html", "<html>Log in</html>")),
        ("too large", Reply::body(200, "application/json", format!("\"{}\"", "x".repeat(9 << 20)))),
        ("an error for an answer", Reply::document(200, &json!({"error": {"message": "upstream", "code": 502}}))),
        ("empty", Reply::empty().with_usage(10, 900)),
        ("null", Reply::null().with_usage(10, 900)),
        ("no choices", Reply::no_choices()),
        ("refusal", Reply::refusal("I can't help with that.").with_usage(10, 5)),
        ("filter", Reply::content_filter().with_usage(10, 1)),
    ]
}

fn line(name: &str, error: &ModelError, model: &ScriptedModel) -> String {
    let Usage { input, output, estimated } = error.charged();
    let about = if estimated { "about " } else { "" };
    let sentence = error.to_string().replace(&model.root(), "http://host");
    format!("{name}: {sentence} [{}, calls: {}, {about}{input}+{output}]\n", error.kind(), error.calls)
}

#[tokio::test]
async fn every_fault_is_one_sentence_with_its_price() {
    let mut lines = String::new();
    for (name, reply) in faults() {
        let model = ScriptedModel::start(reply);
        let error = ask(&endpoint(&model, false)).await.unwrap_err();
        assert_eq!(model.requests().len(), error.calls as usize, "{name}");
        lines += &line(name, &error, &model);
    }
    insta::assert_snapshot!(lines, @"
    500: the model endpoint http://host/v1 failed with status 500 for the model m-1; try again later [server, calls: 4, 0+0]
    500 with words: the model endpoint http://host/v1 failed with status 500 for the model m-1: the model requires more memory [server, calls: 4, 0+0]
    529: the model endpoint http://host/v1 failed with status 529 for the model m-1; try again later [server, calls: 4, 0+0]
    rate limit: the model endpoint http://host/v1 limits the rate of requests for the model m-1; lower llm.concurrency [rate_limited, calls: 6, 0+0]
    rate limit of an hour: the model endpoint http://host/v1 limits the rate of requests for the model m-1 for another 3600 s [rate_limited, calls: 1, 0+0]
    no quota: the account at http://host/v1 has nothing left to spend on the model m-1; top it up or raise its limit [quota_exhausted, calls: 1, 0+0]
    wrong key: the model endpoint http://host/v1 does not accept the key for the model m-1; check llm.api_key [unauthorized, calls: 1, 0+0]
    unknown model: the model endpoint http://host/v1 does not know the model m-1; set llm.model to one that it has, such as scripted [unknown_model, calls: 1, 0+0]
    too long: the prompt is too long for the model m-1 at http://host/v1, which takes 8192 tokens; lower llm.context_tokens [context_too_long, calls: 1, 0+0]
    not accepted: the model endpoint http://host/v1 refuses the request for the model m-1 with status 400: Unsupported parameter: 'messages[1].role' is not supported with this model [bad_request, calls: 1, 0+0]
    the key in an error: the model endpoint http://host/v1 refuses the request for the model m-1 with status 400: [redacted] and more and more and more and more and more and more and more and more and more and more and more and more and more and more and more and more and more and more and more and more and more … [bad_request, calls: 1, 0+0]
    no such page: the model endpoint http://host/v1 refuses the request for the model m-1 with status 404; check llm.base_url [bad_request, calls: 1, 0+0]
    elsewhere: the model endpoint http://host/v1 refuses the request for the model m-1 with status 307: it redirects to another address [bad_request, calls: 1, 0+0]
    reset: the model endpoint http://host/v1 cannot be reached for the model m-1 (the connection was closed without an answer); check llm.base_url and that the endpoint runs [unreachable, calls: 2, 0+0]
    cut: the model endpoint http://host/v1 broke off in the middle of an answer of the model m-1 [cut_stream, calls: 2, about 38+1024]
    malformed: the model endpoint http://host/v1 answered for the model m-1 in no form that is known: a text that is no JSON; check that llm.base_url is an OpenAI-compatible API [malformed, calls: 2, about 38+16]
    a web page: the model endpoint http://host/v1 answered for the model m-1 in no form that is known: a web page; check that llm.base_url is an OpenAI-compatible API [malformed, calls: 2, about 38+12]
    too large: the model endpoint http://host/v1 answered for the model m-1 in no form that is known: an answer of more than 8 MiB; check that llm.base_url is an OpenAI-compatible API [malformed, calls: 2, about 38+1024]
    an error for an answer: the model endpoint http://host/v1 failed with status 502 for the model m-1: upstream [server, calls: 4, 0+0]
    empty: the model m-1 at http://host/v1 gave an empty answer; raise llm.max_output_tokens if it reasons before it answers [empty, calls: 2, 20+1800]
    null: the model m-1 at http://host/v1 gave an empty answer; raise llm.max_output_tokens if it reasons before it answers [empty, calls: 2, 20+1800]
    no choices: the model endpoint http://host/v1 answered for the model m-1 in no form that is known: an answer without choices; check that llm.base_url is an OpenAI-compatible API [malformed, calls: 2, 22+0]
    refusal: the model m-1 at http://host/v1 refuses to answer: I can't help with that [refused, calls: 1, 10+5]
    filter: the content filter of http://host/v1 withheld the answer of the model m-1 [content_filter, calls: 1, 10+1]
    ");
}

#[tokio::test]
async fn every_fault_of_a_stream_is_one_sentence_with_its_price() {
    let chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\n";
    let replies = [
        ("cut", Reply::cut("one two three four")),
        ("without an end", Reply::cut_stream("one two three four")),
        ("no JSON", Reply::stream(format!("{chunk}data: {{oh\n\n"))),
        ("an error on the way", Reply::stream(format!("{chunk}data: {{\"error\": \"overloaded\"}}\n\n"))),
        ("nothing", Reply::stream("")),
        ("only [DONE]", Reply::stream("data: [DONE]\n\n")),
        ("too large", Reply::stream(chunk.replace("one", &"x".repeat(100_000)).repeat(90))),
        ("empty", Reply::empty().with_usage(10, 900)),
        ("refusal", Reply::refusal("No.").with_usage(10, 5)),
        ("filter", Reply::content_filter()),
    ];
    let mut lines = String::new();
    for (name, reply) in replies {
        let model = ScriptedModel::start(reply);
        lines += &line(name, &ask(&endpoint(&model, true)).await.unwrap_err(), &model);
    }
    insta::assert_snapshot!(lines, @"
    cut: the model endpoint http://host/v1 broke off in the middle of an answer of the model m-1 [cut_stream, calls: 2, about 38+1024]
    without an end: the model endpoint http://host/v1 broke off in the middle of an answer of the model m-1 [cut_stream, calls: 2, about 38+1024]
    no JSON: the model endpoint http://host/v1 answered for the model m-1 in no form that is known: an event that is no JSON; check that llm.base_url is an OpenAI-compatible API [malformed, calls: 2, about 38+38]
    an error on the way: the model endpoint http://host/v1 failed with status 500 for the model m-1: overloaded [server, calls: 4, about 76+4]
    nothing: the model endpoint http://host/v1 broke off in the middle of an answer of the model m-1 [cut_stream, calls: 2, about 38+1024]
    only [DONE]: the model endpoint http://host/v1 answered for the model m-1 in no form that is known: an answer without choices; check that llm.base_url is an OpenAI-compatible API [malformed, calls: 2, about 38+10]
    too large: the model endpoint http://host/v1 answered for the model m-1 in no form that is known: an answer of more than 8 MiB; check that llm.base_url is an OpenAI-compatible API [malformed, calls: 2, about 38+1024]
    empty: the model m-1 at http://host/v1 gave an empty answer; raise llm.max_output_tokens if it reasons before it answers [empty, calls: 2, 20+1800]
    refusal: the model m-1 at http://host/v1 refuses to answer: No [refused, calls: 1, 10+5]
    filter: the content filter of http://host/v1 withheld the answer of the model m-1 [content_filter, calls: 1, 9+0]
    ");
}

#[tokio::test]
async fn no_error_tells_the_key_or_the_prompt() {
    for (name, reply) in faults() {
        let model = ScriptedModel::start(reply);
        let endpoint = endpoint(&model, false);
        let error = ask(&endpoint).await.unwrap_err();
        for text in [error.to_string(), format!("{error:?}"), format!("{endpoint:?}")] {
            assert!(!text.contains(KEY) && !text.contains("private prompt"), "{name}: {text}");
        }
    }
}

#[tokio::test]
async fn what_fails_for_a_time_is_asked_again_and_all_of_it_is_paid() {
    for (reply, charged) in [
        (Reply::status(503), usage(7, 3)),
        (Reply::rate_limited(0), usage(7, 3)),
        (Reply::reset(), usage(7, 3)),
        (Reply::empty().with_usage(10, 900), usage(17, 903)),
        (Reply::null().with_usage(10, 900), usage(17, 903)),
        (Reply::no_choices(), usage(18, 3)),
        (Reply::malformed(), Usage { input: 26, output: 11, estimated: true }),
    ] {
        let good = Reply::text("good").with_usage(7, 3);
        for outcome in both(|| Script::then_500(vec![reply.clone(), good.clone()])).await {
            let answer = outcome.unwrap_or_else(|error| panic!("{reply:?}: {error}"));
            assert_eq!((answer.text.as_str(), answer.usage), ("good", charged), "{reply:?}");
        }
    }
}
