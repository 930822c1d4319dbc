//! The names of the environment variables that override the server's settings.
//!
//! Only names: the environment itself is read at the door, `cli::environment`, which lists these names too.

/// The address and port of the web server.
pub const LISTEN: &str = "HEAL_LISTEN";
/// The database: `sqlite://…` or `postgres://…`. The command line reads it too.
pub const DATABASE_URL: &str = "HEAL_DATABASE_URL";
/// The directory of clones and work trees.
pub const DATA_DIR: &str = "HEAL_DATA_DIR";
/// The address under which people and GitHub reach the server.
pub const PUBLIC_URL: &str = "HEAL_PUBLIC_URL";
/// GitHub's API, or that of a GitHub Enterprise server.
pub const GITHUB_API_URL: &str = "HEAL_GITHUB_API_URL";
/// The App's number.
pub const GITHUB_APP_ID: &str = "HEAL_GITHUB_APP_ID";
/// The file with the App's private key.
pub const GITHUB_PRIVATE_KEY_PATH: &str = "HEAL_GITHUB_PRIVATE_KEY_PATH";
/// The App's private key itself, as PEM.
pub const GITHUB_PRIVATE_KEY: &str = "HEAL_GITHUB_PRIVATE_KEY";
/// The secret that signs webhooks.
pub const GITHUB_WEBHOOK_SECRET: &str = "HEAL_GITHUB_WEBHOOK_SECRET";
/// The kill switch.
pub const DISABLED: &str = "HEAL_DISABLED";
/// Seconds between two sweeps for missed failures.
pub const SWEEP_SECONDS: &str = "HEAL_SWEEP_SECONDS";
/// Heals at a time.
pub const CONCURRENCY: &str = "HEAL_CONCURRENCY";
/// The endpoint of models: the address before `/chat/completions`.
pub const LLM_BASE_URL: &str = "HEAL_LLM_BASE_URL";
/// The endpoint's key.
pub const LLM_API_KEY: &str = "HEAL_LLM_API_KEY";
/// The model; it takes the place of the whole committee.
pub const LLM_MODEL: &str = "HEAL_LLM_MODEL";
/// US dollars per heal.
pub const LLM_MAX_COST_USD: &str = "HEAL_LLM_MAX_COST_USD";
/// US dollars per million tokens that the model reads.
pub const LLM_PRICE_INPUT: &str = "HEAL_LLM_PRICE_INPUT";
/// US dollars per million tokens that the model writes.
pub const LLM_PRICE_OUTPUT: &str = "HEAL_LLM_PRICE_OUTPUT";
/// OpenAI's own name for the endpoint; honoured where nothing of heal's names one.
pub const OPENAI_BASE_URL: &str = "OPENAI_BASE_URL";
/// OpenAI's own name for the key; sent only to [`OPENAI_BASE_URL`] or to OpenAI.
pub const OPENAI_API_KEY: &str = "OPENAI_API_KEY";
/// `text` or `json`.
pub const LOG_FORMAT: &str = "HEAL_LOG_FORMAT";
/// What is logged.
pub const LOG: &str = "HEAL_LOG";
/// Where traces are sent.
pub const OTLP_ENDPOINT: &str = "HEAL_OTLP_ENDPOINT";
