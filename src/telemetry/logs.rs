//! Logs on stderr, and spans to a collector where one is configured.
//!
//! In: format, filter, endpoint, redaction. Out: a [`Guard`] that must live as long as the program; its end
//! sends the last spans. Only heal's own spans are exported: those of libraries, the exporter's HTTP client
//! among them, are not.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use super::redacting::RedactingWriter;
use super::{Redact, TelemetryError, otlp};

/// The last spans have this long to leave.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people; coloured on a terminal.
    #[default]
    Text,
    /// For programs: one object a line, fields at the top level, the enclosing spans under `spans`.
    Json,
}

/// Keeps the export of spans alive. Dropping it sends the last ones, which may block for up to 5 s.
#[derive(Debug)]
#[must_use = "spans are sent when it is dropped"]
pub struct Guard {
    provider: Option<SdkTracerProvider>,
}

impl Guard {
    /// Sends the last spans, for at most 5 s, without blocking the runtime.
    pub async fn shutdown(self) {
        // Whether they arrived or not: nobody is left who could do something about it.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = self.provider.take() {
            // The collector's outage must not become ours; the exporter has logged it.
            let _ = provider.shutdown_with_timeout(FLUSH_LIMIT);
        }
    }
}

/// Sets up logs for the whole process. `filter` is in the form of `RUST_LOG` (`info,heal::forge=debug`),
/// `otlp` the address of a collector (`http://localhost:4318`).
///
/// # Errors
/// If the filter or the endpoint can't be used, or logs were set up before.
pub fn init(format: LogFormat, filter: &str, otlp: Option<&str>, redact: Redact) -> Result<Guard, TelemetryError> {
    let (subscriber, guard) = subscriber(format, filter, otlp, redact, stderr)?;
    subscriber.try_init().map_err(|_| TelemetryError::AlreadySet)?;
    Ok(guard)
}

fn subscriber<W>(
    format: LogFormat,
    filter: &str,
    otlp: Option<&str>,
    redact: Redact,
    writer: W,
) -> Result<(impl Subscriber + Send + Sync, Guard), TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let env_filter =
        EnvFilter::try_new(filter).map_err(|source| TelemetryError::Filter { filter: filter.to_owned(), source })?;
    let provider = otlp.map(|endpoint| otlp::provider(endpoint, redact)).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("heal"))
            .with_filter(filter_fn(|metadata| metadata.target().split("::").next() == Some("heal")))
    });
    let lines = lines(format, RedactingWriter::new(writer, redact, format));
    let subscriber = Registry::default().with(env_filter).with(lines).with(spans);
    Ok((subscriber, Guard { provider }))
}

/// The layer that writes lines.
fn lines<S, W>(format: LogFormat, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer);
    match format {
        // All spans, because the heal's number stands on the outermost.
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).with_span_list(true).boxed(),
        LogFormat::Text if stderr().is_terminal() => layer.boxed(),
        LogFormat::Text => layer.with_ansi(false).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::redact;

    const TOKEN: &str = concat!("gh", "p_abcdefghijklmnopqrstuvwxyz0123456789");

    /// A log that can be read.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is logged while a story is told.
    fn logged(format: LogFormat, filter: &str, otlp: Option<&str>, story: impl FnOnce()) -> String {
        let page = Page::default();
        let writer = page.clone();
        let (subscriber, guard) = subscriber(format, filter, otlp, redact::text, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, story);
        drop(guard);
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    fn story() {
        let heal = tracing::info_span!("heal", heal.id = "h17", repo = "octo/shop");
        let _in_heal = heal.enter();
        let _in_stage = tracing::info_span!("stage", name = "drafting").entered();
        tracing::info!(attempt = 2, note = TOKEN, "pushed with {TOKEN}");
        tracing::debug!("not asked for");
    }

    #[test]
    fn json_lines_are_json_with_the_heals_number() {
        let page = logged(LogFormat::Json, "info", None, story);
        let line: serde_json::Value = serde_json::from_str(&page).unwrap();
        assert_eq!(line["message"], "pushed with [redacted]");
        assert_eq!(line["note"], "[redacted]");
        assert_eq!(line["attempt"], 2);
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["spans"][0]["heal.id"], "h17", "{page}");
    }

    #[test]
    fn text_is_one_clean_line_an_event() {
        let page = logged(LogFormat::Text, "info", None, || {
            story();
            tracing::warn!("two\nlines");
        });
        assert_eq!(page.lines().count(), 2, "{page}");
        assert!(page.contains("pushed with [redacted]") && page.contains("two\\nlines"), "{page}");
        assert!(!page.contains(TOKEN), "{page}");
    }

    #[test]
    fn a_bad_filter_and_a_bad_endpoint_are_named() {
        let error = |filter, otlp| {
            subscriber(LogFormat::Text, filter, otlp, redact::text, std::io::sink).map(|_| ()).unwrap_err().to_string()
        };
        assert_eq!(error("heal=loud", None), "the log filter `heal=loud` can't be read");
        let shown = error("info", Some("ftp://user:SECRET@host"));
        assert_eq!(shown, "the OTLP endpoint is not of the form http(s)://host:port");
    }

    /// Paths and bodies.
    type Posted = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

    /// A collector; gives the paths and bodies that were posted to it.
    fn collector() -> (String, Posted, tokio::runtime::Runtime) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = seen.clone();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let app = axum::Router::new().fallback(move |uri: axum::http::Uri, body: axum::body::Bytes| async move {
            told.lock().unwrap().push((uri.path().to_owned(), body.to_vec()));
        });
        runtime.spawn(async move { axum::serve(listener, app).await });
        (format!("http://{address}"), seen, runtime)
    }

    #[test]
    fn the_last_spans_reach_the_collector_without_secrets() {
        let (endpoint, seen, _runtime) = collector();
        logged(LogFormat::Json, "trace", Some(&endpoint), story);
        let seen = seen.lock().unwrap();
        let (path, body) = &seen[0];
        assert_eq!(path, "/v1/traces");
        let text = String::from_utf8_lossy(body);
        assert!(text.contains("heal.id") && text.contains("octo/shop"), "{text}");
        assert!(text.contains("[redacted]") && !text.contains(TOKEN), "{text}");
    }

    #[tokio::test]
    async fn shutdown_in_a_single_threaded_runtime_is_quick_though_the_collector_is_away() {
        let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let endpoint = format!("http://{away}");
        let (subscriber, guard) =
            subscriber(LogFormat::Text, "info", Some(&endpoint), redact::text, std::io::sink).unwrap();
        tracing::subscriber::with_default(subscriber, story);
        let started = std::time::Instant::now();
        guard.shutdown().await;
        assert!(started.elapsed() < FLUSH_LIMIT + Duration::from_secs(1));
    }
}
