//! pre-commit: hooks that failed, with what they said below `- hook id:`.
//!
//! A hook that changed files wants them committed: formatters say no more than that. Format: <https://pre-commit.com>.

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::{Failure, Line, Nature};

/// pre-commit.
pub static TOOL: Tool = Tool { name: "pre-commit", marks: &["- hook id: "], parse };

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let mut failures: Vec<Failure> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(id) = line.text.strip_prefix("- hook id: ") else { continue };
        let title = lines[..index].last().map_or("", |above| above.text);
        if !title.ends_with("Failed") || failures.len() >= MOST_FAILURES {
            continue;
        }
        let below: Vec<&Line<'_>> = lines[index + 1..]
            .iter()
            .take(12)
            .take_while(|line| {
                !line.text.ends_with("Passed") && !line.text.ends_with("Skipped") && !line.text.ends_with("Failed")
            })
            .collect();
        let changed = below.iter().any(|line| line.text.contains("files were modified by this hook"));
        let said = below.iter().map(|line| line.text.trim()).find(|text| !text.is_empty() && !text.starts_with("- "));
        failures.push(Failure {
            kind: Some(id.trim().to_owned()),
            message: Some(said.unwrap_or("the hook failed").to_owned()),
            log_lines: Some((
                line.number.saturating_sub(1).max(1),
                below.last().map_or(line.number, |last| last.number),
            )),
            nature: if changed { Nature::Format } else { Nature::Lint },
            ..Failure::default()
        });
    }
    (!failures.is_empty()).then_some(Parsed { tool: "pre-commit".into(), failures, key_lines: None })
}
