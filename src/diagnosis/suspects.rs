//! Ranking commits by how their changed lines meet the suspicious ones.

use std::collections::HashMap;
use std::path::Path;

use super::{Location, Suspect};
use crate::forge::Commit;

/// What a commit is worth that touched a suspicious file, but no suspicious line, per age.
const SAME_FILE: f64 = 0.1;

/// Commits that touched a suspicious file or line, the most suspect first.
pub(super) fn rank(commits: &[Commit], locations: &[Location]) -> Vec<Suspect> {
    let mut by_line: HashMap<(&Path, u32), f64> = HashMap::new();
    let mut by_file: HashMap<&Path, f64> = HashMap::new();
    for location in locations {
        by_line.insert((&location.file, location.line.0), location.score);
        let best = by_file.entry(&location.file).or_insert(0.0);
        *best = best.max(location.score);
    }
    let mut suspects: Vec<Suspect> = commits
        .iter()
        .enumerate()
        .filter_map(|(age, commit)| {
            let recent = 1.0 / (1.0 + age as f64);
            let score = commit.hunks.iter().map(|hunk| {
                let lines = hunk.new.lines().count().max(1) as u32;
                let lines =
                    (hunk.new_start..hunk.new_start + lines).filter_map(|line| by_line.get(&(&*hunk.file, line)));
                let meets = lines.fold(0.0_f64, |best, score| best.max(*score));
                meets.max(SAME_FILE * by_file.get(&*hunk.file).copied().unwrap_or(0.0)) * recent
            });
            let score = score.fold(0.0_f64, f64::max);
            (score > 0.0).then(|| Suspect {
                commit: commit.sha.clone(),
                summary: commit.summary.clone(),
                author: commit.author.clone(),
                score,
            })
        })
        .collect();
    let sum: f64 = suspects.iter().map(|suspect| suspect.score).sum();
    for suspect in &mut suspects {
        suspect.score /= sum;
    }
    suspects.sort_by(|a, b| b.score.total_cmp(&a.score));
    suspects
}
