//! The languages' own checkers in the sandbox: python3 compiles, node checks, the project's typescript parses.
//!
//! In: changed files. Out: the faults that the unpatched files do not have, what was checked by what, and what got no
//! answer. Nothing of the project is run by python and node; a compiler that the project brings runs inside the
//! sandbox. A file counts as checked only if the checker said so of that very file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::process::{Input, run_to_end};
use super::{Patched, Testbed, TestbedError};

/// A checker's time for its start, in milliseconds: a typescript has megabytes to load.
const START_MS: u64 = 20_000;

/// A checker's time for each file besides, in milliseconds.
const FILE_MS: u64 = 2_000;

/// The longest that one run may take, in milliseconds.
const LONGEST_MS: u64 = 60_000;

/// Output that is read, in bytes.
const OUTPUT_BYTES: usize = 1024 * 1024;

/// How often a checker is asked about a file at most.
const TRIES: usize = 2;

/// What stands in front of each line of a checker.
const MARK: &str = "HEAL-SYNTAX ";

/// A fault that a checker found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedFault {
    /// The file, relative to the repository.
    pub file: PathBuf,
    /// The line, from 1; 0 where the checker names none.
    pub line: u32,
    /// The checker's words.
    pub message: String,
}

impl std::fmt::Display for CheckedFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.message),
            line => write!(f, "{}: line {line}: {}", self.file.display(), self.message),
        }
    }
}

/// What the checkers said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyntaxCheck {
    /// New faults, in the order of the files.
    pub faults: Vec<CheckedFault>,
    /// What was checked by what, or why no checker was asked, as clauses: "python3 compiles a.py".
    pub said: Vec<String>,
    /// Files whose checker was asked and gave no answer, as clauses: "node gave no answer about a.js (…)". These files
    /// are not checked.
    pub unanswered: Vec<String>,
}

/// One line of a checker.
#[derive(Deserialize)]
struct Line {
    file: PathBuf,
    by: Option<String>,
    #[serde(default)]
    line: u32,
    message: Option<String>,
    #[serde(default)]
    text: String,
    skipped: Option<String>,
    unanswered: Option<String>,
}

/// What a checker said of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// By whom it is accepted: "node accepts".
    Sound(String),
    /// What is wrong.
    Faults(Vec<Found>),
    /// Why it was not judged: "is over 2 MiB: not checked".
    Skipped(String),
    /// Why nobody knows.
    Unanswered(String),
}

/// A fault with the text of its line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    line: u32,
    message: String,
    text: String,
}

/// Each file's answer.
type Answers<'a> = BTreeMap<&'a Path, Answer>;

/// A checker: the interpreter, heal's script and the endings.
struct Checker {
    interpreter: &'static str,
    arguments: &'static [&'static str],
    script: &'static str,
    endings: &'static [&'static str],
    /// Whether an old fault is known by its line's text too. Where dialects abound (JSX in `.js`), the message alone
    /// must do: an honest edit of the line would else look like a new fault.
    knows_by_text: bool,
}

const CHECKERS: &[Checker] = &[
    Checker {
        interpreter: "python3",
        arguments: &["-I", "-S", "-B"],
        script: "python/heal_compile.py",
        endings: &["py", "pyi"],
        knows_by_text: true,
    },
    Checker {
        interpreter: "node",
        arguments: &["--experimental-vm-modules", "--no-warnings"],
        script: "nodejs/syntax.mjs",
        endings: &["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"],
        knows_by_text: false,
    },
];

impl Testbed {
    /// Asks the languages' own checkers about changed files. A fault counts unless the unpatched file has it too; where
    /// nobody answers about the unpatched file, it counts.
    pub async fn check_syntax(&self, patched: &Patched) -> Result<SyntaxCheck, TestbedError> {
        let mut result = SyntaxCheck::default();
        for checker in CHECKERS {
            let is_its = |file: &&Path| {
                let ending = file.extension().and_then(|ending| ending.to_str());
                ending.is_some_and(|ending| checker.endings.contains(&ending))
            };
            let files: Vec<&Path> = patched.keys().map(PathBuf::as_path).filter(is_its).collect();
            if files.is_empty() {
                continue;
            }
            if self.toolchain().interpreter(checker.interpreter).is_none() {
                result.said.push(format!("there is no {} to check {}", checker.interpreter, listed(&files)));
                continue;
            }
            let answers = self.ask(checker, &files, patched).await?;
            let faulty: Vec<&Path> = of_kind(&answers, |answer| matches!(answer, Answer::Faults(_)));
            let known = match faulty.is_empty() {
                true => Answers::new(),
                false => self.ask(checker, &faulty, &Patched::new()).await?,
            };
            result.add(checker, &answers, &known);
        }
        Ok(result)
    }

