//! Faults of data files, for which there is no grammar in `code/`: JSON, TOML and YAML by their own parsers.
//!
//! In: a file's text before and after. Out: the fault that the patch brings in, if its parser finds one; nothing for
//! all other kinds of files, which no parser here can judge.

use std::path::Path;

use super::SyntaxFault;

/// What is wrong after the patch and was right before it.
pub(super) fn new_fault(file: &Path, before: &str, after: &str) -> Option<SyntaxFault> {
    let parse: fn(&str) -> Option<SyntaxFault> = match file.extension()?.to_str()? {
        "json" => json,
        "toml" => toml,
        "yml" | "yaml" => yaml,
        _ => return None,
    };
    parse(after).filter(|_| parse(before).is_none())
}

fn json(text: &str) -> Option<SyntaxFault> {
    let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err()?;
    Some(fault(error.line(), &error.to_string()))
}

fn toml(text: &str) -> Option<SyntaxFault> {
    let error = toml::from_str::<toml::Table>(text).err()?;
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
    Some(fault(before.matches('\n').count() + 1, error.message()))
}

fn yaml(text: &str) -> Option<SyntaxFault> {
    let error = serde_yaml_ng::from_str::<serde::de::IgnoredAny>(text).err()?;
    Some(fault(error.location().map_or(1, |place| place.line()), &error.to_string()))
}

fn fault(line: usize, message: &str) -> SyntaxFault {
    let message = message.lines().next().unwrap_or_default().to_owned();
    SyntaxFault { line: u32::try_from(line).unwrap_or(u32::MAX).max(1), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of_fault(file: &str, before: &str, after: &str) -> Option<u32> {
        new_fault(Path::new(file), before, after).map(|fault| fault.line)
    }

    #[test]
    fn each_kind_is_judged_by_its_own_parser() {
        assert_eq!(line_of_fault("a.json", "{\"a\": 1}", "{\n\"a\": 1,\n}"), Some(3));
        assert_eq!(line_of_fault("a.toml", "a = 1\n", "a = 1\nb = \n"), Some(2));
        assert!(line_of_fault("a.yml", "a: 1\n", "a: 1\nb: [\n").is_some());
        assert_eq!(line_of_fault("a.txt", "", "{"), None);
        assert_eq!(line_of_fault("a.json", "{\"a\": 1}", "{\"a\": 2}"), None);
    }

    #[test]
    fn what_was_broken_before_is_not_the_patch_s_fault() {
        assert_eq!(line_of_fault("tsconfig.json", "// with comments\n{}", "// with comments\n{\"a\": 1}"), None);
    }
}
