//! The parts of a file's definitions: signature, docstring, fields, and the statements beside them.
//!
//! In: a [`SourceFile`]. Out: [`Part`]s with ranges of rows. A row counts from 0 and a range of rows is half-open,
//! so that they index into a list of lines.

use std::collections::HashSet;
use std::ops::Range;

use tree_sitter::Node;

use super::languages::Role;
use super::outline::{Definition, definition};
use super::source::{SourceFile, named_children, preorder};

/// A function, method, class or declared type, in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Dotted name from the outermost definition inwards.
    pub name: String,
    /// All of it, with decorators, `export` and the comment above.
    pub rows: Range<usize>,
    /// From the decorators to the line that opens the body.
    pub signature: Range<usize>,
    /// The docstring, or the comment above; empty where there is none.
    pub doc: Range<usize>,
    /// What it is.
    pub kind: PartKind,
}

/// What a [`Part`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// A function or method.
    Function,
    /// A class.
    Class,
    /// An interface, a type's alias or an enumeration.
    Type,
}

impl Part {
    /// The last part of the dotted name.
    pub fn own_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    /// The dotted name of what is around it; `None` at the top level.
    pub fn owner(&self) -> Option<&str> {
        self.name.rsplit_once('.').map(|(owner, _)| owner)
    }
}

/// A statement at the top level of a file that is no definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where it stands.
    pub rows: Range<usize>,
    /// The names that it brings in.
    pub names: Vec<String>,
    /// Whether it brings them in from elsewhere.
    pub is_import: bool,
}

/// Every definition, in source order; an outer one precedes those inside it.
pub fn parts(source: &SourceFile) -> Vec<Part> {
    preorder(source.root()).filter_map(|node| part(source, node)).collect()
}

fn part(source: &SourceFile, node: Node<'_>) -> Option<Part> {
    let (name, kind) = match definition(source, node) {
        Some(Definition { name, .. }) if source.language.role(node.kind()) == Some(Role::Class) => {
            (name, PartKind::Class)
        }
        Some(found) => (found.name, PartKind::Function),
        None if is_declared_type(node) => {
            (source.text_of(node.child_by_field_name("name")?).to_owned(), PartKind::Type)
        }
        None => return None,
    };
    let outer = wrapper(node);
    let above = comment_above(outer);
    let start = outer.start_position().row;
    let body = node.child_by_field_name("body");
    let opening = body.map_or(node.end_position().row, |body| body.start_position().row);
    let starts_below = source.language.is_python() && opening > node.start_position().row;
    let signature = start..if starts_below { opening } else { opening + 1 };
    let docstring = body.and_then(|body| docstring(source, body));
    Some(Part {
        name,
        rows: above.as_ref().map_or(start, |rows| rows.start)..outer.end_position().row + 1,
        signature,
        doc: docstring.or(above).unwrap_or(start..start),
        kind,
    })
}

fn is_declared_type(node: Node<'_>) -> bool {
    matches!(node.kind(), "interface_declaration" | "type_alias_declaration" | "enum_declaration")
}

/// The node with the decorators, the `export` and the `const` that belong to a definition.
fn wrapper(node: Node<'_>) -> Node<'_> {
    let mut outer = node;
    while let Some(parent) = outer.parent() {
        let is_wrapper = matches!(
            parent.kind(),
            "decorated_definition"
                | "export_statement"
                | "lexical_declaration"
                | "variable_declaration"
                | "variable_declarator"
        );
        if !is_wrapper {
            break;
        }
        outer = parent;
    }
    outer
}

/// The rows of the comments that end right above a node.
fn comment_above(node: Node<'_>) -> Option<Range<usize>> {
    let mut start = node.start_position().row;
    let end = start;
    let mut before = node.prev_sibling();
    while let Some(comment) = before.filter(|before| before.kind() == "comment") {
        // A comment behind other code belongs to that code.
        let alone = comment.prev_sibling().is_none_or(|code| code.end_position().row < comment.start_position().row);
        if comment.end_position().row + 1 != start || !alone {
            break;
        }
        start = comment.start_position().row;
        before = comment.prev_sibling();
    }
    (start < end).then_some(start..end)
}

fn docstring(source: &SourceFile, body: Node<'_>) -> Option<Range<usize>> {
    if !source.language.is_python() {
        return None;
    }
    let first = named_children(body).into_iter().next().filter(|first| first.kind() == "expression_statement")?;
    let text = first.named_child(0).filter(|text| text.kind() == "string")?;
    Some(text.start_position().row..text.end_position().row + 1)
}

/// The rows of a class that are no methods: its fields, in source order.
pub fn fields(source: &SourceFile, class: &Part) -> Vec<Range<usize>> {
    let node = preorder(source.root()).find(|node| {
        source.language.role(node.kind()) == Some(Role::Class)
            && definition(source, *node).is_some_and(|found| found.name == class.name)
            && class.rows.contains(&node.start_position().row)
    });
    let Some(body) = node.and_then(|node| node.child_by_field_name("body")) else { return Vec::new() };
    let is_field = |child: &Node<'_>| {
        !matches!(
            child.kind(),
            "decorated_definition" | "function_definition" | "class_definition" | "method_definition"
        )
    };
    named_children(body).into_iter().filter(is_field).map(rows_of).collect()
}

