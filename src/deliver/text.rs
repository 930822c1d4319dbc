//! What the terminal shows at the end of a heal, and of `heal explain`.

use std::fmt::Write;

use crate::diagnosis::Diagnosis;
use crate::draft::llm::meter::Spent;
use crate::draft::llm::review::Review;
use crate::patch::Patch;
use crate::pipeline::worker::Attempt;
use crate::pipeline::{HealReport, Outcome};
use crate::verify::Verdict;

/// Whether text carries ANSI colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// It does.
    Always,
    /// It does not.
    Never,
}

impl Colour {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Colour::Always => format!("\x1b[{code}m{text}\x1b[0m"),
            Colour::Never => text.to_owned(),
        }
    }

    /// Bold.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Green.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Red.
    pub fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// Grey.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }
}

/// How many failures, suspects and locations are shown.
const SHOWN: usize = 5;

/// The longest message that is shown of a failure, in characters.
const MESSAGE: usize = 300;

/// Text from a repository or a log, made safe for a terminal: control characters would let it
/// rewrite what was printed before.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// The diagnosis in a few lines.
pub fn diagnosis(diagnosis: &Diagnosis, colour: Colour) -> String {
    let mut text = String::new();
    let sure = (diagnosis.confidence * 100.0).round();
    let class = colour.bold(&diagnosis.class.to_string());
    let _ = writeln!(text, "class     {class} ({sure}% sure): {}", printable(&diagnosis.reason));
    if let Some(tool) = &diagnosis.tool {
        let _ = writeln!(text, "tool      {}", printable(tool));
    }
    where_it_ran(&mut text, diagnosis);
    for quote in &diagnosis.excerpt {
        let _ = writeln!(text, "{:>9} {}", quote.line, colour.dim(&printable(&quote.text)));
    }
    for failure in diagnosis.failures.iter().take(SHOWN) {
        let name = failure.test.as_deref().unwrap_or("(no test named)");
        let _ = writeln!(text, "fails     {}", colour.bad(&printable(name)));
        if let (Some(file), Some(line)) = (&failure.file, failure.line) {
            let _ = writeln!(text, "          at {}:{line}", printable(&file.display().to_string()));
        }
        let message: String = failure.message.iter().flat_map(|message| message.chars()).take(MESSAGE).collect();
        for line in printable(&message).lines().take(4).filter(|line| !line.trim().is_empty()) {
            let _ = writeln!(text, "          {}", colour.dim(line));
        }
    }
    further(&mut text, diagnosis.failures.len(), colour);
    for suspect in diagnosis.suspects.iter().take(2) {
        let sha: String = suspect.commit.chars().take(10).collect();
        let percent = (suspect.score * 100.0).round();
        let _ = writeln!(
            text,
            "suspect   {sha} {} ({}, {percent}%)",
            printable(&suspect.summary),
            printable(&suspect.author)
        );
    }
    for location in diagnosis.locations.iter().take(SHOWN) {
        let symbol = location.symbol.as_deref().map(|symbol| format!(" in {symbol}")).unwrap_or_default();
        let place = format!("{}:{}{symbol}", location.file.display(), location.line);
        let _ = writeln!(text, "location  {:.2}  {}", location.score, printable(&place));
    }
    if let Some((first, last)) = diagnosis.key_lines {
        let _ = writeln!(text, "log       lines {first} to {last}");
    }
    text
}

/// The failing step, as the log names it.
fn where_it_ran(text: &mut String, diagnosis: &Diagnosis) {
    let job = diagnosis.job.as_deref().map(|job| format!("{job} › ")).unwrap_or_default();
    if let Some(step) = &diagnosis.step {
        let code = diagnosis.exit_code.map(|code| format!(" (exit code {code})")).unwrap_or_default();
        let _ = writeln!(text, "step      {}{code}", printable(&format!("{job}{step}")));
    }
    let command = diagnosis.command.as_deref().and_then(|command| command.lines().next());
    if let Some(command) = command.filter(|_| diagnosis.step.is_some()) {
        let more = diagnosis.command.as_deref().map_or(0, |command| command.lines().count() - 1);
        let more = if more > 0 { format!(" … ({more} more lines)") } else { String::new() };
        let _ = writeln!(text, "command   {}{more}", printable(command));
    }
    if let Some(image) = &diagnosis.environment.image {
        let _ = writeln!(text, "runner    {}", printable(image));
    }
}

