//! The server's routes: `POST /webhooks/github`, `GET /healthz`, `GET /readyz`, `GET /metrics`.
//!
//! Intake is: verify, store, answer. Nothing else happens in a webhook's request; the engine is rung and
//! works on what is stored. Everything is bounded: the size of a body, the time for it to come.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};

use super::delivery::{Delivery, MAX_PAYLOAD_BYTES};
use crate::pipeline::app::App;
use crate::pipeline::state::State as HealState;
use crate::redact;
use crate::signal::github::{GithubSignal, WebhookSecret};
use crate::store::{Intake, Store, Stored};
use crate::telemetry::{DeliveryResult, Queue};

/// How long a body may take to come: GitHub itself gives up after ten seconds.
const BODY_TIME: Duration = Duration::from_secs(10);

/// How long the engine may be silent before the server is not ready, in seconds.
const SILENCE: i64 = 30;

/// What the routes stand on.
pub struct Server {
    /// The App.
    pub app: Arc<App>,
    /// The intake's own connection, so that a delivery never waits for a heal's statement.
    pub intake: Store,
    /// What webhooks are signed with.
    pub secret: WebhookSecret,
}

/// The routes.
pub fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/webhooks/github", post(webhook))
        .route("/healthz", get(|| async { "up\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(server)
}

async fn webhook(State(server): State<Arc<Server>>, request: Request<Body>) -> Response {
    let began = Instant::now();
    let answer = take_in(&server, request).await;
    server.app.metrics.webhook_answered(began.elapsed());
    answer
}

async fn take_in(server: &Server, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let event = text_of(&parts.headers, "x-github-event").unwrap_or_default();
    let body = match tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, MAX_PAYLOAD_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return refused(server, &event, StatusCode::PAYLOAD_TOO_LARGE, "the payload is too large or broke off");
        }
        Err(_) => return refused(server, &event, StatusCode::REQUEST_TIMEOUT, "the payload did not come in time"),
    };
    let header = |name: &str| text_of(&parts.headers, name);
    let delivery = match Delivery::from_request(&server.secret, header, body) {
        Ok(delivery) => delivery,
        Err(refusal) => return refused(server, &event, refusal.status(), &refusal.to_string()),
    };
    store(server, &delivery).await
}

/// Commits the delivery, answers, rings.
async fn store(server: &Server, delivery: &Delivery) -> Response {
    let (id, event) = (delivery.id().as_str(), delivery.event().label());
    let now = server.app.now();
    let (payload, ignored) = match delivery.signal() {
        Ok(GithubSignal::Ignored { reason }) => (String::new(), Some(reason.to_owned())),
        Ok(signal) => match serde_json::to_string(&clean(signal)) {
            Ok(payload) => (payload, None),
            Err(error) => (String::new(), Some(format!("it can't be kept: {error}"))),
        },
        Err(error) => {
            tracing::warn!(delivery = id, event, %error, "a payload can't be understood");
            (String::new(), Some(format!("it can't be understood: {error}")))
        }
    };
    let what = ignored.as_deref().map_or(Stored::Signal(&payload), Stored::Ignored);
    let (result, answer) = match server.intake.add_delivery(id, event, what, now).await {
        Ok(Intake::Accepted) if ignored.is_some() => (DeliveryResult::Ignored, "ignored\n"),
        Ok(Intake::Accepted) => (DeliveryResult::Accepted, "accepted\n"),
        Ok(Intake::Duplicate) => (DeliveryResult::Duplicate, "known\n"),
        Err(error) => {
            tracing::error!(delivery = id, event, error = &error as &dyn std::error::Error, "not stored");
            let advice = "the delivery could not be stored; redeliver it\n";
            return (StatusCode::SERVICE_UNAVAILABLE, advice).into_response();
        }
    };
    server.app.metrics.delivery(event, result);
    if result == DeliveryResult::Accepted {
        server.app.bell.notify_waiters();
    }
    (StatusCode::ACCEPTED, answer).into_response()
}

/// People's free texts without secrets.
fn clean(mut signal: GithubSignal) -> GithubSignal {
    match &mut signal {
        GithubSignal::Commented(comment) => redact::string(&mut comment.body),
        GithubSignal::Reviewed(review) => redact::string(&mut review.body),
        _ => {}
    }
    signal
}

fn refused(server: &Server, event: &str, status: StatusCode, reason: &str) -> Response {
    server.app.metrics.delivery(event, DeliveryResult::Refused);
    tracing::warn!(status = status.as_u16(), reason, "a delivery was refused");
    (status, format!("{reason}\n")).into_response()
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Ready: the store answers and the engine turns.
async fn ready(State(server): State<Arc<Server>>) -> Response {
    if !server.intake.is_reachable().await {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response();
    }
    let silent = server.app.now() - server.app.heartbeat.load(Ordering::Relaxed);
    if silent > SILENCE {
        return (StatusCode::SERVICE_UNAVAILABLE, "the worker does not turn\n").into_response();
    }
    "ready\n".into_response()
}

async fn metrics(State(server): State<Arc<Server>>) -> Response {
    let (app, now) = (&server.app, server.app.now());
    if let Ok(states) = app.store.states().await {
        for name in HealState::NAMES {
            let count = states.iter().find(|(state, _)| state == name).map_or(0, |(_, count)| *count);
            app.metrics.set_heals(name, count);
        }
    }
    let age = |oldest: Option<i64>| Duration::from_secs(u64::try_from(oldest.map_or(0, |at| now - at)).unwrap_or(0));
    if let Ok((depth, oldest)) = app.store.waiting_deliveries().await {
        app.metrics.set_queue(Queue::Deliveries, depth, age(oldest));
    }
    if let Ok((depth, oldest)) = app.store.waiting_heals(now).await {
        app.metrics.set_queue(Queue::Heals, depth, age(oldest));
    }
    let text = Bytes::from(app.metrics.encode());
    ([(header::CONTENT_TYPE, crate::telemetry::CONTENT_TYPE)], text).into_response()
}
