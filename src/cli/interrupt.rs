//! Ctrl-C and termination: the work is dropped, which cleans up, and the exit code says so.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

/// Runs `work` until it ends or a signal arrives; `None` for the latter.
///
/// Dropping `work` closes lifelines and removes scratch directories.
pub async fn until_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return Some(work.await);
    };
    tokio::select! {
        done = work => Some(done),
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
    }
}
