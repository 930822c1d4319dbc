//! A value that may be null or missing, used where a default or optional chaining was meant.
//!
//! ```text
//! Before: total += prices[name]         After: total += prices.get(name, 0)
//! Before: return user.address.city      After: return user.address?.city ?? null
//! ```
//!
//! The null checks of PAR (Kim et al., ICSE 2013) and TBar (Liu et al., ISSTA 2019) in expression
//! form; "missing default" and "change subscript to call" are patterns of TSSB-3M (Richter and
//! Wehrheim, MSR 2022).

use tree_sitter::Node;

use super::statement_layout::{is_operand, receivers};
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "null-default", prior: 0.8, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(role) = site.role() else { return };
    let python = site.source.language.is_python();
    match role {
        Role::Return | Role::Assignment => whole_value(site, proposals),
        Role::AugmentedAssignment => counter(site, proposals),
        Role::Identifier | Role::Attribute | Role::Subscript | Role::Call if !is_target(site) => {
            if is_operand(site, site.node) {
                or_default(site, proposals);
            }
            if python { python_access(site, role, proposals) } else { chain(site, role, proposals) }
        }
        _ => {}
    }
}

/// Defaults in the order of how often they are meant.
fn defaults(python: bool) -> &'static [(&'static str, f64)] {
    if python {
        &[("0", 1.0), ("\"\"", 0.9), ("[]", 0.9), ("{}", 0.7)]
    } else {
        &[("0", 1.0), ("''", 0.9), ("[]", 0.9), ("null", 0.7), ("{}", 0.7)]
    }
}

/// Whether the site is (part of) what is assigned to.
fn is_target(site: &Site<'_>) -> bool {
    let mut node = site.node;
    while let Some(parent) = node.parent() {
        let is = |field: &str| parent.child_by_field_name(field).is_some_and(|child| child.id() == node.id());
        match site.role_of(parent) {
            Some(Role::Attribute | Role::Subscript) if is("object") || is("value") => node = parent,
            Some(Role::Assignment | Role::AugmentedAssignment | Role::Loop) => return is("left") || is("name"),
            _ => return matches!(parent.kind(), "update_expression" | "delete_statement"),
        }
    }
    false
}

/// `x` → `(x or 0)`, `(x ?? 0)`; without the parentheses where nothing binds closer.
fn or_default(site: &Site<'_>, proposals: &mut Proposals) {
    let python = site.source.language.is_python();
    let parent = site.node.parent();
    let role = parent.and_then(|parent| site.role_of(parent));
    // A condition's own value has no use for a default.
    if matches!(role, Some(Role::Branch | Role::Unary))
        || role == Some(Role::Parenthesized)
        || site.role() == Some(Role::Subscript) && parent.is_some_and(|parent| parent.kind() == "type")
    {
        return;
    }
    let bare = matches!(
        role,
        Some(Role::Arguments | Role::Return | Role::Assignment | Role::KeywordArgument | Role::AugmentedAssignment)
    );
    let text = site.text();
    let operator = if python { "or" } else { "??" };
    let likely = if site.role() == Some(Role::Identifier) { 0.7 } else { 0.8 };
    for (default, weight) in defaults(python) {
        let value = format!("{text} {operator} {default}");
        proposals.replace_node(site.node, if bare { value } else { format!("({value})") }, likely * weight);
    }
}

/// `d[k]` → `d.get(k)`, `d.get(k)` → `d.get(k, 0)`, `x.y` → `(x.y if x is not None else None)`.
fn python_access(site: &Site<'_>, role: Role, proposals: &mut Proposals) {
    let called = |node: Node<'_>| {
        node.parent().is_some_and(|p| {
            site.role_of(p) == Some(Role::Call)
                && p.child_by_field_name("function").is_some_and(|f| f.id() == node.id())
        })
    };
    if role == Role::Subscript {
        let (Some(object), Some(key)) = (site.field("value"), site.field("subscript")) else { return };
        if site.role_of(key) != Some(Role::Slice) && site.node.parent().is_none_or(|p| p.kind() != "type") {
            let (object, key) = (site.text_of(object), site.text_of(key));
            proposals.replace_node(site.node, format!("{object}.get({key})"), 0.9);
            for (default, weight) in defaults(true) {
                proposals.replace_node(site.node, format!("{object}.get({key}, {default})"), *weight);
            }
            proposals.replace_node(site.node, format!("{object}.get({key}, None)"), 0.3);
        }
    }
    let access = match role {
        Role::Attribute if !called(site.node) => Some(site.node),
        Role::Call => site.field("function").filter(|f| site.role_of(*f) == Some(Role::Attribute)),
        _ => None,
    };
    let Some(access) = access else { return };
    let name = access.child_by_field_name("attribute").map(|name| site.text_of(name));
    if let (Role::Call, Some("get"), Some(arguments)) = (role, name, site.field("arguments"))
        && arguments.named_child_count() == 1
    {
        for (default, weight) in defaults(true) {
            proposals.insert(arguments.end_byte() - 1, format!(", {default}"), *weight);
        }
    }
    let Some(object) = access.child_by_field_name("object").map(|object| site.text_of(object)) else { return };
    if !is_operand(site, site.node) || matches!(object, "self" | "cls") || object.contains(['(', '"', '\'']) {
        return;
    }
    for (default, weight) in [("None", 0.6), ("0", 0.5), ("\"\"", 0.5)] {
        proposals.replace_node(site.node, format!("({} if {object} is not None else {default})", site.text()), weight);
    }
}

