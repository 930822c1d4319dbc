//! A statement or check that should not be there.
//!
//! ```text
//! Before: items.sort()                     After: (nothing)
//! ```
//!
//! Statement deletion is frequent in real fixes but passes weak tests too easily (Qi et al., ISSTA
//! 2015), hence the low prior.

use super::super::shape::{is_statement, whole_lines};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;

pub(super) static OPERATOR: Operator = Operator { name: "remove-statement", prior: 0.35, propose };

/// The longest compound statement that is removed, in lines.
const LINES: usize = 4;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if !is_statement(site, site.node) {
        return;
    }
    let lines = site.node.end_position().row - site.node.start_position().row;
    let removable = match site.role() {
        Some(Role::Function | Role::Class | Role::Import) => false,
        Some(Role::Branch | Role::Loop) => lines < LINES && site.field("alternative").is_none(),
        _ => lines < 3,
    };
    if !removable {
        return;
    }
    let alone = site.node.parent().is_some_and(|block| named_children(block).len() == 1);
    if alone && site.source.language.is_python() {
        proposals.replace_node(site.node, "pass", 0.7);
    } else if let Some(span) = whole_lines(site, site.node) {
        proposals.replace(span, "", 0.8);
    } else {
        proposals.replace_node(site.node, "", 0.5);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn statements_go_with_their_line() {
        check_operator(&OPERATOR, "a.py", "a = 1\nb.sort()\nc = 2\n", "a = 1\nc = 2\n");
        check_operator(&OPERATOR, "a.py", "if a:\n    f()\n", "if a:\n    pass\n");
        check_operator(&OPERATOR, "a.js", "f();\ng();\n", "g();\n");
    }

    #[test]
    fn definitions_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "def f(): ...\n".replace(" ...", "\n    def g():\n        def h():\n            \"\"\"a\n            b\n            c\n            d\"\"\"").as_str());
    }
}
