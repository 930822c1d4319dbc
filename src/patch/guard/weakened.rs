//! The rule on tests: where a test may be changed at all, it tests no less than before.
//!
//! In: a changed file. Out: nothing, or what is missing or new: tests that the runner collects, assertions, skips,
//! assertions that can't fail or ask less, exceptions that are swallowed, early returns; in any file, words that
//! silence a checker.

use tree_sitter::Node;

use super::GuardError;
use super::change::Change;
use crate::code::SourceFile;
use crate::code::source::{named_children, preorder};
use crate::diagnosis::is_test_file;

/// Names that define a test in JavaScript's runners.
const TESTS: &[&str] = &["test", "it", "specify"];

/// How a line begins that may define a test: the cheap question before the tree is asked.
const TEST_STARTS: &[&str] = &["def test", "async def test", "test(", "it(", "specify("];

/// What leaves tests out, as a whole dotted name or at the end of one.
const SKIPS: &[&str] = &[
    "skip",
    "skipIf",
    "skipif",
    "skipUnless",
    "skipTest",
    "xfail",
    "expectedFailure",
    "only",
    "todo",
    "fails",
    "failing",
    "runIf",
    "importorskip",
    "exit",
    "xit",
    "xdescribe",
    "xtest",
    "xcontext",
    "fit",
    "fdescribe",
    "SkipTest",
    "__test__",
    "collect_ignore",
];

/// Comments that silence a checker, without blanks and in small letters.
const SILENCERS: &[&str] = &[
    "#noqa",
    "#flake8:noqa",
    "#ruff:noqa",
    "#type:ignore",
    "#pyright:",
    "#mypy:",
    "#pylint:disable",
    "#pragma:nocover",
    "#nosec",
    "#fmt:off",
    "#fmt:skip",
    "#isort:skip",
    "@ts-ignore",
    "@ts-nocheck",
    "@ts-expect-error",
    "eslint-disable",
    "istanbulignore",
    "c8ignore",
    "v8ignore",
    "biome-ignore",
    "prettier-ignore",
    "tslint:disable",
    "deno-lint-ignore",
    "oxlint-disable",
];

/// Assertions that say just a little of a value: that it is there, or that it is no nothing.
const WEAK: &[&str] = &[
    "toBeDefined",
    "toBeTruthy",
    "toBeFalsy",
    "toBeUndefined",
    "toBeInstanceOf",
    "toHaveProperty",
    "assertIsNotNone",
    "assertTrue",
    "assertFalse",
    "assertIsInstance",
    "assertNotEqual",
    "assertIsNot",
    "assertNotIn",
    "notEqual",
    "notStrictEqual",
    "notDeepEqual",
    "notDeepStrictEqual",
    "doesNotThrow",
    "ok",
    "truthy",
    "falsy",
    "assert",
    "isDefined",
    "isOk",
    "exists",
    "anything",
    "any",
];

/// How much a file tests.
#[derive(Debug, Default, PartialEq, Eq)]
struct Strength {
    tests: usize,
    assertions: usize,
    /// Assertions that compare with a value.
    exact: usize,
    skips: usize,
    tautologies: usize,
    swallowed: usize,
    returns: usize,
}

/// Refuses a test file that would test less.
pub(super) fn check(change: &Change<'_>) -> Result<(), GuardError> {
    if let Some(silencer) = new_silencer(change) {
        let what = format!("a checker would be silenced ({silencer})");
        return Err(GuardError::Weakened { file: change.file.to_owned(), what });
    }
    if !is_test_file(change.file) {
        return tests_stay(change);
    }
    let what = match change.trees() {
        Some((before, after)) => loss(&strength(before), &strength(after)),
        None => None,
    };
    let says_something =
        |source: &SourceFile| named_children(source.root()).iter().any(|node| node.kind() != "comment");
    let emptied = match change.trees() {
        Some((before, after)) => says_something(before) && !says_something(after),
        None => !change.text.before.trim().is_empty() && change.text.after.trim().is_empty(),
    };
    match what.or_else(|| emptied.then(|| "it would be empty".to_owned())) {
        Some(what) => Err(GuardError::Weakened { file: change.file.to_owned(), what }),
        None => Ok(()),
    }
}

