//! Gradle's own verdict: `* What went wrong:`, which names the task; and Maven's `Failed to execute goal`.
//!
//! Both mostly relay what a compiler, a test or a checker said above; they count where nothing else does.

use std::sync::LazyLock;

use regex::Regex;

use super::{Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line, Nature};

/// Gradle's verdict.
pub static GRADLE_TOOL: Tool = Tool { name: "gradle", marks: &["* What went wrong:"], parse: gradle };
/// Maven's verdict.
pub static MAVEN_TOOL: Tool = Tool {
    name: "maven",
    marks: &["Failed to execute goal", "COMPILATION ERROR", "Non-resolvable parent POM"],
    parse: maven,
};

static SCRIPT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:Build|Settings) file '(.+?)'(?: line: (\d+))?$").expect("the pattern is constant and tested")
});
static GOAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\[ERROR\] Failed to execute goal (?:on project \S+: (.+?)|(\S+?):\S+?:(\S+) .*?: (.+?))(?: -> \[Help \d+\])?$").expect("the pattern is constant and tested")
});

/// The most lines of a verdict.
const BLOCK: usize = 12;

fn gradle(lines: &[Line<'_>]) -> Option<Parsed> {
    let start = lines.iter().position(|line| line.text.trim() == "* What went wrong:")?;
    let block: Vec<&Line<'_>> = lines[start + 1..]
        .iter()
        .take(BLOCK)
        .take_while(|line| !line.text.starts_with("* Try"))
        .filter(|line| !line.text.is_empty())
        .collect();
    let message: Vec<&str> = block.iter().map(|line| line.text.trim()).collect();
    let script = lines[..start].iter().rev().take(8).find_map(|line| SCRIPT.captures(line.text));
    let message = message.join("\n");
    let failure = Failure {
        file: script.as_ref().map(|found| repository_path(&found[1])),
        line: script.as_ref().and_then(|found| found.get(2)?.as_str().parse().ok()),
        nature: nature(&message),
        message: Some(message),
        log_lines: Some((lines[start].number, block.last().map_or(lines[start].number, |line| line.number))),
        ..Failure::default()
    };
    Some(Parsed { tool: "gradle".into(), failures: vec![failure], key_lines: None })
}

fn maven(lines: &[Line<'_>]) -> Option<Parsed> {
    let (line, found) =
        lines.iter().filter(|line| line.text.len() < 4000).find_map(|line| Some((line, GOAL.captures(line.text)?)))?;
    let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
    let message = if part(1).is_empty() { format!("{}:{}: {}", part(2), part(3), part(4)) } else { part(1).to_owned() };
    let failure = Failure {
        kind: Some(part(3).to_owned()).filter(|goal| !goal.is_empty()),
        nature: nature(&message),
        message: Some(message),
        log_lines: Some((line.number, line.number)),
        ..Failure::default()
    };
    Some(Parsed { tool: "maven".into(), failures: vec![failure], key_lines: None })
}

/// By the words of the verdict: the task or goal tells what kind of tool failed.
fn nature(message: &str) -> Nature {
    let text = message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&[
        "could not resolve",
        "could not find artifact",
        "could not find ",
        "non-resolvable",
        "dependency resolution",
    ]) {
        Nature::Dependency
    } else if has(&[
        "checkstyle",
        "spotbugs",
        "pmd",
        "detekt",
        "ktlint",
        "lint",
        "license",
        "enforcer",
        "rat:",
        "animal-sniffer",
        "javadoc",
    ]) {
        Nature::Lint
    } else if has(&["spotless", "format"]) {
        Nature::Format
    } else if has(&["there were failing tests", "surefire", "failsafe", "test failures"]) {
        Nature::Test
    } else if has(&["compilation failed", "compilation failure", "compilation error", "compile"]) {
        Nature::Compile
    } else {
        Nature::Configuration
    }
}

/// Whether all it says is that a compiler or a test failed.
pub(super) fn only_relays(parsed: &Parsed) -> bool {
    matches!(&*parsed.tool, "gradle" | "maven")
        && parsed.failures.iter().all(|failure| failure.test.is_none() && failure.line.is_none())
}
