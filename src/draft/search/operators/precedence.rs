//! Parentheses that are missing or misplaced.
//!
//! ```text
//! Before: mean = low + high / 2            After: mean = (low + high) / 2
//! Before: if (a && (b || c)) { … }         After: if (a && b || c) { … }
//! ```
//!
//! A change of operator priority is part of TBar's template "mutate operators" (Liu et al., ISSTA
//! 2019); changed `if` conditions are among the most frequent fixes of Pan, Kim and Whitehead (EMSE
//! 2009).

use tree_sitter::Node;

use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "precedence", prior: 0.4, propose };

/// Operators that bind equally tightly, loosest first. Comparisons are operands here.
const LEVELS: &[&[&str]] = &[
    &["or", "||", "??"],
    &["and", "&&"],
    &["|"],
    &["^"],
    &["&"],
    &["<<", ">>", ">>>"],
    &["+", "-"],
    &["*", "/", "//", "%", "@"],
    &["**"],
];

/// The longest run of operands that is regrouped: 27 proposals.
const OPERANDS: usize = 8;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    match site.role() {
        Some(Role::Parenthesized) => remove(site, proposals),
        Some(Role::Binary) if operator(site, site.node).is_some() => add(site, proposals),
        _ => {}
    }
}

/// `a + b * c` → `(a + b) * c`, proposed once for a whole run of operators.
fn add(site: &Site<'_>, proposals: &mut Proposals) {
    if site.node.parent().is_some_and(|parent| operator(site, parent).is_some()) {
        return;
    }
    let (mut operands, mut operators) = (Vec::new(), Vec::new());
    if flatten(site, site.node, OPERANDS, &mut operands, &mut operators).is_none() || operands.len() > OPERANDS {
        return;
    }
    let script = !site.source.language.is_python();
    let joins_text = script && operands.iter().any(|operand| site.role_of(*operand) == Some(Role::String));
    for first in 0..operands.len() {
        for last in first + 1..operands.len() {
            let inside = &operators[first..last];
            let before = first.checked_sub(1).map(|index| operators[index]);
            let Some(weight) = change(before, inside, operators.get(last).copied(), joins_text) else { continue };
            let span = operands[first].start_byte()..operands[last].end_byte();
            let group = format!("({})", &site.source.text[span.clone()]);
            proposals.replace(span, group, weight);
        }
    }
}

/// How likely it is that parentheses around `inside` were meant; `None` where they say nothing new.
fn change(before: Option<&str>, inside: &[&str], after: Option<&str>, joins_text: bool) -> Option<f64> {
    let loosest = inside.iter().filter_map(|operator| level(operator)).min()?;
    let binds = |operator: Option<&str>| operator.and_then(level);
    if binds(before).max(binds(after)).is_some_and(|beside| beside > loosest) {
        return Some(if inside.len() == 1 { 1.0 } else { 0.6 });
    }
    // `a - b - c` is `(a - b) - c`; `a + b - c` may be read either way, unless `+` joins text.
    let same = match before? {
        "+" => !joins_text,
        "*" => inside.iter().all(|operator| ["*", "/"].contains(operator)),
        "-" | "/" | "//" | "%" | "@" | "<<" | ">>" | ">>>" => false,
        _ => true,
    };
    (binds(before) == Some(loosest) && !same).then_some(0.5)
}

/// `a * (b + c)` → `a * b + c`, `not (a or b)` → `not a or b`.
fn remove(site: &Site<'_>, proposals: &mut Proposals) {
    let (Some(inner), Some(parent)) = (site.node.named_child(0), site.node.parent()) else { return };
    let Some(within) = operator(site, inner) else { return };
    if site.role_of(parent) == Some(Role::Unary) {
        let changes = match site.text_of(parent).chars().next() {
            Some('n' | '!') => ["and", "or", "&&", "||"].contains(&within),
            _ => ["+", "-"].contains(&within),
        };
        if changes {
            proposals.replace_node(site.node, site.text_of(inner), 0.5);
        }
        return;
    }
    let Some(beside) = operator(site, parent) else { return };
    let is_right = parent.child_by_field_name("right").is_some_and(|right| right.id() == site.node.id());
    let changes = match is_right {
        true => change(Some(beside), &[within], None, false).is_some(),
        false => level(beside) > level(within),
    };
    // JavaScript doesn't parse `??` next to `||` or `&&` without parentheses.
    if changes && (within == "??") == (beside == "??") {
        proposals.replace_node(site.node, site.text_of(inner), 0.8);
    }
}

/// The operands and operators of nested operations, from left to right; `None` past `depth`.
fn flatten<'a>(
    site: &Site<'a>,
    node: Node<'a>,
    depth: usize,
    operands: &mut Vec<Node<'a>>,
    operators: &mut Vec<&'a str>,
) -> Option<()> {
    let Some(operator) = operator(site, node) else {
        operands.push(node);
        return Some(());
    };
    let deeper = depth.checked_sub(1)?;
    flatten(site, node.child_by_field_name("left")?, deeper, operands, operators)?;
    operators.push(operator);
    flatten(site, node.child_by_field_name("right")?, deeper, operands, operators)
}

/// The operator of an operation that [`LEVELS`] knows.
fn operator<'a>(site: &Site<'a>, node: Node<'a>) -> Option<&'a str> {
    if site.role_of(node) != Some(Role::Binary) {
        return None;
    }
    let operator = site.text_of(node.child_by_field_name("operator")?);
    level(operator).map(|_| operator)
}

fn level(operator: &str) -> Option<usize> {
    LEVELS.iter().position(|level| level.contains(&operator))
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator, results};
    use super::*;

    #[test]
    fn python_groups_come_and_go() {
        check_operator(&OPERATOR, "a.py", "x = a + b * c\n", "x = (a + b) * c\n");
        check_operator(&OPERATOR, "a.py", "x = a * b + c + d\n", "x = a * (b + c) + d\n");
        check_operator(&OPERATOR, "a.py", "x = a * (b + c)\n", "x = a * b + c\n");
        check_operator(&OPERATOR, "a.py", "x = a and b or c\n", "x = a and (b or c)\n");
        check_operator(&OPERATOR, "a.py", "x = a and (b or c)\n", "x = a and b or c\n");
        check_operator(&OPERATOR, "a.py", "x = not (a or b)\n", "x = not a or b\n");
    }

    #[test]
    fn javascript_groups_come_and_go() {
        check_operator(&OPERATOR, "a.js", "x = a - b - c;\n", "x = a - (b - c);\n");
        check_operator(&OPERATOR, "a.js", "x = a - (b - c);\n", "x = a - b - c;\n");
        check_operator(&OPERATOR, "a.ts", "if ((a || b) && c) f();\n", "if (a || b && c) f();\n");
        check_operator(&OPERATOR, "a.ts", "x = a ?? 0 + b;\n", "x = (a ?? 0) + b;\n");
        check_operator(&OPERATOR, "a.js", "x = 'n: ' + a + 1;\n", "x = 'n: ' + (a + 1);\n");
    }

    #[test]
    fn long_runs_stay_within_the_limit() {
        let run = ["a", "b", "c", "d", "e", "f", "g", "h"].join(" - ");
        assert!(results(&OPERATOR, "a.py", &format!("x = {run}\n")).len() <= 60);
        check_not_applicable(&OPERATOR, "a.py", &format!("x = {run} - i\n"));
    }

    #[test]
    fn groups_that_mean_the_same_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "x = a + b - c\ny = a + (b * c)\nz = a < b\n");
        check_not_applicable(&OPERATOR, "a.ts", "x = a && b && c;\ny = a ?? (b || c);\n");
    }
}
