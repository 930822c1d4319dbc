//! The table of languages: a further language is one more file here and one more row in [`ALL`].
//!
//! Grammars name the same thing differently; [`Role`] is the name that the operators and the
//! outline use, and each language maps its node kinds to it.

mod javascript;
mod python;
mod typescript;

use std::path::Path;

/// What a syntax node is for, whatever its grammar calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A plain name.
    Identifier,
    /// `a.b`.
    Attribute,
    /// `a[b]`.
    Subscript,
    /// `a[b:c]`'s `b:c` (Python only).
    Slice,
    /// `f(…)`.
    Call,
    /// The parenthesised arguments of a call.
    Arguments,
    /// `name=value` in a call (Python only).
    KeywordArgument,
    /// Arithmetic, bitwise, comparison and logical operators with two sides.
    Binary,
    /// `not x`, `!x`, `-x`.
    Unary,
    /// `a += b`.
    AugmentedAssignment,
    /// `a = b`, `const a = b`.
    Assignment,
    /// A number.
    Number,
    /// A string without interpolation, or a template.
    String,
    /// `true`, `False`.
    Boolean,
    /// `None`, `null`, `undefined`.
    Null,
    /// `if`, `elif`, `while`: a statement with a condition.
    Branch,
    /// `a if c else b`, `c ? a : b`.
    Ternary,
    /// `for` in all its forms.
    Loop,
    /// `return x`.
    Return,
    /// `break`, `continue`.
    Jump,
    /// `raise x`, `throw x`.
    Raise,
    /// `await x`.
    Await,
    /// A function, method, arrow function or lambda.
    Function,
    /// A class.
    Class,
    /// A list of statements.
    Block,
    /// An expression that stands as a statement.
    ExpressionStatement,
    /// `(x)`.
    Parenthesized,
    /// Names brought in from elsewhere.
    Import,
}

/// The words in which a language says what the operators need.
#[derive(Debug)]
pub struct Spellings {
    /// Logical and.
    pub and: &'static str,
    /// Logical or.
    pub or: &'static str,
    /// Negation, with the blank that must follow it.
    pub not: &'static str,
    /// Groups of operators that people mistake for each other; each with its whole group.
    pub operator_groups: &'static [&'static [&'static str]],
    /// `True`/`False`.
    pub booleans: [&'static str; 2],
    /// The null literals, the most usual first.
    pub nulls: &'static [&'static str],
    /// `is not None` test: text that follows the tested expression.
    pub not_null_test: &'static str,
    /// `is None` test: text that follows the tested expression.
    pub null_test: &'static str,
    /// Whether statements are grouped by indentation (Python) or by braces.
    pub indentation: bool,
    /// `this` or `self`.
    pub receiver: &'static str,
    /// What ends a simple statement.
    pub terminator: &'static str,
}

/// One language.
#[derive(Debug)]
pub struct Language {
    /// Lower-case name, as in `case.toml` and in reports.
    pub name: &'static str,
    /// File endings without the dot.
    pub extensions: &'static [&'static str],
    /// The tree-sitter grammar.
    pub grammar: fn() -> tree_sitter::Language,
    /// The role of a node kind.
    roles: fn(&str) -> Option<Role>,
    /// How the language writes what operators insert.
    pub spellings: &'static Spellings,
    /// Names that are always in scope and take part in common mistakes.
    pub builtins: &'static [&'static str],
}

impl Language {
    /// The role of a node kind, when it has one.
    pub fn role(&self, kind: &str) -> Option<Role> {
        (self.roles)(kind)
    }

    /// Whether this is Python, for the few constructs that only it has.
    pub fn is_python(&self) -> bool {
        self.spellings.indentation
    }
}

/// Every language heal repairs.
pub static ALL: &[&Language] = &[&python::PYTHON, &javascript::JAVASCRIPT, &typescript::TYPESCRIPT, &typescript::TSX];

/// The language that claims a path's ending.
pub fn of_path(path: &Path) -> Option<&'static Language> {
    let extension = path.extension()?.to_str()?;
    ALL.iter().copied().find(|language| language.extensions.contains(&extension))
}
