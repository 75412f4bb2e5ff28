//! Time and sleep as things that are passed in.
//!
//! Whatever waits, times out or stamps a record takes a [`Clock`], so that a test can make an hour pass
//! in no time and the same inputs give the same records. [`SystemClock`] is the machine's own;
//! [`SimulatedClock`] stands still until it is told to advance.

mod simulated;
mod system;

pub use simulated::SimulatedClock;
pub use system::SystemClock;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use std::{fmt::Debug, future::Future, time::Duration};

/// What time it is, and waiting until it is later.
pub trait Clock: Debug + Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Time since a moment of the past that stays the same as long as the process lives. Nobody sets it, and it passes while
    /// the machine sleeps.
    fn steady(&self) -> Duration {
        until(Timestamp::UNIX_EPOCH, self.now())
    }

    /// Completes once `duration` has passed since the call.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The time was up before the future was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing within {0:?}")]
pub struct Elapsed(pub Duration);

/// Runs `future` for at most `duration`; a future that is late is dropped.
///
/// # Errors
/// [`Elapsed`] if the duration passed first.
pub async fn timeout<F: Future>(
    clock: &dyn Clock,
    duration: Duration,
    future: F,
) -> Result<F::Output, Elapsed> {
    tokio::select! {
        biased;
        output = future => Ok(output),
        () = clock.sleep(duration) => Err(Elapsed(duration)),
    }
}

/// `moment` plus `duration`, or the last moment there is.
#[must_use]
pub fn later(moment: Timestamp, duration: Duration) -> Timestamp {
    moment.saturating_add(duration).unwrap_or(Timestamp::MAX)
}

/// How long it is from `now` until `moment`; nothing if that has passed.
#[must_use]
pub fn until(now: Timestamp, moment: Timestamp) -> Duration {
    Duration::try_from(moment.duration_since(now)).unwrap_or_default()
}
