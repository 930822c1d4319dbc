//! The edit operators: one file each, one row each in [`ALL`], so that adding one never edits
//! another.
//!
//! In: a [`Site`] (a syntax node on a suspicious line, with what can be used there). Out: proposals
//! pushed into [`Proposals`]: a byte span of the file, the text to put there, and a weight.
//!
//! An operator is pure and cheap (20,000 proposals must take less than 50 ms together); it need not
//! care whether a proposal parses, is new, or lies in a string: the engine drops those. Its file
//! begins with what mistake it undoes, with a *Before/After* example, and where the frequency
//! behind its prior was published.

mod accumulate;
mod add_statement;
mod argument;
mod attribute;
mod binary_operator;
mod callee;
mod compare_type;
mod conjunct;
mod constant;
mod exception;
mod expression;
mod missing_await;
mod missing_return;
mod move_statement;
mod negate;
mod null_default;
mod null_guard;
mod object_entry;
mod off_by_one;
mod receiver;
mod remove_statement;
mod slice_copy;
mod statement_layout;
mod swap_operands;
mod variable;
mod wrap_call;

use std::ops::Range;

use tree_sitter::Node;

use super::ingredients::Ingredients;
use crate::code::{Role, SourceFile};

/// A syntax node that may be at fault, and what stands around it.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// The file.
    pub source: &'a SourceFile,
    /// The node.
    pub node: Node<'a>,
    /// Names, constants and statements that can be used here.
    pub ingredients: &'a Ingredients<'a>,
}

impl<'a> Site<'a> {
    /// The node's role.
    pub fn role(&self) -> Option<Role> {
        self.role_of(self.node)
    }

    /// A node's role.
    pub fn role_of(&self, node: Node<'_>) -> Option<Role> {
        self.source.language.role(node.kind())
    }

    /// The node's text.
    pub fn text(&self) -> &'a str {
        self.text_of(self.node)
    }

    /// A node's text.
    pub fn text_of(&self, node: Node<'_>) -> &'a str {
        &self.source.text[node.byte_range()]
    }

    /// A child by field name.
    pub fn field(&self, name: &str) -> Option<Node<'a>> {
        self.node.child_by_field_name(name)
    }

    /// The nearest ancestor (not the node itself) with one of these roles, within the function.
    pub fn ancestor(&self, roles: &[Role]) -> Option<Node<'a>> {
        let mut current = self.node.parent();
        while let Some(node) = current {
            let role = self.role_of(node);
            if role.is_some_and(|role| roles.contains(&role)) {
                return Some(node);
            }
            if matches!(role, Some(Role::Function | Role::Class)) {
                return None;
            }
            current = node.parent();
        }
        None
    }
}

/// What an operator proposes.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Byte range in the file.
    pub span: Range<usize>,
    /// The text to put there.
    pub replacement: String,
    /// Likelihood among this operator's proposals, above 0 and at most 1.
    pub weight: f64,
}

/// Collects the proposals of one operator at one site.
#[derive(Debug, Default)]
pub struct Proposals {
    found: Vec<Proposal>,
}

impl Proposals {
    /// Proposes to put `replacement` in the place of `span`.
    pub fn replace(&mut self, span: Range<usize>, replacement: impl Into<String>, weight: f64) {
        self.found.push(Proposal { span, replacement: replacement.into(), weight });
    }

    /// Proposes to put `replacement` in the place of a node.
    pub fn replace_node(&mut self, node: Node<'_>, replacement: impl Into<String>, weight: f64) {
        self.replace(node.byte_range(), replacement, weight);
    }

    /// Proposes to insert `text` at a byte offset.
    pub fn insert(&mut self, at: usize, text: impl Into<String>, weight: f64) {
        self.replace(at..at, text, weight);
    }

    /// The proposals, taken out.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Proposal> {
        self.found.drain(..)
    }
}

/// One kind of edit.
pub struct Operator {
    /// Name in reports, kebab-case.
    pub name: &'static str,
    /// How often real one-statement fixes are of this kind, relative to the other operators
    /// (1.0 is the most frequent kind).
    pub prior: f64,
    /// Proposes edits at a site.
    pub propose: fn(&Site<'_>, &mut Proposals),
}

/// Every operator; the order has no meaning.
pub static ALL: &[&Operator] = &[
    &accumulate::OPERATOR,
    &add_statement::OPERATOR,
    &argument::OPERATOR,
    &attribute::OPERATOR,
    &binary_operator::OPERATOR,
    &callee::OPERATOR,
    &compare_type::OPERATOR,
    &conjunct::OPERATOR,
    &constant::OPERATOR,
    &exception::OPERATOR,
    &expression::OPERATOR,
    &missing_await::OPERATOR,
    &missing_return::OPERATOR,
    &move_statement::OPERATOR,
    &negate::OPERATOR,
    &null_default::OPERATOR,
    &null_guard::OPERATOR,
    &object_entry::OPERATOR,
    &off_by_one::OPERATOR,
    &receiver::OPERATOR,
    &remove_statement::OPERATOR,
    &slice_copy::OPERATOR,
    &swap_operands::OPERATOR,
    &variable::OPERATOR,
    &wrap_call::OPERATOR,
];

#[cfg(test)]
pub(super) mod check {
    //! The small language of operator tests.

    use std::path::Path;

    use super::{Operator, Proposals, Site};
    use crate::code::SourceFile;
    use crate::code::source::preorder;
    use crate::draft::search::ingredients::{FileIngredients, Ingredients};

    /// Every text that the operator makes of `text`, on any of its nodes.
    pub fn results(operator: &Operator, path: &str, text: &str) -> Vec<String> {
        let source = SourceFile::parse(Path::new(path), text.to_owned()).unwrap();
        let file = FileIngredients::collect(&source);
        let mut proposals = Proposals::default();
        let mut results = Vec::new();
        for node in preorder(source.root()) {
            let ingredients = Ingredients::at(&source, node, &file, &[]);
            (operator.propose)(&Site { source: &source, node, ingredients: &ingredients }, &mut proposals);
            results.extend(proposals.drain().map(|p| source.with_replacement(p.span, &p.replacement)));
        }
        results
    }

    /// Asserts that the operator can turn `before` into `after`.
    #[track_caller]
    pub fn check_operator(operator: &Operator, path: &str, before: &str, after: &str) {
        let results = results(operator, path, before);
        assert!(results.iter().any(|result| result == after), "none of:\n{}", results.join("\n----\n"));
    }

    /// Asserts that the operator proposes nothing for `source`.
    #[track_caller]
    pub fn check_not_applicable(operator: &Operator, path: &str, source: &str) {
        assert_eq!(results(operator, path, source), Vec::<String>::new());
    }
}
