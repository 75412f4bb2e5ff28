//! When a run that could not be driven is tried again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The pause after the first failure; doubled with each further one …
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// … up to this: what a person has mended should not wait for long.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// A failure this long after the last try was due has nothing to do with those before it.
const FORGOTTEN: SignedDuration = SignedDuration::from_mins(15);
/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 500;

/// Why a run could not be driven, and when that is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setback {
    /// What was wrong.
    pub why: String,
    /// How often in a row something was.
    pub failures: u32,
    /// When it is tried again.
    pub due: Timestamp,
}

impl Setback {
    /// What follows from a failure at `now`, with the one `before` it.
    #[must_use]
    pub fn after(before: Option<&Self>, why: &str, now: Timestamp) -> Self {
        let recent = before.filter(|before| now.duration_since(before.due) < FORGOTTEN);
        let failures = recent.map_or(0, |before| before.failures).saturating_add(1);
        let doubled = FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(16));
        let pause = doubled.min(LONGEST_PAUSE);
        let due = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
        Self { why: why.chars().take(LONGEST_REASON).collect(), failures, due }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_what_was_long_ago_does_not_count() {
        let mut now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut last: Option<Setback> = None;
        let pauses: Vec<i64> = (0..40)
            .map(|_| {
                let next = Setback::after(last.as_ref(), "no network", now);
                let pause = next.due.duration_since(now).as_secs();
                (now, last) = (next.due, Some(next));
                pause
            })
            .collect();
        assert_eq!(pauses[..8], [5, 10, 20, 40, 80, 160, 300, 300]);
        assert!(pauses[8..].iter().all(|pause| *pause == 300));
        let last = last.unwrap();
        assert_eq!((last.failures, last.why.as_str()), (40, "no network"));
        let later = last.due + FORGOTTEN;
        assert_eq!(Setback::after(Some(&last), "x", later).failures, 1);
        let long = Setback::after(None, &"é".repeat(9_000), Timestamp::MAX);
        assert_eq!((long.why.chars().count(), long.due), (LONGEST_REASON, Timestamp::MAX));
    }
}
