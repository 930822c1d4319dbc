//! Where statements stand: their lines, indentation and block, and what a function binds. Shared
//! by the operators that insert, delete or move whole statements; not an operator itself.

use std::ops::Range;

use tree_sitter::Node;

use super::Site;
use crate::code::Role;
use crate::code::source::named_children;

/// Whether a node is a statement of a block (not the value of a `case`).
pub(super) fn is_statement(site: &Site<'_>, node: Node<'_>) -> bool {
    node.is_named()
        && !node.is_extra()
        && node.parent().is_some_and(|parent| {
            site.role_of(parent) == Some(Role::Block)
                && parent.child_by_field_name("value").is_none_or(|value| value.id() != node.id())
        })
}

/// The statements of a block.
pub(super) fn statements(block: Node<'_>) -> Vec<Node<'_>> {
    let value = block.child_by_field_name("value").map(|value| value.id());
    named_children(block).into_iter().filter(|child| Some(child.id()) != value).collect()
}

/// The white space before a node, when nothing else stands before it on its line.
pub(super) fn indent<'a>(site: &Site<'a>, node: Node<'_>) -> Option<&'a str> {
    let text = &site.source.text;
    let start = text[..node.start_byte()].rfind('\n').map_or(0, |at| at + 1);
    let white = &text[start..node.start_byte()];
    white.bytes().all(|byte| matches!(byte, b' ' | b'\t')).then_some(white)
}

/// The bytes of a node's lines, line end included, when it shares them with nothing but comments.
pub(super) fn own_lines(site: &Site<'_>, node: Node<'_>) -> Option<Range<usize>> {
    let text = &site.source.text;
    let start = node.start_byte() - indent(site, node)?.len();
    let end = text[node.end_byte()..].find('\n').map_or(text.len(), |at| node.end_byte() + at + 1);
    let rest = text[node.end_byte()..end].trim();
    (rest.is_empty() || rest == ";" || rest.starts_with('#') || rest.starts_with("//")).then_some(start..end)
}

/// The statement of a block around a block, within the function: the `if` of its body.
pub(super) fn owner<'a>(site: &Site<'_>, block: Node<'a>) -> Option<Node<'a>> {
    let mut current = block;
    loop {
        if matches!(site.role_of(current), Some(Role::Function | Role::Class)) || current.kind() == "class_body" {
            return None;
        }
        if is_statement(site, current) {
            return Some(current);
        }
        current = current.parent()?;
    }
}

/// What one level of indentation adds at a statement: its own white space without that of the
/// statement around it.
pub(super) fn indent_unit<'a>(site: &Site<'a>, statement: Node<'_>) -> &'a str {
    let Some(inner) = indent(site, statement) else { return "    " };
    let mut current = statement.parent();
    while let Some(node) = current {
        if let Some(outer) = indent(site, node).filter(|outer| outer.len() < inner.len()) {
            return inner.strip_prefix(outer).unwrap_or("    ");
        }
        current = node.parent();
    }
    if site.source.language.is_python() { "    " } else { "  " }
}

/// A text whose further lines begin with `from`, made to begin with `to`.
pub(super) fn reindent(text: &str, from: &str, to: &str) -> String {
    let mut lines = text.split('\n');
    let mut result = lines.next().unwrap_or("").to_owned();
    for line in lines {
        result.push('\n');
        match line.strip_prefix(from) {
            Some(rest) if !rest.trim().is_empty() => {
                result.push_str(to);
                result.push_str(rest);
            }
            _ => result.push_str(line),
        }
    }
    result
}

/// The nearest function around a node, not the node itself.
pub(super) fn function_around<'a>(site: &Site<'a>, node: Node<'a>) -> Option<Node<'a>> {
    let mut current = node.parent();
    while let Some(node) = current {
        match site.role_of(node) {
            Some(Role::Function) => return Some(node),
            Some(Role::Class) => return None,
            _ => current = node.parent(),
        }
    }
    None
}

/// Whether a node is a loop, `while` included.
pub(super) fn is_loop(site: &Site<'_>, node: Node<'_>) -> bool {
    site.role_of(node) == Some(Role::Loop) || matches!(node.kind(), "while_statement" | "do_statement")
}

/// The nearest loop around a node, within its function.
pub(super) fn loop_around<'a>(site: &Site<'a>, node: Node<'a>) -> Option<Node<'a>> {
    let mut current = node.parent();
    while let Some(node) = current {
        if is_loop(site, node) {
            return Some(node);
        }
        if matches!(site.role_of(node), Some(Role::Function | Role::Class)) {
            return None;
        }
        current = node.parent();
    }
    None
}

/// The plain parameters of a function, `self` and patterns left out.
pub(super) fn parameters<'a>(site: &Site<'a>, function: Node<'a>) -> Vec<&'a str> {
    let single = function.child_by_field_name("parameter");
    let list = function.child_by_field_name("parameters").map(named_children).unwrap_or_default();
    let name = |node: Node<'a>| {
        let name = match node.kind() {
            "identifier" => Some(node),
            "default_parameter" | "typed_default_parameter" => node.child_by_field_name("name"),
            "typed_parameter" => node.named_child(0),
            "required_parameter" | "optional_parameter" => node.child_by_field_name("pattern"),
            "assignment_pattern" => node.child_by_field_name("left"),
            _ => None,
        };
        name.filter(|name| name.kind() == "identifier").map(|name| site.text_of(name))
    };
    single.into_iter().chain(list).filter_map(name).filter(|name| !matches!(*name, "self" | "cls")).collect()
}

