//! When a failed delivery is tried again, and when it is given up.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Retries and seconds where the target says nothing (PutTargets API, `RetryPolicy`).
const DEFAULT_RETRIES: u32 = 185;
const DEFAULT_AGE_SECONDS: i64 = 86_400;

/// AWS tells only that the pauses grow exponentially. These fit 185 retries into the 24 hours: one second, doubled
/// each time, at most eight minutes. Without jitter, so that it is the same each time.
const FIRST_PAUSE_SECONDS: i64 = 1;
const LONGEST_PAUSE_SECONDS: i64 = 480;

/// What a target says on retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RetryPolicy {
    retries: u32,
    age: SignedDuration,
}

/// What ended the retries; `EXHAUSTED_RETRY_CONDITION` of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exhausted {
    Retries,
    Age,
}

impl Exhausted {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Retries => "MaximumRetryAttempts",
            Self::Age => "MaximumEventAgeInSeconds",
        }
    }
}

/// What becomes of a delivery whose failure may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It is tried again then.
    Again(Timestamp),
    GiveUp(Exhausted),
}

impl RetryPolicy {
    pub(super) fn of(target: &Value) -> Self {
        let policy = &target["RetryPolicy"];
        let retries = policy["MaximumRetryAttempts"].as_u64();
        let age = policy["MaximumEventAgeInSeconds"].as_i64().unwrap_or(DEFAULT_AGE_SECONDS);
        Self {
            retries: retries.and_then(|n| n.try_into().ok()).unwrap_or(DEFAULT_RETRIES),
            age: SignedDuration::from_secs(age),
        }
    }

    /// Is an event of that time too old for another try?
    pub(super) fn is_over(self, made: Timestamp, now: Timestamp) -> bool {
        now.duration_since(made) > self.age
    }

    /// What comes after the first try and `retries` more have failed.
    pub(super) fn next(self, retries: u32, made: Timestamp, now: Timestamp) -> Next {
        if retries >= self.retries {
            return Next::GiveUp(Exhausted::Retries);
        }
        match now.checked_add(pause(retries)) {
            Ok(due) if !self.is_over(made, due) => Next::Again(due),
            _ => Next::GiveUp(Exhausted::Age),
        }
    }
}

fn pause(retries: u32) -> SignedDuration {
    let doubled =
        2_i64.checked_pow(retries).and_then(|factor| factor.checked_mul(FIRST_PAUSE_SECONDS));
    let seconds = doubled.unwrap_or(LONGEST_PAUSE_SECONDS).min(LONGEST_PAUSE_SECONDS);
    SignedDuration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn start() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    /// Tries of a target that never works, each as soon as it is due.
    fn tries(policy: RetryPolicy) -> (Vec<Timestamp>, Exhausted) {
        let mut tries = vec![start()];
        loop {
            let now = *tries.last().unwrap();
            match policy.next(u32::try_from(tries.len()).unwrap() - 1, start(), now) {
                Next::Again(due) => tries.push(due),
                Next::GiveUp(why) => return (tries, why),
            }
        }
    }

    #[test]
    fn all_the_retries_of_the_default_fit_into_a_day() {
        let (tries, why) = tries(RetryPolicy::of(&json!({})));
        assert_eq!((tries.len(), why), (186, Exhausted::Retries));
        let pauses: Vec<i64> =
            tries.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs()).collect();
        assert_eq!(pauses[..5], [1, 2, 4, 8, 16]);
        assert_eq!(pauses.last(), Some(&480));
    }

    proptest! {
        #[test]
        fn no_try_is_late_and_none_too_many(retries in 0_u32..=185, age in 60_i64..=86_400) {
            let policy = RetryPolicy::of(&json!({ "RetryPolicy": {
                "MaximumRetryAttempts": retries, "MaximumEventAgeInSeconds": age,
            } }));
            let (tries, why) = tries(policy);
            let last = tries.last().unwrap().duration_since(start()).as_secs();
            prop_assert!(last <= age);
            prop_assert!(tries.len() <= retries as usize + 1);
            prop_assert!(tries.windows(2).all(|pair| pair[0] < pair[1]));
            let all = tries.len() == retries as usize + 1;
            prop_assert_eq!(why, if all { Exhausted::Retries } else { Exhausted::Age });
        }
    }
}
