//! `heal serve` and `heal worker`: the App's server, and a worker without webhooks.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use secrecy::ExposeSecret;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::args::{Sandbox, ServeArguments};
use super::environment;
use super::exit::ExitCode;
use crate::clock::SystemClock;
use crate::config::{self, Config};
use crate::draft::llm::committee::Committee;
use crate::forge::github::{ApiObserver, AppSettings as GithubSettings, CloneCache, GithubApp};
use crate::notify::Notifier;
use crate::pipeline::app::{self, App, AppSettings};
use crate::redact;
use crate::signal::github::WebhookSecret;
use crate::store::Store;
use crate::telemetry::{self, Metrics};
use crate::web::{Server, router};

/// Which parts of the App this process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Webhooks and a worker.
    Server,
    /// A worker only, beside a server on the same database.
    Worker,
}

/// Runs the command until the process is asked to end.
pub async fn serve(arguments: &ServeArguments, role: Role) -> anyhow::Result<ExitCode> {
    let config = environment::server_config(arguments.config.as_deref())?;
    let guard = telemetry::init(config.log.format, &config.log.filter, config.otlp_endpoint.as_deref(), redact::text)?;
    let shutdown = CancellationToken::new();
    let waiting = tokio::spawn(until_asked_to_end(shutdown.clone()));
    let app = Arc::new(open(&config).await?);
    let served = match role {
        Role::Server => Some(listen(&config, &app, &shutdown).await?),
        Role::Worker => None,
    };
    let worked = app::run(Arc::clone(&app), shutdown.clone()).await;
    shutdown.cancel();
    if let Some(served) = served {
        served.await.context("the server's task ended")??;
    }
    waiting.abort();
    app.store.close().await;
    tracing::info!("ended; nothing is lost");
    guard.shutdown().await;
    worked?;
    Ok(ExitCode::Healed)
}

/// Everything that the engine stands on.
pub async fn open(config: &Config) -> anyhow::Result<App> {
    let url = database_url(config)?;
    let store = Store::open(&url).await?;
    let metrics = Arc::new(Metrics::new());
    let clock = Arc::new(SystemClock);
    let github = github(config, Arc::new(Observed(Arc::clone(&metrics))))?;
    let data_dir = config.data_dir.clone();
    std::fs::create_dir_all(&data_dir).with_context(|| format!("can't make {}", data_dir.display()))?;
    let git = which::which("git").context("heal serve needs the program git (2.40 or newer) on PATH")?;
    let budget = config.worker.disk_budget_mb * 1024 * 1024;
    let clones = CloneCache::new(data_dir, budget, git).with_environment(environment::for_git());
    Ok(App {
        settings: settings(config),
        store,
        clock,
        github,
        clones,
        metrics,
        notifier: Notifier::new()?,
        committee: committee(config)?,
        bench: Arc::new(tokio::sync::Semaphore::new(config.worker.concurrency)),
        bell: tokio::sync::Notify::new(),
        heartbeat: std::sync::atomic::AtomicI64::new(0),
        myself: tokio::sync::OnceCell::new(),
    })
}

/// The models that may be asked; those of OpenAI's variables alone are nobody's order.
fn committee(config: &Config) -> anyhow::Result<Option<Committee>> {
    let Some(llm) = config.llm.clone().filter(|llm| llm.explicit) else { return Ok(None) };
    let committee = Committee::new(llm, false).context("the models")?;
    let models: Vec<&str> = committee.members.iter().map(|member| member.model.as_str()).collect();
    tracing::info!(models = models.join(", "), "models may be asked");
    Ok(Some(committee))
}

fn database_url(config: &Config) -> anyhow::Result<String> {
    let named = config.database_url.as_ref().map(|url| url.expose_secret().to_owned());
    let url = named.or_else(environment::database_url);
    url.with_context(|| format!("no state directory for the database; set {}", environment::DATABASE_URL))
}

/// GitHub, as this App.
pub fn github(config: &Config, observer: Arc<dyn ApiObserver>) -> anyhow::Result<GithubApp> {
    let settings = GithubSettings {
        api_url: config.github.api_url.clone(),
        app_id: config.github.app_id,
        private_key: config.github.private_key.clone(),
    };
    Ok(GithubApp::new(settings, Arc::new(SystemClock), observer)?)
}

fn settings(config: &Config) -> AppSettings {
    let sandbox = match config.worker.sandbox {
        config::Sandbox::Required => Sandbox::Required,
        config::Sandbox::Auto => Sandbox::Auto,
    };
    let commits = match config.github.commits {
        config::Commits::Api => app::CommitMode::Api,
        config::Commits::Push => app::CommitMode::Push,
    };
    AppSettings {
        web_url: web_url(&config.github.api_url),
        poll_seconds: config.worker.poll_seconds as i64,
        sweep_seconds: config.worker.sweep_seconds as i64,
        disabled: config.disabled,
        commits,
        isolation: super::fix::isolation(sandbox),
        search_path: environment::search_path(),
        environment: environment::for_tests(&[]),
        default_policy: config.default_policy.clone(),
        channels: config.channels.clone(),
    }
}

/// Where people look: `https://api.github.com` → `https://github.com`, `https://HOST/api/v3` → `https://HOST`.
fn web_url(api_url: &str) -> String {
    let url = api_url.trim_end_matches('/');
    if url == "https://api.github.com" {
        return "https://github.com".to_owned();
    }
    url.strip_suffix("/api/v3").unwrap_or(url).to_owned()
}

/// Binds and serves until the process shall end.
async fn listen(
    config: &Config,
    app: &Arc<App>,
    shutdown: &CancellationToken,
) -> anyhow::Result<tokio::task::JoinHandle<std::io::Result<()>>> {
    let secret = WebhookSecret::new(config.github.webhook_secret.clone()).context("the webhook secret")?;
    let server = Arc::new(Server { app: Arc::clone(app), intake: Store::open(&database_url(config)?).await?, secret });
    let listener = tokio::net::TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("can't listen on {}", config.listen))?;
    let address: SocketAddr = listener.local_addr()?;
    app.heartbeat.store(app.now(), std::sync::atomic::Ordering::Relaxed);
    tracing::info!(%address, disabled = app.settings.disabled, "listening");
    let ends = shutdown.clone().cancelled_owned();
    Ok(tokio::spawn(async move { axum::serve(listener, router(server)).with_graceful_shutdown(ends).await }))
}

async fn until_asked_to_end(shutdown: CancellationToken) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("asked to end");
    shutdown.cancel();
}

/// Counts what is asked of GitHub.
struct Observed(Arc<Metrics>);

impl ApiObserver for Observed {
    fn called(&self, installation: u64, operation: &'static str, status: u16, rate_limit_left: Option<u64>) {
        let class = match status {
            0 => "error",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.0.api_call(operation, class);
        if let Some(left) = rate_limit_left {
            self.0.rate_limit_left(installation, left);
        }
    }
}
