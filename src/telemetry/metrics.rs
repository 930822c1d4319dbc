//! The metrics of a running heal, in the words of the domain.
//!
//! In: events, through one method each. Out: OpenMetrics text. The registry is written at the start and only
//! read later; the families inside are atomic, so that `&self` is enough everywhere.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use super::labels::{Learned, known};
use super::process::resident_bytes;

/// The content type of what [`Metrics::encode`] gives.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The webhook events that are kept apart.
const EVENTS: &[&str] = &[
    "check_run",
    "check_suite",
    "installation",
    "installation_repositories",
    "issue_comment",
    "ping",
    "pull_request",
    "pull_request_review",
    "push",
    "status",
    "workflow_job",
    "workflow_run",
];

/// Answers of an API by class; `error` is no answer at all.
const STATUS_CLASSES: &[&str] = &["1xx", "2xx", "3xx", "4xx", "5xx", "error"];

/// From a tenth of a second to a good hour: a stage may be a parse or a project's whole CI.
const STAGE_SECONDS: [f64; 11] = [0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];

/// From half a minute to six hours: a red build to its green successor.
const RECOVERY_SECONDS: [f64; 9] = [30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0, 7200.0, 21600.0];

/// Around the promised 10 ms; GitHub hangs up after 10 s.
const ANSWER_SECONDS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0, 10.0];

/// GitHub's limits start anew each hour: an older remainder says nothing.
const LIMIT_WINDOW: Duration = Duration::from_secs(3600);

/// Installations whose limits are remembered.
const MOST_INSTALLATIONS: usize = 1000;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryResult {
    /// Stored, will be worked on.
    Accepted,
    /// Known already.
    Duplicate,
    /// Wrong signature, too large, malformed.
    Refused,
    /// An event that heal does not act on.
    Ignored,
}

impl DeliveryResult {
    fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Refused => "refused",
            Self::Ignored => "ignored",
        }
    }
}

/// What waits to be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Webhooks that were stored.
    Deliveries,
    /// Heals that are due.
    Heals,
}

impl Queue {
    fn name(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries",
            Self::Heals => "heals",
        }
    }
}

