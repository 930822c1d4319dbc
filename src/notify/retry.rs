//! Patience with other people's servers: how often a notice is tried, how long, and what is worth it.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::NotifyError;

/// The limits of one notice.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    /// For one try, from the connection to the answer.
    pub one: Duration,
    /// For making the connection, a part of `one`. Only a connection that was never made is safe to repeat.
    pub connect: Duration,
    /// For all tries with their pauses.
    pub total: Duration,
    /// Before the second try, the third, and so on; there are no more tries than these allow.
    pub pauses: Vec<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            one: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            total: Duration::from_secs(30),
            pauses: [1, 3, 8].map(Duration::from_secs).to_vec(),
        }
    }
}

/// How a try ended.
pub(super) enum Try {
    /// It is over, well or badly.
    Over(Result<(), NotifyError>),
    /// Nothing arrived, or the server asks to come again, not before the given time if it said so.
    Again(NotifyError, Option<Duration>),
}

/// Tries until it is over or patience ends; then the last error is the answer.
pub(super) async fn persist<F>(
    patience: &Patience,
    host: &str,
    mut attempt: impl FnMut() -> F,
) -> Result<(), NotifyError>
where
    F: Future<Output = Try>,
{
    let end = Instant::now() + patience.total;
    let mut pauses = patience.pauses.iter();
    loop {
        let (error, wanted) = match timeout_at(end.min(Instant::now() + patience.one), attempt()).await {
            Ok(Try::Over(result)) => return result,
            Ok(Try::Again(error, wanted)) => (error, wanted),
            Err(_) => return Err(timed_out(host, patience)),
        };
        let Some(pause) = pauses.next() else { return Err(error) };
        // Many heals may end in the same outage: they should not come back in the same moment.
        let pause = pause.mul_f64(rand::random_range(0.75..1.25)).max(wanted.unwrap_or_default());
        if Instant::now() + pause >= end {
            return Err(error);
        }
        sleep(pause).await;
    }
}

/// The error for a try that took too long.
pub(super) fn timed_out(host: &str, patience: &Patience) -> NotifyError {
    NotifyError::TimedOut { host: host.to_owned(), seconds: patience.one.as_secs() }
}