fn further(text: &mut String, count: usize, colour: Colour) {
    if count > SHOWN {
        let _ = writeln!(text, "          {}", colour.dim(&format!("and {} more", count - SHOWN)));
    }
}

/// A unified diff with colours.
pub fn diff(diff: &str, colour: Colour) -> String {
    let mut text = String::new();
    for line in diff.lines() {
        let line = printable(line.trim_end_matches('\r'));
        let painted = match line.chars().next() {
            _ if line.starts_with("+++") || line.starts_with("---") => colour.bold(&line),
            Some('+') => colour.good(&line),
            Some('-') => colour.bad(&line),
            Some('@') => colour.dim(&line),
            _ => line,
        };
        text.push_str(&painted);
        text.push('\n');
    }
    text
}

/// The rungs of a verdict, one line each.
pub fn verdict(verdict: &Verdict, colour: Colour) -> String {
    let mut text = String::new();
    for rung in &verdict.rungs {
        let mark = if rung.passed { colour.good("✔") } else { colour.bad("✘") };
        let _ = writeln!(
            text,
            "{mark} {} {} {}",
            rung.number,
            rung.rung.title(),
            colour.dim(&format!("({})", printable(&rung.evidence)))
        );
    }
    text
}

/// The end of a heal: outcome, patch, proof, what was not proven, time.
pub fn report(report: &HealReport, colour: Colour) -> String {
    let mut text = String::new();
    match report.outcome {
        Outcome::NothingFailing => {
            let _ = writeln!(text, "{}: the tests pass", colour.good("Nothing is failing"));
            return text;
        }
        Outcome::NotCode => {
            let reason = report.diagnosis.as_ref().map_or("", |diagnosis| diagnosis.reason.as_str());
            let _ = writeln!(text, "{}: {}", colour.bold("Not a fault of the code"), printable(reason));
            let _ = writeln!(text, "No patch would be right. {}", advice(report));
            return text;
        }
        Outcome::Healed => {}
        Outcome::NotHealed => {
            let _ = writeln!(text, "{}", colour.bad("Not healed"));
        }
    }
    if let (Some(patch), Some(attempt)) = (&report.patch, report.proven_attempt()) {
        healed(&mut text, report, patch, attempt, colour);
    } else {
        not_healed(&mut text, report, colour);
    }
    let timing = &report.timing;
    let seconds = |ms: u64| format!("{:.1} s", ms as f64 / 1000.0);
    let _ = writeln!(
        text,
        "{}",
        colour.dim(&format!(
            "{} in all: reproduce {}, localise {}, search {} ({} of {} candidates, {}/s), verify {}",
            seconds(timing.total_ms),
            seconds(timing.reproduce_ms),
            seconds(timing.localise_ms),
            seconds(timing.search_ms),
            report.search.validated,
            report.search.candidates,
            report.search.per_second,
            seconds(timing.verify_ms)
        ))
    );
    if report.llm.spent.calls > 0 {
        let _ = writeln!(text, "{}", colour.dim(&spent(&report.llm.spent)));
    }
    text
}

/// What models took.
fn spent(spent: &Spent) -> String {
    let calls = if spent.calls == 1 { "1 call".to_owned() } else { format!("{} calls", spent.calls) };
    let money = if spent.cost_usd > 0.0 { format!(", ${:.4}", spent.cost_usd) } else { String::new() };
    let waited = spent.waited_ms as f64 / 1000.0;
    format!(
        "models: {calls}, {} tokens read, {} written{money}, waited {waited:.1} s",
        spent.input_tokens, spent.output_tokens
    )
}

