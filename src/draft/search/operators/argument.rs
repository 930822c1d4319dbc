//! Arguments in the wrong order, one too many, one missing.
//!
//! ```text
//! Before: divide(total, count)             After: divide(count, total)
//! Before: render(page)                     After: render(page, user)
//! ```
//!
//! "More specific arguments" and "swap arguments" of TSSB-3M (Richter and Wehrheim, MSR 2022) and of
//! ManySStuBs4J (Karampatsis and Sutton, MSR 2020).

use super::super::shape::other_names;
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;

pub(super) static OPERATOR: Operator = Operator { name: "argument", prior: 0.8, propose };

/// How many names are tried as a further argument.
const NAMES: usize = 12;

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    if site.role() != Some(Role::Arguments) {
        return;
    }
    let arguments = named_children(site.node);
    for pair in arguments.windows(2) {
        let (a, b) = (site.text_of(pair[0]), site.text_of(pair[1]));
        let between = &site.source.text[pair[0].end_byte()..pair[1].start_byte()];
        proposals.replace(pair[0].start_byte()..pair[1].end_byte(), format!("{b}{between}{a}"), 1.0);
    }
    for (index, argument) in arguments.iter().enumerate() {
        let span = match (index.checked_sub(1).and_then(|before| arguments.get(before)), arguments.get(index + 1)) {
            (Some(before), _) => before.end_byte()..argument.end_byte(),
            (None, Some(after)) => argument.start_byte()..after.start_byte(),
            (None, None) => argument.byte_range(),
        };
        proposals.replace(span, "", 0.5);
    }
    let (first, last) = (site.node.start_byte() + 1, site.node.end_byte() - 1);
    let (before, after) = if arguments.is_empty() { ("", "") } else { (", ", ", ") };
    for (rank, name) in other_names(site, "").take(NAMES).enumerate() {
        let weight = (0.6 - 0.04 * rank as f64).max(0.1);
        let at = arguments.last().map_or(last, |argument| argument.end_byte());
        proposals.insert(at, format!("{before}{name}"), weight);
        proposals.insert(first, format!("{name}{after}"), weight * 0.4);
        if site.ingredients.keywords.contains(&name) {
            proposals.insert(at, format!("{before}{name}={name}"), 0.7);
        }
    }
    if site.source.language.is_python() {
        let at = arguments.last().map_or(last, |argument| argument.end_byte());
        for keyword in site.ingredients.keywords.iter().take(8) {
            for value in ["True", "False"] {
                proposals.insert(at, format!("{before}{keyword}={value}"), 0.3);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn arguments_swap_go_and_come() {
        check_operator(&OPERATOR, "a.py", "f(a, b)\n", "f(b, a)\n");
        check_operator(&OPERATOR, "a.js", "f(a, b);\n", "f(a);\n");
        check_operator(&OPERATOR, "a.py", "x = 1\nf()\n", "x = 1\nf(x)\n");
    }

    #[test]
    fn without_a_call_nothing_is_proposed() {
        check_not_applicable(&OPERATOR, "a.py", "a = b + c\n");
    }
}
