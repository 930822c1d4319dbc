//! The rule on capabilities: a repair does not newly reach the network, start processes, run text, read the
//! environment, write or delete files or steer a workflow. What the file did before, with the same callee or host, it may do.
//!
//! It reads the syntax tree: comments and docstrings are harmless, strings and names are not. Without a grammar it
//! reads the words of the new lines.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::GuardError;
use super::capability_table::{
    Capability, DELETE, ENVIRONMENT, EVALUATE, HIDDEN, In, NETWORK, PLACE, READ, ROWS, VARIABLE, WORKFLOW, WRITE,
};
use super::capability_words::{
    CODE_TEXTS, ENVIRONMENTS, INNARDS, ONE_VARIABLE, OPENERS, PLACES, REACHED, READERS, REMOVERS, SHELL_WORDS,
    VARIABLES, WORKFLOW_WORDS, WRITERS,
};
use super::change::Change;
use super::names::{Imports, literal};
use super::prefilter;
use crate::code::SourceFile;
use crate::code::languages::of_path;
use crate::code::source::{named_children, preorder};

/// One thing that a file does: the capability, and the callee, host or word.
type Deed = (&'static str, String);

/// Endings of files that people read: an address in them calls nobody.
const PROSE: &[&str] = &["md", "rst", "adoc"];

/// Refuses a capability that the file did not have.
pub(super) fn check(change: &Change<'_>) -> Result<(), GuardError> {
    if of_path(change.file).is_some_and(|language| !prefilter::may_be_new(change, language.is_python())) {
        return Ok(());
    }
    let (before, after) = match change.trees() {
        Some((before, after)) => (deeds(before), deeds(after)),
        None => {
            let prose = change.file.extension().is_some_and(|ending| PROSE.iter().any(|prose| ending == *prose));
            if prose {
                return Ok(());
            }
            (words(change.text.before.lines()), words(change.added.lines()))
        }
    };
    // A file that writes files may do so in another way.
    let writes = before.iter().any(|(what, _)| *what == WRITE);
    match after.difference(&before).find(|(what, _)| !(writes && *what == WRITE)) {
        Some((what, how)) => {
            Err(GuardError::Capability { file: change.file.to_owned(), what: format!("{what} ({how})") })
        }
        None => Ok(()),
    }
}

/// Everything that a parsed file does.
fn deeds(source: &SourceFile) -> BTreeSet<Deed> {
    let language = if source.language.is_python() { In::Python } else { In::JavaScript };
    let imports = Imports::of(source);
    let mut deeds = BTreeSet::new();
    for name in &imports.names {
        if let Some(module) = name.strip_suffix(".*").filter(|module| holds_capabilities(module, language)) {
            deeds.insert((HIDDEN, format!("everything of {module}")));
        }
        deeds.extend(row_of(name, language, false).map(|row| (row.what, name.clone())));
        if ENVIRONMENTS.contains(&(language, name)) {
            deeds.insert((ENVIRONMENT, name.clone()));
        }
    }
    for used in imports.uses(source) {
        let is_called = is_callee(used.node);
        let row = row_of(&used.path, language, is_called);
        // A local name may be like a module's; only an import makes it one.
        let row = row.filter(|row| is_imported(&imports, &used.path) || names_exactly(row, &used.path));
        let through = || reached(&used.path, language, is_called).filter(|_| may_reach(&imports, &used.path, language));
        let row = row.or_else(through);
        deeds.extend(row.map(|row| (row.what, used.path.clone())));
        deeds.extend(environment(source, &used.path, used.node, language));
        deeds.extend(workflow_word(&used.path));
    }
    for node in preorder(source.root()) {
        match node.kind() {
            "string" | "template_string" | "jsx_text" if !is_docstring(node) => {
                deeds.extend(of_text(source.text_of(node)))
            }
            "attribute" => deeds.extend(innards(source, &imports, node)),
            "member_expression" | "subscript_expression" => deeds.extend(constructor(source, node)),
            "call_expression" | "new_expression" => deeds.extend(foreign_file(source, &imports, node, language)),
            "call" => {
                deeds.extend(hidden_attribute(source, &imports, node));
                deeds.extend(written_file(source, &imports, node));
                deeds.extend(foreign_file(source, &imports, node, language));
            }
            _ => {}
        }
    }
    deeds
}

/// The row that a dotted name falls under.
fn row_of(path: &str, language: In, is_called: bool) -> Option<&'static Capability> {
    let fits = |name: &str| match name.strip_suffix(".*") {
        Some(module) => path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
        None => path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
    };
    let mut rows = ROWS.iter().filter(|row| row.language == language && (is_called || !row.called));
    rows.find(|row| row.names.iter().any(|name| fits(name)))
}

