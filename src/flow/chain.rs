//! Attempts that are one piece of work: each but the last was cut short by the agent's death.

use super::Event;
use crate::ids::{Attempt, StageName};

/// The attempt that `attempt` goes on with: the first of those that no outcome parts from it. What it started outside,
/// and named by itself, is found again by this.
#[must_use]
pub fn begun_by<'e>(
    events: impl IntoIterator<Item = &'e Event>,
    (stage, attempt): (&StageName, Attempt),
) -> Attempt {
    let mut first = None;
    for event in events.into_iter().filter(|event| event.stage() == Some(stage)) {
        match event {
            Event::StageStarted { attempt: started, .. } => {
                first = first.or(Some(*started));
                if *started == attempt {
                    break;
                }
            }
            Event::StageInterrupted { .. } => {}
            Event::StageReused { .. }
            | Event::StageSucceeded { .. }
            | Event::StageFailed { .. }
            | Event::StageParked { .. }
            | Event::StageAwoken { .. }
            | Event::RetryScheduled { .. }
            | Event::StageSkipped { .. }
            | Event::RunCreated
            | Event::CancelRequested { .. }
            | Event::RunWithdrawn { .. }
            | Event::RunFinished { .. } => first = None,
        }
    }
    first.unwrap_or(attempt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Failure;
    use crate::spec::FailureClass;

    fn attempt(number: u32) -> Attempt {
        (1..number).fold(Attempt::FIRST, |attempt, _| attempt.next())
    }

    fn started(stage: &str, number: u32) -> Event {
        Event::StageStarted { stage: stage.parse().unwrap(), attempt: attempt(number) }
    }

    fn interrupted(stage: &str, number: u32) -> Event {
        Event::StageInterrupted { stage: stage.parse().unwrap(), attempt: attempt(number) }
    }

    fn failed(stage: &str, number: u32) -> Event {
        let failure = Failure::new(FailureClass::UserError, "no");
        Event::StageFailed { stage: stage.parse().unwrap(), attempt: attempt(number), failure }
    }

    #[test]
    fn an_attempt_goes_on_with_what_the_interrupted_ones_began_and_a_retry_begins_anew() {
        let mut events = vec![Event::RunCreated, started("a", 1), started("b", 1)];
        let begun = |events: &[Event], stage: &str, number| {
            begun_by(events, (&stage.parse().unwrap(), attempt(number)))
        };
        assert_eq!(begun(&events, "a", 1), attempt(1));
        events.extend([interrupted("a", 1), interrupted("b", 1), started("a", 2)]);
        assert_eq!(begun(&events, "a", 2), attempt(1));
        events.extend([interrupted("a", 2), started("a", 3), failed("a", 3), started("a", 4)]);
        assert_eq!(begun(&events, "a", 3), attempt(1));
        assert_eq!(begun(&events, "a", 4), attempt(4));
        events.extend([interrupted("a", 4), started("a", 5), started("b", 2)]);
        assert_eq!(begun(&events, "a", 5), attempt(4));
        assert_eq!(begun(&events, "b", 2), attempt(1));
    }
}
