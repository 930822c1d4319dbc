//! A condition that asks too much or too little.
//!
//! ```text
//! Before: if user:                         After: if user and user.active:
//! Before: if (a && b) { … }                After: if (a) { … }
//! ```
//!
//! "More specific if" and "less specific if" of TSSB-3M (Richter and Wehrheim, MSR 2022) and of
//! ManySStuBs4J (Karampatsis and Sutton, MSR 2020).

use tree_sitter::Node;

use super::super::ingredients::condition;
use super::super::shape::{is_value, other_names};
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "conjunct", prior: 0.6, propose };

/// How many conditions and names are added at a place.
const CONDITIONS: usize = 8;
const NAMES: usize = 6;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    let spellings = site.source.language.spellings;
    match site.role() {
        Some(Role::Binary) => {
            let operator = site.field("operator").map_or("", |operator| site.text_of(operator));
            if [spellings.and, spellings.or, "??"].contains(&operator) {
                for side in ["left", "right"].into_iter().filter_map(|side| site.field(side)) {
                    proposals.replace_node(site.node, site.text_of(side), 0.8);
                }
            }
            let returned = site.node.parent().is_some_and(|parent| site.role_of(parent) == Some(Role::Return));
            if returned && is_value(site, site.node) {
                extend(site, site.node, 0.5, proposals);
            }
        }
        Some(Role::Branch | Role::Ternary) => {
            if let Some(condition) = condition(site.node) {
                extend(site, condition, 1.0, proposals);
            }
        }
        _ => {}
    }
}

fn extend(site: &Site<'_>, condition: Node<'_>, scale: f64, proposals: &mut Proposals) {
    let spellings = site.source.language.spellings;
    let own = site.text_of(condition);
    let mut atoms: Vec<(String, f64)> = Vec::new();
    for other in site.ingredients.conditions.iter().filter(|other| **other != own).take(CONDITIONS) {
        atoms.push((format!("({other})"), 0.6));
    }
    for name in other_names(site, own).take(NAMES) {
        atoms.push((name.to_owned(), 0.5));
        atoms.push((format!("{name}{}", spellings.not_null_test), 0.5));
        atoms.push((format!("{}{name}", spellings.not), 0.3));
    }
    for expression in site.ingredients.attribute_expressions.iter().take(NAMES) {
        atoms.push(((*expression).to_owned(), 0.3));
        atoms.push((format!("{}{expression}", spellings.not), 0.2));
    }
    let (and, or) = (spellings.and, spellings.or);
    let guarded =
        if own.contains(or) || condition.kind().contains("lambda") { format!("({own})") } else { own.to_owned() };
    for (atom, weight) in atoms {
        proposals.replace_node(condition, format!("{guarded} {and} {atom}"), weight * scale);
        proposals.replace_node(condition, format!("{own} {or} {atom}"), weight * scale * 0.8);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn conditions_gain_and_lose_parts() {
        check_operator(&OPERATOR, "a.js", "if (a && b) f();\n", "if (b) f();\n");
        check_operator(&OPERATOR, "a.py", "def f(a, b):\n    if a: pass\n", "def f(a, b):\n    if a and b: pass\n");
    }

    #[test]
    fn sums_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "x = a + b\n");
    }
}
