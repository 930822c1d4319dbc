//! Endpoints asked by the real client: answers in every form, limits, time.

use std::sync::Mutex;
use std::time::Duration;

use heal::draft::llm::client::{Endpoint, EndpointSettings, Fault, ModelError, Retry, Terms};
use heal::draft::llm::{Answer, AnswerFormat, Message, Purpose, Request, Role, Usage};
use secrecy::SecretString;
use serde_json::json;
use tokio::time::Instant;

use super::llm::{Reply, Script, ScriptedModel, Seen, edit, edits};

/// The key of all endpoints here; nothing about it looks like one.
pub const KEY: &str = "opaque key 4711 of nobody";

/// Settings whose waits are short.
pub fn settings(model: &ScriptedModel) -> EndpointSettings {
    EndpointSettings {
        first_wait: Duration::from_millis(1),
        breaker_failures: 100,
        timeout: Duration::from_secs(20),
        ..EndpointSettings::new(&model.base_url(), Some(SecretString::from(KEY)))
    }
}

/// An endpoint in front of a scripted model.
pub fn endpoint(model: &ScriptedModel, stream: bool) -> Endpoint {
    Endpoint::new(EndpointSettings { stream, ..settings(model) }).unwrap()
}

/// A small question.
pub fn request() -> Request {
    let message = |role, text: &str| Message { role, text: text.to_owned() };
    Request {
        purpose: Purpose::Draft,
        messages: vec![message(Role::System, "You repair code."), message(Role::User, "The private prompt.")],
        format: AnswerFormat::Text,
        max_output_tokens: 512,
        temperature: None,
    }
}

/// Asks it.
pub async fn ask(endpoint: &Endpoint) -> Result<Answer, ModelError> {
    endpoint.ask("m-1", &request(), &Terms::default()).await
}

/// What comes of a script, once as a document and once as a stream.
pub async fn both(reply: impl Fn() -> Script) -> [Result<Answer, ModelError>; 2] {
    let mut outcomes = Vec::new();
    for stream in [false, true] {
        let model = ScriptedModel::start(reply());
        outcomes.push(ask(&endpoint(&model, stream)).await);
    }
    outcomes.try_into().unwrap()
}

fn server_error() -> Fault {
    Fault::Server { status: 500, message: String::new() }
}

/// Tokens that the endpoint told.
pub const fn usage(input: u64, output: u64) -> Usage {
    Usage { input, output, estimated: false }
}

#[tokio::test]
async fn an_answer_comes_whole_with_its_usage() {
    let reply = Reply::text(edits(&[("a.py", "x = 1", "x = 2\n"), ("b.py", "y\n", "")])).with_usage(30, 12);
    let model = ScriptedModel::start(reply);
    let answer = ask(&endpoint(&model, false)).await.unwrap();
    insta::assert_snapshot!(answer.text, @r"
    a.py
    <<<<<<< SEARCH
    x = 1
    =======
    x = 2
    >>>>>>> REPLACE

    b.py
    <<<<<<< SEARCH
    y
    =======
    >>>>>>> REPLACE
    ");
    assert_eq!((answer.cut, answer.usage), (false, usage(30, 12)));
    let seen = &model.requests()[0];
    assert_eq!(seen.header("authorization"), format!("Bearer {KEY}"));
    assert_eq!((seen.model(), seen.last_message()), ("m-1", "The private prompt."));
    assert_eq!(model.prompt(0), "You repair code.\nThe private prompt.");
    insta::assert_snapshot!(seen.body, @r#"{"max_tokens":512,"messages":[{"content":"You repair code.","role":"system"},{"content":"The private prompt.","role":"user"}],"model":"m-1"}"#);
}

#[tokio::test]
async fn a_streamed_answer_is_told_in_pieces() {
    let model = ScriptedModel::start(Reply::text("one two three four five").with_usage(30, 5));
    let pieces = Mutex::new(Vec::new());
    let tell = |text: &str| pieces.lock().unwrap().push(text.to_owned());
    let terms = Terms { on_text: Some(&tell), ..Terms::default() };
    let answer = endpoint(&model, true).ask("m-1", &request(), &terms).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.usage), ("one two three four five", usage(30, 5)));
    assert_eq!(*pieces.lock().unwrap(), ["one two three ", "four five"]);
    assert_eq!(model.requests()[0].body["stream_options"], json!({"include_usage": true}));
}

