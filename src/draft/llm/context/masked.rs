//! Lines of files that may not be sent, taken out of logs and messages that quote them.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use super::excerpt::{end, plain};
use super::failure;
use super::files::Files;
use crate::evidence::stack::repository_path;

/// How many such files are looked at.
const FILES: usize = 16;

/// Shorter lines give nothing away, in bytes without blanks around them.
const SHORTEST: usize = 6;

/// What stands for a line.
const MARK: &str = "[a line of a file that may not be sent]";

/// How much of the end of a log is searched for names of files, in bytes.
const LOG: usize = 200_000;

/// The tracked files that the logs name.
fn in_logs(files: &Files<'_>) -> Vec<PathBuf> {
    let earlier = files.case.earlier.iter().map(|attempt| attempt.log.as_str());
    let ends = earlier.chain([files.case.evidence.run.log.as_str()]).map(|log| end(log, LOG));
    let words = ends.flat_map(|log| log.split(|c: char| c.is_whitespace() || "\"'():,;<>[]".contains(c)));
    words.filter(|word| word.contains(['/', '.'])).map(repository_path).filter(|path| files.is_tracked(path)).collect()
}

/// The lines that may not be shown.
pub(super) struct Mask {
    lines: HashSet<String>,
}

impl Mask {
    /// The lines of the files that the failure or the diagnosis names and that may not be sent.
    pub fn new(files: &Files<'_>) -> Self {
        let failures = failure::failures(files);
        let of_failures = failures.iter().flat_map(|one| one.stack.iter().map(|frame| &frame.file).chain(&one.file));
        let of_locations = files.case.diagnosis.locations.iter().map(|location| &location.file);
        let of_results = files.case.evidence.run.failing().filter_map(|test| test.file.as_ref());
        let of_commits =
            files.case.evidence.commits.iter().flat_map(|commit| commit.hunks.iter().map(|hunk| &hunk.file));
        let named = of_failures.take(10_000).chain(of_locations).chain(of_results).chain(of_commits.take(10_000));
        let named: BTreeSet<PathBuf> = named.cloned().chain(in_logs(files)).collect();
        let closed = named.iter().filter(|file| files.is_tracked(file) && !files.may_send(file)).take(FILES);
        let lines = closed
            .filter_map(|file| (files.case.read)(file))
            .flat_map(|text| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>())
            .filter(|line| line.len() >= SHORTEST)
            .collect();
        Mask { lines }
    }

    /// The text without such lines, as they are or as runners quote them (`> …`, `12 | …`).
    pub fn text(&self, text: &str) -> String {
        if self.lines.is_empty() {
            return text.to_owned();
        }
        let lines = text.split('\n').map(|line| if self.hides(line) { MARK } else { line });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn hides(&self, line: &str) -> bool {
        let line = plain(line);
        let quoted = line.trim_start_matches(|c: char| c.is_whitespace() || c.is_ascii_digit() || ">|E+-:".contains(c));
        [line.trim(), quoted.trim()].iter().any(|line| self.lines.contains(*line))
    }
}
