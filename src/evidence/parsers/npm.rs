//! npm, yarn, pnpm and bun: packages that can't be resolved or fetched, missing scripts, failed scripts.
//!
//! `npm ERR!` until version 9, `npm error` since 10. A script's failure (`ELIFECYCLE`, `Command failed with exit code`)
//! only says that something else failed.

use std::sync::LazyLock;

use regex::Regex;

use super::{Parsed, Tool};
use crate::evidence::{Failure, Line, Nature};

/// npm.
pub static TOOL: Tool = Tool {
    name: "npm",
    marks: &[
        "npm ERR!",
        "npm error",
        "ERR_PNPM_",
        "error An unexpected error occurred",
        "YN0",
        "Missing script",
        "error Couldn't find",
        "error Your lockfile",
        "ELIFECYCLE",
        "error: lockfile had changes",
    ],
    parse,
};

static NPM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^npm (?:ERR!|error)(?: (.*))?$").expect("the pattern is constant and tested"));
static PNPM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:\[?\s?)(ERR_PNPM_\w+)\s*\]?\s+(.*)$").expect("the pattern is constant and tested")
});
static YARN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:error|➤ YN0*(\d+):.*│|➤ YN0*(\d+): ·?) (.*)$").expect("the pattern is constant and tested")
});

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut code: Option<(String, usize)> = None;
    let mut said: Vec<(&str, usize)> = Vec::new();
    for line in lines {
        let text = line.text;
        if text.starts_with("npm ") {
            let Some(rest) = NPM.captures(text).and_then(|found| found.get(1)).map(|rest| rest.as_str().trim()) else {
                continue;
            };
            if let Some(value) = rest.strip_prefix("code ") {
                code = Some((value.trim().to_owned(), line.number));
                said.clear();
            } else if !rest.is_empty() && !rest.starts_with("A complete log") && said.len() < 12 {
                said.push((rest, line.number));
            }
        } else if let Some(found) =
            Some(text).filter(|text| text.contains("ERR_PNPM_")).and_then(|text| PNPM.captures(text))
        {
            code = Some((found[1].to_owned(), line.number));
            said = vec![(found.get(2).map_or("", |rest| rest.as_str()), line.number)];
        } else if (text.starts_with("error ") || text.starts_with("➤ YN"))
            && let Some(problem) = yarn(text)
        {
            code = Some((problem.0.to_owned(), line.number));
            said = vec![(problem.1, line.number)];
        }
    }
    let first = code.as_ref().map(|(_, number)| *number).or(said.first().map(|(_, number)| *number))?;
    let last = said.last().map_or(first, |(_, number)| *number).clamp(first, first + 40);
    let message: Vec<&str> = said.iter().map(|(text, _)| *text).take(6).collect();
    let message = message.join("\n");
    let code = code.map(|(code, _)| code);
    let failure = Failure {
        nature: nature(code.as_deref().unwrap_or(""), &message),
        kind: code,
        message: Some(message),
        log_lines: Some((first, last)),
        ..Failure::default()
    };
    Some(Parsed { tool: "npm".into(), failures: vec![failure], key_lines: None })
}

/// yarn's sentences that name a cause.
fn yarn(text: &str) -> Option<(&str, &str)> {
    let found = YARN.captures(text)?;
    let message = found.get(3)?.as_str();
    let is_cause = [
        "Couldn't find",
        "lockfile",
        "An unexpected error occurred",
        "incompatible",
        "Package",
        "doesn't provide",
        "integrity",
        "No candidates found",
        "couldn't be",
    ]
    .iter()
    .any(|word| message.contains(word));
    is_cause.then(|| ("yarn", text.find(message).map_or(text, |at| &text[at..])))
}

fn nature(code: &str, message: &str) -> Nature {
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word) || message.contains(word));
    if has(&[
        "ETIMEDOUT",
        "ECONNRESET",
        "ECONNREFUSED",
        "ENOTFOUND",
        "EAI_AGAIN",
        "ERR_SOCKET_TIMEOUT",
        "E429",
        "E500",
        "E502",
        "E503",
        "E504",
        "network ",
        "socket hang up",
        "ERR_PNPM_META_FETCH_FAIL",
        "ENOSPC",
    ]) {
        Nature::Infrastructure
    } else if has(&["Missing script", "missing script", "ENOENT", "EJSONPARSE", "EACCES", "ENEEDAUTH", "E401", "E403"])
    {
        Nature::Configuration
    } else {
        Nature::Dependency
    }
}

/// Whether all it says is that a script failed.
pub(super) fn only_relays(parsed: &Parsed) -> bool {
    parsed.failures.iter().all(|failure| {
        let kind = failure.kind.as_deref().unwrap_or("");
        let message = failure.message.as_deref().unwrap_or("");
        kind.contains("ELIFECYCLE")
            || kind.contains("RECURSIVE_RUN")
            || (kind.is_empty() || kind.bytes().all(|byte| byte.is_ascii_digit()))
                && ["command failed", "Lifecycle script", "command sh", "Exit status", "path /"]
                    .iter()
                    .any(|word| message.contains(word))
    })
}
