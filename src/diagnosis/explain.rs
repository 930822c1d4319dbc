//! The diagnosis of a log alone, without running anything.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::{Class, Diagnosis, Triage, fingerprint, triage};
use crate::evidence::{clean, parsers};

/// How a CI says that a step ended badly.
static EXIT_CODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)exit(?:ed with)?(?: status| code)?[ :]+(\d{1,3})\b").expect("the pattern is constant and tested")
});

/// How many lines are shown when no parser knows better.
const LAST_LINES: usize = 20;

/// Explains a log. Frames below `repository` are named relative to it.
pub fn explain(log: &[u8], repository: Option<&Path>) -> Diagnosis {
    let lines = clean::lines(log);
    let mut parsed = parsers::parse(&lines).unwrap_or_default();
    if let Some(root) = repository {
        for failure in &mut parsed.failures {
            let relative = |path: &Path| relative_to(root, path);
            failure.file = failure.file.as_deref().map(relative);
            failure.stack.iter_mut().for_each(|frame| frame.file = relative(&frame.file));
        }
    }
    let text = lines.join("\n");
    let known = triage::of_text(&text).filter(|_| parsed.failures.is_empty());
    let found = known.unwrap_or_else(|| triage_of(&parsed));
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |index| index + 1);
    Diagnosis {
        class: found.class,
        confidence: found.confidence,
        reason: found.reason,
        tool: Some(parsed.tool.to_owned()).filter(|tool| !tool.is_empty()),
        step: None,
        command: None,
        exit_code: EXIT_CODE.captures_iter(&text).last().and_then(|found| found[1].parse().ok()),
        key_lines: parsed.key_lines.or((last > 0).then(|| (last.saturating_sub(LAST_LINES - 1).max(1), last))),
        fingerprint: fingerprint::of(&parsed.failures),
        failures: parsed.failures,
        suspects: Vec::new(),
        locations: Vec::new(),
    }
}

fn triage_of(parsed: &parsers::Parsed) -> Triage {
    match parsed.failures.len() {
        0 => Triage { class: Class::Unknown, confidence: 0.3, reason: "no known tool names a failure".to_owned() },
        count => Triage {
            class: Class::Code,
            confidence: 0.7,
            reason: format!("{} names {count} failing {}", parsed.tool, if count == 1 { "test" } else { "tests" }),
        },
    }
}

/// The path below `root`: by prefix, else the longest tail of it that exists there (the CI machine's
/// checkout lies elsewhere).
fn relative_to(root: &Path, path: &Path) -> std::path::PathBuf {
    if let Ok(relative) = path.strip_prefix(root) {
        return relative.to_owned();
    }
    let parts: Vec<_> = path.iter().filter(|part| *part != "/").collect();
    let below = |from: usize| parts[from..].iter().collect::<std::path::PathBuf>();
    let safe = parts.iter().all(|part| *part != "..");
    (0..parts.len()).map(below).find(|tail| safe && root.join(tail).is_file()).unwrap_or_else(|| path.to_owned())
}
