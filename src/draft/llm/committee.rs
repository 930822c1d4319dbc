//! Who may be asked: the models of the settings behind their endpoints, or the transcript of an earlier heal.
//!
//! In: the settings. Out: a [`Committee`], made once per process and shared by all heals, so that what is learned of
//! an endpoint (that it is down, which form of answers it knows) is learned once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;

use super::client::{Endpoint, EndpointSettings, Fault, MayRepeat, ModelError, OnText, Terms};
use super::exchange::{Answer, AnswerFormat, Request, Usage};
use super::prompt::{PromptError, Prompts};
use super::reply;
use super::transcript::{Replay, ReplayError};
use crate::config::llm::{EditFormat, LlmConfig, Model, Price};

/// The models that may be asked.
#[derive(Debug)]
pub struct Committee {
    /// The limits and switches.
    pub config: LlmConfig,
    /// The messages.
    pub prompts: Prompts,
    /// Who drafts; never empty.
    pub members: Vec<Member>,
    /// Who plans.
    pub planner: Member,
    /// Who reads proven patches.
    pub reviewer: Member,
}

/// One model and how it is reached.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub model: String,
    /// The address of its endpoint; under it and the name its habits are remembered.
    pub base_url: String,
    /// What it costs, where that is known.
    pub price: Option<Price>,
    voice: Voice,
}

#[derive(Clone, Debug)]
enum Voice {
    Endpoint(Arc<Endpoint>),
    Replay(Arc<Replay>),
}

/// Why there is no committee.
#[derive(Debug, thiserror::Error)]
pub enum CommitteeError {
    /// An endpoint can't be used at all.
    #[error(transparent)]
    Endpoint(#[from] ModelError),
    /// The templates can't be used.
    #[error(transparent)]
    Prompts(#[from] PromptError),
}

/// Why a model gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The endpoint failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The transcript has no such answer.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

impl Unanswered {
    /// What the failed call cost.
    pub fn charged(&self) -> Usage {
        match self {
            Unanswered::Model(error) => error.charged(),
            Unanswered::Replay(_) => Usage::default(),
        }
    }

    /// Whether asking this endpoint again is in vain: it can't be reached, or wants something else. What a model
    /// failed to say once it may say to another question.
    pub fn ends_asking(&self) -> bool {
        let Unanswered::Model(error) = self else { return true };
        !matches!(
            error.fault,
            Fault::Empty
                | Fault::Malformed { .. }
                | Fault::Refused { .. }
                | Fault::ContentFilter
                | Fault::CutStream
                | Fault::TimedOut { .. }
        )
    }

    /// The longest prompt that the model takes, in tokens, where this is what was wrong; 0 where it did not say.
    pub fn is_too_long(&self) -> Option<u64> {
        match self {
            Unanswered::Model(ModelError { fault: Fault::ContextTooLong { limit }, .. }) => Some(limit.unwrap_or(0)),
            _ => None,
        }
    }
}

impl Committee {
    /// The models of the settings. `on_terminal` says whether somebody watches, who sees streamed answers grow.
    pub fn new(config: LlmConfig, on_terminal: bool) -> Result<Self, CommitteeError> {
        let mut endpoints: BTreeMap<(String, Option<String>), Arc<Endpoint>> = BTreeMap::new();
        let stream = config.stream.unwrap_or(on_terminal);
        let mut voice = |model: &Model| -> Result<Voice, CommitteeError> {
            // A key goes to nobody but the models that it was given for.
            let key = model.api_key.as_ref().map(|key| key.expose_secret().to_owned());
            let place = (model.base_url.clone(), key);
            if let Some(known) = endpoints.get(&place) {
                return Ok(Voice::Endpoint(Arc::clone(known)));
            }
            let settings = EndpointSettings {
                timeout: Duration::from_secs(config.timeout_seconds),
                concurrency: config.concurrency,
                stream,
                ..EndpointSettings::new(&model.base_url, model.api_key.clone())
            };
            let endpoint = Arc::new(Endpoint::new(settings)?);
            endpoints.insert(place, Arc::clone(&endpoint));
            Ok(Voice::Endpoint(endpoint))
        };
        Self::assemble(&config, &mut voice)
    }

    /// A committee that speaks from a transcript; no endpoint is ever reached.
    pub fn replaying(config: LlmConfig, replay: Arc<Replay>) -> Result<Self, CommitteeError> {
        Self::assemble(&config, &mut |_| Ok(Voice::Replay(Arc::clone(&replay))))
    }

    fn assemble(
        config: &LlmConfig,
        voice: &mut dyn FnMut(&Model) -> Result<Voice, CommitteeError>,
    ) -> Result<Self, CommitteeError> {
        let mut member = |model: &Model| -> Result<Member, CommitteeError> {
            let voice = voice(model)?;
            Ok(Member { model: model.name.clone(), base_url: model.base_url.clone(), price: model.price, voice })
        };
        let members = config.committee.iter().map(&mut member).collect::<Result<Vec<_>, _>>()?;
        let mut other = |model: &Option<Model>| match model {
            Some(model) => member(model),
            None => Ok(members[0].clone()),
        };
        let (planner, reviewer) = (other(&config.planner)?, other(&config.reviewer)?);
        let prompts = match &config.prompts {
            Some(folder) => Prompts::with_folder(folder)?,
            None => Prompts::builtin()?,
        };
        Ok(Committee { config: config.clone(), prompts, members, planner, reviewer })
    }

    /// Asks a model; no limit but time is looked at here. `may_repeat` is asked before a failed call is made again.
    pub async fn ask(
        &self,
        member: &Member,
        request: &Request,
        deadline: Instant,
        on_text: &OnText<'_>,
        may_repeat: &MayRepeat<'_>,
    ) -> Result<Answer, Unanswered> {
        match &member.voice {
            Voice::Replay(replay) => Ok(replay.answer(&member.model, request)?),
            Voice::Endpoint(endpoint) => {
                let schema = (request.format == AnswerFormat::Json).then(reply::schema);
                let terms = Terms {
                    schema: schema.as_ref(),
                    deadline: Some(deadline.into()),
                    on_text: Some(on_text),
                    on_retry: None,
                    may_repeat: Some(may_repeat),
                };
                Ok(endpoint.ask(&member.model, request, &terms).await?)
            }
        }
    }

    /// Whether nobody else drafts.
    pub fn is_only_voice(&self, member: &Member) -> bool {
        self.members.iter().all(|other| other.model == member.model && other.base_url == member.base_url)
    }

    /// The form of answers that is asked of a member, where nothing was measured yet.
    pub fn first_format(&self, member: &Member) -> AnswerFormat {
        match self.config.format {
            Some(EditFormat::Json) => AnswerFormat::Json,
            Some(EditFormat::SearchReplace) => AnswerFormat::SearchReplace,
            Some(EditFormat::Definition) => AnswerFormat::Definition,
            None if self.knows_json(member) => AnswerFormat::Json,
            None => AnswerFormat::SearchReplace,
        }
    }

    /// Whether the endpoint has not yet refused structured answers of this model.
    pub fn knows_json(&self, member: &Member) -> bool {
        match &member.voice {
            Voice::Endpoint(endpoint) => endpoint.accepts_json(&member.model),
            Voice::Replay(_) => true,
        }
    }
}