async fn check_understood(reply: Reply, text: &str) {
    for outcome in both(|| Script::from(reply.clone())).await {
        assert_eq!(outcome.map(|answer| answer.text).as_deref(), Ok(text), "{reply:?}");
    }
}

#[tokio::test]
async fn odd_servers_are_understood() {
    let block = edit("a.py", "x = 1\n", "x = 2\n");
    check_understood(Reply::text(&block), &block).await;
    check_understood(Reply::parts(&["one ", "two"]), "one two").await;
    check_understood(Reply::never_streamed("whole"), "whole").await;
    check_understood(Reply::without_done("whole"), "whole").await;
    let no_end = r#"{"choices": [{"message": {"content": "whole"}}]}"#;
    check_understood(Reply::body(200, "text/plain", no_end), "whole").await;
    let chunks = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r\n: ping\r\n\r\ndata:{\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\ndata: [DONE]\n\n";
    check_understood(Reply::stream(chunks), "ab").await;
    check_understood(Reply::body(200, "application/json", chunks), "ab").await;
}

#[tokio::test]
async fn an_answer_at_the_longest_length_is_cut() {
    for outcome in both(|| Reply::cut_by_length("half of").into()).await {
        let answer = outcome.unwrap();
        assert_eq!((answer.text.as_str(), answer.cut), ("half of", true));
    }
}

#[tokio::test]
async fn usage_that_nobody_tells_is_estimated() {
    for outcome in both(|| Reply::text("words ".repeat(20)).without_usage().into()).await {
        assert_eq!(outcome.unwrap().usage, Usage { input: 19, output: 37, estimated: true });
    }
}

#[tokio::test]
async fn the_wait_that_an_endpoint_asks_for_is_kept() {
    let busy = Reply::status(429).with_header("retry-after-ms", "40");
    let model = ScriptedModel::start(vec![busy.clone(), busy, Reply::text("good")]);
    let waits = Mutex::new(Vec::new());
    let tell = |retry: &Retry<'_>| waits.lock().unwrap().push((retry.calls, retry.wait));
    let terms = Terms { on_retry: Some(&tell), ..Terms::default() };
    let start = Instant::now();
    endpoint(&model, false).ask("m-1", &request(), &terms).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(80), "less cannot have been waited");
    assert_eq!(*waits.lock().unwrap(), [(1, Duration::from_millis(40)), (2, Duration::from_millis(40))]);
}

#[tokio::test]
async fn no_wait_goes_beyond_the_deadline() {
    let model = ScriptedModel::start(Reply::rate_limited(50));
    let terms = Terms { deadline: Some(Instant::now() + Duration::from_secs(40)), ..Terms::default() };
    let error = endpoint(&model, false).ask("m-1", &request(), &terms).await.unwrap_err();
    assert_eq!(error.fault, Fault::RateLimited { retry_after: Some(Duration::from_secs(50)) });
}

#[tokio::test]
async fn fields_that_a_model_refuses_are_left_out_from_then_on() {
    let model = ScriptedModel::start(Script::by(|seen: &Seen| {
        let refused = ["response_format", "temperature", "max_tokens", "stream_options"];
        match refused.iter().find(|field| seen.body.get(**field).is_some()) {
            Some(field) => Reply::unsupported(field),
            None => Reply::text("good"),
        }
    }));
    let endpoint = endpoint(&model, true);
    let schema = json!({"type": "object"});
    let terms = Terms { schema: Some(&schema), ..Terms::default() };
    let request = Request { format: AnswerFormat::Json, temperature: Some(0.2), ..request() };
    assert!(endpoint.accepts_json("m-1"));
    assert_eq!(endpoint.ask("m-1", &request, &terms).await.unwrap().text, "good");
    assert!(!endpoint.accepts_json("m-1") && endpoint.accepts_json("m-2"));
    let first = &model.requests()[0].body;
    assert_eq!(first["response_format"]["json_schema"], json!({"name": "edits", "strict": true, "schema": schema}));
    assert_eq!((&first["temperature"], &first["max_tokens"]), (&json!(0.2), &json!(512)));
    let before = model.requests().len();
    endpoint.ask("m-1", &request, &terms).await.unwrap();
    assert_eq!((before, model.requests().len()), (5, 6), "the second question is asked once");
    assert_eq!(model.requests()[5].body["max_completion_tokens"], 512);
}

