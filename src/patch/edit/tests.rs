//! Blocks as models write them, and what they make of files.

mod random;
mod sloppy;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::patch::apply;

fn replace(search: &str, replace: &str) -> EditBlock {
    let change = Change::Replace { search: search.to_owned(), replace: replace.to_owned() };
    EditBlock { file: Some("a.py".to_owned()), definition: None, line: None, change }
}

fn whole(text: &str) -> EditBlock {
    EditBlock { change: Change::Definition { text: text.to_owned() }, ..replace("", "") }
}

fn at(line: u32, block: EditBlock) -> EditBlock {
    EditBlock { line: Some(line), ..block }
}

fn within(definition: &str, block: EditBlock) -> EditBlock {
    EditBlock { definition: Some(definition.to_owned()), ..block }
}

fn of(file: &str, block: EditBlock) -> EditBlock {
    EditBlock { file: Some(file.to_owned()), ..block }
}

/// Places and applies blocks among files that are all shown and tracked.
fn outcome(files: &[(&str, &str)], blocks: &[EditBlock]) -> (BTreeMap<PathBuf, String>, Placed) {
    let paths: Vec<PathBuf> = files.iter().map(|(path, _)| PathBuf::from(path)).collect();
    let read = |path: &Path| files.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| (*text).to_owned());
    let placed = place(blocks, &Files { read: &read, shown: &paths, tracked: &paths });
    let mut after: BTreeMap<PathBuf, String> =
        files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
    if !placed.edits.is_empty() {
        let patch = apply(&placed.edits, &read).unwrap();
        after.extend(patch.files.into_iter().map(|(path, changed)| (path, changed.after)));
    }
    (after, placed)
}

#[track_caller]
fn check_apply(path: &str, before: &str, blocks: &[EditBlock], after: &str) -> Fit {
    let blocks: Vec<EditBlock> = blocks.iter().map(|block| of(path, block.clone())).collect();
    let (files, placed) = outcome(&[(path, before)], &blocks);
    assert_eq!(placed.misfits, [], "{before}");
    assert_eq!(files[Path::new(path)], after);
    placed.fit
}

#[track_caller]
fn check_misfit(path: &str, before: &str, blocks: &[EditBlock], misfit: &str) {
    let blocks: Vec<EditBlock> = blocks.iter().map(|block| of(path, block.clone())).collect();
    let (_, placed) = outcome(&[(path, before)], &blocks);
    let misfits: Vec<String> = placed.misfits.iter().map(|(_, misfit)| misfit.to_string()).collect();
    assert_eq!(misfits, [misfit], "{:?}", placed.edits);
}

const CART: &str = "\
import os


class Cart:
    def total(self, items):
        result = 0
        for item in items:
            result += item.price
        return result

    def count(self, items):
        return len(items)


class Order:
    def total(self, items):
        result = 0
        for item in items:
            result += item.amount
        return result

    def count(self, items):
        return len(items)
";

#[test]
fn exact_lines_apply() {
    let fit = check_apply(
        "a.py",
        "a = 1\nb = 2\nc = 3\n",
        &[replace("b = 2\n", "b = 4\nd = 5\n")],
        "a = 1\nb = 4\nd = 5\nc = 3\n",
    );
    assert_eq!(fit, Fit::Exact);
    check_apply("a.py", "a = 1\r\nb = 2\r\n", &[replace("b = 2", "b = 4\nd = 5")], "a = 1\r\nb = 4\r\nd = 5\r\n");
    check_apply("a.py", "a = 1\nb = 2", &[replace("b = 2\n", "b = 4\nd = 5\n")], "a = 1\nb = 4\nd = 5");
    check_apply("a.py", "a = 1\nb = 2", &[replace("b = 2\n", "")], "a = 1");
    check_apply("a.py", "\u{feff}a = 1\nb = 2", &[replace("a = 1\n", "a = 2\n")], "\u{feff}a = 2\nb = 2");
    check_apply("a.py", "", &[replace("", "a = 1\n")], "a = 1\n");
}

