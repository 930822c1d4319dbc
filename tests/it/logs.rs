//! `heal explain` on logs of CI services, from outside.

use std::io::Write;

use serde_json::{Value, json};

use crate::world::World;

/// A job of GitHub Actions in which the second of three steps fails.
const ACTIONS: &str = "\u{feff}2026-03-01T10:00:00.1000000Z Current runner version: '2.330.0'
2026-03-01T10:00:00.2000000Z ##[group]Runner Image
2026-03-01T10:00:00.2000000Z Image: ubuntu-24.04
2026-03-01T10:00:00.2000000Z ##[endgroup]
2026-03-01T10:00:00.3000000Z Complete job name: test (3.12, fast)
2026-03-01T10:00:01.1000000Z ##[group]Run actions/checkout@v4
2026-03-01T10:00:01.1000000Z with:
2026-03-01T10:00:01.1000000Z   token: ***
2026-03-01T10:00:01.1000000Z ##[endgroup]
2026-03-01T10:00:01.2000000Z ##[error]harmless: a warning in disguise
2026-03-01T10:00:02.1000000Z ##[group]Run python -m pytest
2026-03-01T10:00:02.1000000Z \u{1b}[36;1mpython -m pytest\u{1b}[0m
2026-03-01T10:00:02.1000000Z shell: /usr/bin/bash -e {0}
2026-03-01T10:00:02.1000000Z ##[endgroup]
2026-03-01T10:00:03.1000000Z ============================= test session starts ==============================
2026-03-01T10:00:03.1000000Z collected 2 items
2026-03-01T10:00:03.1000000Z 
2026-03-01T10:00:03.1000000Z tests/test_cart.py .\u{1b}[31mF\u{1b}[0m                                                 [100%]
2026-03-01T10:00:03.1000000Z 
2026-03-01T10:00:03.1000000Z =================================== FAILURES ===================================
2026-03-01T10:00:03.1000000Z __________________________________ test_total __________________________________
2026-03-01T10:00:03.1000000Z 
2026-03-01T10:00:03.1000000Z     def test_total():
2026-03-01T10:00:03.1000000Z >       assert total([2, 3]) == 5
2026-03-01T10:00:03.1000000Z E       assert -1 == 5
2026-03-01T10:00:03.1000000Z E        +  where -1 = total([2, 3])
2026-03-01T10:00:03.1000000Z 
2026-03-01T10:00:03.1000000Z /home/runner/work/shop/shop/tests/test_cart.py:4: AssertionError
2026-03-01T10:00:03.1000000Z =========================== short test summary info ============================
2026-03-01T10:00:03.1000000Z FAILED tests/test_cart.py::test_total - assert -1 == 5
2026-03-01T10:00:03.1000000Z ========================= 1 failed, 1 passed in 0.05s ==========================
2026-03-01T10:00:04.1000000Z ##[error]Process completed with exit code 1.
2026-03-01T10:00:05.1000000Z Post job cleanup.
2026-03-01T10:00:05.1000000Z [command]/usr/bin/git version
";

/// The repository that the log is about: the last of two commits brought the fault.
fn shop() -> World {
    let world = World::without_repository(&[
        ("cart.py", "def total(prices):\n    return sum(prices)\n\ndef count(prices):\n    return len(prices)\n"),
        ("tests/test_cart.py", "from cart import total\n\ndef test_total():\n    assert total([2, 3]) == 5\n"),
        (
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  test:\n    name: test\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          python -m pytest\n",
        ),
    ]);
    world.git(&["init", "-q", "-b", "main"]);
    world.commit("Add a cart");
    world.write("README.md", b"A shop\n");
    world.commit("Say what it is");
    world.write(
        "cart.py",
        b"def total(prices):\n    return prices[0] - prices[1]\n\ndef count(prices):\n    return len(prices)\n",
    );
    world.commit("Simplify the total");
    world.write("ci.log", ACTIONS.as_bytes());
    world
}

fn explained(world: &World, arguments: &[&str]) -> Value {
    let run = world.run(&[&["explain", "--json"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_job_of_github_actions_is_read_with_its_failing_step() {
    let found = explained(&shop(), &["ci.log"]);
    assert_eq!(found["schema"], 1);
    assert_eq!(found["class"], "code");
    assert_eq!(found["tool"], "pytest");
    assert_eq!((&found["job"], &found["step"]), (&json!("test (3.12, fast)"), &json!("Run python -m pytest")));
    assert_eq!((&found["command"], &found["exit_code"]), (&json!("python -m pytest"), &json!(1)));
    assert_eq!(found["environment"], json!({"image": "ubuntu-24.04", "matrix": ["3.12", "fast"]}));
    let [failure] = found["failures"].as_array().unwrap().as_slice() else { panic!("{found:#}") };
    assert_eq!(failure["test"], "tests/test_cart.py::test_total");
    assert_eq!((&failure["file"], &failure["line"]), (&json!("tests/test_cart.py"), &json!(4)));
    assert_eq!(failure["places"][0]["step"], "Run python -m pytest");
    let keys: Vec<u64> = found["key_lines"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    assert!(keys[0] <= 25 && 25 <= keys[1], "{keys:?}");
}

#[test]
fn with_the_repository_the_breaking_commit_and_its_lines_are_named() {
    let world = shop();
    let found = explained(&world, &["ci.log", "--repo", "."]);
    let head = world.git(&["rev-parse", "HEAD"]);
    assert_eq!(found["suspects"][0]["commit"], head.trim(), "{found:#}");
    let place = &found["locations"][0];
    assert_eq!((&place["file"], &place["line"], &place["symbol"]), (&json!("cart.py"), &json!(2), &json!("total")));
}

#[test]
fn the_same_failure_has_the_same_name_everywhere() {
    let world = shop();
    let here = explained(&world, &["ci.log"]);
    let elsewhere = ACTIONS
        .replace("/home/runner/work/shop/shop/", "/builds/other/shop/")
        .replace("T10:", "T23:")
        .replace("3.12", "3.9");
    world.write("ci.log", elsewhere.as_bytes());
    assert_eq!(explained(&world, &["ci.log"])["fingerprint"], here["fingerprint"]);
    world.write("ci.log", ACTIONS.replace("test_total", "test_other").as_bytes());
    assert_ne!(explained(&world, &["ci.log"])["fingerprint"], here["fingerprint"]);
}

#[test]
fn equal_failures_of_several_jobs_are_one_with_several_places() {
    let world = shop();
    let prefixed = |job: &str| -> String {
        let lines = ACTIONS.trim_start_matches('\u{feff}').lines().skip(5);
        lines.map(|line| format!("{job}\tUNKNOWN STEP\t{line}\n")).collect()
    };
    world.write("ci.log", (prefixed("test (3.11)") + &prefixed("test (3.12)")).as_bytes());
    let found = explained(&world, &["ci.log"]);
    let [failure] = found["failures"].as_array().unwrap().as_slice() else { panic!("{found:#}") };
    let jobs: Vec<&Value> = failure["places"].as_array().unwrap().iter().map(|place| &place["job"]).collect();
    assert_eq!(jobs, ["test (3.11)", "test (3.12)"]);
}

#[test]
fn logs_come_in_utf_16_through_a_pipe_and_in_a_zip() {
    let world = shop();
    let expected = explained(&world, &["ci.log"]);
    let utf16: Vec<u8> = ACTIONS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    world.write("utf16.log", &utf16);
    assert_eq!(explained(&world, &["utf16.log"])["failures"], expected["failures"]);
    let mut from_stdin = world.heal(&["explain", "-", "--json"]);
    let done = from_stdin.stdin(std::fs::File::open(world.root().join("ci.log")).unwrap()).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&done.stdout).unwrap(), expected);
    let mut zip = zip::ZipWriter::new(std::fs::File::create(world.root().join("logs.zip")).unwrap());
    for name in ["0_lint.txt", "1_test.txt", "test/1_Set up job.txt"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        let log = if name == "1_test.txt" { ACTIONS } else { "2026-03-01T10:00:00.1000000Z all is well\n" };
        zip.write_all(log.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let zipped = explained(&world, &["logs.zip"]);
    assert_eq!(zipped["failures"][0]["test"], "tests/test_cart.py::test_total");
    assert_eq!(zipped["failures"][0]["log_lines"][0], expected["failures"][0]["log_lines"][0].as_u64().unwrap() + 1);
    let mut zip_from_stdin = world.heal(&["explain", "-", "--json"]);
    let done = zip_from_stdin.stdin(std::fs::File::open(world.root().join("logs.zip")).unwrap()).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&done.stdout).unwrap(), zipped);
}

#[test]
fn a_zip_that_is_none_is_refused_with_a_sentence() {
    let world = World::without_repository(&[]);
    world.write("cut.zip", b"PK\x03\x04 and nothing else");
    let run = world.run(&["explain", "cut.zip"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("can't read the zip of logs: its end is missing"), "{}", run.stderr);
}

#[test]
fn lines_that_the_green_run_had_too_explain_nothing() {
    let world = World::without_repository(&[]);
    let noise = "error: telemetry could not be sent (attempt 1)\n";
    let green = format!("step one\n{noise}step two took 3 s\ndone\n");
    let red = format!("step one\nerror: the frobnicator rejected 7 widgets\n{noise}step two took 9 s\n");
    world.write("green.log", green.as_bytes());
    world.write("red.log", red.as_bytes());
    let evidence = |arguments: &[&str]| explained(&world, arguments)["excerpt"].to_string();
    assert!(evidence(&["red.log", "--green", "green.log"]).contains("frobnicator"));
}

#[test]
fn secrets_stay_out_of_every_form() {
    let world = World::without_repository(&[]);
    let token = concat!("gh", "p_abcdefghijklmnopqrstuvwxyz0123456789");
    let log = format!(
        "Run deploy\nfatal: unable to access 'https://bot:{token}@git.example/a/': Could not resolve host: git.example\n"
    );
    world.write("ci.log", log.as_bytes());
    for format in ["text", "json", "markdown", "github", "sarif"] {
        let run = world.run(&["explain", "ci.log", "--format", format]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(!run.stdout.contains(token), "{format}: {}", run.stdout);
        assert!(run.stdout.contains("Could not resolve host"), "{format}: {}", run.stdout);
    }
}

#[test]
fn other_forms_say_the_same() {
    let world = shop();
    insta::assert_snapshot!("text", world.run(&["explain", "ci.log"]).stdout);
    insta::assert_snapshot!("markdown", world.run(&["explain", "ci.log", "--format", "markdown"]).stdout);
    insta::assert_snapshot!("github", world.run(&["explain", "ci.log", "--format", "github"]).stdout);
    let sarif: Value = serde_json::from_str(&world.run(&["explain", "ci.log", "--format", "sarif"]).stdout).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place, &json!({"artifactLocation": {"uri": "tests/test_cart.py"}, "region": {"startLine": 4}}));
}

#[test]
fn other_services_name_their_steps_too() {
    let world = World::without_repository(&[]);
    for (log, step, command, code) in [
        (
            "travis_fold:start:install\r\x1b[0Ktravis_time:start:1\r\x1b[0K$ pip install .\ntravis_time:end:1:start=1\r\x1b[0Ktravis_fold:end:install\r\x1b[0Ktravis_time:start:2\r\x1b[0K$ make test\nno luck\n\x1b[31;1mThe command \"make test\" exited with 2.\x1b[0m\n",
            "Run make test",
            "make test",
            2,
        ),
        (
            "Running with gitlab-runner 17.0\nsection_start:1:step_script\r\x1b[0K\x1b[0K\x1b[36;1mExecuting\n\x1b[32;1m$ make test\x1b[0;m\nno luck\nsection_end:2:step_script\r\x1b[0Ksection_start:2:cleanup_file_variables\r\x1b[0KCleaning up\n\x1b[31;1mERROR: Job failed: exit code 2\x1b[0;m\n",
            "step_script",
            "make test",
            2,
        ),
        (
            "Started by user x\n[Pipeline] { (Test)\n[Pipeline] sh\n+ make test\nno luck\n[Pipeline] }\nERROR: script returned exit code 2\nFinished: FAILURE\n",
            "Test",
            "make test",
            2,
        ),
        (
            "#!/bin/bash -eo pipefail\nmake test\nno luck\n\nExited with code exit status 2\n",
            "Run make test",
            "make test",
            2,
        ),
        (
            "\x1b_bk;t=1\x07~~~ Preparing\n\x1b_bk;t=2\x07~~~ Running commands\n\x1b_bk;t=2\x07$ make test\nno luck\n\x1b_bk;t=3\x07🚨 Error: The command exited with status 2\n",
            "Running commands",
            "make test",
            2,
        ),
    ] {
        world.write("ci.log", log.as_bytes());
        let found = explained(&world, &["ci.log"]);
        assert_eq!(
            (&found["step"], &found["command"], &found["exit_code"]),
            (&json!(step), &json!(command), &json!(code)),
            "{log}"
        );
    }
}

#[test]
fn a_report_for_programs_is_read_instead_of_its_text() {
    let world = World::without_repository(&[]);
    for (name, report, tool, class, file, line) in [
        (
            "junit.xml",
            "<testsuites><testsuite><testcase classname=\"tests.test_a\" name=\"test_b\" file=\"tests/test_a.py\"><failure message=\"assert 1 == 2\">E   assert 1 == 2\n\ntests/test_a.py:6: AssertionError</failure></testcase></testsuite></testsuites>",
            "junit",
            "code",
            "tests/test_a.py",
            6,
        ),
        (
            "results.sarif",
            r#"{"version": "2.1.0", "runs": [{"results": [{"ruleId": "a", "message": {"text": "bad"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "src/a.c"}, "region": {"startLine": 3}}}]}]}]}"#,
            "sarif",
            "lint",
            "src/a.c",
            3,
        ),
        (
            "eslint.json",
            r#"[{"filePath": "/home/runner/work/a/a/src/a.js", "messages": [{"ruleId": "no-undef", "severity": 2, "message": "'x' is not defined.", "line": 2, "column": 1}]}]"#,
            "eslint",
            "lint",
            "src/a.js",
            2,
        ),
    ] {
        world.write(name, report.as_bytes());
        let found = explained(&world, &[name]);
        assert_eq!((&found["tool"], &found["class"]), (&json!(tool), &json!(class)), "{found:#}");
        let failure = &found["failures"][0];
        assert_eq!((&failure["file"], &failure["line"]), (&json!(file), &json!(line)), "{found:#}");
    }
}

#[test]
fn a_repository_s_own_problem_matcher_is_used() {
    let world = World::without_repository(&[
        (
            ".github/frob-problem-matcher.json",
            r#"{"problemMatcher": [{"owner": "frob-lint", "pattern": [{"regexp": "^FROB (\\S+)@(\\d+) (.+)$", "file": 1, "line": 2, "message": 3}]}]}"#,
        ),
        ("src/a.frob", "x\ny\n"),
        ("ci.log", "frobbing\nFROB src/a.frob@2 is not frobbed\n"),
    ]);
    assert_eq!(explained(&world, &["ci.log"])["failures"], json!([]));
    let found = explained(&world, &["ci.log", "--repo", "."]);
    assert_eq!((&found["tool"], &found["class"]), (&json!("frob-lint"), &json!("lint")));
    assert_eq!((&found["failures"][0]["file"], &found["failures"][0]["line"]), (&json!("src/a.frob"), &json!(2)));
}

#[test]
fn a_failure_of_the_earlier_run_is_said_to_be_older_than_the_change() {
    let world = shop();
    let found = explained(&world, &["ci.log", "--green", "ci.log"]);
    assert!(found["reason"].as_str().unwrap().contains("before this change"), "{}", found["reason"]);
}