/// `a.b` → `a?.b`, `a[b]` → `a?.[b]`, `a(b)` → `a?.(b)`, also with a default behind.
fn chain(site: &Site<'_>, role: Role, proposals: &mut Proposals) {
    let (object, chained) = match role {
        Role::Attribute => (site.field("object"), "?."),
        Role::Subscript => (site.field("object"), "?.["),
        Role::Call => (site.field("function"), "?.("),
        _ => return,
    };
    let Some(object) = object.filter(|object| !matches!(site.text_of(*object), "this" | "super" | "Math" | "console"))
    else {
        return;
    };
    let (from, to) = (object.end_byte(), site.node.end_byte());
    let text = &site.source.text[from..to];
    let Some(rest) = text.strip_prefix(['.', '[', '(']) else { return };
    let likely = if role == Role::Attribute { 1.0 } else { 0.6 };
    let opening = from..from + text.len() - rest.len();
    proposals.replace(opening, chained, likely);
    if is_operand(site, site.node) {
        for (default, weight) in defaults(false) {
            let value = format!("({}{chained}{rest} ?? {default})", site.text_of(object));
            proposals.replace_node(site.node, value, likely * weight * 0.7);
        }
    }
}

/// `return e` → `return e if x is not None else None`.
fn whole_value(site: &Site<'_>, proposals: &mut Proposals) {
    let value = match site.role() {
        Some(Role::Return) => site.node.named_child(0),
        _ => site.field("right").or_else(|| site.field("value")),
    };
    let Some(value) =
        value.filter(|v| !matches!(site.role_of(*v), Some(Role::Ternary | Role::Function | Role::Assignment)))
    else {
        return;
    };
    let text = site.text_of(value);
    let python = site.source.language.is_python();
    if matches!(value.kind(), "expression_list" | "sequence_expression") {
        return;
    }
    for (place, name) in receivers(site, value).into_iter().take(3).enumerate() {
        let factor = 0.8 / (1.0 + place as f64 * 0.3);
        let null = if python { "None" } else { "null" };
        for (default, weight) in defaults(python).iter().take(3).copied().chain([(null, 1.0)]) {
            let (test, truthy) = if python {
                (format!("{text} if {name} is not None else {default}"), format!("{text} if {name} else {default}"))
            } else {
                (format!("{name} == null ? {default} : {text}"), format!("{name} ? {text} : {default}"))
            };
            proposals.replace_node(value, test, factor * weight);
            proposals.replace_node(value, truthy, factor * weight);
        }
    }
}

/// `d[k] += 1` → `d[k] = d.get(k, 0) + 1`.
fn counter(site: &Site<'_>, proposals: &mut Proposals) {
    let (Some(left), Some(right)) = (site.field("left"), site.field("right")) else { return };
    if site.role_of(left) != Some(Role::Subscript) {
        return;
    }
    let between = &site.source.text[left.end_byte()..right.start_byte()];
    let Some(operator) = between.trim().strip_suffix('=') else { return };
    let (target, right) = (site.text_of(left), site.text_of(right));
    let python = site.source.language.is_python();
    for (default, weight) in defaults(python) {
        let old = if python {
            let (Some(object), Some(key)) = (left.child_by_field_name("value"), left.child_by_field_name("subscript"))
            else {
                return;
            };
            format!("{}.get({}, {default})", site.text_of(object), site.text_of(key))
        } else {
            format!("({target} ?? {default})")
        };
        proposals.replace_node(site.node, format!("{target} = {old} {operator} {right}"), *weight);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_defaults() {
        check_operator(&OPERATOR, "a.py", "t += d[k]\n", "t += d.get(k, 0)\n");
        check_operator(&OPERATOR, "a.py", "d[k] += 1\n", "d[k] = d.get(k, 0) + 1\n");
        check_operator(&OPERATOR, "a.py", "y = d.get(k)\n", "y = d.get(k, \"\")\n");
        check_operator(&OPERATOR, "a.py", "y = x + 1\n", "y = (x or 0) + 1\n");
        check_operator(&OPERATOR, "a.py", "y = x.a + 1\n", "y = (x.a if x is not None else 0) + 1\n");
        check_operator(&OPERATOR, "a.py", "y = x.a(b)\n", "y = x.a(b) if x else None\n");
    }

    #[test]
    fn javascript_chaining_and_defaults() {
        check_operator(&OPERATOR, "a.js", "y = a.b.c;\n", "y = a.b?.c;\n");
        check_operator(&OPERATOR, "a.ts", "f(a[b]);\n", "f(a?.[b]);\n");
        check_operator(&OPERATOR, "a.ts", "const y = a.b;\n", "const y = (a?.b ?? 0);\n");
        check_operator(&OPERATOR, "a.ts", "const y = x;\n", "const y = x ?? [];\n");
    }

    #[test]
    fn targets_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.js", "a.b.c = 1;\n");
        check_not_applicable(&OPERATOR, "a.py", "a.b['c'] = 1\n");
    }
}
