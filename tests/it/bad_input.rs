//! Repositories and commands as they should not be: a clear message, the right exit code, nothing
//! left behind.

use std::time::Duration;

use crate::world::{BROKEN_CALC, UNITTEST, World};

#[test]
fn a_directory_without_a_repository() {
    let world = World::without_repository(&[("calc.py", BROKEN_CALC)]);
    world.fix(UNITTEST, &[]).expect_error("is not in a git repository");
}

#[test]
fn a_path_that_does_not_exist() {
    let world = World::without_repository(&[]);
    world.run(&["fix", "--json", "nowhere"]).expect_error("nowhere: can't open the directory");
}

#[test]
fn a_repository_without_commits() {
    let world = World::without_repository(&[("calc.py", BROKEN_CALC)]);
    world.git(&["init", "-q"]);
    world.fix(UNITTEST, &[]).expect_error("has no commits yet");
}

#[test]
fn a_bare_repository() {
    let world = World::without_repository(&[]);
    world.git(&["init", "-q", "--bare", "."]);
    world.fix(UNITTEST, &[]).expect_error("is a bare repository");
}

#[test]
fn a_project_that_does_not_say_how_it_is_tested() {
    let world = World::with(&[("README.md", "hello")]);
    world.run(&["fix", "--json"]).expect_error("no test command found");
}

#[test]
fn wrong_arguments() {
    let world = World::broken_python();
    for arguments in
        [&["fix", "--budget", "soon"][..], &["fix", "--attempts", "0"], &["fix", "--apply", "--branch", "x"], &["mend"]]
    {
        assert_eq!(world.run(arguments).code, 2, "{arguments:?}");
    }
    world.fix("", &[]).expect_error("the test command is empty");
}

#[test]
fn a_detached_head_heals_like_any_other() {
    let world = World::broken_python();
    world.git(&["checkout", "-q", "--detach"]);
    world.fix(UNITTEST, &["--branch", "heal/x"]).expect(0, "healed");
}

#[test]
fn a_dirty_work_tree_is_healed_as_it_is() {
    let world = World::with(&[("calc.py", "def largest(values):\n    return max(values)\n"), ("notes.txt", "a\n")]);
    let healthy = World::broken_python().read("test_calc.py");
    world.write("test_calc.py", healthy.as_bytes());
    world.commit("Add tests");
    world.write("calc.py", BROKEN_CALC.as_bytes());
    let run = world.fix(UNITTEST, &["--branch", "heal/x"]);
    // The failing file is not committed: a commit on a branch would not be what was proven.
    assert!(run.stderr.contains("1 uncommitted change: the work tree is healed as it is"), "{}", run.stderr);
    run.expect_error("calc.py has uncommitted changes");
    world.fix(UNITTEST, &["--apply"]).expect(0, "healed");
}

#[test]
fn an_existing_branch_is_not_overwritten() {
    let world = World::broken_python();
    world.git(&["branch", "heal/x"]);
    world.fix(UNITTEST, &["--branch", "heal/x"]).expect_error("the branch heal/x exists already");
    world.fix(UNITTEST, &["--branch", "bad..name"]).expect_error("can't be the name of a branch");
}

#[test]
fn a_missing_runner_is_no_fault_of_the_code() {
    let world = World::broken_python();
    for command in ["no-such-runner --all", "python3 -m no_such_runner"] {
        let document = world.fix(command, &[]).expect(4, "not_code");
        assert_eq!(document["diagnosis"]["class"], "configuration", "{document:#}");
    }
    world.assert_clean();
}

#[test]
fn a_command_that_never_ends_is_ended() {
    let world = World::broken_python();
    let document = world.fix("sleep 1000", &["--test-timeout", "1s", "--budget", "20s"]).expect(1, "not_healed");
    assert_eq!(document["diagnosis"]["class"], "timeout");
    world.assert_clean();
}

