//! The cheap question before the rule on capabilities parses anything: can the new lines do what the file did not do?
//!
//! In: a change. Out: whether a capability may be new. It never says no to one that is: what a rule names ends with
//! a word that must stand in a new line, or, for all names of a module, in an import of the file, where an alias of
//! it may come from.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::capability_table::{In, ROWS};
use super::capability_words::{
    CODE_TEXTS, ENVIRONMENTS, INNARDS, OPENERS, PLACES, READERS, REMOVERS, VARIABLES, WORKFLOW_WORDS, WRITERS,
};
use super::change::{Change, words};

/// What a word is the end of.
#[derive(Debug, Default)]
struct Ends {
    /// A whole module, or a name without one.
    whole: bool,
    /// Names within these modules.
    within: HashSet<&'static str>,
}

type Table = HashMap<&'static str, Ends>;

static PYTHON: LazyLock<Table> = LazyLock::new(|| table(In::Python));
static JAVASCRIPT: LazyLock<Table> = LazyLock::new(|| table(In::JavaScript));

/// Words that put a name together at run time.
const HIDING: &[&str] = &["getattr", "vars", "dir", "getmembers", "environ", "environb"];

/// Words of lines that import.
const IMPORTS: &[&str] = &["import", "require", "from", "__import__", "import_module"];

fn table(language: In) -> Table {
    let mut table = Table::new();
    let environments = ENVIRONMENTS.iter().chain(VARIABLES).filter(|(of, _)| *of == language).map(|(_, name)| *name);
    let rows = ROWS.iter().filter(|row| row.language == language).flat_map(|row| row.names.iter().copied());
    for name in rows.chain(environments) {
        let module = name.strip_suffix(".*");
        let ends = table.entry(last_word(module.unwrap_or(name))).or_default();
        match name.split_once('.') {
            Some((first, _)) if module.is_none() => drop(ends.within.insert(first)),
            _ => ends.whole = true,
        }
    }
    for (_, name) in READERS.iter().filter(|(of, _)| *of == language) {
        table.entry(last_word(name)).or_default().whole = true;
    }
    if language == In::JavaScript {
        table.entry("constructor").or_default().whole = true;
    }
    if language == In::Python {
        let openers = OPENERS.iter().map(|(name, _)| last_word(name));
        for word in openers.chain(WRITERS.iter().chain(REMOVERS).chain(INNARDS).chain(HIDING).copied()) {
            table.entry(word).or_default().whole = true;
        }
    }
    table
}

fn last_word(name: &'static str) -> &'static str {
    words(name).last().unwrap_or(name)
}

/// Whether a capability may be new in a file that a grammar knows.
pub(super) fn may_be_new(change: &Change<'_>, is_python: bool) -> bool {
    let marked = |line: &str| {
        let mut texts = WORKFLOW_WORDS.iter().chain(PLACES).chain(CODE_TEXTS);
        line.contains("://") || line.contains("import *") || texts.any(|text| line.contains(text))
    };
    if change.added.lines().any(marked) {
        return true;
    }
    let table = if is_python { &PYTHON } else { &JAVASCRIPT };
    let text = change.text.after.as_str();
    let ends = |word: &str| {
        let ends = table.get(word);
        ends.is_some_and(|ends| ends.whole || ends.within.iter().any(|module| text.contains(module)))
    };
    change.added.words().any(ends) || imports_a_module(change, table)
}

/// Whether the file imports a module all of whose names count, and the new lines use what is imported.
fn imports_a_module(change: &Change<'_>, table: &Table) -> bool {
    let mut locals: Vec<&str> = Vec::new();
    for line in change.text.after.lines().filter(|line| IMPORTS.iter().any(|word| line.contains(word))) {
        let is_import = words(line).any(|word| IMPORTS.contains(&word));
        if is_import && words(line).any(|word| table.get(word).is_some_and(|ends| ends.whole)) {
            locals.extend(words(line));
        }
    }
    !locals.is_empty() && change.added.words().any(|word| locals.contains(&word))
}
