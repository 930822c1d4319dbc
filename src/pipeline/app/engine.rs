//! The engine: takes deliveries in, claims heals that are due, sweeps, and stops without losing anything.
//!
//! In: the services and a token that is cancelled when the process shall end. Each heal's steps run in a
//! task of their own: a panic there is that heal's failure, not the server's. A heal whose step fails is
//! due again later; the pause grows, and what time does not heal is given up after a few tries.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::case::{Case, Next};
use super::intake;
use super::services::{App, Retry, StepError};
use super::{steps, sweep};
use crate::pipeline::HealError;
use crate::pipeline::state::{Event, State};
use crate::signal::github::GithubSignal;
use crate::store::{DeliveryRow, HealRow, LEASE_SECONDS, Release, StoreError, TRANSCRIPT_SECONDS};

/// The most heals in hand at the same time; those that draft wait for a place at the bench.
const IN_HAND: usize = 64;

/// The longest sleep without a look at the store: another process may have put work there.
const IDLE: Duration = Duration::from_secs(5);

/// Failures in a row after which a heal that time does not heal is given up.
const SELDOM: u32 = 6;

/// Failures in a row after which a heal is given up that waits for an outage to end: with pauses of at
/// most ten minutes some two days.
const SOON: u32 = 300;

/// The longest pause between two tries, in seconds.
const PAUSE: i64 = 600;

/// How often a delivery is tried.
const DELIVERY_TRIES: u32 = 10;

/// How long running steps get to end when the process shall, before they are dropped; a dropped step is
/// done again by the next process.
const GRACE: Duration = Duration::from_secs(5);

/// Works until `shutdown` is cancelled.
pub async fn run(app: Arc<App>, shutdown: CancellationToken) -> Result<(), StoreError> {
    let owner = super::owner_name();
    let freed = app.store.free_leases(super::owner_is_gone).await?;
    app.store.free_deliveries(app.now()).await?;
    if freed > 0 {
        tracing::info!(heals = freed, "taken over from a process that is gone");
    }
    // A work tree lives as long as a worker has its heal in hand.
    let live = app.store.heals_in_hand(app.now()).await?.into_iter().map(|id| id.0).collect();
    if let Err(error) = app.clones.sweep(&live).await {
        tracing::warn!(%error, "work trees of ended heals are left");
    }
    let mut others = JoinSet::new();
    others.spawn(deliveries(Arc::clone(&app), shutdown.clone()));
    others.spawn(sweeps(Arc::clone(&app), shutdown.clone()));
    let done = heals(&app, &owner, &shutdown).await;
    let ended = tokio::time::timeout(GRACE, async { while others.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        others.shutdown().await;
    }
    app.store.free_leases(|other| other.split('#').next() == Some(&owner)).await?;
    done
}

/// Claims heals that are due, each into a task of its own.
async fn heals(app: &Arc<App>, owner: &str, shutdown: &CancellationToken) -> Result<(), StoreError> {
    let mut tasks: JoinSet<()> = JoinSet::new();
    while !shutdown.is_cancelled() {
        app.heartbeat.store(app.now(), Ordering::Relaxed);
        let rung = app.bell.notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        while tasks.len() < IN_HAND {
            match app.store.claim_heal(&super::claim_name(owner), app.now()).await {
                Ok(Some(row)) => drop(tasks.spawn(work(Arc::clone(app), row, shutdown.clone()))),
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the store gives no work");
                    break;
                }
            }
        }
        let due = app.store.next_due().await.ok().flatten();
        let pause = due.map_or(IDLE, |due| Duration::from_secs(u64::try_from(due - app.now()).unwrap_or(0)));
        // A heal in hand is due by its row: wait for it to be given back rather than ask without end.
        let pause = pause.clamp(Duration::from_millis(200), IDLE);
        tokio::select! {
            () = &mut rung => {}
            () = tokio::time::sleep(pause) => {}
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            () = shutdown.cancelled() => {}
        }
    }
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::info!("steps in hand are dropped; they are done again at the next start");
    }
    tasks.shutdown().await;
    Ok(())
}

