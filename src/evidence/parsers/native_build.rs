//! cmake, ninja, make and linkers: configure errors, failed edges, missing targets, undefined symbols.

use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line, Nature};

/// cmake.
pub static CMAKE_TOOL: Tool = Tool { name: "cmake", marks: &["CMake Error"], parse: cmake };
/// ninja.
pub static NINJA_TOOL: Tool = Tool { name: "ninja", marks: &["FAILED: ", "ninja: error"], parse: ninja };
/// make.
pub static MAKE_TOOL: Tool = Tool { name: "make", marks: &["***", "make: "], parse: make };
/// Linkers.
pub static LINKER_TOOL: Tool = Tool {
    name: "ld",
    marks: &[
        "undefined reference to",
        "cannot find -l",
        "Undefined symbols for architecture",
        "multiple definition of",
    ],
    parse: linker,
};

static CMAKE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*CMake Error(?: at (.+?):(\d+) \((\w+)\))?:?(.*)$").expect("the pattern is constant and tested")
});
static CALL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s+(\S+):(\d+) \((\w+)\)$").expect("the pattern is constant and tested"));
static MAKE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:.*/)?g?make(?:\[\d+\])?: \*\*\* (.+)$").expect("the pattern is constant and tested")
});
static MAKEFILE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[(\S*?):(\d+): (.+?)\] Error|^(\S*[Mm]akefile\S*):(\d+): \*\*\* (.+)$")
        .expect("the pattern is constant and tested")
});
static UNDEFINED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:.*?: )?(?:(\S+?\.\w+):(\d+): )?(undefined reference to .*|cannot find -l\S+.*|multiple definition of .*)$").expect("the pattern is constant and tested")
});

fn cmake(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.text.contains("CMake Error")) {
        let Some(found) = CMAKE.captures(line.text) else { continue };
        let rest: Vec<&Line<'_>> = lines[index + 1..]
            .iter()
            .take(20)
            .take_while(|line| {
                line.text.starts_with(' ') || line.text.is_empty() || line.text.trim().starts_with("Call Stack")
            })
            .collect();
        let message = rest.iter().map(|line| line.text.trim()).find(|text| !text.is_empty()).unwrap_or(found[4].trim());
        let mut failure = Failure {
            file: found.get(1).map(|file| repository_path(file.as_str())),
            line: found.get(2).and_then(|line| line.as_str().parse().ok()),
            kind: found.get(3).map(|kind| kind.as_str().to_owned()),
            message: Some(message.to_owned()),
            log_lines: Some((line.number, rest.last().map_or(line.number, |last| last.number))),
            nature: Nature::Configuration,
            ..Failure::default()
        };
        // cmake's own modules call on behalf of the repository's files.
        let is_module = |path: &str| path.contains("/share/cmake") || path.contains("/Modules/");
        if failure.file.as_ref().is_some_and(|file| is_module(&file.to_string_lossy())) {
            let caller = rest.iter().filter_map(|line| CALL.captures(line.text)).find(|call| !is_module(&call[1]));
            if let Some(call) = caller {
                (failure.file, failure.line) = (Some(repository_path(&call[1])), call[2].parse().ok());
            }
        }
        failures.push(failure);
        if failures.len() >= MOST_FAILURES {
            break;
        }
    }
    (!failures.is_empty()).then_some(Parsed { tool: "cmake".into(), failures, key_lines: None })
}

fn ninja(lines: &[Line<'_>]) -> Option<Parsed> {
    let is_ninja = lines.iter().any(|line| line.text.starts_with("ninja: "));
    let failures: Vec<Failure> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| (is_ninja && line.text.starts_with("FAILED: ")) || line.text.starts_with("ninja: error"))
        .take(MOST_FAILURES)
        .map(|(index, line)| Failure {
            message: Some(line.text.to_owned()),
            log_lines: Some((line.number, lines.get(index + 2).map_or(line.number, |last| last.number))),
            nature: if line.text.starts_with("ninja: error") { Nature::Configuration } else { Nature::Compile },
            ..Failure::default()
        })
        .collect();
    (!failures.is_empty()).then_some(Parsed { tool: "ninja".into(), failures, key_lines: None })
}

fn make(lines: &[Line<'_>]) -> Option<Parsed> {
    let line = lines.iter().find(|line| {
        line.text.len() < 1000
            && (MAKE.is_match(line.text) || line.text.contains(": *** ") && MAKEFILE.is_match(line.text))
    })?;
    let message = MAKE.captures(line.text).map_or_else(|| line.text.to_owned(), |found| found[1].to_owned());
    let place = MAKEFILE.captures(line.text);
    let part = |index: usize| place.as_ref().and_then(|place| place.get(index)).map(|part| part.as_str());
    let is_own = !message.contains("] Error");
    let failure = Failure {
        file: part(1).or(part(4)).filter(|file| !file.is_empty()).map(repository_path),
        line: part(2).or(part(5)).and_then(|line| line.parse().ok()),
        kind: part(3).map(str::to_owned),
        message: Some(message),
        log_lines: Some((line.number, line.number)),
        nature: if is_own { Nature::Configuration } else { Nature::Crash },
        ..Failure::default()
    };
    Some(Parsed { tool: "make".into(), failures: vec![failure], key_lines: None })
}

fn linker(lines: &[Line<'_>]) -> Option<Parsed> {
    const WORDS: [&str; 3] = ["undefined reference to", "cannot find -l", "multiple definition of"];
    let failures: Vec<Failure> = lines
        .iter()
        .filter(|line| line.text.len() < 4000 && WORDS.iter().any(|word| line.text.contains(word)))
        .filter_map(|line| Some((line, UNDEFINED.captures(line.text)?)))
        .take(MOST_FAILURES)
        .map(|(line, found)| Failure {
            file: found.get(1).map(|file| repository_path(file.as_str())),
            line: found.get(2).and_then(|line| line.as_str().parse().ok()),
            message: Some(found[3].to_owned()),
            log_lines: Some((line.number, line.number)),
            nature: Nature::Compile,
            ..Failure::default()
        })
        .collect();
    (!failures.is_empty()).then_some(Parsed { tool: "ld".into(), failures, key_lines: None })
}
