//! The risk of a patch by simple rules that the reader is told.
//!
//! In: the patch and how many others passed. Out: a level and the rules that gave it. The level says how
//! much there is to look at, not how likely the patch is wrong.

use std::path::Path;

use serde::Serialize;

use super::hunks;
use super::markdown::code_of;
use super::story::Tried;

/// How carefully a patch should be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskLevel {
    /// A few lines of one file in an ordinary place.
    Low,
    /// More lines or files, or other patches would pass as well.
    Medium,
    /// Many lines or files, or a place where a fault is dear.
    High,
}

impl std::fmt::Display for RiskLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            RiskLevel::Low => "low",
            RiskLevel::Medium => "medium",
            RiskLevel::High => "high",
        })
    }
}

/// A level and the rules that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// The highest level of the rules.
    pub level: RiskLevel,
    /// The rules that gave that level, in Markdown.
    pub rules: Vec<String>,
}

/// Changed lines up to which a patch is small and middling. A one-statement fix has 1 to 5 lines; 30 is
/// what a reviewer sees at a glance.
const LINES: (usize, usize) = (5, 30);

/// Files up to which a patch is small and middling.
const FILES: (usize, usize) = (1, 3);

/// Words of a path that name a place where a fault is dear.
const DEAR: &[(&str, &[&str])] = &[
    ("authentication", &["auth", "authn", "authz", "authenticate", "authentication", "login", "session", "sessions"]),
    ("authorization", &["authorize", "authorization", "permission", "permissions", "acl", "rbac"]),
    ("credentials", &["password", "passwords", "secret", "secrets", "credential", "credentials", "oauth", "jwt"]),
    ("security", &["security", "secure", "sanitize", "sanitizer", "csrf", "cors"]),
    (
        "cryptography",
        &["crypto", "cryptography", "cipher", "encrypt", "encryption", "decrypt", "decryption", "signing"],
    ),
    ("payment", &["payment", "payments", "billing", "invoice", "invoices", "checkout", "payout", "payouts"]),
    ("migrations", &["migration", "migrations", "migrate", "schema"]),
];

/// Assesses a patch of which `plausible` different ones passed.
pub fn assess(tried: &Tried, plausible: usize) -> Risk {
    let (added, removed) = hunks::size(&tried.diff);
    let lines = added.max(removed);
    let files = tried.files.len().max(hunks::files(&tried.diff).len());
    let grade = |count: usize, bounds: (usize, usize)| match count {
        count if count <= bounds.0 => RiskLevel::Low,
        count if count <= bounds.1 => RiskLevel::Medium,
        _ => RiskLevel::High,
    };
    let mut rules = vec![
        (grade(lines, LINES), counted(lines, "line changed", "lines changed")),
        (grade(files, FILES), counted(files, "file", "files")),
    ];
    if plausible > 1 {
        rules.push((RiskLevel::Medium, format!("{plausible} different patches pass the same tests")));
    }
    for file in &tried.files {
        if let Some(place) = dear_place(file) {
            let name = code_of(&file.display().to_string(), 120);
            rules.push((RiskLevel::High, format!("{name} looks like a place of {place}")));
        }
    }
    let level = rules.iter().map(|(level, _)| *level).max().unwrap_or(RiskLevel::Low);
    let rules = rules.into_iter().filter(|(of, _)| *of == level).map(|(_, rule)| rule).take(6).collect();
    Risk { level, rules }
}

/// A number with its noun.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What a path says of its place: whole words only, so that an author is no authentication.
fn dear_place(file: &Path) -> Option<&'static str> {
    let words = words(&file.display().to_string());
    DEAR.iter().find(|(_, dear)| words.iter().any(|word| dear.contains(&word.as_str()))).map(|(place, _)| *place)
}

/// The lower-case words of a path, `camelCase` and `snake_case` apart.
fn words(path: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in path.chars().take(1000) {
        if !character.is_alphanumeric() || character.is_uppercase() && was_lower {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::unified_diff;

    #[track_caller]
    fn check(file: &str, lines: usize, plausible: usize, level: RiskLevel, rules: &[&str]) {
        let after = "y\n".repeat(lines);
        let diff = unified_diff(Path::new(file), &"x\n".repeat(lines), &after);
        let tried = Tried { diff, files: vec![file.into()], ..Tried::default() };
        let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
        assert_eq!(assess(&tried, plausible), Risk { level, rules });
    }

    #[test]
    fn the_highest_rule_counts_and_is_named() {
        use RiskLevel::{High, Low, Medium};
        check("src/authors.py", 1, 1, Low, &["1 line changed", "1 file"]);
        check("src/cart.py", 6, 1, Medium, &["6 lines changed"]);
        check("src/cart.py", 1, 4, Medium, &["4 different patches pass the same tests"]);
        check("src/cart.py", 31, 4, High, &["31 lines changed"]);
        check("src/userLogin.ts", 1, 1, High, &["` src/userLogin.ts ` looks like a place of authentication"]);
        check("db/migrations/002_x.py", 1, 1, High, &["` db/migrations/002_x.py ` looks like a place of migrations"]);
    }
}
