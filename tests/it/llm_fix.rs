//! `heal fix --drafter llm` from outside: sloppy and broken answers, faults of the endpoint, and what is kept.

use serde_json::Value;

use crate::app_llm::{MODEL, answering, assert_says, nobody};
use crate::llm::{Reply, Script, ScriptedModel, edit, edits};
use crate::repairs::{CART, DURATIONS, HASTY, HASTY_SAYS, INTERVALS, Repair, board, borrowed};
use crate::world::{BROKEN_CALC, Run, UNITTEST, World};

/// `heal fix --json` with these drafters and a model.
fn fix(world: &World, model: &ScriptedModel, repair: &Repair, drafters: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["fix", "--json", "--test", repair.test, "--drafter", drafters];
    arguments.extend(more);
    world.run_with(&arguments, &model.environment(MODEL))
}

/// What the model's drafter tells of itself.
fn count(document: &Value, name: &str) -> u64 {
    document["llm"][name].as_u64().unwrap_or_else(|| panic!("{name} is not told: {:#}", document["llm"]))
}

fn notes(document: &Value) -> String {
    document["llm"]["notes"].to_string()
}

#[test]
fn the_search_alone_finds_none_of_these_repairs() {
    for repair in [&DURATIONS, &INTERVALS, &CART] {
        let document = repair.broken().fix(repair.test, &["--drafter", "search"]).expect(1, "not_healed");
        assert_eq!(document["search"]["plausible"], 0, "{document:#}");
    }
}

#[test]
fn a_model_repairs_two_files_and_a_component() {
    let world = CART.broken();
    let model = answering(|_| CART.answer());
    let document = fix(&world, &model, &CART, "llm", &["--apply"]).expect(0, "healed");
    assert_eq!(document["attempts"][0]["drafter"], "llm");
    assert_eq!((world.read("rates.py"), world.read("cart.py")), (CART.repaired("rates.py"), CART.repaired("cart.py")));
    assert!(count(&document, "calls") > 0 && count(&document, "input_tokens") > 0 && count(&document, "drafts") == 1);
    let Some(packages) = board::packages() else { return };
    let world = World::with(&borrowed(&board::before()));
    for (path, text) in board::breaking() {
        world.write(path, text.as_bytes());
    }
    world.commit("Each label in an item of its own");
    world.copy(&packages, "node_modules");
    let model = answering(|_| edits(&[board::RIGHT]));
    let arguments = ["fix", "--json", "--test", "npm test", "--drafter", "llm", "--apply"];
    let document = world.run_with(&arguments, &model.environment(MODEL)).expect(0, "healed");
    assert_eq!(document["files"][0], board::CARD);
    assert!(world.read(board::CARD).contains(board::RIGHT.2));
}

#[test]
fn what_would_be_sent_is_shown_and_not_sent() {
    let world = DURATIONS.broken();
    let model = answering(|_| DURATIONS.answer());
    let arguments = ["fix", "--test", UNITTEST, "--drafter", "llm", "--show-prompt"];
    let run = world.run_with(&arguments, &model.environment(MODEL));
    assert_says(&run.stdout, &["def parse(text):", "11400 != 5400", "test_two_units", " tokens"]);
    assert_eq!(model.requests().len(), 0);
    world.assert_clean();
}

#[test]
fn a_kept_heal_is_replayed_without_the_model() {
    let world = DURATIONS.broken();
    let learning = |prompt: String| if prompt.contains(HASTY_SAYS) { DURATIONS.answer() } else { edits(&[HASTY]) };
    let model = answering(move |seen| learning(seen.prompt()));
    let database = format!("sqlite://{}?mode=rwc", world.tmp().parent().unwrap().join("heal.db").display());
    let mut settings = model.environment(MODEL);
    settings.push(("HEAL_DATABASE_URL".to_owned(), database.clone()));
    let arguments = ["fix", "--json", "--test", UNITTEST, "--drafter", "llm", "--keep-transcripts"];
    let first = world.run_with(&arguments, &settings).expect(0, "healed");
    assert_eq!(first["attempts"].as_array().unwrap().len(), 2);
    drop(model);
    let only_database = [("HEAL_DATABASE_URL".to_owned(), database)];
    let chain = world.run_with(&["audit", "export"], &only_database).stdout;
    let row: Value = serde_json::from_str(chain.lines().next().unwrap()).unwrap();
    let id = row["heal"].as_str().unwrap();
    let again = world.run_with(&["replay", id, "--json"], &only_database);
    let again = again.expect(0, "healed");
    assert_eq!(again["patch"], first["patch"]);
    world.assert_clean();
}

