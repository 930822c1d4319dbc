//! The languages' own checkers in the real sandbox.
//!
//! The sandbox starts the running program once more as its helper, so this is a program of its own: with a helper's
//! arguments it is `heal`, else it runs its tests in order, those whose names hold an argument.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]
#![expect(clippy::disallowed_methods, reason = "tests read the environment as a user's shell gives it")]

mod cases;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use heal::diagnosis::Class;
use heal::patch::{Guard, SpanEdit, apply, first_fault};
use heal::policy::Policy;
use heal::testbed::command::TestCommand;
use heal::testbed::sandbox::Level;
use heal::testbed::{Isolation, Patched, SyntaxCheck, Testbed, TestbedOptions};
use heal::verify::{Proof, Rung, climb};

use cases::{BROKEN, SOUND};

/// A test of one level of isolation.
type Test = fn(&Stage);

const TESTS: &[(&str, Test)] = &[
    ("what_no_compiler_takes_is_stopped", what_no_compiler_takes_is_stopped),
    ("what_compilers_take_passes", what_compilers_take_passes),
    ("old_faults_stay_new_ones_count", old_faults_stay_new_ones_count),
    ("a_checker_without_an_answer_is_named", a_checker_without_an_answer_is_named),
    ("what_is_not_checked_is_said", what_is_not_checked_is_said),
    ("what_python_refuses_falls_before_any_run", what_python_refuses_falls_before_any_run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first.starts_with("__")) {
        return ExitCode::from(heal::cli::run() as u8);
    }
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    for (name, test) in TESTS {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(*filter)) {
            continue;
        }
        for level in [Level::Namespaces, Level::Landlock] {
            test(&Stage { runtime: tokio::runtime::Runtime::new().unwrap(), level });
            println!("test {name} ({level}) ... ok");
        }
    }
    ExitCode::SUCCESS
}

/// Where a test runs.
struct Stage {
    runtime: tokio::runtime::Runtime,
    level: Level,
}

impl Stage {
    fn testbed(&self, root: &Path, search_path: &str) -> Testbed {
        let options = TestbedOptions {
            isolation: Isolation::Exactly(self.level),
            search_path: search_path.to_owned(),
            ..TestbedOptions::default()
        };
        self.runtime.block_on(Testbed::open(&root.canonicalize().unwrap(), options)).unwrap()
    }

    /// What the checkers say of `files` in a repository at `root`.
    fn check_at(&self, root: &Path, files: &Patched) -> SyntaxCheck {
        let testbed = self.testbed(root, &std::env::var("PATH").unwrap());
        self.runtime.block_on(testbed.check_syntax(files)).unwrap()
    }

    /// The same in a repository with the files of `before`.
    fn check(&self, before: &[(&str, &str)], after: &[(&str, &str)]) -> SyntaxCheck {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in before {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        self.check_at(root.path(), &patched(after))
    }
}

fn patched(files: &[(&str, &str)]) -> Patched {
    files.iter().map(|(name, text)| (PathBuf::from(name), text.as_bytes().to_vec())).collect()
}

/// A project that has typescript installed; nothing, said aloud, where it is not.
fn with_typescript() -> Option<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/typescript-money/files");
    if project.join("node_modules/typescript").is_dir() {
        return Some(project);
    }
    assert!(std::env::var_os("HEAL_REQUIRE_TOOLS").is_none(), "npm ci was not run in {}", project.display());
    println!("skipped: npm ci was not run in {}", project.display());
    None
}

/// Every case as a file of its own.
fn files_of(cases: &[(&str, &str)]) -> Vec<(String, String)> {
    let name =
        |(index, (ending, text)): (usize, &(&str, &str))| (format!("check/case_{index}.{ending}"), (*text).into());
    cases.iter().enumerate().map(name).collect()
}

fn all_checked(stage: &Stage, project: &Path, files: &[(String, String)]) -> SyntaxCheck {
    let files: Patched = files.iter().map(|(name, text)| (name.into(), text.clone().into_bytes())).collect();
    let checked = stage.check_at(project, &files);
    assert_eq!(checked.unanswered, Vec::<String>::new());
    checked
}

fn what_no_compiler_takes_is_stopped(stage: &Stage) {
    let Some(project) = with_typescript() else { return };
    let files = files_of(BROKEN);
    let checked = all_checked(stage, &project, &files);
    let missed: Vec<_> = files
        .iter()
        .filter(|(name, text)| {
            let name = Path::new(name);
            first_fault(name, "", text).is_none() && !checked.faults.iter().any(|fault| fault.file == name)
        })
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
    // The tree knows many of these; the checkers must know them without it. V8 leaves this one to the run.
    let for_the_run = "f() = 1;\n";
    let is_seen = |name: &str| checked.faults.iter().any(|fault| fault.file == Path::new(name));
    let unseen: Vec<_> = files.iter().filter(|(name, text)| text.as_str() != for_the_run && !is_seen(name)).collect();
    assert!(unseen.is_empty(), "{unseen:#?}");
}

fn what_compilers_take_passes(stage: &Stage) {
    let Some(project) = with_typescript() else { return };
    let files = files_of(SOUND);
    let checked = all_checked(stage, &project, &files);
    assert_eq!(checked.faults, []);
    for (name, text) in &files {
        assert_eq!(first_fault(Path::new(name), "", text), None, "{text}");
    }
}

