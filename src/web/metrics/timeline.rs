//! When each attempt of a run began and ended, read from the run's events.

use crate::{
    flow::{Ending, Event},
    ids::{Attempt, StageName},
    store::StoredEvent,
};
use jiff::Timestamp;

/// One attempt at a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptTime {
    /// Which stage.
    pub stage: StageName,
    /// Which attempt.
    pub attempt: Attempt,
    /// When it began.
    pub began: Timestamp,
    /// When it ended and how; not known of an attempt that is under way.
    pub ended: Option<(Timestamp, Ending)>,
    /// What went wrong.
    pub failure: Option<String>,
}

/// Every attempt, in the order they began.
#[must_use]
pub fn attempts(events: &[StoredEvent]) -> Vec<AttemptTime> {
    let mut attempts: Vec<AttemptTime> = Vec::new();
    for stored in events {
        if let Event::StageStarted { stage, attempt } = &stored.event {
            let (stage, attempt, began) = (stage.clone(), *attempt, stored.at);
            attempts.push(AttemptTime { stage, attempt, began, ended: None, failure: None });
        }
        let Some((ending, failure)) = ending(&stored.event) else { continue };
        let stage = stored.event.stage();
        let open = attempts.iter_mut().rfind(|attempt| Some(&attempt.stage) == stage);
        if let Some(open) = open.filter(|attempt| attempt.ended.is_none()) {
            open.ended = Some((stored.at, ending));
            open.failure = failure;
        }
    }
    attempts
}

/// How an attempt ended, if the event is the end of one.
fn ending(event: &Event) -> Option<(Ending, Option<String>)> {
    match event {
        Event::StageSucceeded { .. } => Some((Ending::Succeeded, None)),
        Event::StageFailed { failure, .. } => {
            Some((Ending::from(failure.class), Some(failure.message.clone())))
        }
        Event::StageInterrupted { .. } => {
            Some((Ending::Errored, Some("the agent died meanwhile".to_owned())))
        }
        Event::RunCreated
        | Event::StageReused { .. }
        | Event::StageStarted { .. }
        | Event::StageParked { .. }
        | Event::StageAwoken { .. }
        | Event::RunWithdrawn { .. }
        | Event::RetryScheduled { .. }
        | Event::StageSkipped { .. }
        | Event::CancelRequested { .. }
        | Event::RunFinished { .. } => None,
    }
}

/// When the first stage of a run began.
#[must_use]
pub fn first_command(events: &[StoredEvent]) -> Option<Timestamp> {
    let is_start = |stored: &&StoredEvent| matches!(stored.event, Event::StageStarted { .. });
    events.iter().find(is_start).map(|stored| stored.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{flow::Failure, spec::FailureClass};

    #[test]
    fn each_attempt_has_its_own_time() {
        let (a, b): (StageName, StageName) = ("a".parse().unwrap(), "b".parse().unwrap());
        let (first, second) = (Attempt::FIRST, Attempt(2));
        let failure = Failure::new(FailureClass::UserError, "no such table");
        let happened = [
            Event::RunCreated,
            Event::StageStarted { stage: a.clone(), attempt: first },
            Event::StageStarted { stage: b.clone(), attempt: first },
            Event::StageFailed { stage: a.clone(), attempt: first, failure },
            Event::StageStarted { stage: a.clone(), attempt: second },
            Event::StageInterrupted { stage: b.clone(), attempt: first },
            Event::StageStarted { stage: b, attempt: second },
            Event::StageSucceeded { stage: a, attempt: second, outputs: serde_json::Value::Null },
        ];
        let at = |second| Timestamp::from_second(second).unwrap();
        let events: Vec<StoredEvent> = (1..)
            .zip(happened)
            .map(|(seq, event)| StoredEvent { seq, at: at(seq.cast_signed()), event })
            .collect();
        let told: Vec<_> = attempts(&events)
            .into_iter()
            .map(|one| (one.stage.to_string(), one.attempt.0, one.began.as_second(), one.ended))
            .collect();
        assert_eq!(
            told,
            [
                ("a".to_owned(), 1, 2, Some((at(4), Ending::Failed))),
                ("b".to_owned(), 1, 3, Some((at(6), Ending::Errored))),
                ("a".to_owned(), 2, 5, Some((at(8), Ending::Succeeded))),
                ("b".to_owned(), 2, 7, None),
            ]
        );
        assert_eq!(first_command(&events), Some(at(2)));
        assert_eq!(first_command(&events[..1]), None);
    }
}
