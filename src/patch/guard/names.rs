//! The dotted names that a file uses, with its imports' aliases undone: `from os import system as s` makes `s(…)`
//! `os.system`.
//!
//! In: a parsed file. Out: its imports and its uses of names that come from outside of it. It follows no value
//! through variables; what it can't name it leaves out.

use std::collections::HashMap;

use tree_sitter::Node;

use crate::code::SourceFile;
use crate::code::source::{named_children, preorder};

/// The imports of a file.
#[derive(Debug, Default)]
pub(super) struct Imports {
    /// Modules as they are named, `a.b` or `./a`, in order.
    pub(super) modules: Vec<String>,
    /// What a local name stands for.
    aliases: HashMap<String, String>,
    /// Full names that are brought in: `os.system` of `from os import system`.
    pub(super) names: Vec<String>,
}

/// A use of a dotted name.
#[derive(Debug)]
pub(super) struct Use<'tree> {
    /// `os.environ.get`.
    pub(super) path: String,
    /// The node of the whole path.
    pub(super) node: Node<'tree>,
}

impl Imports {
    /// Reads a file's imports wherever they stand.
    pub(super) fn of(source: &SourceFile) -> Self {
        let mut imports = Imports::default();
        for node in preorder(source.root()) {
            match node.kind() {
                "import_statement" if source.language.is_python() => imports.python_import(source, node),
                "import_from_statement" => imports.python_from(source, node),
                "import_statement" | "export_statement" => imports.module_import(source, node),
                "call_expression" => imports.required(source, node),
                "variable_declarator" => imports.bound(source, node),
                "call" => imports.python_call(source, node),
                _ => {}
            }
        }
        imports
    }

    fn alias(&mut self, local: &str, full: String) {
        self.names.push(full.clone());
        self.aliases.insert(local.to_owned(), full);
    }

    fn python_import(&mut self, source: &SourceFile, node: Node<'_>) {
        for child in named_children(node) {
            let (name, alias) = match child.kind() {
                "aliased_import" => (child.child_by_field_name("name"), child.child_by_field_name("alias")),
                _ => (Some(child), None),
            };
            let Some(name) = name.map(|name| source.text_of(name).to_owned()) else { continue };
            self.modules.push(name.clone());
            match alias {
                Some(alias) => self.alias(source.text_of(alias), name),
                None => self.names.push(name),
            }
        }
    }

    fn python_from(&mut self, source: &SourceFile, node: Node<'_>) {
        let Some(module) = node.child_by_field_name("module_name") else { return };
        let module = source.text_of(module).to_owned();
        self.modules.push(module.clone());
        let mut cursor = node.walk();
        for child in node.children_by_field_name("name", &mut cursor) {
            let name = child.child_by_field_name("name").unwrap_or(child);
            let local = child.child_by_field_name("alias").unwrap_or(child);
            self.alias(source.text_of(local), format!("{module}.{}", source.text_of(name)));
        }
        if preorder(node).any(|child| child.kind() == "wildcard_import") {
            self.names.push(format!("{module}.*"));
        }
    }

    fn module_import(&mut self, source: &SourceFile, node: Node<'_>) {
        if let Some(clause) = named_children(node).into_iter().find(|child| child.kind() == "import_require_clause") {
            self.import_require(source, clause);
            return;
        }
        let Some(module) = node.child_by_field_name("source").and_then(|from| literal(source, from)) else { return };
        let full = bare_module(&module).to_owned();
        self.modules.push(module);
        self.names.push(full.clone());
        for child in preorder(node) {
            match child.kind() {
                "import_specifier" => {
                    let Some(name) = child.child_by_field_name("name") else { continue };
                    let local = child.child_by_field_name("alias").unwrap_or(name);
                    self.alias(source.text_of(local), format!("{full}.{}", source.text_of(name)));
                }
                "namespace_import" => {
                    for name in named_children(child) {
                        self.alias(source.text_of(name), full.clone());
                    }
                }
                "identifier" if child.parent().is_some_and(|parent| parent.kind() == "import_clause") => {
                    self.alias(source.text_of(child), full.clone());
                }
                _ => {}
            }
        }
    }

    /// `import x = require('y')`.
    fn import_require(&mut self, source: &SourceFile, clause: Node<'_>) {
        let module = clause.child_by_field_name("source").and_then(|from| literal(source, from));
        let Some(module) = module else { return };
        let full = bare_module(&module).to_owned();
        if let Some(name) = named_children(clause).into_iter().find(|child| child.kind() == "identifier") {
            self.alias(source.text_of(name), full);
        }
        self.modules.push(module);
    }

    /// `require('x')`, `import('x')`.
    fn required(&mut self, source: &SourceFile, node: Node<'_>) {
        if let Some(module) = required_module(source, node) {
            self.names.push(bare_module(&module).to_owned());
            self.modules.push(module);
        }
    }