type One = [(&'static str, String); 1];
type Two = [(&'static str, String); 2];
type Float = Gauge<f64, AtomicU64>;
type Histograms = Family<One, Histogram, fn() -> Histogram>;

/// All metrics. Share it as `Arc<Metrics>`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    deliveries: Family<Two, Counter>,
    answers: Histogram,
    heals_in_state: Family<One, Gauge>,
    heals: Family<One, Counter>,
    attempts: Family<One, Counter>,
    stages: Histograms,
    recovery: Histogram,
    queue_depth: Family<One, Gauge>,
    queue_age: Family<One, Float>,
    api_calls: Family<Two, Counter>,
    limit_left: Family<[(&'static str, String); 0], Gauge>,
    limits: Mutex<BTreeMap<u64, (u64, Instant)>>,
    tokens: Counter,
    cost: Counter<f64, AtomicU64>,
    memory: Gauge,
    states: Learned,
    outcomes: Learned,
    results: Learned,
    stage_names: Learned,
    operations: Learned,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All of them, empty.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let r = &mut registry;
        let version = Info::new([("version", env!("CARGO_PKG_VERSION").to_owned())]);
        r.register("heal_build", "The running version", version);
        Self {
            deliveries: add(r, "heal_deliveries", "Webhook deliveries by event and result", Family::default()),
            answers: add(
                r,
                "heal_webhook_answer_seconds",
                "Time until a webhook was answered",
                histogram(&ANSWER_SECONDS),
            ),
            heals_in_state: add(r, "heal_heals_in_state", "Heals by their present state", Family::default()),
            heals: add(r, "heal_heals", "Heals that ended, by outcome", Family::default()),
            attempts: add(r, "heal_attempts", "Attempts that ended, by result", Family::default()),
            stages: add(
                r,
                "heal_duration_seconds",
                "Time that stages of heals took",
                Family::new_with_constructor(stage_histogram),
            ),
            recovery: add(
                r,
                "heal_recovery_seconds",
                "Time from a failure to the end of its heal",
                histogram(&RECOVERY_SECONDS),
            ),
            queue_depth: add(r, "heal_queue_depth", "What waits to be worked on", Family::default()),
            queue_age: add(r, "heal_queue_oldest_age_seconds", "Age of the oldest that waits", Family::default()),
            api_calls: add(r, "heal_api_calls", "Calls to the forge by operation and status class", Family::default()),
            limit_left: add(
                r,
                "heal_rate_limit_left",
                "Calls left, of the installation with the fewest",
                Family::default(),
            ),
            tokens: add(r, "heal_llm_tokens", "Tokens exchanged with language models", Counter::default()),
            cost: add(r, "heal_llm_cost_usd", "Cost of language models in US dollars", Counter::default()),
            memory: add(r, "process_resident_memory_bytes", "Resident memory", Gauge::default()),
            limits: Mutex::default(),
            states: Learned::new(32),
            outcomes: Learned::new(32),
            results: Learned::new(32),
            stage_names: Learned::new(32),
            operations: Learned::new(64),
            registry,
        }
    }

    /// A webhook delivery came in.
    pub fn delivery(&self, event: &str, result: DeliveryResult) {
        let labels = [("event", known(EVENTS, event).to_owned()), ("result", result.name().to_owned())];
        self.deliveries.get_or_create(&labels).inc();
    }

    /// A webhook was answered, this long after its last byte arrived.
    pub fn webhook_answered(&self, took: Duration) {
        self.answers.observe(took.as_secs_f64());
    }

    /// So many heals are in a state. A state that has become empty must be told as 0.
    pub fn set_heals(&self, state: &str, count: u64) {
        self.heals_in_state.get_or_create(&[("state", self.states.admit(state))]).set(signed(count));
    }

    /// A heal ended.
    pub fn heal_ended(&self, outcome: &str) {
        self.heals.get_or_create(&[("outcome", self.outcomes.admit(outcome))]).inc();
    }

    /// An attempt of a heal ended.
    pub fn attempt(&self, result: &str) {
        self.attempts.get_or_create(&[("result", self.results.admit(result))]).inc();
    }

    /// A stage of a heal took this long.
    pub fn stage(&self, stage: &str, took: Duration) {
        self.stages.get_or_create(&[("stage", self.stage_names.admit(stage))]).observe(took.as_secs_f64());
    }

    /// A heal ended well, this long after the failure.
    pub fn recovered(&self, took: Duration) {
        self.recovery.observe(took.as_secs_f64());
    }

    /// So much waits, and the oldest of it this long (zero for an empty queue).
    pub fn set_queue(&self, queue: Queue, depth: u64, oldest: Duration) {
        let labels = [("queue", queue.name().to_owned())];
        self.queue_depth.get_or_create(&labels).set(signed(depth));
        self.queue_age.get_or_create(&labels).set(oldest.as_secs_f64());
    }

    /// The forge was called. `status_class` is `2xx` and so on, or `error` if there was no answer.
    pub fn api_call(&self, operation: &str, status_class: &str) {
        let status = known(STATUS_CLASSES, status_class).to_owned();
        self.api_calls.get_or_create(&[("operation", self.operations.admit(operation)), ("status", status)]).inc();
    }

    /// An installation has so many calls left; the gauge shows the fewest of the last hour.
    pub fn rate_limit_left(&self, installation: u64, left: u64) {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.insert(installation, (left, Instant::now()));
        if limits.len() > MOST_INSTALLATIONS
            && let Some(most) = limits.iter().max_by_key(|(_, (left, _))| *left).map(|(id, _)| *id)
        {
            limits.remove(&most);
        }
    }

    /// A language model was asked.
    pub fn llm(&self, tokens: u64, cost_usd: f64) {
        self.tokens.inc_by(tokens);
        // A counter never goes down, and NaN would stay for ever.
        if cost_usd.is_finite() && cost_usd > 0.0 {
            self.cost.inc_by(cost_usd);
        }
    }

    /// Everything as OpenMetrics text, of type [`CONTENT_TYPE`].
    #[must_use]
    pub fn encode(&self) -> String {
        self.memory.set(signed(resident_bytes().unwrap_or(0)));
        self.show_lowest_limit();
        let mut text = String::new();
        encode(&mut text, &self.registry).unwrap_or_else(|_| unreachable!("writing to a string does not fail"));
        text
    }

    fn show_lowest_limit(&self) {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.retain(|_, (_, at)| at.elapsed() < LIMIT_WINDOW);
        match limits.values().map(|(left, _)| *left).min() {
            Some(lowest) => _ = self.limit_left.get_or_create(&[]).set(signed(lowest)),
            // Without news, "unknown" is more honest than any number.
            None => self.limit_left.clear(),
        }
    }
}

/// Puts a metric into the registry and keeps a handle on it.
fn add<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

fn histogram(bounds: &[f64]) -> Histogram {
    Histogram::new(bounds.iter().copied())
}

fn stage_histogram() -> Histogram {
    histogram(&STAGE_SECONDS)
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A registry in which everything happened once.
    fn used() -> Metrics {
        let metrics = Metrics::new();
        metrics.delivery("push", DeliveryResult::Accepted);
        metrics.delivery("made_up_event", DeliveryResult::Ignored);
        metrics.webhook_answered(Duration::from_millis(3));
        metrics.set_heals("drafting", 2);
        metrics.heal_ended("opened");
        metrics.attempt("red");
        metrics.stage("verifying", Duration::from_secs(20));
        metrics.recovered(Duration::from_secs(90));
        metrics.set_queue(Queue::Deliveries, 3, Duration::from_millis(1500));
        metrics.api_call("list_jobs", "2xx");
        metrics.api_call("/repos/octo/shop", "teapot");
        metrics.rate_limit_left(1, 4000);
        metrics.rate_limit_left(2, 12);
        metrics.llm(100, 0.25);
        metrics.llm(0, f64::NAN);
        metrics
    }

    #[test]
    fn each_family_shows_what_happened() {
        let text = used().encode();
        for line in [
            "heal_build_info{version=\"",
            "heal_deliveries_total{event=\"push\",result=\"accepted\"} 1",
            "heal_deliveries_total{event=\"other\",result=\"ignored\"} 1",
            "heal_webhook_answer_seconds_bucket{le=\"0.005\"} 1",
            "heal_heals_in_state{state=\"drafting\"} 2",
            "heal_heals_total{outcome=\"opened\"} 1",
            "heal_attempts_total{result=\"red\"} 1",
            "heal_duration_seconds_bucket{le=\"30.0\",stage=\"verifying\"} 1",
            "heal_recovery_seconds_count 1",
            "heal_queue_depth{queue=\"deliveries\"} 3",
            "heal_queue_oldest_age_seconds{queue=\"deliveries\"} 1.5",
            "heal_api_calls_total{operation=\"list_jobs\",status=\"2xx\"} 1",
            "heal_api_calls_total{operation=\"other\",status=\"other\"} 1",
            "heal_rate_limit_left 12",
            "heal_llm_tokens_total 100",
            "heal_llm_cost_usd_total 0.25",
        ] {
            assert!(text.contains(line), "no {line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
        let memory = text.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes ")).unwrap();
        assert!(memory.parse::<u64>().unwrap() > 1_000_000, "{memory}");
    }

    #[test]
    fn no_family_is_declared_twice() {
        let text = used().encode();
        let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let distinct: std::collections::BTreeSet<_> = names.iter().map(|name| name.split(' ').next()).collect();
        assert_eq!(names.len(), distinct.len(), "{names:?}");
    }

    #[test]
    fn counters_of_cost_exist_from_the_start_and_an_unknown_limit_is_not_zero() {
        let text = Metrics::new().encode();
        assert!(text.contains("heal_llm_tokens_total 0\n"), "{text}");
        assert!(!text.contains("heal_rate_limit_left 0"), "{text}");
    }

    #[test]
    fn ten_thousand_installations_take_bounded_room() {
        let metrics = Metrics::new();
        (0..10_000).for_each(|id| metrics.rate_limit_left(id, 5000 - id / 10));
        assert_eq!(metrics.limits.lock().unwrap().len(), MOST_INSTALLATIONS);
        assert!(metrics.encode().contains("heal_rate_limit_left 4001\n"));
    }
}
