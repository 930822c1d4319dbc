//! A function that computes its result and does not return it.
//!
//! ```text
//! Before: def total(xs): sum(xs)           After: def total(xs): return sum(xs)
//! ```
//!
//! "Add return" is one of the mutations of TBar's templates (Liu et al., ISSTA 2019).

use super::super::shape::{indentation, is_statement, other_names};
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "missing-return", prior: 0.5, propose };

/// How many names are tried as the result.
const NAMES: usize = 6;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if site.role() == Some(Role::ExpressionStatement) {
        let returns = site.node.named_child(0).is_some_and(|expression| {
            !matches!(site.role_of(expression), Some(Role::Assignment | Role::AugmentedAssignment | Role::String))
        });
        if returns {
            proposals.insert(site.node.start_byte(), "return ", 1.0);
        }
    }
    let last = is_statement(site, site.node) && site.node.next_named_sibling().is_none();
    let body = site.node.parent().and_then(|block| block.parent());
    if last && body.is_some_and(|body| site.role_of(body) == Some(Role::Function)) {
        append(site, proposals);
    }
    if site.role() == Some(Role::Return) && site.node.named_child_count() == 0 {
        for name in other_names(site, "").take(NAMES) {
            let at = site.node.start_byte() + "return".len();
            proposals.insert(at, format!(" {name}"), 0.7);
        }
    }
}

/// `return name` behind the function's last statement.
fn append(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(indent) = indentation(site, site.node) else { return };
    if matches!(site.role(), Some(Role::Return | Role::Raise)) {
        return;
    }
    let end = site.source.language.spellings.terminator;
    for (rank, name) in other_names(site, "").take(NAMES).enumerate() {
        let weight = 0.8 - 0.08 * rank as f64;
        proposals.insert(site.node.end_byte(), format!("\n{indent}return {name}{end}"), weight);
    }
    let [yes, no] = site.source.language.spellings.booleans;
    for value in [yes, no, site.source.language.spellings.receiver] {
        proposals.insert(site.node.end_byte(), format!("\n{indent}return {value}{end}"), 0.4);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn results_are_returned() {
        check_operator(&OPERATOR, "a.py", "def f(x):\n    g(x)\n", "def f(x):\n    return g(x)\n");
        check_operator(&OPERATOR, "a.py", "def f():\n    x = g()\n", "def f():\n    x = g()\n    return x\n");
        check_operator(&OPERATOR, "a.js", "const f = (x) => { g(x); };\n", "const f = (x) => { return g(x); };\n");
    }

    #[test]
    fn assignments_of_a_module_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "x = 1\n");
    }
}