#[test]
fn sloppy_answers_end_in_exactly_the_intended_file() {
    let (file, from, to) = DURATIONS.right[0];
    let dedented = |text: &str| text.lines().map(|line| format!("{}\n", &line[4..])).collect::<String>();
    let elided = "def parse(text):\n    ...\n    for letter in text:\n        if letter.isdigit():\n            number += letter\n        else:\n            total += int(number) * unit(letter)\n    return total\n";
    let parse = DURATIONS.repaired(file).split_once("def parse").map(|(_, rest)| format!("def parse{rest}")).unwrap();
    let diff = "--- a/src/durations.py\n+++ b/src/durations.py\n@@ -99,2 +99,7 @@\n             total += int(number) * unit(letter)\n+            number = \"\"\n+    if number:\n+        total += int(number)\n     return total\n";
    let answers = [
        ("the path is wrong", edit("./src/lib/durations.py", from, to)),
        ("the lines end in blanks", edit(file, &from.replace('\n', "  \n"), to)),
        ("Windows' line ends", edit(file, from, to).replace('\n', "\r\n")),
        ("lines are left out", edit(file, elided, &elided.replace(from, to))),
        ("a diff with wrong numbers", format!("Here you are:\n```diff\n{diff}```\n")),
        ("the whole function", format!("In `durations.py`:\n```python\n{parse}```\n")),
        ("all is less indented", edit(file, &dedented(from), &dedented(to))),
    ];
    for (sloppy, answer) in answers {
        let world = DURATIONS.broken();
        let model = ScriptedModel::start(Reply::text(answer));
        let run = fix(&world, &model, &DURATIONS, "llm", &["--apply"]);
        assert_eq!(run.code, 0, "{sloppy}: {}\n{}", run.stdout, run.stderr);
        assert_eq!(world.read(file), DURATIONS.repaired(file), "{sloppy}");
    }
}

#[test]
fn what_does_not_parse_is_sent_back_once_and_never_tried() {
    let (file, from, to) = DURATIONS.right[0];
    let broken = edit(file, from, &to.replace("    if number:", "    if number(:"));
    let once = ScriptedModel::start(Script::last_repeats(vec![Reply::text(&*broken), Reply::text(DURATIONS.answer())]));
    let world = DURATIONS.broken();
    let document = fix(&world, &once, &DURATIONS, "llm", &["--apply"]).expect(0, "healed");
    assert_eq!(world.read(file), DURATIONS.repaired(file));
    assert_eq!((count(&document, "corrections"), document["attempts"].as_array().unwrap().len()), (1, 1));
    assert_says(&once.prompt(1), &["if number(:"]);
    let always = ScriptedModel::start(Reply::text(broken));
    let document = fix(&DURATIONS.broken(), &always, &DURATIONS, "llm", &[]).expect(1, "not_healed");
    assert!(document["attempts"].as_array().unwrap().is_empty(), "{document:#}");
    assert!(count(&document, "syntax_stopped") > 0, "the correction is stopped, too: {document:#}");
}

#[test]
fn what_fits_nowhere_is_sent_back_with_the_reason() {
    let (file, _, to) = DURATIONS.right[0];
    let misfit = edit(file, "    return grand_total\n", to);
    let model = ScriptedModel::start(Script::last_repeats(vec![Reply::text(misfit), Reply::text(DURATIONS.answer())]));
    let document = fix(&DURATIONS.broken(), &model, &DURATIONS, "llm", &[]).expect(0, "healed");
    assert_eq!(count(&document, "misfits"), 1);
    assert_says(&model.prompt(1), &["`return grand_total`", "is not there"]);
}

/// The key that an endpoint quotes.
const KEY: &str = concat!("sk", "-abcdefghijklmnopqrstuvwx");

