//! Ingredients: what the code itself offers for a repair (the plastic surgery hypothesis, Barr et
//! al., FSE 2014: most fixes are made of code that is in the file already).
//!
//! In: a parsed file and a place in it; the failing assertion's values. Out: [`Ingredients`].

use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use crate::code::source::{named_children, preorder};
use crate::code::{Role, SourceFile, scope};

/// How many names, constants or statements of one kind are kept for a place.
const LIMIT: usize = 60;

/// The longest expression that is reused, in bytes.
const EXPRESSION_BYTES: usize = 40;

/// What can be used at a place.
#[derive(Debug, Default)]
pub struct Ingredients<'a> {
    /// Names in scope, nearest first.
    pub names: Vec<&'a str>,
    /// Attribute and method names that occur in the file (`total` of `cart.total`).
    pub attributes: Vec<&'a str>,
    /// Whole attribute expressions of the enclosing function (`self.items`).
    pub attribute_expressions: Vec<&'a str>,
    /// Whole calls and elements of the file, nearest first (`self.free(sku)`, `waits[attempt]`).
    pub expressions: Vec<&'a str>,
    /// Names and attributes that are called in the file, or defined as functions there.
    pub callables: Vec<&'a str>,
    /// Keyword argument names used in the file (Python).
    pub keywords: Vec<&'a str>,
    /// Number literals of the file.
    pub numbers: Vec<&'a str>,
    /// String literals of the file, quotes included.
    pub strings: Vec<&'a str>,
    /// Conditions of the file's branches, nearest first.
    pub conditions: Vec<&'a str>,
    /// Simple statements of the enclosing function.
    pub statements: Vec<&'a str>,
    /// Literals out of the failing assertions: `(actual, expected)` as source text.
    pub wanted: Vec<(String, String)>,
}

impl<'a> Ingredients<'a> {
    /// Collects what is in reach of `node`.
    pub fn at(source: &'a SourceFile, node: Node<'a>, file: &FileIngredients<'a>, wanted: &[(String, String)]) -> Self {
        let function = source.enclosing_function(node);
        let within = |other: &Node<'_>| {
            function.as_ref().is_none_or(|f| f.bytes.start <= other.start_byte() && other.end_byte() <= f.bytes.end)
        };
        let near = |found: &[Node<'a>]| distinct(found.iter().filter(|n| within(n)).map(|n| text(source, *n)));
        // Nearest first: what stands in the same function, then the rest of the file.
        let nearest = |found: &[Node<'a>]| {
            let (inside, outside): (Vec<Node<'a>>, Vec<Node<'a>>) = found.iter().partition(|n| within(n));
            distinct(inside.into_iter().chain(outside).map(|n| text(source, n)))
        };
        let mut names = scope::visible_names(source, node);
        names.truncate(LIMIT);
        Ingredients {
            names,
            attributes: nearest(&file.attributes),
            attribute_expressions: near(&file.attribute_expressions),
            expressions: nearest(&file.expressions),
            callables: nearest(&file.callables),
            keywords: nearest(&file.keywords),
            numbers: nearest(&file.numbers),
            strings: nearest(&file.strings),
            conditions: nearest(&file.conditions),
            statements: near(&file.statements),
            wanted: wanted.to_vec(),
        }
    }
}

/// Nodes of a file by kind, collected in one walk.
#[derive(Debug, Default)]
pub struct FileIngredients<'a> {
    attributes: Vec<Node<'a>>,
    attribute_expressions: Vec<Node<'a>>,
    expressions: Vec<Node<'a>>,
    callables: Vec<Node<'a>>,
    keywords: Vec<Node<'a>>,
    numbers: Vec<Node<'a>>,
    strings: Vec<Node<'a>>,
    conditions: Vec<Node<'a>>,
    statements: Vec<Node<'a>>,
}

impl<'a> FileIngredients<'a> {
    /// Walks the file once.
    pub fn collect(source: &'a SourceFile) -> Self {
        let mut found = FileIngredients::default();
        for node in preorder(source.root()) {
            let Some(role) = source.language.role(node.kind()) else { continue };
            match role {
                Role::Attribute => {
                    found.attribute_expressions.push(node);
                    found.attributes.extend(attribute_name(node));
                }
                Role::Subscript if node.byte_range().len() <= EXPRESSION_BYTES => found.expressions.push(node),
                Role::Call => {
                    if node.byte_range().len() <= EXPRESSION_BYTES {
                        found.expressions.push(node);
                    }
                    let callee =
                        node.child_by_field_name("function").or_else(|| node.child_by_field_name("constructor"));
                    found.callables.extend(callee.filter(|c| source.language.role(c.kind()) == Some(Role::Identifier)));
                }
                Role::Function => found.callables.extend(node.child_by_field_name("name")),
                Role::KeywordArgument => found.keywords.extend(node.child_by_field_name("name")),
                Role::Number => found.numbers.push(node),
                Role::String if node.byte_range().len() <= 80 => found.strings.push(node),
                Role::Branch | Role::Ternary => found.conditions.extend(condition(node)),
                Role::Block => found
                    .statements
                    .extend(named_children(node).into_iter().filter(|s| is_simple_statement(source, *s))),
                _ => {}
            }
        }
        found
    }
}

/// The name behind the dot of an attribute expression.
pub fn attribute_name(node: Node<'_>) -> Option<Node<'_>> {
    node.child_by_field_name("attribute").or_else(|| node.child_by_field_name("property"))
}

/// The condition of a branch or conditional expression, parentheses left out.
pub fn condition(node: Node<'_>) -> Option<Node<'_>> {
    let condition = match node.child_by_field_name("condition") {
        Some(condition) => condition,
        // Python's `a if c else b` has no field names.
        None if node.kind() == "conditional_expression" => node.named_child(1)?,
        None => return None,
    };
    if condition.kind() == "parenthesized_expression" { condition.named_child(0) } else { Some(condition) }
}

/// Whether a statement has no block of its own and stands on at most three lines.
pub fn is_simple_statement(source: &SourceFile, node: Node<'_>) -> bool {
    let role = source.language.role(node.kind());
    let compound =
        matches!(role, Some(Role::Branch | Role::Loop | Role::Function | Role::Class | Role::Block | Role::Import))
            || node.kind().starts_with("try")
            || node.kind().starts_with("with")
            || node.kind() == "switch_statement"
            || node.kind().ends_with("_clause")
            || node.kind().starts_with("export");
    !compound && node.end_position().row - node.start_position().row < 3
}

fn text<'a>(source: &'a SourceFile, node: Node<'_>) -> &'a str {
    &source.text[node.byte_range()]
}

fn distinct<'a>(found: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    found.filter(|text| seen.insert(*text)).take(LIMIT).collect()
}

/// Ingredients by enclosing function, since they are equal for all nodes of one.
pub type ByFunction<'a> = HashMap<usize, Ingredients<'a>>;
