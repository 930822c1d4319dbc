//! One heal's conversation with the models: plan, drafts, corrections, rounds, review, within the heal's limits.
//!
//! In: a [`Committee`], a case that grows from round to round, a [`Keeper`] that books and keeps. Out: drafts that
//! fit, parse and differ; a review; [`LlmStats`]. How one answer becomes one draft is the matter of `drafting`.
//!
//! Order within a call: its most is reserved with the [`Meter`], the keeper is told (so that a killed process can't
//! spend twice), the call is made, its real cost is booked, the exchange is kept. A session never fails for a model's
//! sake: whatever ends it is an [`Ended`] with one clear sentence, and what was found until then stays.

use std::collections::HashSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::asking::{Asked, Stop};
use super::committee::{Committee, Member};
use super::context::{NearMiss, Packed};
use super::exchange::{AnswerFormat, Exchange, Purpose, Request};
use super::habits::Habit;
use super::meter::{Limits, Meter, Overrun, Spent};
use super::prompt::{Fence, PromptError, Proven};
use super::reply;
use super::review::{self, Review};
use super::stats::LlmStats;
use super::turn::Turn;
use crate::draft::{Case, Draft};
use crate::patch::Patch;
use crate::patch::edit::{Change, EditBlock};
use crate::store::StoreError;
use crate::testbed::Testbed;

/// The longest plan that is handed on, in characters.
const PLAN_CHARS: usize = 4_000;

/// How often a prompt that the model finds too long is packed smaller.
const REPACKS: u32 = 2;

/// Books what is spent and keeps what is said.
pub trait Keeper: Sync {
    /// A call is about to be made; [`Meter::most`] is all that the heal will have spent if it costs the most.
    fn reserved(&self, meter: &Meter) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A call has ended; [`Meter::most`] is what is spent, and set aside for calls that have not ended.
    fn settled(&self, exchange: &Exchange, meter: &Meter) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// How the forms of answers did with this model so far.
    fn habits(&self, member: &Member) -> impl Future<Output = Result<Vec<Habit>, StoreError>> + Send;

    /// The endpoint refuses a form of answers for this model.
    fn refused(&self, member: &Member, format: AnswerFormat) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// An answer in a form was read.
    fn measured(
        &self,
        member: &Member,
        format: AnswerFormat,
        well_formed: bool,
        applied: bool,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What a session tells while it works.
#[derive(Clone, Debug)]
pub enum Told {
    /// A model is asked.
    Asking {
        /// The model.
        model: String,
        /// What for.
        purpose: Purpose,
        /// The estimated size of the prompt, in tokens.
        tokens: u64,
    },
    /// An answer grows; bytes so far.
    Received(usize),
    /// A remark for people.
    Note(String),
}

/// A listener.
pub type OnTold<'a> = dyn Fn(Told) + Send + Sync + 'a;

/// Why there are no (more) drafts.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// A limit.
    #[error(transparent)]
    Overrun(#[from] Overrun),
    /// No model answered.
    #[error("{0}")]
    Unanswered(String),
    /// What came can't be used: nothing, or no sense; another question may fare better.
    #[error("{0}")]
    Unusable(String),
    /// The models declined.
    #[error("the model declined: {0}")]
    Refused(String),
    /// A model says that no change of the code is right.
    #[error("the model sees no fix in the code: {0}")]
    GaveUp(String),
    /// Only drafts that fell before came again.
    #[error("the model drafts nothing new")]
    Repeated,
    /// No answer could be used.
    #[error("no answer of the model could be used")]
    Nothing,
    /// The templates can't be filled in.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// What is spent can't be booked: then nothing more is spent.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a session stands on.
pub struct Ground<'a> {
    /// Who is asked.
    pub committee: &'a Committee,
    /// Where drafts are parsed by the language's own tools.
    /// `None` where nothing can be run: then the syntax tree alone is asked.
    pub testbed: Option<&'a Testbed>,
    /// Which files' text may be sent.
    pub may_send: &'a (dyn Fn(&Path) -> bool + Sync),
    /// Advice of a person, for the models; untrusted.
    pub hint: Option<&'a str>,
    /// The place of work, where there are few; it is given up while a model thinks.
    pub turn: Option<&'a Turn>,
    /// Who is told.
    pub on_told: &'a OnTold<'a>,
    /// When everything must have ended.
    pub deadline: Instant,
}

/// One heal's conversation.
pub struct Session<'a, K: Keeper> {
    pub(super) ground: Ground<'a>,
    pub(super) keeper: &'a K,
    pub(super) meter: Meter,
    pub(super) plan: Option<String>,
    /// The tracked files whose text may be sent.
    pub(super) known: OnceLock<Vec<PathBuf>>,
    /// Whether an endpoint could not be had: nobody is asked about a patch then.
    pub(super) is_dead: AtomicBool,
    seen: HashSet<u64>,
    pub(super) context_tokens: usize,
    stats: Mutex<LlmStats>,
}

impl<'a, K: Keeper> Session<'a, K> {
    /// A conversation of a heal that has spent `before`, with a limit of money where the policy is stricter than
    /// the settings.
    pub fn new(ground: Ground<'a>, keeper: &'a K, before: Spent, max_cost_usd: Option<f64>) -> Self {
        let config = &ground.committee.config;
        let cost_usd = match (config.max_cost_usd, max_cost_usd) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let time = Duration::from_secs(config.max_seconds);
        let meter = Meter::new(Limits { tokens: config.max_tokens, cost_usd, time }, before);
        let context_tokens = config.context_tokens as usize;
        let (plan, seen, stats) = (None, HashSet::new(), Mutex::default());
        let (known, is_dead) = (OnceLock::new(), AtomicBool::new(false));
        Session { ground, keeper, meter, plan, known, is_dead, seen, context_tokens, stats }
    }

