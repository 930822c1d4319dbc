//! A small HTTP server whose answers a test writes, faults included.
//!
//! One request per connection. It is written on bare sockets because its purpose is to break rules that
//! a server library keeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Recorded {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What the server does.
pub enum Reply {
    /// Answers.
    Answer { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// Promises more than it sends.
    Broken { promised: usize, body: Vec<u8> },
    /// Closes the connection without a word.
    Hang,
    /// Says nothing until the client goes.
    Silence,
}

impl Reply {
    pub fn json(status: u16, body: &str) -> Self {
        Reply::Answer { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    pub fn with(self, name: &str, value: impl ToString) -> Self {
        match self {
            Reply::Answer { status, mut headers, body } => {
                headers.push((name.to_owned(), value.to_string()));
                Reply::Answer { status, headers, body }
            }
            other => other,
        }
    }
}

type Handler = dyn Fn(&Recorded, usize) -> Reply + Send + Sync;

/// Answers until it is dropped.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<Recorded>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// The handler is told how many requests the target has had, this one included.
    pub async fn start(handler: impl Fn(&Recorded, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<Recorded>>> = Arc::default();
        let counts: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
        let handler: Arc<Handler> = Arc::new(handler);
        let seen = requests.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, counts, handler) = (seen.clone(), counts.clone(), handler.clone());
                tokio::spawn(async move { serve(stream, &seen, &counts, handler).await });
            }
        });
        Server { url, requests, task }
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    /// The requests whose target begins so.
    pub fn to(&self, target: &str) -> Vec<Recorded> {
        self.requests().into_iter().filter(|request| request.target.starts_with(target)).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Recorded>>,
    counts: &Mutex<HashMap<String, usize>>,
    handler: Arc<Handler>,
) {
    let Some(request) = receive(&mut stream).await else { return };
    seen.lock().unwrap().push(request.clone());
    let nth = {
        let mut counts = counts.lock().unwrap();
        let count = counts.entry(request.target.clone()).or_default();
        *count += 1;
        *count
    };
    let reply = tokio::task::spawn_blocking(move || handler(&request, nth)).await.unwrap();
    let (status, headers, promised, body) = match reply {
        Reply::Answer { status, headers, body } => (status, headers, body.len(), body),
        Reply::Broken { promised, body } => (200, Vec::new(), promised, body),
        Reply::Hang => return,
        Reply::Silence => {
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            return;
        }
    };
    let mut head = format!("HTTP/1.1 {status} Answer\r\nContent-Length: {promised}\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name == "date") {
        head.push_str("Date: Wed, 25 Nov 2026 13:14:53 GMT\r\n");
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
    let _ = stream.shutdown().await;
}

async fn receive(stream: &mut TcpStream) -> Option<Recorded> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut request = Recorded { method, target, headers, body: Vec::new() };
    let length: usize = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(head_end);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    request.body = body;
    Some(request)
}
