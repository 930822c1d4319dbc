//! Deliveries: signed as GitHub signs them, in order unless told otherwise, and kept for the test to look at.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::faults::Fault;
use super::site::Site;

/// A delivery, sent or about to be.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// `X-GitHub-Delivery`.
    pub id: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The document.
    pub payload: Value,
    /// What the receiver answered; `None` when nobody listened or the delivery was lost.
    pub status: Option<u16>,
    /// How long the receiver took.
    pub took: Duration,
}

/// The deliveries of a world.
pub struct Hooks {
    queue: UnboundedSender<Delivery>,
    next: AtomicU64,
    /// Where they go; nowhere while `None`.
    pub target: Mutex<Option<String>>,
    /// Those that are through.
    pub done: Mutex<Vec<Delivery>>,
    held: Mutex<Vec<Delivery>>,
    waiting: AtomicUsize,
}

impl Hooks {
    /// An empty set, and the end of the queue for [`Hooks::deliver_all`].
    pub fn new() -> (Self, UnboundedReceiver<Delivery>) {
        let (queue, receiver) = unbounded_channel();
        let (done, held) = (Mutex::default(), Mutex::default());
        let hooks = Hooks {
            queue,
            next: AtomicU64::new(1),
            target: Mutex::default(),
            done,
            held,
            waiting: AtomicUsize::new(0),
        };
        (hooks, receiver)
    }

    /// Sends an event; the installation is added. Gives the delivery's id.
    pub fn send(&self, site: &Site, event: &str, mut payload: Value) -> String {
        if !payload["installation"].is_object() {
            payload["installation"] = json!({"node_id": format!("I_{}", site.installation)});
        }
        payload["installation"]["id"] = json!(site.installation);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:08x}-{:04x}-11ee-8000-{number:012x}", site.number & 0xffff_ffff, number & 0xffff);
        let delivery =
            Delivery { id: id.clone(), event: event.to_owned(), payload, status: None, took: Duration::ZERO };
        self.again(delivery);
        id
    }

    /// How many wait to be delivered.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Sends a delivery again under its old id.
    pub fn again(&self, delivery: Delivery) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // The receiver lives as long as the runtime.
        let _ = self.queue.send(delivery);
    }

    /// Works the queue until the world ends.
    pub async fn deliver_all(site: Arc<Site>, mut queue: UnboundedReceiver<Delivery>) {
        loop {
            let next = tokio::time::timeout(Duration::from_millis(300), queue.recv()).await;
            match next {
                Ok(Some(delivery)) if site.faults.has(Fault::Reorder) => {
                    let full = {
                        let mut held = site.hooks.held.lock().unwrap();
                        held.push(delivery);
                        held.len() >= 4
                    };
                    if full {
                        Hooks::release(&site).await;
                    }
                }
                Ok(Some(delivery)) => Hooks::deliver(&site, delivery).await,
                Ok(None) => return,
                Err(_) => Hooks::release(&site).await,
            }
        }
    }

    /// What was held back goes out, last first.
    async fn release(site: &Arc<Site>) {
        let held: Vec<Delivery> = site.hooks.held.lock().unwrap().drain(..).rev().collect();
        for delivery in held {
            Hooks::deliver(site, delivery).await;
        }
    }

    async fn deliver(site: &Arc<Site>, delivery: Delivery) {
        let target = site.hooks.target.lock().unwrap().clone();
        for _ in 0..site.faults.copies() {
            let mut delivery = delivery.clone();
            if !site.faults.has(Fault::Lose)
                && let Some(target) = &target
            {
                let started = Instant::now();
                delivery.status = post(site, target, &delivery).await;
                delivery.took = started.elapsed();
            }
            site.hooks.done.lock().unwrap().push(delivery);
        }
        site.hooks.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn post(site: &Site, target: &str, delivery: &Delivery) -> Option<u16> {
    let body = delivery.payload.to_string();
    let request = site
        .emulator
        .client
        .post(target)
        .timeout(Duration::from_secs(10))
        .header("content-type", "application/json")
        .header("user-agent", "GitHub-Hookshot/0world0")
        .header("x-github-event", &delivery.event)
        .header("x-github-delivery", &delivery.id)
        .header("x-github-hook-id", "1")
        .header("x-github-hook-installation-target-id", site.app_id.to_string())
        .header("x-github-hook-installation-target-type", "integration")
        .header("x-hub-signature-256", signature(&site.secret, body.as_bytes()))
        .body(body);
    Some(request.send().await.ok()?.status().as_u16())
}

/// `sha256=…` of a body.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let digest: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digest}")
}
