//! Plays a case of answers: the session that a heal holds with its models, with a script in the model's place.
//!
//! In: an [`AnswerCase`], a testbed on its files. Out: the texts that would go on to verification, and which of them
//! the language's own parser refuses. No endpoint is asked and nothing is kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::answer_case::AnswerCase;
use crate::code::Line;
use crate::config::{LlmConfig, Outside, llm, variables as v};
use crate::diagnosis::{Class, Diagnosis, Environment, Location};
use crate::draft::Case;
use crate::draft::llm::committee::{Committee, Member};
use crate::draft::llm::habits::Habit;
use crate::draft::llm::meter::{Meter, Spent};
use crate::draft::llm::session::{Ended, Ground, Keeper, Session, Told};
use crate::draft::llm::stats::LlmStats;
use crate::draft::llm::transcript::Replay;
use crate::draft::llm::{Answer, AnswerFormat, Exchange, Purpose, Request, Usage};
use crate::evidence::Evidence;
use crate::patch::{self, Guard, Patch, PatchError};
use crate::policy::Policy;
use crate::store::StoreError;
use crate::testbed::Testbed;
use crate::testbed::run::TestRun;

/// The name of the model that the script stands for.
const MODEL: &str = "script";

/// The time for one conversation; it is over in a fraction of it, for nobody is asked.
const TIME: Duration = Duration::from_secs(120);

/// What came of a conversation.
pub struct Played {
    /// The patches that would go on to verification.
    pub patches: Vec<Patch>,
    /// Why there is none, where there is none.
    pub ended: Option<String>,
    /// How often answers were sent back, mended, and so on.
    pub stats: LlmStats,
}

/// Keeps nothing.
pub struct Forgetful;

impl Keeper for Forgetful {
    async fn reserved(&self, _: &Meter) -> Result<(), StoreError> {
        Ok(())
    }

    async fn settled(&self, _: &Exchange, _: &Meter) -> Result<(), StoreError> {
        Ok(())
    }

    async fn habits(&self, _: &Member) -> Result<Vec<Habit>, StoreError> {
        Ok(Vec::new())
    }

    async fn refused(&self, _: &Member, _: AnswerFormat) -> Result<(), StoreError> {
        Ok(())
    }

