//! A clock that tests turn by hand.

use super::{Clock, later, until};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::oneshot;

/// Stands still until told to advance; clones show the same time.
#[derive(Debug, Clone)]
pub struct SimulatedClock(Arc<Mutex<Face>>);

#[derive(Debug)]
struct Face {
    now: Timestamp,
    sleepers: Vec<Sleeper>,
}

#[derive(Debug)]
struct Sleeper {
    until: Timestamp,
    bell: oneshot::Sender<()>,
}

impl SimulatedClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Face { now, sleepers: Vec::new() })))
    }

    /// Lets `duration` pass and wakes whoever slept no longer than that.
    pub fn advance(&self, duration: Duration) {
        self.with(|face| face.turn_to(later(face.now, duration)));
    }

    /// Lets time pass until the next sleeper wakes. Returns how long that was, or nothing if nobody sleeps.
    #[must_use]
    pub fn advance_to_next(&self) -> Option<Duration> {
        self.with(|face| {
            face.sleepers.retain(|sleeper| !sleeper.bell.is_closed());
            let next = face.sleepers.iter().map(|sleeper| sleeper.until).min()?;
            let passed = until(face.now, next);
            face.turn_to(next);
            Some(passed)
        })
    }

    /// How many sleep at present.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.with(|face| face.sleepers.iter().filter(|sleeper| !sleeper.bell.is_closed()).count())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Face) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Face {
    fn turn_to(&mut self, moment: Timestamp) {
        self.now = self.now.max(moment);
        let now = self.now;
        for sleeper in self.sleepers.extract_if(.., |sleeper| sleeper.until <= now) {
            // A sleeper that has been dropped does not hear the bell, and need not.
            let _ = sleeper.bell.send(());
        }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        self.with(|face| face.now)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (bell, ring) = oneshot::channel();
        self.with(|face| {
            face.sleepers.push(Sleeper { until: later(face.now, duration), bell });
            face.turn_to(face.now);
        });
        Box::pin(async move {
            if ring.await.is_err() {
                // The clock is gone, so this moment never comes.
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Elapsed, timeout};
    use futures_util::FutureExt as _;

    const MINUTE: Duration = Duration::from_secs(60);

    fn clock() -> SimulatedClock {
        SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap())
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = clock();
        let mut sleep = clock.sleep(MINUTE);
        clock.advance(MINUTE / 2);
        assert_eq!((&mut sleep).now_or_never(), None);
        clock.advance(MINUTE / 2);
        sleep.await;
        assert_eq!(clock.now().to_string(), "2026-01-01T00:01:00Z");
    }

    #[tokio::test]
    async fn a_late_future_times_out_and_an_early_one_does_not() {
        let clock = clock();
        let never = timeout(&clock, MINUTE, std::future::pending::<()>());
        let (late, passed) = tokio::join!(never, async { clock.advance_to_next() });
        assert_eq!((late, passed), (Err(Elapsed(MINUTE)), Some(MINUTE)));
        assert_eq!(timeout(&clock, MINUTE, async { 7 }).await, Ok(7));
        assert_eq!(clock.sleepers(), 0);
        assert_eq!(clock.advance_to_next(), None);
    }
}
