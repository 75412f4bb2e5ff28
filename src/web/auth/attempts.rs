//! Wrong tokens, counted by address: after a few, an address is told to wait.
//!
//! Only callers without a good token are ever slowed, so nobody can lock others out by guessing from the same address.

use crate::clock::{Clock, until};
use crate::web::peer::network;
use jiff::Timestamp;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Wrong tokens within [`WINDOW`] that an address has free.
const FREE: u32 = 10;
/// How long a wrong token is held against its address.
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses remembered at most; the one heard of longest ago makes room.
const MOST: usize = 4096;

/// Who has shown wrong tokens lately.
#[derive(Debug)]
pub struct Attempts {
    clock: Arc<dyn Clock>,
    failures: Mutex<HashMap<IpAddr, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    since: Timestamp,
}

impl Attempts {
    /// Nobody yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, failures: Mutex::default() }
    }

    /// Notes a wrong token. Answers how long this address has to wait before it is listened to again, if it has to.
    #[must_use]
    pub fn failed(&self, from: IpAddr) -> Option<Duration> {
        let (now, from) = (self.clock.now(), network(from));
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MOST && !failures.contains_key(&from) {
            let oldest = failures.iter().min_by_key(|(_, known)| known.since);
            let oldest = oldest.map(|(address, _)| *address);
            oldest.and_then(|address| failures.remove(&address));
        }
        let known = failures.entry(from).or_insert(Failures { count: 0, since: now });
        let end = crate::clock::later(known.since, WINDOW);
        if now >= end {
            *known = Failures { count: 0, since: now };
        }
        known.count = known.count.saturating_add(1);
        (known.count > FREE).then(|| until(now, crate::clock::later(known.since, WINDOW)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimulatedClock;

    fn attempts() -> (SimulatedClock, Attempts) {
        let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        (clock.clone(), Attempts::new(Arc::new(clock)))
    }

    #[test]
    fn an_address_is_slowed_after_a_few_and_heard_again_later() {
        let (clock, attempts) = attempts();
        let (eve, ada) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..FREE {
            assert_eq!(attempts.failed(eve), None);
        }
        assert_eq!(attempts.failed(eve), Some(WINDOW));
        assert_eq!(attempts.failed(ada), None, "another address");
        clock.advance(Duration::from_secs(45));
        assert_eq!(attempts.failed(eve), Some(Duration::from_secs(15)));
        clock.advance(Duration::from_secs(15));
        assert_eq!(attempts.failed(eve), None);
    }

    #[test]
    fn a_network_of_version_six_is_one_caller_and_the_table_is_bounded() {
        let (_, attempts) = attempts();
        for host in 0..FREE {
            let _free = attempts.failed(format!("2001:db8::{host:x}").parse().unwrap());
        }
        assert!(attempts.failed("2001:db8::ffff".parse().unwrap()).is_some());
        assert!(attempts.failed("2001:db8:1::1".parse().unwrap()).is_none());
        for number in 0..10_000_u32 {
            let _free = attempts.failed(IpAddr::V4(number.into()));
        }
        assert!(attempts.failures.lock().unwrap().len() <= MOST);
    }
}