fn healed(text: &mut String, report: &HealReport, patch: &Patch, attempt: &Attempt, colour: Colour) {
    let proof = &attempt.verdict;
    let _ = writeln!(text, "{} {}\n", colour.good("Healed"), by(attempt));
    text.push_str(&diff(&patch.diff(), colour));
    let _ = writeln!(text, "\n{}", colour.bold("Proven"));
    text.push_str(&verdict(proof, colour));
    let _ = writeln!(text, "{}", colour.bold("Not proven"));
    let plausible = match report.search.plausible {
        0 => String::new(),
        1 => ": 1 plausible patch was found".to_owned(),
        count => format!(": {count} plausible patches were found"),
    };
    let _ = writeln!(text, "· that the patch is what the author meant{plausible}");
    let _ = writeln!(text, "· anything beyond this test command; sandbox level: {}", proof.sandbox);
    if let Some(review) = &attempt.review {
        reviewed(text, review, colour);
    }
    match (&report.delivered.branch, report.delivered.applied) {
        (Some(branch), _) => {
            let _ = writeln!(text, "\nThe patch is committed on the branch {}.", colour.bold(branch));
        }
        (None, true) => {
            let _ = writeln!(text, "\nThe patch is in the work tree.");
        }
        (None, false) => {
            let _ = writeln!(text, "\nThe work tree is unchanged. Add --apply or --branch NAME to take the patch.");
        }
    }
}

/// Who drafted an attempt.
fn by(attempt: &Attempt) -> String {
    match (&attempt.model, attempt.drafter) {
        (Some(model), _) => format!("by the model {}", printable(model)),
        (None, "recall") => "by what healed this failure before".to_owned(),
        (None, _) => format!("by the {} operator", attempt.operator),
    }
}

/// What a reviewing model thinks of the patch.
fn reviewed(text: &mut String, review: &Review, colour: Colour) {
    let model = printable(&review.model);
    if !review.objects {
        let _ = writeln!(text, "{} {model} does not object", colour.bold("Review"));
        return;
    }
    let _ = writeln!(text, "{} {model} objects:", colour.bold("Review"));
    for objection in &review.objections {
        let _ = writeln!(text, "· {}", printable(objection));
    }
}

fn not_healed(text: &mut String, report: &HealReport, colour: Colour) {
    for note in &report.llm.notes {
        let _ = writeln!(text, "· {}", printable(note));
    }
    if report.attempts.is_empty() {
        let _ = writeln!(text, "No candidate made the failing tests pass without breaking others.");
        if report.search.candidates == 0 {
            let _ = writeln!(text, "There was no suspicious line in a language that heal repairs.");
        } else if report.search.validated < report.search.candidates {
            let _ = writeln!(text, "The time was up; a larger --budget tries more.");
        }
    }
    for (index, attempt) in report.attempts.iter().enumerate() {
        let who = attempt.model.as_deref().map_or_else(|| attempt.operator.to_owned(), printable);
        let _ = writeln!(text, "{}", colour.bold(&format!("Attempt {} ({who})", index + 1)));
        text.push_str(&diff(attempt.patch.as_deref().unwrap_or(""), colour));
        text.push_str(&verdict(&attempt.verdict, colour));
    }
}

fn advice(report: &HealReport) -> &'static str {
    use crate::diagnosis::Class;
    match report.diagnosis.as_ref().map(|diagnosis| diagnosis.class) {
        Some(Class::Flaky) => "Run the tests again, and mend the test that is not steady.",
        Some(Class::Infrastructure) => "The sandbox has no network; where the tests need it, run them elsewhere.",
        Some(Class::Dependency) => "Install or pin the package that is missing.",
        Some(Class::Configuration) => "Install the tool, or name another command with --test.",
        _ => "",
    }
}