    /// Asks a checker about files, and once more about those without an answer.
    async fn ask<'a>(
        &self,
        checker: &Checker,
        files: &[&'a Path],
        patched: &Patched,
    ) -> Result<Answers<'a>, TestbedError> {
        let mut answers = Answers::new();
        let mut open = files.to_vec();
        for _ in 0..TRIES {
            answers.extend(self.ask_once(checker, &open, patched).await?);
            open = of_kind(&answers, |answer| matches!(answer, Answer::Unanswered(_)));
            if open.is_empty() {
                break;
            }
        }
        Ok(answers)
    }

    /// One run of a checker.
    async fn ask_once<'a>(
        &self,
        checker: &Checker,
        files: &[&'a Path],
        patched: &Patched,
    ) -> Result<Answers<'a>, TestbedError> {
        let all = |why: &str| files.iter().map(|file| (*file, Answer::Unanswered(why.to_owned()))).collect();
        let Some(interpreter) = self.toolchain().interpreter(checker.interpreter) else { return Ok(all("not there")) };
        let mut argv = vec![interpreter.executable.to_string_lossy().into_owned()];
        argv.extend(checker.arguments.iter().map(|&argument| argument.to_owned()));
        argv.push(self.probes_inside().join(checker.script).to_string_lossy().into_owned());
        // `./` keeps a file that begins with a dash from being an option.
        argv.extend(files.iter().map(|file| format!("./{}", file.display())));
        let mut spec = self.spec(argv, &[], patched)?;
        spec.limits.time_ms = LONGEST_MS.min(START_MS + FILE_MS * files.len() as u64);
        spec.limits.output_bytes = OUTPUT_BYTES;
        // The sandbox shows this path inside; a checker writes nothing to it.
        std::fs::write(&spec.results.0, b"").map_err(TestbedError::Tree)?;
        let finished = run_to_end(&spec, Input::None).await;
        self.discard(&spec);
        let finished = finished?;
        let why = match finished.report.exit {
            _ if finished.timed_out => format!("not within {} s", spec.limits.time_ms / 1000),
            Some(0) => return Ok(read(&finished.output.text(), files)),
            Some(code) => format!("it ended with {code}"),
            None => match (&finished.report.setup_error, finished.report.signal) {
                (Some(error), _) => format!("it could not be started: {error}"),
                (None, Some(signal)) => format!("it was killed by signal {signal}"),
                (None, None) => "its end is not known".to_owned(),
            },
        };
        Ok(all(&why))
    }
}

impl SyntaxCheck {
    /// Adds what one checker said.
    fn add(&mut self, checker: &Checker, answers: &Answers<'_>, known: &Answers<'_>) {
        let mut sound: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
        for (file, answer) in answers {
            match answer {
                Answer::Sound(by) => sound.entry(by).or_default().push(file),
                Answer::Skipped(why) => self.said.push(format!("{} {why}", file.display())),
                Answer::Unanswered(why) => {
                    let (name, file) = (checker.interpreter, file.display());
                    self.unanswered.push(format!("{name} gave no answer about {file} ({why})"));
                }
                Answer::Faults(found) => {
                    let new = new_faults(found, known.get(file), checker.knows_by_text);
                    if new.is_empty() {
                        self.said.push(format!("{} has no new fault for {}", file.display(), checker.interpreter));
                    }
                    let fault = |found: &Found| CheckedFault {
                        file: (*file).to_owned(),
                        line: found.line,
                        message: found.message.clone(),
                    };
                    self.faults.extend(new.into_iter().map(fault));
                }
            }
        }
        self.said.extend(sound.into_iter().map(|(by, files)| format!("{by} {}", listed(&files))));
    }
}

/// Files of one kind of answer.
fn of_kind<'a>(answers: &Answers<'a>, is_it: impl Fn(&Answer) -> bool) -> Vec<&'a Path> {
    answers.iter().filter(|(_, answer)| is_it(answer)).map(|(file, _)| *file).collect()
}

