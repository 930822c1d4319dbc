//! A wrong value, a wrong key or a missing entry of an object literal, and wrong keys of accesses.
//!
//! ```text
//! Before: {"name": name, "mail": name}  After: {"name": name, "mail": mail}
//! Before: return { id, user }           After: return { id, user: owner }
//! Before: row["totl"]                   After: row["total"]
//! ```
//!
//! "Change string literal" and "change identifier used" are among the five most frequent patterns of
//! TSSB-3M (Richter and Wehrheim, MSR 2022); many of them stand in literals.

use tree_sitter::Node;

use super::statement_layout::{each, most_similar};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;

pub(super) static OPERATOR: Operator = Operator { name: "object-entry", prior: 0.5, propose };

/// How many values or keys are tried at one place.
const LIMIT: usize = 15;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    match site.node.kind() {
        "pair" => {
            let (Some(key), Some(value)) = (site.field("key"), site.field("value")) else { return };
            names(site, site.text_of(key), value, proposals);
            other_key(site, key, proposals);
        }
        "shorthand_property_identifier" => {
            for (name, similar) in most_similar(site.text(), &site.ingredients.names, LIMIT) {
                proposals.replace_node(site.node, format!("{}: {name}", site.text()), 0.4 + 0.6 * similar);
            }
        }
        "subscript" | "subscript_expression" => {
            let key = site.field("subscript").or_else(|| site.field("index"));
            if let Some(key) = key.filter(|key| site.role_of(*key) == Some(Role::String)) {
                other_key(site, key, proposals);
            }
        }
        "dictionary" | "object" => missing(site, proposals),
        _ => {}
    }
}

/// The value → names that can be used there, those like the key first.
fn names(site: &Site<'_>, key: &str, value: Node<'_>, proposals: &mut Proposals) {
    if matches!(value.kind(), "dictionary" | "object") || site.role_of(value) == Some(Role::Function) {
        return;
    }
    let old = site.text_of(value);
    let expressions = site.ingredients.attribute_expressions.iter().take(LIMIT);
    let all: Vec<&str> =
        site.ingredients.names.iter().chain(expressions).copied().filter(|name| *name != old).collect();
    for (name, similar) in most_similar(key, &all, LIMIT) {
        proposals.replace_node(value, name, 0.3 + 0.7 * similar);
    }
    // `{"a": a}` is like its key in every letter, which `most_similar` skips for bare keys.
    if all.contains(&key) {
        proposals.replace_node(value, key, 1.0);
    }
}

/// A key → other strings and attribute names of the file, in the key's own quotes.
fn other_key(site: &Site<'_>, key: Node<'_>, proposals: &mut Proposals) {
    let old = site.text_of(key);
    let quoted = site.role_of(key) == Some(Role::String);
    if !quoted && !matches!(key.kind(), "property_identifier" | "identifier") || quoted && old.len() < 2 {
        return;
    }
    if !quoted && site.source.language.is_python() {
        return;
    }
    let bare = |text: &'_ str| text.trim_matches(['"', '\'', '`']).to_owned();
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_- $".contains(&b));
    let mut others: Vec<&str> = site.ingredients.strings.clone();
    others.extend(&site.ingredients.attributes);
    let mut seen = vec![bare(old)];
    for (other, similar) in most_similar(old, &others, LIMIT * 2) {
        let other = bare(other);
        if seen.contains(&other) || !word(&other) || seen.len() > LIMIT {
            continue;
        }
        let text = if quoted { format!("{}{other}{}", &old[..1], &old[old.len() - 1..]) } else { other.clone() };
        if quoted && old.as_bytes()[0].is_ascii_alphabetic() || !quoted && other.contains(['-', ' ']) {
            continue;
        }
        seen.push(other);
        proposals.replace_node(key, text, 0.2 + 0.8 * similar);
    }
}

/// Entries that other literals of the file have and this one lacks.
fn missing(site: &Site<'_>, proposals: &mut Proposals) {
    let entries = named_children(site.node);
    let Some(last) = entries.last() else { return };
    let key = |entry: Node<'_>| match entry.kind() {
        "pair" => entry.child_by_field_name("key").map(|key| site.text_of(key)),
        "shorthand_property_identifier" => Some(site.text_of(entry)),
        _ => None,
    };
    let own: Vec<&str> = entries.iter().filter_map(|entry| key(*entry)).collect();
    let mut found: Vec<&str> = Vec::new();
    each(site.source.root(), |node| {
        if !matches!(node.kind(), "dictionary" | "object") || node.id() == site.node.id() || found.len() >= 10 {
            return;
        }
        for entry in named_children(node) {
            let text = site.text_of(entry);
            let new = key(entry).is_some_and(|key| !own.contains(&key)) && !found.contains(&text);
            if new && found.len() < 10 && !text.contains('\n') {
                found.push(text);
            }
        }
    });
    for text in found {
        proposals.insert(last.end_byte(), format!(", {text}"), 0.3);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_values_and_keys() {
        let text = |value: &str| format!("def f(name, mail):\n    return {{'name': name, 'mail': {value}}}\n");
        check_operator(&OPERATOR, "a.py", &text("name"), &text("mail"));
        check_operator(&OPERATOR, "a.py", "a = x['total']\nb = x['totl']\n", "a = x['total']\nb = x['total']\n");
        check_operator(
            &OPERATOR,
            "a.py",
            "a = {'a': 1, 'b': 2}\nb = {'a': 1}\n",
            "a = {'a': 1, 'b': 2}\nb = {'a': 1, 'b': 2}\n",
        );
    }

    #[test]
    fn javascript_values_and_keys() {
        check_operator(&OPERATOR, "a.js", "const f = (id, b) => ({ id });\n", "const f = (id, b) => ({ id: b });\n");
        check_operator(&OPERATOR, "a.ts", "const f = (a, b) => ({ b: a });\n", "const f = (a, b) => ({ b: b });\n");
        check_operator(&OPERATOR, "a.ts", "o = { nme: 1 };\np = o.name;\n", "o = { name: 1 };\np = o.name;\n");
    }

    #[test]
    fn lists_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "a = [b, 'c', d[0]]\n");
    }
}
