//! Every test of the store runs on SQLite, and on PostgreSQL where the machine has one.

mod cluster;
mod concurrency;
mod database;
mod models;
mod schemas;

use serde_json::json;

use self::database::{Database, Engine, on_both_engines};
use super::claims::{Release, Wake};
use super::heals::Transition;
use super::{AttemptRow, AuditFault, HealId, HealRow, Intake, Stored};

on_both_engines! {
    a_heal_s_transitions_are_kept_in_order,
    one_failure_of_one_commit_has_one_heal,
    a_heal_has_one_worker_at_a_time,
    a_wake_up_during_a_step_is_not_lost,
    a_delivery_acts_once,
    the_audit_chain_shows_every_change,
    what_logs_say_is_kept_as_far_as_both_engines_can,
    nothing_is_given_where_nothing_is,
}

fn heal(id: &str, head: &str) -> HealRow {
    HealRow { branch: "main".to_owned(), ..HealRow::new(HealId(id.to_owned()), "github", "o/r", head, "me") }
}

async fn a_heal_s_transitions_are_kept_in_order(database: Database) {
    let store = &database.store;
    let row = heal("1", "abc");
    assert!(store.add_heal(&row, 1).await.unwrap());
    let started =
        Transition { owner: "me", from: "received", event: "start", to: "diagnosing", attempt: 0, outcome: None };
    store.record_transition(&row.id, started, None, 2).await.unwrap();
    assert_eq!(store.open_heals("o/r").await.unwrap()[0].state, "diagnosing");
    let closed = Transition {
        owner: "me",
        from: "diagnosing",
        event: "green",
        to: "closed",
        attempt: 0,
        outcome: Some("nothing_failing"),
    };
    store.record_transition(&row.id, closed, Some("{\"a\":1}"), 3).await.unwrap();
    assert_eq!(store.open_heals("o/r").await.unwrap(), []);
    assert_eq!(store.heal(&row.id).await.unwrap().unwrap().data, "{\"a\":1}");
    let events: Vec<String> =
        store.transitions(&row.id).await.unwrap().into_iter().map(|(_, event, _)| event).collect();
    assert_eq!(events, ["start", "green"]);
}

async fn one_failure_of_one_commit_has_one_heal(database: Database) {
    let store = &database.store;
    assert!(store.add_heal(&heal("1", "abc"), 1).await.unwrap());
    assert!(!store.add_heal(&heal("2", "abc"), 1).await.unwrap());
    assert!(store.name_failure(&HealId("1".to_owned()), "f1").await.unwrap());
    assert!(store.add_heal(&heal("2", "abc"), 2).await.unwrap());
    assert!(!store.name_failure(&HealId("2".to_owned()), "f1").await.unwrap());
    assert!(store.name_failure(&HealId("2".to_owned()), "f2").await.unwrap());
}

async fn a_heal_has_one_worker_at_a_time(database: Database) {
    let store = &database.store;
    store.add_heal(&heal("1", "abc"), 10).await.unwrap();
    assert_eq!(store.claim_heal("a", 9).await.unwrap(), None, "not due yet");
    let claimed = store.claim_heal("a", 10).await.unwrap().unwrap();
    assert_eq!((claimed.id.0.as_str(), claimed.owner.as_str()), ("1", "a"));
    assert!(store.heals_in_hand(11).await.unwrap().contains(&claimed.id));
    assert_eq!(store.heals_in_hand(1_000).await.unwrap(), [], "run out");
    assert_eq!(store.claim_heal("b", 11).await.unwrap(), None, "leased");
    assert!(store.renew_lease(&claimed.id, "a", 60).await.unwrap());
    assert_eq!(store.claim_heal("b", 100).await.unwrap(), None, "renewed");
    assert!(store.claim_heal("b", 120).await.unwrap().is_some(), "run out");
    assert!(!store.renew_lease(&claimed.id, "a", 121).await.unwrap());
    assert_eq!(store.free_leases(|owner| owner == "b").await.unwrap(), 1);
    assert!(store.claim_heal("c", 121).await.unwrap().is_some());
}

async fn a_wake_up_during_a_step_is_not_lost(database: Database) {
    let store = &database.store;
    store.add_heal(&heal("1", "abc"), 10).await.unwrap();
    let id = HealId("1".to_owned());
    let later = Release { due_at: 500, settled: false, failures: 0 };
    store.claim_heal("a", 10).await.unwrap().unwrap();
    store.release_heal(&id, "a", later).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(500));
    store.claim_heal("a", 500).await.unwrap().unwrap();
    let attempt = AttemptRow {
        number: 1,
        branch: Some("heal/x-1".to_owned()),
        commit: Some("def".to_owned()),
        data: "{}".to_owned(),
    };
    store.put_attempt(&id, &attempt, 501).await.unwrap();
    assert_eq!(store.wake_heals("o/r", &Wake::Commit("def"), 502).await.unwrap(), 1);
    store.release_heal(&id, "a", Release { due_at: 900, ..later }).await.unwrap();
    assert!(store.next_due().await.unwrap().unwrap() <= 502);
    assert_eq!(store.wake_heals("o/r", &Wake::Branch("heal/x-1"), 503).await.unwrap(), 1);
    assert_eq!(store.wake_heals("o/r", &Wake::Branch("other"), 503).await.unwrap(), 0);
    store.release_heal(&id, "a", Release { settled: true, ..later }).await.unwrap();
    assert_eq!(store.wake_heals("o/r", &Wake::Repository, 504).await.unwrap(), 0);
}

