//! One too many or one too few: at a boundary, an index, a count.
//!
//! ```text
//! Before: for i in range(len(xs)):         After: for i in range(len(xs) - 1):
//! Before: rows.slice(start, end + 1)       After: rows.slice(start, end)
//! ```
//!
//! A fault class of the paper's evaluation; "off by one" is a fix template of TBar (Liu et al., ISSTA
//! 2019) and part of TSSB-3M's "change binary operand" (Richter and Wehrheim, MSR 2022).

use super::super::shape::{grouped, is_simple_expression, is_value};
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "off-by-one", prior: 0.9, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(parent) = site.node.parent() else { return };
    match site.role() {
        Some(Role::Slice) => slice(site, proposals),
        Some(Role::Binary) => {
            without_one(site, proposals);
            if matches!(site.role_of(parent), Some(Role::Arguments | Role::Subscript | Role::Slice | Role::Return)) {
                let text = grouped(site, site.node);
                proposals.replace_node(site.node, format!("{} + 1", site.text()), 0.5);
                proposals.replace_node(site.node, format!("{} - 1", site.text()), 0.5);
                proposals.replace_node(site.node, format!("{text} + 1"), 0.3);
            }
        }
        _ if is_simple_expression(site, site.node) && is_value(site, site.node) => {
            let Some(weight) = likelihood(site.role_of(parent)) else { return };
            let text = site.text();
            // In a sum the parentheses would be noise; everywhere else they keep the meaning.
            let binds = site.role_of(parent) == Some(Role::Binary)
                && ["*", "/", "//", "%", "**"].contains(&operator_of(site, parent));
            for sum in [format!("{text} + 1"), format!("{text} - 1")] {
                let sum = if binds { format!("({sum})") } else { sum };
                proposals.replace_node(site.node, sum, weight);
            }
            range(site, proposals);
        }
        _ => {}
    }
}

fn operator_of<'a>(site: &Site<'a>, binary: tree_sitter::Node<'a>) -> &'a str {
    binary.child_by_field_name("operator").map_or("", |operator| site.text_of(operator))
}

fn likelihood(parent: Option<Role>) -> Option<f64> {
    Some(match parent? {
        Role::Binary | Role::Subscript | Role::Slice => 0.8,
        Role::Arguments => 0.7,
        Role::Return | Role::Assignment => 0.4,
        Role::AugmentedAssignment | Role::KeywordArgument => 0.3,
        _ => return None,
    })
}

/// `e + 1` and `e - 1` become `e`, and each other.
fn without_one(site: &Site<'_>, proposals: &mut Proposals) {
    let (Some(left), Some(right)) = (site.field("left"), site.field("right")) else { return };
    let operator = site.field("operator").map_or("", |operator| site.text_of(operator));
    if site.text_of(right) == "1" && matches!(operator, "+" | "-") {
        proposals.replace_node(site.node, site.text_of(left), 1.0);
    } else if site.text_of(left) == "1" && operator == "+" {
        proposals.replace_node(site.node, site.text_of(right), 1.0);
    }
}

/// `range(n)` begins at 1, or goes on to `n + 1`.
fn range(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(arguments) = site.node.parent().filter(|parent| site.role_of(*parent) == Some(Role::Arguments)) else {
        return;
    };
    let callee = arguments.parent().and_then(|call| call.child_by_field_name("function"));
    if callee.is_some_and(|callee| site.text_of(callee) == "range") && arguments.named_child_count() == 1 {
        let text = site.text();
        proposals.replace_node(site.node, format!("1, {text}"), 0.8);
        proposals.replace_node(site.node, format!("1, {text} + 1"), 0.6);
    }
}

/// Bounds of a slice come and go.
fn slice(site: &Site<'_>, proposals: &mut Proposals) {
    let text = site.text();
    let Some((low, high)) = text.split_once(':').filter(|(_, high)| !high.contains(':')) else { return };
    let (low, high) = (low.trim(), high.trim());
    let mut offer = |low: &str, high: &str, weight| proposals.replace_node(site.node, format!("{low}:{high}"), weight);
    if low.is_empty() {
        offer("1", high, 0.6);
    } else {
        offer("", high, 0.6);
    }
    if high.is_empty() {
        offer(low, "-1", 0.6);
    } else {
        offer(low, "", 0.6);
        offer(low, &format!("-{high}"), 0.3);
    }
    if !low.is_empty() && high.is_empty() {
        offer("", low, 0.4);
        offer(&format!("-{low}"), "", 0.5);
    }
    if low.is_empty() && !high.is_empty() {
        offer(high, "", 0.4);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn boundaries_move_by_one() {
        check_operator(&OPERATOR, "a.py", "for i in range(n): pass\n", "for i in range(n - 1): pass\n");
        check_operator(&OPERATOR, "a.py", "for i in range(n): pass\n", "for i in range(1, n + 1): pass\n");
        check_operator(&OPERATOR, "a.ts", "f(xs.slice(a, b + 1));\n", "f(xs.slice(a, b));\n");
        check_operator(&OPERATOR, "a.py", "y = xs[a:]\n", "y = xs[a:-1]\n");
    }

    #[test]
    fn callees_and_targets_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "f(1)\n");
    }
}
