//! Several workers of two processes on one database.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::task::JoinSet;

use super::database::{Database, on_both_engines};
use super::heal;
use crate::store::{HealId, Stored};

on_both_engines! {
    each_heal_is_claimed_exactly_once,
    each_delivery_is_claimed_exactly_once,
    the_audit_chain_has_one_end_whoever_appends,
    one_of_many_heals_gets_the_name_of_a_failure,
    wake_ups_at_the_same_time_reach_every_heal,
    two_processes_may_start_at_the_same_time,
}

/// How many tasks claim at the same time, half of them through a second store.
const WORKERS: usize = 8;

/// How many rows there are to claim.
const ROWS: usize = 100;

async fn each_heal_is_claimed_exactly_once(database: Database) {
    let stores = [database.second_store().await, database.store];
    for number in 0..ROWS {
        assert!(stores[0].add_heal(&heal(&number.to_string(), &format!("sha{number}")), 1).await.unwrap());
    }
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let store = stores[worker % 2].clone();
        workers.spawn(async move {
            let mut claimed = Vec::new();
            // The first `None` ends the worker: it must not come while there is work for it.
            while let Some(row) = store.claim_heal(&format!("worker {worker}"), 10).await.unwrap() {
                assert_eq!(row.owner, format!("worker {worker}"));
                claimed.push(row.id.0);
            }
            claimed
        });
    }
    let mut claimed = workers.join_all().await.concat();
    claimed.sort();
    let mut all: Vec<String> = (0..ROWS).map(|number| number.to_string()).collect();
    all.sort();
    assert_eq!(claimed, all);
}

async fn each_delivery_is_claimed_exactly_once(database: Database) {
    let stores = [database.second_store().await, database.store];
    for number in 0..ROWS {
        stores[0].add_delivery(&number.to_string(), "push", Stored::Signal("{}"), 1).await.unwrap();
    }
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let store = stores[worker % 2].clone();
        workers.spawn(async move {
            let mut claimed = 0;
            while let Some(row) = store.claim_delivery(10).await.unwrap() {
                assert_eq!(row.tries, 1);
                claimed += 1;
            }
            claimed
        });
    }
    assert_eq!(workers.join_all().await.iter().sum::<usize>(), ROWS);
}

async fn the_audit_chain_has_one_end_whoever_appends(database: Database) {
    let stores = [database.second_store().await, database.store];
    let mut writers = JoinSet::new();
    for writer in 0..4_usize {
        let store = stores[writer % 2].clone();
        writers.spawn(async move {
            for number in 0..25 {
                store.append_audit(Some("h"), "effect", &json!({"n": number, "by": writer}), number).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    assert_eq!(stores[0].verify_audit().await.unwrap(), Ok(100));
    let mut by: BTreeMap<String, u32> = BTreeMap::new();
    for row in stores[1].audit_after(0).await.unwrap() {
        let body: serde_json::Value = serde_json::from_str(&row.body).unwrap();
        *by.entry(body["by"].to_string()).or_default() += 1;
    }
    assert_eq!(by.into_values().collect::<Vec<_>>(), [25; 4]);
}

async fn one_of_many_heals_gets_the_name_of_a_failure(database: Database) {
    let stores = [database.second_store().await, database.store];
    for number in 0..WORKERS {
        let unread = heal(&number.to_string(), "abc");
        let unread = crate::store::HealRow { fingerprint: format!("unread {number}"), ..unread };
        assert!(stores[0].add_heal(&unread, 1).await.unwrap());
    }
    let mut workers = JoinSet::new();
    for number in 0..WORKERS {
        let store = stores[number % 2].clone();
        workers.spawn(async move { store.name_failure(&HealId(number.to_string()), "f").await.unwrap() });
    }
    assert_eq!(workers.join_all().await.into_iter().filter(|named| *named).count(), 1);
}

async fn wake_ups_at_the_same_time_reach_every_heal(database: Database) {
    let stores = [database.second_store().await, database.store];
    for number in 0..ROWS {
        assert!(stores[0].add_heal(&heal(&number.to_string(), &format!("sha{number}")), 1).await.unwrap());
    }
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let store = stores[worker % 2].clone();
        workers.spawn(async move {
            for now in 10..15 {
                assert_eq!(store.wake_heals("o/r", &crate::store::Wake::Branch("main"), now).await.unwrap(), 100);
                if let Some(row) = store.claim_heal("me", now).await.unwrap() {
                    assert!(store.renew_lease(&row.id, "me", now).await.unwrap());
                }
                store.free_leases(|_| true).await.unwrap();
            }
        });
    }
    workers.join_all().await;
}

async fn two_processes_may_start_at_the_same_time(database: Database) {
    let (one, two) = tokio::join!(database.second_store(), database.second_store());
    assert!(one.is_reachable().await && two.is_reachable().await);
    one.close().await;
    assert!(two.is_reachable().await);
}
