//! A statement that is missing: a step of a loop, a way out of it, something stored or repeated.
//!
//! ```text
//! Before: self.name = name                 After: self.name = name
//! Before:                                  After: self.size = size
//! ```
//!
//! Redundancy within the function as ingredient: Barr et al. (FSE 2014), Martinez et al. (ICSE 2014).

use super::super::shape::{indentation, is_statement};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;

pub(super) static OPERATOR: Operator = Operator { name: "add-statement", prior: 0.4, propose };

/// How many statements of the function are copied to a place.
const COPIES: usize = 10;

/// How many names are tried in a copy or a template.
const NAMES: usize = 5;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if !is_statement(site, site.node) {
        return;
    }
    let Some(indent) = indentation(site, site.node) else { return };
    let end = site.source.language.spellings.terminator;
    let mut after = |text: &str, weight: f64| {
        let text = text.trim_end_matches(';');
        if let Some(at) = end_of(site) {
            proposals.insert(at, format!("\n{indent}{text}{end}"), weight);
        }
        proposals.insert(site.node.start_byte(), format!("{text}{end}\n{indent}"), weight * 0.9);
    };
    for statement in site.ingredients.statements.iter().filter(|s| **s != site.text() && !s.contains('\n')).take(COPIES)
    {
        after(statement, 0.5);
    }
    if site.ancestor(&[Role::Loop]).is_some() {
        after("break", 0.5);
        after("continue", 0.4);
    }
    let names: Vec<&str> = site.ingredients.names.iter().copied().take(NAMES).collect();
    for name in &names {
        after(&format!("{name} += 1"), 0.3);
    }
    store_parameter(site, &names, &mut after);
}

/// `self.x = x` for a parameter of the constructor that no line stores.
fn store_parameter(site: &Site<'_>, names: &[&str], after: &mut dyn FnMut(&str, f64)) {
    let receiver = site.source.language.spellings.receiver;
    let prefix = format!("{receiver}.");
    let stores = site.text().starts_with(&prefix) && site.text().contains('=');
    if !stores {
        return;
    }
    for name in names.iter().filter(|name| **name != receiver) {
        let stored = format!("{prefix}{name}");
        if !site.ingredients.statements.iter().any(|statement| statement.starts_with(&stored)) {
            after(&format!("{stored} = {name}"), 1.0);
        }
    }
}

/// Behind the statement; inside an `if`'s block the block's own last statement is the place.
fn end_of(site: &Site<'_>) -> Option<usize> {
    let block = site.node.parent()?;
    let is_last = named_children(block).last().is_some_and(|last| last.id() == site.node.id());
    (!matches!(site.role(), Some(Role::Return | Role::Raise | Role::Jump)) || !is_last).then(|| site.node.end_byte())
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn steps_and_fields_are_added() {
        check_operator(
            &OPERATOR,
            "a.py",
            "def __init__(self, a, b):\n    self.a = a\n",
            "def __init__(self, a, b):\n    self.a = a\n    self.b = b\n",
        );
        check_operator(
            &OPERATOR,
            "a.js",
            "for (const a of b) {\n  f(a);\n}\n",
            "for (const a of b) {\n  f(a);\n  break;\n}\n",
        );
    }

    #[test]
    fn expressions_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "");
    }
}