#[tokio::test]
async fn a_model_that_is_known_to_refuse_json_is_not_asked_for_it() {
    let model = ScriptedModel::start(Reply::text("good"));
    let endpoint = endpoint(&model, false);
    endpoint.refuses_json("m-1");
    let schema = json!({"type": "object"});
    let request = Request { format: AnswerFormat::Json, ..request() };
    endpoint.ask("m-1", &request, &Terms { schema: Some(&schema), ..Terms::default() }).await.unwrap();
    assert_eq!(model.requests()[0].body.get("response_format"), None);
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_left_alone() {
    let model = ScriptedModel::start(Reply::status(500));
    let endpoint = Endpoint::new(EndpointSettings { breaker_failures: 5, ..settings(&model) }).unwrap();
    assert_eq!(ask(&endpoint).await.unwrap_err().fault, server_error());
    assert_eq!(ask(&endpoint).await.unwrap_err().calls, 1, "the fifth failure opens the breaker");
    let error = ask(&endpoint).await.unwrap_err();
    assert_eq!((error.kind(), error.calls, model.requests().len()), ("breaker_open", 0, 5));
    let sentence = error.to_string().replace(&model.root(), "http://host");
    let (sentence, _seconds) = sentence.rsplit_once(" another ").unwrap();
    insta::assert_snapshot!(sentence, @"the model endpoint http://host/v1 failed several times in a row and is not asked for the model m-1 for");
}

#[tokio::test]
async fn after_its_pause_one_call_finds_out_whether_it_is_back() {
    let model = ScriptedModel::start(Script::by(|seen| match seen.number {
        0..4 => Reply::status(500),
        4 => Reply::text("back").held(),
        _ => Reply::text("good"),
    }));
    let settings = EndpointSettings { breaker_failures: 1, breaker_pause: Duration::ZERO, ..settings(&model) };
    let endpoint = Endpoint::new(settings).unwrap();
    assert_eq!(ask(&endpoint).await.unwrap_err().fault, server_error());
    let second = async {
        model.until("the probe", |model| model.open() == 1).await;
        let error = ask(&endpoint).await.unwrap_err();
        model.release();
        error.kind()
    };
    let (first, second) = tokio::join!(ask(&endpoint), second);
    assert_eq!((first.unwrap().text.as_str(), second), ("back", "breaker_open"));
    assert_eq!(ask(&endpoint).await.unwrap().text, "good");
}

#[tokio::test]
async fn refusals_do_not_open_the_breaker() {
    for reply in
        [Reply::unauthorized("x"), Reply::unknown_model("m-1"), Reply::rate_limited(3600), Reply::refusal("no")]
    {
        let model = ScriptedModel::start(reply);
        let endpoint = Endpoint::new(EndpointSettings { breaker_failures: 1, ..settings(&model) }).unwrap();
        let first = ask(&endpoint).await.unwrap_err();
        assert_eq!(ask(&endpoint).await.unwrap_err().kind(), first.kind());
    }
}

#[tokio::test]
async fn no_more_calls_at_a_time_than_are_allowed() {
    let model = ScriptedModel::start(Reply::text("good").held());
    let endpoint = Endpoint::new(EndpointSettings { concurrency: 2, ..settings(&model) }).unwrap();
    let all = async { tokio::join!(ask(&endpoint), ask(&endpoint), ask(&endpoint), ask(&endpoint), ask(&endpoint)) };
    let release = async {
        model.until("two calls", |model| model.open() == 2).await;
        model.release();
    };
    let ((first, .., last), ()) = tokio::join!(all, release);
    assert_eq!((first.unwrap().text.as_str(), last.unwrap().text.as_str()), ("good", "good"));
    assert_eq!((model.most_open(), model.requests().len()), (2, 5));
}

#[tokio::test]
async fn a_question_ends_at_its_deadline() {
    let model = ScriptedModel::start(Reply::text("late").held());
    let endpoint = endpoint(&model, false);
    let terms = Terms { deadline: Some(Instant::now() + Duration::from_millis(50)), ..Terms::default() };
    let error = endpoint.ask("m-1", &request(), &terms).await.unwrap_err();
    assert_eq!((error.fault.clone(), error.calls), (Fault::OutOfTime, 1));
    assert_eq!(error.charged(), Usage { input: 19, output: 512, estimated: true }, "the model may have written");
    let error = endpoint.ask("m-1", &request(), &terms).await.unwrap_err();
    assert_eq!((error.fault.clone(), error.calls, error.charged()), (Fault::OutOfTime, 0, Usage::default()));
    insta::assert_snapshot!(error.to_string().replace(&model.root(), "http://host"), @"the model endpoint http://host/v1 did not answer for the model m-1 in the time that is left; raise llm.max_seconds if it needs longer");
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_repeated_once() {
    let model = ScriptedModel::start(Reply::text("late").held());
    let endpoint = Endpoint::new(EndpointSettings { timeout: Duration::from_millis(50), ..settings(&model) }).unwrap();
    let error = ask(&endpoint).await.unwrap_err();
    assert_eq!((error.calls, error.charged().input), (2, 38));
    insta::assert_snapshot!(error.to_string().replace(&model.root(), "http://host"), @"the model endpoint http://host/v1 did not answer for the model m-1 within 50 ms; raise llm.timeout_seconds if it needs longer");
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_given_up() {
    let model = ScriptedModel::start(Reply::silent_stream("one two"));
    let limits = EndpointSettings { idle: Duration::from_millis(50), stream: true, ..settings(&model) };
    let error = ask(&Endpoint::new(limits).unwrap()).await.unwrap_err();
    assert_eq!((error.fault, error.calls), (Fault::TimedOut { limit: Duration::from_millis(50) }, 2));
}

#[tokio::test]
async fn who_stops_asking_closes_the_connection() {
    let model = ScriptedModel::start(Reply::text("late").held());
    let endpoint = endpoint(&model, true);
    tokio::select! {
        _ = ask(&endpoint) => panic!("nothing was released"),
        () = model.until("the request", |model| model.open() == 1) => {}
    }
    model.until("the connection to close", |model| model.abandoned() == 1).await;
    assert_eq!(model.open(), 0);
}

#[tokio::test]
async fn a_dead_endpoint_is_given_up_after_two_calls() {
    let model = ScriptedModel::start(Reply::text("good"));
    let settings = settings(&model);
    let root = model.root();
    drop(model);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base_url = format!("http://127.0.0.1:{port}/v1");
    let error = ask(&Endpoint::new(EndpointSettings { base_url, ..settings }).unwrap()).await.unwrap_err();
    assert_eq!((error.calls, error.charged()), (2, Usage::default()));
    assert!(!root.is_empty());
    insta::assert_snapshot!(error.to_string().replace(&port.to_string(), "PORT"), @"the model endpoint http://127.0.0.1:PORT/v1 cannot be reached for the model m-1 (connection refused); check llm.base_url and that the endpoint runs");
}

#[tokio::test]
async fn a_deployment_of_azure_has_its_version_and_its_key() {
    let model = ScriptedModel::start(Reply::text("good"));
    let base_url = format!("{}/openai/deployments/fix?api-version=2024-10-21", model.root());
    let endpoint = Endpoint::new(EndpointSettings { base_url, ..settings(&model) }).unwrap();
    ask(&endpoint).await.unwrap();
    let seen = &model.requests()[0];
    assert_eq!(seen.path, "/openai/deployments/fix/chat/completions?api-version=2024-10-21");
    assert_eq!((seen.header("api-key"), seen.header("authorization")), (KEY, ""));
    assert_eq!(endpoint.address(), format!("{}/openai/deployments/fix", model.root()));
}

#[test]
fn an_address_that_is_none_is_refused_at_once() {
    let mut lines = String::new();
    for (base_url, key) in
        [("nowhere", "k"), ("ftp://host/v1", "k"), ("https://me:secret-word@host/v1", "k"), ("https://host/v1", "a\nb")]
    {
        let error = Endpoint::new(EndpointSettings::new(base_url, Some(SecretString::from(key)))).unwrap_err();
        lines += &format!("{error}\n");
    }
    insta::assert_snapshot!(lines, @"
    the model endpoint nowhere cannot be used: it is no address; correct llm.base_url or llm.api_key
    the model endpoint ftp://host/v1 cannot be used: it does not begin with http:// or https://; correct llm.base_url or llm.api_key
    the model endpoint https://me:[redacted]@host/v1 cannot be used: it holds credentials; they belong into llm.api_key; correct llm.base_url or llm.api_key
    the model endpoint https://host/v1 cannot be used: its key holds characters that no header can carry; correct llm.base_url or llm.api_key
    ");
}

#[test]
fn a_process_is_pointed_to_the_scripted_model_by_its_environment() {
    let model = ScriptedModel::start(Reply::text("good"));
    let environment = model.environment("m-1");
    assert_eq!(environment[0], ("HEAL_LLM_BASE_URL".to_owned(), model.base_url()));
    assert_eq!(environment[1], ("HEAL_LLM_MODEL".to_owned(), "m-1".to_owned()));
}