#[test]
fn blanks_and_indentation_are_forgiven() {
    let fit = check_apply(
        "a.py",
        "def f(a):\n    if a:\n        b = 1   \n        return b\n    return 0\n",
        &[replace("if a:\n    b = 1\n    return b\n", "if a:\n    b = 2\n    if b:\n        b = 3\n    return b\n")],
        "def f(a):\n    if a:\n        b = 2\n        if b:\n            b = 3\n        return b\n    return 0\n",
    );
    assert_eq!(fit, Fit::Whitespace);
    check_apply(
        "a.py",
        "def f(a):\n\tif a:\n\t\treturn 1\n\treturn 2\n",
        &[replace("    if a:\n        return 1\n", "    if a:\n        a = 3\n        return 1\n    a = 4\n")],
        "def f(a):\n\tif a:\n\t\ta = 3\n\t\treturn 1\n\ta = 4\n\treturn 2\n",
    );
    check_apply(
        "a.py",
        "a = 1\n\n\nb = 2\n",
        &[replace("\na = 1\n\nb = 2\n\n", "\na = 1\n\nb = 3\n\n")],
        "a = 1\n\n\nb = 3\n",
    );
    // The first line has lost its indentation, the others have not.
    check_apply(
        "a.py",
        "def f(a):\n        b = a\n        return b\n",
        &[replace("b = a\n        return b", "b = a\n        b += 1\n        return b")],
        "def f(a):\n        b = a\n        b += 1\n        return b\n",
    );
    // The text to find is not indented, the new text is.
    check_apply(
        "a.py",
        "def f(a):\n    b = a\n    return b\n",
        &[replace("b = a\nreturn b\n", "    b = a + 1\n    return b\n")],
        "def f(a):\n    b = a + 1\n    return b\n",
    );
}

#[test]
fn characters_that_models_write_otherwise_are_the_file_s() {
    check_apply(
        "a.py",
        "a = 'x'\nb = \"y\"\n",
        &[replace("a = ‘x’\nb = “y”", "a = ‘z’\nb = “y”")],
        "a = 'z'\nb = \"y\"\n",
    );
    check_apply(
        "a.py",
        "a = 'x\u{202e}y'\nb = 1\n",
        &[replace("a = 'x\\u{202e}y'\nb = 1", "a = 'x\\u{202e}y' + c\nb = 2")],
        "a = 'x\u{202e}y' + c\nb = 2\n",
    );
    check_apply(
        "a.js",
        "if (a < b) {\n  c();\n}\n",
        &[replace("if (a &lt; b) {", "if (a &lt;= b) {")],
        "if (a <= b) {\n  c();\n}\n",
    );
    check_apply(
        "a.py",
        "x = f(a,b)  # c\n",
        &[replace("x = f(a, b) # c", "x = f(a, b, 1) # c")],
        "x = f(a, b, 1) # c\n",
    );
}

#[test]
fn numbers_and_signs_in_front_of_all_lines_are_dropped() {
    check_apply("a.py", "a = 1\nb = 2\n", &[replace("1 | a = 1\n2 | b = 2", "1 | a = 1\n2 | b = 3")], "a = 1\nb = 3\n");
    check_apply("a.py", "a = 1\nb = 2\n", &[replace(" a = 1\n-b = 2", " a = 1\n+b = 3")], "a = 1\nb = 3\n");
}

#[test]
fn two_places_are_a_refusal_unless_the_definition_says_which() {
    let count = replace("        return len(items)\n", "        return len(items or [])\n");
    check_misfit(
        "a.py",
        CART,
        std::slice::from_ref(&count),
        "a.py: it fits at lines 12 and 23; add the lines around it",
    );
    check_misfit("a.py", CART, &[at(12, count.clone())], "a.py: it fits at lines 12 and 23; add the lines around it");
    check_misfit(
        "a.py",
        CART,
        &[within("count", count.clone())],
        "a.py: it fits at lines 12 and 23; add the lines around it",
    );
    check_apply(
        "a.py",
        CART,
        &[within("Order.count", count.clone())],
        &CART[..].replacen("len(items)", "\0", 1).replace("len(items)", "len(items or [])").replace('\0', "len(items)"),
    );
    // The other block's line is right, so this one's is believed.
    let other = at(19, replace("            result += item.amount\n", "            result += item.sum\n"));
    let (files, placed) = outcome(&[("a.py", CART)], &[other, at(23, count)]);
    assert_eq!(placed.misfits, []);
    assert!(
        files[Path::new("a.py")].ends_with("return len(items or [])\n")
            && files[Path::new("a.py")].contains("return len(items)\n")
    );
}

