//! A forgotten `self.` or `this.`, or one too many.
//!
//! ```text
//! Before: return total * rate           After: return self.total * rate
//! Before: this.count += this.step       After: this.count += step
//! ```
//!
//! "Add attribute access" and "change attribute used" are patterns of TSSB-3M (Richter and Wehrheim,
//! MSR 2022); "change caller in function call" is one of ManySStuBs4J (Karampatsis and Sutton, MSR
//! 2020).

use tree_sitter::Node;

use super::statement_layout::is_operand;
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;
use crate::draft::search::ingredients::attribute_name;

pub(super) static OPERATOR: Operator = Operator { name: "receiver", prior: 0.5, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    let receiver = site.source.language.spellings.receiver;
    match site.role() {
        Some(Role::Attribute) => {
            let object = site.field("object").is_some_and(|object| site.text_of(object) == receiver);
            let name = attribute_name(site.node).map(|name| site.text_of(name));
            if let Some(name) = name.filter(|name| object && site.ingredients.names.contains(name)) {
                proposals.replace_node(site.node, name, 0.6);
            }
        }
        Some(Role::Identifier) => add(site, receiver, proposals),
        _ => {}
    }
}

/// `name` → `self.name`.
fn add(site: &Site<'_>, receiver: &str, proposals: &mut Proposals) {
    let Some(parent) = site.node.parent() else { return };
    let is = |field: &str| parent.child_by_field_name(field).is_some_and(|child| child.id() == site.node.id());
    let called = site.role_of(parent) == Some(Role::Call) && is("function");
    // `const x = …` declares; a plain assignment may have meant the attribute.
    let assigned = parent.kind() != "variable_declarator"
        && matches!(site.role_of(parent), Some(Role::Assignment | Role::AugmentedAssignment))
        && is("left");
    let shorthand = site.node.kind() == "shorthand_property_identifier";
    let name = site.text();
    if !(called || assigned || shorthand || is_operand(site, site.node)) || name == receiver {
        return;
    }
    let Some(class) = class_around(site) else { return };
    if !site.ingredients.attributes.contains(&name) && !is_member(site, class, name) {
        return;
    }
    let weight = if site.ingredients.names.contains(&name) && !called { 0.6 } else { 1.0 };
    let value = format!("{receiver}.{name}");
    proposals.replace_node(site.node, if shorthand { format!("{name}: {value}") } else { value }, weight);
}

/// The class around the site's function; none where there is no receiver.
fn class_around<'a>(site: &Site<'a>) -> Option<Node<'a>> {
    let mut current = site.node.parent();
    let mut in_function = false;
    while let Some(node) = current {
        match site.role_of(node) {
            Some(Role::Function) => in_function = true,
            Some(Role::Class) => return in_function.then_some(node),
            _ => {}
        }
        current = node.parent();
    }
    None
}

/// Whether a class has a method or field of this name.
fn is_member(site: &Site<'_>, class: Node<'_>, name: &str) -> bool {
    let members = class.child_by_field_name("body").map(named_children).unwrap_or_default();
    members.into_iter().any(|member| {
        let member = member.child_by_field_name("definition").unwrap_or(member);
        let found = member.child_by_field_name("name").or_else(|| member.child_by_field_name("property"));
        found.is_some_and(|found| site.text_of(found) == name)
    })
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_attributes_and_methods() {
        let head = "class A:\n    def __init__(self):\n        self.total = 0\n    def g(self, x):\n        return ";
        check_operator(&OPERATOR, "a.py", &format!("{head}total\n"), &format!("{head}self.total\n"));
        check_operator(&OPERATOR, "a.py", &format!("{head}g(x)\n"), &format!("{head}self.g(x)\n"));
        check_operator(&OPERATOR, "a.py", &format!("{head}self.x\n"), &format!("{head}x\n"));
    }

    #[test]
    fn javascript_attributes() {
        let head = "class A { n = 0; f(step) { ";
        check_operator(
            &OPERATOR,
            "a.js",
            &format!("{head}n += step; }} }}\n"),
            &format!("{head}this.n += step; }} }}\n"),
        );
        check_operator(&OPERATOR, "a.ts", &format!("{head}g(this.step); }} }}\n"), &format!("{head}g(step); }} }}\n"));
    }

    #[test]
    fn names_outside_classes_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "def f(x):\n    return x.y + y\n");
    }
}
