//! The wrong number, text, truth value or null.
//!
//! ```text
//! Before: if attempts > 4:           After: if attempts > 3:
//! Before: cache.get('user')          After: cache.get('users')
//! ```
//!
//! "Change numeric literal" and "change string literal" are among the ten most frequent patterns of
//! TSSB-3M (Richter and Wehrheim, MSR 2022).

use super::super::shape::likeness;
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "constant", prior: 0.9, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    match site.role() {
        Some(Role::Number) => number(site, proposals),
        Some(Role::String) => string(site, proposals),
        Some(Role::Boolean) => {
            let [yes, no] = site.source.language.spellings.booleans;
            proposals.replace_node(site.node, if site.text() == yes { no } else { yes }, 0.9);
        }
        Some(Role::Null) => null(site, proposals),
        _ => {}
    }
}

fn number(site: &Site<'_>, proposals: &mut Proposals) {
    let text = site.text();
    for (actual, expected) in &site.ingredients.wanted {
        if actual == text {
            proposals.replace_node(site.node, expected.as_str(), 1.0);
        }
    }
    if let Ok(value) = text.replace('_', "").parse::<i64>() {
        let near = [(value.checked_add(1), 1.0), (value.checked_sub(1), 1.0)];
        let fixed = [
            (Some(0), 0.6),
            (Some(1), 0.6),
            (value.checked_neg(), 0.4),
            (value.checked_add(2), 0.25),
            (value.checked_sub(2), 0.25),
            (value.checked_add(3), 0.15),
            (value.checked_sub(3), 0.15),
            (value.checked_add(5), 0.15),
            (value.checked_sub(5), 0.15),
        ];
        let scaled = [(10, 0.35), (100, 0.35), (1000, 0.3), (2, 0.3), (60, 0.2)];
        let scaled = scaled.into_iter().flat_map(|(factor, weight)| {
            let exact = value != 0 && value % factor == 0;
            [(value.checked_mul(factor), weight), (exact.then(|| value / factor), weight)]
        });
        for (number, weight) in near.into_iter().chain(fixed).chain(scaled) {
            if let Some(number) = number {
                let weight = if is_neutral(site, number) { weight * 0.3 } else { weight };
                proposals.replace_node(site.node, number.to_string(), weight);
            }
        }
    } else if let Ok(value) = text.parse::<f64>() {
        for (number, weight) in [
            (value + 1.0, 0.5),
            (value - 1.0, 0.5),
            (value * 10.0, 0.5),
            (value / 10.0, 0.5),
            (1.0 - value, 0.5),
            (value * 100.0, 0.3),
            (value / 100.0, 0.3),
        ] {
            // Ten significant digits, so that 1 - 0.8 is 0.2.
            let rounded: f64 = format!("{number:.10}").parse().unwrap_or(number);
            proposals.replace_node(site.node, rounded.to_string(), weight);
        }
    }
    for other in site.ingredients.numbers.iter().take(20) {
        proposals.replace_node(site.node, *other, 0.4);
    }
    for name in site.ingredients.names.iter().take(12) {
        proposals.replace_node(site.node, *name, 0.2);
    }
}

/// `+ 0` and `* 1` are how nobody writes what another operator proposes: leaving the number out.
fn is_neutral(site: &Site<'_>, number: i64) -> bool {
    let operator = site.node.parent().and_then(|parent| parent.child_by_field_name("operator"));
    match operator.map(|operator| site.text_of(operator)) {
        Some("+" | "-" | "+=" | "-=") => number == 0,
        Some("*" | "/" | "//" | "**") => number == 1,
        _ => false,
    }
}

fn string(site: &Site<'_>, proposals: &mut Proposals) {
    if is_docstring(site) {
        return;
    }
    let text = site.text();
    for (actual, expected) in &site.ingredients.wanted {
        if let Some((wrong, right)) = difference(unquoted(actual), unquoted(expected)) {
            if !wrong.is_empty() {
                for (at, _) in text.match_indices(wrong).take(3) {
                    let start = site.node.start_byte() + at;
                    proposals.replace(start..start + wrong.len(), right, 1.0);
                }
            } else if unquoted(text) == unquoted(actual) {
                proposals.replace_node(site.node, format!("{}{right}{}", &text[..1], &text[text.len() - 1..]), 0.6);
            }
        }
    }
    for other in &site.ingredients.strings {
        let weight = if likeness(unquoted(text), unquoted(other)) >= 0.5 { 0.8 } else { 0.4 };
        proposals.replace_node(site.node, *other, weight);
    }
    for attribute in site.ingredients.attributes.iter().filter(|a| likeness(unquoted(text), a) >= 0.5).take(5) {
        let quote = &text[..1];
        proposals.replace_node(site.node, format!("{quote}{attribute}{quote}"), 0.5);
    }
}

/// A string that stands as a statement of its own says nothing to the program.
fn is_docstring(site: &Site<'_>) -> bool {
    site.node.parent().is_some_and(|parent| site.role_of(parent) == Some(Role::ExpressionStatement))
}

fn null(site: &Site<'_>, proposals: &mut Proposals) {
    let others: &[&str] = if site.source.language.is_python() {
        &["0", "\"\"", "[]", "{}", "False", "True"]
    } else {
        &["0", "''", "[]", "{}", "false", "null", "undefined"]
    };
    for other in others.iter().filter(|other| **other != site.text()) {
        proposals.replace_node(site.node, *other, 0.3);
    }
}

fn unquoted(text: &str) -> &str {
    let quotes = ['\'', '"', '`'];
    text.strip_prefix(quotes).and_then(|text| text.strip_suffix(quotes)).unwrap_or(text)
}

/// The part in the middle in which two texts differ.
fn difference<'a>(actual: &'a str, expected: &'a str) -> Option<(&'a str, &'a str)> {
    if actual == expected {
        return None;
    }
    let start: usize =
        actual.chars().zip(expected.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (a, b) = (&actual[start..], &expected[start..]);
    let end: usize = a.chars().rev().zip(b.chars().rev()).take_while(|(x, y)| x == y).map(|(x, _)| x.len_utf8()).sum();
    Some((&a[..a.len() - end], &b[..b.len() - end]))
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn numbers_and_flags() {
        check_operator(&OPERATOR, "a.py", "x = 4\n", "x = 3\n");
        check_operator(&OPERATOR, "a.py", "x = 0.8\n", "x = 0.2\n");
        check_operator(&OPERATOR, "a.js", "f(true);\n", "f(false);\n");
        check_operator(&OPERATOR, "a.py", "a = d['user']\nb = 'users'\n", "a = d['users']\nb = 'users'\n");
    }

    #[test]
    fn the_differing_part_is_found() {
        assert_eq!(difference("Total: 5 EUR", "Total: 5 USD"), Some(("EUR", "USD")));
        assert_eq!(difference("a", "a"), None);
    }

    #[test]
    fn docstrings_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "def f():\n    'says'\n\nx = y\n");
    }
}
