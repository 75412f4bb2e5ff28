//! When something that was not heard is said again, and when it is given up. Pure.

use crate::{clock::later, store::Tries};
use jiff::Timestamp;
use std::time::Duration;

/// Refusals of one thing before it is given up, however often there was no answer in between.
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
    pub(super) tries: Tries,
    /// When to try again, if at all.
    pub(super) again: Option<Timestamp>,
}

/// What follows from the refusal of a try that `before` others came before.
pub(super) fn after(refusal: Refusal, before: Tries, now: Timestamp) -> Next {
    let all = before.all.saturating_add(1);
    let doubled = FIRST_PAUSE.saturating_mul(1 << before.all.min(16));
    let pause = later(now, doubled.min(LONGEST_PAUSE));
    let silent = || Next {
        doubt: false,
        tries: Tries { all, ..before },
        again: (all < MOST_SILENCES).then_some(pause),
    };
    let refused = |most| {
        let refused = before.refused.saturating_add(1);
        let again = (refused < most).then_some(pause);
        Next { doubt: false, tries: Tries { all, refused }, again }
    };
    match refusal {
        Refusal::Wait(until) => {
            let again = until.max(later(now, FIRST_PAUSE));
            Next { doubt: false, tries: before, again: Some(again) }
        }
        Refusal::Unanswered => Next { doubt: true, ..silent() },
        Refusal::Unready => silent(),
        Refusal::Refused => refused(MOST_REFUSALS),
        Refusal::Objected => refused(MOST_OBJECTIONS),
        Refusal::Never => refused(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn pauses(refusal: Refusal) -> Vec<i64> {
        let (mut pauses, mut next) = (Vec::new(), after(refusal, Tries::default(), now()));
        while let Some(again) = next.again {
            pauses.push(again.duration_since(now()).as_secs());
            next = after(refusal, next.tries, now());
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
        let tries = Tries { all: 7, refused: 2 };
        let next = after(Refusal::Wait(until), tries, now());
        assert_eq!(next, Next { doubt: false, tries, again: Some(until) });
        assert!(after(Refusal::Unanswered, tries, now()).doubt);
        assert!(!after(Refusal::Unready, tries, now()).doubt);
    }

    #[test]
    fn silence_takes_no_patience_from_refusals_nor_the_other_way_round() {
        let tries = |all, refused| Tries { all, refused };
        for silent in [Refusal::Unanswered, Refusal::Unready] {
            let silences = after(silent, tries(MOST_REFUSALS, 0), now());
            let refused = after(Refusal::Refused, silences.tries, now());
            assert_eq!(refused.tries, tries(MOST_REFUSALS + 2, 1));
            assert!(refused.again.is_some());
            let silences = after(silent, tries(90, MOST_REFUSALS - 1), now());
            assert!(silences.again.is_some());
            assert_eq!(after(Refusal::Refused, silences.tries, now()).again, None);
        }
    }
}
