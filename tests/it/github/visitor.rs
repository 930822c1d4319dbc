//! heal's part, played by the tests of the world itself: an App that mints a token and asks the API.

use std::process::Command;

use serde_json::{Value, json};

use super::emulator::{self, RUNTIME};
use super::world::World;

const JWT: &str = "const [id, key] = process.argv.slice(1); const text = (x) => Buffer.from(JSON.stringify(x)).toString('base64url');
const now = Math.floor(Date.now() / 1000); const head = `${text({alg: 'RS256', typ: 'JWT'})}.${text({iat: now - 30, exp: now + 500, iss: id})}`;
console.log(`${head}.${require('crypto').createSign('RSA-SHA256').update(head).sign(key).toString('base64url')}`);";

impl World {
    /// A JWT of the App.
    pub fn jwt(&self) -> String {
        let id = self.site.app_id.to_string();
        let output = Command::new("node").args(["-e", JWT, &id, &emulator::shared().private_key]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// An installation token for these repositories.
    pub fn mint(&self, repositories: &[&str], permissions: Value) -> String {
        let path = format!("/app/installations/{}/access_tokens", self.site.installation);
        let (status, minted) =
            self.call(&self.jwt(), "POST", &path, json!({"repositories": repositories, "permissions": permissions}));
        assert_eq!(status, 201, "{minted:#}");
        minted["token"].as_str().unwrap().to_owned()
    }

    /// An answer of the proxy; of a redirection its location, of a broken one nothing and the status 0.
    pub fn call(&self, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request =
            emulator::shared().client.request(method, format!("{}{path}", self.site.url)).bearer_auth(token);
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        RUNTIME.block_on(async {
            let Ok(response) = request.send().await else { return (0, Value::Null) };
            let status = response.status().as_u16();
            if let Some(location) = response.headers().get("location").filter(|_| status == 302) {
                return (status, json!(location.to_str().unwrap()));
            }
            match response.bytes().await {
                Ok(bytes) => (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)),
                Err(_) => (0, Value::Null),
            }
        })
    }

    /// What lies at an address, asked for without credentials or with some.
    pub fn fetch(&self, url: &str, token: Option<&str>) -> (u16, Vec<u8>) {
        let mut request = emulator::shared().client.get(url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        RUNTIME.block_on(async {
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.bytes().await.unwrap_or_default().to_vec())
        })
    }
}

/// All that the App may do, for [`World::mint`].
pub fn all_permissions() -> Value {
    super::site::PERMISSIONS
        .iter()
        .map(|(name, level)| ((*name).to_owned(), json!(level)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// A receiver of webhooks in heal's place; gives its address.
pub fn listen(on_delivery: impl Fn(&http::HeaderMap, &[u8]) + Clone + Send + Sync + 'static) -> String {
    RUNTIME.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/github", listener.local_addr().unwrap());
        let receive = move |request: axum::extract::Request| {
            let on_delivery = on_delivery.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 25 << 20).await.unwrap();
                on_delivery(&parts.headers, &body);
                http::StatusCode::ACCEPTED
            }
        };
        let router = axum::Router::new().fallback(receive);
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    })
}
