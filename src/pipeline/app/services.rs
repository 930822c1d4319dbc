//! What every step stands on: store, GitHub, clones, sandbox settings, and the errors they give.

use std::sync::Arc;

use tokio::sync::{Notify, OnceCell, Semaphore};

use crate::clock::Clock;
use crate::draft::llm::committee::Committee;
use crate::forge::ForgeError;
use crate::forge::github::types::AppInfo;
use crate::forge::github::{CloneCache, CloneError, ErrorKind, GithubApp, GithubError};
use crate::notify::{Channel, Notifier};
use crate::pipeline::HealError;
use crate::policy::Policy;
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;
use crate::testbed::{Isolation, TestbedError};

/// What the operator decides.
#[derive(Debug)]
pub struct AppSettings {
    /// The root of web pages, without a slash at the end.
    pub web_url: String,
    /// How often GitHub is asked about what a webhook should have told, in seconds.
    pub poll_seconds: i64,
    /// How often all repositories are looked at for missed failures, in seconds.
    pub sweep_seconds: i64,
    /// The kill switch: deliveries are kept, nothing acts.
    pub disabled: bool,
    /// How commits are made.
    pub commits: CommitMode,
    /// Isolation of test runs.
    pub isolation: Isolation,
    /// The search path of test runs.
    pub search_path: String,
    /// Variables that test runs see.
    pub environment: Vec<(String, String)>,
    /// The policy of repositories without a file.
    pub default_policy: Policy,
    /// Channels that policies may name.
    pub channels: std::collections::BTreeMap<String, Channel>,
}

/// How commits are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitMode {
    /// Through the Git Data API, so that GitHub signs them as the App's.
    #[default]
    Api,
    /// By a push.
    Push,
}

/// What every step stands on.
pub struct App {
    /// What the operator decides.
    pub settings: AppSettings,
    /// Where heals are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// GitHub.
    pub github: GithubApp,
    /// Clones and work trees.
    pub clones: CloneCache,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Messages to people.
    pub notifier: Notifier,
    /// The models that may be asked; `None` where no endpoint is configured.
    pub committee: Option<Committee>,
    /// Places at the bench.
    pub bench: Arc<Semaphore>,
    /// Rung when there may be work.
    pub bell: Notify,
    /// When the engine last turned, in seconds since 1970.
    pub heartbeat: std::sync::atomic::AtomicI64,
    /// Who heal is, once asked.
    pub myself: OnceCell<AppInfo>,
}

impl App {
    /// Who heal is on GitHub.
    pub async fn identity(&self) -> Result<&AppInfo, GithubError> {
        self.myself.get_or_try_init(|| self.github.app()).await
    }

    /// The time, in seconds since 1970.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }
}

/// Why a step could not be done (yet).
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// GitHub did not do what was asked.
    #[error(transparent)]
    Github(#[from] GithubError),
    /// The store did not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The heal could not go on.
    #[error(transparent)]
    Heal(#[from] HealError),
    /// The code could not be had.
    #[error(transparent)]
    Clone(#[from] CloneError),
    /// The work tree could not be read.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// Tests could not be run at all.
    #[error(transparent)]
    Testbed(#[from] TestbedError),
    /// What was stored makes no sense: a defect of heal.
    #[error("heal {heal} is in a state that is not known: {state}")]
    UnknownState {
        /// The heal.
        heal: String,
        /// The state's name.
        state: String,
    },
}

impl StepError {
    /// When trying again makes sense; `None` when time does not heal it.
    pub fn retry(&self) -> Retry {
        match self {
            StepError::Github(error) => match (error.kind(), error.retry_at()) {
                (ErrorKind::RateLimited, Some(at)) => Retry::At(at),
                (ErrorKind::RateLimited | ErrorKind::Transient | ErrorKind::Unauthorized | ErrorKind::Malformed, _) => {
                    Retry::Soon
                }
                _ => Retry::Seldom,
            },
            StepError::Clone(error) if matches!(error.kind(), ErrorKind::Transient | ErrorKind::RateLimited) => {
                Retry::Soon
            }
            StepError::Store(_) | StepError::Heal(HealError::Store(_)) => Retry::Soon,
            _ => Retry::Seldom,
        }
    }
}

/// When a failed step is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// When the server said so; the heal does not lose patience over it.
    At(i64),
    /// After a pause that grows; an outage may take hours.
    Soon,
    /// A few times: it will hardly change.
    Seldom,
}
