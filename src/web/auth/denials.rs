//! Which refusals are news: who asks for the same again and again fills no audit log with it.

use crate::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How long the same refusal is no news.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// Refusals remembered at most. What comes when there are as many is news each time: the audit log has too much of it
/// rather than nothing.
const MOST: usize = 4096;

/// Who was refused what lately.
#[derive(Debug)]
pub(super) struct Denials {
    clock: Arc<dyn Clock>,
    noted: Mutex<BTreeMap<(String, String), Timestamp>>,
}

impl Denials {
    /// Nobody yet.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, noted: Mutex::default() }
    }

    /// Was `who` not refused this lately?
    pub(super) fn is_news(&self, who: &str, what: &str) -> bool {
        let now = self.clock.now();
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        // Either way: a clock that was set back makes nothing old news for longer.
        noted.retain(|_, at| now.duration_since(*at).abs() < WINDOW);
        let refusal = (who.to_owned(), what.to_owned());
        if noted.contains_key(&refusal) {
            return false;
        }
        if noted.len() < MOST {
            noted.insert(refusal, now);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimulatedClock;
    use std::time::Duration;

    #[test]
    fn the_same_refusal_is_news_again_after_a_while() {
        let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let denials = Denials::new(Arc::new(clock.clone()));
        assert!(denials.is_news("ci", "GET /audit"));
        assert!(denials.is_news("ci", "POST /runs") && denials.is_news("ada", "GET /audit"));
        clock.advance(Duration::from_secs(59));
        assert!(!denials.is_news("ci", "GET /audit"));
        clock.advance(Duration::from_secs(1));
        assert!(denials.is_news("ci", "GET /audit"));
    }
}
