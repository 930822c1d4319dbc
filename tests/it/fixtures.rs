//! The fixtures: every model is true, and `heal` heals the faults of the one it carries.

use std::path::Path;

use heal::fixture::Fixture;

use crate::world::World;

#[test]
fn every_fixture_builds_its_history_and_its_faults() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut faults = 0;
    for entry in std::fs::read_dir(fixtures).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("fixture.toml").is_file() {
            continue;
        }
        let fixture = Fixture::load(&folder).unwrap();
        for fault in &fixture.faults {
            let directory = tempfile::tempdir().unwrap();
            let commits = fixture.build(Some(fault), directory.path()).unwrap();
            assert_eq!(commits.len(), fixture.model.history.len() + 1, "{}/{}", fixture.model.name, fault.name);
            let text = std::fs::read_to_string(directory.path().join(&fault.file)).unwrap();
            assert!(text.lines().nth(fault.line as usize - 1).is_some(), "{}: no line {}", fault.name, fault.line);
            faults += 1;
        }
    }
    assert!(faults >= 2, "{faults} faults");
}

#[test]
fn the_demo_s_other_fault_is_healed_too() {
    let world = World::without_repository(&[]);
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo-shop");
    let run = world.run(&["eval", fixtures, "--json"]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["summary"]["healed"], document["summary"]["cases"], "{}", run.stderr);
}
