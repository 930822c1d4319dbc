//! A test of the wrong property: truth where presence was meant, one type for another, equality
//! with what is equal to nothing.
//!
//! ```text
//! Before: if limit:                     After: if limit is not None:
//! Before: if (typeof x === 'object')    After: if (Array.isArray(x))
//! Before: if isinstance(x, int):        After: if isinstance(x, (int, float)):
//! ```
//!
//! Changed conditions are the most frequent fixes of Pan, Kim and Whitehead (EMSE 2009) and of
//! TBar's templates (Liu et al., ISSTA 2019); "change unary operator" and "change binary operand"
//! are patterns of TSSB-3M (Richter and Wehrheim, MSR 2022).

use tree_sitter::Node;

use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;
use crate::draft::search::ingredients::condition;

pub(super) static OPERATOR: Operator = Operator { name: "compare-type", prior: 0.4, propose };

const PYTHON_TYPES: &[&str] =
    &["int", "float", "str", "list", "dict", "tuple", "(int, float)", "(list, tuple)", "bool", "bytes", "set"];

const TYPEOF: &[&str] = &["number", "string", "object", "undefined", "boolean", "function", "bigint"];

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    let python = site.source.language.is_python();
    match site.role() {
        Some(Role::Binary) => {
            if python {
                python_comparison(site, proposals)
            } else {
                javascript_comparison(site, proposals)
            }
        }
        Some(Role::Unary) => negation(site, proposals),
        Some(Role::Identifier | Role::Attribute | Role::Subscript | Role::Call) => {
            if python && site.role() == Some(Role::Call) {
                instance(site, proposals);
            }
            if is_tested(site, site.node) {
                truth(site, proposals);
            }
        }
        _ => {}
    }
}

/// Whether only the truth of a node's value counts.
fn is_tested(site: &Site<'_>, node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    match site.role_of(parent) {
        Some(Role::Branch | Role::Ternary) => condition(parent).is_some_and(|tested| tested.id() == node.id()),
        Some(Role::Parenthesized) => {
            is_tested(site, parent) || {
                let around = parent.parent();
                around.and_then(condition).is_some_and(|tested| tested.id() == node.id())
            }
        }
        Some(Role::Binary) => {
            let operator = parent.child_by_field_name("operator").map(|o| site.text_of(o));
            matches!(operator, Some("and" | "or" | "&&" | "||"))
        }
        _ => parent.kind() == "if_clause",
    }
}

/// `x` → `x is not None`, `x !== undefined`, `len(x) > 0`.
fn truth(site: &Site<'_>, proposals: &mut Proposals) {
    let x = site.text();
    let tests: &[(String, f64)] = &if site.source.language.is_python() {
        [
            (format!("{x} is not None"), 1.0),
            (format!("len({x}) > 0"), 0.3),
            (format!("{x} is None"), 0.4),
            (format!("{x} is True"), 0.1),
        ]
    } else {
        [
            (format!("{x} !== undefined"), 1.0),
            (format!("{x} != null"), 0.9),
            (format!("{x} !== null"), 0.5),
            (format!("{x}.length > 0"), 0.4),
        ]
    };
    for (test, weight) in tests {
        proposals.replace_node(site.node, test.as_str(), *weight);
    }
    if !site.source.language.is_python() {
        proposals.replace_node(site.node, format!("Array.isArray({x})"), 0.3);
        for kind in ["number", "string", "function"] {
            proposals.replace_node(site.node, format!("typeof {x} === '{kind}'"), 0.2);
        }
    }
}

/// `not x` → `x is None`, `!x` → `x === undefined`.
fn negation(site: &Site<'_>, proposals: &mut Proposals) {
    let operator = site.node.child(0).map(|operator| site.text_of(operator));
    let operand = site.field("argument").or_else(|| site.node.named_child(0));
    let Some(operand) = operand.filter(|o| {
        matches!(site.role_of(*o), Some(Role::Identifier | Role::Attribute | Role::Subscript | Role::Call))
    }) else {
        return;
    };
    let x = site.text_of(operand);
    match operator {
        Some("not") => {
            proposals.replace_node(site.node, format!("{x} is None"), 1.0);
            proposals.replace_node(site.node, format!("len({x}) == 0"), 0.3);
        }
        Some("!") => {
            proposals.replace_node(site.node, format!("{x} === undefined"), 1.0);
            proposals.replace_node(site.node, format!("{x} == null"), 0.9);
            proposals.replace_node(site.node, format!("{x} === null"), 0.5);
            proposals.replace_node(site.node, format!("{x}.length === 0"), 0.4);
            proposals.replace_node(site.node, format!("!Array.isArray({x})"), 0.2);
        }
        _ => {}
    }
}

/// `isinstance(x, int)` → `isinstance(x, float)`.
fn instance(site: &Site<'_>, proposals: &mut Proposals) {
    if site.field("function").is_none_or(|function| site.text_of(function) != "isinstance") {
        return;
    }
    let arguments = site.field("arguments").map(named_children).unwrap_or_default();
    let [_, kind] = arguments.as_slice() else { return };
    let old = site.text_of(*kind);
    for other in PYTHON_TYPES.iter().filter(|other| **other != old) {
        let wider = other.starts_with('(') && other.contains(old);
        proposals.replace_node(*kind, *other, if wider { 1.0 } else { 0.6 });
    }
    if old.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        for other in PYTHON_TYPES.iter().filter(|other| **other != old && !other.starts_with('(')) {
            proposals.replace_node(*kind, format!("({old}, {other})"), 0.4);
        }
    }
}

