//! JavaScript, JSX included: the grammar parses both.

use super::{Language, Role, Spellings};

pub(super) static JAVASCRIPT: Language = Language {
    name: "javascript",
    extensions: &["js", "mjs", "cjs", "jsx"],
    grammar: || tree_sitter_javascript::LANGUAGE.into(),
    roles,
    spellings: &SPELLINGS,
    builtins: BUILTINS,
};

pub(super) static SPELLINGS: Spellings = Spellings {
    and: "&&",
    or: "||",
    not: "!",
    operator_groups: &[
        &["<", "<=", ">", ">=", "===", "!=="],
        &["==", "!=", "===", "!=="],
        &["+", "-", "*", "/", "%", "**"],
        &["&&", "||", "??"],
        &["+=", "-=", "*=", "/=", "="],
        &["&", "|", "^"],
        &["<<", ">>", ">>>"],
    ],
    booleans: ["true", "false"],
    nulls: &["null", "undefined"],
    not_null_test: " != null",
    null_test: " == null",
    indentation: false,
    receiver: "this",
    terminator: ";",
};

pub(super) static BUILTINS: &[&str] =
    &["Number", "String", "Boolean", "parseInt", "parseFloat", "Array.isArray", "structuredClone"];

pub(super) fn roles(kind: &str) -> Option<Role> {
    Some(match kind {
        "identifier" | "shorthand_property_identifier" => Role::Identifier,
        "member_expression" => Role::Attribute,
        "subscript_expression" => Role::Subscript,
        "call_expression" | "new_expression" => Role::Call,
        "arguments" => Role::Arguments,
        "binary_expression" => Role::Binary,
        "unary_expression" => Role::Unary,
        "augmented_assignment_expression" => Role::AugmentedAssignment,
        "assignment_expression" | "variable_declarator" => Role::Assignment,
        "number" => Role::Number,
        "string" | "template_string" => Role::String,
        "true" | "false" => Role::Boolean,
        "null" | "undefined" => Role::Null,
        "if_statement" | "while_statement" | "do_statement" => Role::Branch,
        "ternary_expression" => Role::Ternary,
        "for_statement" | "for_in_statement" => Role::Loop,
        "return_statement" => Role::Return,
        "break_statement" | "continue_statement" => Role::Jump,
        "throw_statement" => Role::Raise,
        "await_expression" => Role::Await,
        "function_declaration"
        | "function_expression"
        | "generator_function_declaration"
        | "generator_function"
        | "arrow_function"
        | "method_definition" => Role::Function,
        "class_declaration" | "class" | "abstract_class_declaration" => Role::Class,
        "statement_block" | "program" | "switch_case" | "switch_default" => Role::Block,
        "expression_statement" => Role::ExpressionStatement,
        "parenthesized_expression" => Role::Parenthesized,
        "import_statement" => Role::Import,
        _ => return None,
    })
}