/// Moves one heal on until it has to wait, under a lease that is renewed meanwhile.
async fn work(app: Arc<App>, row: HealRow, shutdown: CancellationToken) {
    let span = tracing::info_span!("heal", heal.id = %row.id, repo = row.repository, commit = row.head);
    let steps = tokio::spawn({
        let (app, row, shutdown) = (Arc::clone(&app), row.clone(), shutdown.clone());
        async move { advance(&app, &row, &shutdown).await }.instrument(span.clone())
    });
    let abort = AbortOnDrop(steps.abort_handle());
    let outcome = with_lease(&app, &row, steps).await;
    drop(abort);
    let release = match outcome {
        Some(Ok(Ok(Next::Settled))) => Release { due_at: 0, settled: true, failures: 0 },
        Some(Ok(Ok(Next::At(due_at)))) => Release { due_at, settled: false, failures: 0 },
        Some(Ok(Ok(Next::Again))) => Release { due_at: app.now(), settled: false, failures: 0 },
        Some(Ok(Err(error))) => after_error(&app, &row, &error).instrument(span).await,
        Some(Err(panic)) => {
            tracing::error!(heal.id = %row.id, %panic, "a step panicked: a defect of heal");
            after_failure(&app, &row, Retry::Seldom, "a step panicked").await
        }
        None => {
            tracing::warn!(heal.id = %row.id, "the lease was lost; another worker has the heal");
            return;
        }
    };
    if let Err(error) = app.store.release_heal(&row.id, &row.owner, release).await {
        tracing::error!(heal.id = %row.id, error = &error as &dyn std::error::Error, "not given back; its lease runs out");
    }
}

/// Ends the steps when the worker's task ends.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Stepped = Result<Result<Next, StepError>, tokio::task::JoinError>;

/// Waits for the steps while the lease is renewed; `None` when it was lost.
async fn with_lease(
    app: &App,
    row: &HealRow,
    mut steps: tokio::task::JoinHandle<Result<Next, StepError>>,
) -> Option<Stepped> {
    let third = Duration::from_secs(LEASE_SECONDS as u64 / 3);
    loop {
        tokio::select! {
            done = &mut steps => return Some(done),
            () = tokio::time::sleep(third) => {
                if let Ok(false) = app.store.renew_lease(&row.id, &row.owner, app.now()).await {
                    return None;
                }
            }
        }
    }
}

/// Step after step, until the heal has to wait or the process shall end.
async fn advance(app: &App, row: &HealRow, shutdown: &CancellationToken) -> Result<Next, StepError> {
    let mut case = Case::open(app, row)?;
    // A work tree lives within a step: one that is there was left by a process that was killed.
    if let Err(error) = app.clones.forget(case.id()).await {
        tracing::warn!(%error, "an old work tree is left");
    }
    loop {
        let next = steps::advance(&mut case).await?;
        if next != Next::Again || shutdown.is_cancelled() {
            return Ok(next);
        }
    }
}

async fn after_error(app: &App, row: &HealRow, error: &StepError) -> Release {
    if let StepError::Store(StoreError::LostHeal { .. })
    | StepError::Heal(HealError::Store(StoreError::LostHeal { .. })) = error
    {
        // It is no longer ours to say anything about; what is given back then changes nothing either.
        tracing::warn!("another worker has the heal");
        return Release { due_at: app.now(), settled: false, failures: row.failures };
    }
    tracing::warn!(error = error as &dyn std::error::Error, failures = row.failures + 1, "a step failed");
    let facts = serde_json::json!({"failed": error.to_string(), "failures": row.failures + 1});
    if let Err(error) = app.store.append_audit(Some(&row.id.0), "outcome", &facts, app.now()).await {
        tracing::error!(error = &error as &dyn std::error::Error, "not audited");
    }
    after_failure(app, row, error.retry(), &error.to_string()).await
}

/// When a heal whose step failed is due again; one that time does not heal is closed.
async fn after_failure(app: &App, row: &HealRow, retry: Retry, reason: &str) -> Release {
    let failures = row.failures + 1;
    let patience = match retry {
        // A pause that GitHub asks for is kept, whatever wakes the heal meanwhile.
        Retry::At(at) => {
            return Release { due_at: at.max(app.now() + 1), settled: false, failures: row.failures.max(1) };
        }
        Retry::Soon => SOON,
        Retry::Seldom => SELDOM,
    };
    let due_at = app.now() + (1_i64 << failures.min(9)).min(PAUSE);
    if failures < patience {
        return Release { due_at, settled: false, failures };
    }
    tracing::error!(heal.id = %row.id, repository = row.repository, failures, reason, "the heal is given up");
    match give_up(app, row, reason).await {
        Ok(settled) => Release { due_at: app.now(), settled, failures: 0 },
        Err(error) => {
            tracing::error!(heal.id = %row.id, error = &error as &dyn std::error::Error, "not even that");
            Release { due_at: app.now() + PAUSE, settled: false, failures }
        }
    }
}

