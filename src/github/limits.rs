//! How many requests GitHub still grants, by its own word.

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How long to wait where GitHub asks for slower requests without saying when (REST best practices: at least a minute).
const UNSAID: Duration = Duration::from_secs(60);
/// Longest wait that is taken at its word: the primary limit is one of an hour.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// What GitHub said last about its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimit {
    /// Requests granted in the window.
    pub limit: Option<u64>,
    /// Those left of it.
    pub remaining: Option<u64>,
    /// When the window ends.
    pub reset: Option<Timestamp>,
    /// No request may be made before this moment.
    pub blocked_until: Option<Timestamp>,
}

/// The books of one client.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<RateLimit>);

impl Limits {
    pub(super) fn current(&self) -> RateLimit {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when nothing may be asked, if that is not over.
    pub(super) fn blocked(&self, now: Timestamp) -> Option<Timestamp> {
        self.current().blocked_until.filter(|until| *until > now)
    }

    /// Takes down what an answer says.
    pub(super) fn note(&self, headers: &HeaderMap, blocked_until: Option<Timestamp>) {
        let mut limit = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(remaining) = number(headers, "x-ratelimit-remaining") {
            limit.remaining = Some(remaining);
            limit.limit = number(headers, "x-ratelimit-limit");
            limit.reset = reset(headers);
        }
        if blocked_until.is_some() {
            limit.blocked_until = blocked_until;
        }
    }
}

/// When the next request may be made, if this refusal is one for having made too many.
pub(super) fn blocked_until(
    status: StatusCode,
    headers: &HeaderMap,
    said: &str,
    now: Timestamp,
) -> Option<Timestamp> {
    let longest = crate::clock::later(now, LONGEST);
    let after = |wait| crate::clock::later(now, wait).min(longest);
    if let Some(seconds) = number(headers, "retry-after") {
        return Some(after(Duration::from_secs(seconds)));
    }
    if number(headers, "x-ratelimit-remaining") == Some(0) {
        return Some(
            reset(headers).map_or_else(|| after(UNSAID), |reset| reset.clamp(now, longest)),
        );
    }
    let said = said.to_ascii_lowercase();
    let slower = status == StatusCode::TOO_MANY_REQUESTS
        || said.contains("rate limit")
        || said.contains("abuse");
    slower.then(|| after(UNSAID))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn reset(headers: &HeaderMap) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(number(headers, "x-ratelimit-reset")?).ok()?).ok()
}