#[test]
fn twins_that_differ_in_indentation_are_two_places() {
    let before = "def f(x):\n    return x\n\nclass A:\n    def f(x):\n        return x\n";
    let many = "a.py: it fits at lines 1 and 5; add the lines around it";
    check_misfit("a.py", before, &[replace("def f(x):\n    return x", "def f(x):\n    return 1")], many);
    let inner = replace("    def f(x):\n        return x", "    def f(x):\n        return 1");
    check_misfit("a.py", before, std::slice::from_ref(&inner), many);
    check_apply("a.py", before, &[within("A.f", inner)], &(before[..before.len() - 2].to_owned() + "1\n"));
}

#[test]
fn lines_left_out_stay() {
    let fit = check_apply(
        "a.py",
        CART,
        &[replace(
            "class Order:\n    def total(self, items):\n        # ... existing code ...\n        return result\n",
            "class Order:\n    def total(self, items, tax):\n        # ... existing code ...\n        return result + tax\n",
        )],
        &CART
            .replace("class Order:\n    def total(self, items)", "class Order:\n    def total(self, items, tax)")
            .replace("item.amount\n        return result", "item.amount\n        return result + tax"),
    );
    assert_eq!(fit, Fit::Elided);
    check_misfit(
        "a.py",
        CART,
        &[replace(
            "    def total(self, items):\n    ...\n        return result\n",
            "    def total(self):\n    ...\n        return result\n",
        )],
        "a.py: it fits at lines 9 and 20; add the lines around it",
    );
    let total = replace(
        "    def total(self, items):\n    ...\n        return result\n",
        "    def total(self):\n    ...\n        return result\n",
    );
    check_apply("a.py", CART, &[within("Cart.total", total)], &CART.replacen("total(self, items)", "total(self)", 1));
    check_misfit(
        "a.py",
        CART,
        &[replace("class Order:\n", "class Order:\n    # ... rest of the code\n")],
        "a.py: the new text leaves lines out (`...`) that the text to find does not",
    );
}

#[test]
fn nearly_the_same_lines_apply_inside_the_named_definition() {
    let block = replace(
        "        result = 0\n        for item in items:\n            result += item.amont\n",
        "        result = 1\n        for item in items:\n            result += item.amont\n",
    );
    check_misfit(
        "a.py",
        CART,
        std::slice::from_ref(&block),
        "a.py: it fits at lines 17 and 6; add the lines around it",
    );
    let fit = check_apply(
        "a.py",
        CART,
        &[within("Order.total", block.clone())],
        &CART.replacen("result = 0", "\0", 1).replace("result = 0", "result = 1").replace('\0', "result = 0"),
    );
    assert_eq!(fit, Fit::Fuzzy);
    check_misfit(
        "a.py",
        CART,
        &[within("Cart.total", block)],
        "a.py: nearly the same lines are there, but outside of the definition that is named",
    );
}

#[test]
fn exact_lines_outside_of_a_named_definition_that_has_nearly_the_same_are_a_refusal() {
    let block = replace("            result += item.amount\n", "            result += item.sum\n");
    check_apply("a.py", CART, std::slice::from_ref(&block), &CART.replace("amount", "sum"));
    check_apply("a.py", CART, &[within("Order", block.clone())], &CART.replace("amount", "sum"));
    check_apply("a.py", CART, &[within("Cart.count", block)], &CART.replace("amount", "sum"));
}

