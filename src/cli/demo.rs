//! `heal demo`: a bundled broken project with a real history, healed offline before your eyes.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::args::{DemoArguments, Drafter, LlmArguments, RunArguments, Sandbox};
use super::exit::ExitCode;
use super::fix::{Request, heal};
use super::models::Speech;
use super::view::{Detail, colour_of_stderr};
use crate::deliver::text;
use crate::fixture::{BUNDLED, Fixture};
use crate::forge::Destination;

/// The fault that the demo heals.
const FAULT: &str = "demo";

/// Runs the command.
pub async fn demo(arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    let colour = colour_of_stderr();
    let temporary = tempfile::Builder::new().prefix("heal-demo-").tempdir().context("can't make a temporary folder")?;
    let directory: PathBuf = match &arguments.keep {
        Some(path) => {
            std::fs::create_dir(path).with_context(|| format!("can't make the new directory {}", path.display()))?;
            path.canonicalize()?
        }
        None => temporary.path().join("shop"),
    };
    let fixture = Fixture::bundled(BUNDLED)?;
    let fault = fixture.fault(FAULT).context("the bundled project lacks its fault")?;
    let commits = fixture.build(Some(fault), &directory)?;
    eprintln!("{}", colour.bold("A small shop, written in Python, with a history of its own:"));
    for commit in &commits {
        eprintln!("  {}", colour.dim(commit));
    }
    eprintln!("The last commit broke the build. Its tests: {}\n", colour.bold(&fixture.model.test));
    let run = run_arguments();
    let request = Request {
        path: &directory,
        test: Some(&fixture.model.test),
        run: &run,
        environment: &[],
        destination: if arguments.keep.is_some() {
            Destination::Branch("heal/demo".to_owned())
        } else {
            Destination::Show
        },
        detail: Detail::Everything,
        speech: Speech::Live,
    };
    let done = heal(&request).await?;
    eprintln!("\n{}", text::report(&done.report, colour));
    next_step(arguments.keep.as_deref());
    Ok(done.report.outcome.into())
}

fn run_arguments() -> RunArguments {
    RunArguments {
        budget: std::time::Duration::from_secs(60),
        attempts: 3,
        test_timeout: None,
        sandbox: Sandbox::Auto,
        drafter: vec![Drafter::Search],
        llm: LlmArguments::default(),
    }
}

fn next_step(kept: Option<&Path>) {
    match kept {
        Some(path) => eprintln!("See the patch: git -C {} show heal/demo", path.display()),
        None => eprintln!("Now on your own project: heal fix path/to/repository"),
    }
}
