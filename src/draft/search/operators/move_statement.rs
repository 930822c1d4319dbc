//! A statement in the wrong place: too early, too late, inside a block or outside of it.
//!
//! ```text
//! Before: for x in xs:                     After: for x in xs:
//! Before:     total += x                   After:     total += x
//! Before:     return total                 After: return total
//! ```
//!
//! "Move statement" is a fix template of TBar (Liu et al., ISSTA 2019).

use super::super::shape::{indentation, is_statement, whole_lines};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;

pub(super) static OPERATOR: Operator = Operator { name: "move-statement", prior: 0.4, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if !is_statement(site, site.node) || site.node.end_position().row - site.node.start_position().row > 5 {
        return;
    }
    let Some(own) = whole_lines(site, site.node) else { return };
    let text = &site.source.text;
    if let Some(next) = site.node.next_named_sibling().filter(|next| is_statement(site, *next))
        && let Some(lines) = whole_lines(site, next)
        && own.end == lines.start
        && text[own.clone()].ends_with('\n')
        && text[lines.clone()].ends_with('\n')
    {
        let swapped = format!("{}{}", &text[lines.clone()], &text[own.clone()]);
        proposals.replace(own.start..lines.end, swapped, 1.0);
        into_block(site, next, proposals);
    }
    out_of_block(site, own, proposals);
}

/// The last statement of a block moves behind the statement that has the block.
fn out_of_block(site: &Site<'_>, own: std::ops::Range<usize>, proposals: &mut Proposals) {
    let Some(block) = site.node.parent() else { return };
    let last = named_children(block).last().is_some_and(|last| last.id() == site.node.id());
    let outer = block.parent().filter(|outer| matches!(site.role_of(*outer), Some(Role::Loop | Role::Branch)));
    let Some(outer) = outer.filter(|outer| last && is_statement(site, *outer)) else { return };
    let (Some(indent), true) = (indentation(site, outer), named_children(block).len() > 1) else { return };
    let text = &site.source.text;
    let closing = &text[own.end..outer.end_byte().max(own.end)];
    let moved = format!("{closing}{}{indent}{}\n", if closing.is_empty() { "" } else { "\n" }, site.text());
    let end = text[outer.end_byte().max(own.end)..].strip_prefix('\n').map_or(0, |_| 1);
    let end = if closing.is_empty() { own.end } else { outer.end_byte() + end };
    proposals.replace(own.start..end, moved, 0.9);
}

/// The statement behind a block moves to the block's end.
fn into_block(site: &Site<'_>, next: tree_sitter::Node<'_>, proposals: &mut Proposals) {
    let body = site.field("body").or_else(|| site.field("consequence"));
    let Some(body) = body.filter(|body| site.role_of(*body) == Some(Role::Block)) else { return };
    let Some(last) = named_children(body).last().copied() else { return };
    let (Some(indent), Some(lines)) = (indentation(site, last), whole_lines(site, next)) else { return };
    let between = &site.source.text[last.end_byte()..lines.start];
    let moved = format!("\n{indent}{}{between}", site.text_of(next));
    proposals.replace(last.end_byte()..lines.end, moved, 0.7);
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn neighbours_swap_and_blocks_are_left() {
        check_operator(&OPERATOR, "a.py", "a()\nb()\n", "b()\na()\n");
        check_operator(&OPERATOR, "a.py", "for x in y:\n    f(x)\n    return z\n", "for x in y:\n    f(x)\nreturn z\n");
        check_operator(
            &OPERATOR,
            "a.js",
            "for (const x of y) {\n  f(x);\n  g();\n}\nh();\n",
            "for (const x of y) {\n  f(x);\n}\ng();\nh();\n",
        );
    }

    #[test]
    fn a_single_statement_has_nowhere_to_go() {
        check_not_applicable(&OPERATOR, "a.py", "a()\n");
    }
}