/// The first files by name, the others by number.
fn listed(files: &[&Path]) -> String {
    let names: Vec<String> = files.iter().take(3).map(|file| file.display().to_string()).collect();
    match files.len() - names.len() {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// Each file's answer in a checker's output; a file without a line has none.
fn read<'a>(output: &str, files: &[&'a Path]) -> Answers<'a> {
    let mut answers: Answers<'a> =
        files.iter().map(|file| (*file, Answer::Unanswered("it said nothing".to_owned()))).collect();
    for line in output.lines().filter_map(|line| line.strip_prefix(MARK)) {
        let Ok(line) = serde_json::from_str::<Line>(line) else { continue };
        let name = line.file.strip_prefix("./").unwrap_or(&line.file).to_owned();
        let Some(answer) = answers.get_mut(name.as_path()) else { continue };
        match line {
            Line { unanswered: Some(why), .. } => *answer = Answer::Unanswered(why),
            Line { message: Some(message), line, text, .. } => {
                let found = Found { line, message, text };
                match answer {
                    Answer::Faults(faults) => faults.push(found),
                    _ => *answer = Answer::Faults(vec![found]),
                }
            }
            // A fault stays a fault, whatever else is said of the file.
            _ if matches!(answer, Answer::Faults(_)) => {}
            Line { skipped: Some(why), .. } => *answer = Answer::Skipped(why),
            Line { by: Some(by), .. } => *answer = Answer::Sound(by),
            _ => {}
        }
    }
    answers
}

/// The faults that the unpatched file does not have, each of which hides one of its kind.
fn new_faults<'a>(found: &'a [Found], known: Option<&Answer>, knows_by_text: bool) -> Vec<&'a Found> {
    let mut known: Vec<&Found> = match known {
        Some(Answer::Faults(known)) => known.iter().collect(),
        _ => Vec::new(),
    };
    let mut new = Vec::new();
    for found in found {
        let same = |old: &&Found| old.message == found.message && (!knows_by_text || old.text == found.text);
        match known.iter().position(same) {
            Some(index) => {
                known.swap_remove(index);
            }
            None => new.push(found),
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(output: &str) -> Answer {
        read(output, &[Path::new("a.js")]).remove(Path::new("a.js")).unwrap()
    }

    #[test]
    fn only_what_was_said_of_a_file_is_an_answer() {
        let nothing = Answer::Unanswered("it said nothing".to_owned());
        for output in ["", "HEAL-SYNTAX {", "HEAL-SYNTAX {\"file\":\"./b.js\",\"by\":\"node accepts\"}", "{}"] {
            assert_eq!(answer(output), nothing, "{output}");
        }
        let sound = r#"HEAL-SYNTAX {"file":"./a.js","by":"node accepts"}"#;
        let fault = r#"HEAL-SYNTAX {"file":"./a.js","line":2,"message":"m","text":"t"}"#;
        let faults = Answer::Faults(vec![Found { line: 2, message: "m".into(), text: "t".into() }]);
        assert_eq!(answer(sound), Answer::Sound("node accepts".into()));
        assert_eq!(answer(&format!("{fault}\n{sound}")), faults);
        assert_eq!(answer(&format!("{sound}\n{fault}")), faults);
    }

    #[test]
    fn a_fault_is_new_unless_the_unpatched_file_has_it() {
        let found = |message: &str, text: &str| Found { line: 1, message: message.into(), text: text.into() };
        let old = Answer::Faults(vec![found("m", "t")]);
        let new = |faults: &[Found], by_text: bool| new_faults(faults, Some(&old), by_text).len();
        assert_eq!(new(&[found("m", "t")], true), 0);
        assert_eq!(new(&[found("m", "u")], true), 1);
        assert_eq!(new(&[found("m", "u")], false), 0);
        assert_eq!(new(&[found("m", "t"), found("m", "t")], false), 1);
        assert_eq!(new_faults(&[found("m", "t")], None, true).len(), 1);
        let none = Answer::Unanswered(String::new());
        assert_eq!(new_faults(&[found("m", "t")], Some(&none), true).len(), 1);
    }

    #[test]
    fn many_files_are_named_in_short() {
        let files: Vec<&Path> = ["a", "b", "c", "d", "e"].map(Path::new).to_vec();
        assert_eq!(listed(&files[..1]), "a");
        assert_eq!(listed(&files), "a, b, c and 2 more");
    }
}
