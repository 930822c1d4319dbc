//! File names in what models write around code.

/// The file that a line names when it names nothing else: `### src/a.py`, `**src/a.py**:`, `File: src/a.py`,
/// `# src/a.py`, `src/a.py`.
pub(super) fn name_of_line(line: &str) -> Option<String> {
    let mut rest = line.trim();
    for opening in ["<!--", "//", "/*", "--"] {
        rest = rest.strip_prefix(opening).unwrap_or(rest).trim();
    }
    for closing in ["-->", "*/"] {
        rest = rest.strip_suffix(closing).unwrap_or(rest).trim();
    }
    let around: &[char] = &['#', '*', '`', '"', '\'', ':', '[', ']', ' ', '>', '='];
    rest = rest.trim_matches(around);
    let lower = rest.to_ascii_lowercase();
    for label in [
        "filename",
        "file name",
        "file path",
        "filepath",
        "file",
        "path",
        "in file",
        "in",
        "edit",
        "update",
        "modified",
    ] {
        if lower.starts_with(label) && rest[label.len()..].starts_with([':', ' ', '*', '`']) {
            rest = rest[label.len()..].trim_matches(around);
            break;
        }
    }
    is_path(rest).then(|| rest.to_owned())
}

/// The definition that a line names: `definition: Cart.total`.
pub(super) fn definition_of_line(line: &str) -> Option<String> {
    let around: &[char] = &['#', '*', '`', '"', '\'', ' ', '/', '-', '(', ')'];
    let (label, name) = line.trim().trim_matches(around).split_once(':')?;
    let name = name.trim_matches(around);
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|character| character.is_alphanumeric() || "_.$#".contains(character))
    };
    let is_label = ["definition", "function", "method", "class", "symbol"]
        .contains(&label.trim_matches(around).to_ascii_lowercase().as_str());
    (is_label && is_name(name)).then(|| name.to_owned())
}

/// The only path that a sentence names, in backticks.
pub(super) fn name_in_prose(line: &str) -> Option<String> {
    let mut quoted = line.split('`').skip(1).step_by(2).filter(|text| is_path(text));
    let first = quoted.next()?;
    quoted.all(|other| other == first).then(|| first.to_owned())
}

/// The file that a fence's info string names: `python src/a.py`, `python:src/a.py`, `src/a.py`, `py title="src/a.py"`.
pub(super) fn name_of_info(info: &str) -> Option<String> {
    let words =
        info.split(&[' ', ':', '=', '{', '}', ','][..]).map(|word| word.trim_matches(['"', '\'', '`', '(', ')']));
    words.rev().find(|word| is_path(word)).map(str::to_owned)
}

/// Whether a word may be the path of a file.
pub(super) fn is_path(word: &str) -> bool {
    const WITHOUT_ENDING: [&str; 4] = ["Makefile", "Dockerfile", "Jenkinsfile", "Procfile"];
    let allowed = |character: char| character.is_alphanumeric() || "_./\\@+-[]()$~".contains(character);
    if word.is_empty()
        || word.len() > 300
        || !word.chars().all(allowed)
        || word.contains("()")
        || word.contains("..") && !word.contains("../")
    {
        return false;
    }
    let last = word.rsplit(['/', '\\']).next().unwrap_or("");
    let ending = last.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_ending = (1..=8).contains(&ending.len())
        && ending.chars().all(|character| character.is_ascii_alphanumeric())
        && ending.chars().any(|character| character.is_ascii_alphabetic());
    is_ending && !matches!(word, "e.g" | "i.e") || WITHOUT_ENDING.contains(&last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_many_dresses() {
        for line in [
            "src/a.py",
            "### src/a.py",
            "**src/a.py**",
            "**`src/a.py`**:",
            "File: src/a.py",
            "file: `src/a.py`",
            "# src/a.py",
            "// src/a.py",
            "<!-- src/a.py -->",
            "### File: `src/a.py`",
            "[src/a.py]",
            "**File:** src/a.py",
            "In `src/a.py`:",
        ] {
            assert_eq!(name_of_line(line).as_deref(), Some("src/a.py"), "{line}");
        }
        for line in [
            "",
            "```",
            "Now change the file",
            "x = 1.5",
            "return a.b()",
            "e.g.",
            "import os.path as p",
            "#",
            "1.",
            "v1.2",
        ] {
            assert_eq!(name_of_line(line), None, "{line}");
        }
    }

    #[test]
    fn definitions_are_named_by_a_line_of_their_own() {
        for line in ["definition: Cart.total", "**Definition:** `Cart.total`", "# method: Cart.total"] {
            assert_eq!(definition_of_line(line).as_deref(), Some("Cart.total"), "{line}");
        }
        for line in ["definition: the total of a cart", "class Cart:", "x: int", "return: total"] {
            assert_eq!(definition_of_line(line), None, "{line}");
        }
    }

    #[test]
    fn sentences_and_infos_name_files() {
        assert_eq!(name_in_prose("In `src/a.py`, `total` is wrong:").as_deref(), Some("src/a.py"));
        assert_eq!(name_in_prose("`a.py` or `b.py`"), None);
        for info in ["python src/a.py", "python:src/a.py", "src/a.py", "py title=\"src/a.py\"", "python {src/a.py}"] {
            assert_eq!(name_of_info(info).as_deref(), Some("src/a.py"), "{info}");
        }
        assert_eq!(name_of_info("python"), None);
    }
}
