//! The App with a model: what the search can't repair, what CI alone can prove, what ends the asking.
//!
//! The model is a script behind an OpenAI-compatible server on loopback; everything else is real.

use serde_json::Value;

use crate::app_attempts::{alerted, end, healed, made_branches, of_heal, quiet};
use crate::github::{Repository, Serve, World};
use crate::llm::{Reply, Script, ScriptedModel, Seen, edits};
use crate::projects::{BROKEN, CI, GOOD, UNFIXABLE, python};
use crate::repairs::{CART, DURATIONS, HASTY, HASTY_SAYS, INTERVALS, Repair, board, borrowed};

/// Where a repository's CI is described, and what heal may do there.
pub const WORKFLOW: &str = ".github/workflows/ci.yml";
pub const POLICY: &str = ".github/heal.toml";

/// The green project in a repository of this name, with more files.
pub fn project(world: &World, name: &str, repair: &Repair, more: &[(&str, &str)]) -> Repository {
    let workflow = repair.workflow();
    let mut files = vec![(WORKFLOW, workflow.as_str())];
    files.extend(repair.before);
    files.extend(more);
    // A later file of the same path takes the place of an earlier one.
    world.repository(name, &files)
}

/// The model's name, and what a million of its tokens cost.
pub const MODEL: &str = "scripted-1";
const PRICES: [(&str, &str); 2] = [("HEAL_LLM_PRICE_INPUT", "10"), ("HEAL_LLM_PRICE_OUTPUT", "10")];

/// What a model says to every patch that it is to read.
const AGREED: &str = "{\"verdict\": \"agree\", \"confidence\": 0.9, \"objections\": []}";

/// A model that drafts by what it is asked, and agrees with every proven patch.
pub fn answering(answer: impl Fn(&Seen) -> String + Send + Sync + 'static) -> ScriptedModel {
    let says = move |seen: &Seen| if is_review(seen) { AGREED.to_owned() } else { answer(seen) };
    ScriptedModel::start(Script::by(move |seen| Reply::text(says(seen))))
}

/// Whether a verdict on a proven patch is asked for.
pub fn is_review(seen: &Seen) -> bool {
    seen.prompt().contains("\"verdict\"")
}

/// An address where nobody listens.
pub fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/v1", listener.local_addr().unwrap())
}

/// Starts `heal serve` with a model.
pub fn serve(world: &World, model: &ScriptedModel, more: &[(&str, &str)]) -> Serve {
    let settings = model.environment(MODEL);
    let mut all = borrowed(&settings);
    all.extend(PRICES);
    all.extend(more);
    world.serve(&all)
}

/// Asserts that nothing more came.
pub fn settled(repository: &Repository, pulls: usize, issues: usize) {
    let found = (of_heal(repository).len(), repository.issues().len());
    assert_eq!(found, (pulls, issues), "pull requests and issues of {}", repository.name);
}

/// Asserts that all of these texts are in another.
#[track_caller]
pub fn assert_says(text: &str, facts: &[&str]) {
    for fact in facts {
        assert!(text.contains(fact), "{fact:?} is not in\n{text}");
    }
}

/// Asserts that a pull request holds exactly the right edits.
#[track_caller]
fn assert_repaired(repository: &Repository, pull: &Value, repair: &Repair) {
    let head = pull["head"]["ref"].as_str().unwrap();
    for (path, _) in repair.breaking.iter().chain(repair.before) {
        let text = repository.file(head, path);
        assert_eq!(text, Some(repair.repaired(path)), "{path} of {}", repository.name);
    }
}

/// Repairs `DURATIONS` in two attempts: it learns from what the tests say to the first one.
fn learning(seen: &Seen) -> String {
    if seen.prompt().contains(HASTY_SAYS) { DURATIONS.answer() } else { edits(&[HASTY]) }
}

