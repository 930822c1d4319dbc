//! What holds for every pack: the budget, the same bytes again, nothing that may not be sent, no panic.

use proptest::prelude::*;

use super::*;

/// The file that may not be sent; its lines are found in logs, messages and diffs too.
const SECRET: &str = "SECRETLINE_one = 1\ndef SECRETLINE_two():\n    return SECRETLINE_one\n";

fn check_pack(repo: &Repo, tokens: usize) -> Packed {
    let packed = repo.pack(tokens);
    assert!(packed.tokens <= tokens, "{} of {tokens} tokens", packed.tokens);
    let sum: u64 = packed.sections.iter().map(|one| estimate(&one.title) + estimate(&one.text)).sum();
    assert!(sum <= packed.tokens as u64, "the sections have {sum} tokens, not {}", packed.tokens);
    assert_eq!(shown(&packed), shown(&repo.pack(tokens)), "the same case gives the same bytes");
    assert!(!shown(&packed).contains("SECRETLINE"), "{}", shown(&packed));
    packed
}

fn check_shows(repo: &Repo, texts: &[&str]) {
    let text = shown(&check_pack(repo, 3_000));
    for expected in texts {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
}

#[test]
fn a_file_that_may_not_be_sent_is_only_counted() {
    let mut repo = Repo::new(&format!("//- a.py\ndef f():\n    return SECRET()\n//- secret/keys.py\n{SECRET}"))
        .fails("t::x", "> def SECRETLINE_two():\nE boom", &[("a.py", 2), ("secret/keys.py", 3)])
        .suspects(&[("secret/keys.py", 3), ("a.py", 2)])
        .changed("secret/keys.py", 1, "", SECRET)
        .changed("a.py", 2, "", "    return SECRET()\n");
    let diff = format!(
        "--- a/secret/keys.py\n+++ b/secret/keys.py\n@@ -1 +1 @@\n-{SECRET}--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+y\n"
    );
    repo.earlier = vec![Earlier { number: 1, diff: diff.clone(), fell_because: "it fell".into(), log: SECRET.into() }];
    repo.past_fixes = vec![PastFix { diff: diff.clone(), failure: "then".into(), ..PastFix::default() }];
    repo.near_misses = vec![NearMiss { diff, because: "one test fails".into() }];
    repo.evidence.run.log = format!("    3 |     return SECRETLINE_one\n{SECRET}the end\n");
    check_shows(
        &repo,
        &[
            "not shown: 1 file that may not be sent",
            "a file that may not be sent",
            "+y",
            "E boom",
            "the end",
            "why it fell: it fell",
        ],
    );
}

#[test]
fn a_log_alone_makes_a_useful_pack() {
    let mut repo = Repo::new("//- Makefile\nall:\n\tcc a.c\n");
    repo.diagnosis.class = Class::Unknown;
    repo.evidence.run.log = (0..200).map(|line| format!("line {line}\n")).collect();
    check_shows(&repo, &["class: unknown", "python -m pytest", "line 199", "line 170"]);
}

#[test]
fn a_file_without_a_grammar_is_shown_around_the_line() {
    let text: String = (1..300).map(|line| format!("\tline {line}\n")).collect();
    let repo = Repo::new(&format!("//- a.go\n{text}")).suspects(&[("a.go", 150)]);
    check_shows(&repo, &["\t// … 119 lines left out\n\tline 120\n", "\tline 180\n\t// … 119 lines left out\n"]);
}

#[test]
fn a_minified_file_is_cut_and_a_line_past_the_end_is_the_last() {
    let long = format!("var a=[{}];", "1,".repeat(50_000));
    check_shows(
        &Repo::new(&format!("//- a.js\n{long}\n")).suspects(&[("a.js", 99)]),
        &["more characters of this line"],
    );
    check_shows(&Repo::new("//- a.py\nx = 1\n").suspects(&[("a.py", 99), ("gone.py", 1), ("../b.py", 1)]), &["x = 1"]);
}

#[test]
fn tests_are_found_by_every_runner_s_names() {
    let files = "//- pkg/tests/test_a.py\nimport unittest\n\nclass TestA(unittest.TestCase):\n    def test_one(self):\n        one()\n\ndef test_free():\n    free()\n//- a.test.js\ndescribe('A', () => {\n  it('does `x`', () => {\n    jsx();\n  });\n});\n";
    for (id, expected) in [
        ("pkg/tests/test_a.py::TestA::test_one[x-1]", "TestA.test_one (lines 4–5)"),
        ("pkg.tests.test_a.TestA.test_one", "TestA.test_one (lines 4–5)"),
        ("tests.test_a.TestA.test_one", "TestA.test_one (lines 4–5)"),
        ("test_one (tests.test_a.TestA.test_one)", "TestA.test_one (lines 4–5)"),
        ("pkg/tests/test_a.py::test_free", "test_free (lines 7–8)"),
        ("a.test.js > A > does `x` #2", "A > does `x` (lines 2–4)"),
    ] {
        check_shows(&Repo::new(files).fails(id, "no", &[]), &[expected]);
    }
    // A name that is not in the file: the line in the stack says which test it is.
    check_shows(&Repo::new(files).fails("generated 17", "no", &[("a.test.js", 3)]), &["A > does `x` (lines 2–4)"]);
}

#[test]
fn what_is_called_and_who_calls_it_is_shown_two_files_away() {
    let files = "//- a/start.py
from a.middle import prepare

def begin(x):
    return prepare(x)
//- a/middle.py
from a.deep import measure

def prepare(x):
    one(x)
    two(x)
    three(x)
    four(x)
    five(x)
    six(x)
    seven(x)
    return measure(x)
//- a/deep.py
def measure(x):
    return x
//- a/caller.py
from a.start import begin

def outer(x):
    return begin(x)
//- a/entry.py
from a.caller import outer

class Entry:
    def go(self):
        outer(1)
";
    let repo = Repo::new(files).suspects(&[("a/start.py", 4)]);
    check_shows(
        &repo,
        &[
            "a/middle.py, prepare: called by the suspects",
            "def prepare(x):\n    # … 8 lines left out\n",
            "a/caller.py, outer: calls the suspects",
            "a/deep.py, measure: two calls away",
            "a/entry.py, Entry.go: two calls away",
        ],
    );
}

#[test]
fn tests_may_be_seen_but_not_edited_when_the_code_is_at_fault() {
    let mut repo = react_board();
    assert!(repo.pack(4_000).files.iter().all(|file| !file.starts_with("test")));
    repo.diagnosis.class = Class::Test;
    assert!(repo.pack(4_000).files.contains(&"test/card.test.tsx".into()));
}

fn any_repo() -> impl Strategy<Value = Repo> {
    let line = prop_oneof![
        4 => "[a-z ]{0,4}(def|class|import|return|const|function|it\\('x', \\(\\) =>|if) [a-z]{1,4}[(){}:;=]{0,3}",
        1 => "\\PC{0,30}",
        1 => Just(String::new()),
        1 => "[a-z]{600,700}",
    ];
    let file = prop::collection::vec(line, 0..60).prop_map(|lines| lines.join("\n"));
    let places = prop::collection::vec((0..4_usize, 0_u32..90), 0..12);
    (prop::collection::vec(file, 3), places, "\\PC{0,60}", 0..3_usize).prop_map(|(texts, places, message, count)| {
        let names = ["src/a.py", "src/b.tsx", "tests/test_c.py", "secret/keys.py"];
        let places: Vec<(&str, u32)> = places.into_iter().map(|(file, line)| (names[file], line)).collect();
        let mut repo = Repo::new("").suspects(&places).changed("src/a.py", 3, "x\n", &texts[0]).changed(
            "secret/keys.py",
            0,
            "",
            SECRET,
        );
        for count in 0..count {
            repo = repo.fails(&format!("tests/test_c.py::test_{count}"), &message, &places);
        }
        repo.files = names.iter().map(PathBuf::from).zip(texts.iter().cloned().chain([SECRET.to_owned()])).collect();
        repo.tracked = names.iter().map(PathBuf::from).collect();
        repo.evidence.run.log = format!("{message}\n{SECRET}{}", texts[1]);
        repo.earlier =
            vec![Earlier { number: 1, diff: texts[2].clone(), fell_because: message, log: SECRET.to_owned() }];
        repo
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn every_pack_fits_and_leaks_nothing(repo in any_repo(), tokens in 0_usize..5_000) {
        check_pack(&repo, tokens);
    }
}
