//! The vocabulary: a repository in a temporary folder, `heal` run in it, what came of it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The faulty function of the small Python project, and its tests.
pub const BROKEN_CALC: &str = "def largest(values):\n    best = values[0]\n    for value in values:\n        if value < best:\n            best = value\n    return best\n";

const CALC_TESTS: &str = "import unittest\n\nfrom calc import largest\n\n\nclass CalcTest(unittest.TestCase):\n    def test_largest(self):\n        self.assertEqual(largest([1, 3, 2]), 3)\n\n    def test_single(self):\n        self.assertEqual(largest([7]), 7)\n";

/// The command that tests it.
pub const UNITTEST: &str = "python3 -m unittest";

/// A folder of its own with a repository in it; nothing outside of it is touched.
pub struct World {
    folder: tempfile::TempDir,
}

impl World {
    /// A repository with these files in one commit.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let world = World::without_repository(files);
        world.git(&["init", "-q", "-b", "main"]);
        world.commit("Add the project");
        world
    }

    /// The same files without a repository.
    pub fn without_repository(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        std::fs::create_dir(folder.path().join("repository")).unwrap();
        let world = World { folder };
        for (path, text) in files {
            world.write(path, text.as_bytes());
        }
        world
    }

    /// A small Python project whose `largest` finds the smallest.
    pub fn broken_python() -> Self {
        World::with(&[("calc.py", BROKEN_CALC), ("test_calc.py", CALC_TESTS)])
    }

    /// The repository.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// Where this world's processes put temporary files.
    pub fn tmp(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// Writes a file.
    pub fn write(&self, path: impl AsRef<Path>, content: &[u8]) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// Copies a folder of the machine into the repository.
    pub fn copy(&self, from: &str, to: &str) {
        let copied = Command::new("cp").args(["-a", from]).arg(self.root().join(to)).status().unwrap();
        assert!(copied.success(), "{from} can't be copied");
    }

    /// Commits everything.
    pub fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Runs git in the repository.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Tess", "-c", "user.email=tess@world.example", "-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(self.root())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// `heal` with these arguments in a cleared environment, not yet started.
    pub fn heal(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heal"));
        command
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.tmp())
            .env("HEAL_DATABASE_URL", "sqlite::memory:")
            .env("A_SECRET", "s3cret-of-the-caller")
            .stdin(Stdio::null());
        command
    }

    /// Runs `heal` to its end.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.heal(arguments).output().unwrap())
    }

    /// Runs `heal` to its end with more variables.
    pub fn run_with(&self, arguments: &[&str], environment: &[(String, String)]) -> Run {
        Run::of(self.heal(arguments).envs(environment.iter().cloned()).output().unwrap())
    }

    /// `heal fix --json` with a test command.
    pub fn fix(&self, test: &str, more: &[&str]) -> Run {
        let mut arguments = vec!["fix", "--json", "--test", test];
        arguments.extend(more);
        self.run(&arguments)
    }

    /// Starts `heal` in a process group of its own.
    pub fn start(&self, arguments: &[&str]) -> Child {
        use std::os::unix::process::CommandExt;
        let mut command = self.heal(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn().unwrap()
    }

    /// Asserts that nothing was left in the temporary folder and the work tree is as committed.
    pub fn assert_clean(&self) {
        let left: Vec<_> = std::fs::read_dir(self.tmp()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        assert_eq!(self.git(&["status", "--porcelain"]), "", "the work tree was changed");
    }
}

/// What a run of `heal` gave.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// What a process gave.
    pub fn of(output: Output) -> Self {
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The JSON document, which must be all of stdout.
    pub fn json(&self) -> Value {
        let lines = self.stdout.lines().count();
        assert_eq!(lines, 1, "stdout is not one document: {:?}\n{}", self.stdout, self.stderr);
        let document: Value = serde_json::from_str(&self.stdout).unwrap();
        for field in ["schema", "outcome", "diagnosis", "attempts", "patch", "files", "branch", "timing", "search"] {
            assert!(document.get(field).is_some(), "{field} is missing");
        }
        document
    }

    /// Asserts the exit code and the outcome.
    #[track_caller]
    pub fn expect(self, code: i32, outcome: &str) -> Value {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        let document = self.json();
        assert_eq!(document["outcome"], outcome, "{document:#}");
        document
    }

    /// Asserts wrong usage with this text among the messages.
    #[track_caller]
    pub fn expect_error(self, text: &str) {
        assert_eq!(self.code, 2, "{}\n{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(text), "{:?} is not in:\n{}", text, self.stderr);
        if !self.stdout.is_empty() {
            assert!(self.json()["error"]["message"].as_str().unwrap().contains(text));
        }
    }
}

/// Whether the machine has a tool; says so when it has not. The gate sets `HEAL_REQUIRE_TOOLS`.
pub fn has(tool: &str, arguments: &[&str]) -> bool {
    let found = Command::new(tool).args(arguments).output().is_ok_and(|output| output.status.success());
    if !found {
        let asked = format!("{tool} {}", arguments.join(" "));
        assert!(std::env::var_os("HEAL_REQUIRE_TOOLS").is_none(), "this machine lacks `{asked}`");
        eprintln!("SKIPPED: this machine lacks `{asked}`");
    }
    found
}
