//! A result that is computed and then not returned, or returned too early.
//!
//! ```text
//! Before: def twice(x):        After: def twice(x):
//!             x * 2                       return x * 2
//! ```
//!
//! "Missing return" is a variant of TSSB-3M's "add function around/modify statement" fixes (Richter
//! and Wehrheim, MSR 2022); TBar's "mutate return statement" template (Liu et al., ISSTA 2019).

use tree_sitter::Node;

use super::statement_layout::{assigned, function_around, indent, is_statement, loop_around, own_lines, parameters};
use super::statement_layout::{reindent, statements};
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "missing-return", prior: 0.6, propose };

/// How many names are proposed to be returned.
const NAMES: usize = 8;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    match site.role() {
        Some(Role::Function) => append(site, site.node, proposals),
        Some(Role::ExpressionStatement) => return_value(site, proposals),
        Some(Role::Return) => {
            bare(site, proposals);
            after_loop(site, proposals);
        }
        _ => {}
    }
    if is_statement(site, site.node)
        && let Some(body) = site.node.parent()
        && let Some(function) = body.parent().filter(|parent| site.role_of(*parent) == Some(Role::Function))
        && statements(body).last().is_some_and(|last| last.id() == site.node.id())
    {
        append(site, function, proposals);
    }
}

/// `e` → `return e`.
fn return_value(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(value) = site.node.named_child(0) else { return };
    let no_value = matches!(site.role_of(value), Some(Role::Assignment | Role::AugmentedAssignment | Role::String))
        || matches!(value.kind(), "yield" | "yield_expression" | "update_expression" | "ellipsis");
    if no_value || function_around(site, site.node).is_none() {
        return;
    }
    let last =
        site.node.parent().is_some_and(|block| statements(block).last().is_some_and(|s| s.id() == site.node.id()));
    proposals.insert(site.node.start_byte(), "return ", if last { 1.0 } else { 0.5 });
}

/// `return` → `return name`.
fn bare(site: &Site<'_>, proposals: &mut Proposals) {
    if site.node.named_child_count() > 0 {
        return;
    }
    let at = site.node.start_byte() + "return".len();
    for (place, name) in site.ingredients.names.iter().take(NAMES).enumerate() {
        proposals.insert(at, format!(" {name}"), 1.0 / (1.0 + place as f64 * 0.2));
    }
}

/// `return name` as the last statement of the function.
fn append<'a>(site: &Site<'a>, function: Node<'a>, proposals: &mut Proposals) {
    let Some(body) = function.child_by_field_name("body").filter(|body| site.role_of(*body) == Some(Role::Block))
    else {
        return;
    };
    let Some(last) = statements(body).last().copied() else { return };
    let Some(indent) = indent(site, last).filter(|_| own_lines(site, last).is_some()) else { return };
    if matches!(site.role_of(last), Some(Role::Return | Role::Raise)) {
        return;
    }
    let mut bound = assigned(site, function);
    bound.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
    let mut names: Vec<&str> = bound.into_iter().map(|(name, _)| name).collect();
    let parameters = parameters(site, function);
    names.extend(parameters.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
    names.truncate(NAMES);
    let spellings = site.source.language.spellings;
    let end = spellings.terminator;
    let weighted = names.into_iter().enumerate().map(|(place, name)| (name, 1.0 / (1.0 + place as f64 * 0.25)));
    for (value, weight) in weighted.chain(spellings.booleans.into_iter().chain([spellings.nulls[0]]).map(|v| (v, 0.2)))
    {
        proposals.insert(last.end_byte(), format!("\n{indent}return {value}{end}"), weight);
    }
}

/// A `return` in a loop's body → after the loop.
fn after_loop(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(around) = loop_around(site, site.node).filter(|around| is_statement(site, *around)) else { return };
    let alone = site.node.parent().is_none_or(|block| statements(block).len() < 2);
    let (Some(lines), Some(from), Some(to)) =
        (own_lines(site, site.node), indent(site, site.node), indent(site, around))
    else {
        return;
    };
    if alone {
        return;
    }
    let text = &site.source.text;
    let before = &text[around.start_byte()..lines.start];
    let after = text.get(lines.end..around.end_byte()).unwrap_or("");
    let kept = format!("{before}{after}");
    let moved = reindent(site.text(), from, to);
    proposals.replace_node(around, format!("{}\n{to}{moved}", kept.trim_end()), 1.0);
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_results_are_returned() {
        check_operator(&OPERATOR, "a.py", "def f(x):\n    x * 2\n", "def f(x):\n    return x * 2\n");
        check_operator(&OPERATOR, "a.py", "def f(x):\n    y = x\n", "def f(x):\n    y = x\n    return y\n");
        check_operator(
            &OPERATOR,
            "a.py",
            "def f(xs):\n    for x in xs:\n        t = x\n        return t\n",
            "def f(xs):\n    for x in xs:\n        t = x\n    return t\n",
        );
    }

    #[test]
    fn javascript_arrow_bodies() {
        check_operator(&OPERATOR, "a.js", "xs.map((x) => { x * 2; });\n", "xs.map((x) => { return x * 2; });\n");
        check_operator(
            &OPERATOR,
            "a.ts",
            "function f(xs) {\n  for (const x of xs) {\n    t += x;\n    return t;\n  }\n}\n",
            "function f(xs) {\n  for (const x of xs) {\n    t += x;\n  }\n  return t;\n}\n",
        );
    }

    #[test]
    fn statements_outside_functions_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "print(1)\n");
    }
}
