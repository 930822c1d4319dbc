//! What is kept of models and of earlier fixes: transcripts, counts, recall.

use serde_json::json;
use tokio::task::JoinSet;

use super::database::{Database, on_both_engines};
use crate::store::{AttemptRow, HealId, HealRow, Store, StoreError, Transition};

on_both_engines! {
    transcripts_are_kept_in_order_and_forgotten,
    calls_that_end_at_the_same_time_are_all_kept,
    a_model_is_remembered_per_form_of_answer,
    counts_of_many_processes_add_up,
    fixes_of_the_same_failure_come_first_then_the_newest,
    the_same_failure_is_healed_as_often_as_somebody_asks,
    a_heal_is_found_by_the_beginning_of_its_id,
}

fn local(id: &str) -> HealRow {
    HealRow::new(HealId(id.to_owned()), "local", "/home/me/project", "abc", "me")
}

async fn transcripts_are_kept_in_order_and_forgotten(database: Database) {
    let store = &database.store;
    for id in ["1", "2"] {
        store.add_heal(&local(id), 1).await.unwrap();
    }
    let (one, two) = (HealId("1".to_owned()), HealId("2".to_owned()));
    let body = json!({"text": "a\0b"}).to_string();
    store.append_exchange(&one, "plan", "m", &body, 10).await.unwrap();
    store.append_exchange(&one, "draft", "m", "{}", 20).await.unwrap();
    store.append_exchange(&two, "draft", "m", "{}", 30).await.unwrap();
    let kept = store.exchanges(&one).await.unwrap();
    let order: Vec<_> = kept.iter().map(|row| (row.sequence, row.purpose.as_str(), row.at)).collect();
    assert_eq!(order, [(1, "plan", 10), (2, "draft", 20)]);
    assert_eq!(kept[0].body, body);
    assert!(store.append_exchange(&HealId("3".to_owned()), "plan", "m", "{}", 1).await.is_err(), "no such heal");
    assert_eq!(store.forget_exchanges(20).await.unwrap(), 1);
    assert_eq!(store.exchanges(&one).await.unwrap().len(), 1);
    assert_eq!(store.forget_exchanges(100).await.unwrap(), 2);
    assert_eq!(store.exchanges(&two).await.unwrap(), []);
}

