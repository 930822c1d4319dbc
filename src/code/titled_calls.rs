//! Tests that are calls with a title: `describe("Cart", () => { it("adds", …) })`.
//!
//! In: a [`SourceFile`]. Out: [`TitledCall`]s with the titles around them. Rows count from 0, ranges are half-open.

use std::ops::Range;

use tree_sitter::Node;

use super::anatomy::rows_of;
use super::languages::Role;
use super::source::{SourceFile, named_children, preorder};

/// Names that begin a titled call: `it.only`, `test.each(…)` and the like count by their first name.
const NAMES: &[&str] = &["describe", "suite", "context", "it", "test", "specify", "fit", "xit", "fdescribe", "t"];

/// A call whose first argument is a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TitledCall {
    /// The titles from the outermost group inwards, its own last.
    pub path: Vec<String>,
    /// The statement that it is.
    pub rows: Range<usize>,
    /// The statements in its body that are no titled calls: set-up, helpers, constants; empty for a test.
    pub setup: Vec<Range<usize>>,
    /// The last row of its opening.
    pub opening: usize,
    /// Whether titled calls stand in it.
    pub is_group: bool,
}

/// Every titled call, in source order; a group precedes what is in it.
pub fn titled_calls(source: &SourceFile) -> Vec<TitledCall> {
    if source.language.is_python() {
        return Vec::new();
    }
    preorder(source.root()).filter_map(|node| titled_call(source, node)).collect()
}

fn titled_call(source: &SourceFile, node: Node<'_>) -> Option<TitledCall> {
    let own = title(source, node)?;
    let mut path = vec![own];
    let mut outer = node;
    while let Some(parent) = outer.parent() {
        path.extend(title(source, parent));
        outer = parent;
    }
    path.reverse();
    let body = named_children(node.child_by_field_name("arguments")?)
        .into_iter()
        .rfind(|argument| source.language.role(argument.kind()) == Some(Role::Function))
        .and_then(|function| function.child_by_field_name("body"));
    let is_titled = |child: &Node<'_>| preorder(*child).any(|inner| title(source, inner).is_some());
    let children = body.map(named_children).unwrap_or_default();
    let is_group = children.iter().any(is_titled);
    let setup = if is_group {
        children.into_iter().filter(|child| !is_titled(child)).map(rows_of).collect()
    } else {
        Vec::new()
    };
    let statement = node.parent().filter(|parent| parent.kind() == "expression_statement").unwrap_or(node);
    let opening = body.map_or(node.end_position().row, |body| body.start_position().row);
    Some(TitledCall { path, rows: rows_of(statement), setup, opening, is_group })
}

fn title(source: &SourceFile, node: Node<'_>) -> Option<String> {
    if node.kind() != "call_expression" {
        return None;
    }
    let called = source.text_of(node.child_by_field_name("function")?);
    let first_name = called.split(['.', '(', '<', '`']).next()?.trim();
    if !NAMES.contains(&first_name) {
        return None;
    }
    let first = named_children(node.child_by_field_name("arguments")?).into_iter().next()?;
    match first.kind() {
        "string" | "template_string" => {
            let text = source.text_of(first);
            Some(unescaped(text.get(1..text.len() - 1).unwrap_or(text)))
        }
        _ => None,
    }
}

/// Without the backslashes before quotes.
fn unescaped(text: &str) -> String {
    text.replace("\\'", "'").replace("\\\"", "\"").replace("\\`", "`")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn groups_have_titles_and_set_up() {
        let text = "describe('Cart', () => {\n  const a = 1;\n  it('adds', () => {\n    b();\n  });\n  test.each([1])(`is \\`x\\``, () => {});\n});\n";
        let source = SourceFile::parse(Path::new("a.test.ts"), text.to_owned()).unwrap();
        let found: Vec<_> = titled_calls(&source)
            .into_iter()
            .map(|call| (call.path.join(" > "), call.rows, call.setup.len(), call.is_group))
            .collect();
        let expected = [
            ("Cart".to_owned(), 0..7, 1, true),
            ("Cart > adds".to_owned(), 2..5, 0, false),
            ("Cart > is `x`".to_owned(), 5..6, 0, false),
        ];
        assert_eq!(found, expected);
    }
}