    /// What it came to so far.
    pub fn stats(&self) -> LlmStats {
        let mut stats = self.figures().clone();
        stats.spent = self.meter.spent();
        stats
    }

    /// How many rounds were held.
    pub fn rounds(&self) -> u32 {
        self.figures().rounds
    }

    /// Remembers a remark for the report, and tells it.
    pub fn note(&self, text: impl Into<String>) {
        let text = text.into();
        (self.ground.on_told)(Told::Note(text.clone()));
        let mut stats = self.figures();
        if !stats.notes.contains(&text) {
            stats.notes.push(text);
        }
    }

    /// Remembers a remark that quotes a model: the report has it, a log does not.
    pub fn note_quoted(&self, told: &str, quoted: String) {
        (self.ground.on_told)(Told::Note(told.to_owned()));
        self.figures().notes.push(quoted);
    }

    /// Remembers why somebody's asking has ended.
    pub fn note_end(&self, ended: &Ended) {
        match ended {
            Ended::Refused(_) => self.note_quoted("the model declined", ended.to_string()),
            Ended::GaveUp(_) => self.note_quoted("the model sees no fix in the code", ended.to_string()),
            Ended::Unusable(_) => self.note_quoted("the model's answer is of no use", ended.to_string()),
            other => self.note(other.to_string()),
        }
    }

    pub(super) fn figures(&self) -> MutexGuard<'_, LlmStats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What would be sent first, without sending it: the plan where one is asked for, and the draft.
    pub fn preview(&self, case: &Case<'_>) -> Result<Vec<Request>, Ended> {
        let packed = self.pack(case, &[]);
        let committee = self.ground.committee;
        let format = committee.first_format(&committee.members[0]);
        let mut requests = Vec::new();
        if committee.config.plan {
            requests.push(self.plan_request(&packed, case, &Fence::random())?);
        }
        requests.push(self.draft_request(&packed, case, format, &Fence::random())?);
        Ok(requests)
    }

    /// One round: a plan the first time, then a draft of every member and sample.
    pub async fn round(&mut self, case: &Case<'_>, near_misses: &[NearMiss]) -> Result<Vec<Draft>, Ended> {
        let is_first = self.figures().rounds == 0;
        self.figures().rounds += 1;
        let mut drafts = Vec::new();
        for repack in 0..=REPACKS {
            let packed = self.pack(case, near_misses);
            match self.drafts_from(case, &packed, is_first).await {
                Err(Stop::TooLong(limit)) if repack < REPACKS => self.shrink(limit, &packed),
                Err(Stop::TooLong(_)) => {
                    return Err(Ended::Unanswered("the failure does not fit into the model's context".to_owned()));
                }
                Err(Stop::Ended(ended)) => return Err(ended),
                Ok(found) => {
                    drafts = found;
                    break;
                }
            }
        }
        let drafted = drafts.len();
        drafts.retain(|draft| self.is_new(case, draft));
        self.figures().drafts += drafts.len() as u32;
        match (drafts.is_empty(), drafted) {
            (false, _) => Ok(drafts),
            (true, 0) => Err(Ended::Nothing),
            (true, _) => Err(Ended::Repeated),
        }
    }

    /// Half of what was sent, or what the model says it takes, less room for the rest of the prompt.
    fn shrink(&mut self, limit: Option<u64>, packed: &Packed) {
        let half = packed.tokens / 2;
        let by_limit =
            limit.filter(|limit| *limit > 0).map_or(half, |limit| (limit as usize / 2).min(packed.tokens * 3 / 4));
        self.context_tokens = by_limit.max(256);
        self.note(format!("the prompt was too long for the model; it is packed into {} tokens", self.context_tokens));
    }

