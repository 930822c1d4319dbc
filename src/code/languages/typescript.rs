//! TypeScript and TSX: JavaScript's roles under two further grammars.

use super::Language;
use super::javascript::{BUILTINS, SPELLINGS, roles};

pub(super) static TYPESCRIPT: Language = Language {
    name: "typescript",
    extensions: &["ts", "mts", "cts"],
    grammar: || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
    roles,
    spellings: &SPELLINGS,
    builtins: BUILTINS,
};

pub(super) static TSX: Language = Language {
    name: "tsx",
    extensions: &["tsx"],
    grammar: || tree_sitter_typescript::LANGUAGE_TSX.into(),
    roles,
    spellings: &SPELLINGS,
    builtins: BUILTINS,
};