    async fn measured(&self, _: &Member, _: AnswerFormat, _: bool, _: bool) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Plays a case, with the checks of syntax or without them.
pub async fn play(case: &AnswerCase, testbed: &Testbed, checks: bool) -> anyhow::Result<Played> {
    let committee = Committee::replaying(config(checks)?, Arc::new(Replay::new(script(&case.answers))))?;
    let (evidence, diagnosis) = failure(case);
    let files = case.files.clone();
    let read = move |path: &Path| files.get(path).cloned();
    let tracked: Vec<PathBuf> = case.files.keys().cloned().collect();
    let policy = Policy::default();
    let question = Case {
        root: testbed.root(),
        evidence: &evidence,
        diagnosis: &diagnosis,
        read: &read,
        guard: Guard { policy: &policy, class: diagnosis.class },
        tracked: &tracked,
        earlier: &[],
        past_fixes: &[],
    };
    let ground = Ground {
        committee: &committee,
        testbed: Some(testbed),
        may_send: &|_| true,
        hint: None,
        turn: None,
        on_told: &|_: Told| {},
        deadline: Instant::now() + TIME,
    };
    let mut session = Session::new(ground, &Forgetful, Spent::default(), None);
    let (drafts, ended) = match session.round(&question, &[]).await {
        Ok(drafts) => (drafts, None),
        Err(Ended::Store(error)) => return Err(error.into()),
        Err(Ended::Prompt(error)) => return Err(error.into()),
        Err(ended) => (Vec::new(), Some(ended.to_string())),
    };
    let mut patches = Vec::new();
    for draft in drafts {
        match patch::apply_unparsed(&draft.edits, &|path| (question.read)(path)) {
            Ok(patch) => patches.push(patch),
            // Verification ends at once: nothing would change.
            Err(PatchError::Empty) => {}
            Err(error) => return Err(error).context("a draft that can't be applied"),
        }
    }
    Ok(Played { patches, ended, stats: session.stats() })
}

/// Whether the language's own parser refuses a patch: `python3` compiles Python, `node` checks JavaScript; TypeScript,
/// for which the files of a case bring no compiler, is asked of its syntax tree.
pub async fn is_invalid(patch: &Patch, testbed: &Testbed) -> anyhow::Result<bool> {
    let is_typescript = |file: &Path| matches!(file.extension().and_then(|end| end.to_str()), Some("ts" | "tsx"));
    for (file, changed) in patch.files.iter().filter(|(file, _)| is_typescript(file)) {
        if patch::first_fault(file, &changed.before, &changed.after).is_some() {
            return Ok(true);
        }
    }
    let mut others = patch.after();
    others.retain(|file, _| !is_typescript(file));
    let checked = testbed.check_syntax(&others).await?;
    if let Some(said) = checked.said.iter().find(|said| said.starts_with("no answer")) {
        bail!("the patches can't be judged: {said}");
    }
    Ok(!checked.faults.is_empty())
}

/// All files of a case with a patch in them.
pub fn texts_after(case: &AnswerCase, patch: &Patch) -> BTreeMap<PathBuf, String> {
    let mut texts = case.files.clone();
    texts.extend(patch.files.iter().map(|(file, changed)| (file.clone(), changed.after.clone())));
    texts
}

/// One model, no limit of tokens or money, and no word of the environment: the figures are the same everywhere.
fn config(checks: bool) -> anyhow::Result<LlmConfig> {
    let variable = |name: &str| match name {
        v::LLM_BASE_URL => Some("http://127.0.0.1:9/v1".to_owned()),
        v::LLM_MODEL => Some(MODEL.to_owned()),
        _ => None,
    };
    let read = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    let outside = Outside { variable: &variable, read: &read, data_dir: PathBuf::new() };
    let mut config = llm::load(None, &outside)?.context("a model is named above")?;
    (config.plan, config.review, config.samples, config.syntax_checks) = (false, false, 1, checks);
    (config.max_cost_usd, config.max_tokens) = (None, u64::MAX / 4);
    Ok(config)
}

/// The draft and the corrections of it.
fn script(answers: &[String]) -> Vec<Exchange> {
    let said = |(index, text): (usize, &String)| {
        let purpose = if index == 0 { Purpose::Draft } else { Purpose::Correction };
        let (messages, format) = (Vec::new(), AnswerFormat::Text);
        Exchange {
            model: MODEL.to_owned(),
            request: Request { purpose, messages, format, max_output_tokens: 0, temperature: None },
            outcome: Ok(Answer { text: text.clone(), cut: false, usage: Usage::default() }),
            used: Usage::default(),
            cost_usd: 0.0,
            elapsed_ms: 0,
        }
    };
    answers.iter().enumerate().map(said).collect()
}

/// A failure of which this machine has seen nothing; every file is a place that may be at fault.
fn failure(case: &AnswerCase) -> (Evidence, Diagnosis) {
    let place = |file: &PathBuf| Location { file: file.clone(), line: Line(1), symbol: None, score: 1.0 };
    let log = "the tests failed".to_owned();
    let diagnosis = Diagnosis {
        class: Class::Code,
        confidence: 1.0,
        reason: log.clone(),
        tool: None,
        job: None,
        step: None,
        command: None,
        exit_code: Some(1),
        failures: Vec::new(),
        key_lines: None,
        fingerprint: case.name.clone(),
        suspects: Vec::new(),
        locations: case.files.keys().map(place).collect(),
        environment: Environment::default(),
        evidence: Vec::new(),
        excerpt: Vec::new(),
    };
    let run = TestRun::unseen(1, log);
    (Evidence { run, failures: Vec::new(), coverage: Vec::new(), commits: Vec::new() }, diagnosis)
}
