//! A list or object that is shared where a copy was meant.
//!
//! ```text
//! Before: def add(x, items=[]):         After: def add(x, items=None):
//!             items.append(x)                      if items is None:
//!                                                      items = []
//!                                                  items.append(x)
//! Before: return xs.sort(byName)        After: return [...xs].sort(byName)
//! ```
//!
//! "Add function around expression" is among the ten most frequent patterns of TSSB-3M (Richter and
//! Wehrheim, MSR 2022), copies and conversions above all.

use tree_sitter::Node;

use super::statement_layout::{function_around, indent, is_operand, is_statement, parameters, statements};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;
use crate::draft::search::ingredients::attribute_name;

pub(super) static OPERATOR: Operator = Operator { name: "slice-copy", prior: 0.3, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    match site.role() {
        Some(Role::Identifier | Role::Attribute) => copy(site, proposals),
        Some(Role::Call) => in_place(site, proposals),
        _ => {}
    }
    if !site.source.language.is_python() {
        return;
    }
    if site.role() == Some(Role::Function) {
        mutable_defaults(site, site.node, proposals);
    } else if is_statement(site, site.node)
        && let Some(function) = function_around(site, site.node)
    {
        mutable_defaults(site, function, proposals);
    }
}

/// `xs` → `list(xs)`, `[...xs]`.
fn copy(site: &Site<'_>, proposals: &mut Proposals) {
    if !is_operand(site, site.node) {
        return;
    }
    let likely = match site.node.parent().and_then(|parent| site.role_of(parent)) {
        Some(Role::Assignment | Role::Return) => 1.0,
        Some(Role::Loop) => 0.7,
        Some(Role::Arguments | Role::KeywordArgument) => 0.4,
        _ => return,
    };
    let xs = site.text();
    let copies: &[(String, f64)] = &if site.source.language.is_python() {
        [
            (format!("list({xs})"), 0.8),
            (format!("{xs}[:]"), 0.7),
            (format!("dict({xs})"), 0.7),
            (format!("{xs}.copy()"), 0.7),
        ]
    } else {
        [
            (format!("[...{xs}]"), 0.9),
            (format!("{{ ...{xs} }}"), 0.8),
            (format!("{xs}.slice()"), 0.5),
            (format!("structuredClone({xs})"), 0.3),
        ]
    };
    for (copy, weight) in copies {
        proposals.replace_node(site.node, copy.as_str(), likely * weight);
    }
}

/// `xs.sort(…)` → `[...xs].sort(…)`, `xs = sorted(xs, …)`.
fn in_place(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(function) = site.field("function") else { return };
    let (Some(name), Some(object)) = (attribute_name(function), function.child_by_field_name("object")) else { return };
    if !matches!(site.role_of(object), Some(Role::Identifier | Role::Attribute)) {
        return;
    }
    let xs = site.text_of(object);
    let name = site.text_of(name);
    if !site.source.language.is_python() {
        if matches!(name, "sort" | "reverse" | "splice") {
            let weight = if name == "splice" { 0.3 } else { 1.0 };
            proposals.replace_node(object, format!("[...{xs}]"), weight);
            proposals.replace_node(object, format!("{xs}.slice()"), weight * 0.7);
        }
        return;
    }
    let stands_alone = site.node.parent().is_some_and(|parent| site.role_of(parent) == Some(Role::ExpressionStatement));
    let arguments =
        site.field("arguments").map_or("", |a| site.text_of(a).trim_start_matches('(').trim_end_matches(')'));
    let value = match name {
        "sort" if site.text().ends_with("()") => format!("sorted({xs})"),
        "sort" => format!("sorted({xs}, {arguments})"),
        "reverse" => format!("{xs}[::-1]"),
        _ => return,
    };
    let parameter = function_around(site, site.node).is_some_and(|f| parameters(site, f).contains(&xs));
    let weight = if parameter { 1.0 } else { 0.5 };
    proposals.replace_node(site.node, if stands_alone { format!("{xs} = {value}") } else { value }, weight);
}

/// `def f(a, xs=[])` → `xs=None` and a guard at the top of the body.
fn mutable_defaults(site: &Site<'_>, function: Node<'_>, proposals: &mut Proposals) {
    let (Some(list), Some(body)) = (function.child_by_field_name("parameters"), function.child_by_field_name("body"))
    else {
        return;
    };
    for parameter in named_children(list) {
        let (Some(name), Some(value)) = (parameter.child_by_field_name("name"), parameter.child_by_field_name("value"))
        else {
            continue;
        };
        let (name, default) = (site.text_of(name), site.text_of(value));
        let mutable =
            matches!(value.kind(), "list" | "dictionary" | "set") || matches!(default, "list()" | "dict()" | "set()");
        if !mutable {
            continue;
        }
        let documented = |statement: &Node<'_>| {
            statement
                .named_child(0)
                .is_some_and(|inner| inner.kind() == "string" && statement.kind() == "expression_statement")
        };
        let Some(first) = statements(body).into_iter().find(|statement| !documented(statement)) else { continue };
        let Some(indent) = indent(site, first) else { continue };
        let outer = self::indent(site, function).unwrap_or("");
        let unit = indent.strip_prefix(outer).filter(|unit| !unit.is_empty()).unwrap_or("    ");
        let between = &site.source.text[value.end_byte()..first.start_byte()];
        let guard = format!("if {name} is None:\n{indent}{unit}{name} = {default}\n{indent}");
        proposals.replace(value.start_byte()..first.start_byte(), format!("None{between}{guard}"), 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_defaults_and_aliases() {
        check_operator(
            &OPERATOR,
            "a.py",
            "def f(x, xs=[]):\n    xs.append(x)\n",
            "def f(x, xs=None):\n    if xs is None:\n        xs = []\n    xs.append(x)\n",
        );
        check_operator(&OPERATOR, "a.py", "a = b\n", "a = list(b)\n");
        check_operator(
            &OPERATOR,
            "a.py",
            "def f(xs):\n    xs.sort(key=k)\n",
            "def f(xs):\n    xs = sorted(xs, key=k)\n",
        );
    }

    #[test]
    fn javascript_in_place_methods() {
        check_operator(&OPERATOR, "a.js", "y = xs.sort(f);\n", "y = [...xs].sort(f);\n");
        check_operator(&OPERATOR, "a.ts", "const y = o;\n", "const y = { ...o };\n");
    }

    #[test]
    fn operands_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "if a + b:\n    f(1)\n");
    }
}