async fn a_delivery_acts_once(database: Database) {
    let store = &database.store;
    assert_eq!(store.add_delivery("d1", "push", Stored::Signal("{}"), 1).await.unwrap(), Intake::Accepted);
    assert_eq!(store.add_delivery("d1", "push", Stored::Signal("{}"), 1).await.unwrap(), Intake::Duplicate);
    assert_eq!(store.waiting_deliveries().await.unwrap(), (1, Some(1)));
    let delivery = store.claim_delivery(2).await.unwrap().unwrap();
    assert_eq!((delivery.id.as_str(), delivery.tries), ("d1", 1));
    assert_eq!(store.claim_delivery(3).await.unwrap(), None, "taken");
    assert_eq!(store.claim_delivery(63).await.unwrap().unwrap().tries, 2, "its worker died");
    store.finish_delivery("d1", "done", "", 64).await.unwrap();
    assert_eq!(store.add_delivery("d1", "push", Stored::Signal("{}"), 65).await.unwrap(), Intake::Duplicate);
    assert_eq!(store.claim_delivery(1000).await.unwrap(), None);
}

async fn the_audit_chain_shows_every_change(database: Database) {
    let store = &database.store;
    assert_eq!(store.verify_audit().await.unwrap(), Ok(0));
    for number in 0..5 {
        store.append_audit(Some("h"), "effect", &json!({"n": number}), 100 + number).await.unwrap();
    }
    assert_eq!(store.verify_audit().await.unwrap(), Ok(5));
    let refused = sqlx::query("UPDATE audit SET body = '{}' WHERE sequence = 3").execute(&store.pool).await;
    assert!(refused.is_err(), "the table is append-only");
    assert!(sqlx::query("DELETE FROM audit WHERE sequence = 5").execute(&store.pool).await.is_err());
    let unguarded = match database.engine {
        Engine::Sqlite => "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_shortened",
        Engine::Postgres => "DROP TRIGGER audit_is_append_only ON audit",
    };
    sqlx::raw_sql(unguarded).execute(&store.pool).await.unwrap();
    sqlx::query("DELETE FROM audit WHERE sequence = 5").execute(&store.pool).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap(), Err(AuditFault::Cut { expected: 5, found: 4 }));
    sqlx::query("UPDATE audit SET body = '{}' WHERE sequence = 3").execute(&store.pool).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap(), Err(AuditFault::Changed { sequence: 3 }));
    sqlx::query("DELETE FROM audit WHERE sequence = 2").execute(&store.pool).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap(), Err(AuditFault::Gap { expected: 2, found: 3 }));
}

async fn what_logs_say_is_kept_as_far_as_both_engines_can(database: Database) {
    let store = &database.store;
    // Hexadecimal digits of a counter: long, and PostgreSQL can't compress them into a row of an index.
    let long: String = (0..4_000_u32).map(|number| format!("{:x}", number.wrapping_mul(2_654_435_761))).collect();
    for test in ["test[\0]", &long, "prüfung_日本"] {
        store.add_flaky_evidence("o/r", "abc", "f", test, 1).await.unwrap();
        store.add_flaky_evidence("o/r", "abc", "f", test, 2).await.unwrap();
        assert_eq!(store.flaky_evidence("o/r", test).await.unwrap(), 1);
    }
    store.add_delivery("d1", "push", Stored::Ignored("a\0note"), 1).await.unwrap();
    store.finish_delivery("d1", "failed", "another\0note", 2).await.unwrap();
    let row = heal("1", "abc");
    store.add_heal(&row, 1).await.unwrap();
    let data = json!({"log": "\0".repeat(10)}).to_string();
    store.save_knowledge(&row.id, "me", "main", &data, 2).await.unwrap();
    assert_eq!(store.heal(&row.id).await.unwrap().unwrap().data, data);
    store.append_audit(None, "effect", &json!({"log": "\0"}), 3).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap(), Ok(1));
}

async fn nothing_is_given_where_nothing_is(database: Database) {
    let store = &database.store;
    assert!(store.is_reachable().await);
    assert_eq!(store.next_due().await.unwrap(), None);
    assert_eq!(store.waiting_heals(1).await.unwrap(), (0, None));
    assert_eq!(store.waiting_deliveries().await.unwrap(), (0, None));
    assert_eq!(store.states().await.unwrap(), []);
    assert_eq!(store.heals_in_hand(1).await.unwrap(), []);
    let row = heal("1", "abc");
    assert_eq!(store.heal(&row.id).await.unwrap(), None);
    assert!(store.add_heal(&row, 5).await.unwrap());
    let bare = AttemptRow { number: 1, branch: None, commit: None, data: "{}".to_owned() };
    store.put_attempt(&row.id, &bare, 6).await.unwrap();
    assert_eq!(store.attempts(&row.id).await.unwrap(), [bare]);
    assert_eq!(store.waiting_heals(9).await.unwrap(), (1, Some(5)));
    assert_eq!(store.states().await.unwrap(), [("received".to_owned(), 1)]);
    assert_eq!(store.heals_of_commit("o/r", "abc").await.unwrap().len(), 1);
    assert_eq!(store.heals_before(&row, 0).await.unwrap(), 0);
    assert_eq!(store.open_pull_requests(&row).await.unwrap(), 0);
    store.add_delivery("d1", "push", Stored::Signal("{}"), 1).await.unwrap();
    store.retry_delivery("d1", 50).await.unwrap();
    assert_eq!(store.claim_delivery(49).await.unwrap(), None);
    assert_eq!(store.free_deliveries(20).await.unwrap(), 1);
    assert!(store.claim_delivery(20).await.unwrap().is_some());
    store.finish_delivery("d1", "done", "", 21).await.unwrap();
    assert_eq!(store.forget_deliveries(i64::from(u32::MAX)).await.unwrap(), 1);
}
