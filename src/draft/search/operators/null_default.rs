//! A value that may be missing, used without a default.
//!
//! ```text
//! Before: return order.customer.name       After: return order.customer?.name
//! Before: count = seen[word] + 1           After: count = seen.get(word, 0) + 1
//! ```
//!
//! Missing null checks are a fault class of the paper's evaluation and the most frequent template of
//! PAR (Kim et al., ICSE 2013).

use super::super::shape::{is_simple_expression, is_value};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;

pub(super) static OPERATOR: Operator = Operator { name: "null-default", prior: 0.75, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if site.source.language.is_python() { python(site, proposals) } else { script(site, proposals) }
}

fn python(site: &Site<'_>, proposals: &mut Proposals) {
    if !is_simple_expression(site, site.node) || !is_value(site, site.node) {
        return;
    }
    let text = site.text();
    let defaults = ["0", "\"\"", "[]", "{}"];
    for default in defaults {
        proposals.replace_node(site.node, format!("({text} or {default})"), 0.5);
    }
    match site.role() {
        Some(Role::Subscript) => subscript(site, proposals),
        Some(Role::Attribute | Role::Call) => {
            if let Some(object) = root_object(site) {
                for default in ["None", "0", "\"\"", "[]", "False"] {
                    let weight = if default == "None" { 0.8 } else { 0.4 };
                    proposals.replace_node(
                        site.node,
                        format!("({text} if {object} is not None else {default})"),
                        weight,
                    );
                }
            }
            getter(site, proposals);
        }
        _ => {}
    }
}

/// `d[k]` → `d.get(k)`.
fn subscript(site: &Site<'_>, proposals: &mut Proposals) {
    let (Some(value), Some(index)) = (site.field("value"), site.field("subscript")) else { return };
    let (value, index) = (site.text_of(value), site.text_of(index));
    if index.contains(':') {
        return;
    }
    proposals.replace_node(site.node, format!("{value}.get({index})"), 0.9);
    for default in ["0", "\"\"", "[]", "{}", "None", "False"] {
        proposals.replace_node(site.node, format!("{value}.get({index}, {default})"), 0.6);
    }
}

/// `d.get(k)` → `d.get(k, 0)`.
fn getter(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(arguments) = site.field("arguments").filter(|_| site.role() == Some(Role::Call)) else { return };
    let is_get = site.field("function").is_some_and(|function| site.text_of(function).ends_with(".get"));
    if is_get && let [only] = named_children(arguments).as_slice() {
        for default in ["0", "\"\"", "[]", "{}", "False"] {
            proposals.insert(only.end_byte(), format!(", {default}"), 0.8);
        }
    }
}

/// What must not be missing for `a.b` or `a.b()` to work: `a`.
fn root_object<'a>(site: &Site<'a>) -> Option<&'a str> {
    let attribute = if site.role() == Some(Role::Call) { site.field("function")? } else { site.node };
    Some(site.text_of(attribute.child_by_field_name("object")?))
}

fn script(site: &Site<'_>, proposals: &mut Proposals) {
    chain(site, proposals);
    if site.role() == Some(Role::Binary) {
        let operator = site.field("operator");
        if let Some(operator) = operator.filter(|operator| site.text_of(*operator) == "||") {
            proposals.replace_node(operator, "??", 1.0);
        }
        return;
    }
    if !is_simple_expression(site, site.node) || !is_value(site, site.node) {
        return;
    }
    let text = site.text();
    for (default, weight) in
        [("0", 0.6), ("''", 0.6), ("[]", 0.6), ("{}", 0.4), ("null", 0.6), ("1", 0.2), ("false", 0.3)]
    {
        proposals.replace_node(site.node, format!("({text} ?? {default})"), weight);
        if site.role() == Some(Role::Attribute)
            && !text.contains("?.")
            && let Some((object, name)) = text.rsplit_once('.')
        {
            proposals.replace_node(site.node, format!("({object}?.{name} ?? {default})"), weight * 0.8);
        }
    }
}

/// `a.b` → `a?.b`, `a[b]` → `a?.[b]`, `f(x)` → `f?.(x)`.
fn chain(site: &Site<'_>, proposals: &mut Proposals) {
    match site.role() {
        Some(Role::Attribute) => {
            let (Some(object), Some(name)) = (site.field("object"), site.field("property")) else { return };
            if site.source.text[object.end_byte()..name.start_byte()].trim() == "." {
                proposals.insert(object.end_byte(), "?", 1.0);
            }
        }
        Some(Role::Subscript) => {
            if let Some(object) = site.field("object") {
                proposals.insert(object.end_byte(), "?.", 0.8);
            }
        }
        Some(Role::Call) => {
            if let Some(function) = site.field("function").filter(|f| site.role_of(*f) == Some(Role::Attribute)) {
                proposals.insert(function.end_byte(), "?.", 0.6);
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
    fn defaults_and_optional_chains() {
        check_operator(&OPERATOR, "a.py", "n = d[k] + 1\n", "n = d.get(k, 0) + 1\n");
        check_operator(&OPERATOR, "a.py", "return x.y\n", "return (x.y if x is not None else None)\n");
        check_operator(&OPERATOR, "a.ts", "return a.b.c;\n", "return a.b?.c;\n");
        check_operator(&OPERATOR, "a.js", "f(a || 1);\n", "f(a ?? 1);\n");
    }

    #[test]
    fn constants_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "x = 1\n");
    }
}
