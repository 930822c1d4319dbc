//! What code under test can't do, at each level of isolation.

use crate::world::{BROKEN_CALC, UNITTEST, World};

/// The exit code of `heal fix` tells whether a command failed (1 or 4) or succeeded (3) inside.
fn succeeds(command: &str, level: &str) -> bool {
    let world = World::with(&[("README.md", "x")]);
    let output =
        world.heal(&["fix", "--budget", "10s", "--test", command]).env("HEAL_SANDBOX_LEVEL", level).output().unwrap();
    match output.status.code() {
        Some(3) => true,
        Some(1 | 4) => false,
        code => panic!("{code:?}: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[test]
fn the_system_the_home_and_the_secrets_are_out_of_reach() {
    for level in ["namespaces", "landlock"] {
        assert!(succeeds("true", level), "{level}");
        assert!(!succeeds("touch /usr/heal-was-here", level), "{level}");
        assert!(!succeeds("touch /etc/heal-was-here", level), "{level}");
        assert!(!succeeds("ls \"$(getent passwd \"$(id -u)\" | cut -d: -f6)\"/.ssh", level), "{level}");
        assert!(!succeeds("env | grep -q s3cret", level), "{level}");
        assert!(succeeds("echo x > written && mkdir d && mv written d/", level), "{level}");
    }
    assert!(!std::path::Path::new("/usr/heal-was-here").exists());
}

#[test]
fn there_is_no_network_but_loopback() {
    let connect = |address: &str| {
        format!("python3 -c \"import socket; socket.create_connection(('{address}', 9), 1)\" 2>&1 | grep -q refused")
    };
    assert!(succeeds(&connect("127.0.0.1"), "namespaces"), "loopback answers");
    assert!(!succeeds(&connect("192.0.2.1"), "namespaces"));
    assert!(!succeeds("python3 -c \"import socket; socket.socket()\"", "landlock"));
}

#[test]
fn the_environment_can_not_weaken_what_is_required() {
    let world = World::broken_python();
    let mut command = world.heal(&["fix", "--json", "--sandbox", "required", "--test", UNITTEST]);
    let output = command.env("HEAL_SANDBOX_LEVEL", "landlock").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("this machine only offers level landlock"));
}

#[test]
fn weaker_levels_heal_too_and_say_so() {
    for level in ["landlock", "limits"] {
        let world = World::broken_python();
        let output =
            world.heal(&["fix", "--json", "--test", UNITTEST]).env("HEAL_SANDBOX_LEVEL", level).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{level}: {stderr}");
        assert!(stderr.contains(&format!("the sandbox only reaches level {level}")), "{stderr}");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["attempts"][0]["verdict"]["sandbox"], level);
        world.assert_clean();
    }
}

/// Each candidate that flips the comparison does harm before the right one is found.
fn heals_in_spite_of(harm: &str) {
    let source = BROKEN_CALC
        .replace("best = values[0]\n", &format!("best = values[0]\n    if len(values) < 0:\n        {harm}\n"));
    let world = World::broken_python();
    world.write("calc.py", source.as_bytes());
    world.commit("Check the values");
    let document = world.fix(UNITTEST, &["--budget", "60s"]).expect(0, "healed");
    assert!(document["patch"].as_str().unwrap().contains("+        if value > best:"), "{document:#}");
    world.assert_clean();
}

#[test]
fn candidates_that_loop_without_end_are_survived() {
    heals_in_spite_of("while True: pass");
}

#[test]
fn candidates_that_fork_without_end_are_survived() {
    heals_in_spite_of("import os\n        while True: os.fork()");
}

#[test]
fn candidates_that_allocate_without_end_are_survived() {
    heals_in_spite_of("hoard = []\n        while True: hoard.append(bytearray(1 << 24))");
}
