//! Spans to an OpenTelemetry collector: OTLP over HTTP, in batches, without secrets.
//!
//! The batch processor has a thread of its own and waits there for each export. The HTTP client needs a tokio
//! runtime, and the program's own may be busy, single-threaded or gone when the last spans leave; so the
//! exporter brings a small one that runs on that thread and only while it exports.

use std::borrow::Cow;
use std::time::Duration;

use opentelemetry::trace::{Event, Status};
use opentelemetry::{Array, KeyValue, Value};
use opentelemetry_otlp::{SpanExporter as OtlpExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tokio::runtime::{Builder, Runtime};

use super::redacting::named;
use super::{Redact, TelemetryError};

/// The end of a collector's address for spans.
const TRACES: &str = "v1/traces";

/// A collector that is slower than this loses a batch.
const PATIENCE: Duration = Duration::from_secs(4);

/// The provider of tracers that send to the collector at `endpoint` (`http://host:4318`, or with
/// `/v1/traces`). Headers come from `OTEL_EXPORTER_OTLP_HEADERS`, as the standard says.
pub(super) fn provider(endpoint: &str, redact: Redact) -> Result<SdkTracerProvider, TelemetryError> {
    crate::tls::install_provider();
    let runtime = Builder::new_current_thread().enable_all().build().map_err(TelemetryError::Runtime)?;
    let exporter = OtlpExporter::builder()
        .with_http()
        .with_endpoint(traces_address(endpoint)?)
        .with_timeout(PATIENCE)
        .build()
        .map_err(TelemetryError::Exporter)?;
    let resource = Resource::builder()
        .with_service_name("heal")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let exporter = RedactingExporter { inner: exporter, runtime: Some(runtime), redact };
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

fn traces_address(endpoint: &str) -> Result<String, TelemetryError> {
    let url = reqwest::Url::parse(endpoint).map_err(|_| TelemetryError::Endpoint)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(TelemetryError::Endpoint);
    }
    let base = url.as_str().trim_end_matches('/');
    Ok(if base.ends_with(TRACES) { base.to_owned() } else { format!("{base}/{TRACES}") })
}

/// Takes secrets out of spans before they leave.
#[derive(Debug)]
struct RedactingExporter {
    inner: OtlpExporter,
    /// There until the exporter is dropped.
    runtime: Option<Runtime>,
    redact: Redact,
}

impl SpanExporter for RedactingExporter {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(|span| clean_span(span, self.redact));
        match &self.runtime {
            Some(runtime) => runtime.block_on(self.inner.export(batch)),
            None => Ok(()),
        }
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl Drop for RedactingExporter {
    fn drop(&mut self) {
        // A runtime that waits for its tasks would panic if this is another runtime's thread.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn clean_span(span: &mut SpanData, redact: Redact) {
    clean_text(&mut span.name, redact);
    span.attributes.iter_mut().for_each(|attribute| clean_attribute(attribute, redact));
    span.events.events.iter_mut().for_each(|event| clean_event(event, redact));
    if let Status::Error { description } = &mut span.status {
        clean_text(description, redact);
    }
}

fn clean_event(event: &mut Event, redact: Redact) {
    clean_text(&mut event.name, redact);
    event.attributes.iter_mut().for_each(|attribute| clean_attribute(attribute, redact));
}

fn clean_attribute(attribute: &mut KeyValue, redact: Redact) {
    let name = attribute.key.as_str();
    match &mut attribute.value {
        Value::String(text) => {
            if let Some(clean) = named(name, text.as_str(), redact) {
                *text = clean.into();
            }
        }
        Value::Array(Array::String(texts)) => {
            for text in texts {
                if let Some(clean) = named(name, text.as_str(), redact) {
                    *text = clean.into();
                }
            }
        }
        _ => {}
    }
}

fn clean_text(text: &mut Cow<'static, str>, redact: Redact) {
    if let Some(clean) = named("", text, redact) {
        *text = clean.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collectors_address_gets_its_path_once() {
        let address = |endpoint| traces_address(endpoint).ok();
        assert_eq!(address("http://localhost:4318").as_deref(), Some("http://localhost:4318/v1/traces"));
        assert_eq!(address("http://c/otlp/").as_deref(), Some("http://c/otlp/v1/traces"));
        assert_eq!(address("https://c/v1/traces").as_deref(), Some("https://c/v1/traces"));
        assert_eq!(address("localhost:4318"), None);
        assert_eq!(address("grpc://c:4317"), None);
    }
}
