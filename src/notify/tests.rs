//! Notices against servers on the loopback interface.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::retry::Patience;
use super::*;

/// What the HTTP server saw, and what it will answer (202 when nothing is left).
#[derive(Clone, Default)]
struct Inbox {
    seen: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<Vec<StatusCode>>>,
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: String) -> StatusCode {
    inbox.seen.lock().unwrap().push((headers, body));
    inbox.answers.lock().unwrap().pop().unwrap_or(StatusCode::ACCEPTED)
}

/// An HTTP server; gives the address of its secret hook.
async fn http_server(inbox: Inbox) -> SecretString {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/services/SECRETPATH", axum::routing::post(receive)).with_state(inbox);
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/services/SECRETPATH").into()
}

/// An SMTP server for one mail; gives what the client said, line by line.
async fn smtp_server(greeting: &'static str) -> (u16, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        let mut heard = Vec::new();
        let mut is_data = false;
        writer.write_all(format!("{greeting}\r\n").as_bytes()).await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.as_str() {
                "." if is_data => "250 taken\r\n",
                _ if is_data => "",
                "DATA" => "354 go on\r\n",
                line if line.starts_with("EHLO") => "250-here\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
                line if line.starts_with("AUTH") => "235 welcome\r\n",
                _ => "250 fine\r\n",
            };
            is_data = line == "DATA" || is_data && line != ".";
            heard.push(line);
            // The client hangs up after its mail; what is said then is lost, and that's fine.
            let _ = writer.write_all(answer.as_bytes()).await;
        }
        heard
    });
    (port, heard)
}

fn notifier() -> Notifier {
    let pauses = vec![Duration::from_millis(5); 3];
    Notifier::with_patience(Patience { pauses, ..Patience::default() }).unwrap()
}

fn notice() -> Notice {
    Notice {
        subject: "could not heal\r\nBcc: all@example.org".to_owned(),
        text: "three attempts failed\nsee the pull request: é".to_owned(),
        json: serde_json::json!({"repository": "octo/shop", "attempts": 3}),
        idempotency_key: "heal-17/alert".to_owned(),
    }
}

fn email(port: u16) -> Channel {
    Channel::Email {
        smtp: format!("smtp://bot:PASS%20WORD@127.0.0.1:{port}").into(),
        from: "heal <heal@example.org>".to_owned(),
        to: vec!["a@example.org".to_owned(), "b@example.org".to_owned()],
    }
}

#[test]
fn the_signature_is_the_known_one() {
    let signed = signature(&"key".into(), b"The quick brown fox jumps over the lazy dog");
    assert_eq!(signed, "sha256=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
}

#[tokio::test]
async fn a_generic_webhook_is_signed_and_carries_its_key() {
    let inbox = Inbox::default();
    let channel = Channel::Webhook { url: http_server(inbox.clone()).await, secret: "shared".into() };
    notifier().send(&channel, &notice()).await.unwrap();
    let seen = inbox.seen.lock().unwrap();
    let [(headers, body)] = seen.as_slice() else { panic!("not one delivery: {seen:?}") };
    assert_eq!(headers["x-heal-signature-256"], signature(&"shared".into(), body.as_bytes()).as_str());
    assert_eq!(headers["x-heal-event"], "alert");
    assert_eq!(headers["x-heal-delivery"], "heal-17/alert");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), notice().json);
}

#[tokio::test]
async fn slack_gets_the_text_alone_and_not_too_much_of_it() {
    let inbox = Inbox::default();
    let channel = Channel::Slack { url: http_server(inbox.clone()).await };
    notifier().send(&channel, &Notice { text: "é".repeat(50_000), ..notice() }).await.unwrap();
    let seen = inbox.seen.lock().unwrap();
    let body: Value = serde_json::from_str(&seen[0].1).unwrap();
    assert_eq!(body["text"].as_str().unwrap().chars().count(), 19_501);
    assert!(seen[0].0.get("x-heal-signature-256").is_none());
}

