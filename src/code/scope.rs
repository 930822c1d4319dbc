//! Which names can be used at a place, by the language's own scoping rules as far as syntax shows.
//!
//! In: a file and a node. Out: names, nearest scope first. It over-approximates inside one
//! function (a name bound further down counts), because moving a use is a common fix.

use tree_sitter::Node;

use super::languages::Role;
use super::source::{SourceFile, preorder};

/// Names visible at `node`, nearest first, without repetition: the enclosing functions' parameters
/// and locals, then the file's top-level names and imports.
pub fn visible_names<'source>(source: &'source SourceFile, node: Node<'_>) -> Vec<&'source str> {
    let mut names = Vec::new();
    let mut current = Some(node);
    while let Some(scope) = current {
        let role = source.language.role(scope.kind());
        if role == Some(Role::Function) || scope.parent().is_none() {
            collect_bindings(source, scope, &mut names);
        }
        current = scope.parent();
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(*name));
    names
}

/// Adds the names bound directly in `scope`, not those of functions and classes inside it.
fn collect_bindings<'source>(source: &'source SourceFile, scope: Node<'_>, names: &mut Vec<&'source str>) {
    let mut stack = vec![scope];
    while let Some(node) = stack.pop() {
        let role = source.language.role(node.kind());
        let nested = node.id() != scope.id() && matches!(role, Some(Role::Function | Role::Class));
        if nested {
            if let Some(name) = node.child_by_field_name("name") {
                names.push(source.text_of(name));
            }
            continue;
        }
        if binds(node) {
            names.push(source.text_of(node));
        }
        let mut cursor = node.walk();
        let children: Vec<_> = node.children(&mut cursor).collect();
        stack.extend(children.into_iter().rev());
    }
}

/// Whether an identifier node introduces its name rather than uses it.
fn binds(node: Node<'_>) -> bool {
    if !matches!(node.kind(), "identifier" | "shorthand_property_identifier_pattern") {
        return false;
    }
    let mut child = node;
    while let Some(parent) = child.parent() {
        let is_field = |field: &str| parent.child_by_field_name(field).is_some_and(|f| f.id() == child.id());
        match parent.kind() {
            "parameters" | "lambda_parameters" | "formal_parameters" | "import_specifier" | "import_clause"
            | "namespace_import" => return true,
            "required_parameter" | "optional_parameter" => return is_field("pattern"),
            "default_parameter" | "typed_default_parameter" => return is_field("name"),
            "typed_parameter" => return parent.named_child(0).is_some_and(|first| first.id() == child.id()),
            "arrow_function" => return is_field("parameter"),
            "assignment" | "for_statement" | "for_in_statement" | "for_in_clause" => return is_field("left"),
            "variable_declarator" => return is_field("name"),
            "as_pattern_target" | "catch_clause" => return true,
            "aliased_import" => return is_field("alias"),
            "dotted_name" => {
                let grandparent = parent.parent().map(|p| p.kind());
                return matches!(grandparent, Some("import_statement"))
                    || (matches!(grandparent, Some("import_from_statement"))
                        && parent.parent().and_then(|p| p.child_by_field_name("module_name")).map(|m| m.id())
                            != Some(parent.id()));
            }
            "pattern_list"
            | "tuple_pattern"
            | "list_pattern"
            | "list_splat_pattern"
            | "dictionary_splat_pattern"
            | "object_pattern"
            | "array_pattern"
            | "rest_pattern"
            | "as_pattern"
            | "pair_pattern"
            | "assignment_pattern"
            | "object_assignment_pattern" => child = parent,
            _ => return false,
        }
    }
    false
}

/// Every identifier that occurs in the file, without repetition, in source order.
pub fn all_identifiers(source: &SourceFile) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    preorder(source.root())
        .filter(|node| source.language.role(node.kind()) == Some(Role::Identifier))
        .map(|node| source.text_of(node))
        .filter(|name| seen.insert(*name))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn visible(path: &str, text: &str, at: &str) -> Vec<String> {
        let source = SourceFile::parse(Path::new(path), text.to_owned()).unwrap();
        let offset = text.find(at).unwrap();
        let node = source.root().descendant_for_byte_range(offset, offset + 1).unwrap();
        visible_names(&source, node).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn python_names_come_nearest_first() {
        let text = "import os\nRATE = 2\n\ndef pay(a, b=1, *rest, c: int = 2):\n    total, tax = a, b\n    for i in rest:\n        HERE\n";
        assert_eq!(visible("a.py", text, "HERE"), ["a", "b", "rest", "c", "total", "tax", "i", "os", "RATE", "pay"]);
    }

    #[test]
    fn typescript_patterns_and_imports_bind() {
        let text = "import { rate, type Money } from './m';\nexport function pay({ a, b }: P, ...rest: X[]) {\n  const [x, y] = rest;\n  HERE();\n}\n";
        assert_eq!(visible("a.ts", text, "HERE"), ["a", "b", "rest", "x", "y", "rate", "Money", "pay"]);
    }
}
