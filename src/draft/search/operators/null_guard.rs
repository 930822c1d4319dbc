//! A statement that must not run when something is missing.
//!
//! ```text
//! Before:                                  After: if customer is None:
//! Before:                                  After:     return None
//! Before: return customer.name             After: return customer.name
//! ```
//!
//! "Null pointer checker" of PAR (Kim et al., ICSE 2013) and TBar (Liu et al., ISSTA 2019).

use super::super::ingredients::condition;
use super::super::shape::{indentation, is_statement};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::preorder;

pub(super) static OPERATOR: Operator = Operator { name: "null-guard", prior: 0.75, propose };

/// How many names are guarded at a place.
const NAMES: usize = 4;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if matches!(site.role(), Some(Role::Branch | Role::Ternary)) {
        prefix_condition(site, proposals);
    }
    if is_statement(site, site.node) && site.ancestor(&[Role::Block]).is_some() {
        guard_statement(site, proposals);
    }
}

/// The names on which something in the node depends: `x` of `x.y`, `x[y]`, `len(x)`.
fn dereferenced<'a>(site: &Site<'a>, within: tree_sitter::Node<'a>) -> Vec<&'a str> {
    let mut names = Vec::new();
    for node in preorder(within) {
        let used = match site.role_of(node) {
            Some(Role::Attribute) => node.child_by_field_name("object"),
            Some(Role::Subscript) => node.child_by_field_name("value").or_else(|| node.child_by_field_name("object")),
            Some(Role::Call) => node.child_by_field_name("arguments").and_then(|arguments| arguments.named_child(0)),
            Some(Role::Binary) => node.child_by_field_name("left").or_else(|| node.named_child(0)),
            Some(Role::Loop) => node.child_by_field_name("right"),
            _ => None,
        };
        let Some(used) = used.filter(|used| matches!(site.role_of(*used), Some(Role::Identifier | Role::Attribute)))
        else {
            continue;
        };
        let name = site.text_of(used);
        let own = ["self", "this", "Math", "Object", "Array", "Number", "String", "JSON", "console"];
        if !own.contains(&name) && name.len() < 60 && !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(NAMES);
    names
}

fn prefix_condition(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(condition) = condition(site.node) else { return };
    let spellings = site.source.language.spellings;
    let text = site.text_of(condition);
    let grouped = if text.contains(spellings.or) { format!("({text})") } else { text.to_owned() };
    for name in dereferenced(site, condition) {
        proposals.replace_node(
            condition,
            format!("{name}{} {} {grouped}", spellings.not_null_test, spellings.and),
            0.7,
        );
        proposals.replace_node(condition, format!("{name} {} {grouped}", spellings.and), 0.8);
        proposals.replace_node(condition, format!("{name}{} {} {text}", spellings.null_test, spellings.or), 0.7);
        proposals.replace_node(condition, format!("{}{name} {} {text}", spellings.not, spellings.or), 0.8);
    }
}

fn guard_statement(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(indent) = indentation(site, site.node) else { return };
    if enclosing_function(site).is_none() {
        return;
    }
    let python = site.source.language.is_python();
    let in_loop = site.ancestor(&[Role::Loop]).is_some();
    let within = head(site);
    for name in dereferenced(site, within) {
        let spellings = site.source.language.spellings;
        let tests = [(format!("{name}{}", spellings.null_test), 1.0), (format!("{}{name}", spellings.not), 0.9)];
        for (test, weight) in tests {
            for (exit, likely) in exits(site, python, in_loop) {
                let guard = if python {
                    format!("if {test}:\n{indent}    {exit}\n{indent}")
                } else {
                    format!("if ({test}) {exit};\n{indent}")
                };
                proposals.insert(site.node.start_byte(), guard, weight * likely);
            }
        }
    }
}

/// Only what a compound statement evaluates first can need its guard.
fn head<'a>(site: &Site<'a>) -> tree_sitter::Node<'a> {
    match site.role() {
        Some(Role::Branch) => condition(site.node).unwrap_or(site.node),
        Some(Role::Loop) => site.field("right").and_then(|right| right.parent()).unwrap_or(site.node),
        _ => site.node,
    }
}

/// Ways out of the function, those that it uses itself first.
fn exits(site: &Site<'_>, python: bool, in_loop: bool) -> Vec<(String, f64)> {
    let mut exits: Vec<(String, f64)> = Vec::new();
    for statement in site
        .ingredients
        .statements
        .iter()
        .filter(|s| s.starts_with("return") || s.starts_with("raise") || s.starts_with("throw"))
    {
        let statement = statement.trim_end_matches(';');
        if statement.len() < 60 && !exits.iter().any(|(known, _)| known == statement) {
            exits.push((statement.to_owned(), 0.7));
        }
    }
    exits.truncate(3);
    let values: &[&str] = if python {
        &["None", "0", "[]", "\"\"", "False", "{}"]
    } else {
        &["null", "0", "[]", "''", "false", "undefined", "{}"]
    };
    exits.extend(values.iter().map(|value| (format!("return {value}"), 0.6)));
    if in_loop {
        exits.insert(0, ("continue".to_owned(), 0.9));
    }
    exits
}

fn enclosing_function<'a>(site: &Site<'a>) -> Option<tree_sitter::Node<'a>> {
    let mut current = site.node.parent();
    while let Some(node) = current {
        if site.role_of(node) == Some(Role::Function) {
            return Some(node);
        }
        current = node.parent();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn statements_and_conditions_are_guarded() {
        check_operator(
            &OPERATOR,
            "a.py",
            "def f(x):\n    return x.y\n",
            "def f(x):\n    if x is None:\n        return None\n    return x.y\n",
        );
        check_operator(&OPERATOR, "a.py", "if x.y > 1: pass\n", "if x is not None and x.y > 1: pass\n");
        check_operator(
            &OPERATOR,
            "a.js",
            "function f(x) {\n  return x.y;\n}\n",
            "function f(x) {\n  if (x == null) return null;\n  return x.y;\n}\n",
        );
    }

    #[test]
    fn module_level_statements_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "x = y.z\n");
    }
}
