//! Questions about the shape of code that several operators ask.
//!
//! In: a site or a node of its file. Out: positions, indentation, likeness of names. Pure.

use tree_sitter::Node;

use super::operators::Site;
use crate::code::Role;

/// Whether the node is read as a value: not a name being declared, a call's target, a key or a type.
pub fn is_value(site: &Site<'_>, node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    let is_field = |name: &str| parent.child_by_field_name(name).is_some_and(|field| field.id() == node.id());
    match parent.kind() {
        "call" | "call_expression" | "new_expression" => !is_field("function") && !is_field("constructor"),
        "attribute" | "member_expression" => is_field("object"),
        "keyword_argument" => is_field("value"),
        "pair" => is_field("value"),
        "default_parameter" | "typed_default_parameter" | "assignment_pattern" => {
            is_field("value") || is_field("right")
        }
        "assignment" | "augmented_assignment" | "assignment_expression" | "augmented_assignment_expression" => {
            is_field("right")
        }
        "variable_declarator" => is_field("value"),
        "for_statement" | "for_in_statement" | "for_in_clause" => is_field("right") || is_field("condition"),
        "parameters"
        | "formal_parameters"
        | "lambda_parameters"
        | "required_parameter"
        | "optional_parameter"
        | "typed_parameter"
        | "pattern_list"
        | "tuple_pattern"
        | "array_pattern"
        | "object_pattern"
        | "function_definition"
        | "class_definition"
        | "function_declaration"
        | "method_definition"
        | "class_declaration"
        | "import_specifier"
        | "dotted_name"
        | "aliased_import"
        | "global_statement"
        | "as_pattern_target"
        | "list_splat_pattern"
        | "dictionary_splat_pattern"
        | "rest_pattern"
        | "catch_clause"
        | "decorator"
        | "labeled_statement"
        | "type"
        | "jsx_attribute"
        | "export_specifier"
        | "jsx_opening_element"
        | "jsx_closing_element"
        | "jsx_self_closing_element" => false,
        "arrow_function" => is_field("body"),
        _ => !matches!(site.role_of(parent), Some(Role::Import)),
    }
}

/// Whether the node is an expression that stands for one value: a name, attribute, call or element.
pub fn is_simple_expression(site: &Site<'_>, node: Node<'_>) -> bool {
    matches!(site.role_of(node), Some(Role::Identifier | Role::Attribute | Role::Call | Role::Subscript))
}

/// The names that a function or the file binds around the node, without the node's own.
pub fn other_names<'a>(site: &Site<'a>, own: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
    site.ingredients.names.iter().copied().filter(move |name| *name != own && *name != "self" && *name != "this")
}

/// How alike two names are, 0 to 1: shared beginning, shared end, or a part of a word in common.
pub fn likeness(a: &str, b: &str) -> f64 {
    let (shorter, longer) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if shorter.is_empty() {
        return 0.0;
    }
    let common = |pairs: &mut dyn Iterator<Item = (char, char)>| pairs.take_while(|(x, y)| x == y).count();
    let start = common(&mut a.chars().zip(b.chars()));
    let end = common(&mut a.chars().rev().zip(b.chars().rev()));
    let best = start.max(end);
    if a.eq_ignore_ascii_case(b) || (longer.contains(shorter) && shorter.len() > 2) {
        return 1.0;
    }
    if best >= 3 { (best as f64 / longer.len() as f64).max(0.5) } else { 0.0 }
}

/// The expression with parentheses when an operator beside it would otherwise tear it apart.
pub fn grouped(site: &Site<'_>, node: Node<'_>) -> String {
    let text = site.text_of(node);
    let compound = matches!(site.role_of(node), Some(Role::Binary | Role::Ternary | Role::Unary))
        || matches!(node.kind(), "lambda" | "arrow_function" | "assignment_expression" | "named_expression");
    if compound { format!("({text})") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_by_their_ends() {
        assert!(likeness("start_date", "end_date") >= 0.5);
        assert!(likeness("width", "widths") > 0.9);
        assert!(likeness("a", "b") == 0.0);
    }
}