#[test]
fn fragments_of_lines_apply_where_they_are_once_and_whole() {
    check_apply(
        "a.py",
        CART,
        &[replace("result += item.price", "result += item.cost")],
        &CART.replace("price", "cost"),
    );
    check_apply("a.py", "x = f(a + b, c)\n", &[replace("a + b", "a - b")], "x = f(a - b, c)\n");
    check_misfit(
        "a.py",
        "x = 10\n",
        &[replace("x = 1", "x = 2")],
        "a.py: these lines are not there: x = 1; the nearest are lines 1…: x = 10",
    );
    check_misfit(
        "a.py",
        "if a: return a\n",
        &[replace("return a", "a = 1\nreturn a")],
        "a.py: the text to find is a part of a line only; write whole lines",
    );
    // A comment holds the same words as the line.
    check_apply(
        "a.py",
        "# b = a + 1 is wrong\nb = a + 1\n",
        &[replace("b = a + 1", "b = a + 2")],
        "# b = a + 1 is wrong\nb = a + 2\n",
    );
}

#[test]
fn whole_definitions_take_the_place_of_their_namesakes() {
    let before = "import os\n\n@cache\ndef f(a):\n    return a\n\nclass A:\n    @property\n    def g(self):\n        return 1  \n";
    check_apply(
        "a.py",
        before,
        &[whole("def f(a):\n    return a + 1\n")],
        &before.replace("return a\n", "return a + 1\n"),
    );
    check_apply("a.py", before, &[whole("@lru\ndef f(a):\n    return a\n")], &before.replace("@cache", "@lru"));
    check_apply(
        "a.py",
        before,
        &[within("A.g", whole("def g(self):\n    x = 2\n    return 1\n"))],
        &before.replace("        return 1", "        x = 2\n        return 1"),
    );
    check_apply(
        "a.py",
        before,
        &[whole("def f(a):\n    return 2\n\n\ndef g(self):\n    return 3\n")],
        &before.replace("return a\n", "return 2\n").replace("return 1  ", "return 3"),
    );
    check_misfit("a.py", before, &[whole("def h(a):\n    return 2\n")], "a.py: 0 definitions are called h");
    check_misfit(
        "a.py",
        CART,
        &[whole("def count(self, items):\n    return 0\n")],
        "a.py: 2 definitions are called count",
    );
    check_misfit(
        "a.py",
        before,
        &[whole("def f(a):\n    # ... rest of the code\n    return 2\n")],
        "a.py: the definition leaves lines out; write it whole",
    );
    let script =
        "export const sum = (a, b) => {\n  return a - b;\n};\n\nclass A {\n  run(x) {\n    return x;\n  }\n}\n";
    check_apply(
        "a.js",
        script,
        &[whole("const sum = (a, b) => {\n  return a + b;\n};\n")],
        &script.replace("a - b", "a + b"),
    );
    check_apply(
        "a.ts",
        script,
        &[whole("export function sum(a, b) {\n  return a + b;\n}\n")],
        &script.replace(
            "export const sum = (a, b) => {\n  return a - b;\n};",
            "export function sum(a, b) {\n  return a + b;\n}",
        ),
    );
    check_apply(
        "a.js",
        script,
        &[whole("run(x) {\n  return x + 1;\n}\n")],
        &script.replace("return x;", "return x + 1;"),
    );
}

#[test]
fn blocks_apply_to_the_file_as_it_is_and_else_one_after_the_other() {
    check_apply("a.py", "a = 1\nb = 2\n", &[replace("a = 1", "a = 3"), replace("b = 2", "b = 4")], "a = 3\nb = 4\n");
    check_apply(
        "a.py",
        "a = 1\nb = 2\n",
        &[replace("a = 1", "a = 3"), replace("a = 3\nb = 2", "a = 3\nb = 4")],
        "a = 3\nb = 4\n",
    );
    check_apply("a.py", "a = 1\nb = 2\n", &[replace("a = 1", "a = 3"), replace("a = 1", "a = 3")], "a = 3\nb = 2\n");
    check_misfit(
        "a.py",
        "a = 1\nb = 2\n",
        &[replace("a = 1", "a = 3"), replace("a = 1", "a = 4")],
        "a.py: it overlaps with another edit at line 1",
    );
    check_misfit("a.py", "a = 1\nb = 2\n", &[replace("a = 1", "a = 1")], "a.py: it changes nothing");
    check_misfit(
        "a.py",
        "a = 1\nb = 2\n",
        &[replace("", "a = 1")],
        "a.py: the text to find is empty, but the file is not",
    );
}

