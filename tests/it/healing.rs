//! Stories that end well.

use crate::world::{BROKEN_CALC, UNITTEST, World, has};

#[test]
fn a_wrong_operator_is_healed_and_proven() {
    let world = World::broken_python();
    let document = world.fix(UNITTEST, &[]).expect(0, "healed");
    assert_eq!(document["files"][0], "calc.py");
    let patch = document["patch"].as_str().unwrap();
    assert!(patch.contains("-        if value < best:\n+        if value > best:\n"), "{patch}");
    assert_eq!(document["diagnosis"]["class"], "code");
    assert_eq!(document["diagnosis"]["failures"][0]["test"], "test_calc.CalcTest.test_largest");
    let verdict = &document["attempts"][0]["verdict"];
    assert_eq!(verdict["rungs"].as_array().unwrap().len(), 6);
    assert_eq!(document["search"]["warm"], true);
    world.assert_clean();
}

#[test]
fn the_fault_s_line_is_among_the_first_locations() {
    let world = World::broken_python();
    let document = world.fix(UNITTEST, &[]).expect(0, "healed");
    let lines: Vec<_> = document["diagnosis"]["locations"].as_array().unwrap().iter().take(5).collect();
    assert!(lines.iter().any(|location| location["line"] == 4 && location["symbol"] == "largest"), "{lines:?}");
}

#[test]
fn apply_writes_the_patch_and_branch_commits_it() {
    let world = World::broken_python();
    let document = world.fix(UNITTEST, &["--branch", "heal/calc"]).expect(0, "healed");
    assert_eq!(document["branch"], "heal/calc");
    world.assert_clean();
    assert!(world.git(&["show", "heal/calc:calc.py"]).contains("value > best"));
    assert!(world.git(&["log", "-1", "--format=%s", "heal/calc"]).starts_with("Fix calc.py: test_largest fails"));
    world.fix(UNITTEST, &["--apply"]).expect(0, "healed");
    assert!(world.read("calc.py").contains("value > best"));
    world.fix(UNITTEST, &[]).expect(3, "nothing_failing");
}

#[test]
fn a_hunk_of_the_last_commit_is_undone() {
    let world = World::with(&[
        ("rate.py", "def rate(kind):\n    table = {'a': 1}\n    return table.get(kind, 0)\n"),
        (
            "test_rate.py",
            "import unittest\nfrom rate import rate\n\nclass T(unittest.TestCase):\n    def test_known(self):\n        self.assertEqual(rate('a'), 1)\n    def test_other(self):\n        self.assertEqual(rate('b'), 0)\n",
        ),
    ]);
    world.write("rate.py", b"def rate(kind):\n    table = {'a': 1}\n    return table.setdefault(kind, table)\n");
    world.commit("Simplify rates");
    let document = world.fix(UNITTEST, &[]).expect(0, "healed");
    assert_eq!(document["attempts"][0]["operator"], "revert-hunk");
    assert_eq!(document["diagnosis"]["suspects"][0]["summary"], "Simplify rates");
}

#[test]
fn line_ends_of_a_crlf_file_are_preserved() {
    let world = World::broken_python();
    world.git(&["config", "core.autocrlf", "false"]);
    world.write("calc.py", BROKEN_CALC.replace('\n', "\r\n").as_bytes());
    world.commit("Save with other line ends");
    world.fix(UNITTEST, &["--apply"]).expect(0, "healed");
    let healed = world.read("calc.py");
    assert_eq!(healed.matches("\r\n").count(), healed.matches('\n').count());
    assert!(healed.contains("value > best"));
}

