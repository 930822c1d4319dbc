//! What the suspect commits changed, the most suspect first, changes of suspicious files first.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::SectionKind::SuspectDiff;
use super::excerpt::{cut_line, one_line};
use super::files::Files;
use super::piece::{Piece, Trim};
use crate::forge::{Commit, Hunk};

/// How many commits are shown.
const COMMITS: usize = 3;

/// How many lines of a commit are shown.
const LINES: usize = 400;

/// How many lines of one hunk are shown in the short form.
const SHORT_HUNK: usize = 30;

/// The diffs of the suspect commits.
pub(super) fn pieces(files: &Files<'_>) -> Vec<Piece> {
    let by_sha: BTreeMap<&str, &Commit> =
        files.case.evidence.commits.iter().map(|commit| (commit.sha.as_str(), commit)).collect();
    let suspects = files.case.diagnosis.suspects.iter().take(COMMITS);
    let of_suspect = suspects.filter_map(|suspect| Some((suspect.score, *by_sha.get(suspect.commit.as_str())?)));
    of_suspect.filter_map(|(score, commit)| piece(files, score, commit)).collect()
}

fn piece(files: &Files<'_>, score: f64, commit: &Commit) -> Option<Piece> {
    let lines: HashSet<(&Path, u32)> =
        files.case.diagnosis.locations.iter().map(|place| (place.file.as_path(), place.line.0)).collect();
    let suspect: HashSet<&Path> = lines.iter().map(|(file, _)| *file).collect();
    let rank = |hunk: &Hunk| {
        let added = hunk.new.lines().count().max(1) as u32;
        let meets = (hunk.new_start..hunk.new_start.saturating_add(added.min(500)))
            .any(|line| lines.contains(&(hunk.file.as_path(), line)));
        if meets {
            0
        } else if suspect.contains(hunk.file.as_path()) {
            1
        } else {
            2
        }
    };
    let mut hunks: Vec<(u8, &Hunk)> = commit
        .hunks
        .iter()
        .take(2_000)
        .filter(|hunk| files.may_send(&hunk.file))
        .map(|hunk| (rank(hunk), hunk))
        .collect();
    hunks.sort_by(|a, b| (a.0, &a.1.file, a.1.new_start).cmp(&(b.0, &b.1.file, b.1.new_start)));
    let best = hunks.first()?.0;
    let heading = format!("message: {}\n", one_line(&commit.summary, 200));
    let full = heading.clone() + &render(&hunks, usize::MAX);
    let near: Vec<_> = hunks.iter().filter(|(rank, _)| *rank <= best).copied().collect();
    let mut forms = vec![full, heading.clone() + &render(&near, usize::MAX), heading + &render(&near, SHORT_HUNK)];
    forms.dedup();
    let sha: String = commit.sha.chars().filter(char::is_ascii_hexdigit).take(12).collect();
    let title = format!("what commit {sha} changed (suspicion {:.0} %)", score * 100.0);
    Some(Piece::new(SuspectDiff, &title, forms, Trim::End))
}

fn render(hunks: &[(u8, &Hunk)], longest: usize) -> String {
    let mut text = String::new();
    let mut left = LINES;
    let mut file = None;
    for (index, (_, hunk)) in hunks.iter().enumerate() {
        if left == 0 {
            text.push_str(&format!("… {} more changes left out\n", hunks.len() - index));
            break;
        }
        if file != Some(&hunk.file) {
            text.push_str(&format!("--- {0}\n+++ {0}\n", one_line(&hunk.file.to_string_lossy(), 240)));
            file = Some(&hunk.file);
        }
        text.push_str(&format!("@@ at line {} @@\n", hunk.new_start));
        let removed = hunk.old.lines().map(|line| ('-', line));
        let changed: Vec<(char, &str)> = removed.chain(hunk.new.lines().map(|line| ('+', line))).collect();
        let shown = changed.len().min(left).min(longest);
        for (sign, line) in &changed[..shown] {
            text.push_str(&format!("{sign}{}\n", cut_line(line)));
        }
        if shown < changed.len() {
            text.push_str(&format!("… {} changed lines left out\n", changed.len() - shown));
        }
        left -= shown;
    }
    text
}
