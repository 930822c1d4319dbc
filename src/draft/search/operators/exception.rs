//! The wrong kind of exception, caught or raised.
//!
//! ```text
//! Before: except KeyError:              After: except IndexError:
//! Before: throw new Error('size')       After: throw new RangeError('size')
//! ```
//!
//! "Change exception type" is one of the patterns of ManySStuBs4J (Karampatsis and Sutton, MSR 2020);
//! changed catch clauses are a fix pattern of Pan, Kim and Whitehead (EMSE 2009).

use tree_sitter::Node;

use super::statement_layout::each;
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;

pub(super) static OPERATOR: Operator = Operator { name: "exception", prior: 0.3, propose };

const PYTHON: &[&str] = &[
    "KeyError",
    "IndexError",
    "ValueError",
    "TypeError",
    "AttributeError",
    "LookupError",
    "Exception",
    "ZeroDivisionError",
    "OSError",
    "FileNotFoundError",
    "RuntimeError",
    "NotImplementedError",
    "StopIteration",
];

const JAVASCRIPT: &[&str] = &["Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError"];

/// Kinds that are mistaken for each other more often than others.
const CONFUSED: &[(&str, &str)] = &[
    ("KeyError", "IndexError"),
    ("KeyError", "AttributeError"),
    ("ValueError", "TypeError"),
    ("KeyError", "ValueError"),
    ("OSError", "FileNotFoundError"),
    ("Error", "TypeError"),
    ("Error", "RangeError"),
    ("TypeError", "RangeError"),
];

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    let caught = site.node.kind() == "except_clause";
    if !caught && site.role() != Some(Role::Raise) {
        return;
    }
    let kinds = kinds(site.node);
    if kinds.is_empty() {
        return;
    }
    let known = known(site);
    for kind in &kinds {
        let name = site.text_of(*kind);
        for (other, weight) in known.iter().filter(|(other, _)| *other != name) {
            let confused = CONFUSED.iter().any(|(a, b)| (*a, *b) == (name, *other) || (*b, *a) == (name, *other));
            proposals.replace_node(*kind, *other, if confused { 1.0 } else { *weight });
            if caught && kinds.len() == 1 && *other != "Exception" {
                proposals.replace_node(*kind, format!("({name}, {other})"), weight * if confused { 0.9 } else { 0.6 });
            }
        }
    }
}

/// The exception classes that an `except` clause or a `raise` names; a tuple's members each.
fn kinds(node: Node<'_>) -> Vec<Node<'_>> {
    let Some(mut kind) = named_children(node).into_iter().next() else { return Vec::new() };
    while let Some(inner) = match kind.kind() {
        "as_pattern" | "parenthesized_expression" => kind.named_child(0),
        "call" | "call_expression" => kind.child_by_field_name("function"),
        "new_expression" => kind.child_by_field_name("constructor"),
        _ => None,
    } {
        kind = inner;
    }
    let kinds = if kind.kind() == "tuple" { named_children(kind) } else { vec![kind] };
    kinds.into_iter().filter(|kind| kind.kind() == "identifier").take(3).collect()
}

/// The classes to choose from: the file's own first.
fn known<'a>(site: &Site<'a>) -> Vec<(&'a str, f64)> {
    let mut found: Vec<(&'a str, f64)> = Vec::new();
    let mut add = |name: &'a str, weight: f64| {
        if !found.iter().any(|(known, _)| *known == name) && found.len() < 25 {
            found.push((name, weight));
        }
    };
    each(site.source.root(), |node| {
        if node.kind() == "except_clause" || site.role_of(node) == Some(Role::Raise) {
            for kind in kinds(node) {
                let name = site.text_of(kind);
                if name.starts_with(|first: char| first.is_ascii_uppercase()) {
                    add(name, 0.8);
                }
            }
        }
    });
    let usual = |name: &&&str| name.ends_with("Error") || name.ends_with("Exception");
    site.ingredients.names.iter().filter(usual).for_each(|name| add(name, 0.8));
    let table = if site.source.language.is_python() { PYTHON } else { JAVASCRIPT };
    table.iter().for_each(|name| add(name, 0.5));
    found
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_caught_and_raised() {
        let text = |kind: &str| format!("try:\n    f()\nexcept {kind} as e:\n    raise ValueError('x')\n");
        check_operator(&OPERATOR, "a.py", &text("KeyError"), &text("IndexError"));
        check_operator(&OPERATOR, "a.py", &text("KeyError"), &text("(KeyError, ValueError)"));
        check_operator(&OPERATOR, "a.py", "raise ValueError('x')\n", "raise TypeError('x')\n");
    }

    #[test]
    fn javascript_thrown() {
        check_operator(&OPERATOR, "a.js", "throw new Error('x');\n", "throw new RangeError('x');\n");
        let text = |kind: &str| format!("class OwnError extends Error {{}}\nthrow new {kind}();\n");
        check_operator(&OPERATOR, "a.ts", &text("Error"), &text("OwnError"));
    }

    #[test]
    fn other_statements_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "try:\n    f(KeyError)\nexcept:\n    raise\n");
    }
}
