//! Answers as models give them, and what is read of them.

use super::*;
use crate::patch::edit::Change;

/// `file|definition|line: search -> replace`, one block per line.
fn shown(reply: &Reply) -> String {
    let of = |block: &EditBlock| {
        let file = block.file.as_deref().unwrap_or("-");
        let definition = block.definition.as_deref().map(|name| format!("|{name}")).unwrap_or_default();
        let line = block.line.map(|line| format!("|{line}")).unwrap_or_default();
        match &block.change {
            Change::Replace { search, replace } => format!("{file}{definition}{line}: {search:?} -> {replace:?}"),
            Change::Definition { text } => format!("{file}{definition}{line}: = {text:?}"),
        }
    };
    reply.blocks.iter().map(of).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check_reply(text: &str, blocks: &str) -> Reply {
    let reply = read(text);
    assert_eq!(shown(&reply), blocks, "{:?}\n{text}", reply.problems);
    reply
}

const X: &str = "src/a.py: \"x = 1\\n\" -> \"x = 2\\n\"";

#[test]
fn json_is_read_in_every_dress() {
    let edit = r#"{"file": "src/a.py", "definition": null, "line": null, "search": "x = 1\n", "replace": "x = 2\n"}"#;
    let whole = format!(r#"{{"explanation": "one", "edits": [{edit}], "give_up": null}}"#);
    assert_eq!(check_reply(&whole, X).thoughts.as_deref(), Some("one"));
    check_reply(&format!("```json\n{whole}\n```"), X);
    assert_eq!(check_reply(&format!("Here it is:\n\n```json\n{whole}\n```\nDone."), X).problems, []);
    check_reply(&format!("[{edit}]"), X);
    check_reply(edit, X);
    check_reply(&format!("The edit: {edit}"), X);
    check_reply(r#"{"changes": [{"path": "src/a.py", "old_str": "x = 1\n", "new_str": "x = 2\n",}],}"#, X);
    check_reply("{\"edits\": [{\"filename\": \"src/a.py\", \"before\": \"x = 1\n\", \"after\": \"x = 2\n\"}]}", X);
    check_reply(r#"{"files": [{"path": "src/a.py", "edits": [{"find": "x = 1\n", "replacement": "x = 2\n"}]}]}"#, X);
    check_reply(r#"{"src/a.py": [{"search": ["x = 1"], "replace": ["x = 2"]}]}"#, X);
    check_reply(
        r#"{"edits": [{"file": "a.py", "definition": "A.f", "line": "7", "search": "it\'s \d", "replace": ""}]}"#,
        "a.py|A.f|7: \"it's \\\\d\" -> \"\"",
    );
    check_reply(
        r#"{"edits": [{"file": "a.py", "definition": "f", "code": "def f(): pass"}]}"#,
        "a.py|f: = \"def f(): pass\"",
    );
    check_reply(
        "{\"diff\": \"--- a/src/a.py\\n+++ b/src/a.py\\n@@ -1 +1 @@\\n-x = 1\\n+x = 2\\n\"}",
        "src/a.py|1: \"x = 1\\n\" -> \"x = 2\\n\"",
    );
    let cut = check_reply(&whole[..whole.len() - 30], "");
    assert_eq!(cut.problems.len(), 1);
}

#[test]
fn search_replace_blocks_are_read_in_every_dress() {
    let body = "<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE";
    for text in [
        format!("src/a.py\n```python\n{body}\n```"),
        format!("```python\nsrc/a.py\n{body}\n```\n"),
        format!("### src/a.py\n\n{body}\n"),
        format!("**src/a.py**\n```\n{body}\n```"),
        format!("File: `src/a.py`\n{body}"),
        format!("```python src/a.py\n{body}\n```"),
        format!("```python:src/a.py\n{body}\n```"),
        format!("In `src/a.py` the value is wrong:\n\n```python\n{body}\n```"),
        body.replace("SEARCH", "SEARCH src/a.py"),
        body.replace("SEARCH", "src/a.py"),
        format!("src/a.py\n{}", body.replace("SEARCH", "ORIGINAL").replace("REPLACE", "UPDATED")),
        format!("src/a.py\n{}", body.replace(" SEARCH", "").replace(" REPLACE", "")),
        format!("src/a.py\n{}", body.replace("SEARCH", "search").replace("REPLACE", "replace")),
        format!(
            "src/a.py\n{}",
            body.replace("=======", "=====").replace("<<<<<<<", "<<<<<<<<<").replace(">>>>>>>", ">>>>>")
        ),
        format!("src/a.py\n{body}").replace('\n', "\r\n"),
        format!("src/a.py\n{}", body.replace("=======", "||||||| base\nx = 0\n=======")),
        format!("src/a.py\n    {}", body.replace('\n', "\n    ")),
        format!("src/a.py\n{}", body.replace("SEARCH\nx = 1\n", "SEARCH\n```python\nx = 1\n```\n")),
    ] {
        assert_eq!(check_reply(&text, X).problems, [], "{text}");
    }
}

#[test]
fn several_blocks_follow_one_name() {
    let block = |a: &str, b: &str| format!("<<<<<<< SEARCH\n{a}=======\n{b}>>>>>>> REPLACE\n");
    let text = format!(
        "I change two lines.\n\nsrc/a.py\n```\n{}{}```\nand\nb.py\n{}",
        block("a\n", "b\n"),
        block("c\n", ""),
        block("", "d\n")
    );
    let reply =
        check_reply(&text, "src/a.py: \"a\\n\" -> \"b\\n\"\nsrc/a.py: \"c\\n\" -> \"\"\nb.py: \"\" -> \"d\\n\"");
    assert_eq!(reply.thoughts.as_deref(), Some("I change two lines.\n\nsrc/a.py\nand\nb.py"));
}

#[test]
fn titles_are_not_dividers() {
    check_reply(
        "a.py\n<<<<<<< SEARCH\nUsage12\n=======\nold\n=======\nUsage12\n=======\nnew\n>>>>>>> REPLACE",
        "a.py: \"Usage12\\n=======\\nold\\n\" -> \"Usage12\\n=======\\nnew\\n\"",
    );
    let reply = check_reply("a.py\n<<<<<<< SEARCH\na\n=======\nb\n=======\nc\n>>>>>>> REPLACE", "");
    assert_eq!(reply.problems.len(), 1);
}

#[test]
fn a_block_without_its_end_is_told() {
    let reply = check_reply("src/a.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n", X);
    assert_eq!(reply.problems, [Problem::Unfinished { block: 0 }]);
    let reply = check_reply("src/a.py\n<<<<<<< SEARCH\nx = 1\n", "");
    assert_eq!(reply.problems.len(), 1);
}

#[test]
fn diffs_are_read_in_every_state() {
    let with_line = "src/a.py|7: \"a\\nx = 1\\nb\\n\" -> \"a\\nx = 2\\nb\\n\"";
    let body = "--- a/src/a.py\n+++ b/src/a.py\n@@ -7,3 +7,3 @@\n a\n-x = 1\n+x = 2\n b\n";
    for text in [
        body.to_owned(),
        format!("```diff\n{body}```"),
        format!("diff --git a/src/a.py b/src/a.py\nindex 123..456 100644\n{body}"),
        body.replace("-7,3 +7,3", "-7,9 +7,1"),
        body.replace("\n a\n", "\na\n").replace("\n b\n", "\nb\n"),
        format!("Like this:\n\n{body}\nThat is all.\n"),
        format!("{body}\\ No newline at end of file\n"),
        body.replace("--- a/", "--- ").replace("+++ b/", "+++ "),
    ] {
        assert_eq!(check_reply(&text, with_line).problems, [], "{text}");
    }
    let without = with_line.replace("|7", "");
    check_reply(&body.replace("@@ -7,3 +7,3 @@", "@@ ... @@"), &without);
    check_reply(&format!("```diff\n{}```", body.replace("@@ -7,3 +7,3 @@\n", "")), &without);
    check_reply(&body.replace("@@ -7,3 +7,3 @@", "@@ def f(a):"), &without.replace("a.py", "a.py|f"));
    check_reply(&body.replace(",3 @@", ",3 @@ class Cart:"), &with_line.replace("a.py", "a.py|Cart"));
    check_reply(
        "*** Begin Patch\n*** Update File: src/a.py\n@@ def f(a):\n a\n-x = 1\n+x = 2\n b\n*** End Patch",
        &without.replace("a.py", "a.py|f"),
    );
    // Context lines without the blank of the diff keep their own blanks.
    check_reply(
        "```diff\n--- a.py\n+++ a.py\n@@ -1,3 +1,3 @@\n    a\n-    b\n+    c\n    d\n```",
        "a.py|1: \"    a\\n    b\\n    d\\n\" -> \"    a\\n    c\\n    d\\n\"",
    );
}

#[test]
fn several_files_and_hunks_of_a_diff_are_edits_of_their_own() {
    check_reply(
        "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n-c\n+d\n--- a/b.py\n+++ b/b.py\n@@ -2 +2 @@\n-e\n+f\n",
        "a.py|1: \"a\\n\" -> \"b\\n\"\na.py|9: \"c\\n\" -> \"d\\n\"\nb.py|2: \"e\\n\" -> \"f\\n\"",
    );
}

#[test]
fn whole_definitions_are_the_last_resort() {
    check_reply(
        "Here:\n\n**src/a.py**\n```python\ndef f(a):\n    return a\n```\n",
        "src/a.py: = \"def f(a):\\n    return a\\n\"",
    );
    check_reply("```js\n// src/a.js\nrun(x) {\n  return x;\n}\n```\n", "src/a.js: = \"run(x) {\\n  return x;\\n}\\n\"");
    check_reply("```python\nx = 1\n```\n", "");
    check_reply("```bash\ndef f(): pass\n```\n", "");
    check_reply("```python\ndef f(a:\n    return a\n```\n", "");
    let reply = check_reply(
        "Now:\n```python\ndef f(a):\n    return a\n```\nBetter:\n```python\ndef f(a):\n    return 1\n```\n",
        "",
    );
    assert_eq!(reply.problems.len(), 1);
    check_reply("```python\ndef f(a):\n    return a\n", "");
}

#[test]
fn refusals_and_resignations_are_told_from_edits() {
    let refusal = |text: &str| read(text).refusal;
    assert_eq!(
        refusal("I'm sorry, but I can't help with that.").as_deref(),
        Some("I'm sorry, but I can't help with that.")
    );
    assert!(refusal("I cannot assist with this request.").is_some());
    assert_eq!(refusal("The failure comes from the clock. I can't say more."), None);
    assert_eq!(
        refusal("Sorry, I missed it.\n\nsrc/a.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE"),
        None
    );
    assert_eq!(read("NO FIX: the runner has no disk").gave_up.as_deref(), Some("the runner has no disk"));
    assert_eq!(read(r#"{"explanation": "", "edits": [], "give_up": "no disk"}"#).gave_up.as_deref(), Some("no disk"));
}

#[test]
fn reasoning_is_dropped_first() {
    let body = "src/a.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE";
    let reply = check_reply(&format!("<think>\n{}\n</think>\n{body}", body.replace("x = 2", "x = 9")), X);
    assert_eq!(reply.thoughts.as_deref(), Some("src/a.py"));
    check_reply(&format!("perhaps\n{body}\n</think>\n{body}"), X);
    let inside = "src/a.py\n<<<<<<< SEARCH\nx = 1\n=======\n</think>\n>>>>>>> REPLACE";
    check_reply(inside, "src/a.py: \"x = 1\\n\" -> \"</think>\\n\"");
    check_reply(&format!("<think>\n{body}"), "");
}

#[test]
fn answers_are_bounded() {
    let body = "src/a.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n";
    let reply = read(&body.repeat(70));
    assert_eq!((reply.blocks.len(), &reply.problems[..]), (MAX_BLOCKS, &[Problem::TooMany { count: 70 }][..]));
    assert_eq!(read(&"é".repeat(MAX_BYTES)).problems[0], Problem::TooLong);
    assert_eq!(read(""), Reply::default());
}

proptest::proptest! {
    #[test]
    fn no_answer_makes_the_reader_panic(text in "([ \\-+@*#<>=|`{}\\[\\]\":,.a-z\u{202e}é]{0,12}(\r?\n|<<<<<<< SEARCH\n|=======\n|>>>>>>> REPLACE\n|```\n|@@\n|--- a\n\\+\\+\\+ b\n)){0,20}") {
        let reply = read(&text);
        proptest::prop_assert!(reply.blocks.len() <= MAX_BLOCKS);
    }
}
