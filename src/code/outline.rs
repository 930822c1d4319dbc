//! The definitions of a file: what a reader would call "where" a line stands.
//!
//! In: a [`SourceFile`]. Out: [`Definition`]s with dotted names, outermost first.

use std::ops::Range;

use serde::Serialize;
use tree_sitter::Node;

use super::languages::Role;
use super::line::Line;
use super::source::{SourceFile, preorder};

/// A function, method or class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// Dotted name from the outermost definition inwards, e.g. `Cart.total`.
    pub name: String,
    /// First line.
    pub first: Line,
    /// Last line, inclusive.
    pub last: Line,
    /// Byte range of the whole definition.
    #[serde(skip)]
    pub bytes: Range<usize>,
}

/// Every named definition of the file, in source order; an outer one precedes those inside it.
pub fn definitions(source: &SourceFile) -> Vec<Definition> {
    preorder(source.root()).filter_map(|node| definition(source, node)).collect()
}

/// The dotted name of the innermost definition around a line.
pub fn symbol_at(definitions: &[Definition], line: Line) -> Option<&str> {
    definitions
        .iter()
        .filter(|definition| definition.first <= line && line <= definition.last)
        .max_by_key(|definition| definition.first)
        .map(|definition| definition.name.as_str())
}

/// The definition that a node is, if it is a named one.
pub(super) fn definition(source: &SourceFile, node: Node<'_>) -> Option<Definition> {
    own_name(source, node)?;
    let mut parts = Vec::new();
    let mut current = Some(node);
    while let Some(inner) = current {
        parts.extend(own_name(source, inner));
        current = inner.parent();
    }
    parts.reverse();
    Some(Definition {
        name: parts.join("."),
        first: Line::from_row(node.start_position().row),
        last: Line::from_row(node.end_position().row),
        bytes: node.byte_range(),
    })
}

fn own_name<'source>(source: &'source SourceFile, node: Node<'_>) -> Option<&'source str> {
    let role = source.language.role(node.kind())?;
    if !matches!(role, Role::Function | Role::Class) {
        return None;
    }
    let name = match node.child_by_field_name("name") {
        Some(name) => name,
        // `const f = () => …`: the arrow function is named by what it is bound to.
        None => node.parent().filter(|p| p.kind() == "variable_declarator")?.child_by_field_name("name")?,
    };
    Some(source.text_of(name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn names(path: &str, text: &str) -> Vec<String> {
        let source = SourceFile::parse(Path::new(path), text.to_owned()).unwrap();
        definitions(&source).into_iter().map(|definition| definition.name).collect()
    }

    #[test]
    fn methods_are_named_by_their_class() {
        let text = "class Cart:\n    def total(self):\n        return 1\n\ndef free():\n    pass\n";
        assert_eq!(names("a.py", text), ["Cart", "Cart.total", "free"]);
    }

    #[test]
    fn arrow_functions_are_named_by_their_binding() {
        assert_eq!(names("a.ts", "export const sum = (a: number) => a + 1;\n"), ["sum"]);
    }

    #[test]
    fn the_innermost_definition_names_a_line() {
        let text = "class A {\n  run() {\n    return 1;\n  }\n}\n";
        let source = SourceFile::parse(Path::new("a.js"), text.to_owned()).unwrap();
        assert_eq!(symbol_at(&definitions(&source), Line(3)), Some("A.run"));
        assert_eq!(symbol_at(&definitions(&source), Line(1)), Some("A"));
    }
}