#[test]
fn commonjs_and_es_modules_are_healed_under_node_test() {
    if !has("node", &["--version"]) {
        return;
    }
    let source = "{EXPORT}function clamp(value, low, high) {\n  if (value < low) return low;\n  if (value < high) return high;\n  return value;\n}\n";
    let tests = "test('inside', () => assert.equal(clamp(5, 0, 10), 5));\ntest('above', () => assert.equal(clamp(15, 0, 10), 10));\ntest('below', () => assert.equal(clamp(-5, 0, 10), 0));\n";
    let es = World::with(&[
        ("package.json", "{\"type\": \"module\"}"),
        ("src/clamp.js", &source.replace("{EXPORT}", "export ")),
        (
            "test/clamp.test.js",
            &format!(
                "import test from 'node:test';\nimport assert from 'node:assert/strict';\nimport {{ clamp }} from '../src/clamp.js';\n{tests}"
            ),
        ),
    ]);
    let common = World::with(&[
        ("src/clamp.js", &format!("{}module.exports = {{ clamp }};\n", source.replace("{EXPORT}", ""))),
        (
            "test/clamp.test.js",
            &format!(
                "const test = require('node:test');\nconst assert = require('node:assert/strict');\nconst {{ clamp }} = require('../src/clamp.js');\n{tests}"
            ),
        ),
    ]);
    for world in [es, common] {
        let document = world.fix("node --test", &[]).expect(0, "healed");
        assert!(document["patch"].as_str().unwrap().contains("+  if (value > high) return high;"), "{document:#}");
        assert_eq!(document["search"]["warm"], true);
        world.assert_clean();
    }
}

#[test]
fn pytest_projects_are_healed_in_a_warm_server() {
    if !has("python3", &["-m", "pytest", "--version"]) {
        return;
    }
    let world = World::with(&[
        ("calc.py", BROKEN_CALC),
        (
            "test_calc.py",
            "import pytest\nfrom calc import largest\n\n@pytest.mark.parametrize('values, best', [([1, 3, 2], 3), ([4], 4)])\ndef test_largest(values, best):\n    assert largest(values) == best\n",
        ),
    ]);
    let document = world.fix("python3 -m pytest -q", &[]).expect(0, "healed");
    assert_eq!(document["diagnosis"]["failures"][0]["test"], "test_calc.py::test_largest[values0-3]");
    assert_eq!(document["search"]["warm"], true);
}

#[test]
fn any_command_can_be_the_test() {
    let world = World::with(&[
        ("calc.py", BROKEN_CALC),
        ("check.sh", "python3 -c 'import calc; assert calc.largest([1, 3, 2]) == 3'\n"),
    ]);
    world.write("calc.py", BROKEN_CALC.replace("best = values[0]", "best = values[0]  # start").as_bytes());
    world.commit("Say where it starts");
    let document = world.fix("sh check.sh", &["--budget", "60s"]).expect(0, "healed");
    assert_eq!(document["search"]["warm"], false);
}

#[test]
fn a_runner_behind_another_command_is_seen_and_served_warm() {
    let world = World::broken_python();
    world.write("service/keep.txt", b"");
    world.git(&["mv", "calc.py", "test_calc.py", "service"]);
    world.commit("Move the service");
    let document = world.fix("cd service && python3 -m unittest", &[]).expect(0, "healed");
    assert_eq!(document["search"]["warm"], true);
    assert_eq!(document["files"][0], "service/calc.py");
}

#[test]
fn heal_runs_the_tests_in_the_directory_it_was_given() {
    let world = World::broken_python();
    world.write("service/keep.txt", b"");
    world.git(&["mv", "calc.py", "test_calc.py", "service"]);
    world.commit("Move the service");
    let document = world.run(&["fix", "--json", "--test", UNITTEST, "service"]).expect(0, "healed");
    assert_eq!(document["files"][0], "service/calc.py");
}

#[test]
fn the_test_command_is_found_and_the_reason_told() {
    let world = World::broken_python();
    let run = world.run(&["fix", "--json"]);
    assert!(
        run.stderr.contains("test command: python3 -m unittest discover (test_calc.py is written for unittest)"),
        "{}",
        run.stderr
    );
    run.expect(0, "healed");
}

#[test]
fn the_report_page_stands_by_itself() {
    let world = World::broken_python();
    let page = world.tmp().join("report.html");
    world.fix(UNITTEST, &["--report", page.to_str().unwrap()]).expect(0, "healed");
    let text = std::fs::read_to_string(&page).unwrap();
    for part in ["Diagnosis", "if value &gt; best:", "calc.py:4", "fails again without it"] {
        assert!(text.contains(part), "{part} is not in the page");
    }
    assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("<script"));
}
