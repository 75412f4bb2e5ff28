//! Changes one after another, with a pause between them, as GitHub asks.

use crate::clock::{Clock, later, until};
use jiff::Timestamp;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// From the end of one change to the start of the next (REST best practices: at least one second between requests that
/// change something).
pub const BETWEEN_CHANGES: Duration = Duration::from_secs(1);

/// Lets one change through at a time.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Timestamp>>);

/// The right to make one change; the pause begins when it is dropped by [`Turn::over`].
pub(super) struct Turn<'a>(MutexGuard<'a, Option<Timestamp>>);

impl Pace {
    /// Waits until a change may be made.
    pub(super) async fn turn(&self, clock: &dyn Clock) -> Turn<'_> {
        let last = self.0.lock().await;
        if let Some(last) = *last {
            let pause = until(clock.now(), later(last, BETWEEN_CHANGES));
            if !pause.is_zero() {
                clock.sleep(pause).await;
            }
        }
        Turn(last)
    }
}

impl Turn<'_> {
    /// The change has been made, or not.
    pub(super) fn over(mut self, now: Timestamp) {
        *self.0 = Some(now);
    }
}
