//! A conversion that is missing or should not be there.
//!
//! ```text
//! Before: total += row['price']            After: total += float(row['price'])
//! Before: return String(count)             After: return count
//! ```
//!
//! "Wrap in function call" is among the five most frequent patterns of TSSB-3M (Richter and Wehrheim,
//! MSR 2022); wrong type handling is a fault class of the paper's evaluation.

use super::super::shape::{grouped, is_simple_expression, is_value};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;

pub(super) static OPERATOR: Operator = Operator { name: "wrap-call", prior: 0.6, propose };

/// What wraps or follows a value, the likeliest first.
const PYTHON_CALLS: &[(&str, f64)] = &[
    ("int", 0.8),
    ("str", 0.8),
    ("float", 0.8),
    ("len", 0.5),
    ("abs", 0.6),
    ("list", 0.5),
    ("sorted", 0.5),
    ("set", 0.4),
    ("round", 0.5),
    ("bool", 0.3),
    ("sum", 0.3),
    ("tuple", 0.3),
    ("dict", 0.3),
    ("reversed", 0.2),
];
const PYTHON_METHODS: &[(&str, f64)] = &[
    (".strip()", 0.5),
    (".lower()", 0.5),
    (".upper()", 0.3),
    (".copy()", 0.4),
    (".items()", 0.4),
    (".values()", 0.4),
    (".total_seconds()", 0.2),
];
const SCRIPT_CALLS: &[(&str, f64)] = &[
    ("Number", 0.8),
    ("String", 0.7),
    ("Math.floor", 0.6),
    ("Math.round", 0.6),
    ("Math.ceil", 0.6),
    ("Math.abs", 0.6),
    ("Math.trunc", 0.4),
    ("Boolean", 0.3),
    ("Object.keys", 0.3),
    ("Object.values", 0.3),
    ("Object.entries", 0.3),
    ("structuredClone", 0.3),
];
const SCRIPT_METHODS: &[(&str, f64)] = &[
    (".trim()", 0.5),
    (".toLowerCase()", 0.5),
    (".length", 0.4),
    (".slice()", 0.4),
    (".toFixed(2)", 0.3),
    (".getTime()", 0.3),
    (".size", 0.2),
];

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    unwrap(site, proposals);
    let fits = is_simple_expression(site, site.node) || matches!(site.role(), Some(Role::Binary | Role::Parenthesized));
    let Some(parent) = site.node.parent().filter(|_| fits && is_value(site, site.node)) else { return };
    let scale = match (site.role_of(parent), parent.kind()) {
        (Some(Role::Binary | Role::Arguments | Role::Return | Role::AugmentedAssignment | Role::Assignment), _) => 1.0,
        (Some(Role::KeywordArgument | Role::Ternary | Role::Loop | Role::Subscript), _)
        | (_, "pair" | "arrow_function" | "interpolation" | "template_substitution") => 0.6,
        (Some(Role::Attribute), _) => 0.3,
        _ => return,
    };
    let python = site.source.language.is_python();
    let (calls, methods) = if python { (PYTHON_CALLS, PYTHON_METHODS) } else { (SCRIPT_CALLS, SCRIPT_METHODS) };
    let text = site.text();
    let bare = if site.role() == Some(Role::Parenthesized) { &text[1..text.len() - 1] } else { text };
    for (call, weight) in calls {
        proposals.replace_node(site.node, format!("{call}({bare})"), weight * scale);
    }
    for (method, weight) in methods {
        proposals.replace_node(site.node, format!("{}{method}", grouped(site, site.node)), weight * scale);
    }
    let bounds: &[(&str, &str)] = if python {
        &[("max(0, ", ")"), ("min(1, ", ")"), ("round(", ", 2)"), ("list(", ")")]
    } else {
        &[("Math.max(0, ", ")"), ("[...", "]"), ("{ ...", " }"), ("parseInt(", ", 10)")]
    };
    for (before, after) in bounds {
        proposals.replace_node(site.node, format!("{before}{bare}{after}"), 0.4 * scale);
    }
    for callable in site.ingredients.callables.iter().take(8) {
        proposals.replace_node(site.node, format!("{callable}({bare})"), 0.3 * scale);
    }
}

/// `f(x)` → `x`, `x.f()` → `x`.
fn unwrap(site: &Site<'_>, proposals: &mut Proposals) {
    if site.role() != Some(Role::Call) {
        return;
    }
    let (Some(function), Some(arguments)) = (site.field("function"), site.field("arguments")) else { return };
    match named_children(arguments).as_slice() {
        [only] => proposals.replace_node(site.node, site.text_of(*only), 0.6),
        [] => {
            if let Some(object) = function.child_by_field_name("object") {
                proposals.replace_node(site.node, site.text_of(object), 0.6);
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
    fn conversions_come_and_go() {
        check_operator(&OPERATOR, "a.py", "t += r['p']\n", "t += float(r['p'])\n");
        check_operator(&OPERATOR, "a.js", "x = String(n);\n", "x = n;\n");
        check_operator(&OPERATOR, "a.ts", "f(a + b);\n", "f(Number(a + b));\n");
    }

    #[test]
    fn targets_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "x = 1\n");
    }
}
