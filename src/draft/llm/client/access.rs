//! The address of an endpoint and its key.

use async_openai::config::Config;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

/// Where an endpoint is and how it is entered.
#[derive(Clone)]
pub(super) struct Access {
    /// Without a slash at its end, without query and credentials.
    base: String,
    query: Vec<(String, String)>,
    key: SecretString,
    /// The header that carries the key; `HeaderValue` hides it.
    headers: HeaderMap,
    /// Whether it is OpenAI itself.
    pub is_openai: bool,
    /// Whether it is on this machine.
    pub is_loopback: bool,
}

impl Access {
    /// Reads an address and a key; an error is a clause that says what is wrong with them.
    pub fn new(base_url: &str, key: Option<&SecretString>) -> Result<Self, &'static str> {
        let url = Url::parse(base_url).map_err(|_| "it is no address")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("it does not begin with http:// or https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it holds credentials; they belong into llm.api_key");
        }
        let host = url.host_str().ok_or("it has no host")?.to_ascii_lowercase();
        let is_azure_deployment = url.path().contains("/openai/deployments/");
        let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let key = key.cloned().unwrap_or_else(|| SecretString::from(String::new()));
        let mut headers = HeaderMap::new();
        if !key.expose_secret().is_empty() {
            let (name, prefix) =
                if is_azure_deployment { ("api-key".parse(), "") } else { (Ok(AUTHORIZATION), "Bearer ") };
            let value = HeaderValue::try_from(format!("{prefix}{}", key.expose_secret()));
            let mut value = value.map_err(|_| "its key holds characters that no header can carry")?;
            value.set_sensitive(true);
            headers.insert(name.map_err(|_: http::header::InvalidHeaderName| "its key has no header")?, value);
        }
        let mut bare = url.clone();
        bare.set_query(None);
        bare.set_fragment(None);
        Ok(Access {
            base: bare.as_str().trim_end_matches('/').trim_end_matches("/chat/completions").to_owned(),
            query,
            key,
            headers,
            is_openai: host == "api.openai.com" || host.ends_with(".api.openai.com"),
            is_loopback: host == "localhost" || host.starts_with("127.") || host == "[::1]",
        })
    }

    /// The address as people may see it.
    pub fn address(&self) -> &str {
        &self.base
    }

    /// A text without the key, should it hold it.
    pub fn without_key(&self, text: &str) -> String {
        match self.key.expose_secret() {
            key if key.len() >= 4 => text.replace(key, crate::redact::MASK),
            _ => text.to_owned(),
        }
    }
}

/// Only the address: a query may hold a key too.
impl std::fmt::Debug for Access {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Access").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Config for Access {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}
