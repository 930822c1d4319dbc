//! A promise or coroutine used as if it were its result.
//!
//! ```text
//! Before: const user = load(id);        After: const user = await load(id);
//! Before: body = fetch(url).text        After: body = (await fetch(url)).text
//! ```
//!
//! "Add function around expression" and "wrap in keyword" cover it in TSSB-3M (Richter and
//! Wehrheim, MSR 2022).

use tree_sitter::Node;

use super::statement_layout::{function_around, is_operand};
use super::{Operator, Proposals, Site};
use crate::code::Role;
use crate::code::source::named_children;
use crate::draft::search::ingredients::attribute_name;

pub(super) static OPERATOR: Operator = Operator { name: "missing-await", prior: 0.7, propose };

fn propose(site: &Site<'_>, proposals: &mut Proposals) {
    let role = site.role();
    let with = site.node.kind() == "with_statement" && site.source.language.is_python();
    if !matches!(role, Some(Role::Call | Role::Identifier | Role::Attribute | Role::Await | Role::Loop)) && !with {
        return;
    }
    if !function_around(site, site.node).is_some_and(is_async) {
        return;
    }
    let awaited = site.node.parent().is_some_and(|parent| site.role_of(parent) == Some(Role::Await));
    match role {
        Some(Role::Await) => {
            if let Some(value) = site.node.named_child(0) {
                proposals.replace_node(site.node, site.text_of(value), 0.5);
            }
        }
        Some(Role::Call) if site.node.kind() != "new_expression" => call(site, awaited, proposals),
        Some(Role::Identifier | Role::Attribute) if !awaited && is_operand(site, site.node) => {
            let parent = site.node.parent().and_then(|parent| site.role_of(parent));
            if matches!(parent, Some(Role::Assignment | Role::Return)) {
                proposals.insert(site.node.start_byte(), "await ", 0.5);
            }
        }
        Some(Role::Loop) | None => each_asynchronously(site, proposals),
        _ => {}
    }
}

/// Whether a function is marked `async`.
fn is_async(function: Node<'_>) -> bool {
    let mut cursor = function.walk();
    function.children(&mut cursor).any(|child| child.kind() == "async")
}

fn call(site: &Site<'_>, awaited: bool, proposals: &mut Proposals) {
    let text = site.text();
    let function = site.field("function");
    let arguments = site.field("arguments").map(named_children).unwrap_or_default();
    let method = function.and_then(attribute_name).map(|name| site.text_of(name));
    if method == Some("map") && arguments.first().is_some_and(|first| is_async(*first)) {
        let all = format!("Promise.all({text})");
        proposals.replace_node(site.node, if awaited { all } else { format!("await {all}") }, 1.0);
    }
    if awaited {
        return;
    }
    if let (Some("create_task" | "ensure_future"), [only]) = (method, arguments.as_slice()) {
        proposals.replace_node(site.node, format!("await {}", site.text_of(*only)), 1.0);
    }
    let Some(parent) = site.node.parent() else { return };
    let is = |field: &str| parent.child_by_field_name(field).is_some_and(|child| child.id() == site.node.id());
    let looked_into = match site.role_of(parent) {
        Some(Role::Attribute) => true,
        Some(Role::Subscript) => is("value") || is("object"),
        Some(Role::Call) => is("function"),
        _ => false,
    };
    let callee = function.map_or("", |function| site.text_of(function));
    let builtin =
        site.source.language.builtins.contains(&callee) || matches!(callee, "print" | "range" | "console.log");
    let weight = if builtin { 0.1 } else { 1.0 };
    let value = if looked_into { format!("(await {text})") } else { format!("await {text}") };
    proposals.replace_node(site.node, value, weight);
}

/// `for x in xs` → `async for x in xs`, `with` likewise; JavaScript's `for await (… of …)`.
fn each_asynchronously(site: &Site<'_>, proposals: &mut Proposals) {
    if is_async(site.node) {
        return;
    }
    if site.source.language.is_python() {
        proposals.insert(site.node.start_byte(), "async ", 0.3);
    } else if site.field("operator").is_some_and(|operator| operator.kind() == "of")
        && site.text().strip_prefix("for").is_some_and(|rest| rest.trim_start().starts_with('('))
    {
        proposals.insert(site.node.start_byte() + "for".len(), " await", 0.3);
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_not_applicable, check_operator};
    use super::*;

    #[test]
    fn python_coroutines() {
        check_operator(&OPERATOR, "a.py", "async def f():\n    x = g()\n", "async def f():\n    x = await g()\n");
        check_operator(&OPERATOR, "a.py", "async def f():\n    x = g().y\n", "async def f():\n    x = (await g()).y\n");
        check_operator(
            &OPERATOR,
            "a.py",
            "async def f():\n    asyncio.create_task(g())\n",
            "async def f():\n    await g()\n",
        );
    }

    #[test]
    fn javascript_promises() {
        let map = "const f = async () => { const y = xs.map(async (x) => x); };\n";
        let all = "const f = async () => { const y = await Promise.all(xs.map(async (x) => x)); };\n";
        check_operator(&OPERATOR, "a.js", map, all);
        check_operator(
            &OPERATOR,
            "a.ts",
            "async function f() { return g(); }\n",
            "async function f() { return await g(); }\n",
        );
        check_operator(
            &OPERATOR,
            "a.ts",
            "async function f() { return await g(); }\n",
            "async function f() { return g(); }\n",
        );
    }

    #[test]
    fn functions_that_are_not_async_are_left_alone() {
        check_not_applicable(&OPERATOR, "a.js", "function f() { return g(); }\n");
    }
}
