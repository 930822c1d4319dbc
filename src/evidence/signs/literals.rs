//! The literals that a text must hold for a regular expression to match it.
//!
//! In: a regular expression. Out: strings of which at least one is in every match, without regard to
//! case. They let one pass over a text say which of hundreds of expressions are worth running.

use regex_syntax::hir::{Hir, HirKind};

/// The shortest literal that is worth looking for, in bytes.
const SHORTEST: usize = 3;

/// The most literals for one expression.
const MOST: usize = 40;

/// `None` when the expression is broken, or when there is no such set of literals.
pub(super) fn required(pattern: &str) -> Option<Vec<String>> {
    let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()?;
    of(&hir)
}

fn of(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            (text.len() >= SHORTEST).then(|| vec![text.to_owned()])
        }
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of(&repetition.sub),
        // The set whose shortest literal is longest says most.
        HirKind::Concat(parts) => parts.iter().filter_map(of).max_by_key(|set| set.iter().map(String::len).min()),
        HirKind::Alternation(branches) => {
            let sets: Option<Vec<Vec<String>>> = branches.iter().map(of).collect();
            sets.map(|sets| sets.concat()).filter(|set| set.len() <= MOST)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_literal_is_in_every_match() {
        for (pattern, literals) in [
            (r"network is (?:down|unreachable)", Some(vec!["network is "])),
            (r"\bE(?:503|504)\b", Some(vec!["503", "504"])),
            (r"(?:refused|timed out) x*", Some(vec!["refused", "timed out"])),
            (r"(?:refused|\d+) x", None),
            (r"\d+ flaky\s*", Some(vec![" flaky"])),
            (r"\d+", None),
        ] {
            let expected = literals.map(|set| set.into_iter().map(str::to_owned).collect());
            assert_eq!(required(pattern), expected, "{pattern}");
        }
    }
}
