//! The wrong operator of a comparison, a sum, a condition or an augmented assignment.
//!
//! ```text
//! Before: while low < high:          After: while low <= high:
//! Before: if (a && b) { … }          After: if (a || b) { … }
//! ```
//!
//! "Change binary operator" is the second most frequent statement-level pattern of TSSB-3M (Richter
//! and Wehrheim, MSR 2022) and the most frequent condition fix of Pan, Kim and Whitehead (EMSE 2009).

use tree_sitter::Node;

use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "binary-operator", prior: 1.0, propose };

/// Pairs that people mistake for each other, with the likelihood of the mistake.
const CONFUSED: &[(&str, &str, f64)] = &[
    ("<", "<=", 1.0),
    (">", ">=", 1.0),
    ("==", "!=", 0.9),
    ("===", "!==", 0.9),
    ("<", ">", 0.8),
    ("<=", ">=", 0.8),
    ("<", ">=", 0.7),
    (">", "<=", 0.7),
    ("and", "or", 0.9),
    ("&&", "||", 0.9),
    ("||", "??", 0.8),
    ("+", "-", 0.9),
    ("*", "/", 0.7),
    ("/", "//", 0.8),
    ("*", "**", 0.5),
    ("+", "*", 0.5),
    ("%", "//", 0.5),
    ("%", "/", 0.5),
    ("+=", "-=", 0.9),
    ("+=", "=", 0.8),
    ("*=", "/=", 0.7),
    ("in", "not in", 0.9),
    ("is", "is not", 0.9),
    ("&", "|", 0.9),
    ("<<", ">>", 0.9),
];

/// Operators of one group that are not in the table.
const UNUSUAL: f64 = 0.3;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if !matches!(site.role(), Some(Role::Binary | Role::AugmentedAssignment)) {
        return;
    }
    let mut cursor = site.node.walk();
    let tokens: Vec<Node<'_>> = site.node.children(&mut cursor).filter(|child| !child.is_named()).collect();
    for token in tokens {
        let operator = site.text_of(token);
        for group in site.source.language.spellings.operator_groups {
            if !group.contains(&operator) {
                continue;
            }
            for other in group.iter().filter(|other| **other != operator) {
                proposals.replace_node(token, *other, likelihood(operator, other));
            }
        }
    }
}

fn likelihood(from: &str, to: &str) -> f64 {
    let known = CONFUSED.iter().find(|(a, b, _)| (*a, *b) == (from, to) || (*b, *a) == (from, to));
    known.map_or(UNUSUAL, |(_, _, weight)| *weight)
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn boundaries_and_conditions() {
        check_operator(&OPERATOR, "a.py", "while low < high: pass\n", "while low <= high: pass\n");
        check_operator(&OPERATOR, "a.py", "x = a not in b\n", "x = a in b\n");
        check_operator(&OPERATOR, "a.ts", "const x = a && b;\n", "const x = a || b;\n");
        check_operator(&OPERATOR, "a.js", "x += 1;\n", "x -= 1;\n");
    }

    #[test]
    fn plain_assignments_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "x = f(a, -b)\n");
    }
}
