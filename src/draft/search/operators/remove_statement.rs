//! A statement too many, or one that must not depend on a condition.
//!
//! ```text
//! Before: items.append(x)               After: items.append(x)
//!         items.append(x)
//! Before: if done:                      After: close()
//!             close()
//! ```
//!
//! Removing a statement is a template of TBar (Liu et al., ISSTA 2019) and of PAR (Kim et al., ICSE
//! 2013); "removal of an if predicate" is a fix pattern of Pan, Kim and Whitehead (EMSE 2009).

use super::statement_layout::{indent, is_statement, own_lines, reindent, statements};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::draft::search::ingredients::is_simple_statement;

pub(super) static OPERATOR: Operator = Operator { name: "remove-statement", prior: 0.4, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if !is_statement(site, site.node) || site.node.kind() == "pass_statement" {
        return;
    }
    if site.node.kind() == "if_statement" {
        if site.field("alternative").is_none() {
            remove_branch(site, proposals);
        }
    } else if is_simple_statement(site.source, site.node) {
        remove(site, weight(site), proposals);
    }
}

/// Deletes the site's lines, or puts `pass` where Python must have a statement.
fn remove(site: &Site<'_>, weight: f64, proposals: &mut Proposals) {
    let Some(block) = site.node.parent() else { return };
    let alone = block.kind() == "block" && statements(block).len() == 1;
    if alone {
        proposals.replace_node(site.node, "pass", weight);
    } else if let Some(lines) = own_lines(site, site.node) {
        proposals.replace(lines, "", weight);
    } else if !site.source.language.is_python() {
        proposals.replace_node(site.node, "", weight);
    }
}

fn weight(site: &Site<'_>) -> f64 {
    let inner = site.node.named_child(0).and_then(|inner| site.role_of(inner));
    match site.role() {
        Some(Role::Jump) => 0.6,
        Some(Role::Return | Role::Raise) => 0.4,
        Some(Role::ExpressionStatement) if inner == Some(Role::String) => 0.05,
        Some(Role::ExpressionStatement) if inner == Some(Role::Assignment) => 0.7,
        Some(Role::ExpressionStatement) => 1.0,
        _ => 0.2,
    }
}

/// Deletes an `if` with a short body, or keeps the body alone.
fn remove_branch(site: &Site<'_>, proposals: &mut Proposals) {
    let Some(body) = site.field("consequence") else { return };
    let inner = if site.role_of(body) == Some(Role::Block) { statements(body) } else { vec![body] };
    let (Some(first), Some(last)) = (inner.first(), inner.last()) else { return };
    if last.end_position().row - first.start_position().row < 3 {
        remove(site, 0.5, proposals);
    }
    let text = &site.source.text[first.start_byte()..last.end_byte()];
    let kept = match (indent(site, *first), indent(site, site.node)) {
        (Some(from), Some(to)) => reindent(text, from, to),
        _ => text.to_owned(),
    };
    proposals.replace_node(site.node, kept, 0.4);
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_lines_and_branches() {
        check_operator(&OPERATOR, "a.py", "def f():\n    a()\n    b()\n", "def f():\n    a()\n");
        check_operator(&OPERATOR, "a.py", "for x in y:\n    break\n", "for x in y:\n    pass\n");
        check_operator(&OPERATOR, "a.py", "if c:\n    a()\n    b()\nd()\n", "a()\nb()\nd()\n");
        check_operator(&OPERATOR, "a.py", "if c:\n    a()\n    b()\nd()\n", "d()\n");
    }

    #[test]
    fn javascript_lines_and_branches() {
        check_operator(&OPERATOR, "a.js", "function f() {\n  a();\n}\n", "function f() {\n}\n");
        check_operator(&OPERATOR, "a.ts", "if (c) {\n  a();\n}\n", "a();\n");
        check_operator(&OPERATOR, "a.ts", "if (c) return;\n", "return;\n");
    }

    #[test]
    fn imports_and_definitions_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "import os\ndef f():\n    pass\n");
    }
}
