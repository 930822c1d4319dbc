//! Workflow commands that a tool printed for GitHub: `::error file=a.py,line=1,col=2,title=F401::message`.
//!
//! Format: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>. In GitHub's own
//! logs the runner has turned them into `##[error]`; they are seen in the output of a tool itself.

use super::{MOST_FAILURES, Parsed, Tool};
use crate::evidence::stack::repository_path;
use crate::evidence::{Failure, Line, Nature};

/// Annotations of any tool.
pub static TOOL: Tool = Tool { name: "annotations", marks: &["::error file=", "::error title="], parse };

fn parse(lines: &[Line<'_>]) -> Option<Parsed> {
    let failures: Vec<Failure> = lines.iter().filter_map(annotation).take(MOST_FAILURES).collect();
    (!failures.is_empty()).then_some(Parsed { tool: "annotations".into(), failures, key_lines: None })
}

fn annotation(line: &Line<'_>) -> Option<Failure> {
    let rest = line.text.trim_start().strip_prefix("::error ")?;
    let (properties, message) = rest.split_once("::")?;
    let property = |name: &str| {
        let mut all = properties.split(',').filter_map(|property| property.split_once('='));
        all.find(|(key, _)| key.trim() == name).map(|(_, value)| unescaped(value)).filter(|value| !value.is_empty())
    };
    let number = |names: &[&str]| names.iter().find_map(|name| property(name)?.parse().ok());
    Some(Failure {
        file: property("file").map(|file| repository_path(&file)),
        line: number(&["line", "startLine"]),
        column: number(&["col", "startColumn"]),
        kind: property("title"),
        message: Some(unescaped(message)).filter(|message| !message.is_empty()),
        log_lines: Some((line.number, line.number)),
        nature: Nature::Lint,
        ..Failure::default()
    })
}

fn unescaped(text: &str) -> String {
    text.replace("%0D", "").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Level;

    #[test]
    fn a_command_s_properties_and_escapes_are_read() {
        let text = "::error file=src/a.py,line=3,col=7,title=F401::unused%0Aimport 100%25";
        let parsed = parse(&[Line { number: 9, text, level: Level::Plain }]).unwrap();
        let failure = &parsed.failures[0];
        assert_eq!(
            (failure.file.as_deref(), failure.line, failure.column),
            (Some("src/a.py".as_ref()), Some(3), Some(7))
        );
        assert_eq!((failure.kind.as_deref(), failure.message.as_deref()), (Some("F401"), Some("unused\nimport 100%")));
    }
}
