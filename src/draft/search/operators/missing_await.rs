//! A promise or coroutine taken for its result.
//!
//! ```text
//! Before: const user = load(id)            After: const user = await load(id)
//! Before: ids.map((id) => load(id))        After: await Promise.all(ids.map((id) => load(id)))
//! ```
//!
//! Async misuse is a fault class of the paper's evaluation.

use super::super::shape::{is_in_async_function, is_value};
use super::{Operator, Proposals, Site};
use crate::code::Role;

pub(super) static OPERATOR: Operator = Operator { name: "missing-await", prior: 0.9, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    match site.role() {
        Some(Role::Await) => {
            if let Some(awaited) = site.node.named_child(0) {
                proposals.replace_node(site.node, site.text_of(awaited), 0.4);
            }
        }
        Some(Role::Call) if is_in_async_function(site) => call(site, proposals),
        Some(Role::Identifier | Role::Attribute) if is_in_async_function(site) && is_value(site, site.node) => {
            let parent = site.node.parent().and_then(|parent| site.role_of(parent));
            if matches!(parent, Some(Role::Return | Role::Assignment | Role::Binary | Role::Arguments)) {
                proposals.insert(site.node.start_byte(), "await ", 0.3);
            }
        }
        _ => {}
    }
}

fn call(site: &Site<'_>, proposals: &mut Proposals) {
    let parent = site.node.parent();
    if parent.is_some_and(|parent| site.role_of(parent) == Some(Role::Await)) {
        return;
    }
    let text = site.text();
    let is_object =
        parent.is_some_and(|parent| matches!(site.role_of(parent), Some(Role::Attribute | Role::Subscript)));
    let awaited = if is_object { format!("(await {text})") } else { format!("await {text}") };
    proposals.replace_node(site.node, awaited, 1.0);
    let callee = site.field("function").map_or("", |function| site.text_of(function));
    if site.source.language.is_python() {
        proposals.replace_node(site.node, format!("await asyncio.gather(*{text})"), 0.2);
    } else if callee.ends_with(".map") {
        proposals.replace_node(site.node, format!("await Promise.all({text})"), 1.0);
        if is_object {
            proposals.replace_node(site.node, format!("(await Promise.all({text}))"), 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn calls_in_async_functions_are_awaited() {
        check_operator(&OPERATOR, "a.py", "async def f():\n    x = g()\n", "async def f():\n    x = await g()\n");
        check_operator(
            &OPERATOR,
            "a.ts",
            "const f = async () => g().length;\n",
            "const f = async () => (await g()).length;\n",
        );
    }

    #[test]
    fn plain_functions_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.py", "def f():\n    x = g()\n");
    }
}
