//! Python.

use super::{Language, Role, Spellings};

pub(super) static PYTHON: Language = Language {
    name: "python",
    extensions: &["py", "pyi"],
    grammar: || tree_sitter_python::LANGUAGE.into(),
    roles,
    spellings: &Spellings {
        and: "and",
        or: "or",
        not: "not ",
        operator_groups: &[
            &["<", "<=", ">", ">=", "==", "!="],
            &["+", "-", "*", "/", "//", "%", "**"],
            &["and", "or"],
            &["+=", "-=", "*=", "/=", "//=", "="],
            &["&", "|", "^"],
            &["<<", ">>"],
            &["is", "is not"],
            &["in", "not in"],
        ],
        booleans: ["True", "False"],
        nulls: &["None"],
        not_null_test: " is not None",
        null_test: " is None",
        indentation: true,
        receiver: "self",
        terminator: "",
    },
    builtins: &["len", "min", "max", "sum", "any", "all", "sorted", "abs", "int", "float", "str"],
};

fn roles(kind: &str) -> Option<Role> {
    Some(match kind {
        "identifier" => Role::Identifier,
        "attribute" => Role::Attribute,
        "subscript" => Role::Subscript,
        "slice" => Role::Slice,
        "call" => Role::Call,
        "argument_list" => Role::Arguments,
        "keyword_argument" => Role::KeywordArgument,
        "binary_operator" | "comparison_operator" | "boolean_operator" => Role::Binary,
        "not_operator" | "unary_operator" => Role::Unary,
        "augmented_assignment" => Role::AugmentedAssignment,
        "assignment" => Role::Assignment,
        "integer" | "float" => Role::Number,
        "string" => Role::String,
        "true" | "false" => Role::Boolean,
        "none" => Role::Null,
        "if_statement" | "elif_clause" | "while_statement" => Role::Branch,
        "conditional_expression" => Role::Ternary,
        "for_statement" => Role::Loop,
        "return_statement" => Role::Return,
        "break_statement" | "continue_statement" => Role::Jump,
        "raise_statement" => Role::Raise,
        "await" => Role::Await,
        "function_definition" | "lambda" => Role::Function,
        "class_definition" => Role::Class,
        "block" | "module" => Role::Block,
        "expression_statement" => Role::ExpressionStatement,
        "parenthesized_expression" => Role::Parenthesized,
        "import_statement" | "import_from_statement" => Role::Import,
        _ => return None,
    })
}