/// The names that a function binds by assignment, each with the place of its last assignment.
pub(super) fn assigned<'a>(site: &Site<'a>, function: Node<'a>) -> Vec<(&'a str, usize)> {
    let mut found: Vec<(&'a str, usize)> = Vec::new();
    each(function, |node| {
        if !matches!(site.role_of(node), Some(Role::Assignment | Role::AugmentedAssignment)) {
            return;
        }
        let target = node.child_by_field_name("left").or_else(|| node.child_by_field_name("name"));
        let Some(target) = target.filter(|target| target.kind() == "identifier") else { return };
        let name = site.text_of(target);
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = node.start_byte(),
            None => found.push((name, node.start_byte())),
        }
    });
    found
}

/// Calls `visit` on every node below `root`, itself included, parents first.
pub(super) fn each<'a>(root: Node<'a>, mut visit: impl FnMut(Node<'a>)) {
    let mut cursor = root.walk();
    loop {
        visit(cursor.node());
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// What an expression looks into, calls or passes on and so must not be null: `x` of `x.a`, `x[i]`,
/// `f(x)`; receivers come first, and each once.
pub(super) fn receivers<'a>(site: &Site<'a>, root: Node<'a>) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut passed = Vec::new();
    each(root, |node| {
        let object = match site.role_of(node) {
            Some(Role::Attribute) => node.child_by_field_name("object"),
            Some(Role::Subscript) => node.child_by_field_name("object").or_else(|| node.child_by_field_name("value")),
            Some(Role::Arguments) => {
                passed.extend(named_children(node).into_iter().filter(|n| n.kind() == "identifier"));
                None
            }
            Some(Role::Loop) => node.child_by_field_name("right"),
            _ => None,
        };
        found.extend(object.filter(|object| {
            let role = site.role_of(*object);
            role == Some(Role::Identifier) || role == Some(Role::Attribute) && object.byte_range().len() <= 40
        }));
    });
    let mut names: Vec<&'a str> = Vec::new();
    for node in found.into_iter().chain(passed) {
        let name = site.text_of(node);
        if !matches!(name, "self" | "cls" | "this" | "Math" | "console" | "JSON" | "Object") && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether a name stands for a value here: not as a target, a declaration, a keyword or an attribute.
pub(super) fn is_operand(site: &Site<'_>, node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    let is = |field: &str| parent.child_by_field_name(field).is_some_and(|child| child.id() == node.id());
    match site.role_of(parent) {
        Some(Role::Attribute) => is("object"),
        Some(Role::Subscript) => !is("attribute"),
        Some(Role::KeywordArgument) => is("value"),
        Some(Role::Assignment | Role::AugmentedAssignment) => is("right") || is("value"),
        Some(Role::Loop) => is("right"),
        Some(
            Role::Arguments
            | Role::Binary
            | Role::Unary
            | Role::Return
            | Role::Ternary
            | Role::Parenthesized
            | Role::Branch,
        ) => true,
        _ => {
            matches!(parent.kind(), "list" | "array" | "tuple" | "pair" | "interpolation" | "template_substitution")
                && !is("key")
        }
    }
}

/// How alike two names are, from 0 to 1: the share of pairs of neighbouring letters they have in
/// common (Dice's coefficient), quotes and case ignored.
pub(super) fn similarity(a: &str, b: &str) -> f64 {
    let letters = |text: &str| -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()).collect()
    };
    let (a, b) = (letters(a), letters(b));
    if a == b {
        return 1.0;
    }
    let total = a.len() + b.len();
    if a.len() < 2 || b.len() < 2 {
        return 0.0;
    }
    let common = a.windows(2).filter(|pair| b.windows(2).any(|other| other == *pair)).count();
    (2.0 * common as f64 / (total - 2) as f64).min(1.0)
}

/// The `limit` most similar of some names to `to`, best first, with their similarity.
pub(super) fn most_similar<'a>(to: &str, names: &[&'a str], limit: usize) -> Vec<(&'a str, f64)> {
    let mut ranked: Vec<(&'a str, f64)> =
        names.iter().filter(|name| **name != to).map(|name| (*name, similarity(to, name))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.truncate(limit);
    ranked
}
