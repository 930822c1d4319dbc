//! JUnit and TestNG as Maven (surefire, failsafe), Gradle and Ant print them.
//!
//! - Maven: `[ERROR] method(pkg.Class)  Time elapsed: … <<< FAILURE!`, since surefire 3 `pkg.Class.method -- Time elapsed`,
//!   and the summary `[ERROR]   Class.method:68 message`.
//! - Gradle: `Class > method() FAILED` with the exception indented below it.
//! - Ant: `[junit] Testcase: method took …`, `Testcase: method(pkg.Class): FAILED`.

use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::jvm;
use crate::evidence::{Failure, Line, Nature};

/// Maven's surefire and failsafe.
pub static MAVEN_TOOL: Tool = Tool {
    name: "maven",
    marks: &["<<< FAILURE!", "<<< ERROR!", "Failed tests:", "Tests in error:", "T E S T S", "Failures: "],
    parse: maven,
};
/// Gradle.
pub static GRADLE_TOOL: Tool = Tool { name: "gradle", marks: &[" FAILED", "tests completed,"], parse: gradle };
/// sbt's JUnit interface.
pub static SBT_TOOL: Tool = Tool { name: "sbt", marks: &[" failed: "], parse: sbt };
/// Ant.
pub static ANT_TOOL: Tool = Tool { name: "ant", marks: &["[junit] "], parse: ant };

static SUREFIRE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\[ERROR\] |\[INFO\] )?(.+?)(?:\((\S+?)\))?\s+(?:-- )?Time elapsed: [\d.,]+ s(?:ec)?\s+<<< (FAILURE|ERROR)!").expect("the pattern is constant and tested")
});
static SUITE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"Tests run: .* in ([\w.$]+)$").expect("the pattern is constant and tested"));
static SUMMARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\[ERROR\] )?\s{2,}(?:Run \d+: )?([\w$]+(?:>[\w$]+)*)\.([\w$<>\[\]-]+):(?:[\w$>.]+:)*(\d+)(?:->[\w$.:>-]+?)?(?:\s+»?\s*(.*))?$")
        .expect("the pattern is constant and tested")
});
static OLD_SUMMARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s{0,4}([\w$<>\[\]: -]+?)\(([a-z][\w.]*\.[A-Z][\w$]*)\)(?:: (.*))?$")
        .expect("the pattern is constant and tested")
});
static GRADLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^((?:Gradle suite > Gradle test > )?[\w.$]+ ?(?: > .+?)+) FAILED$")
        .expect("the pattern is constant and tested")
});
static GRADLE_FRAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s+(.+?) at ([\w$-]+\.\w+):(\d+)$").expect("the pattern is constant and tested"));
static ANT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\[junit\] Testcase: (.+?)\(([\w.$]+)\):\s*(FAILED|Caused an ERROR)")
        .expect("the pattern is constant and tested")
});

static ANT_SUITE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*\[junit\] Testsuite: ([\w.$]+)").expect("the pattern is constant and tested"));
static ANT_CASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\[junit\] Testcase: (.+?)(?: took [\d.]+ sec)?$").expect("the pattern is constant and tested")
});
static SBT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\[\w+\] )*Test ([\w.$]+\.[\w$]+) failed: (?:([\w.$]+): )?(.*?)(?:, took [\d.]+ s(?:ec)?)?$")
        .expect("the pattern is constant and tested")
});

/// The most lines below a heading that are read.
const BLOCK: usize = 120;