#[test]
fn what_takes_more_than_one_small_edit_is_healed_by_a_model() {
    let Some(world) = World::start() else { return };
    let all = [("intervals", &INTERVALS), ("durations", &DURATIONS), ("cart", &CART)];
    let all = all.map(|(name, repair)| (project(&world, name, repair, &[]), repair));
    let model = answering(|seen| match seen.prompt() {
        text if text.contains("intervals.js") => INTERVALS.answer(),
        text if text.contains("rates.py") => CART.answer(),
        _ => learning(seen),
    });
    let serve = serve(&world, &model, &[]);
    for (repository, repair) in &all {
        repository.push(repair.subject, repair.breaking);
    }
    for (repository, repair) in &all {
        let pull = healed(repository);
        assert_repaired(repository, &pull, repair);
        let body = pull["body"].as_str().unwrap();
        assert_says(body, &["llm", " for models"]);
        assert!(!body.contains("no cost for models"), "{body}");
    }
    let retry = model.requests().iter().map(Seen::prompt).find(|prompt| prompt.contains(HASTY_SAYS));
    assert_says(&retry.expect("the first draft fell"), &["+    return total + int(number)", "test_two_units"]);
    quiet();
    for (repository, _) in &all {
        settled(repository, 1, 0);
        assert_eq!(made_branches(&world, repository).len(), 1, "what falls here is never pushed");
    }
    end(world, serve);
}

/// A tool that only CI's machine has, made by a step before the tests.
const OWN_TOOL: &str = "      - name: Tools
        run: |
          mkdir -p \"$HOME/bin\"
          printf '#!/bin/sh\\nexec python3 \"$@\"\\n' > \"$HOME/bin/house-python\"
          chmod +x \"$HOME/bin/house-python\"
          echo \"PATH=$HOME/bin:$PATH\" >> \"$GITHUB_ENV\"
      - name: Tests
        run: house-python -m unittest
";

#[test]
fn what_only_ci_can_run_is_drafted_from_its_log_and_proven_there() {
    let Some(world) = World::start() else { return };
    let workflow = CI.replace("      - name: Tests\n        run: python3 -m unittest\n", OWN_TOOL);
    let tool = project(&world, "tool", &DURATIONS, &[(WORKFLOW, &workflow)]);
    let policy = project(&world, "policy", &DURATIONS, &[(POLICY, "verify = \"ci\"\n")]);
    let model = answering(learning);
    let serve = serve(&world, &model, &[]);
    for repository in [&tool, &policy] {
        repository.push(DURATIONS.subject, DURATIONS.breaking);
    }
    for repository in [&tool, &policy] {
        let pull = healed(repository);
        assert_repaired(repository, &pull, &DURATIONS);
        let made = made_branches(&world, repository);
        assert_eq!(made.len(), 2, "CI refuses the first patch: {made:?}");
        assert_eq!(repository.branches(), [made[1].as_str(), "main"]);
    }
    quiet();
    settled(&tool, 1, 0);
    settled(&policy, 1, 0);
    end(world, serve);
}

/// A reviewer who objects, and is not sure.
const OBJECTED: &str =
    "{\"verdict\": \"object\", \"confidence\": 0.3, \"objections\": [\"two labels may have one key\"]}";

#[test]
fn a_component_is_healed_though_its_packages_are_only_in_ci() {
    let (Some(world), Some(packages)) = (World::start(), board::packages()) else { return };
    let install = format!("      - name: Packages\n        run: ln -s {packages} node_modules\n      - name: Tests\n");
    let workflow = CI.replace("      - name: Tests\n", &install).replace("python3 -m unittest", "npm test");
    let (before, breaking) = (board::before(), board::breaking());
    let mut files = borrowed(&before);
    files.push((WORKFLOW, &workflow));
    let repository = world.repository("board", &files);
    let model = ScriptedModel::start(Script::by(|seen| {
        Reply::text(if is_review(seen) { OBJECTED.to_owned() } else { edits(&[board::RIGHT]) })
    }));
    let serve = serve(&world, &model, &[]);
    repository.push("Each label in an item of its own", &borrowed(&breaking));
    let pull = healed(&repository);
    assert_says(pull["body"].as_str().unwrap(), &["objects", "two labels may have one key"]);
    let card = repository.file(pull["head"]["ref"].as_str().unwrap(), board::CARD).unwrap();
    assert!(card.contains(board::RIGHT.2), "{card}");
    assert!(model.prompt(0).contains("export function CardView"), "the component is shown");
    quiet();
    settled(&repository, 1, 0);
    end(world, serve);
}

