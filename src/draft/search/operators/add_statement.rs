//! A statement that was forgotten, most often a sibling of one that is there.
//!
//! ```text
//! Before: self.width = width            After: self.width = width
//!                                              self.height = height
//! Before: if x == wanted:               After: if x == wanted:
//!             found = x                             found = x
//!                                                   break
//! ```
//!
//! Insertions made of the file's own statements are the base of GenProg and of TBar's "insert
//! missed statement" template (Liu et al., ISSTA 2019); missing method calls are a fix pattern of
//! Pan, Kim and Whitehead (EMSE 2009).

use tree_sitter::Node;

use super::statement_layout::{assigned, each, function_around, indent, is_statement, loop_around, most_similar};
use super::statement_layout::{own_lines, parameters, statements};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::draft::search::ingredients::is_simple_statement;

pub(super) static OPERATOR: Operator = Operator { name: "add-statement", prior: 0.4, propose };

/// How many of the function's statements are copied.
const COPIES: usize = 15;

/// How many variants of the site's own statement are tried.
const VARIANTS: usize = 12;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if !is_statement(site, site.node) || !is_simple_statement(site.source, site.node) {
        return;
    }
    let Some(function) = function_around(site, site.node) else { return };
    let Some(indent) = indent(site, site.node).filter(|_| own_lines(site, site.node).is_some()) else { return };
    let leaves = matches!(site.role(), Some(Role::Return | Role::Jump | Role::Raise));
    let last =
        site.node.parent().is_some_and(|block| statements(block).last().is_some_and(|s| s.id() == site.node.id()));
    let end = site.source.language.spellings.terminator;
    let after = |proposals: &mut Proposals, text: &str, weight: f64| {
        if !leaves {
            proposals.insert(site.node.end_byte(), format!("\n{indent}{text}"), weight);
        }
    };
    for name in unstored(site, function) {
        let receiver = site.source.language.spellings.receiver;
        after(proposals, &format!("{receiver}.{name} = {name}{end}"), 1.0);
    }
    let repeating = loop_around(site, site.node).is_some();
    if repeating && last {
        after(proposals, &format!("break{end}"), 0.6);
        after(proposals, &format!("continue{end}"), 0.6);
        after(proposals, &format!("return{end}"), 0.3);
    }
    if repeating {
        for (name, _) in assigned(site, function).into_iter().take(5) {
            after(proposals, &format!("{name} += 1{end}"), 0.5);
            after(proposals, &format!("{name} -= 1{end}"), 0.4);
        }
    }
    if !leaves {
        for (variant, weight) in variants(site) {
            after(proposals, &variant, weight);
        }
    }
    let own = site.text();
    let jumps = |text: &str| {
        ["return", "break", "continue", "raise ", "throw ", "pass"].iter().any(|word| text.starts_with(word))
    };
    let others =
        site.ingredients.statements.iter().filter(|text| **text != own && !text.contains('\n') && text.len() <= 120);
    for text in others.take(COPIES) {
        if !jumps(text) {
            proposals.insert(site.node.start_byte(), format!("{text}\n{indent}"), 0.4);
            after(proposals, text, 0.4);
        } else if last && text.starts_with("return") {
            after(proposals, text, 0.3);
        }
    }
}

/// A constructor's parameters that it doesn't keep.
fn unstored<'a>(site: &Site<'a>, function: Node<'a>) -> Vec<&'a str> {
    let name = function.child_by_field_name("name").map(|name| site.text_of(name));
    if !matches!(name, Some("__init__" | "constructor")) {
        return Vec::new();
    }
    let receiver = site.source.language.spellings.receiver;
    let text = site.text_of(function);
    let mut names = parameters(site, function);
    names.retain(|name| !text.contains(&format!("{receiver}.{name} =")));
    names.truncate(8);
    names
}

/// The site's statement with one name replaced by a similar one that is visible, wherever it
/// stands: `self.width = width` → `self.height = height`.
fn variants(site: &Site<'_>) -> Vec<(String, f64)> {
    let mut names: Vec<&str> = Vec::new();
    each(site.node, |node| {
        if matches!(node.kind(), "identifier" | "property_identifier") && !names.contains(&site.text_of(node)) {
            names.push(site.text_of(node));
        }
    });
    let mut variants = Vec::new();
    for name in names.into_iter().filter(|name| site.ingredients.names.contains(name)).take(4) {
        for (other, similar) in most_similar(name, &site.ingredients.names, VARIANTS / 3) {
            let text = substituted(site, name, other);
            variants.push((text, 0.3 + 0.5 * similar));
        }
    }
    variants.sort_by(|a, b| b.1.total_cmp(&a.1));
    variants.truncate(VARIANTS);
    variants
}

/// The site's text with the whole word `name` replaced.
fn substituted(site: &Site<'_>, name: &str, other: &str) -> String {
    let mut text = String::new();
    let mut at = site.node.start_byte();
    each(site.node, |node| {
        if node.child_count() == 0 && node.is_named() && site.text_of(node) == name {
            text.push_str(&site.source.text[at..node.start_byte()]);
            text.push_str(other);
            at = node.end_byte();
        }
    });
    text.push_str(&site.source.text[at..site.node.end_byte()]);
    text
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_siblings_and_jumps() {
        check_operator(
            &OPERATOR,
            "a.py",
            "def __init__(self, a, b):\n    self.a = a\n",
            "def __init__(self, a, b):\n    self.a = a\n    self.b = b\n",
        );
        check_operator(
            &OPERATOR,
            "a.py",
            "def f(xs):\n    for x in xs:\n        y = x\n",
            "def f(xs):\n    for x in xs:\n        y = x\n        break\n",
        );
        check_operator(&OPERATOR, "a.py", "def f(m1, m2):\n    g(m1)\n", "def f(m1, m2):\n    g(m1)\n    g(m2)\n");
    }

    #[test]
    fn javascript_copies() {
        check_operator(
            &OPERATOR,
            "a.js",
            "function f() {\n  a();\n  b();\n}\n",
            "function f() {\n  a();\n  b();\n  a();\n}\n",
        );
        check_operator(
            &OPERATOR,
            "a.ts",
            "class A {\n  constructor(a: X, b: Y) {\n    this.a = a;\n  }\n}\n",
            "class A {\n  constructor(a: X, b: Y) {\n    this.a = a;\n    this.b = b;\n  }\n}\n",
        );
    }

    #[test]
    fn statements_outside_functions_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "a = 1\nb = 2\n");
    }
}
