//! A place of work that is given up while a model thinks: machines do nothing then, and others may need the place.
//!
//! In: the places of a server. Out: a [`Turn`] that holds one of them, but for the time of [`Turn::away`].

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One of a number of places.
#[derive(Debug)]
pub struct Turn {
    places: Arc<Semaphore>,
    place: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Turn {
    /// Waits for a place; `None` when the places are closed.
    pub async fn wait(places: &Arc<Semaphore>) -> Option<Self> {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        Some(Turn { places: Arc::clone(places), place: Mutex::new(Some(place)) })
    }

    /// Runs what needs no place. Of several at a time the first one to end takes a place again for all.
    pub async fn away<T>(&self, waiting: impl Future<Output = T>) -> T {
        drop(self.place().take());
        let result = waiting.await;
        if self.place().is_none()
            && let Ok(place) = Arc::clone(&self.places).acquire_owned().await
        {
            self.place().replace(place);
        }
        result
    }

    fn place(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn others_work_while_somebody_waits() {
        let places = Arc::new(Semaphore::new(1));
        let turn = Turn::wait(&places).await.unwrap();
        assert_eq!(places.available_permits(), 0);
        let seen = || async { places.available_permits() };
        let (first, second) = tokio::join!(turn.away(seen()), turn.away(seen()));
        assert_eq!((first, second), (1, 1));
        assert_eq!(places.available_permits(), 0, "it has its place again, and one only");
        drop(turn);
        assert_eq!(places.available_permits(), 1);
    }
}
