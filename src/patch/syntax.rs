//! Rung 2 of the ladder as far as the syntax tree shows: the first new fault, in words that can be acted on.
//!
//! In: a file before and after. Out: where it does not parse that parsed before, or nothing. What was broken before
//! may stay broken: only more faults than before count.

use std::path::Path;

use tree_sitter::Node;

use crate::code::source::{SourceFile, preorder};
use crate::code::{ParseError, early_errors};

/// Characters of a line that a message shows.
const SHOWN: usize = 80;

/// Where a text does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxFault {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there and the text of the line, e.g. "missing `)` in `f(1`".
    pub message: String,
}

/// The first fault of `after` that `before` does not have, with what only compilers refuse
/// ([`early_errors`]); nothing for a file that no grammar knows.
pub fn first_fault(file: &Path, before: &str, after: &str) -> Option<SyntaxFault> {
    new_fault(file, before, after, &faults).ok().flatten()
}

/// The first new fault of the tree alone; an error for a file that can't be parsed at all. It is what every candidate
/// of a search can afford.
pub(super) fn first_tree_fault(file: &Path, before: &str, after: &str) -> Result<Option<SyntaxFault>, ParseError> {
    new_fault(file, before, after, &tree_faults)
}

fn new_fault(
    file: &Path,
    before: &str,
    after: &str,
    faults: &dyn Fn(&SourceFile) -> Vec<SyntaxFault>,
) -> Result<Option<SyntaxFault>, ParseError> {
    let found = faults(&SourceFile::parse(file, after.to_owned())?);
    if found.is_empty() {
        return Ok(None);
    }
    let known = faults(&SourceFile::parse(file, before.to_owned())?);
    if found.len() <= known.len() {
        return Ok(None);
    }
    // The same message at the same line's text was there before.
    let mut known: Vec<String> = known.into_iter().map(|fault| fault.message).collect();
    let new = found.into_iter().find(|fault| match known.iter().position(|message| *message == fault.message) {
        Some(index) => {
            known.swap_remove(index);
            false
        }
        None => true,
    });
    Ok(new)
}

/// Every fault of a parsed file, in order.
fn faults(source: &SourceFile) -> Vec<SyntaxFault> {
    let mut faults = tree_faults(source);
    for (line, what) in early_errors::of(source) {
        faults.push(SyntaxFault { line, message: format!("{what} in `{}`", shown(source, line)) });
    }
    faults.sort_by_key(|fault| fault.line);
    faults
}

/// What the grammar refuses, in order.
fn tree_faults(source: &SourceFile) -> Vec<SyntaxFault> {
    if !source.root().has_error() {
        return Vec::new();
    }
    let broken = preorder(source.root()).filter(|node| node.is_error() || node.is_missing());
    broken.map(|node| fault(source, node)).collect()
}

fn fault(source: &SourceFile, node: Node<'_>) -> SyntaxFault {
    let line = u32::try_from(node.start_position().row).unwrap_or(u32::MAX).saturating_add(1);
    let what = if node.is_missing() {
        format!("missing `{}`", node.kind())
    } else {
        let text = source.text_of(node).trim();
        let first = text.lines().next().unwrap_or("").chars().take(24).collect::<String>();
        if first.is_empty() { "unexpected end".to_owned() } else { format!("unexpected `{first}`") }
    };
    SyntaxFault { line, message: format!("{what} in `{}`", shown(source, line)) }
}

