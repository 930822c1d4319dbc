//! Lines without what differs from run to run: numbers, hashes, paths, times.
//!
//! In: a line. Out: its template, equal for lines that the same statement wrote. The masks are those of
//! Drain's usual pre-processing (He et al., "Drain: An online log parsing approach with fixed depth tree",
//! ICWS 2017); its tree is not needed, since templates are only compared, never shown as clusters.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The template of a line: words with a digit, a path or an address become `#`, blanks are one blank.
pub fn of(line: &str) -> String {
    let mut template = String::with_capacity(line.len());
    each_part(line, |part| template.push_str(part));
    template
}

/// A hash of [`of`], without making it; stable within one run of the program only.
pub fn hash(line: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    each_part(line, |part| part.hash(&mut hasher));
    hasher.finish()
}

/// What stands for a word that varies.
const MASK: &str = "#";

fn each_part(line: &str, mut take: impl FnMut(&str)) {
    let mut first = true;
    for word in line.split(char::is_whitespace).filter(|word| !word.is_empty()) {
        if !first {
            take(" ");
        }
        first = false;
        let mut rest = word;
        while !rest.is_empty() {
            let varies = run(rest);
            if varies == 0 {
                let plain = rest.len() - rest.trim_start_matches(|c: char| !is_part_of_name(c)).len();
                let name = if plain > 0 { plain } else { rest.find(|c: char| !is_part_of_name(c)).unwrap_or(rest.len()) };
                take(&rest[..name]);
                rest = &rest[name..];
            } else {
                take(MASK);
                rest = &rest[varies..];
            }
        }
    }
}

fn is_part_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | '+' | '\\' | '@' | '~')
}

/// The length of a name at the beginning that varies: it holds a digit, or it is an absolute path.
fn run(text: &str) -> usize {
    let end = text.find(|c: char| !is_part_of_name(c)).unwrap_or(text.len());
    let name = &text[..end];
    let is_path = (name.starts_with('/') && name.len() > 1) || name.starts_with('~');
    if is_path || name.bytes().any(|byte| byte.is_ascii_digit()) { end } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_the_same_statement_are_equal() {
        for (a, b) in [
            ("no /home/me/x at 0x7f01 in 1.5s", "no /build/1/x at 0xab99 in 22.25s"),
            ("commit 1f7d1fd by a", "commit  92eedb1   by a"),
            ("[12:33:01] built foo (123 ms)", "[01:02:03] built foo (9 ms)"),
        ] {
            assert_eq!(of(a), of(b));
            assert_eq!(hash(a), hash(b));
        }
        assert_ne!(of("cannot find a"), of("cannot find b"));
        assert_eq!(of("é: (ß) 1"), "é: (ß) #");
    }
}