/// A word that silences a checker more often than before.
fn new_silencer(change: &Change<'_>) -> Option<&'static str> {
    let plain = |line: &str| line.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    // New lines first: the whole texts are only counted where one of them holds such a word.
    let added: Vec<String> = change.added.lines().map(plain).collect();
    let count =
        |text: &str, silencer: &str| text.lines().map(|line| plain(line).matches(silencer).count()).sum::<usize>();
    let text = change.text;
    let mut marked = SILENCERS.iter().copied().filter(|silencer| added.iter().any(|line| line.contains(silencer)));
    marked.find(|silencer| count(&text.after, silencer) > count(&text.before, silencer))
}

/// Refuses that the last tests of a file go, whatever the file is called.
fn tests_stay(change: &Change<'_>) -> Result<(), GuardError> {
    let looks_like_tests =
        |text: &str| text.lines().any(|line| TEST_STARTS.iter().any(|s| line.trim_start().starts_with(s)));
    if !looks_like_tests(&change.text.before) || looks_like_tests(&change.text.after) {
        return Ok(());
    }
    let tests = |source| strength(source).tests;
    match change.trees().map(|(before, after)| (tests(before), tests(after))) {
        Some((was, 0)) if was > 0 => {
            Err(GuardError::Weakened { file: change.file.to_owned(), what: format!("0 tests instead of {was}") })
        }
        _ => Ok(()),
    }
}

fn loss(before: &Strength, after: &Strength) -> Option<String> {
    let fewer = [(before.tests, after.tests, "tests"), (before.assertions, after.assertions, "assertions")];
    let more = [
        (before.skips, after.skips, "a test would be left out"),
        (before.tautologies, after.tautologies, "an assertion could not fail"),
        (before.swallowed, after.swallowed, "an exception would be swallowed"),
        (before.returns, after.returns, "a test would return early"),
    ];
    let lost =
        fewer.iter().find(|(was, is, _)| is < was).map(|(was, is, what)| format!("{is} {what} instead of {was}"));
    let lost = lost.or_else(|| more.iter().find(|(was, is, _)| is > was).map(|(.., what)| (*what).to_owned()));
    let (was, is) = (before.exact, after.exact);
    lost.or_else(|| (is < was).then(|| format!("{is} comparisons with a value instead of {was}")))
}

fn strength(source: &SourceFile) -> Strength {
    let mut strength = Strength::default();
    for node in preorder(source.root()) {
        match node.kind() {
            "function_definition" => strength.tests += usize::from(is_collected(source, node)),
            "assert_statement" => {
                strength.assertions += 1;
                let asserted = named_children(node).into_iter().next();
                strength.exact += usize::from(asserted.is_some_and(|asserted| compares(source, asserted)));
                strength.tautologies += usize::from(asserted.is_some_and(|asserted| is_always_true(source, asserted)));
            }
            "call" | "call_expression" => strength.count_call(source, node),
            "identifier" | "property_identifier" | "shorthand_property_identifier" => {
                strength.skips += usize::from(is_skip(source, node));
            }
            "except_clause" | "catch_clause" => strength.swallowed += usize::from(swallows(source, node)),
            "return_statement" => strength.returns += usize::from(is_in_test(source, node)),
            _ => {}
        }
    }
    strength
}

impl Strength {
    fn count_call(&mut self, source: &SourceFile, node: Node<'_>) {
        let Some(callee) = node.child_by_field_name("function") else { return };
        let callee: String = source.text_of(callee).split_whitespace().collect();
        let chained = callee.contains('(');
        let callee = callee.split('(').next().unwrap_or("");
        let (first, last) = (callee.split('.').next().unwrap_or(""), callee.rsplit('.').next().unwrap_or(""));
        let arguments = node.child_by_field_name("arguments").map(named_children).unwrap_or_default();
        if node.kind() == "call_expression" {
            let has_name = arguments.first().is_some_and(|name| matches!(name.kind(), "string" | "template_string"));
            self.tests += usize::from(TESTS.contains(&first) && has_name);
        }
        let asserts = !chained
            && (first == "assert"
                || last.starts_with("assert")
                || callee == "expect"
                || callee == "should"
                || ["pytest.raises", "pytest.warns", "pytest.fail", "self.fail"].contains(&callee)
                || (["t", "context", "ctx"].contains(&first) && is_assertion_of_a_context(last)));
        if asserts {
            self.assertions += 1;
            self.tautologies += usize::from(callee != "expect" && is_tautology(source, &arguments));
            self.exact += usize::from(callee != "expect" && is_exact(source, last, &arguments));
        }
        let matcher = node.child_by_field_name("function").and_then(|callee| callee.child_by_field_name("property"));
        let matcher = matcher.map_or("", |matcher| source.text_of(matcher));
        let whole: String = source.text_of(node).split_whitespace().collect();
        if chained && whole.starts_with("expect(") && matcher.starts_with("to") && !whole.contains(").not.") {
            self.exact += usize::from(is_exact(source, matcher, &arguments));
        }
        let compared = source.text_of(node);
        if node.kind() == "call_expression" && compared.starts_with("expect(") && chained {
            let subject = preorder(node).filter(|inner| {
                inner.kind() == "call_expression"
                    && inner.child_by_field_name("function").is_some_and(|f| source.text_of(f) == "expect")
            });
            let mut sides: Vec<Node<'_>> = subject
                .take(1)
                .flat_map(|inner| inner.child_by_field_name("arguments").map(named_children).unwrap_or_default())
                .collect();
            sides.extend(arguments);
            self.tautologies += usize::from(sides.len() <= 2 && is_tautology(source, &sides));
        }
        self.swallowed += usize::from(callee == "contextlib.suppress" || callee == "suppress");
    }
}

/// Whether an assertion of this name pins a value down; `ok(a === 1)` does.
fn is_exact(source: &SourceFile, name: &str, arguments: &[Node<'_>]) -> bool {
    let says_little = WEAK.contains(&name);
    let any = |node: &Node<'_>| source.text_of(*node).starts_with("expect.any");
    match arguments.first() {
        Some(first) if says_little => compares(source, *first),
        _ => !says_little && !arguments.iter().any(any),
    }
}

/// Whether a condition compares with a value: `==` and its kin, `in`, an order; not with `None`, and not unequal.
fn compares(source: &SourceFile, node: Node<'_>) -> bool {
    preorder(node).any(|inner| {
        if !matches!(inner.kind(), "comparison_operator" | "binary_expression") {
            return false;
        }
        let mut cursor = inner.walk();
        let parts: Vec<Node<'_>> = inner.children(&mut cursor).collect();
        let nothing = |part: &&Node<'_>| matches!(part.kind(), "none" | "null" | "undefined");
        let operators = ["==", "===", "in", "<", ">", "<=", ">=", "is"];
        parts.iter().any(|part| operators.contains(&source.text_of(*part))) && !parts.iter().any(|part| nothing(&part))
    })
}

/// Whether a Python runner collects a function: by its name, and in a class only where the class is one of tests.
fn is_collected(source: &SourceFile, node: Node<'_>) -> bool {
    if !name_of(source, node).starts_with("test") {
        return false;
    }
    let mut current = node.parent();
    while let Some(around) = current {
        match around.kind() {
            "class_definition" => {
                let bases = around.child_by_field_name("superclasses").map_or("", |bases| source.text_of(bases));
                return name_of(source, around).starts_with("Test") || bases.contains("Test");
            }
            // A function within a function is called, not collected.
            "function_definition" => return false,
            _ => current = around.parent(),
        }
    }
    true
}

fn is_assertion_of_a_context(name: &str) -> bool {
    ["is", "not", "equal", "deepEqual", "true", "false", "truthy", "falsy", "throws", "same", "ok", "like", "rejects"]
        .contains(&name)
}

/// Both sides are the same text, or the only side is always true.
fn is_tautology(source: &SourceFile, arguments: &[Node<'_>]) -> bool {
    match arguments {
        [first, second, ..] if source.text_of(*first) == source.text_of(*second) => true,
        [only] => is_always_true(source, *only),
        [first, message] if message.kind() == "string" => is_always_true(source, *first),
        _ => false,
    }
}

fn is_always_true(source: &SourceFile, node: Node<'_>) -> bool {
    match node.kind() {
        "true" => true,
        "integer" | "number" => source.text_of(node) != "0",
        "string" => node.named_child_count() > 0,
        "parenthesized_expression" => named_children(node).into_iter().any(|inner| is_always_true(source, inner)),
        // `assert (x, "message")`
        "tuple" => node.named_child_count() > 0,
        "not_operator" => source.text_of(node) == "not False",
        "comparison_operator" | "binary_expression" | "boolean_operator" => {
            let sides = named_children(node);
            let either = ["or", "||"]
                .iter()
                .any(|or| node.child_by_field_name("operator").is_some_and(|operator| source.text_of(operator) == *or));
            let same = !either && sides.len() == 2 && source.text_of(sides[0]) == source.text_of(sides[1]);
            same || either && sides.into_iter().any(|side| is_always_true(source, side))
        }
        _ => false,
    }
}

fn is_skip(source: &SourceFile, node: Node<'_>) -> bool {
    let name = source.text_of(node);
    if !SKIPS.contains(&name) {
        return false;
    }
    // `sys.exit` in a test's last lines and a fixture of that name are no skip.
    let parent = node.parent().map_or("", |parent| source.text_of(parent));
    match name {
        "exit" => parent.starts_with("pytest."),
        "fails" | "only" | "todo" | "skip" | "failing" => node.parent().is_some_and(|parent| {
            matches!(parent.kind(), "attribute" | "member_expression" | "pair" | "call" | "decorator")
        }),
        _ => true,
    }
}

/// A handler that does nothing with what it caught.
fn swallows(source: &SourceFile, node: Node<'_>) -> bool {
    let body = named_children(node).into_iter().find(|child| matches!(child.kind(), "block" | "statement_block"));
    body.is_some_and(|body| {
        named_children(body).into_iter().all(|statement| {
            matches!(statement.kind(), "pass_statement" | "return_statement" | "continue_statement" | "empty_statement")
                || source.text_of(statement) == "..."
        })
    })
}

fn name_of<'a>(source: &'a SourceFile, node: Node<'_>) -> &'a str {
    node.child_by_field_name("name").map_or("", |name| source.text_of(name))
}

/// Whether the function around it is a test.
fn is_in_test(source: &SourceFile, node: Node<'_>) -> bool {
    let mut current = node.parent();
    while let Some(around) = current {
        match around.kind() {
            "function_definition" => return name_of(source, around).starts_with("test"),
            "arrow_function" | "function_expression" => {
                let call = around.parent().and_then(|arguments| arguments.parent());
                let callee = call.and_then(|call| call.child_by_field_name("function"));
                let first = callee.and_then(|callee| source.text_of(callee).split(['.', '(']).next());
                return first.is_some_and(|first| TESTS.contains(&first));
            }
            _ => current = around.parent(),
        }
    }
    false
}