/// The row of a name that is reached through another: `shutil.os.system`, `globalThis.process.exit`.
fn reached(path: &str, language: In, is_called: bool) -> Option<&'static Capability> {
    if language == In::JavaScript {
        let globals = ["globalThis.", "global.", "window.", "self."];
        let rest = globals.iter().find_map(|global| path.strip_prefix(global))?;
        return row_of(rest, language, is_called);
    }
    let parts: Vec<&str> = path.split('.').collect();
    (1..parts.len()).find_map(|at| {
        let module = parts[at].trim_start_matches('_');
        let inner = [&[module], &parts[at + 1..]].concat().join(".");
        REACHED.contains(&module).then(|| row_of(&inner, language, is_called)).flatten()
    })
}

/// A module that is imported holds those that it imports itself; in JavaScript the global objects hold everything.
fn may_reach(imports: &Imports, path: &str, language: In) -> bool {
    language == In::JavaScript || is_imported(imports, path)
}

/// `f().environ`, `x.__subclasses__`.
fn innards(source: &SourceFile, imports: &Imports, node: Node<'_>) -> Option<Deed> {
    let name = source.text_of(node.child_by_field_name("attribute")?);
    if INNARDS.contains(&name) {
        return Some((HIDDEN, name.to_owned()));
    }
    let whole = ["environ", "environb"].contains(&name) && imports.path(source, node).is_none();
    whole.then(|| (ENVIRONMENT, source.text_of(node).to_owned()))
}

/// `(() => {}).constructor`, `x.constructor('…')`, `x.constructor(…)()`, `x.constructor.constructor`.
fn constructor(source: &SourceFile, node: Node<'_>) -> Option<Deed> {
    let is_one = |node: Node<'_>| {
        let property = node.child_by_field_name("property").map(|property| source.text_of(property).to_owned());
        property.or_else(|| literal(source, node.child_by_field_name("index")?)).as_deref() == Some("constructor")
    };
    if !is_one(node) {
        return None;
    }
    let object = node.child_by_field_name("object")?;
    let plain = matches!(object.kind(), "identifier" | "this" | "member_expression" | "super") && !is_one(object);
    let call = node.parent().filter(|_| is_callee(node));
    let arguments = call.and_then(|call| call.child_by_field_name("arguments")).map(named_children).unwrap_or_default();
    let with_text = arguments.iter().any(|argument| matches!(argument.kind(), "string" | "template_string"));
    let is_called = |call: Node<'_>| {
        let callee = call.parent().and_then(|around| around.child_by_field_name("function"));
        callee.is_some_and(|callee| callee.id() == call.id())
    };
    let chained = call.is_some_and(is_called);
    (!plain || with_text || chained).then(|| (EVALUATE, source.text_of(node).chars().take(60).collect()))
}

/// `open('/etc/hosts')`: a file by a path that leaves the project or is hidden.
fn foreign_file(source: &SourceFile, imports: &Imports, node: Node<'_>, language: In) -> Option<Deed> {
    let callee = node.child_by_field_name("function").or_else(|| node.child_by_field_name("constructor"))?;
    let path = imports.path(source, callee)?;
    if !READERS.contains(&(language, path.as_str())) {
        return None;
    }
    let arguments = named_children(node.child_by_field_name("arguments")?);
    let first = *arguments.first()?;
    let first = first.child_by_field_name("value").filter(|_| first.kind() == "keyword_argument").unwrap_or(first);
    // What is put together begins with its first text.
    let text = preorder(first).find(|inner| matches!(inner.kind(), "string" | "template_string"))?;
    let file: String = source.text_of(text).trim_start_matches(|c: char| c.is_ascii_alphabetic()).to_owned();
    let file = file.trim_matches(|c| matches!(c, '"' | '\'' | '`')).replace('\\', "/");
    let hidden = file.split('/').any(|part| part.starts_with('.') && part != ".");
    let absolute = file.starts_with(['/', '~']) && first.kind() != "call_expression" && first.kind() != "call";
    let drive = file.get(1..3) == Some(":/");
    // `dir + '/a.json'` and `${dir}/a.json` begin elsewhere.
    let begins = text.start_byte() == first.start_byte();
    (hidden || begins && (absolute || drive)).then_some((READ, file))
}

fn is_imported(imports: &Imports, path: &str) -> bool {
    let first = |path: &str| path.split('.').next().unwrap_or("").to_owned();
    imports.names.iter().any(|name| first(name) == first(path))
}

