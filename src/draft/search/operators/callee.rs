//! The wrong function is called.
//!
//! ```text
//! Before: best = min(scores)               After: best = max(scores)
//! Before: parseInt(price)                  After: parseFloat(price)
//! ```
//!
//! "Change function name" of TSSB-3M (Richter and Wehrheim, MSR 2022), "wrong function name" of
//! ManySStuBs4J (Karampatsis and Sutton, MSR 2020).

use super::super::shape::likeness;
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "callee", prior: 0.6, propose };

/// Built-in functions that people mistake for each other.
const CONFUSED: &[&[&str]] = &[
    &["min", "max", "sum", "len"],
    &["any", "all"],
    &["sorted", "reversed", "list"],
    &["int", "float", "round", "str", "bool", "abs"],
    &["set", "list", "tuple", "dict"],
    &["isinstance", "issubclass"],
    &["zip", "enumerate"],
    &["parseInt", "parseFloat", "Number", "String", "Boolean"],
    &["getattr", "hasattr"],
];

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if site.role() != Some(Role::Call) {
        return;
    }
    let Some(callee) = site.field("function").filter(|callee| site.role_of(*callee) == Some(Role::Identifier)) else {
        return;
    };
    let own = site.text_of(callee);
    for group in CONFUSED.iter().filter(|group| group.contains(&own)) {
        for other in group.iter().filter(|other| **other != own) {
            proposals.replace_node(callee, *other, 0.9);
        }
    }
    for other in site.ingredients.callables.iter().filter(|other| **other != own).take(25) {
        proposals.replace_node(callee, *other, f64::max(0.5, likeness(own, other)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn functions_are_exchanged() {
        check_operator(&OPERATOR, "a.py", "x = min(y)\n", "x = max(y)\n");
        check_operator(&OPERATOR, "a.js", "f(1);\ng(2);\n", "g(1);\ng(2);\n");
    }

    #[test]
    fn methods_are_another_operator_s() {
        check_not_applicable(&OPERATOR, "a.py", "x.min()\n");
    }
}
