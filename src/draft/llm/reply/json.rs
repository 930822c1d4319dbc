//! JSON documents of edits.
//!
//! The document that is asked for is [`schema`](super::schema())'s:
//! `{"explanation": …, "edits": [{"file", "definition", "line", "search", "replace"}], "give_up": …}`. A list of edits, a
//! single edit, edits under their file and the usual other names of the fields are read as well, so are trailing
//! commas, line ends within strings and wrong escapes. An edit without `search` but with `code` is a whole definition.

use serde_json::{Map, Value};

use super::lines::replacing;
use crate::patch::edit::{Change, EditBlock};

const EDITS: &[&str] =
    &["edits", "changes", "blocks", "patches", "modifications", "replacements", "files", "edit", "hunks"];
const FILE: &[&str] = &["file", "path", "filename", "file_path", "filepath", "file_name", "filePath"];
const DEFINITION: &[&str] = &["definition", "function", "method", "class", "symbol", "name"];
const LINE: &[&str] = &["line", "line_number", "start_line", "lineno", "startLine", "line_start"];
const SEARCH: &[&str] = &[
    "search",
    "old",
    "old_str",
    "old_string",
    "old_text",
    "old_code",
    "before",
    "original",
    "original_code",
    "find",
    "from",
    "search_block",
    "oldText",
    "oldString",
    "search_text",
    "target",
];
const REPLACE: &[&str] = &[
    "replace",
    "new",
    "new_str",
    "new_string",
    "new_text",
    "new_code",
    "after",
    "updated",
    "updated_code",
    "replacement",
    "to",
    "replace_block",
    "replace_with",
    "newText",
    "newString",
    "replace_text",
    "fixed",
];
const CODE: &[&str] = &["code", "text", "content", "body", "new_definition", "source"];
const GIVE_UP: &[&str] = &["give_up", "gave_up", "giveUp", "no_fix"];
const EXPLANATION: &[&str] = &["explanation", "reasoning", "reason", "summary", "thoughts", "description", "analysis"];
const NESTED: &[&str] = &["patch", "diff", "answer", "response", "output", "content", "text", "result"];

/// How many levels of lists and objects are looked into.
const MAX_DEPTH: usize = 6;

/// What a document says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// Its edits.
    pub blocks: Vec<EditBlock>,
    /// Why there are none.
    pub gave_up: Option<String>,
    /// Why it refuses.
    pub refusal: Option<String>,
    /// What it says besides.
    pub explanation: Option<String>,
    /// An answer of another form inside of it.
    pub nested: Option<String>,
}

impl Document {
    /// Whether it says anything that is known.
    pub fn is_known(&self) -> bool {
        !self.blocks.is_empty() || self.gave_up.is_some() || self.refusal.is_some() || self.nested.is_some()
    }
}

/// Reads a text that is a document as a whole.
pub(super) fn whole(text: &str) -> Option<Document> {
    let value = parse(text.trim())?;
    matches!(value, Value::Object(_) | Value::Array(_)).then(|| document(&value))
}

/// Reads the first known document inside of a text, and where it stands.
pub(super) fn within(text: &str) -> Option<(std::ops::Range<usize>, Document)> {
    let starts = text.match_indices(['{', '[']).map(|(start, _)| start).filter(|start| begins_line(text, *start));
    for start in starts.take(40) {
        let Some(end) = balanced(&text[start..]) else { continue };
        if let Some(document) = whole(&text[start..start + end]).filter(Document::is_known) {
            return Some((start..start + end, document));
        }
    }
    None
}

fn begins_line(text: &str, start: usize) -> bool {
    text[..start]
        .rsplit('\n')
        .next()
        .is_none_or(|before| before.trim_matches(['`', ' ', '\t']).is_empty() || before.trim_end().ends_with(':'))
}

/// The length of the value that begins a text, by its brackets outside of strings.
fn balanced(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (index, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '{' | '[' if !in_string => depth += 1,
            '}' | ']' if !in_string => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn parse(text: &str) -> Option<Value> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&repaired(text))).ok()
}

