//! Who drafts on the command line, and which models may be asked.
//!
//! In: arguments, settings, environment. Out: drafters and a committee, or what is missing. Models join by default
//! only where the settings name an endpoint or a model of heal's own; `OPENAI_API_KEY` alone, which may be there for
//! other tools, sends nothing unless `--drafter llm` asks for it.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::args::{self, LlmArguments, RunArguments};
use super::environment;
use super::json::SCHEMA;
use crate::config::llm::Model;
use crate::config::variables as v;
use crate::draft::Drafter;
use crate::draft::llm::committee::Committee;
use crate::draft::llm::tokens::estimate_tokens;
use crate::draft::llm::transcript::Replay;
use crate::draft::llm::{Exchange, Purpose, Request, Role};
use crate::policy::{self, LlmPolicy, Policy};

/// Who drafts, and whom they may ask.
pub struct Chosen {
    /// The drafters, in their order.
    pub drafters: Vec<Drafter>,
    /// The models.
    pub committee: Option<Committee>,
    /// Whether every prompt and answer is kept.
    pub keep_transcripts: bool,
}

/// A drafter was asked for that needs an endpoint, and there is none.
#[derive(Debug, thiserror::Error)]
#[error("no model endpoint is configured")]
pub struct NoEndpoint;

/// Chooses by the arguments and the settings; a transcript takes the place of every endpoint.
pub fn choose(run: &RunArguments, speech: Speech) -> anyhow::Result<Chosen> {
    if let Speech::Replayed(transcript) = speech {
        return transcript.chosen(run);
    }
    let asked = run.drafter.contains(&args::Drafter::Llm);
    let is_silent = matches!(speech, Speech::Silent);
    let config = if is_silent { Some(config_or_placeholder(&run.llm)?) } else { config(&run.llm)? };
    let config = config.filter(|config| asked || config.explicit);
    if asked && config.is_none() {
        return Err(NoEndpoint.into());
    }
    let mut drafters: Vec<Drafter> = run.drafter.iter().copied().map(Drafter::from).collect();
    if drafters.is_empty() {
        drafters = vec![Drafter::Recall, Drafter::Search];
        drafters.extend(config.is_some().then_some(Drafter::Llm));
    }
    let config = config.filter(|_| drafters.contains(&Drafter::Llm) || is_silent);
    if let Some(config) = &config {
        config.check()?;
    }
    let wished = matches!(speech, Speech::Kept);
    let keep_transcripts = wished || config.as_ref().is_some_and(|config| config.keep_transcripts);
    let on_terminal = std::io::stderr().is_terminal();
    let committee = config.map(|config| Committee::new(config, on_terminal)).transpose()?;
    Ok(Chosen { drafters, committee, keep_transcripts })
}

/// How models are spoken with.
#[derive(Clone)]
pub enum Speech {
    /// They are asked.
    Live,
    /// They are asked, and every word is kept.
    Kept,
    /// Nobody is asked: what would be is shown.
    Silent,
    /// A transcript answers.
    Replayed(Transcript),
}

/// The kept calls of an earlier heal, in the place of every endpoint.
#[derive(Clone)]
pub struct Transcript {
    /// Who drafted then.
    pub drafters: Vec<Drafter>,
    /// Which model was asked for what.
    pub asked: Vec<(String, Purpose)>,
    /// The answers.
    pub replay: Arc<Replay>,
}

impl Transcript {
    /// Of these calls, oldest first.
    pub fn new(drafters: Vec<Drafter>, exchanges: Vec<Exchange>) -> Self {
        let asked = exchanges.iter().map(|exchange| (exchange.model.clone(), exchange.request.purpose)).collect();
        Transcript { drafters, asked, replay: Arc::new(Replay::new(exchanges)) }
    }

