//! A condition that means the opposite.
//!
//! ```text
//! Before: if user.is_active:               After: if not user.is_active:
//! Before: items.filter((i) => !i.done)     After: items.filter((i) => i.done)
//! ```
//!
//! A condition change of Pan, Kim and Whitehead (EMSE 2009) and of PAR (Kim et al., ICSE 2013).

use tree_sitter::Node;

use super::super::ingredients::condition;
use super::super::shape::{grouped, is_simple_expression, is_value};
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "negate", prior: 0.9, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    match site.role() {
        Some(Role::Branch | Role::Ternary) => {
            if let Some(condition) = condition(site.node) {
                flip(site, condition, 1.0, proposals);
            }
        }
        Some(Role::Binary) if is_logical(site) => {
            for side in ["left", "right"].into_iter().filter_map(|side| site.field(side)) {
                flip(site, side, 0.7, proposals);
            }
        }
        Some(Role::Unary) => {
            if let Some(operand) = operand(site.node) {
                proposals.replace_node(site.node, site.text_of(operand), 0.8);
            }
        }
        _ => value(site, proposals),
    }
}

/// Returned, assigned or passed values.
fn value(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(parent) = site.node.parent() else { return };
    let fits = is_simple_expression(site, site.node)
        || matches!(site.role(), Some(Role::Binary | Role::Parenthesized | Role::Boolean));
    if !fits || !is_value(site, site.node) {
        return;
    }
    match (site.role_of(parent), parent.kind()) {
        (Some(Role::Return | Role::Assignment), _) | (_, "arrow_function" | "lambda" | "if_clause") => {
            flip(site, site.node, 0.4, proposals);
            if is_simple_expression(site, site.node) {
                proposals.insert(site.node.start_byte(), "-", 0.3);
            }
        }
        (Some(Role::Binary | Role::Arguments), _) if is_simple_expression(site, site.node) => {
            proposals.replace_node(site.node, format!("-{}", site.text()), 0.15);
        }
        _ => {}
    }
}

fn flip(site: &Site<'_>, condition: Node<'_>, weight: f64, proposals: &mut Proposals) {
    let not = site.source.language.spellings.not;
    if site.text_of(condition).starts_with(not.trim()) && site.role_of(condition) == Some(Role::Unary) {
        return; // the unary node itself proposes to drop it
    }
    // `not (a < b)` is how nobody writes `a >= b`, which another operator proposes.
    let natural = if site.role_of(condition) == Some(Role::Binary) { 0.4 } else { 1.0 };
    proposals.replace_node(condition, format!("{not}{}", grouped(site, condition)), weight * natural);
}

fn operand(node: Node<'_>) -> Option<Node<'_>> {
    node.child_by_field_name("argument")
}

fn is_logical(site: &Site<'_>) -> bool {
    let spellings = site.source.language.spellings;
    site.field("operator").is_some_and(|operator| [spellings.and, spellings.or].contains(&site.text_of(operator)))
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn conditions_turn_round() {
        check_operator(&OPERATOR, "a.py", "if a.b: pass\n", "if not a.b: pass\n");
        check_operator(&OPERATOR, "a.py", "if not a: pass\n", "if a: pass\n");
        check_operator(&OPERATOR, "a.ts", "if (a < b) f();\n", "if (!(a < b)) f();\n");
        check_operator(&OPERATOR, "a.js", "x = (i) => !i.d;\n", "x = (i) => i.d;\n");
    }

    #[test]
    fn plain_calls_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "f()\n");
    }
}
