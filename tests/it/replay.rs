//! `heal replay`: which heals can be run again, and on which files.

use std::path::Path;
use std::process::Command;

use heal::draft::llm::transcript;
use heal::draft::llm::{Answer, AnswerFormat, Exchange, Purpose, Request, Usage};
use heal::forge::local::LocalForge;
use heal::pipeline::local::{LocalKnowledge, restore_changes, uncommitted_changes};
use heal::store::{HealId, HealRow, Store};

use crate::world::{Run, UNITTEST, World};

/// A world, and a database beside its repository with heals of these ids; the first one has a transcript.
struct Past {
    world: World,
    url: String,
}

impl Past {
    fn with(world: World, ids: &[&str], knowledge: &LocalKnowledge) -> Self {
        let url = format!("sqlite://{}?mode=rwc", world.root().join("../heal.db").display());
        let head = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
        let repository = world.root().to_str().unwrap().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(&url).await.unwrap();
            for id in ids {
                let row = HealRow::new(HealId((*id).to_owned()), "local", &repository, &head, "1");
                let row = HealRow { data: serde_json::to_string(knowledge).unwrap(), ..row };
                assert!(store.add_heal(&row, 1).await.unwrap());
            }
            let body = serde_json::to_string(&transcript::redacted(exchange())).unwrap();
            store.append_exchange(&HealId(ids[0].to_owned()), "draft", "m", &body, 1).await.unwrap();
        });
        Past { world, url }
    }

    fn replay(&self, arguments: &[&str]) -> Run {
        let mut command: Command = self.world.heal(&["replay"]);
        Run::of(command.args(arguments).env("HEAL_DATABASE_URL", &self.url).output().unwrap())
    }
}

fn exchange() -> Exchange {
    let request = Request {
        purpose: Purpose::Draft,
        messages: Vec::new(),
        format: AnswerFormat::SearchReplace,
        max_output_tokens: 100,
        temperature: None,
    };
    Exchange {
        model: "m".to_owned(),
        request,
        outcome: Ok(Answer::default()),
        used: Usage::default(),
        cost_usd: 0.0,
        elapsed_ms: 1,
    }
}

fn told() -> LocalKnowledge {
    LocalKnowledge {
        test_command: Some(UNITTEST.to_owned()),
        budget_ms: 120_000,
        attempts: 3,
        ..LocalKnowledge::default()
    }
}

#[test]
fn a_heal_is_named_by_the_beginning_of_its_id_and_needs_a_transcript() {
    let past = Past::with(World::broken_python(), &["abcd1111", "abcd2222"], &told());
    past.replay(&["ffff"]).expect_error("no heal begins with \"ffff\"");
    past.replay(&["abcd"]).expect_error("more than one heal begins with \"abcd\"");
    past.replay(&["abc"]).expect_error("at least 4 characters");
    past.replay(&["abcd2"]).expect_error("--keep-transcripts");
    past.world.assert_clean();
}

#[test]
fn a_heal_runs_again_on_the_commit_of_then() {
    let past = Past::with(World::broken_python(), &["abcd1111"], &told());
    let broken = past.world.read("calc.py");
    past.world.write("calc.py", broken.replace("value < best", "value > best").as_bytes());
    past.world.commit("Repair it by hand");
    let document = past.replay(&["abcd1", "--json"]).expect(0, "healed");
    assert!(document["patch"].as_str().unwrap().contains("calc.py"), "{document:#}");
    past.world.assert_clean();
}

#[test]
fn a_copy_has_the_commit_and_the_uncommitted_changes_of_then() {
    let world = World::with(&[("a.txt", "one\n"), ("kept.txt", "kept\n"), ("gone.txt", "gone\n")]);
    let head = world.git(&["rev-parse", "HEAD"]).trim().to_owned();
    world.write("a.txt", b"two\nthree");
    world.write("new/b.txt", "neu: \u{e9}\n".as_bytes());
    std::fs::remove_file(world.root().join("gone.txt")).unwrap();
    let dirty = uncommitted_changes(&LocalForge::open(&world.root()).unwrap()).unwrap();
    assert!(dirty.is_some());
    world.commit("Keep the changes");

    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    LocalForge::open(&world.root()).unwrap().snapshot(&head, &copy).unwrap();
    let forge = LocalForge::open(&copy).unwrap();
    assert_eq!((forge.head(), forge.dirty_files().len()), (head.as_str(), 0));
    assert_eq!(text(&copy, "a.txt").as_deref(), Some("one\n"));
    restore_changes(&forge, &LocalKnowledge { dirty, ..told() }).unwrap();
    assert_eq!(text(&copy, "a.txt").as_deref(), Some("two\nthree"));
    assert_eq!(text(&copy, "new/b.txt").as_deref(), Some("neu: \u{e9}\n"));
    assert_eq!(text(&copy, "gone.txt"), None);
    assert_eq!(text(&copy, "kept.txt").as_deref(), Some("kept\n"));
}

#[test]
fn changes_that_are_none_or_too_large_are_said_to_be_so() {
    let world = World::with(&[("a.txt", "one\n")]);
    let changes = || uncommitted_changes(&LocalForge::open(&world.root()).unwrap());
    assert_eq!(changes().unwrap(), None);
    world.write("large.txt", "a line of text\n".repeat(100_000).as_bytes());
    assert!(changes().unwrap_err().to_string().contains("too large"));
}

#[test]
fn a_commit_that_is_not_there_is_named() {
    let world = World::with(&[("a.txt", "one\n")]);
    let folder = tempfile::tempdir().unwrap();
    let missing = "0123456789012345678901234567890123456789";
    let error = LocalForge::open(&world.root()).unwrap().snapshot(missing, &folder.path().join("copy")).unwrap_err();
    assert!(error.to_string().contains(missing));
}

fn text(root: &Path, file: &str) -> Option<String> {
    std::fs::read_to_string(root.join(file)).ok()
}
