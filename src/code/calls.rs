//! What a stretch of code calls, and where a name is called.
//!
//! In: a [`SourceFile`] and rows (from 0, half-open). Out: [`Call`]s in source order; a JSX element counts as a call
//! of its component. Names only: whose method is called is for the reader of the imports to say.

use std::ops::Range;

use tree_sitter::Node;

use super::anatomy::nodes_in;
use super::languages::Role;
use super::source::SourceFile;

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The last name of what is called: `total` of `self.cart.total()`.
    pub name: String,
    /// What stands before the last dot, where there is one.
    pub receiver: Option<String>,
    /// The row at which it begins, from 0.
    pub row: usize,
}

/// The calls that begin in `rows`.
pub fn calls_in(source: &SourceFile, rows: &Range<usize>) -> Vec<Call> {
    nodes_in(source, rows).filter_map(|node| call(source, node)).collect()
}

fn call(source: &SourceFile, node: Node<'_>) -> Option<Call> {
    let called = match node.kind() {
        "jsx_opening_element" | "jsx_self_closing_element" => {
            // An element in lower case is the browser's.
            node.child_by_field_name("name").filter(|name| source.text_of(*name).starts_with(char::is_uppercase))?
        }
        kind if source.language.role(kind) == Some(Role::Call) => {
            node.child_by_field_name("function").or_else(|| node.child_by_field_name("constructor"))?
        }
        _ => return None,
    };
    let row = node.start_position().row;
    match called.kind() {
        "identifier" => Some(Call { name: source.text_of(called).to_owned(), receiver: None, row }),
        "attribute" | "member_expression" => {
            let name = called.child_by_field_name("attribute").or_else(|| called.child_by_field_name("property"))?;
            let receiver = called.child_by_field_name("object").map(|object| source.text_of(object).to_owned());
            Some(Call { name: source.text_of(name).to_owned(), receiver, row: name.start_position().row })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn check_calls(path: &str, text: &str, expected: &[(&str, Option<&str>, usize)]) {
        let source = SourceFile::parse(Path::new(path), text.to_owned()).unwrap();
        let found = calls_in(&source, &(0..text.lines().count()));
        let found: Vec<_> = found.iter().map(|call| (&*call.name, call.receiver.as_deref(), call.row)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn calls_of_functions_methods_and_components() {
        check_calls(
            "a.py",
            "x = f(g(1))\nself.cart.total()\n",
            &[("f", None, 0), ("g", None, 0), ("total", Some("self.cart"), 1)],
        );
        check_calls(
            "a.tsx",
            "const a = <Card b={f()}><b/></Card>;\nnew Cart();\n",
            &[("Card", None, 0), ("f", None, 0), ("Cart", None, 1)],
        );
    }
}