#[tokio::test]
async fn a_failing_server_is_tried_again() {
    let inbox = Inbox::default();
    inbox.answers.lock().unwrap().extend([StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY]);
    let channel = Channel::Slack { url: http_server(inbox.clone()).await };
    notifier().send(&channel, &notice()).await.unwrap();
    assert_eq!(inbox.seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn patience_ends() {
    let inbox = Inbox::default();
    inbox.answers.lock().unwrap().extend([StatusCode::SERVICE_UNAVAILABLE; 9]);
    let channel = Channel::Slack { url: http_server(inbox.clone()).await };
    let error = notifier().send(&channel, &notice()).await.unwrap_err();
    assert_eq!(error.to_string(), "127.0.0.1 refused the notice with status 503");
    assert!(error.is_transient());
    assert_eq!(inbox.seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_server_that_wants_more_time_than_there_is_ends_it_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let busy = || async { (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "60")]) };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(busy)).await });
    let started = std::time::Instant::now();
    let error = notifier().send(&Channel::Slack { url: url.into() }, &notice()).await.unwrap_err();
    assert_eq!(error.to_string(), "127.0.0.1 refused the notice with status 429");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn redirects_and_refusals_are_final() {
    for status in [StatusCode::FOUND, StatusCode::NOT_FOUND] {
        let inbox = Inbox::default();
        inbox.answers.lock().unwrap().push(status);
        let channel = Channel::Slack { url: http_server(inbox.clone()).await };
        let error = notifier().send(&channel, &notice()).await.unwrap_err();
        assert!(!error.is_transient(), "{error}");
        assert_eq!(inbox.seen.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_mail_arrives_with_a_message_id_of_its_key() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (port, heard) = smtp_server("220 here").await;
        notifier().send(&email(port), &notice()).await.unwrap();
        let heard = heard.await.unwrap();
        let starts = |prefix: &str| heard.iter().filter(|line| line.starts_with(prefix)).collect::<Vec<_>>();
        assert_eq!(starts("RCPT TO:").len(), 2);
        assert_eq!(starts("AUTH PLAIN").len(), 1);
        assert!(starts("Bcc:").is_empty(), "a subject added a header: {heard:?}");
        assert_eq!(starts("Auto-Submitted: auto-generated").len(), 1);
        assert!(heard.iter().any(|line| line.contains("three attempts failed")));
        ids.push(starts("Message-ID:")[0].clone());
    }
    assert_eq!(ids[0], ids[1]);
    assert!(ids[0].ends_with("@example.org>"), "{}", ids[0]);
}

#[tokio::test]
async fn a_mail_server_that_refuses_for_good_is_asked_once() {
    let (port, _heard) = smtp_server("554 no service").await;
    let error = notifier().send(&email(port), &notice()).await.unwrap_err();
    assert_eq!(error.to_string(), "127.0.0.1 refused the notice with status 554");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn secrets_are_never_shown() {
    // A port that nobody listens on: bound, then given back.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let url = || SecretString::from(format!("http://user:PASSWORD@127.0.0.1:{port}/SECRETPATH?t=SECRETPATH"));
    let channels = [
        Channel::Slack { url: url() },
        Channel::Webhook { url: url(), secret: "SHAREDSECRET".into() },
        email(port),
        Channel::Slack { url: "ftp://SECRETPATH.example.org".into() },
        Channel::Slack { url: "SECRETPATH".into() },
        Channel::Email { smtp: "smtp://bot:PASSWORD@mx.example.org?tls=none".into(), from: String::new(), to: vec![] },
    ];
    let notifier = notifier();
    for channel in &channels {
        let error = notifier.send(channel, &notice()).await.unwrap_err();
        let shown = format!("{error} {error:?} {channel:?} {notifier:?}");
        for secret in ["SECRETPATH", "PASSWORD", "PASS WORD", "PASS%20WORD", "SHAREDSECRET"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[test]
fn credentials_travel_encrypted_except_at_home() {
    let query = |url: &str| {
        address::Address::of_mail(&url.into()).map(|address| address.url.query().unwrap_or("").to_owned()).ok()
    };
    assert_eq!(query("smtp://u:p@mx.example.org").as_deref(), Some("tls=required"));
    assert_eq!(query("smtp://127.0.0.1:25").as_deref(), Some(""));
    assert_eq!(query("smtp://[::1]:25").as_deref(), Some(""));
    assert_eq!(query("smtp://mx.example.org:25?tls=none").as_deref(), Some(""));
    assert_eq!(query("smtp://u:p@mx.example.org?tls=opportunistic"), None);
    assert_eq!(query("https://mx.example.org"), None);
}