async fn calls_that_end_at_the_same_time_are_all_kept(database: Database) {
    let stores = [database.second_store().await, database.store];
    stores[0].add_heal(&local("1"), 1).await.unwrap();
    let mut calls = JoinSet::new();
    for number in 0..20 {
        let store = stores[number % 2].clone();
        calls.spawn(async move {
            store.append_exchange(&HealId("1".to_owned()), "draft", "m", "{}", 5).await.unwrap();
        });
    }
    calls.join_all().await;
    let kept = stores[0].exchanges(&HealId("1".to_owned())).await.unwrap();
    assert_eq!(kept.iter().map(|row| row.sequence).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
}

async fn a_model_is_remembered_per_form_of_answer(database: Database) {
    let store = &database.store;
    let (endpoint, model) = ("http://localhost:1234/v1", "coder:7b");
    assert_eq!(store.model_record(endpoint, model).await.unwrap(), []);
    store.record_model_use(endpoint, model, "search_replace", true, true, 1).await.unwrap();
    store.record_model_use(endpoint, model, "search_replace", true, false, 2).await.unwrap();
    store.record_model_use(endpoint, model, "search_replace", false, false, 3).await.unwrap();
    store.record_format_refused(endpoint, model, "json", 5).await.unwrap();
    store.record_model_use(endpoint, "another", "json", true, true, 6).await.unwrap();
    let record = store.model_record(endpoint, model).await.unwrap();
    assert_eq!(record.iter().map(|row| row.format.as_str()).collect::<Vec<_>>(), ["json", "search_replace"]);
    assert_eq!((record[0].asked, record[0].refused), (0, 1));
    let blocks = &record[1];
    assert_eq!((blocks.asked, blocks.well_formed, blocks.applied, blocks.at), (3, 2, 1, 3));
}

async fn counts_of_many_processes_add_up(database: Database) {
    let stores = [database.second_store().await, database.store];
    let mut workers = JoinSet::new();
    for number in 0..40 {
        let store = stores[number % 2].clone();
        workers.spawn(async move {
            store.record_model_use("e", "m", "json", number % 4 == 0, false, 1).await.unwrap();
        });
    }
    workers.join_all().await;
    let record = stores[0].model_record("e", "m").await.unwrap();
    assert_eq!((record[0].asked, record[0].well_formed), (40, 10));
}

/// A heal with one attempt, closed with an outcome.
async fn closed(store: &Store, id: &str, fingerprint: &str, outcome: &str, data: &serde_json::Value, at: i64) {
    let row = HealRow { fingerprint: fingerprint.to_owned(), ..local(id) };
    assert!(store.add_heal(&row, at).await.unwrap());
    let attempt = AttemptRow { number: 1, branch: None, commit: None, data: data.to_string() };
    store.put_attempt(&row.id, &attempt, at).await.unwrap();
    let end =
        Transition { owner: "me", from: "received", event: "end", to: "closed", attempt: 1, outcome: Some(outcome) };
    store.record_transition(&row.id, end, None, at).await.unwrap();
}

async fn fixes_of_the_same_failure_come_first_then_the_newest(database: Database) {
    let store = &database.store;
    let (here, green) = (json!({"proven_here": true}), json!({"proven_here": false, "ci_green": true}));
    closed(store, "old", "f", "healed", &here, 1).await;
    closed(store, "newer", "g", "healed", &green, 2).await;
    closed(store, "newest", "h", "healed", &here, 3).await;
    closed(store, "same", "f", "healed", &green, 2).await;
    closed(store, "red", "f", "healed", &json!({"proven_here": true, "ci_green": false}), 5).await;
    closed(store, "unproven", "f", "healed", &json!({}), 5).await;
    closed(store, "refused", "f", "rejected", &here, 6).await;
    closed(store, "open", "f", "not_healed", &here, 7).await;
    let ids = |rows: Vec<crate::store::PastRow>| rows.into_iter().map(|row| row.heal.0).collect::<Vec<_>>();
    let repository = "/home/me/project";
    assert_eq!(ids(store.past_fixes(repository, "f", 9).await.unwrap()), ["same", "old", "newest", "newer"]);
    assert_eq!(ids(store.past_fixes(repository, "f", 1).await.unwrap()), ["same"]);
    assert_eq!(ids(store.past_fixes(repository, "unknown", 2).await.unwrap()), ["newest", "newer"]);
    assert_eq!(ids(store.failed_fixes(repository, "f", 9).await.unwrap()), ["refused"]);
    assert_eq!(store.past_fixes("/elsewhere", "f", 9).await.unwrap(), []);
}

async fn the_same_failure_is_healed_as_often_as_somebody_asks(database: Database) {
    let store = &database.store;
    for id in ["1", "2"] {
        let row = local(id);
        assert!(store.add_heal(&row, 1).await.unwrap());
        store.keep_fingerprint(&row.id, "me", "f").await.unwrap();
        assert_eq!(store.heal(&row.id).await.unwrap().unwrap().fingerprint, "f");
    }
    let other = store.keep_fingerprint(&HealId("1".to_owned()), "another", "g").await;
    assert!(matches!(other, Err(StoreError::LostHeal { .. })));
}

async fn a_heal_is_found_by_the_beginning_of_its_id(database: Database) {
    let store = &database.store;
    for id in ["abcd1", "abcd2", "abce"] {
        assert!(store.add_heal(&local(id), 1).await.unwrap());
    }
    let found = async |prefix: &str| store.heals_by_prefix(prefix, 2).await.unwrap().len();
    assert_eq!((found("abcd1").await, found("abcd").await, found("abc").await), (1, 2, 2));
    assert_eq!((found("ab%").await, found("ABCD1").await, found("abcd11").await), (0, 0, 0));
}
