//! The server: what it was asked, and which reply is next.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::render::response;
use super::reply::Reply;

/// The servers' own threads, so that a test whose clock stands still, or that blocks, still has answers.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which one, from 0.
    pub number: usize,
    /// Its address: the path and the query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its document; null if there was none.
    pub body: Value,
}

impl Seen {
    /// The text of all messages, one after the other.
    pub fn prompt(&self) -> String {
        let messages = self.body["messages"].as_array();
        let text = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
        messages.into_iter().flatten().map(text).collect::<Vec<_>>().join("\n")
    }

    /// The text of the last message.
    pub fn last_message(&self) -> &str {
        self.body["messages"].as_array().and_then(|all| all.last()?["content"].as_str()).unwrap_or_default()
    }

    /// The model that was asked for.
    pub fn model(&self) -> &str {
        self.body["model"].as_str().unwrap_or_default()
    }

    /// Whether a stream was asked for.
    pub fn is_streamed(&self) -> bool {
        self.body["stream"] == true
    }

    /// A header, empty if there was none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What is answered, in which order.
pub struct Script(Box<dyn Fn(&Seen) -> Reply + Send + Sync>);

impl Script {
    /// These replies one after the other; then the last one again and again.
    pub fn last_repeats(replies: Vec<Reply>) -> Self {
        Script::by(move |seen| replies[seen.number.min(replies.len() - 1)].clone())
    }

    /// These replies one after the other; then 500, with words that say so.
    pub fn then_500(replies: Vec<Reply>) -> Self {
        Script::by(move |seen| {
            let over = || Reply::body(500, "text/plain", "the script has no further reply");
            replies.get(seen.number).cloned().unwrap_or_else(over)
        })
    }

    /// By what is asked.
    pub fn by(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Script(Box::new(reply))
    }
}

impl From<Reply> for Script {
    fn from(reply: Reply) -> Self {
        Script::last_repeats(vec![reply])
    }
}

impl From<Vec<Reply>> for Script {
    fn from(replies: Vec<Reply>) -> Self {
        Script::then_500(replies)
    }
}

/// A running server; it ends with the test.
pub struct ScriptedModel {
    address: String,
    site: Arc<Site>,
    server: tokio::task::JoinHandle<()>,
}

struct Site {
    script: Script,
    seen: Mutex<Vec<Seen>>,
    /// Requests whose connection was closed before they were answered.
    abandoned: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    /// Whether held replies may go.
    released: watch::Sender<bool>,
    /// Changes with everything that a test may wait for.
    news: watch::Sender<u64>,
}

impl ScriptedModel {
    /// Starts a server with a script.
    pub fn start(script: impl Into<Script>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let site = Arc::new(Site {
            script: script.into(),
            seen: Mutex::default(),
            abandoned: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            released: watch::Sender::new(false),
            news: watch::Sender::new(0),
        });
        let shared = Arc::clone(&site);
        let server = RUNTIME.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let router = Router::new().fallback(move |request: Request<Body>| answer(Arc::clone(&shared), request));
            let _ = axum::serve(listener, router).await;
        });
        ScriptedModel { address, site, server }
    }

    /// The address before `/chat/completions`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The address of the server without a path.
    pub fn root(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The variables that make a `heal` process ask this server for a model.
    pub fn environment(&self, model: &str) -> Vec<(String, String)> {
        [("HEAL_LLM_BASE_URL", self.base_url()), ("HEAL_LLM_MODEL", model.to_owned())]
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec()
    }

    /// The completions that were asked for so far.
    pub fn requests(&self) -> Vec<Seen> {
        self.site.seen.lock().unwrap().clone()
    }

    /// The whole text of the prompt of a request, counted from 0.
    pub fn prompt(&self, number: usize) -> String {
        self.requests().get(number).unwrap_or_else(|| panic!("there was no request {number}")).prompt()
    }

    /// How many requests were given up by who asked, before they were answered.
    pub fn abandoned(&self) -> usize {
        self.site.abandoned.load(Ordering::SeqCst)
    }

    /// How many requests are being answered now.
    pub fn open(&self) -> usize {
        self.site.open.load(Ordering::SeqCst)
    }

    /// The most requests that were being answered at a time.
    pub fn most_open(&self) -> usize {
        self.site.most_open.load(Ordering::SeqCst)
    }

    /// Lets the held replies go, and all later ones.
    pub fn release(&self) {
        self.site.released.send_replace(true);
    }

    /// Waits until a condition holds; it is looked at whenever a request comes or ends. Fails after 20 seconds.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let mut news = self.site.news.subscribe();
        let wait = RUNTIME.spawn(tokio::time::sleep(Duration::from_secs(20)));
        let look = async {
            while !holds(self) {
                news.changed().await.unwrap();
            }
        };
        tokio::select! {
            () = look => {}
            _ = wait => panic!("waited 20 seconds for {what}"),
        }
    }
}

impl Drop for ScriptedModel {
    fn drop(&mut self) {
        self.server.abort();
        self.site.released.send_replace(true);
    }
}

/// A request that is being answered; if it ends before `answered`, it was given up.
struct Open {
    site: Arc<Site>,
    answered: bool,
}

impl Open {
    fn new(site: Arc<Site>) -> Self {
        let open = site.open.fetch_add(1, Ordering::SeqCst) + 1;
        site.most_open.fetch_max(open, Ordering::SeqCst);
        site.news.send_modify(|news| *news += 1);
        Open { site, answered: false }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.site.open.fetch_sub(1, Ordering::SeqCst);
        if !self.answered {
            self.site.abandoned.fetch_add(1, Ordering::SeqCst);
        }
        self.site.news.send_modify(|news| *news += 1);
    }
}

async fn answer(site: Arc<Site>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let bytes: Bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap_or_default();
    let path = parts.uri.path().to_owned();
    if path.ends_with("/models") {
        let models = json!({"object": "list", "data": [{"id": "scripted", "object": "model"}]});
        return Response::builder()
            .header("content-type", "application/json")
            .body(Body::from(models.to_string()))
            .unwrap();
    }
    if !path.ends_with("/chat/completions") {
        return Response::builder().status(404).body(Body::from("there is nothing here")).unwrap();
    }
    let seen = {
        let mut all = site.seen.lock().unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        let seen = Seen { number: all.len(), path: parts.uri.to_string(), headers: parts.headers, body };
        all.push(seen.clone());
        seen
    };
    let mut open = Open::new(Arc::clone(&site));
    let reply = (site.script.0)(&seen);
    if reply.held {
        let _ = site.released.subscribe().wait_for(|released| *released).await;
    }
    let response = response(&reply, &seen);
    open.answered = true;
    response
}
