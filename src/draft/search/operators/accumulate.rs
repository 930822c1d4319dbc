//! A loop that overwrites what it should add up, or a result that isn't the accumulated one.
//!
//! ```text
//! Before: for x in xs:                  After: for x in xs:
//!             total = x                            total += x
//! ```
//!
//! "Change assignment operator" belongs to the binary operator group of TSSB-3M (Richter and
//! Wehrheim, MSR 2022); wrong results of loops are "change of assignment expression" fixes in Pan,
//! Kim and Whitehead (EMSE 2009), that study's second most frequent kind.

use super::statement_layout::{each, function_around, loop_around};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;
use crate::draft::search::ingredients::attribute_name;

pub(super) static OPERATOR: Operator = Operator { name: "accumulate", prior: 0.4, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    match site.role() {
        Some(Role::Assignment) if site.node.kind() != "variable_declarator" => assignment(site, proposals),
        Some(Role::Return) => result(site, proposals),
        Some(Role::Call) => collection(site, proposals),
        _ => {}
    }
}

/// `x = e` → `x += e`, `x = max(x, e)`, `x.append(e)`.
fn assignment(site: &Site<'_>, proposals: &mut Proposals) {
    let (Some(left), Some(right)) = (site.field("left"), site.field("right")) else { return };
    let plain = matches!(site.role_of(left), Some(Role::Identifier | Role::Attribute | Role::Subscript));
    if !plain || site.field("type").is_some() || loop_around(site, site.node).is_none() {
        return;
    }
    let python = site.source.language.is_python();
    let (x, e) = (site.text_of(left), site.text_of(right));
    if !matches!(site.role_of(right), Some(Role::Boolean | Role::Null)) {
        proposals.replace_node(site.node, format!("{x} += {e}"), 1.0);
        proposals.replace_node(site.node, format!("{x} = {x} + {e}"), 0.4);
        proposals.replace_node(site.node, format!("{x} -= {e}"), 0.3);
        let prefix = if python { "" } else { "Math." };
        for name in ["max", "min"] {
            proposals.replace_node(site.node, format!("{x} = {prefix}{name}({x}, {e})"), 0.6);
        }
    }
    let add = if python { "append" } else { "push" };
    if matches!(right.kind(), "list" | "array") {
        if let [only] = named_children(right).as_slice() {
            proposals.replace_node(site.node, format!("{x}.{add}({})", site.text_of(*only)), 1.0);
        }
    } else {
        proposals.replace_node(site.node, format!("{x}.{add}({e})"), 0.3);
    }
}

/// `return e` → `return total`, where the function adds up `total`.
fn result(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(function) = function_around(site, site.node) else { return };
    let mut names: Vec<&str> = Vec::new();
    each(function, |node| {
        let target = match site.role_of(node) {
            Some(Role::AugmentedAssignment) => node.child_by_field_name("left"),
            Some(Role::Call) => node
                .child_by_field_name("function")
                .filter(|f| {
                    attribute_name(*f)
                        .is_some_and(|n| matches!(site.text_of(n), "append" | "push" | "add" | "set" | "extend"))
                })
                .and_then(|f| f.child_by_field_name("object")),
            Some(Role::Assignment) => node.child_by_field_name("left").and_then(|left| {
                let value = left.child_by_field_name("value").or_else(|| left.child_by_field_name("object"));
                value.filter(|_| site.role_of(left) == Some(Role::Subscript))
            }),
            _ => None,
        };
        let name = target.filter(|t| t.kind() == "identifier").map(|t| site.text_of(t));
        names.extend(name.filter(|name| !names.contains(name)));
    });
    let old = site.node.named_child(0);
    for name in names.into_iter().take(6).filter(|name| old.is_none_or(|old| site.text_of(old) != *name)) {
        match old {
            Some(old) => proposals.replace_node(old, name, 0.8),
            None => proposals.insert(site.node.start_byte() + "return".len(), format!(" {name}"), 0.8),
        }
    }
}

/// `.append(e)` ↔ `.extend(e)`, `.push(e)` ↔ `.push(...e)`.
fn collection(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(name) = site.field("function").and_then(attribute_name) else { return };
    let arguments = site.field("arguments").map(named_children).unwrap_or_default();
    let [only] = arguments.as_slice() else { return };
    match site.text_of(name) {
        "append" => proposals.replace_node(name, "extend", 1.0),
        "extend" => proposals.replace_node(name, "append", 1.0),
        "add" if site.source.language.is_python() => proposals.replace_node(name, "update", 0.6),
        "update" if site.source.language.is_python() => proposals.replace_node(name, "add", 0.6),
        "push" | "unshift" if only.kind() == "spread_element" => {
            if let Some(value) = only.named_child(0) {
                proposals.replace_node(*only, site.text_of(value), 1.0);
            }
        }
        "push" | "unshift" => proposals.insert(only.start_byte(), "...", 1.0),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_loops_and_results() {
        check_operator(&OPERATOR, "a.py", "for x in xs:\n    t = x\n", "for x in xs:\n    t += x\n");
        check_operator(&OPERATOR, "a.py", "for x in xs:\n    t = x\n", "for x in xs:\n    t = max(t, x)\n");
        check_operator(&OPERATOR, "a.py", "while c:\n    xs = [x]\n", "while c:\n    xs.append(x)\n");
        check_operator(
            &OPERATOR,
            "a.py",
            "def f(x):\n    t += x\n    return x\n",
            "def f(x):\n    t += x\n    return t\n",
        );
        check_operator(&OPERATOR, "a.py", "xs.append(ys)\n", "xs.extend(ys)\n");
    }

    #[test]
    fn javascript_loops() {
        check_operator(&OPERATOR, "a.js", "for (const x of xs) t = x;\n", "for (const x of xs) t = Math.max(t, x);\n");
        check_operator(&OPERATOR, "a.ts", "xs.push(ys);\n", "xs.push(...ys);\n");
    }

    #[test]
    fn assignments_outside_loops_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "x = f(1)\n");
    }
}