#[test]
fn every_fault_of_an_endpoint_ends_in_a_sentence_and_the_diagnosis() {
    let faults = [
        (Reply::insufficient_quota(), "nothing left to spend"),
        (Reply::unauthorized(KEY), "does not accept the key"),
        (Reply::unknown_model(MODEL), "does not know the model scripted-1"),
        (Reply::status(500), "failed with status 500"),
        (Reply::reset(), "cannot be reached"),
        (Reply::cut(DURATIONS.answer()), "broke off"),
        (Reply::malformed(), "no form that is known"),
        (Reply::empty(), "empty answer"),
        (Reply::refusal("I can't help with that."), "I can't help with that"),
        (Reply::content_filter(), "content filter"),
        (Reply::context_too_long(16), "the model's context"),
    ];
    let check = |reply: Reply, sentence: &str| {
        let model = ScriptedModel::start(reply);
        let run = fix(&DURATIONS.broken(), &model, &DURATIONS, "llm", &[]);
        assert_eq!(run.code, 1, "{sentence}: {}\n{}", run.stdout, run.stderr);
        let document = run.json();
        assert_says(&notes(&document), &[sentence]);
        assert!(!run.stdout.contains(KEY) && !run.stderr.contains(KEY), "a key is told to no one");
        assert_says(&document["diagnosis"].to_string(), &["test_two_units", "durations.py"]);
        assert!(model.requests().len() <= 12, "{sentence}: {} requests", model.requests().len());
    };
    // Most of the time is spent waiting for another try.
    std::thread::scope(|scope| {
        for (reply, sentence) in faults {
            scope.spawn(move || check(reply, sentence));
        }
    });
}

#[test]
fn an_endpoint_that_recovers_is_asked_again() {
    let ups_and_downs =
        vec![Reply::rate_limited(1), Reply::status(503), Reply::reset(), Reply::text(DURATIONS.answer())];
    let model = ScriptedModel::start(Script::last_repeats(ups_and_downs));
    let document = fix(&DURATIONS.broken(), &model, &DURATIONS, "llm", &[]).expect(0, "healed");
    assert!(model.requests().len() >= 4, "{document:#}");
}

#[test]
fn a_dead_endpoint_falls_back_to_the_search_and_says_so() {
    let dead = [("HEAL_LLM_BASE_URL".to_owned(), nobody()), ("HEAL_LLM_MODEL".to_owned(), MODEL.to_owned())];
    let arguments = ["fix", "--json", "--test", UNITTEST, "--drafter", "llm,search"];
    let world = World::broken_python();
    assert_eq!(world.read("calc.py"), BROKEN_CALC);
    let healed = world.run_with(&arguments, &dead).expect(0, "healed");
    assert_eq!(healed["attempts"][0]["drafter"], "search");
    let unhealed = DURATIONS.broken().run_with(&arguments, &dead).expect(1, "not_healed");
    for document in [healed, unhealed] {
        assert_says(&notes(&document), &["cannot be reached"]);
    }
}

#[test]
fn money_ends_before_a_call_that_would_exceed_it() {
    let model = answering(|_| DURATIONS.answer());
    let mut settings = model.environment(MODEL);
    for name in ["HEAL_LLM_PRICE_INPUT", "HEAL_LLM_PRICE_OUTPUT"] {
        settings.push((name.to_owned(), "1000".to_owned()));
    }
    let arguments = ["fix", "--json", "--test", UNITTEST, "--drafter", "llm", "--max-cost-usd", "0.01"];
    let document = DURATIONS.broken().run_with(&arguments, &settings).expect(1, "not_healed");
    assert_eq!((model.requests().len(), count(&document, "calls")), (0, 0));
    assert_says(&notes(&document), &["the limit of $0.01"]);
    assert_says(&document["diagnosis"].to_string(), &["11400 != 5400"]);
}

#[test]
fn nothing_is_asked_where_no_endpoint_is_configured() {
    let world = World::broken_python();
    world.run(&["fix", "--test", UNITTEST, "--drafter", "llm"]).expect_error("HEAL_LLM_BASE_URL");
}
