//! What grammars accept and compilers refuse, as far as it is cheap and certain.
//!
//! In: a parsed file. Out: lines and what is wrong there. A language's own checker finds more; this is for where
//! none is at hand.

use std::collections::HashSet;

use tree_sitter::Node;

use super::source::{SourceFile, named_children, preorder};

/// Functions of all languages here.
const FUNCTIONS: &[&str] = &[
    "function_definition",
    "lambda",
    "function_declaration",
    "function_expression",
    "generator_function_declaration",
    "generator_function",
    "arrow_function",
    "method_definition",
    "class_static_block",
];

/// The faults of a file: the line from 1, and a clause.
pub fn of(source: &SourceFile) -> Vec<(u32, &'static str)> {
    let python = source.language.is_python();
    let mut faults = Vec::new();
    for node in preorder(source.root()) {
        let what = match node.kind() {
            "return_statement" if around(node, FUNCTIONS).is_none() => Some("`return` outside of a function"),
            "break_statement" | "continue_statement" if node.named_child_count() == 0 => jump(node),
            "await" if python => python_await(source, node),
            "await_expression" if !python => script_await(source, node),
            "assignment_expression" => assigned_call(node),
            "jsx_element" => mismatched_tags(source, node),
            "lexical_declaration" => constant_without_value(source, node),
            _ => None,
        };
        faults.extend(what.map(|what| (line_of(node), what)));
        if !python && matches!(node.kind(), "program" | "statement_block") {
            faults.extend(declared_twice(source, node));
        }
    }
    faults
}

fn line_of(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row).unwrap_or(u32::MAX).saturating_add(1)
}

/// The nearest node around of one of these kinds.
fn around<'tree>(node: Node<'tree>, kinds: &[&str]) -> Option<Node<'tree>> {
    let mut current = node.parent();
    while let Some(outer) = current {
        // A broken tree says nothing certain about what is around.
        if kinds.contains(&outer.kind()) || outer.is_error() {
            return Some(outer);
        }
        current = outer.parent();
    }
    None
}

fn jump(node: Node<'_>) -> Option<&'static str> {
    let mut places = FUNCTIONS.to_vec();
    places.extend(["class_definition", "class_body"]);
    let functions = places.len();
    places.extend(["for_statement", "while_statement", "for_in_statement", "do_statement"]);
    if node.kind() == "break_statement" {
        places.push("switch_statement");
    }
    let outer = around(node, &places);
    let inside = outer.is_some_and(|outer| outer.is_error() || !places[..functions].contains(&outer.kind()));
    (!inside).then_some("a jump outside of a loop")
}

fn is_async(source: &SourceFile, function: Node<'_>) -> bool {
    let head = source.text_of(function);
    let body =
        function.child_by_field_name("body").map_or(head.len(), |body| body.start_byte() - function.start_byte());
    head[..body].split(|c: char| !c.is_alphanumeric()).any(|word| word == "async")
}

fn python_await(source: &SourceFile, node: Node<'_>) -> Option<&'static str> {
    let function = around(node, FUNCTIONS);
    let allowed = function.is_some_and(|function| function.is_error() || is_async(source, function));
    (!allowed).then_some("`await` outside of an async function")
}

/// At the top of a module `await` is right.
fn script_await(source: &SourceFile, node: Node<'_>) -> Option<&'static str> {
    let function = around(node, FUNCTIONS)?;
    let in_default =
        function.child_by_field_name("body").is_some_and(|body| !body.byte_range().contains(&node.start_byte()));
    (!function.is_error() && !in_default && !is_async(source, function))
        .then_some("`await` outside of an async function")
}

fn assigned_call(node: Node<'_>) -> Option<&'static str> {
    let left = node.child_by_field_name("left")?;
    (left.kind() == "call_expression").then_some("a call can't be assigned to")
}

fn mismatched_tags(source: &SourceFile, node: Node<'_>) -> Option<&'static str> {
    let name = |field: &str| {
        let tag = node.child_by_field_name(field)?;
        Some(tag.child_by_field_name("name").map_or("", |name| source.text_of(name)).to_owned())
    };
    (name("open_tag")? != name("close_tag")?).then_some("the closing tag has another name than the opening one")
}

fn constant_without_value(source: &SourceFile, node: Node<'_>) -> Option<&'static str> {
    let is_const = node.child_by_field_name("kind").is_some_and(|kind| source.text_of(kind) == "const");
    let declared = source.path.to_string_lossy().contains(".d.") || around(node, &["ambient_declaration"]).is_some();
    let bare = named_children(node)
        .into_iter()
        .any(|child| child.kind() == "variable_declarator" && child.child_by_field_name("value").is_none());
    (is_const && !declared && bare).then_some("`const` without a value")
}

/// `let`, `const` and `class` bind a name once per block.
fn declared_twice(source: &SourceFile, block: Node<'_>) -> Vec<(u32, &'static str)> {
    let mut names = HashSet::new();
    let mut faults = Vec::new();
    for statement in named_children(block) {
        let statement = match statement.kind() {
            "export_statement" => statement.child_by_field_name("declaration").unwrap_or(statement),
            _ => statement,
        };
        if statement.kind() != "lexical_declaration" {
            continue;
        }
        for declarator in named_children(statement) {
            let Some(name) = declarator.child_by_field_name("name").filter(|name| name.kind() == "identifier") else {
                continue;
            };
            if !names.insert(source.text_of(name)) {
                faults.push((line_of(declarator), "a name that is declared twice"));
            }
        }
    }
    faults
}
