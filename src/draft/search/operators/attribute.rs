//! The wrong attribute or method of the right object.
//!
//! ```text
//! Before: lines.append(rest)               After: lines.extend(rest)
//! Before: order.subtotal                   After: order.total
//! ```
//!
//! "Change attribute used" and "change function name" of TSSB-3M (Richter and Wehrheim, MSR 2022).

use super::super::ingredients::attribute_name;
use super::super::shape::likeness;
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "attribute", prior: 0.8, propose };

/// Methods that people mistake for each other.
const CONFUSED: &[&[&str]] = &[
    &["append", "extend", "insert", "add"],
    &["strip", "lstrip", "rstrip"],
    &["lower", "upper", "title", "capitalize"],
    &["startswith", "endswith"],
    &["startsWith", "endsWith", "includes"],
    &["push", "unshift"],
    &["pop", "shift", "popleft"],
    &["floor", "ceil", "round", "trunc"],
    &["min", "max"],
    &["find", "filter", "findIndex", "findLast"],
    &["some", "every"],
    &["keys", "values", "items", "entries"],
    &["indexOf", "lastIndexOf"],
    &["find", "rfind", "index", "rindex"],
    &["slice", "splice", "substring"],
    &["add", "discard", "remove"],
    &["get", "pop", "setdefault"],
    &["get", "has", "delete", "set"],
    &["map", "forEach", "flatMap", "filter"],
    &["toLowerCase", "toUpperCase"],
    &["trim", "trimStart", "trimEnd"],
    &["split", "rsplit", "splitlines"],
    &["union", "intersection", "difference"],
    &["seconds", "total_seconds", "days"],
    &["getDate", "getDay", "getMonth"],
    &["padStart", "padEnd"],
    &["ljust", "rjust"],
    &["reduce", "reduceRight"],
    &["all", "allSettled", "race", "any"],
    &["replace", "replaceAll"],
    &["weekday", "isoweekday"],
    &["resolve", "reject"],
];

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if site.role() != Some(Role::Attribute) {
        return;
    }
    let (Some(name), Some(object)) = (attribute_name(site.node), site.field("object")) else { return };
    let own = site.text_of(name);
    for group in CONFUSED.iter().filter(|group| group.contains(&own)) {
        for other in group.iter().filter(|other| **other != own) {
            proposals.replace_node(name, *other, 0.9);
        }
    }
    let prefix = format!("{}.", site.text_of(object));
    for other in site.ingredients.attributes.iter().filter(|other| **other != own).take(25) {
        let same_object =
            site.ingredients.attribute_expressions.iter().any(|known| known.strip_prefix(&prefix) == Some(other));
        let base = if same_object { 0.9 } else { 0.35 };
        proposals.replace_node(name, *other, f64::max(base, likeness(own, other) * 0.8));
    }
    proposals.replace_node(site.node, site.text_of(object), 0.3);
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn confusable_methods_and_attributes_of_the_file() {
        check_operator(&OPERATOR, "a.py", "a.append(b)\n", "a.extend(b)\n");
        check_operator(&OPERATOR, "a.ts", "f(o.net, o.gross);\n", "f(o.gross, o.gross);\n");
    }

    #[test]
    fn plain_names_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "f(a, b[0])\n");
    }
}
