//! What operators have: the doctor, the audit chain, the metrics, messages to people, and commits by git.

use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::app_attempts::{alerted, end, healed, of_heal, quiet};
use crate::github::{Serve, World, eventually, listen, signature};
use crate::projects::{BROKEN, GOOD, UNFIXABLE, python};

/// `heal doctor --app` with the server's settings, some of them otherwise.
fn doctor(world: &World, serve: &Serve, otherwise: &[(&str, &str)]) -> Output {
    let root = world.database().parent().unwrap().to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_heal"));
    command
        .args(["doctor", "--app", "--json"])
        .current_dir(&root)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", root.join("home"))
        .env("HEAL_LISTEN", serve.url.trim_start_matches("http://"))
        .env("HEAL_DATABASE_URL", format!("sqlite://{}", world.database().display()))
        .env("HEAL_DATA_DIR", root.join("data"))
        .env("HEAL_GITHUB_API_URL", &world.site.url)
        .env("HEAL_GITHUB_APP_ID", world.site.app_id.to_string())
        .env("HEAL_GITHUB_PRIVATE_KEY_PATH", root.join("app.pem"))
        .env("HEAL_GITHUB_WEBHOOK_SECRET", &world.site.secret)
        .envs(otherwise.iter().copied())
        .output()
        .unwrap()
}

/// The checks that the doctor found bad, with what it advises.
fn complaints(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let found: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{output:?}"));
    let bad = found["checks"].as_array().unwrap().iter().filter(|check| check["status"] == "bad");
    bad.map(|check| {
        let advice = check["advice"].as_str().unwrap_or_default();
        assert!(!advice.is_empty(), "{check:#}");
        format!("{}: {} → {advice}", check["name"].as_str().unwrap(), check["found"].as_str().unwrap())
    })
    .collect()
}