/// The statements at the top level that are no definitions.
pub fn statements(source: &SourceFile) -> Vec<Statement> {
    let mut found = Vec::new();
    for child in named_children(source.root()) {
        let inner = child.child_by_field_name("declaration").unwrap_or(child);
        let rows = rows_of(child);
        if source.language.role(inner.kind()) == Some(Role::Import) {
            let names = names(source, &rows).into_iter().map(str::to_owned).collect();
            found.push(Statement { rows, names, is_import: true });
            continue;
        }
        let bound = bound_names(source, inner);
        if bound.is_empty() || preorder(inner).any(|node| part(source, node).is_some()) {
            continue;
        }
        let is_import = source.text_of(inner).contains("require(") && !source.language.is_python();
        found.push(Statement { rows, names: bound, is_import });
    }
    found
}

/// The names that a statement binds.
fn bound_names(source: &SourceFile, statement: Node<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let mut waiting = vec![statement];
    while let Some(node) = waiting.pop() {
        match node.kind() {
            "expression_statement" | "lexical_declaration" | "variable_declaration" => {
                waiting.extend(named_children(node))
            }
            "assignment" | "assignment_expression" => waiting.extend(node.child_by_field_name("left")),
            "variable_declarator" => waiting.extend(node.child_by_field_name("name")),
            "identifier" | "shorthand_property_identifier_pattern" => names.push(source.text_of(node).to_owned()),
            kind if kind.ends_with("pattern") || kind == "pattern_list" => waiting.extend(named_children(node)),
            _ => {}
        }
    }
    names.sort_unstable();
    names
}

/// The names that occur in a range of rows: plain names, types, and names of attributes.
pub fn names<'source>(source: &'source SourceFile, rows: &Range<usize>) -> HashSet<&'source str> {
    let is_name = |node: &Node<'_>| node.child_count() == 0 && node.kind().ends_with("identifier");
    nodes_in(source, rows).filter(is_name).map(|node| source.text_of(node)).collect()
}

/// The nodes that begin in a range of rows, in source order.
pub(super) fn nodes_in<'tree>(
    source: &'tree SourceFile,
    rows: &Range<usize>,
) -> impl Iterator<Item = Node<'tree>> + use<'tree> {
    let rows = rows.clone();
    let mut waiting = vec![source.root()];
    std::iter::from_fn(move || {
        loop {
            let node = waiting.pop()?;
            if node.start_position().row >= rows.end || node.end_position().row < rows.start {
                continue;
            }
            let first = waiting.len();
            let mut cursor = node.walk();
            waiting.extend(node.children(&mut cursor));
            waiting[first..].reverse();
            if node.start_position().row >= rows.start {
                return Some(node);
            }
        }
    })
}

/// The rows that a node covers.
pub(super) fn rows_of(node: Node<'_>) -> Range<usize> {
    node.start_position().row..node.end_position().row + 1
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parsed(path: &str, text: &str) -> SourceFile {
        SourceFile::parse(Path::new(path), text.to_owned()).unwrap()
    }

    fn check_part(path: &str, text: &str, name: &str, rows: Range<usize>, signature: Range<usize>, doc: Range<usize>) {
        let found = parts(&parsed(path, text)).into_iter().find(|part| part.name == name).unwrap();
        assert_eq!((found.rows, found.signature, found.doc), (rows, signature, doc), "{name}");
    }

    #[test]
    fn a_part_has_its_decorators_its_comment_and_its_docstring() {
        let text = "X = 1\n\n# Adds.\n@cache\ndef add(\n    a,\n):\n    return a\n";
        check_part("a.py", text, "add", 2..8, 3..7, 2..3);
        check_part("a.py", "def f(a):\n    \"\"\"Adds.\n    \"\"\"\n    return 1\n", "f", 0..4, 0..1, 1..3);
        check_part(
            "a.ts",
            "/** Adds. */\nexport const f = (\n  a: number,\n) => {\n  return a;\n};\n",
            "f",
            0..6,
            1..4,
            0..1,
        );
        check_part("a.ts", "export interface Board {\n  id: number;\n}\n", "Board", 0..3, 0..1, 0..0);
    }

    #[test]
    fn statements_bring_names_in() {
        let text = "import os\nfrom a import b as c\nRATE, TAX = 1, 2\ndef f(): pass\nprint(RATE)\n";
        let found: Vec<_> = statements(&parsed("a.py", text)).into_iter().map(|s| (s.names, s.is_import)).collect();
        assert!(found[0].1 && found[1].1 && found[1].0.contains(&"c".to_owned()));
        assert_eq!(found[2..], [(vec!["RATE".to_owned(), "TAX".to_owned()], false)]);
        let text = "const fs = require('fs');\nexport const { A, b: B } = fs;\nconst f = () => 1;\n";
        let found: Vec<_> = statements(&parsed("a.js", text)).into_iter().map(|s| (s.names, s.is_import)).collect();
        assert_eq!(found[0], (vec!["fs".to_owned()], true));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn fields_are_what_is_no_method() {
        let text = "class A:\n    x: int = 1\n\n    def f(self):\n        pass\n    y = 2\n";
        let source = parsed("a.py", text);
        assert_eq!(fields(&source, &parts(&source)[0]), [1..2, 5..6]);
    }
}