fn maven(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    let mut ran = false;
    let mut in_summary = false;
    let mut class = String::new();
    let mut summary_lines: Option<(usize, usize)> = None;
    for (index, line) in lines.iter().enumerate() {
        let text = line.text;
        ran |= text.contains("T E S T S") || text.contains("Tests run: ");
        if let Some(found) =
            Some(text).filter(|text| text.contains("Tests run: ")).and_then(|text| SUITE.captures(text))
        {
            class = found[1].to_owned();
        }
        if text.contains("<<< ") && !text.contains("Tests run:") {
            if let Some(found) = SUREFIRE.captures(text) {
                let name = found[1].trim();
                let test = match found.get(2) {
                    Some(of) => format!("{}.{name}", of.as_str()),
                    None if name.contains('.') || class.is_empty() => name.to_owned(),
                    None => format!("{class}.{name}"),
                };
                let failure = block(&test, line.number, &lines[index + 1..]);
                add(&mut failures, failure);
            }
        } else if text.ends_with("Failed tests:")
            || text.ends_with("Tests in error:")
            || text.ends_with("Failures:")
            || text.ends_with("Errors:")
            || text.starts_with("Failed tests:")
            || text.starts_with("Tests in error:")
            || text.ends_with("Flakes:")
        {
            in_summary = !text.ends_with("Flakes:");
            summary_lines = Some((line.number, line.number));
            old_summary(&mut failures, text, line.number);
        } else if in_summary {
            summary(&mut failures, line);
            summary_lines = summary_lines.map(|(first, _)| (first, line.number));
            in_summary = !(text.contains("Tests run:") || text.contains("BUILD FAILURE"));
        }
        if failures.len() >= MOST_FAILURES {
            break;
        }
    }
    (ran && (!failures.is_empty() || lines.iter().any(|line| line.text.contains("Tests run: ")))).then_some(Parsed {
        tool: "maven".into(),
        failures,
        key_lines: summary_lines,
    })
}

/// `Failed tests:   method(pkg.Class): message` of surefire 2.
fn old_summary(failures: &mut Vec<Failure>, text: &str, number: usize) {
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    if let Some(found) = OLD_SUMMARY.captures(rest) {
        add_old(failures, &found, number);
    }
}

fn add_old(failures: &mut Vec<Failure>, found: &regex::Captures<'_>, number: usize) {
    let message = found.get(3).map(|message| message.as_str().to_owned());
    add(
        failures,
        Failure {
            test: Some(format!("{}.{}", &found[2], found[1].trim())),
            message,
            log_lines: Some((number, number)),
            ..Failure::default()
        },
    );
}

fn summary(failures: &mut Vec<Failure>, line: &Line<'_>) {
    if let Some(found) = OLD_SUMMARY.captures(line.text) {
        add_old(failures, &found, line.number);
        return;
    }
    let Some(found) = SUMMARY.captures(line.text) else { return };
    let class = found[1].split('>').next().unwrap_or(&found[1]);
    let name = found[2].to_owned();
    let message = found.get(4).map(|message| message.as_str().to_owned());
    let known = failures.iter_mut().find(|failure| {
        failure.test.as_deref().is_some_and(|test| {
            test.ends_with(&format!("{class}.{name}"))
                || (test.contains(class) && !test.contains(&name) && name == "setUp")
                || test.ends_with(&format!("{class}.{name}()"))
        }) || failure.test.as_deref().is_some_and(|test| test.contains(&format!(".{class}.")) && failure.line.is_none())
    });
    let place =
        (PathBuf::from(format!("{}.java", class.split('$').next().unwrap_or(class))), found[3].parse::<u32>().ok());
    match known {
        Some(failure) => {
            if failure.line.is_none() {
                (failure.file, failure.line) = (Some(place.0), place.1);
            }
            failure.message = failure.message.take().or(message);
        }
        None => {
            let number = line.number;
            add(
                failures,
                Failure {
                    test: Some(format!("{class}.{name}")),
                    file: Some(place.0),
                    line: place.1,
                    message,
                    log_lines: Some((number, number)),
                    ..Failure::default()
                },
            );
        }
    }
}