/// Whether a row names this very name, and not just the module around it.
fn names_exactly(row: &Capability, path: &str) -> bool {
    let within = |name: &&str| path.strip_prefix(*name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    row.names.iter().any(|name| !name.ends_with(".*") && within(name))
}

fn is_callee(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    let of = |field: &str| parent.child_by_field_name(field).is_some_and(|child| child.id() == node.id());
    match parent.kind() {
        "call" | "call_expression" => of("function"),
        "new_expression" => of("constructor"),
        // Passed on as a value it can be called elsewhere.
        "argument_list" | "arguments" | "assignment" | "variable_declarator" | "pair" | "return_statement" => {
            !of("name") && !of("left")
        }
        _ => false,
    }
}

/// What a dotted name reads of the environment.
fn environment(source: &SourceFile, path: &str, node: Node<'_>, language: In) -> Vec<Deed> {
    if VARIABLES.contains(&(language, path)) || language == In::Python && path.ends_with("os.getenv") {
        return vec![(VARIABLE, argument_name(source, node))];
    }
    // `shutil.os.environ` is the same: any attribute of that name counts.
    let of_os = path.find(".environ").filter(|_| language == In::Python).map(|at| format!("os{}", &path[at..]));
    let path = of_os.as_deref().unwrap_or(path);
    let whole = ENVIRONMENTS.iter().find(|(of, whole)| {
        *of == language && path.strip_prefix(*whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    let Some((_, whole)) = whole else { return Vec::new() };
    let rest = path[whole.len()..].trim_start_matches('.').split('.').next().unwrap_or("");
    let all = vec![(ENVIRONMENT, (*whole).to_owned())];
    let methods = ["copy", "items", "values", "keys", "toObject", "update", "clear", "popitem"];
    match rest {
        "" => variables(source, node).map_or(all, |names| names.into_iter().map(|name| (VARIABLE, name)).collect()),
        method if methods.contains(&method) => all,
        method if ONE_VARIABLE.contains(&method) && is_callee(node) => vec![(VARIABLE, argument_name(source, node))],
        name => vec![(VARIABLE, name.to_owned())],
    }
}

/// The variable that the call of `callee` names; a computed name is its own text.
fn argument_name(source: &SourceFile, callee: Node<'_>) -> String {
    let call = callee.parent().filter(|_| is_callee(callee));
    let first = call.and_then(|call| call.child_by_field_name("arguments")?.named_child(0));
    first.map_or_else(|| source.text_of(callee).to_owned(), |first| name_or_text(source, first))
}

fn name_or_text(source: &SourceFile, node: Node<'_>) -> String {
    literal(source, node).unwrap_or_else(|| format!("by the computed name {}", source.text_of(node)))
}

/// The names in `env[name]`, `'X' in env`, `const { X } = env`; nothing where it is used as a whole.
fn variables(source: &SourceFile, node: Node<'_>) -> Option<Vec<String>> {
    let parent = node.parent()?;
    let of = |field: &str| parent.child_by_field_name(field);
    match parent.kind() {
        "subscript" => Some(vec![name_or_text(source, of("subscript")?)]),
        "subscript_expression" => Some(vec![name_or_text(source, of("index")?)]),
        "comparison_operator" | "binary_expression" => {
            let other = named_children(parent).into_iter().find(|side| side.id() != node.id())?;
            Some(vec![name_or_text(source, other)])
        }
        "variable_declarator" => {
            let pattern = of("name").filter(|name| name.kind() == "object_pattern")?;
            let name = |child: Node<'_>| match child.kind() {
                "pair_pattern" => child.child_by_field_name("key").map(|key| source.text_of(key).to_owned()),
                "shorthand_property_identifier_pattern" => Some(source.text_of(child).to_owned()),
                "object_assignment_pattern" => {
                    child.child_by_field_name("left").map(|left| source.text_of(left).to_owned())
                }
                _ => None,
            };
            named_children(pattern).into_iter().map(name).collect()
        }
        _ => None,
    }
}

/// `getattr(os, …)`: a name put together at run time.
fn hidden_attribute(source: &SourceFile, imports: &Imports, node: Node<'_>) -> Option<Deed> {
    let callee = source.text_of(node.child_by_field_name("function")?);
    let arguments = node.child_by_field_name("arguments")?;
    let first = imports.path(source, arguments.named_child(0)?)?;
    let module = first.rsplit('.').next().unwrap_or("");
    let is_module = REACHED.contains(&module) || module == "__builtins__";
    if is_module && ["vars", "dir", "inspect.getmembers"].contains(&callee) {
        return Some((HIDDEN, format!("{callee}({first})")));
    }
    let named = arguments.named_child(1).and_then(|name| literal(source, name));
    let harmless = named.is_some_and(|name| row_of(&format!("{first}.{name}"), In::Python, true).is_none());
    (callee == "getattr" && is_module && !harmless).then(|| (HIDDEN, format!("getattr({first}, …)")))
}

/// Whether names of a module stand in a row: `from os import *` hides which of them are used.
fn holds_capabilities(module: &str, language: In) -> bool {
    let within = |name: &&str| name.strip_prefix(module).is_some_and(|rest| rest.starts_with('.'));
    ROWS.iter().any(|row| row.language == language && row.names.iter().any(within))
}

/// `open(…, 'w')`, and with a mode that can't be read; `path.open('w')`, `path.write_text(…)`.
fn written_file(source: &SourceFile, imports: &Imports, node: Node<'_>) -> Option<Deed> {
    let callee = node.child_by_field_name("function")?;
    let path = imports.path(source, callee);
    let method = callee.child_by_field_name("attribute").map_or("", |name| source.text_of(name));
    if WRITERS.contains(&method) {
        return Some((WRITE, method.to_owned()));
    }
    if REMOVERS.contains(&method) {
        return Some((DELETE, method.to_owned()));
    }
    let opener = OPENERS.iter().find(|(name, _)| path.as_deref() == Some(*name)).map(|(_, at)| *at);
    let at = opener.or((method == "open").then_some(0))?;
    let arguments = named_children(node.child_by_field_name("arguments")?);
    let is_keyword = |argument: &Node<'_>| argument.kind() == "keyword_argument";
    let by_name = arguments.iter().copied().filter(is_keyword).find_map(|argument| {
        let name = source.text_of(argument.child_by_field_name("name")?);
        (name == "mode").then(|| argument.child_by_field_name("value")).flatten()
    });
    let by_place = arguments.iter().copied().filter(|argument| !is_keyword(argument)).nth(at);
    let mode = by_name.or(by_place)?;
    let reads = match literal(source, mode) {
        Some(mode) => !mode.contains(['w', 'a', 'x', '+']) || !mode.chars().all(|c| "rwaxbtU+".contains(c)),
        // A method of that name with something else than a mode opens no file.
        None => opener.is_none(),
    };
    (!reads).then(|| (WRITE, "open for writing".to_owned()))
}

fn is_docstring(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| parent.kind() == "expression_statement" && parent.named_child_count() == 1)
}

/// Addresses and workflow commands in a text.
fn of_text(text: &str) -> Vec<Deed> {
    let mut deeds: Vec<Deed> = hosts(text).map(|host| (NETWORK, host)).collect();
    deeds.extend(workflow_word(text));
    deeds.extend(places(text).map(|place| (PLACE, place.to_owned())));
    deeds.extend(CODE_TEXTS.iter().filter(|code| text.contains(**code)).map(|code| (EVALUATE, (*code).to_owned())));
    deeds
}

/// Places outside of the project, as whole parts of a path.
fn places(text: &str) -> impl Iterator<Item = &'static str> {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
    PLACES.iter().copied().filter(move |place| {
        text.match_indices(place).any(|(at, _)| {
            let (front, behind) = (&text[..at], &text[at + place.len()..]);
            // A file `a.git` and a word in a sentence are no such place.
            let front_is_free = !is_word(front.chars().next_back()) || place.starts_with('_');
            front_is_free && !is_word(behind.chars().next())
        })
    })
}

fn workflow_word(text: &str) -> Option<Deed> {
    let word = WORKFLOW_WORDS.iter().find(|word| text.contains(**word))?;
    Some((WORKFLOW, (*word).to_owned()))
}

/// The scheme and host of every address in a text.
fn hosts(text: &str) -> impl Iterator<Item = String> {
    let schemes = ["http://", "https://", "ws://", "wss://", "ftp://", "ftps://"];
    let lower = text.to_lowercase();
    let mut found = Vec::new();
    for scheme in schemes {
        for (start, _) in lower.match_indices(scheme) {
            let rest = &lower[start + scheme.len()..];
            let end = rest.find(|c: char| !(c.is_alphanumeric() || ".-_@:[]".contains(c))).unwrap_or(rest.len());
            found.push(format!("{scheme}{}", &rest[..end]));
        }
    }
    found.into_iter()
}

/// What lines of a file without a grammar do.
fn words<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<Deed> {
    let mut deeds = BTreeSet::new();
    for line in lines {
        deeds.extend(of_text(line));
        for (what, word) in SHELL_WORDS {
            let bounded = line.match_indices(word).any(|(start, _)| {
                let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                !is_word(line[..start].chars().next_back()) && !is_word(line[start + word.len()..].chars().next())
            });
            if bounded {
                deeds.insert((what, (*word).to_owned()));
            }
        }
    }
    deeds
}
