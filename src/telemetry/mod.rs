//! What the outside can see of a running heal: metrics, logs, traces.
//!
//! In: events, told by the rooms above through the typed methods of [`Metrics`] and through `tracing`. Out:
//! OpenMetrics text for `/metrics`, lines on stderr, spans to an OpenTelemetry collector where one is
//! configured. Everything that leaves passes a redaction given by the door: this floor knows no secret
//! shapes itself.
//!
//! Labels are bounded: a metric can't grow with the number of repositories, names or errors.

mod labels;
mod logs;
mod metrics;
mod otlp;
mod process;
mod redacting;

use std::borrow::Cow;

pub use logs::{Guard, LogFormat, init};
pub use metrics::{CONTENT_TYPE, DeliveryResult, Metrics, Queue};
pub use redacting::{Redacting, RedactingWriter};

/// Gives a text without its secrets, borrowed if it had none.
pub type Redact = fn(&str) -> Cow<'_, str>;

/// Why logs could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one that `tracing` understands; the user's to fix.
    #[error("the log filter `{filter}` can't be read")]
    Filter {
        /// As configured.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The collector's address can't be used; the user's to fix. Its text may hold credentials.
    #[error("the OTLP endpoint is not of the form http(s)://host:port")]
    Endpoint,
    /// The exporter of spans can't be built.
    #[error("the OTLP exporter can't be built")]
    Exporter(#[source] opentelemetry_otlp::ExporterBuildError),
    /// The exporter's runtime can't be started.
    #[error("the OTLP exporter's runtime can't be started")]
    Runtime(#[source] std::io::Error),
    /// Logs were set up before; ours to fix.
    #[error("logs are already set up")]
    AlreadySet,
}
