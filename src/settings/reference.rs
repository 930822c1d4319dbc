//! Keys as data, and the table of the reference page made from them.
//!
//! In: a list of [`Key`]s. Out: Markdown between two marks, which a test compares with the page.

use std::fmt::Write as _;

/// One key of a settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name with its table, such as `limits.heals_per_day`; `*` stands for a name that the user chooses.
    pub name: &'static str,
    /// What values it takes.
    pub kind: &'static str,
    /// The default as TOML; empty when there is none.
    pub default: &'static str,
    /// The environment variable that overrides it; empty when there is none.
    pub variable: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// The rows of the reference page for these keys. The column of variables is left out when no key has one.
pub fn table(keys: &[Key]) -> String {
    let variables = keys.iter().any(|key| !key.variable.is_empty());
    let mut text = String::from("| key | values | default |");
    text.push_str(if variables { " environment | what it does |\n" } else { " what it does |\n" });
    text.push_str(if variables { "|---|---|---|---|---|\n" } else { "|---|---|---|---|\n" });
    for key in keys {
        let _ = write!(text, "| `{}` | {} | {} |", key.name, cell(key.kind), code(key.default));
        if variables {
            let _ = write!(text, " {} |", code(key.variable));
        }
        let _ = writeln!(text, " {} |", cell(key.doc));
    }
    text
}

/// The text between `<!-- name -->` and `<!-- /name -->` of a page.
pub fn block<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("<!-- {name} -->\n"))?;
    Some(rest.split_once(&format!("<!-- /{name} -->"))?.0)
}

/// A page with another text between these marks.
pub fn replaced(page: &str, name: &str, text: &str) -> Option<String> {
    let (before, after) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (start, rest) = page.split_once(&before)?;
    let (_, end) = rest.split_once(&after)?;
    Some(format!("{start}{before}{text}{after}{end}"))
}

fn code(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { format!("`{}`", cell(text)) }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_key() {
        let key = Key { name: "a.b", kind: "true | false", default: "true", variable: "", doc: "Does it." };
        let plain = "| key | values | default | what it does |\n|---|---|---|---|\n\
                     | `a.b` | true \\| false | `true` | Does it. |\n";
        assert_eq!(table(&[key]), plain);
        assert!(table(&[Key { variable: "HEAL_B", ..key }]).contains("| `true` | `HEAL_B` | Does it. |"));
        let page = format!("Title\n<!-- keys -->\n{plain}<!-- /keys -->\nEnd");
        assert_eq!(block(&page, "keys"), Some(plain));
        assert_eq!(block(&page, "others"), None);
        assert_eq!(replaced(&page, "keys", "new\n").unwrap(), "Title\n<!-- keys -->\nnew\n<!-- /keys -->\nEnd");
    }
}
