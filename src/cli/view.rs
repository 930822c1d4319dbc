//! What people see while heal works: a live view on a terminal, plain lines otherwise. All on stderr.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::environment;
use crate::deliver::text::{self, Colour};
use crate::draft::llm::Purpose;
use crate::pipeline::ProgressEvent;

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Stages and numbers.
    Stages,
    /// Also the diagnosis and each attempt's patch and proof, as they come.
    Everything,
    /// Nothing.
    Nothing,
}

/// Shows progress events.
pub struct View {
    detail: Detail,
    colour: Colour,
    bar: Option<ProgressBar>,
    told: Mutex<u64>,
}

/// Colours on a terminal, unless `NO_COLOR` says otherwise.
pub fn colour_of_stderr() -> Colour {
    let wanted = std::io::stderr().is_terminal() && environment::variable(environment::NO_COLOR).is_none();
    if wanted { Colour::Always } else { Colour::Never }
}

/// Colours of what goes to stdout.
pub fn colour_of_stdout() -> Colour {
    let wanted = std::io::stdout().is_terminal() && environment::variable(environment::NO_COLOR).is_none();
    if wanted { Colour::Always } else { Colour::Never }
}

impl View {
    /// A view for this process's stderr.
    pub fn new(detail: Detail) -> Self {
        let live = detail != Detail::Nothing && std::io::stderr().is_terminal();
        View { detail, colour: colour_of_stderr(), bar: live.then(spinner), told: Mutex::new(0) }
    }

    /// Shows an event.
    pub fn show(&self, event: ProgressEvent) {
        if self.detail == Detail::Nothing {
            return;
        }
        match event {
            ProgressEvent::Stage(name, text) => {
                let name = self.colour.bold(&format!("{name:<10}"));
                self.line(&format!("{name}{}", text::printable(&text)));
                self.live(&text);
            }
            ProgressEvent::Note(text) => self.line(&format!("          {}", text::printable(&text))),
            ProgressEvent::Warning(text) => {
                self.line(&format!("{} {}", self.colour.bad("warning:"), text::printable(&text)));
            }
            ProgressEvent::Diagnosed(diagnosis) => {
                if self.detail == Detail::Everything {
                    for line in text::diagnosis(&diagnosis, self.colour).lines() {
                        self.line(&format!("          {line}"));
                    }
                }
            }
            ProgressEvent::Searching(stats) => self.searching(&stats),
            ProgressEvent::Asking { model, purpose, tokens } => {
                let what = purpose_in_words(purpose);
                self.line(&format!("          {what}: {} ({tokens} tokens)", text::printable(&model)));
                self.live(&format!("waiting for {model}"));
            }
            ProgressEvent::Received(bytes) => self.live(&format!("{bytes} bytes of an answer")),
            ProgressEvent::Judged { attempt, diff, verdict } => {
                if self.detail == Detail::Everything {
                    self.line(&format!("          attempt {attempt}"));
                    for line in text::diff(&diff, self.colour).lines() {
                        self.line(&format!("          {line}"));
                    }
                    for line in text::verdict(&verdict, self.colour).lines() {
                        self.line(&format!("          {line}"));
                    }
                } else if let Some(rung) = verdict.fell_on() {
                    self.line(&format!("          attempt {attempt} fell: {}", text::printable(&rung.evidence)));
                }
            }
        }
    }

    /// Ends the live view.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn searching(&self, stats: &crate::draft::search::SearchStats) {
        let message = format!(
            "{} of {} candidates, {:.0}/s, {} plausible",
            stats.validated, stats.candidates, stats.per_second, stats.plausible
        );
        self.live(&message);
        // Without a terminal, a line every ten seconds shows that the search is alive.
        let Ok(mut told) = self.told.lock() else { return };
        let seconds = stats.elapsed_ms / 10_000;
        if self.bar.is_none() && seconds > *told {
            *told = seconds;
            self.line(&format!("          {message}"));
        }
    }

    fn live(&self, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text::printable(message));
        }
    }

    fn line(&self, line: &str) {
        match &self.bar {
            // Not `println` of the bar: it drops lines on a terminal that tells no size.
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.finish();
    }
}

/// What a model is asked for.
pub fn purpose_in_words(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Plan => "a plan",
        Purpose::Draft => "a draft",
        Purpose::Retry => "another draft",
        Purpose::Correction => "a correction",
        Purpose::Review => "a review",
        Purpose::Explain => "an explanation",
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner:.green} {msg} {elapsed:.dim}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
