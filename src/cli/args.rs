//! The arguments: what clap parses and `--help` teaches.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "Exit codes:\n  0  healed: a verified patch exists\n  1  not healed\n  \
    2  wrong usage or configuration\n  3  nothing is failing\n  4  the failure is not one of the code (flaky, \
    infrastructure, a missing tool)";

/// Repairs failing builds: finds out why the tests fail, drafts the smallest fix, proves it by
/// running the tests, and shows it.
#[derive(Debug, Parser)]
#[command(name = "heal", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Heal a repository on this machine.
    ///
    /// Runs the test command in a sandbox, finds the fault, tries small edits against a warm test
    /// process, and proves the best one with the real command. Without --apply or --branch the
    /// work tree stays as it is.
    #[command(after_help = EXIT_CODES)]
    Fix(FixArguments),
    /// Explain a log: what failed, where, and what kind of failure it is.
    Explain(ExplainArguments),
    /// Heal a bundled broken project, offline, showing every step.
    Demo(DemoArguments),
    /// Check this machine: sandbox, interpreters, directories.
    Doctor(DoctorArguments),
    /// Run the GitHub App: webhooks, worker, health and metrics.
    ///
    /// Settings come from a file (--config) and from the environment, which wins: HEAL_LISTEN,
    /// HEAL_DATABASE_URL, HEAL_DATA_DIR, HEAL_GITHUB_API_URL, HEAL_GITHUB_APP_ID,
    /// HEAL_GITHUB_PRIVATE_KEY_PATH, HEAL_GITHUB_WEBHOOK_SECRET. docs/configuration.md lists them all;
    /// `heal doctor --app` says what is missing. HEAL_DISABLED=1 keeps deliveries and acts on nothing.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArguments),
    /// Run a worker alone, beside `heal serve` on the same PostgreSQL database.
    Worker(ServeArguments),
    /// Check or print the audit chain of everything that heal did.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Run a heal again from its transcript, offline, on a copy of the files of then.
    ///
    /// The repository stays as it is. Only heals of `heal fix --keep-transcripts` can be run again.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(ReplayArguments),
    /// Run `heal fix` over a folder of cases and report rates, ranks and speed.
    ///
    /// Folders of labelled logs measure `heal explain`; folders of models' answers measure how sloppy edits are
    /// applied and what the checks of syntax are worth, without a model.
    Eval(EvalArguments),
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff).
    Man,
}

const SERVE_EXAMPLES: &str = "Example:\n  HEAL_GITHUB_APP_ID=12345 HEAL_GITHUB_PRIVATE_KEY_PATH=heal.pem \\\n  \
    HEAL_GITHUB_WEBHOOK_SECRET=… heal serve --config heal.toml\n\nRoutes:\n  POST /webhooks/github   what GitHub sends\n  \
    GET  /healthz           the process is up\n  GET  /readyz            the store answers and the worker turns\n  \
    GET  /metrics           Prometheus";

const REPLAY_EXAMPLES: &str = "Example:\n  heal fix --keep-transcripts\n  heal replay 3f9a --json";

