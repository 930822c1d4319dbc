//! Where logs lie: another port, another host on GitHub. It wants no credentials and refuses who sends some.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::io::AsyncWriteExt;

/// A text and how it is handed out.
#[derive(Debug, Clone)]
pub struct Blob {
    /// The bytes.
    pub content: Vec<u8>,
    /// Half of them, and then no more.
    pub truncated: bool,
    /// In small pieces with pauses.
    pub slow: bool,
}

type Blobs = Arc<Mutex<HashMap<String, Blob>>>;

/// A storage that listens.
#[derive(Clone)]
pub struct Storage {
    url: String,
    blobs: Blobs,
}

impl Storage {
    /// Starts it.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let blobs = Blobs::default();
        let router = Router::new().fallback(fetch).with_state(Arc::clone(&blobs));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Storage { url, blobs }
    }

    /// Puts a text there and gives its address.
    pub fn put(&self, blob: Blob) -> String {
        let mut blobs = self.blobs.lock().unwrap();
        let key = format!("/logs/{}?sig=signed", blobs.len());
        blobs.insert(key.clone(), blob);
        format!("{}{key}", self.url)
    }
}

async fn fetch(State(blobs): State<Blobs>, request: Request) -> Response {
    let answer = |status: u16, body: Body| {
        Response::builder().status(status).header("content-type", "text/plain").body(body).unwrap()
    };
    if request.headers().contains_key("authorization") {
        return answer(400, Body::from("InvalidAuthenticationInfo: credentials were sent to the storage"));
    }
    let key = request.uri().path_and_query().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let Some(blob) = blobs.lock().unwrap().get(&key).cloned() else { return answer(404, Body::empty()) };
    let end = if blob.truncated { blob.content.len() / 2 } else { blob.content.len() };
    let content = blob.content[..end].to_vec();
    if !blob.slow {
        return answer(200, Body::from(content));
    }
    let (mut writer, reader) = tokio::io::duplex(256);
    tokio::spawn(async move {
        for piece in content.chunks(256.max(content.len() / 10)) {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if writer.write_all(piece).await.is_err() {
                return;
            }
        }
    });
    answer(200, Body::from_stream(tokio_util::io::ReaderStream::new(reader)))
}
