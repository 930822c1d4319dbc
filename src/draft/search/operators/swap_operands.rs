//! Two things in each other's place: operands, branches, elements, spreads.
//!
//! ```text
//! Before: elapsed = start - end            After: elapsed = end - start
//! Before: { ...options, ...defaults }      After: { ...defaults, ...options }
//! ```
//!
//! "Swap operands" is a fix template of TBar (Liu et al., ISSTA 2019).

use tree_sitter::Node;

use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;

pub(super) static OPERATOR: Operator = Operator { name: "swap-operands", prior: 0.5, propose };

/// Operators whose sides can be swapped without a change of meaning.
const COMMUTATIVE: &[&str] = &["==", "!=", "===", "!==", "*", "&", "|", "^", "is", "is not"];

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    match (site.role(), site.node.kind()) {
        (Some(Role::Binary), _) => {
            let children = named_children(site.node);
            let operator = children
                .first()
                .zip(children.get(1))
                .map(|(a, b)| site.source.text[a.end_byte()..b.start_byte()].trim().to_owned());
            if let ([a, b], Some(operator)) = (children.as_slice(), operator)
                && !COMMUTATIVE.contains(&operator.as_str())
            {
                swap(site, *a, *b, 0.8, proposals);
            }
        }
        (Some(Role::Ternary), "conditional_expression") => {
            let children = named_children(site.node);
            if let [yes, _, no] = children.as_slice() {
                swap(site, *yes, *no, 0.8, proposals);
            }
        }
        (Some(Role::Ternary), _) => {
            if let (Some(yes), Some(no)) = (site.field("consequence"), site.field("alternative")) {
                swap(site, yes, no, 0.8, proposals);
            }
        }
        (_, "tuple" | "expression_list" | "array" | "list" | "pattern_list" | "array_pattern") => {
            for pair in named_children(site.node).windows(2).take(4) {
                swap(site, pair[0], pair[1], 0.5, proposals);
            }
        }
        (_, "dictionary" | "object") => {
            let children = named_children(site.node);
            for pair in children.windows(2).filter(|pair| pair.iter().any(|node| is_spread(*node))) {
                swap(site, pair[0], pair[1], 1.0, proposals);
            }
        }
        (Some(Role::Subscript), _) => nested_index(site, proposals),
        _ => {}
    }
}

/// `m[i][j]` → `m[j][i]`.
fn nested_index(site: &Site<'_>, proposals: &mut Proposals) {
    let inner = site.field("value").or_else(|| site.field("object"));
    let Some(inner) = inner.filter(|inner| site.role_of(*inner) == Some(Role::Subscript)) else { return };
    let of = |node: Node<'_>| {
        node.child_by_field_name("subscript")
            .or_else(|| node.child_by_field_name("index"))
            .map(|found| found.byte_range())
    };
    if let (Some(first), Some(second)) = (of(inner), of(site.node)) {
        let text = &site.source.text;
        let between = &text[first.end..second.start];
        let swapped = format!("{}{between}{}", &text[second.clone()], &text[first.clone()]);
        proposals.replace(first.start..second.end, swapped, 0.6);
    }
}

fn swap(site: &Site<'_>, a: Node<'_>, b: Node<'_>, weight: f64, proposals: &mut Proposals) {
    let between = &site.source.text[a.end_byte()..b.start_byte()];
    let text = format!("{}{between}{}", site.text_of(b), site.text_of(a));
    proposals.replace(a.start_byte()..b.end_byte(), text, weight);
}

fn is_spread(node: Node<'_>) -> bool {
    matches!(node.kind(), "spread_element" | "dictionary_splat")
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn sides_branches_and_spreads_swap() {
        check_operator(&OPERATOR, "a.py", "x = a - b\n", "x = b - a\n");
        check_operator(&OPERATOR, "a.py", "x = a if c else b\n", "x = b if c else a\n");
        check_operator(&OPERATOR, "a.js", "x = { ...a, ...b };\n", "x = { ...b, ...a };\n");
        check_operator(&OPERATOR, "a.ts", "x = m[i][j];\n", "x = m[j][i];\n");
    }

    #[test]
    fn commutative_operators_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "x = a == b\n");
    }
}