/// The two sides of a comparison and its operator.
fn sides<'a>(site: &Site<'a>) -> Option<(Node<'a>, &'a str, Node<'a>)> {
    let children = named_children(site.node);
    let [left, right] = children.as_slice() else { return None };
    Some((*left, site.source.text[left.end_byte()..right.start_byte()].trim(), *right))
}

/// `x == None` → `x is None`, `type(x) == T` → `isinstance(x, T)`, `x or d` → `x if x is not None else d`.
fn python_comparison(site: &Site<'_>, proposals: &mut Proposals) {
    let Some((left, operator, right)) = sides(site) else { return };
    let (x, y) = (site.text_of(left), site.text_of(right));
    let null = y == "None";
    match operator {
        "==" if null => proposals.replace_node(site.node, format!("{x} is None"), 1.0),
        "!=" if null => proposals.replace_node(site.node, format!("{x} is not None"), 1.0),
        "is" if null => proposals.replace_node(site.node, format!("not {x}"), 0.6),
        "is not" if null => proposals.replace_node(site.node, x, 0.6),
        "is" => proposals.replace_node(site.node, format!("{x} == {y}"), 1.0),
        "is not" => proposals.replace_node(site.node, format!("{x} != {y}"), 1.0),
        "or" if !is_tested(site, site.node) => {
            proposals.replace_node(site.node, format!("({x} if {x} is not None else {y})"), 1.0);
        }
        _ => {}
    }
    if let Some(value) = x.strip_prefix("type(").and_then(|rest| rest.strip_suffix(')')) {
        match operator {
            "==" | "is" => proposals.replace_node(site.node, format!("isinstance({value}, {y})"), 1.0),
            "!=" | "is not" => proposals.replace_node(site.node, format!("not isinstance({value}, {y})"), 1.0),
            _ => {}
        }
    }
}

/// `x === NaN` → `Number.isNaN(x)`, `typeof x === 'object'` → `Array.isArray(x)` or another type.
fn javascript_comparison(site: &Site<'_>, proposals: &mut Proposals) {
    let Some((left, operator, right)) = sides(site) else { return };
    let (x, y) = (site.text_of(left), site.text_of(right));
    let not = match operator {
        "===" | "==" => "",
        "!==" | "!=" => "!",
        _ => return,
    };
    if matches!(y, "NaN" | "Number.NaN") {
        proposals.replace_node(site.node, format!("{not}Number.isNaN({x})"), 1.0);
    }
    if matches!(y, "null" | "undefined") {
        let (loose, truth) = if not.is_empty() { ("==", format!("!{x}")) } else { ("!=", x.to_owned()) };
        proposals.replace_node(site.node, format!("{x} {loose} null"), 1.0);
        proposals.replace_node(site.node, truth, 0.7);
        let other = if y == "null" { "undefined" } else { "null" };
        proposals.replace_node(right, other, 0.8);
    }
    let value = x.strip_prefix("typeof ").map(|value| value.trim_start_matches('(').trim_end_matches(')'));
    let Some(value) = value.filter(|_| site.role_of(right) == Some(Role::String) && y.len() > 2) else { return };
    let quote = &y[..1];
    for kind in TYPEOF.iter().filter(|kind| **kind != &y[1..y.len() - 1]) {
        proposals.replace_node(right, format!("{quote}{kind}{quote}"), 0.6);
    }
    proposals.replace_node(site.node, format!("{not}Array.isArray({value})"), 0.8);
    let (and, test) = if not.is_empty() { ("&&", "!==") } else { ("||", "===") };
    proposals.replace_node(site.node, format!("({} {and} {value} {test} null)", site.text()), 0.8);
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_tests() {
        check_operator(&OPERATOR, "a.py", "if a:\n    pass\n", "if a is not None:\n    pass\n");
        check_operator(&OPERATOR, "a.py", "x = not a.b\n", "x = a.b is None\n");
        check_operator(&OPERATOR, "a.py", "x = a or 1\n", "x = (a if a is not None else 1)\n");
        check_operator(&OPERATOR, "a.py", "x = type(a) == int\n", "x = isinstance(a, int)\n");
        check_operator(&OPERATOR, "a.py", "x = isinstance(a, int)\n", "x = isinstance(a, (int, float))\n");
        check_operator(&OPERATOR, "a.py", "x = a is 1\n", "x = a == 1\n");
    }

    #[test]
    fn javascript_tests() {
        check_operator(&OPERATOR, "a.js", "if (a) b();\n", "if (a !== undefined) b();\n");
        check_operator(&OPERATOR, "a.js", "if (!a) b();\n", "if (a == null) b();\n");
        check_operator(&OPERATOR, "a.ts", "x = a === NaN;\n", "x = Number.isNaN(a);\n");
        check_operator(&OPERATOR, "a.ts", "x = typeof a === 'object';\n", "x = Array.isArray(a);\n");
        check_operator(&OPERATOR, "a.ts", "x = typeof a === 'number';\n", "x = typeof a === 'string';\n");
    }

    #[test]
    fn other_expressions_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "x = f(a + -b)\n");
    }
}