/// Another App on the same account, which may not rerun jobs.
fn app_with_less(world: &World) -> u64 {
    let id = world.site.app_id + 700_000_000;
    let app = json!({
        "app_id": id, "slug": format!("less-{id}"), "name": "less", "events": ["push"],
        "permissions": {"metadata": "read", "contents": "write", "actions": "read"},
        "webhook_url": "http://127.0.0.1:9/", "webhook_secret": "unused",
        "installations": [{"installation_id": id + 1, "account": world.site.owner.login}],
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(world.site.emulator.world("worlds", &json!({"users": [], "app": app})));
    id
}

#[test]
fn the_doctor_finds_a_sound_app_sound_and_says_what_an_unsound_one_lacks() {
    let Some(world) = World::start() else { return };
    world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    let asked = world.requests().len();
    let sound = doctor(&world, &serve, &[]);
    assert_eq!((sound.status.code(), complaints(&sound)), (Some(0), Vec::new()), "{sound:?}");
    let wrote = |request: &Asked| request.0 != "GET" && !request.1.ends_with("/access_tokens");
    let asked: Vec<Asked> =
        world.requests()[asked..].iter().map(|one| (one.method.clone(), one.path.clone())).collect();
    assert!(!asked.iter().any(wrote), "nothing is changed: {asked:?}");
    let nobody = doctor(&world, &serve, &[("HEAL_GITHUB_APP_ID", "999999999")]);
    assert_eq!(nobody.status.code(), Some(2), "{nobody:?}");
    assert!(complaints(&nobody).iter().any(|one| one.contains("HEAL_GITHUB_APP_ID")), "{nobody:?}");
    let no_key = doctor(&world, &serve, &[("HEAL_GITHUB_PRIVATE_KEY_PATH", "/dev/null")]);
    assert_eq!(no_key.status.code(), Some(2), "{no_key:?}");
    let less = doctor(&world, &serve, &[("HEAL_GITHUB_APP_ID", &app_with_less(&world).to_string())]);
    assert_eq!(less.status.code(), Some(2), "{less:?}");
    let lacks = complaints(&less).join("\n");
    for fact in ["actions: write", "pull_requests: write", "grant it"] {
        assert!(lacks.contains(fact), "{fact:?} is not in\n{lacks}");
    }
    end(world, serve);
}

/// Method and path.
type Asked = (String, String);

/// Messages: the signature, and the body.
type Messages = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Writes into heal's database as nobody should.
fn tamper(world: &World, statements: &str) {
    let url = format!("sqlite://{}", world.database().display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection as _;
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        for statement in statements.split_inclusive(';') {
            sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    });
}

#[test]
fn a_heal_leaves_figures_and_an_audit_chain_that_shows_whether_it_was_touched() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve(&[]);
    repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    let pull = healed(&repository);
    quiet();
    let (_, open) = serve.get("/metrics").unwrap();
    assert!(open.contains("heal_heals_in_state{state=\"opened\"} 1"), "{open}");
    repository.merge(pull["number"].as_u64().unwrap());
    eventually(60, "the branch to go", || repository.branches() == ["main"]);
    quiet();
    let (_, figures) = serve.get("/metrics").unwrap();
    for family in [
        "heal_deliveries_total{event=\"workflow_run\"",
        "heal_webhook_answer_seconds_count",
        "heal_heals_in_state{state=\"opened\"} 0",
        "heal_heals_total{outcome=\"healed\"} 1",
        "heal_attempts_total{result=\"green\"} 1",
        "heal_duration_seconds_bucket",
        "heal_recovery_seconds_count 1",
        "heal_queue_depth{queue=\"deliveries\"}",
        "heal_queue_oldest_age_seconds",
        "heal_api_calls_total",
        "heal_rate_limit_left",
        "heal_llm_tokens_total",
        "heal_llm_cost_usd_total",
    ] {
        assert!(figures.contains(family), "{family:?} is not in\n{figures}");
    }
    assert!(serve.stop().success());
    let exported = String::from_utf8(world.heal(&["audit", "export"]).stdout).unwrap();
    let rows: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut order = Vec::new();
    for kind in ["signal", "diagnosis", "draft", "effect", "outcome"] {
        let first = rows.iter().position(|row| row["kind"] == kind);
        order.push(first.unwrap_or_else(|| panic!("no {kind} in\n{exported}")));
    }
    assert!(order[0] < order[1] && order[1] < order[2], "{order:?}");
    let intact = world.heal(&["audit", "verify"]);
    assert_eq!(intact.status.code(), Some(0), "{intact:?}");
    tamper(&world, "DROP TRIGGER audit_is_not_changed; UPDATE audit SET body = '{}' WHERE sequence = 3;");
    let touched = world.heal(&["audit", "verify"]);
    assert_eq!(touched.status.code(), Some(1), "{touched:?}");
    world.finish();
}

#[test]
fn channels_of_the_policy_hear_of_an_alert_once_and_signed() {
    let Some(world) = World::start() else { return };
    let key = "a key that nobody may see";
    world.plant(key);
    let got = Messages::default();
    let kept = Arc::clone(&got);
    let url = listen(move |headers, body| {
        let signed = headers.get("x-heal-signature-256").map_or("", |value| value.to_str().unwrap());
        kept.lock().unwrap().push((signed.to_owned(), body.to_vec()));
    });
    let config = format!(
        "[notify.team]\nkind = \"slack\"\nurl = \"{url}\"\n\n[notify.robots]\nkind = \"webhook\"\nurl = \"{url}\"\nsecret = \"{key}\"\n"
    );
    let [calc, tests, ci] = python(GOOD);
    let policy = (".github/heal.toml", "[notify]\nchannels = [\"team\", \"robots\"]\n");
    let repository = world.repository("calc", &[calc, tests, ci, policy]);
    let serve = world.serve_with(&config, &[]);
    repository.push("Ask for more", &[("test_calc.py", UNFIXABLE)]);
    alerted(&repository);
    eventually(30, "both messages", || got.lock().unwrap().len() >= 2);
    quiet();
    let messages = got.lock().unwrap().clone();
    assert_eq!(messages.len(), 2, "each channel once");
    let (robots, team): (Vec<_>, Vec<_>) = messages.into_iter().partition(|(signed, _)| !signed.is_empty());
    let (signed, body) = &robots[0];
    assert_eq!(*signed, signature(key, body), "the signature is right");
    let document: Value = serde_json::from_slice(body).unwrap();
    assert!(document.to_string().contains(&repository.name), "{document:#}");
    let text: Value = serde_json::from_slice(&team[0].1).unwrap();
    let issue = repository.issues()[0]["html_url"].as_str().unwrap().to_owned();
    assert!(text["text"].as_str().is_some_and(|text| text.contains(&issue)), "{issue} is not in {text:#}");
    end(world, serve);
}

#[test]
fn a_broken_policy_is_shown_where_it_is_broken_and_nothing_else_is_done() {
    let Some(world) = World::start() else { return };
    let [calc, tests, ci] = python(GOOD);
    let policy = (".github/heal.toml", "# What heal may do.\nautonomy = \"obsreve\"\n");
    let repository = world.repository("calc", &[calc, tests, ci, policy]);
    let serve = world.serve(&[]);
    let sha = repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    let shown = || repository.check_runs(&sha).into_iter().find(|run| run["name"] == "heal policy");
    eventually(60, "the check", || shown().is_some());
    quiet();
    assert_eq!(repository.check_runs(&sha).iter().filter(|run| run["name"] == "heal policy").count(), 1);
    let created = world.requests().into_iter().find(|one| one.method == "POST" && one.body["name"] == "heal policy");
    let output = &created.unwrap().body["output"];
    let note = &output["annotations"][0];
    assert_eq!((&note["path"], &note["start_line"]), (&json!(".github/heal.toml"), &json!(2)), "{output:#}");
    assert!(output["title"].as_str().unwrap().contains(".github/heal.toml:2:12"), "{output:#}");
    assert_eq!(shown().unwrap()["conclusion"], "failure");
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (0, 0));
    assert_eq!(repository.branches(), ["main"]);
    end(world, serve);
}

#[test]
fn commits_are_pushed_by_git_where_the_operator_wants_that() {
    let Some(world) = World::start() else { return };
    let repository = world.repository("calc", &python(GOOD));
    let serve = world.serve_with("[github]\ncommits = \"push\"\n", &[]);
    let sha = repository.push("Find the largest by the smallest", &[("calc.py", BROKEN)]);
    let pull = healed(&repository);
    let head = pull["head"]["sha"].as_str().unwrap();
    let commit = repository.see(&format!("commits/{head}"));
    assert_eq!(commit["parents"][0]["sha"], sha.as_str());
    assert_eq!(commit["commit"]["author"]["name"], world.site.bot().as_str());
    let pushed = |one: &Asked| one.0 == "POST" && one.1.ends_with("/git-receive-pack");
    let asked: Vec<Asked> = world.requests().iter().map(|one| (one.method.clone(), one.path.clone())).collect();
    assert!(asked.iter().any(pushed), "{asked:?}");
    assert!(!asked.iter().any(|one| one.0 == "POST" && one.1.ends_with("/git/commits")));
    quiet();
    assert_eq!((of_heal(&repository).len(), repository.issues().len()), (1, 0));
    end(world, serve);
}