#[test]
fn money_ends_before_the_call_that_would_exceed_it() {
    let Some(world) = World::start() else { return };
    let repository = project(&world, "durations", &DURATIONS, &[]);
    let model = answering(|_| DURATIONS.answer());
    let dear = [("HEAL_LLM_MAX_COST_USD", "0.01"), ("HEAL_LLM_PRICE_INPUT", "1000"), ("HEAL_LLM_PRICE_OUTPUT", "1000")];
    let serve = serve(&world, &model, &dear);
    repository.push(DURATIONS.subject, DURATIONS.breaking);
    let body = alerted(&repository);
    assert_says(&body, &["test_two_units", "11400 != 5400", "durations.py", "the limit of $0.01"]);
    assert_eq!(model.requests().len(), 0, "not one request was sent");
    quiet();
    settled(&repository, 0, 1);
    assert_eq!(repository.branches(), ["main"]);
    end(world, serve);
}

#[test]
fn a_dead_endpoint_leaves_the_search_and_is_told_of() {
    let Some(world) = World::start() else { return };
    let [calc, tests, ci] = python(GOOD);
    let small = world.repository("small", &[calc, tests, ci]);
    let large = project(&world, "large", &DURATIONS, &[]);
    let never = world.repository("never", &[calc, tests, ci]);
    let address = nobody();
    let serve = world.serve(&[("HEAL_LLM_BASE_URL", &address), ("HEAL_LLM_MODEL", MODEL)]);
    small.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    large.push(DURATIONS.subject, DURATIONS.breaking);
    never.push("Ask for more", &[("test_calc.py", UNFIXABLE)]);
    // After some calls in vain it is not even tried; the sentence names it all the same.
    let unasked = format!("the model endpoint {address}");
    let healed_by_search = healed(&small);
    assert_says(healed_by_search["body"].as_str().unwrap(), &["search", &unasked]);
    for repository in [&large, &never] {
        assert_says(&alerted(repository), &[&unasked]);
    }
    quiet();
    settled(&small, 1, 0);
    settled(&large, 0, 1);
    settled(&never, 0, 1);
    end(world, serve);
}

/// A secret of the usual shape, in a file that is shown.
const KEY_IN_CODE: &str = concat!("AK", "IAQ7ZJ3MX5TB2WLNCE");

#[test]
fn what_is_sent_is_what_the_policy_lets_go_without_secrets() {
    let Some(world) = World::start() else { return };
    world.plant(KEY_IN_CODE);
    let denying = "[llm]\ndeny_paths = [\"private/**\"]\n";
    let table = "UNITS = {\"h\": 3600, \"m\": 60, \"s\": 1}  # as agreed in private\n";
    let hidden = project(&world, "hidden", &DURATIONS, &[("private/units.py", table), (POLICY, denying)]);
    let off = project(&world, "off", &CART, &[(POLICY, "[llm]\nenabled = false\n")]);
    let model = answering(|_| DURATIONS.answer());
    let serve = serve(&world, &model, &[]);
    let (path, code) = DURATIONS.breaking[0];
    let head = "UNITS = {\"h\": 3600, \"m\": 60, \"s\": 1}\n";
    assert!(code.starts_with(head));
    let code = code.replacen(head, &format!("from private.units import UNITS\n\nACCESS = \"{KEY_IN_CODE}\"\n"), 1);
    hidden.push(DURATIONS.subject, &[(path, &code), DURATIONS.breaking[1]]);
    off.push(CART.subject, CART.breaking);
    let pull = healed(&hidden);
    let repaired = hidden.file(pull["head"]["ref"].as_str().unwrap(), path).unwrap();
    assert!(repaired.contains(KEY_IN_CODE) && repaired.contains("if number:"), "the rest of the file is as it was");
    alerted(&off);
    assert_says(&model.prompt(0), &["def parse(text)"]);
    for body in model.requests().into_iter().map(|seen| seen.body.to_string()) {
        for never in [KEY_IN_CODE, "as agreed in private", "rates.py", "def convert"] {
            assert!(!body.contains(never), "{never:?} was sent:\n{body}");
        }
    }
    quiet();
    settled(&hidden, 1, 0);
    settled(&off, 0, 1);
    end(world, serve);
}