    /// `__import__('x')`, `importlib.import_module('x')`.
    fn python_call(&mut self, source: &SourceFile, node: Node<'_>) {
        if let Some(module) = required_module(source, node) {
            self.names.push(module.clone());
            self.modules.push(module);
        }
    }

    /// `const x = require('y')`, `const { a: b } = require('y')`, `const e = process.env`.
    fn bound(&mut self, source: &SourceFile, node: Node<'_>) {
        let (Some(name), Some(value)) = (node.child_by_field_name("name"), node.child_by_field_name("value")) else {
            return;
        };
        let Some(path) = self.path(source, value) else { return };
        if name.kind() == "identifier" {
            if required_somewhere(source, value) {
                self.alias(source.text_of(name), path);
            }
            return;
        }
        for child in named_children(name) {
            let (key, local) = match child.kind() {
                "pair_pattern" => (child.child_by_field_name("key"), child.child_by_field_name("value")),
                "shorthand_property_identifier_pattern" => (Some(child), Some(child)),
                _ => continue,
            };
            if let (Some(key), Some(local)) = (key, local) {
                self.alias(source.text_of(local), format!("{path}.{}", source.text_of(key)));
            }
        }
    }

    /// The dotted name that a node spells, aliases undone.
    pub(super) fn path(&self, source: &SourceFile, node: Node<'_>) -> Option<String> {
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "identifier" => {
                let name = source.text_of(node);
                Some(self.aliases.get(name).cloned().unwrap_or_else(|| name.to_owned()))
            }
            // `import.meta` has no name of its own.
            "meta_property" => Some(source.text_of(node).to_owned()),
            "attribute" => {
                Some(format!("{}.{}", self.path(source, field("object")?)?, source.text_of(field("attribute")?)))
            }
            "member_expression" => {
                Some(format!("{}.{}", self.path(source, field("object")?)?, source.text_of(field("property")?)))
            }
            "subscript_expression" => {
                Some(format!("{}.{}", self.path(source, field("object")?)?, literal(source, field("index")?)?))
            }
            "subscript" => {
                Some(format!("{}.{}", self.path(source, field("value")?)?, literal(source, field("subscript")?)?))
            }
            "await_expression" | "parenthesized_expression" | "non_null_expression" => {
                self.path(source, named_children(node).into_iter().next()?)
            }
            "call_expression" | "call" => {
                let module = required_module(source, node)?;
                Some(bare_module(&module).to_owned())
            }
            _ => None,
        }
    }

    /// Every dotted name that the file uses, the longest at each place.
    pub(super) fn uses<'tree>(&self, source: &'tree SourceFile) -> Vec<Use<'tree>> {
        let mut uses = Vec::new();
        let mut stack = vec![source.root()];
        while let Some(node) = stack.pop() {
            if matches!(node.kind(), "import_statement" | "import_from_statement") || names_a_part(node) {
                continue;
            }
            match self.path(source, node) {
                Some(path) => uses.push(Use { path, node }),
                None => {
                    let mut cursor = node.walk();
                    stack.extend(node.children(&mut cursor));
                }
            }
        }
        uses
    }
}

/// An attribute's own name, a keyword argument's, a parameter's: no use of anything.
fn names_a_part(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    let is = |field: &str| parent.child_by_field_name(field).is_some_and(|child| child.id() == node.id());
    match parent.kind() {
        "attribute" => is("attribute"),
        "keyword_argument" | "function_definition" | "class_definition" => is("name"),
        "function_declaration" | "method_definition" | "class_declaration" => is("name"),
        _ => false,
    }
}

fn required_somewhere(source: &SourceFile, node: Node<'_>) -> bool {
    preorder(node).any(|child| required_module(source, child).is_some())
}

/// The module that a call brings in.
fn required_module(source: &SourceFile, node: Node<'_>) -> Option<String> {
    if !matches!(node.kind(), "call_expression" | "call") {
        return None;
    }
    let callee = source.text_of(node.child_by_field_name("function")?);
    if !matches!(callee, "require" | "import" | "require.resolve" | "__import__" | "importlib.import_module") {
        return None;
    }
    let first = named_children(node.child_by_field_name("arguments")?).into_iter().next()?;
    literal(source, first)
}

/// The value of a plain string.
pub(super) fn literal(source: &SourceFile, node: Node<'_>) -> Option<String> {
    if !matches!(node.kind(), "string" | "template_string") {
        return None;
    }
    let parts = named_children(node);
    if parts.iter().any(|part| part.kind().contains("interpolation") || part.kind() == "template_substitution") {
        return None;
    }
    let text = source.text_of(node).trim_start_matches(|c: char| c.is_ascii_alphabetic());
    Some(text.trim_matches(|c| matches!(c, '"' | '\'' | '`')).to_owned())
}

/// `node:fs` and `fs/promises` are `fs`.
fn bare_module(module: &str) -> &str {
    let module = module.strip_prefix("node:").unwrap_or(module);
    module.strip_suffix("/promises").unwrap_or(module)
}
