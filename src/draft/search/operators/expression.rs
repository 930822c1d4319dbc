//! The wrong expression, where the right one stands elsewhere in the file.
//!
//! ```text
//! Before: if self.on_hand[sku] <= level    After: if self.free(sku) <= level
//! Before: await pause(attempt)             After: await pause(waits[attempt])
//! ```
//!
//! "Change binary operand" is the third most frequent pattern of TSSB-3M (Richter and Wehrheim, MSR
//! 2022); that the ingredient is in the file: Barr et al. (FSE 2014).

use super::super::shape::{is_value, other_names};
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "expression", prior: 0.6, propose };

/// How many expressions and names are tried at a place.
const EXPRESSIONS: usize = 16;
const NAMES: usize = 8;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    let role = site.role();
    let fits = matches!(role, Some(Role::Identifier | Role::Attribute | Role::Call | Role::Subscript));
    if !fits || !is_value(site, site.node) || site.text().contains('\n') {
        return;
    }
    let own = site.text();
    let attributes = site.ingredients.attribute_expressions.iter().filter(|_| role != Some(Role::Identifier));
    for (rank, other) in attributes.filter(|other| **other != own).take(EXPRESSIONS).enumerate() {
        proposals.replace_node(site.node, *other, 0.8 - 0.03 * rank as f64);
    }
    for (rank, other) in
        site.ingredients.expressions.iter().filter(|other| **other != own).take(EXPRESSIONS).enumerate()
    {
        proposals.replace_node(site.node, *other, 0.6 - 0.03 * rank as f64);
    }
    match role {
        Some(Role::Identifier) => {
            for name in other_names(site, own).take(NAMES) {
                proposals.replace_node(site.node, format!("{name}[{own}]"), 0.3);
            }
        }
        Some(Role::Subscript) => {
            for part in ["value", "object", "subscript", "index"].into_iter().filter_map(|part| site.field(part)) {
                proposals.replace_node(site.node, site.text_of(part), 0.4);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn expressions_of_the_file_are_reused() {
        check_operator(&OPERATOR, "a.py", "a = f(k)\nb = d[k]\n", "a = f(k)\nb = f(k)\n");
        check_operator(&OPERATOR, "a.py", "w = [1]\nf(i)\n", "w = [1]\nf(w[i])\n");
        check_operator(&OPERATOR, "a.js", "f(a.b);\ng(c.d);\n", "f(a.b);\ng(a.b);\n");
    }

    #[test]
    fn declarations_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "def f(a):\n    pass\n");
    }
}