    async fn drafts_from(&mut self, case: &Case<'_>, packed: &Packed, is_first: bool) -> Result<Vec<Draft>, Stop> {
        let committee = self.ground.committee;
        if is_first && committee.config.plan && self.plan.is_none() {
            let early = self.make_plan(case, packed).await?;
            if !early.is_empty() {
                return Ok(early);
            }
        }
        let samples = (0..committee.config.samples).flat_map(|_| &committee.members);
        let drafting = samples.map(|member| self.draft_of(member, case, packed));
        let all = futures_util::future::join_all(drafting).await;
        let mut drafts = Vec::new();
        let mut stop = None;
        for one in all {
            match one {
                Ok(draft) => drafts.extend(draft),
                Err(error) => {
                    stop = Some(match stop {
                        Some(known) => Stop::or(known, error),
                        None => error,
                    });
                }
            }
        }
        match stop {
            Some(Stop::Ended(Ended::Store(error))) => Err(Ended::Store(error).into()),
            Some(stop) if drafts.is_empty() => Err(stop),
            Some(Stop::Ended(ended)) => {
                self.note_end(&ended);
                Ok(drafts)
            }
            _ => Ok(drafts),
        }
    }

    /// Asks for a plan; a model that answers with edits right away has drafted.
    async fn make_plan(&mut self, case: &Case<'_>, packed: &Packed) -> Result<Vec<Draft>, Stop> {
        let committee = self.ground.committee;
        let planner = &committee.planner;
        let fence = Fence::random();
        let request = self.plan_request(packed, case, &fence)?;
        let answer = match self.ask(planner, &request).await {
            Ok(answer) => answer,
            // A draft can do without a plan; what ends asking altogether shows at the draft's call, too.
            Err(Stop::Ended(ended @ Ended::Unusable(_))) => {
                self.note_end(&ended);
                return Ok(Vec::new());
            }
            Err(Stop::Ended(ended @ Ended::Unanswered(_))) if !committee.is_only_voice(planner) => {
                self.note_end(&ended);
                return Ok(Vec::new());
            }
            Err(stop) => return Err(stop),
        };
        let reply = reply::read(&answer.text);
        let is_edit = |block: &EditBlock| matches!(block.change, Change::Replace { .. });
        let placed = || self.place(&reply, case, packed);
        // A whole function in a plan is a draft only where it changes something: plans quote.
        if reply.blocks.iter().any(is_edit) || (reply.blocks.len() == 1 && !placed().edits.is_empty()) {
            let asked = Asked { request, fence };
            return Ok(self.draft_from(planner, case, packed, asked, answer).await?.into_iter().collect());
        }
        self.plan = Some(answer.text.chars().take(PLAN_CHARS).collect());
        Ok(Vec::new())
    }

    /// A model's reading of a proven patch; `None` where none is wanted or none could be had.
    pub async fn review(&mut self, case: &Case<'_>, patch: &Patch, proof: &str) -> Result<Option<Review>, Ended> {
        let committee = self.ground.committee;
        if !committee.config.review || self.is_dead.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if !patch.files.keys().all(|file| (self.ground.may_send)(file)) {
            self.note("no model reads the patch: it changes a file whose text may not be sent");
            return Ok(None);
        }
        let diff = &patch.diff();
        let packed = self.pack(case, &[]);
        let proven = Proven { patch: diff, diagnosis: &case.diagnosis.reason, verdict: proof };
        let ask = self.words(case, AnswerFormat::Text, &Fence::random());
        let request = Request {
            purpose: Purpose::Review,
            messages: committee.prompts.review(&packed, &ask, &proven)?,
            format: AnswerFormat::Text,
            max_output_tokens: committee.config.max_output_tokens,
            temperature: committee.config.temperature,
        };
        match self.ask(&committee.reviewer, &request).await {
            Ok(answer) => {
                let review = review::read(&committee.reviewer.model, &answer.text);
                if review.is_none() {
                    self.note("the reviewing model gave no verdict that can be read");
                }
                Ok(review)
            }
            Err(Stop::Ended(Ended::Store(error))) => Err(error.into()),
            Err(stop) => {
                self.note(format!("the patch was not read by a model: {}", stop.into_ended()));
                Ok(None)
            }
        }
    }

    /// The diagnosis in a model's words, for people; foreign text.
    pub async fn explain(&self, case: &Case<'_>) -> Result<String, Ended> {
        let committee = self.ground.committee;
        let ask = self.words(case, AnswerFormat::Text, &Fence::random());
        let request = Request {
            purpose: Purpose::Explain,
            messages: committee.prompts.explain(&self.pack(case, &[]), &ask)?,
            format: AnswerFormat::Text,
            max_output_tokens: committee.config.max_output_tokens,
            temperature: committee.config.temperature,
        };
        Ok(self.ask(&committee.planner, &request).await.map_err(Stop::into_ended)?.text)
    }

    /// Whether no draft before came to the same syntax trees.
    fn is_new(&mut self, case: &Case<'_>, draft: &Draft) -> bool {
        let Some(hash) = super::drafting::tree_of(case, draft) else { return true };
        let is_new = self.seen.insert(hash);
        if !is_new {
            self.figures().duplicates += 1;
        }
        is_new
    }
}
