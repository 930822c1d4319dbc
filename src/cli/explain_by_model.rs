//! `heal explain --llm`: a diagnosis in a model's words.
//!
//! In: a diagnosis, its log's key lines, the repository where one is named. Out: the model's text, without what could
//! steer a terminal. What is sent is what a draft would be sent: redacted, fenced, within the settings' limits.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::answer_run::Forgetful;
use super::args::LlmArguments;
use super::models::{self, NoEndpoint};
use crate::deliver::text::printable;
use crate::diagnosis::Diagnosis;
use crate::draft::llm::committee::Committee;
use crate::draft::llm::meter::Spent;
use crate::draft::llm::session::{Ground, Session, Told};
use crate::draft::{Case, ReadFile};
use crate::evidence::Evidence;
use crate::patch::Guard;
use crate::policy::Policy;
use crate::testbed::run::TestRun;

/// Files that a model may be shown.
pub struct Shown<'a> {
    /// The repository's root, or the current directory.
    pub root: &'a Path,
    /// Reads a file by its path relative to the root.
    pub read: &'a ReadFile,
    /// Every file under version control.
    pub tracked: &'a [PathBuf],
}

/// Asks.
pub async fn explain(arguments: &LlmArguments, found: &Diagnosis, shown: Shown<'_>) -> anyhow::Result<String> {
    let config = models::config(arguments)?.ok_or(NoEndpoint)?;
    config.check()?;
    let time = Duration::from_secs(config.max_seconds);
    let committee = Committee::new(config, false)?;
    let llm = models::policy_of(shown.root, |warning| eprintln!("warning: {warning}"));
    anyhow::ensure!(llm.enabled, "the repository's policy forbids models (llm.enabled in .github/heal.toml)");
    let policy = Policy { llm, ..Policy::default() };
    let excerpt: Vec<&str> = found.excerpt.iter().map(|quote| quote.text.as_str()).collect();
    let run = TestRun::unseen(found.exit_code.unwrap_or(1), excerpt.join("\n"));
    let evidence = Evidence { run, failures: found.failures.clone(), coverage: Vec::new(), commits: Vec::new() };
    let case = Case {
        root: shown.root,
        evidence: &evidence,
        diagnosis: found,
        read: shown.read,
        guard: Guard { policy: &policy, class: found.class },
        tracked: shown.tracked,
        earlier: &[],
        past_fixes: &[],
    };
    let may_send = |file: &Path| policy.may_send(file) && committee.config.may_send(file);
    let on_told = |told| {
        if let Told::Note(note) = told {
            eprintln!("{}", printable(&note));
        }
    };
    let deadline = Instant::now() + time;
    let ground = Ground {
        committee: &committee,
        testbed: None,
        may_send: &may_send,
        hint: None,
        turn: None,
        on_told: &on_told,
        deadline,
    };
    let session = Session::new(ground, &Forgetful, Spent::default(), policy.llm.max_cost_usd);
    let text = session.explain(&case).await.context("no explanation")?;
    Ok(text.lines().map(printable).collect::<Vec<_>>().join("\n"))
}