/// The exception and its frames below a test's line.
fn block(test: &str, number: usize, lines: &[Line<'_>]) -> Failure {
    let mut failure = Failure { test: Some(test.to_owned()), log_lines: Some((number, number)), ..Failure::default() };
    let mut own: Option<(PathBuf, u32)> = None;
    let class = test.rsplit_once('.').map_or(test, |(class, _)| class);
    for line in lines.iter().take(BLOCK) {
        let text = line.text;
        if text.contains("<<< ") || text.contains("Tests run:") || (text.is_empty() && !failure.stack.is_empty()) {
            break;
        }
        if let Some((frame, of)) = jvm::frame(text) {
            if own.is_none() && !jvm::is_foreign_class(&of) {
                own = Some((frame.file.clone(), frame.line));
            }
            if failure.stack.len() < 100 {
                failure.stack.insert(0, frame);
            }
        } else if failure.message.is_none()
            && let Some((kind, message)) = jvm::exception(text)
        {
            failure.message = Some(message.map_or_else(|| kind.clone(), |message| format!("{kind}: {message}")));
            failure.kind = Some(kind);
            failure.log_lines = Some((number, line.number));
        }
    }
    // The test's own class is where a developer looks first.
    let file = format!("{}.", class.rsplit('.').next().unwrap_or(class).split('$').next().unwrap_or(class));
    let in_test = failure
        .stack
        .iter()
        .rev()
        .find(|frame| frame.file.to_string_lossy().starts_with(&file))
        .map(|frame| (frame.file.clone(), frame.line));
    if let Some((file, line)) = in_test.or(own) {
        (failure.file, failure.line) = (Some(file), Some(line));
    }
    failure
}

fn gradle(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if !line.text.ends_with(" FAILED")
            || line.text.starts_with(' ')
            || line.text.starts_with("> Task")
            || line.text.starts_with(':')
        {
            continue;
        }
        let Some(found) = GRADLE.captures(line.text) else { continue };
        let title = found[1].trim_start_matches("Gradle suite > Gradle test > ");
        let test = title.split(" > ").map(str::trim).collect::<Vec<_>>().join(".");
        let mut failure = block(&test, line.number, &lines[index + 1..(index + 40).min(lines.len())]);
        for below in lines[index + 1..].iter().take(12).take_while(|below| below.text.starts_with(' ')) {
            let Some(found) = GRADLE_FRAME.captures(below.text) else {
                if failure.message.is_none() && !below.text.trim().is_empty() {
                    failure.message = Some(below.text.trim().to_owned());
                }
                continue;
            };
            failure.log_lines = Some((line.number, below.number));
            let kind = found[1].trim().split(':').next().unwrap_or("").rsplit('.').next().unwrap_or("").to_owned();
            if failure.kind.is_none() {
                failure.kind = Some(kind);
                failure.message = Some(found[1].trim().to_owned());
            }
            if failure.line.is_none() {
                (failure.file, failure.line) = (Some(PathBuf::from(&found[2])), found[3].parse().ok());
            }
        }
        add(&mut failures, failure);
        if failures.len() >= MOST_FAILURES {
            break;
        }
    }
    (!failures.is_empty()).then_some(Parsed { tool: "gradle".into(), failures, key_lines: None })
}

/// JUnit's interface for sbt: `[error] Test pkg.Class.method failed: Exception: message, took 0.1 sec`.
fn sbt(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.text.contains(" failed: ")) {
        let Some(found) = SBT.captures(line.text) else { continue };
        let mut failure = block(&found[1], line.number, &lines[index + 1..]);
        failure.kind = found.get(2).map(|kind| kind.as_str().rsplit('.').next().unwrap_or("").to_owned());
        failure.message = Some(found[3].to_owned());
        add(&mut failures, failure);
        if failures.len() >= MOST_FAILURES {
            break;
        }
    }
    (!failures.is_empty()).then_some(Parsed { tool: "sbt".into(), failures, key_lines: None })
}

fn ant(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    let mut ran = false;
    let mut suite = String::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.text.contains("[junit]")) {
        ran = true;
        if let Some(found) = ANT_SUITE.captures(line.text) {
            suite = found[1].to_owned();
        } else if let Some(found) = ANT.captures(line.text) {
            add(&mut failures, block(&format!("{}.{}", &found[2], &found[1]), line.number, &lines[index + 1..]));
        } else if let Some(found) = ANT_CASE.captures(line.text) {
            // What became of it stands on the next line.
            let verdict =
                lines.get(index + 1).map_or("", |next| next.text.trim_start().trim_start_matches("[junit]").trim());
            if verdict == "FAILED" || verdict.starts_with("Caused an ERROR") {
                add(&mut failures, block(&format!("{suite}.{}", &found[1]), line.number, &lines[index + 1..]));
            }
        }
        if failures.len() >= MOST_FAILURES {
            break;
        }
    }
    ran.then_some(Parsed { tool: "ant".into(), failures, key_lines: None })
}

/// A test that fails in several runs, or that the summary repeats, is one failure.
fn add(failures: &mut Vec<Failure>, failure: Failure) {
    match failures.iter_mut().find(|known| known.test == failure.test) {
        Some(known) if known.message.is_none() => *known = Failure { log_lines: known.log_lines, ..failure },
        Some(_) => {}
        None => failures.push(Failure { nature: Nature::Test, ..failure }),
    }
}
