//! A missing check for null before a value is used.
//!
//! ```text
//! Before: total = cart.total()          After: if cart is None:
//!                                                  return 0
//!                                              total = cart.total()
//! Before: if (user.name) { … }          After: if (user && user.name) { … }
//! ```
//!
//! "Null pointer checker" is the most used of the ten templates of PAR (Kim et al., ICSE 2013) and
//! TBar's most productive one (Liu et al., ISSTA 2019); adding a precondition check is among the
//! most frequent fixes of Pan, Kim and Whitehead (EMSE 2009).

use tree_sitter::Node;

use super::statement_layout::{assigned, each, function_around, indent, indent_unit, is_statement, loop_around};
use super::statement_layout::{parameters, receivers};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::draft::search::ingredients::{condition, is_simple_statement};

pub(super) static OPERATOR: Operator = Operator { name: "null-guard", prior: 0.8, propose };

/// How many names of one statement are guarded.
const NAMES: usize = 3;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    let role = site.role();
    let tested = match role {
        Some(Role::Branch | Role::Ternary) => condition(site.node),
        Some(Role::Return) => site.node.named_child(0).filter(|value| site.role_of(*value) == Some(Role::Binary)),
        _ => None,
    };
    if let Some(tested) = tested {
        prefix(site, tested, proposals);
    }
    let guarded = matches!(role, Some(Role::Branch | Role::Loop)) || is_simple_statement(site.source, site.node);
    if guarded && !matches!(role, Some(Role::Jump)) && is_statement(site, site.node) {
        statement_guard(site, proposals);
    }
}

/// `C` → `x is not None and C`.
fn prefix(site: &Site<'_>, tested: Node<'_>, proposals: &mut Proposals) {
    let spellings = site.source.language.spellings;
    let text = site.text_of(tested);
    let loose = site.role_of(tested) == Some(Role::Ternary)
        || matches!(tested.kind(), "boolean_operator" | "binary_expression")
            && tested.child_by_field_name("operator").is_some_and(|o| matches!(site.text_of(o), "or" | "||" | "??"));
    let wrapped = if loose { format!("({text})") } else { text.to_owned() };
    for name in receivers(site, tested).into_iter().filter(|name| *name != text).take(NAMES + 1) {
        let (and, or) = (spellings.and, spellings.or);
        let (truthy, set) = if spellings.indentation { (0.8, 1.0) } else { (1.0, 0.9) };
        proposals.replace_node(tested, format!("{name}{} {and} {wrapped}", spellings.not_null_test), set);
        proposals.replace_node(tested, format!("{name} {and} {wrapped}"), truthy);
        proposals.replace_node(tested, format!("{name}{} {or} {wrapped}", spellings.null_test), 0.6);
        proposals.replace_node(tested, format!("{}{name} {or} {wrapped}", spellings.not), 0.6);
    }
}

/// `if x is None: return …` on a line before the statement.
fn statement_guard(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(function) = function_around(site, site.node) else { return };
    let Some(indent) = indent(site, site.node) else { return };
    let used_in = condition(site.node).or_else(|| site.field("right").filter(|_| site.role() == Some(Role::Loop)));
    let mut names = receivers(site, used_in.unwrap_or(site.node));
    if let Some(iterated) = used_in.filter(|used| used.kind() == "identifier") {
        names.insert(0, site.text_of(iterated));
    }
    if names.is_empty() {
        return;
    }
    let mut bound = parameters(site, function);
    bound.extend(
        assigned(site, function).into_iter().filter(|(_, at)| *at < site.node.start_byte()).map(|(name, _)| name),
    );
    names.retain(|name| bound.contains(name) || name.contains('.'));
    names.truncate(NAMES);
    if names.is_empty() {
        return;
    }
    let exits = exits(site, function);
    let spellings = site.source.language.spellings;
    for (place, name) in names.into_iter().enumerate() {
        let factor = 1.0 / (1.0 + place as f64 * 0.3);
        let tests = [(format!("{name}{}", spellings.null_test), 1.0), (format!("{}{name}", spellings.not), 0.8)];
        for (test, likely) in tests {
            for (exit, weight) in &exits {
                let guard = if spellings.indentation {
                    format!("if {test}:\n{indent}{}{exit}\n{indent}", indent_unit(site, site.node))
                } else {
                    format!("if ({test}) {exit}\n{indent}")
                };
                proposals.insert(site.node.start_byte(), guard, likely * weight * factor);
            }
        }
    }
}

/// The ways to leave: `continue`, and `return` with the literals that the function returns first.
fn exits<'a>(site: &Site<'a>, function: Node<'a>) -> Vec<(String, f64)> {
    let end = site.source.language.spellings.terminator;
    let mut exits = Vec::new();
    if loop_around(site, site.node).is_some() {
        exits.push((format!("continue{end}"), 1.0));
    }
    let usual: &[(&str, f64)] = if site.source.language.is_python() {
        &[("None", 0.7), ("0", 0.5), ("\"\"", 0.5), ("[]", 0.5), ("{}", 0.4), ("False", 0.5)]
    } else {
        &[("", 0.7), ("null", 0.6), ("0", 0.5), ("''", 0.4), ("[]", 0.5), ("{}", 0.3), ("false", 0.5)]
    };
    let mut values: Vec<(&str, f64)> = Vec::new();
    each(function, |node| {
        let Some(value) = (site.role_of(node) == Some(Role::Return)).then(|| node.named_child(0)).flatten() else {
            return;
        };
        let literal =
            matches!(site.role_of(value), Some(Role::Number | Role::Boolean | Role::Null | Role::String | Role::Unary))
                || value.byte_range().len() == 2 && value.named_child_count() == 0 && site.role_of(value).is_none();
        let text = site.text_of(value);
        if literal && text.len() <= 20 && values.len() < 3 && !values.iter().any(|(known, _)| *known == text) {
            values.push((text, 1.0));
        }
    });
    for (text, weight) in usual {
        if !values.iter().any(|(known, _)| known == text) {
            values.push((text, *weight));
        }
    }
    exits.extend(values.into_iter().take(8).map(|(value, weight)| {
        (if value.is_empty() { format!("return{end}") } else { format!("return {value}{end}") }, weight)
    }));
    exits
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_guards_and_conditions() {
        check_operator(
            &OPERATOR,
            "a.py",
            "def f(cart):\n    return cart.total\n",
            "def f(cart):\n    if cart is None:\n        return 0\n    return cart.total\n",
        );
        check_operator(&OPERATOR, "a.py", "if x.a or b: pass\n", "if x is not None and (x.a or b): pass\n");
        check_operator(
            &OPERATOR,
            "a.py",
            "def f(xs):\n    for x in xs:\n        x.go()\n        y = x\n        y.go()\n",
            "def f(xs):\n    for x in xs:\n        x.go()\n        y = x\n        if not y:\n            continue\n        y.go()\n",
        );
    }

    #[test]
    fn javascript_guards_and_conditions() {
        check_operator(
            &OPERATOR,
            "a.js",
            "function f(u) {\n  go(u.name);\n  return -1;\n}\n",
            "function f(u) {\n  if (u == null) return -1;\n  go(u.name);\n  return -1;\n}\n",
        );
        check_operator(&OPERATOR, "a.ts", "if (u.name) { go(); }\n", "if (u && u.name) { go(); }\n");
    }

    #[test]
    fn names_that_nothing_is_asked_of_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "def f(a):\n    return a + 1\n");
    }
}
