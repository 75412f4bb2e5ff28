//! The machine's clock.

use super::Clock;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// The machine's wall clock and the runtime's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn steady(&self) -> Duration {
        let since_boot = clock_gettime(ClockId::Boottime);
        Duration::try_from(since_boot).unwrap_or_default()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that really sleeps")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