    /// The same models for the same purposes; no limit of money or tokens, for nothing is spent.
    fn chosen(self, run: &RunArguments) -> anyhow::Result<Chosen> {
        let mut config = config_or_placeholder(&run.llm)?;
        let model = |name: &str| Model {
            name: name.to_owned(),
            base_url: config.committee[0].base_url.clone(),
            api_key: None,
            price: None,
        };
        let who = |purpose: Purpose| self.asked.iter().filter(move |(_, asked)| *asked == purpose);
        let mut drafting: Vec<&str> = who(Purpose::Draft).chain(who(Purpose::Plan)).map(|(name, _)| &**name).collect();
        let mut seen = std::collections::HashSet::new();
        drafting.retain(|name| seen.insert(*name));
        let committee: Vec<Model> = drafting.into_iter().map(model).collect();
        let planner = who(Purpose::Plan).next().map(|(name, _)| model(name));
        let reviewer = who(Purpose::Review).next().map(|(name, _)| model(name));
        (config.plan, config.review) = (planner.is_some(), reviewer.is_some());
        (config.max_cost_usd, config.max_tokens) = (None, u64::MAX / 4);
        if !committee.is_empty() {
            config.committee = committee;
        }
        (config.planner, config.reviewer) = (planner, reviewer);
        let committee = Some(Committee::replaying(config, self.replay)?);
        Ok(Chosen { drafters: self.drafters, committee, keep_transcripts: false })
    }
}

/// The models of the settings, as the arguments change them.
pub fn config(arguments: &LlmArguments) -> anyhow::Result<Option<crate::config::LlmConfig>> {
    environment::llm_config_with(arguments.config.as_deref(), &overrides(arguments))
}

/// The same, with a name for nobody where there is none: for what sends nothing.
fn config_or_placeholder(arguments: &LlmArguments) -> anyhow::Result<crate::config::LlmConfig> {
    // What is wrong with an endpoint is of no interest here; what else is wrong comes up again below.
    if let Some(config) = config(arguments).ok().flatten().filter(|config| config.check().is_ok()) {
        return Ok(config);
    }
    let mut over = overrides(arguments);
    over.extend([(v::LLM_BASE_URL, "http://127.0.0.1:9/v1"), (v::LLM_MODEL, "none")]);
    let config = environment::llm_config_with(arguments.config.as_deref(), &over)?;
    config.ok_or_else(|| NoEndpoint.into())
}

fn overrides(arguments: &LlmArguments) -> Vec<(&str, &str)> {
    let model = arguments.model.as_deref().map(|model| (v::LLM_MODEL, model));
    let cost = arguments.max_cost_usd.as_deref().map(|cost| (v::LLM_MAX_COST_USD, cost));
    model.into_iter().chain(cost).collect()
}

impl From<args::Drafter> for Drafter {
    fn from(drafter: args::Drafter) -> Self {
        match drafter {
            args::Drafter::Recall => Drafter::Recall,
            args::Drafter::Search => Drafter::Search,
            args::Drafter::Llm => Drafter::Llm,
        }
    }
}

/// What the repository's own policy says of models. Of the rest of the policy the command line takes nothing: whoever
/// runs it decides.
pub fn policy_of(root: &Path, warn: impl FnOnce(String)) -> LlmPolicy {
    let file = root.join(policy::FILE);
    let Ok(text) = environment::read_settings(&file) else { return Policy::default().llm };
    match Policy::parse(&text) {
        Ok(policy) => policy.llm,
        Err(error) => {
            warn(format!("{}: {error}; no model is asked", policy::FILE));
            LlmPolicy { enabled: false, ..Policy::default().llm }
        }
    }
}

/// What would be sent, for people.
pub fn prompts_in_text(requests: &[Request]) -> String {
    requests.iter().map(prompt_in_text).collect()
}

fn prompt_in_text(request: &Request) -> String {
    let (bytes, tokens) = size(request);
    let purpose = super::view::purpose_in_words(request.purpose);
    let mut text = format!("=== {purpose}: about {tokens} tokens, {bytes} bytes ===\n");
    for message in &request.messages {
        text.push_str(&format!("--- {} ---\n{}\n", role(message.role), message.text.trim_end()));
    }
    text.push('\n');
    text
}

/// The same as one document.
pub fn prompts_in_json(requests: &[Request], packing_ms: u64) -> Value {
    let one = |request: &Request| {
        let (bytes, tokens) = size(request);
        json!({"purpose": request.purpose, "format": request.format, "tokens": tokens, "bytes": bytes,
            "max_output_tokens": request.max_output_tokens, "messages": request.messages})
    };
    let requests: Vec<Value> = requests.iter().map(one).collect();
    json!({"schema": SCHEMA, "packing_ms": packing_ms, "requests": requests})
}

fn size(request: &Request) -> (usize, u64) {
    let texts = || request.messages.iter().map(|message| message.text.as_str());
    (texts().map(str::len).sum(), texts().map(estimate_tokens).sum())
}

fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}