#[test]
fn the_file_is_a_hint() {
    let files = [("src/a.py", "a = 1\nc = 3\n"), ("src/b.py", "b = 2\nc = 3\n")];
    let check = |file: Option<&str>, block: EditBlock, expected: Result<&str, &str>| {
        let block = EditBlock { file: file.map(str::to_owned), ..block };
        let (after, placed) = outcome(&files, std::slice::from_ref(&block));
        match expected {
            Ok(path) => {
                assert_eq!(placed.misfits, [], "{block:?}");
                assert_ne!(after[Path::new(path)], files.iter().find(|(name, _)| *name == path).unwrap().1);
            }
            Err(misfit) => assert_eq!(placed.misfits[0].1.to_string(), misfit),
        }
    };
    let b = replace("b = 2", "b = 4");
    for name in [Some("b.py"), Some("repo/src/b.py"), Some("lib/other.py"), Some("src/a.py"), Some(""), None] {
        check(name, b.clone(), Ok("src/b.py"));
    }
    let c = replace("c = 3", "c = 4");
    check(Some("src/a.py"), c.clone(), Ok("src/a.py"));
    check(None, c.clone(), Err("it fits in src/a.py and in src/b.py; name the file"));
    check(Some("x.py"), c, Err("it fits in src/a.py and in src/b.py; name the file"));
    check(Some("x.py"), replace("d = 3", "d = 4"), Err("there is no file x.py"));
}

#[test]
fn a_name_of_another_file_that_has_nearly_the_same_lines_is_a_refusal() {
    let files = [
        ("a.py", "def f(x):\n    y = load(x)\n    return merge(y, 1)\n"),
        ("b.py", "def f(x):\n    y = load(x)\n    return merge(y, 2)\n"),
    ];
    let block = replace("    y = load(x)\n    return merge(y, 2)\n", "    y = load(x)\n    return merge(y, 3)\n");
    let (_, placed) = outcome(&files, &[of("a.py", block.clone())]);
    let why = "these lines are nearly in the file that is named, and exactly in another one";
    assert_eq!(placed.misfits, [(0, Misfit::Unclear { file: "a.py".into(), why })]);
    let (after, placed) = outcome(&files, &[of("wrong/c.py", block)]);
    assert_eq!((placed.misfits.len(), after[Path::new("b.py")].contains("merge(y, 3)")), (0, true));
}

#[test]
fn mixed_line_ends_stay_as_they_are() {
    let before = "a = 1\r\nb = 2\nc = 3\r\nd = 4\n";
    check_apply("a.py", before, &[replace("b = 2\nc = 3\n", "b = 5\nc = 6\n")], "a = 1\r\nb = 5\nc = 6\r\nd = 4\n");
}

#[test]
fn blanks_at_line_ends_change_only_when_nothing_else_does() {
    check_apply("a.py", "a = 1  \nb = 2\n", &[replace("a = 1  \nb = 2", "a = 1\nb = 2")], "a = 1\nb = 2\n");
    check_apply("a.py", "a = 1  \nb = 2\n", &[replace("a = 1\nb = 2", "a = 1\nb = 3  ")], "a = 1  \nb = 3\n");
}

#[test]
fn large_files_are_searched_in_linear_time() {
    let before: String = (0..50_000).map(|row| format!("value_{} = compute({})\n", row % 500, row % 700)).collect();
    let mut lines: Vec<&str> = before.lines().collect();
    lines[25_000] = "the_only = 1";
    let before = lines.join("\n");
    let wanted = lines[24_000..25_500].join("\n");
    check_apply(
        "a.py",
        &before,
        &[replace(&wanted, &wanted.replace("the_only = 1", "the_only = 2"))],
        &before.replace("the_only = 1", "the_only = 2"),
    );
}