/// A text with line ends in strings escaped, escapes that JSON does not know doubled, and trailing commas dropped.
fn repaired(text: &str) -> String {
    let mut repaired = String::with_capacity(text.len() + 64);
    let mut in_string = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                in_string = !in_string;
                repaired.push('"');
            }
            '\\' if in_string => match characters.next() {
                Some(known @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => repaired.extend(['\\', known]),
                Some('u') if characters.peek().is_some_and(char::is_ascii_hexdigit) => repaired.push_str("\\u"),
                Some('\'') => repaired.push('\''),
                Some('\n') => repaired.push_str("\\n"),
                Some(other) => repaired.extend(['\\', '\\', other]),
                None => repaired.push('\\'),
            },
            '\n' if in_string => repaired.push_str("\\n"),
            '\r' if in_string => repaired.push_str("\\r"),
            '\t' if in_string => repaired.push_str("\\t"),
            ',' if !in_string => {
                let mut rest = characters.clone().skip_while(|next| next.is_whitespace());
                if !matches!(rest.next(), Some('}' | ']')) {
                    repaired.push(',');
                }
            }
            other => repaired.push(other),
        }
    }
    repaired
}

fn document(value: &Value) -> Document {
    let mut document = Document::default();
    edits(value, None, 0, &mut document.blocks);
    if let Value::Object(fields) = value {
        document.gave_up = match first(fields, GIVE_UP) {
            Some(Value::Bool(true)) => {
                Some(text_of(fields, EXPLANATION).unwrap_or_else(|| "no reason given".to_owned()))
            }
            Some(Value::String(reason)) if !reason.trim().is_empty() => Some(reason.trim().to_owned()),
            _ => None,
        };
        document.refusal = text_of(fields, &["refusal"]).filter(|refusal| !refusal.trim().is_empty());
        document.explanation = text_of(fields, EXPLANATION);
        if document.blocks.is_empty() {
            document.nested = text_of(fields, NESTED).filter(|nested| nested.contains('\n'));
        }
    }
    document
}

fn edits(value: &Value, file: Option<&str>, depth: usize, blocks: &mut Vec<EditBlock>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| edits(value, file, depth + 1, blocks)),
        Value::Object(fields) => {
            let own = text_of(fields, FILE);
            let file = own.as_deref().or(file);
            if let Some(block) = edit(fields, file) {
                blocks.push(block);
                return;
            }
            let lists: Vec<&Value> = EDITS
                .iter()
                .filter_map(|name| fields.get(*name))
                .filter(|list| list.is_array() || list.is_object())
                .collect();
            for list in &lists {
                edits(list, file, depth + 1, blocks);
            }
            if lists.is_empty() {
                // Edits under the names of their files.
                for (name, list) in fields
                    .iter()
                    .filter(|(name, list)| super::names::is_path(name) && (list.is_array() || list.is_object()))
                {
                    edits(list, Some(name), depth + 1, blocks);
                }
            }
        }
        _ => {}
    }
}

fn edit(fields: &Map<String, Value>, file: Option<&str>) -> Option<EditBlock> {
    let (search, replace) = (text_of(fields, SEARCH), text_of(fields, REPLACE));
    let definition = text_of(fields, DEFINITION).filter(|name| !name.trim().is_empty());
    let change = match (search, replace) {
        (Some(search), Some(replace)) => Change::Replace { search, replace },
        // The new text of a deletion may be null or missing.
        (Some(search), None) if REPLACE.iter().any(|name| fields.contains_key(*name)) => {
            Change::Replace { search, replace: String::new() }
        }
        (Some(_), None) => return None,
        (None, Some(text)) => Change::Definition { text },
        (None, None) => {
            Change::Definition { text: text_of(fields, CODE).filter(|_| file.is_some() || definition.is_some())? }
        }
    };
    let line = first(fields, LINE).and_then(|line| match line {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().split('-').next()?.parse().ok(),
        _ => None,
    });
    let mut block = replacing(file.map(str::to_owned), String::new(), String::new());
    block.definition = definition;
    block.line = line.and_then(|line| u32::try_from(line).ok()).filter(|line| *line > 0);
    block.change = change;
    Some(block)
}

fn first<'v>(fields: &'v Map<String, Value>, names: &[&str]) -> Option<&'v Value> {
    names.iter().find_map(|name| fields.get(*name)).filter(|value| !value.is_null())
}

/// A field's text; a list of texts is read as lines.
fn text_of(fields: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| fields.get(*name)).find_map(|value| match value {
        Value::String(text) => Some(text.replace("\r\n", "\n")),
        Value::Array(lines) if !lines.is_empty() => {
            let lines: Option<Vec<&str>> = lines.iter().map(Value::as_str).collect();
            lines
                .map(|lines| lines.iter().map(|line| line.trim_end_matches('\n')).collect::<Vec<_>>().join("\n") + "\n")
        }
        _ => None,
    })
}
