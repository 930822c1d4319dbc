//! A file's text and syntax tree, kept together because neither means much without the other.
//!
//! In: a path (for the language) and the text. Out: [`SourceFile`]. It refuses what it can't
//! treat soundly (unknown language, text over [`MAX_BYTES`]) rather than guess.

use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;
use tree_sitter::{Node, Parser, Tree};

use super::languages::{self, Language};
use super::line::Line;

/// The largest text that is parsed, in bytes. Larger files are generated or data; a tree over them
/// costs some 20 times their size in memory.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Why a text has no [`SourceFile`].
#[derive(Debug, Error)]
pub enum ParseError {
    /// No entry of the language table claims the file's ending.
    #[error("{path}: no known language has this file ending")]
    UnknownLanguage {
        /// The file as it was named.
        path: PathBuf,
    },
    /// The text is larger than [`MAX_BYTES`].
    #[error("{path}: {bytes} bytes is more than the {MAX_BYTES} that are parsed")]
    TooLarge {
        /// The file as it was named.
        path: PathBuf,
        /// Its size in bytes.
        bytes: usize,
    },
    /// tree-sitter gave no tree (only for a grammar built for another ABI).
    #[error("{path}: the {language} grammar gave no tree")]
    NoTree {
        /// The file as it was named.
        path: PathBuf,
        /// The name of the language whose grammar failed.
        language: &'static str,
    },
}

/// A parsed file: path relative to the repository, text and tree.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path relative to the repository's root.
    pub path: PathBuf,
    /// The entry of the language table that claimed the file.
    pub language: &'static Language,
    /// The whole text; spans index into its bytes.
    pub text: String,
    tree: Tree,
}

impl SourceFile {
    /// Parses `text` as the language that `path`'s ending names.
    pub fn parse(path: &Path, text: String) -> Result<Self, ParseError> {
        let language = languages::of_path(path).ok_or_else(|| ParseError::UnknownLanguage { path: path.to_owned() })?;
        if text.len() > MAX_BYTES {
            return Err(ParseError::TooLarge { path: path.to_owned(), bytes: text.len() });
        }
        let no_tree = || ParseError::NoTree { path: path.to_owned(), language: language.name };
        let mut parser = Parser::new();
        parser.set_language(&(language.grammar)()).map_err(|_| no_tree())?;
        let tree = parser.parse(&text, None).ok_or_else(no_tree)?;
        Ok(SourceFile { path: path.to_owned(), language, text, tree })
    }

    /// The root of the syntax tree.
    pub fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The text that a node covers.
    pub fn text_of(&self, node: Node<'_>) -> &str {
        &self.text[node.byte_range()]
    }

    /// The text with `replacement` in the place of the bytes `span`.
    ///
    /// # Panics
    /// When `span` is not on character boundaries of the text; spans come from nodes of this tree.
    pub fn with_replacement(&self, span: Range<usize>, replacement: &str) -> String {
        let mut text = String::with_capacity(self.text.len() + replacement.len());
        text.push_str(&self.text[..span.start]);
        text.push_str(replacement);
        text.push_str(&self.text[span.end..]);
        text
    }

    /// How many error and missing nodes the tree holds.
    pub fn error_count(&self) -> usize {
        let mut count = 0;
        let mut stack = vec![self.root()];
        while let Some(node) = stack.pop() {
            if !node.has_error() {
                continue;
            }
            if node.is_error() || node.is_missing() {
                count += 1;
            }
            let mut cursor = node.walk();
            stack.extend(node.children(&mut cursor));
        }
        count
    }

    /// The text of a line without its line end, or `""` past the end.
    pub fn line_text(&self, line: Line) -> &str {
        self.text.lines().nth(line.index()).unwrap_or("")
    }

    /// The smallest definition (function, method, class) around a line, innermost first.
    pub fn enclosing_function(&self, node: Node<'_>) -> Option<FunctionSpan> {
        let mut current = Some(node);
        while let Some(candidate) = current {
            if self.language.role(candidate.kind()) == Some(super::Role::Function) {
                return Some(FunctionSpan { bytes: candidate.byte_range() });
            }
            current = candidate.parent();
        }
        None
    }
}

/// Where a function stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSpan {
    /// Byte range of the whole definition.
    pub bytes: Range<usize>,
}

/// Every node below `root` (itself included), parents before children, in source order.
pub fn preorder(root: Node<'_>) -> Preorder<'_> {
    Preorder { stack: vec![root] }
}

/// See [`preorder`].
pub struct Preorder<'tree> {
    stack: Vec<Node<'tree>>,
}

impl<'tree> Iterator for Preorder<'tree> {
    type Item = Node<'tree>;

    fn next(&mut self) -> Option<Node<'tree>> {
        let node = self.stack.pop()?;
        let first_child = self.stack.len();
        let mut cursor = node.walk();
        self.stack.extend(node.children(&mut cursor));
        self.stack[first_child..].reverse();
        Some(node)
    }
}

/// The named children of a node, comments left out.
pub fn named_children<'tree>(node: Node<'tree>) -> Vec<Node<'tree>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.is_extra()).collect()
}
