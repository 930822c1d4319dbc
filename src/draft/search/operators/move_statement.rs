//! A statement at the wrong place: before what it needs, or inside or outside a block by mistake.
//!
//! ```text
//! Before: for x in xs:                  After: for x in xs:
//!             total += x                           total += x
//!             result.append(total)             result.append(total)
//! ```
//!
//! "Move statement" is a fix template of TBar (Liu et al., ISSTA 2019); changed sequences of calls
//! and assignments are fix patterns of Pan, Kim and Whitehead (EMSE 2009).

use tree_sitter::Node;

use super::statement_layout::{each, indent, is_statement, own_lines, owner, reindent, statements};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::draft::search::ingredients::is_simple_statement;

pub(super) static OPERATOR: Operator = Operator { name: "move-statement", prior: 0.4, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if !is_statement(site, site.node) || !is_simple_statement(site.source, site.node) {
        return;
    }
    let Some(block) = site.node.parent() else { return };
    if site.node.kind() == "pass_statement" || own_lines(site, site.node).is_none() {
        return;
    }
    let siblings = statements(block);
    let Some(place) = siblings.iter().position(|sibling| sibling.id() == site.node.id()) else { return };
    let before = place.checked_sub(1).map(|place| siblings[place]);
    if let Some(next) = siblings.get(place + 1) {
        swap(site, site.node, *next, 1.0, proposals);
    }
    if let Some(before) = before {
        swap(site, before, site.node, 0.9, proposals);
        move_in(site, before, proposals);
    }
    if let Some(around) = owner(site, block) {
        move_out(site, around, siblings.len() == 1, proposals);
    }
}

/// Two neighbouring statements in the other order.
fn swap(site: &Site<'_>, first: Node<'_>, second: Node<'_>, weight: f64, proposals: &mut Proposals) {
    let fixed =
        |node: Node<'_>| matches!(site.role_of(node), Some(Role::Import | Role::Function | Role::Class | Role::Return));
    if fixed(first) || fixed(second) || site.text_of(first) == site.text_of(second) {
        return;
    }
    let between = &site.source.text[first.end_byte()..second.start_byte()];
    let text = format!("{}{between}{}", site.text_of(second), site.text_of(first));
    proposals.replace(first.start_byte()..second.end_byte(), text, weight);
}

/// Out of the block, to after or before the statement around it.
fn move_out(site: &Site<'_>, around: Node<'_>, alone: bool, proposals: &mut Proposals) {
    let (Some(from), Some(to)) = (indent(site, site.node), indent(site, around)) else { return };
    let Some(lines) = own_lines(site, site.node) else { return };
    let text = &site.source.text;
    let head = &text[around.start_byte()..lines.start];
    let tail = text.get(lines.end..around.end_byte()).unwrap_or("");
    let rest = if alone && site.source.language.is_python() {
        format!("{head}{from}pass\n{tail}")
    } else {
        format!("{head}{tail}")
    };
    let (rest, moved) = (rest.trim_end(), reindent(site.text(), from, to));
    let jump = site.role() == Some(Role::Jump);
    proposals.replace_node(around, format!("{rest}\n{to}{moved}"), if jump { 0.3 } else { 0.8 });
    if !matches!(site.role(), Some(Role::Jump | Role::Return | Role::Raise)) {
        proposals.replace_node(around, format!("{moved}\n{to}{rest}"), 0.5);
    }
}

/// Into the end of each block of the statement before it.
fn move_in(site: &Site<'_>, before: Node<'_>, proposals: &mut Proposals) {
    if is_simple_statement(site.source, before)
        || matches!(site.role_of(before), Some(Role::Function | Role::Class | Role::Import))
    {
        return;
    }
    let Some(outer) = indent(site, site.node) else { return };
    let mut ends = Vec::new();
    each(before, |node| {
        // Nested blocks count too: they end where their statement's block does.
        if site.role_of(node) == Some(Role::Block) {
            ends.extend(statements(node).last().copied());
        }
    });
    let last = ends.iter().map(Node::end_byte).max();
    for end in ends.into_iter().take(5) {
        let Some(inner) = indent(site, end).filter(|inner| inner.len() > outer.len()) else { continue };
        if matches!(site.role_of(end), Some(Role::Return | Role::Jump | Role::Raise)) {
            continue;
        }
        let moved = reindent(site.text(), outer, inner);
        let kept = &site.source.text[end.end_byte()..before.end_byte()];
        let weight = if Some(end.end_byte()) == last { 0.7 } else { 0.5 };
        proposals.replace(end.end_byte()..site.node.end_byte(), format!("\n{inner}{moved}{kept}"), weight);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_order_and_depth() {
        check_operator(&OPERATOR, "a.py", "a = 1\nb = 2\n", "b = 2\na = 1\n");
        let inside = "for x in xs:\n    t += x\n    go(t)\nend()\n";
        let outside = "for x in xs:\n    t += x\ngo(t)\nend()\n";
        check_operator(&OPERATOR, "a.py", inside, outside);
        check_operator(&OPERATOR, "a.py", outside, inside);
        check_operator(&OPERATOR, "a.py", "if c:\n    a()\n", "a()\nif c:\n    pass\n");
    }

    #[test]
    fn javascript_depth() {
        let inside = "for (const x of xs) {\n  t += x;\n  go(t);\n}\n";
        let outside = "for (const x of xs) {\n  t += x;\n}\ngo(t);\n";
        check_operator(&OPERATOR, "a.js", inside, outside);
        check_operator(&OPERATOR, "a.ts", outside, inside);
    }

    #[test]
    fn a_single_statement_is_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "def f():\n    return 1\n");
    }
}