#[derive(Debug, Clone, Args)]
pub(super) struct ReplayArguments {
    /// The heal: its id, or the beginning of it, four characters or more.
    pub id: String,
    /// A clone of the repository [default: where it was healed].
    #[arg(long, value_name = "PATH")]
    pub repo: Option<PathBuf>,
    /// Print one JSON document on stdout.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ServeArguments {
    /// The server's settings [default: the environment alone].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum AuditCommand {
    /// Prove that no row of the chain was changed, removed or added: exit code 0 when it is intact, else 1.
    Verify {
        /// The database [default: HEAL_DATABASE_URL, else the state directory's].
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// Print one JSON document on stdout.
        #[arg(long)]
        json: bool,
    },
    /// Print the chain as JSON lines, oldest first.
    Export {
        /// The database [default: HEAL_DATABASE_URL, else the state directory's].
        #[arg(long, value_name = "URL")]
        database: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Sandbox {
    /// The best isolation that this machine offers; which one is said.
    Auto,
    /// Namespaces, or refuse to run anything.
    Required,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Drafter {
    /// The embedded search engine; no key, no network.
    Search,
    /// A language model behind an OpenAI-compatible endpoint (HEAL_LLM_BASE_URL, HEAL_LLM_API_KEY, HEAL_LLM_MODEL).
    Llm,
    /// Fixes of earlier, similar failures of this repository.
    Recall,
}

/// How tests are run.
#[derive(Debug, Clone, Args)]
pub(super) struct RunArguments {
    /// All the time a heal may take, e.g. 90s, 2m.
    #[arg(long, default_value = "2m", value_parser = duration, value_name = "TIME")]
    pub budget: Duration,
    /// How many patches may be put to the test, 1 to 10.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10), value_name = "N")]
    pub attempts: u32,
    /// The limit of one run of the tests [default: five minutes, at most the budget].
    #[arg(long, value_parser = duration, value_name = "TIME")]
    pub test_timeout: Option<Duration>,
    /// How much isolation must be had.
    #[arg(long, value_enum, default_value_t = Sandbox::Auto)]
    pub sandbox: Sandbox,
    /// Drafters to ask, separated by commas [default: recall and search, and llm when an endpoint is configured].
    #[arg(long, value_enum, value_delimiter = ',')]
    pub drafter: Vec<Drafter>,
    #[command(flatten)]
    pub llm: LlmArguments,
}

/// Which language model is asked.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct LlmArguments {
    /// A settings file whose [llm] table is read [default: the environment alone].
    #[arg(long, value_name = "FILE", help_heading = MODELS)]
    pub config: Option<PathBuf>,
    /// The model to ask; wins over HEAL_LLM_MODEL and the file.
    #[arg(long, value_name = "NAME", help_heading = MODELS)]
    pub model: Option<String>,
    /// The most that models may cost, in US dollars; wins over HEAL_LLM_MAX_COST_USD and the file.
    #[arg(long, value_name = "USD", help_heading = MODELS)]
    pub max_cost_usd: Option<String>,
}

/// The heading over what concerns language models.
const MODELS: &str = "Language models";

#[derive(Debug, Clone, Args)]
pub(super) struct FixArguments {
    /// The repository, or a directory in it where the tests run.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The test command, run by `sh -c` [default: found in the project].
    #[arg(long, value_name = "CMD")]
    pub test: Option<String>,
    /// A log of the failure, for what the run here does not show.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    #[command(flatten)]
    pub run: RunArguments,
    /// An environment variable that the tests may see; may be repeated.
    #[arg(long = "env", value_name = "NAME")]
    pub environment: Vec<String>,
    /// Print what would be sent to a model, and its size, and send nothing.
    #[arg(long, help_heading = MODELS)]
    pub show_prompt: bool,
    /// Keep every prompt and answer, redacted, in the store, for `heal replay`.
    #[arg(long, help_heading = MODELS)]
    pub keep_transcripts: bool,
    /// Write the proven patch into the work tree.
    #[arg(long, conflicts_with = "branch")]
    pub apply: bool,
    /// Commit the proven patch on a new branch of this name.
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// Write a self-contained report page.
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// Print one JSON document on stdout.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct ExplainArguments {
    /// The log; `-` reads standard input.
    #[arg(default_value = "-")]
    pub file: PathBuf,
    /// The repository whose paths the log names: adds suspect commits, ranked locations and the
    /// step's command.
    #[arg(long, value_name = "PATH")]
    pub repo: Option<PathBuf>,
    /// The log of the last green run of the same job: lines that it has too explain nothing.
    #[arg(long, value_name = "LOG")]
    pub green: Option<PathBuf>,
    /// Also have a model put it into words; sends the key lines, and suspicious code of --repo, redacted.
    #[arg(long)]
    pub llm: bool,
    #[command(flatten)]
    pub models: LlmArguments,
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
    /// Print one JSON document on stdout; the same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// The forms of a diagnosis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ExplainFormat {
    /// For people, on a terminal.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// Markdown, for a job summary (`>> $GITHUB_STEP_SUMMARY`).
    Markdown,
    /// Workflow commands that GitHub shows as annotations on the lines.
    Github,
    /// SARIF 2.1.0, for code scanning and editors.
    Sarif,
}

#[derive(Debug, Clone, Args)]
pub(super) struct DemoArguments {
    /// Keep the demo repository in this new directory.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(super) struct DoctorArguments {
    /// Also check the GitHub App: settings, key, permissions, events, clock, webhook. Changes nothing.
    #[arg(long)]
    pub app: bool,
    /// A settings file: its [llm] table, and with --app all of it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON document on stdout.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub(super) struct EvalArguments {
    /// A folder with `case.toml` or `fixture.toml` files somewhere below it, with labelled logs
    /// (`labels.jsonl`), or with models' answers (`case.toml` beside `before/`).
    pub directory: PathBuf,
    /// Only cases whose name contains this.
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Put each case into a single commit, so that no hunk can be undone.
    #[arg(long)]
    pub no_history: bool,
    /// Also measure how fast one fresh test process per candidate would be.
    #[arg(long)]
    pub compare_cold: bool,
    #[command(flatten)]
    pub run: RunArguments,
    /// Print one JSON document on stdout.
    #[arg(long)]
    pub json: bool,
}

/// `90`, `90s`, `2m`, `500ms`, `1h`; more than nothing.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| "expected a number and a unit, e.g. 90s or 2m".to_owned())?;
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        other => return Err(format!("unknown unit {other:?}; use ms, s, m or h")),
    };
    let total = number * seconds;
    if total > 0.0 && total <= 86_400.0 {
        Ok(Duration::from_secs_f64(total))
    } else {
        Err("must be more than 0 and at most 24h".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        for wrong in ["", "s", "2 m", "0s", "-1s", "1d", "25h", "nan", "1e9"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