/// People are told where that is still possible; gives whether nothing is left to do.
async fn give_up(app: &App, row: &HealRow, reason: &str) -> Result<bool, StepError> {
    let Some(fresh) = app.store.heal(&row.id).await? else { return Ok(true) };
    if fresh.owner != row.owner {
        return Ok(false);
    }
    let row = fresh;
    let mut case = Case::open(app, &row)?;
    if matches!(case.record.state, State::Closed(_)) {
        // It has ended, and only its cleaning up fails.
        return Ok(true);
    }
    if case.record.state.after(Event::GaveUp).is_some() && case.know.pull.is_none() {
        case.give_up(format!("heal can't go on: {reason}")).await?;
    } else {
        case.know.reason = Some(crate::redact::text(reason).into_owned());
        case.happen(Event::OwnerGone).await?;
    }
    Ok(false)
}

/// Takes deliveries in, the oldest first.
async fn deliveries(app: Arc<App>, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let rung = app.bell.notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        loop {
            if shutdown.is_cancelled() {
                return;
            }
            match app.store.claim_delivery(app.now()).await {
                Ok(Some(delivery)) => {
                    let app = Arc::clone(&app);
                    // A panic is this delivery's failure: it is tried again, and given up after some times.
                    if let Err(panic) = tokio::spawn(async move { take_in(&app, &delivery).await }).await {
                        tracing::error!(%panic, "taking a delivery in panicked: a defect of heal");
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the store gives no deliveries");
                    break;
                }
            }
        }
        tokio::select! {
            () = &mut rung => {}
            () = tokio::time::sleep(IDLE) => {}
            () = shutdown.cancelled() => {}
        }
    }
}

async fn take_in(app: &App, delivery: &DeliveryRow) {
    if delivery.tries > DELIVERY_TRIES {
        let _ = app.store.finish_delivery(&delivery.id, "failed", "tried too often", app.now()).await;
        return;
    }
    let signal: GithubSignal = match serde_json::from_str(&delivery.payload) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::error!(delivery = delivery.id, %error, "a stored signal can't be read");
            let _ = app.store.finish_delivery(&delivery.id, "failed", "it can't be read", app.now()).await;
            return;
        }
    };
    match intake::receive(app, &signal).await {
        Ok(received) => {
            let state = if matches!(received, intake::Received::Nothing(_)) { "ignored" } else { "done" };
            let note = received.note();
            if let Err(error) = app.store.finish_delivery(&delivery.id, state, &note, app.now()).await {
                tracing::error!(delivery = delivery.id, error = &error as &dyn std::error::Error, "not finished");
            }
        }
        Err(error) if delivery.tries < DELIVERY_TRIES => {
            tracing::warn!(delivery = delivery.id, error = &error as &dyn std::error::Error, "to be tried again");
            let due = app.now() + i64::from(delivery.tries) * 2;
            let _ = app.store.retry_delivery(&delivery.id, due).await;
        }
        Err(error) => {
            tracing::error!(delivery = delivery.id, error = &error as &dyn std::error::Error, "given up");
            let _ = app.store.finish_delivery(&delivery.id, "failed", &error.to_string(), app.now()).await;
        }
    }
}

/// Sweeps now and then, and keeps house.
async fn sweeps(app: Arc<App>, shutdown: CancellationToken) {
    let interval = Duration::from_secs(u64::try_from(app.settings.sweep_seconds).unwrap_or(60).max(1));
    while !shutdown.is_cancelled() {
        let swept = tokio::spawn({
            let app = Arc::clone(&app);
            async move { sweep::sweep(&app).await }
        });
        let abort = AbortOnDrop(swept.abort_handle());
        match swept.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = &error as &dyn std::error::Error, "the sweep failed"),
            Err(panic) => tracing::error!(%panic, "the sweep panicked: a defect of heal"),
        }
        drop(abort);
        if let Err(error) = app.store.forget_deliveries(app.now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old deliveries are kept");
        }
        if let Err(error) = app.store.forget_exchanges(app.now() - TRANSCRIPT_SECONDS).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old transcripts are kept");
        }
        app.bell.notify_waiters();
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = shutdown.cancelled() => {}
        }
    }
}
