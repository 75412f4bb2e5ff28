//! When something that was not heard is said again, and when it is given up. Pure.

use crate::clock::later;
use jiff::Timestamp;
use std::time::Duration;

/// Refusals of one thing before it is given up.
pub const MOST_REFUSALS: u32 = 8;
/// The same where what was said is itself refused: it gets no better, but GitHub may hear of a commit late.
const MOST_OBJECTIONS: u32 = 3;
/// Tries without an answer, or without what it takes, before it is given up: about a day.
const MOST_SILENCES: u32 = 150;
/// The first pause; doubled with each further try …
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);

/// Why something was not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It has to wait; that counts for nothing.
    Wait(Timestamp),
    /// There was no answer: it may have been heard.
    Unanswered,
    /// Who says it lacks what another may have, or somebody may still give it. It was not heard.
    Unready,
    /// Who says it may not, or there is nobody to say it to.
    Refused,
    /// What was said is not accepted.
    Objected,
    /// There is no way to say it.
    Never,
}

/// What follows from a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Next {
    /// It may have been heard.
    pub(super) doubt: bool,
    /// Tries that count.
    pub(super) attempts: u32,
    /// When to try again, if at all.
    pub(super) again: Option<Timestamp>,
}

/// What follows from the refusal of a try that `before` others came before.
pub(super) fn after(refusal: Refusal, before: u32, now: Timestamp) -> Next {
    let attempts = before.saturating_add(1);
    let doubled = FIRST_PAUSE.saturating_mul(1 << before.min(16));
    let pause = later(now, doubled.min(LONGEST_PAUSE));
    let up_to = |most| (attempts < most).then_some(pause);
    let counted = |again| Next { doubt: false, attempts, again };
    match refusal {
        Refusal::Wait(until) => {
            Next { doubt: false, attempts: before, again: Some(until.max(later(now, FIRST_PAUSE))) }
        }
        Refusal::Unanswered => Next { doubt: true, ..counted(up_to(MOST_SILENCES)) },
        Refusal::Unready => counted(up_to(MOST_SILENCES)),
        Refusal::Refused => counted(up_to(MOST_REFUSALS)),
        Refusal::Objected => counted(up_to(MOST_OBJECTIONS)),
        Refusal::Never => counted(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn pauses(refusal: Refusal) -> Vec<i64> {
        let mut pauses = Vec::new();
        while let Some(again) = after(refusal, u32::try_from(pauses.len()).unwrap(), now()).again {
            pauses.push(again.duration_since(now()).as_secs());
        }
        pauses
    }

    #[test]
    fn pauses_grow_and_patience_ends() {
        assert_eq!(pauses(Refusal::Refused), [5, 10, 20, 40, 80, 160, 320]);
        assert_eq!(pauses(Refusal::Objected), [5, 10]);
        assert_eq!(pauses(Refusal::Never), [0; 0]);
        for patient in [Refusal::Unanswered, Refusal::Unready] {
            let day: i64 = pauses(patient).iter().sum();
            assert!((20 * 3600..28 * 3600).contains(&day), "{day}");
        }
    }

    #[test]
    fn having_to_wait_costs_no_patience_and_leaves_no_doubt() {
        let until = "2026-01-01T01:00:00Z".parse().unwrap();
        let next = after(Refusal::Wait(until), 7, now());
        assert_eq!(next, Next { doubt: false, attempts: 7, again: Some(until) });
        assert!(after(Refusal::Unanswered, 0, now()).doubt);
        assert!(!after(Refusal::Unready, 0, now()).doubt);
    }
}
