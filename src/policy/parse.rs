//! From the text of a policy to a checked [`Policy`].

use super::presets::Preset;
use super::{Autonomy, CLASSES, Globs, KEYS, PatternError, Policy, PolicyError, VerifyWhere};
use crate::settings::nearest::quoted;
use crate::settings::{Section, Text};

/// Classes of failures that no patch of heal answers, and what heal does instead.
const NOT_PATCHED: &[(&str, &str)] =
    &[("flaky", "rerun"), ("infrastructure", "rerun"), ("dependency", "reported"), ("configuration", "reported")];

/// GitHub's own limit on the length of a label, in characters.
const LONGEST_LABEL: usize = 50;

impl Policy {
    /// Reads a policy file; its first mistake is the error.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        Policy::from_section(&Text::parse(text)?.section(KEYS)?)
    }

    /// Reads a policy from a table that was opened with [`KEYS`].
    pub fn from_section(file: &Section<'_>) -> Result<Policy, PolicyError> {
        let preset = file.choice("preset", Preset::WORDS)?;
        let mut policy = preset.map_or_else(Policy::default, Preset::policy);
        read_behaviour(file, &mut policy)?;
        if let Some(paths) = file.table("paths")? {
            read_paths(&paths, &mut policy)?;
        }
        if let Some(limits) = file.table("limits")? {
            read_limits(&limits, &mut policy)?;
        }
        if let Some(flaky) = file.table("flaky")? {
            set(&mut policy.flaky_reruns, flaky.integer("reruns", 1..=2)?);
            set(&mut policy.comment_on_flaky, flaky.boolean("comment")?);
        }
        if let Some(llm) = file.table("llm")? {
            set(&mut policy.llm.enabled, llm.boolean("enabled")?);
            set(&mut policy.llm.allow_paths, granted(&llm, "allow_paths", Globs::files)?);
            set(&mut policy.llm.deny_paths, globs(&llm, "deny_paths", Globs::files_in_any_case)?);
            policy.llm.max_cost_usd = llm.number("max_cost_usd", 0.0..=10_000.0)?.or(policy.llm.max_cost_usd);
        }
        if let Some(notify) = file.table("notify")? {
            set(&mut policy.notify, channels(&notify)?);
        }
        Ok(policy)
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn read_behaviour(file: &Section<'_>, policy: &mut Policy) -> Result<(), PolicyError> {
    set(&mut policy.enabled, file.boolean("enabled")?);
    set(&mut policy.branches, granted(file, "branches", Globs::branches)?);
    set(&mut policy.classes, classes(file)?);
    set(&mut policy.autonomy, file.choice("autonomy", Autonomy::WORDS)?);
    set(&mut policy.attempts, file.integer("attempts", 1..=10)?);
    set(&mut policy.verify, file.choice("verify", VerifyWhere::WORDS)?);
    set(&mut policy.reruns, file.integer("reruns", 0..=10)?);
    set(&mut policy.test, commands(file)?);
    set(&mut policy.draft, file.boolean("draft")?);
    set(&mut policy.labels, labels(file)?);
    set(&mut policy.ask_reviewer, file.boolean("ask_reviewer")?);
    Ok(())
}

/// A preset's own protection stays: a file adds to it.
fn read_paths(paths: &Section<'_>, policy: &mut Policy) -> Result<(), PolicyError> {
    set(&mut policy.allow_paths, granted(paths, "allow", Globs::files)?);
    set(&mut policy.deny_paths, globs(paths, "deny", Globs::files_in_any_case)?);
    let preset: Vec<_> = policy.protect_paths.patterns().to_vec();
    let with_preset = |patterns: &[&str]| {
        let all: Vec<_> = preset.iter().map(String::as_str).chain(patterns.iter().copied()).collect();
        Globs::files_in_any_case(&all).map_err(|mut error| {
            error.index = error.index.saturating_sub(preset.len());
            error
        })
    };
    set(&mut policy.protect_paths, globs(paths, "protect", with_preset)?);
    Ok(())
}

fn read_limits(limits: &Section<'_>, policy: &mut Policy) -> Result<(), PolicyError> {
    set(&mut policy.max_changed_lines, limits.integer("max_changed_lines", 1..=1000)?);
    set(&mut policy.open_pull_requests, limits.integer("open_pull_requests", 1..=100)?);
    set(&mut policy.heals_per_day, limits.integer("heals_per_day", 1..=1000)?);
    set(&mut policy.ci_minutes, limits.integer("ci_minutes", 1..=720)?);
    set(&mut policy.ci_minutes_total, limits.integer("ci_minutes_total", 1..=10_000)?);
    set(&mut policy.ci_start_minutes, limits.integer("ci_start_minutes", 1..=60)?);
    set(&mut policy.workflows_minutes, limits.integer("workflows_minutes", 1..=360)?);
    set(&mut policy.budget_seconds, limits.integer("budget_seconds", 5..=3600)?);
    set(&mut policy.bot_commits, limits.integer("bot_commits", 1..=20)?);
    Ok(())
}

type Compile<'a> = &'a dyn Fn(&[&str]) -> Result<Globs, PatternError>;

/// Patterns of files; a mistake stands where its pattern does.
pub(crate) fn globs(
    section: &Section<'_>,
    name: &str,
    compile: impl Fn(&[&str]) -> Result<Globs, PatternError>,
) -> Result<Option<Globs>, PolicyError> {
    let compile: Compile<'_> = &compile;
    let Some(patterns) = section.strings(name)? else { return Ok(None) };
    compile(&patterns).map(Some).map_err(|error| section.error_in(name, error.index, error.to_string()))
}

/// Patterns that grant something: an empty list would switch heal off by the way.
fn granted(
    section: &Section<'_>,
    name: &str,
    compile: impl Fn(&[&str]) -> Result<Globs, PatternError>,
) -> Result<Option<Globs>, PolicyError> {
    let globs = globs(section, name, compile)?;
    if globs.as_ref().is_some_and(|globs| globs.patterns().is_empty()) {
        let message = format!("`{}` is empty; leave it out for all, or set `enabled = false`", section.full(name));
        return Err(section.error(name, message));
    }
    Ok(globs)
}

fn classes(file: &Section<'_>) -> Result<Option<Vec<&'static str>>, PolicyError> {
    for (index, written) in file.strings("classes")?.unwrap_or_default().into_iter().enumerate() {
        if let Some((class, instead)) = NOT_PATCHED.iter().find(|(class, _)| *class == written) {
            let message = format!("`{class}` failures are {instead}, never patched");
            return Err(file.error_in("classes", index, message));
        }
    }
    let words: Vec<_> = CLASSES.iter().map(|class| (*class, *class)).collect();
    file.choices("classes", &words)
}

fn commands(file: &Section<'_>) -> Result<Option<Vec<String>>, PolicyError> {
    let Some(list) = file.strings("test")? else { return Ok(None) };
    match list.iter().position(|command| command.contains('\n')) {
        Some(index) => Err(file.error_in("test", index, "a command of `test` is one line")),
        None => Ok(Some(list.into_iter().map(str::to_owned).collect())),
    }
}

fn labels(file: &Section<'_>) -> Result<Option<Vec<String>>, PolicyError> {
    let Some(list) = file.strings("labels")? else { return Ok(None) };
    let wrong = |label: &&str| label.chars().count() > LONGEST_LABEL || label.contains(['\n', ',']);
    match list.iter().position(wrong) {
        Some(index) => {
            let message = format!("a label has at most {LONGEST_LABEL} characters, without commas and ends of lines");
            Err(file.error_in("labels", index, message))
        }
        None => Ok(Some(list.into_iter().map(str::to_owned).collect())),
    }
}

fn channels(notify: &Section<'_>) -> Result<Option<Vec<String>>, PolicyError> {
    let Some(list) = notify.strings("channels")? else { return Ok(None) };
    match list.iter().position(|name| !is_channel_name(name)) {
        Some(index) => {
            let shown = quoted(list[index]);
            let message = format!("{shown} is no name of a channel; the server's operator defines channels by name");
            Err(notify.error_in("channels", index, message))
        }
        None => Ok(Some(list.into_iter().map(str::to_owned).collect())),
    }
}

/// Whether this can be the name of a channel: letters, digits, `-` and `_`, at most 64.
pub fn is_channel_name(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    !name.is_empty() && name.len() <= 64 && name.chars().all(plain)
}