fn old_faults_stay_new_ones_count(stage: &Stage) {
    let lines = |checked: SyntaxCheck| checked.faults.iter().map(|fault| fault.line).collect::<Vec<u32>>();
    let none: Vec<u32> = Vec::new();
    let old = "x = 1\nprint 'a'\n";
    assert_eq!(lines(stage.check(&[("a.py", old)], &[("a.py", "y = 2\nx = 1\nprint 'a'\n")])), none);
    assert_eq!(lines(stage.check(&[("a.py", old)], &[("a.py", "x = 1\nprint 'b'\n")])), [2]);
    assert_eq!(lines(stage.check(&[("a.py", old)], &[("a.py", "x = 010\nprint 'a'\n")])), [1]);
    // Another tool of the project takes JSX in `.js`; an edit of the very line that node refuses is no fault.
    let jsx = "const a = <b>1</b>;\n";
    assert_eq!(lines(stage.check(&[("a.js", jsx)], &[("a.js", "const a = <b>2</b>;\n")])), none);
    assert_eq!(lines(stage.check(&[("a.js", "f();\n")], &[("a.js", jsx)])), [1]);
    // Without a `type` in package.json both kinds of file are JavaScript.
    assert_eq!(lines(stage.check(&[], &[("a.js", "import a from 'a';\n"), ("b.js", "return require('b');\n")])), none);
    assert_eq!(
        lines(stage.check(&[], &[("a.js", "import a from 'a';\nlet a;\n"), ("b.js", "f();\nlet c, c;\n")])),
        [2, 2]
    );
}

/// A typescript of the project's own that does this when it is loaded.
fn with_compiler(does: &str) -> Vec<(String, String)> {
    let package = "node_modules/typescript";
    vec![(format!("{package}/package.json"), "{}".into()), (format!("{package}/index.js"), does.into())]
}

fn a_checker_without_an_answer_is_named(stage: &Stage) {
    for (does, ts, js) in [
        ("process.exit(3)", "it ended with 3", false),
        ("process.exit(0)", "it said nothing", false),
        ("throw new Error('broken')", "broken", true),
        (
            "exports.ScriptTarget = {}; exports.transpileModule = 1;",
            "typescript.createSourceFile is not a function",
            true,
        ),
    ] {
        let compiler = with_compiler(does);
        let before: Vec<_> = compiler.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let checked = stage.check(&before, &[("a.ts", "let a = 1;\n"), ("b.js", "f();\n"), ("c.py", "x = 1\n")]);
        assert_eq!(checked.faults, [], "{does}");
        assert_eq!(checked.unanswered[0], format!("node gave no answer about a.ts ({ts})"));
        assert_eq!(checked.unanswered.len(), if js { 1 } else { 2 }, "{does}: {:?}", checked.unanswered);
        let said = if js { vec!["python3 compiles c.py", "node accepts b.js"] } else { vec!["python3 compiles c.py"] };
        assert_eq!(checked.said, said, "{does}");
    }
}

fn what_is_not_checked_is_said(stage: &Stage) {
    let large = "#".repeat(2 * 1024 * 1024 + 1);
    let checked = stage.check(&[], &[("a.py", &large), ("b.jsx", "<b/>;\n"), ("c.ts", "let a;\n"), ("d.js", "f();\n")]);
    assert_eq!(
        checked.said,
        [
            "a.py is over 2 MiB: not checked",
            "b.jsx was checked by its tree only: no typescript",
            "c.ts was checked by its tree only: no typescript",
            "node accepts d.js",
        ]
    );
    assert_eq!((checked.faults, checked.unanswered), (vec![], vec![]));
    let root = tempfile::tempdir().unwrap();
    let testbed = stage.testbed(root.path(), "/nonexistent");
    let checked = stage.runtime.block_on(testbed.check_syntax(&patched(&[("a.py", "x = 1\n"), ("b.js", "f();\n")])));
    assert_eq!(checked.unwrap().said, ["there is no python3 to check a.py", "there is no node to check b.js"]);
}

fn what_python_refuses_falls_before_any_run(stage: &Stage) {
    let root = tempfile::tempdir().unwrap();
    let before = "def f(a, b):\n    return a\n";
    std::fs::write(root.path().join("a.py"), before).unwrap();
    let testbed = stage.testbed(root.path(), &std::env::var("PATH").unwrap());
    let command = TestCommand::parse("false", root.path());
    let run = stage.runtime.block_on(testbed.run(&command, &Patched::new(), 60_000)).unwrap();
    let policy = Policy::default();
    let guard = Guard { policy: &policy, class: Class::Code };
    let proof = Proof { testbed: &testbed, command: &command, before: &run, guard, time_ms: 60_000 };
    let climbed = |span: std::ops::Range<usize>, text: &str| {
        let edit = SpanEdit { file: "a.py".into(), span, replacement: text.to_owned() };
        let patch = apply(&[edit], &|_| Some(before.to_owned())).unwrap();
        let verdict = stage.runtime.block_on(climb(&proof, &patch)).unwrap();
        verdict.rungs.iter().map(|rung| (rung.rung, rung.passed, rung.evidence.clone())).collect::<Vec<_>>()
    };
    // Python's own checker knows this one, the early errors that one.
    for (span, text, evidence) in [
        (9..10, "a", "a.py: line 1: duplicate argument 'a' in function definition"),
        (17..25, "return await a", "await"),
    ] {
        let rungs = climbed(span, text);
        assert_eq!(
            rungs.iter().map(|(rung, passed, _)| (*rung, *passed)).collect::<Vec<_>>(),
            [(Rung::Applies, true), (Rung::Parses, false)]
        );
        assert!(rungs[1].2.contains(evidence), "{}", rungs[1].2);
    }
    let sound = climbed(24..25, "b");
    assert_eq!(sound[1].2, "no new error in the syntax tree; python3 compiles a.py");
    assert_eq!(sound[3].0, Rung::FailToPass, "the tests ran");
}
