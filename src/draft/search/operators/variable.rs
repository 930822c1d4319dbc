//! The wrong name among those in scope.
//!
//! ```text
//! Before: return width * width             After: return width * height
//! Before: send(user, sender.address)       After: send(user, user.address)
//! ```
//!
//! "Change identifier used" is the most frequent pattern of TSSB-3M (Richter and Wehrheim, MSR 2022)
//! and of ManySStuBs4J (Karampatsis and Sutton, MSR 2020).

use super::super::shape::{is_value, likeness, other_names};
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "variable", prior: 1.0, propose };

/// How many names are tried at a place.
const NAMES: usize = 30;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    let shorthand = site.node.kind() == "shorthand_property_identifier";
    let is_use = matches!(site.role(), Some(Role::Identifier)) && (shorthand || is_value(site, site.node));
    let is_target = site.role() == Some(Role::Identifier) && is_assignment_target(site);
    if !is_use && !is_target {
        if site.role() == Some(Role::Attribute) && is_value(site, site.node) {
            for (rank, name) in other_names(site, "").take(12).enumerate() {
                proposals.replace_node(site.node, name, 0.4 * distance(rank));
            }
        }
        return;
    }
    let own = site.text();
    let written = |name: &str| if shorthand { format!("{own}: {name}") } else { name.to_owned() };
    let role = if is_target { 0.4 } else { 1.0 };
    for (rank, name) in other_names(site, own).take(NAMES).enumerate() {
        let weight = distance(rank).max(likeness(own, name) * 0.9);
        proposals.replace_node(site.node, written(name), role * weight);
    }
    if is_use {
        for expression in site.ingredients.attribute_expressions.iter().take(10) {
            proposals.replace_node(site.node, written(expression), 0.4);
        }
    }
}

/// Nearer names are likelier.
fn distance(rank: usize) -> f64 {
    (0.85 - 0.06 * rank as f64).max(0.15)
}

fn is_assignment_target(site: &Site<'_>) -> bool {
    site.node.parent().is_some_and(|parent| {
        matches!(
            parent.kind(),
            "assignment" | "augmented_assignment" | "assignment_expression" | "augmented_assignment_expression"
        ) && parent.child_by_field_name("left").is_some_and(|left| left.id() == site.node.id())
    })
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn names_in_scope_are_exchanged() {
        check_operator(
            &OPERATOR,
            "a.py",
            "def area(width, height):\n    return width * width\n",
            "def area(width, height):\n    return width * height\n",
        );
        check_operator(&OPERATOR, "a.js", "const f = (a, b) => ({ a });\n", "const f = (a, b) => ({ a: b });\n");
    }

    #[test]
    fn declarations_and_imports_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "import os\n\ndef f(a, b):\n    pass\n");
    }
}