fn shown(source: &SourceFile, line: u32) -> String {
    let text = source.text.lines().nth(line.saturating_sub(1) as usize).unwrap_or("");
    text.trim().chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_broken(file: &str, texts: &[&str]) {
        for text in texts {
            assert!(first_fault(Path::new(file), "", text).is_some(), "{text}");
        }
    }

    #[track_caller]
    fn check_sound(file: &str, texts: &[&str]) {
        for text in texts {
            assert_eq!(first_fault(Path::new(file), "", text), None, "{text}");
        }
    }

    #[test]
    fn what_does_not_parse_is_found_in_the_tree() {
        check_broken(
            "a.py",
            &[
                "x = (1\n",
                "x = [1, 2\n",
                "x = {1: 2\n",
                "def f(:\n    pass\n",
                "def f()\n    return 1\n",
                "if x\n    y()\n",
                "x = 1 +\n",
                "for in y:\n    pass\n",
                "class A(:\n    pass\n",
                "x = )\n",
                "```python\nx = 1\n",
                "<<<<<<< a\nx = 1\n=======\n",
                "return 1\n",
                "break\n",
                "def f():\n    x = 'a\n",
                "x ==== 1\n",
            ],
        );
        check_broken(
            "a.js",
            &[
                "f(1;\n",
                "f() = 1;\n",
                "const x = [1;\n",
                "if (x {\n}\n",
                "function f( {\n}\n",
                "const x;\n",
                "return 1;\n",
                "break;\n",
                "let a = 1;\nlet a = 2;\n",
                "const a = 1;\nconst a = 2;\n",
                "function f() { await g(); }\n",
                "x = = 1;\n",
                "class A { f( }\n",
                "const { a = b;\n",
                "```\nf();\n",
                "continue;\n",
            ],
        );
        check_broken(
            "a.ts",
            &[
                "const x: { a: string = 1;\n",
                "interface A { a: string\n",
                "function f(a: ) {}\n",
                "let x: Array<string = [];\n",
                "type A = ;\n",
                "const x: number;\n",
                "enum A { B\n",
                "let a: string; let a: string;\n",
            ],
        );
        check_broken(
            "a.tsx",
            &[
                "const a = <div>;\n",
                "const a = <div></span>;\n",
                "const a = <div><b></div>;\n",
                "const a = <A.B></A.C>;\n",
                "const a = <div {x></div>;\n",
                "const a = <></div>;\n",
                "const a = <div>{x</div>;\n",
            ],
        );
    }

    #[test]
    fn what_parses_passes() {
        check_sound(
            "a.py",
            &[
                "x = (1)\n",
                "def f():\n    return 1\n",
                "async def f():\n    await g()\n",
                "for x in y:\n    break\n",
                "while 1:\n    if x:\n        continue\n",
                "for x in y:\n    pass\nelse:\n    z()\n",
                "x = lambda: (yield)\n",
            ],
        );
        check_sound(
            "a.js",
            &[
                "let a = 1;\n{ let a = 2; }\n",
                "for (const a of b) { break; }\n",
                "const f = () => { return 1; };\n",
                "async function f() { await g(); }\n",
                "switch (x) { case 1: break; }\n",
                "await f();\n",
                "for (const k in o) {}\n",
                "a: { break a; }\n",
                "const f = async () => await g();\n",
                "function f(a) { let b = a; }\nfunction g(a) { let b; }\n",
                "for await (const a of b) {}\n",
                "var a; var a;\n",
                "if (x) { let a; } else { let a; }\n",
                "class A { static { let a; } }\n",
            ],
        );
        check_sound(
            "a.ts",
            &[
                "declare const x: number;\n",
                "function f(a: string): void;\nfunction f(a: any) {}\n",
                "namespace A { const a = 1; }\nnamespace B { const a = 1; }\n",
                "let a: string;\n",
            ],
        );
        check_sound("a.d.ts", &["export const x: number;\n", "declare module 'a' { const b: string; }\n"]);
        check_sound("a.tsx", &["const a = <div><b/></div>;\n", "const a = <A.B></A.B>;\n", "const a = <></>;\n"]);
    }

    #[test]
    fn the_message_says_where_and_what() {
        let fault = first_fault(Path::new("a.js"), "", "f();\nf(1;\n").unwrap();
        assert_eq!((fault.line, fault.message.as_str()), (2, "missing `)` in `f(1;`"));
    }

    #[test]
    fn what_was_broken_may_stay_so() {
        assert_eq!(first_fault(Path::new("a.py"), "x = (\n", "y = 1\nx = (\n"), None);
    }
}