#[test]
fn a_command_that_writes_without_end_is_bounded() {
    let world = World::broken_python();
    let run = world.fix("yes | head -c 300000000; cat /dev/zero > big; exit 1", &["--budget", "20s"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(!world.root().join("big").exists());
    world.assert_clean();
}

#[test]
fn a_command_that_deletes_its_directory_deletes_a_copy() {
    let world = World::broken_python();
    let run = world.fix("rm -rf \"$PWD\" ./* .git; exit 1", &["--budget", "10s"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    world.assert_clean();
}

#[test]
fn a_test_that_needs_the_network_is_not_patched() {
    let world = World::with(&[(
        "test_net.py",
        "import socket\nimport unittest\n\nclass T(unittest.TestCase):\n    def test_up(self):\n        socket.create_connection(('192.0.2.1', 80), 2)\n",
    )]);
    let document = world.fix(UNITTEST, &[]).expect(4, "not_code");
    assert_eq!(document["diagnosis"]["class"], "infrastructure");
}

#[test]
fn a_flaky_test_is_not_patched() {
    let world = World::with(&[(
        "test_flaky.py",
        "import random\nimport unittest\n\nclass T(unittest.TestCase):\n    def test_dice(self):\n        self.assertLess(random.random(), 0.5)\n",
    )]);
    // The same tree fails and passes by chance: whatever is seen, it is never called healed.
    for _ in 0..4 {
        let code = world.fix(UNITTEST, &["--budget", "10s"]).code;
        assert!([1, 3, 4].contains(&code), "exit code {code}");
    }
}

#[test]
fn sources_and_names_that_are_not_utf_8() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::broken_python();
    world.write("latin.py", b"# -*- coding: latin-1 -*-\nNAME = '\xe9'\n");
    world.write(std::ffi::OsStr::from_bytes(b"na\xefve.txt"), b"x");
    world.commit("Add foreign files");
    world.fix(UNITTEST, &[]).expect(0, "healed");
    world.assert_clean();
}

#[test]
fn a_source_of_five_megabytes() {
    let world = World::broken_python();
    let table: String = (0..260_000).map(|number| format!("    {number:>12},\n")).collect();
    world.write("table.py", format!("TABLE = [\n{table}]\n").as_bytes());
    world.write("calc.py", format!("from table import TABLE\n\n\n{BROKEN_CALC}").as_bytes());
    world.commit("Add a large table");
    world.fix(UNITTEST, &["--budget", "60s"]).expect(0, "healed");
}

#[test]
fn links_out_of_the_repository_are_not_followed() {
    let world = World::broken_python();
    let outside = world.tmp().parent().unwrap().join("outside.py");
    std::fs::rename(world.root().join("calc.py"), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, world.root().join("calc.py")).unwrap();
    world.commit("Link the code from elsewhere");
    let run = world.fix(UNITTEST, &["--apply", "--budget", "10s"]);
    assert_ne!(run.code, 0, "{}", run.stdout);
    assert_eq!(std::fs::read_to_string(outside).unwrap(), BROKEN_CALC);
}

#[test]
fn a_submodule_is_left_alone() {
    let world = World::broken_python();
    let other = World::with(&[("lib.py", "X = 1\n")]);
    world.git(&["submodule", "--quiet", "add", other.root().to_str().unwrap(), "vendor/lib"]);
    world.commit("Add a submodule");
    world.fix(UNITTEST, &[]).expect(0, "healed");
    world.assert_clean();
}

#[test]
fn a_temporary_directory_that_can_not_be_written() {
    let world = World::broken_python();
    let output = world.heal(&["fix", "--json", "--test", UNITTEST]).env("TMPDIR", "/proc/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("set TMPDIR to a directory that can be written"));
}

#[test]
fn a_state_directory_that_can_not_be_written_is_said() {
    let world = World::broken_python();
    let mut command = world.heal(&["fix", "--json", "--test", UNITTEST]);
    let output = command.env_remove("HEAL_DATABASE_URL").env("XDG_STATE_HOME", "/proc/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Waits until a file of the sandbox's life shows that tests are running.
fn wait_until_running(world: &World) {
    for _ in 0..400 {
        let busy = std::fs::read_dir(world.tmp()).unwrap().any(|entry| {
            let probes = entry.unwrap().path();
            std::fs::read_dir(probes).is_ok_and(|entries| {
                entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("results-"))
            })
        });
        if busy {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(25));
    }
    panic!("no test was started");
}

/// Waits until nothing of heal is left in the temporary folder and no process works in it.
fn wait_until_gone(world: &World, marker: &str) {
    for _ in 0..200 {
        let files = std::fs::read_dir(world.tmp()).unwrap().count();
        let processes = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
            std::fs::read(entry.path().join("cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains(marker))
        });
        if files == 0 && processes.count() == 0 {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(25));
    }
    let left: Vec<_> = std::fs::read_dir(world.tmp()).unwrap().flatten().map(|entry| entry.path()).collect();
    panic!("still there: files {left:?}, or a process with {marker}");
}

#[test]
fn kill_9_leaves_no_process_no_file_and_no_change() {
    let world = World::broken_python();
    let mut child = world.start(&["fix", "--test", "sleep 1234.5"]);
    wait_until_running(&world);
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until_gone(&world, "1234.5");
    world.assert_clean();
    world.fix(UNITTEST, &[]).expect(0, "healed");
}

#[test]
fn ctrl_c_ends_everything_at_once() {
    let world = World::broken_python();
    let child = world.start(&["fix", "--test", "sleep 2345.6"]);
    wait_until_running(&world);
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), nix::sys::signal::Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"));
    wait_until_gone(&world, "2345.6");
    world.assert_clean();
}
