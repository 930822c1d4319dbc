//! `self.` or `this.` forgotten, or written where a local name was meant.
//!
//! ```text
//! Before: return name                      After: return self.name
//! ```
//!
//! "Add attribute access" of TSSB-3M (Richter and Wehrheim, MSR 2022).

use super::super::ingredients::attribute_name;
use super::super::shape::is_value;
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "receiver", prior: 0.5, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    let receiver = site.source.language.spellings.receiver;
    match site.role() {
        Some(Role::Identifier) => {
            let is_callee = site.node.parent().is_some_and(|parent| {
                site.role_of(parent) == Some(Role::Call)
                    && parent.child_by_field_name("function").is_some_and(|function| function.id() == site.node.id())
            });
            let known = site.ingredients.attributes.contains(&site.text())
                || (is_callee && site.ingredients.callables.contains(&site.text()));
            if site.text() != receiver && known && (is_callee || is_value(site, site.node)) {
                proposals.replace_node(site.node, format!("{receiver}.{}", site.text()), 1.0);
            }
        }
        Some(Role::Attribute) => {
            let object = site.field("object").map_or("", |object| site.text_of(object));
            let Some(name) = attribute_name(site.node).filter(|_| object == receiver) else { return };
            if site.ingredients.names.contains(&site.text_of(name)) {
                proposals.replace_node(site.node, site.text_of(name), 0.6);
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
    fn the_receiver_comes_and_goes() {
        check_operator(
            &OPERATOR,
            "a.py",
            "def f(self, a):\n    self.a = 1\n    return a\n",
            "def f(self, a):\n    self.a = 1\n    return self.a\n",
        );
        check_operator(&OPERATOR, "a.js", "function f(a) { return this.a; }\n", "function f(a) { return a; }\n");
    }

    #[test]
    fn names_without_an_attribute_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "x = y\n");
    }
}
