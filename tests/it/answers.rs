//! Models' answers without a model: sloppy edits come out as they were meant or not at all, and what does not parse is
//! kept from verification.

use crate::world::World;

const ANSWERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/answers");

#[test]
fn sloppy_answers_are_applied_as_meant_and_broken_ones_are_kept_back() {
    let world = World::without_repository(&[]);
    let run = world.run(&["eval", ANSWERS, "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let number = |name: &str| document[name].as_u64().unwrap();
    assert_eq!((&document["schema"], &document["kind"]), (&1.into(), &"answers".into()));
    assert!(number("cases") >= 40 && number("unambiguous") >= 30, "{}", run.stderr);
    assert_eq!(number("wrong"), 0, "{}", run.stderr);
    assert!(document["rate"].as_f64().unwrap() >= 0.9, "{}", run.stderr);
    assert_eq!(number("ambiguous_refused"), number("ambiguous"), "{}", run.stderr);
    assert_eq!(number("never_parsing_refused"), number("never_parsing"), "{}", run.stderr);
    let invalid = &document["invalid_reaching_verification"];
    assert_eq!(invalid["with_checks"], 0, "{}", run.stderr);
    assert!(invalid["without_checks"].as_u64().unwrap() > 0, "{}", run.stderr);
    assert!(invalid["fewer"].as_f64().unwrap() >= 0.35, "{}", run.stderr);
}

#[test]
fn an_edit_that_comes_out_otherwise_than_meant_fails_the_command() {
    let case = "about = 'the intended file asks for more than the answer says'\nmeasures = 'place'\nexpect = 'applied'\nanswers = ['1.md']\n";
    let world = World::without_repository(&[
        ("cases/one/case.toml", case),
        ("cases/one/before/a.py", "x = 1\ny = 1\n"),
        ("cases/one/intended/a.py", "x = 2\ny = 2\n"),
        ("cases/one/1.md", "a.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n"),
    ]);
    let run = world.run(&["eval", "cases", "--json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&document["wrong"], &document["results"][0]["outcome"]), (&1.into(), &"wrong".into()));
    world.write("cases/one/case.toml", format!("{case}known_defect = 'it is'\n").as_bytes());
    assert_eq!(world.run(&["eval", "cases"]).code, 0);
}
