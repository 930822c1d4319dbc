//! The other commands.

use std::process::Command;

use crate::world::World;

#[test]
fn demo_heals_offline_and_shows_every_stage() {
    let world = World::without_repository(&[]);
    let run = world.run(&["demo"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for part in ["reproduce", "diagnose", "draft", "verify", "suspect", "+        if load + weight > limit:", "Healed"]
    {
        assert!(run.stderr.contains(part), "{part} is not in:\n{}", run.stderr);
    }
    assert_eq!(std::fs::read_dir(world.tmp()).unwrap().count(), 0);
}

#[test]
fn demo_keeps_its_repository_when_asked() {
    let world = World::without_repository(&[]);
    assert_eq!(world.run(&["demo", "--keep", "shop"]).code, 0);
    let log =
        Command::new("git").args(["-C", "shop", "log", "--oneline", "heal/demo"]).current_dir(world.root()).output();
    assert_eq!(String::from_utf8(log.unwrap().stdout).unwrap().lines().count(), 7);
    assert_eq!(world.run(&["demo", "--keep", "shop"]).code, 2);
}

#[test]
fn doctor_says_which_level_is_reached() {
    let world = World::without_repository(&[]);
    let run = world.run(&["doctor", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let sandbox = &document["checks"][0];
    assert_eq!(sandbox["name"], "sandbox");
    assert!(sandbox["found"].as_str().unwrap().starts_with("level "), "{document:#}");
}

#[test]
fn explain_reads_a_log_from_a_file_or_standard_input() {
    let world = World::without_repository(&[
        (
            "log.txt",
            "2026-03-01T10:00:00.1234567Z ======================================================================\n2026-03-01T10:00:00.1234567Z FAIL: test_a (tests.test_x.Case.test_a)\n----------------------------------------------------------------------\nTraceback (most recent call last):\n  File \"/runner/work/x/x/tests/test_x.py\", line 5, in test_a\n    self.assertEqual(f(), 1)\nAssertionError: 2 != 1\n\nRan 2 tests in 0.001s\n\nFAILED (failures=1)\n##[error]Process completed with exit code 1.\n",
        ),
        ("tests/test_x.py", ""),
    ]);
    let run = world.run(&["explain", "log.txt", "--repo", ".", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["tool"], "unittest");
    assert_eq!(document["class"], "code");
    assert_eq!(document["exit_code"], 1);
    assert_eq!(document["failures"][0]["file"], "tests/test_x.py");
    assert_eq!(document["failures"][0]["line"], 5);
    assert_eq!(document["failures"][0]["log_lines"], serde_json::json!([2, 7]));
    let mut from_stdin = world.heal(&["explain", "-", "--json"]);
    let file = std::fs::File::open(world.root().join("log.txt")).unwrap();
    assert!(from_stdin.stdin(file).output().unwrap().status.success());
    assert_eq!(world.run(&["explain", "missing.txt"]).code, 2);
}

#[test]
fn eval_reports_rates_and_ranks() {
    let world = World::without_repository(&[
        (
            "cases/one/case.toml",
            "language = 'python'\ntest = 'python3 -m unittest'\nhidden_test = 'python3 hidden.py'\nfiles = 'files'\nfault = { file = 'calc.py', line = 2 }\n",
        ),
        ("cases/one/files/calc.py", "def double(x):\n    return x + x + x\n"),
        (
            "cases/one/files/test_calc.py",
            "import unittest\nfrom calc import double\nclass T(unittest.TestCase):\n    def test_double(self):\n        self.assertEqual(double(0), 0)\n",
        ),
        ("cases/one/files/hidden.py", "import calc\nassert calc.double(2) == 4\n"),
    ]);
    let run = world.run(&["eval", "cases", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["summary"]["cases"], 1);
    assert_eq!(document["cases"][0]["reproduced"], false);
    assert_eq!(world.run(&["eval", "nowhere"]).code, 2);
}

#[test]
fn help_teaches_every_command_and_exit_code() {
    let world = World::without_repository(&[]);
    let help = world.run(&["--help"]).stdout;
    for part in ["fix", "explain", "demo", "doctor", "eval", "Exit codes", "3  nothing is failing"] {
        assert!(help.contains(part), "{part} is not in:\n{help}");
    }
    assert!(world.run(&["completions", "bash"]).stdout.contains("_heal"));
    assert!(world.run(&["man"]).stdout.contains(".TH heal"));
}
