//! What the next try would have gone on with, once a stop keeps that try from starting.

use super::*;

#[test]
fn what_the_next_try_would_have_gone_on_with_is_called_off_by_a_stop() {
    let retry = Retry {
        attempts: 2,
        classes: vec![FailureClass::CloudError],
        backoff: Duration::from_secs(1),
    };
    let trains = || Action::Uses(BuiltIn::TrainTest(Training::default()));
    for (action, is_left) in [(trains(), true), (Action::Uses(BuiltIn::Validate), false)] {
        let stage = Stage { action, retry: retry.clone(), ..stage("train", &[], On::Success) };
        let mut play = begin(vec![stage]);
        let failure = Failure::new(FailureClass::CloudError, "no");
        play.add(Event::StageFailed { stage: name("train"), attempt: Attempt(1), failure });
        for scheduled in play.effects() {
            play.add(scheduled.event(NOW));
        }
        play.add(Event::CancelRequested { stop: Stop::Gentle });
        if is_left {
            let called_off = Effect::CallOff { stage: name("train"), attempt: Attempt(2) };
            assert_eq!(play.effects(), [called_off]);
            play.settle();
            play.end("train", Some(FailureClass::Cancelled));
        } else {
            play.settle();
        }
        assert_eq!(play.outcome(), Some(&Outcome::Cancelled));
    }
}

#[test]
fn a_stop_in_the_moment_of_a_failure_calls_off_what_the_next_try_would_have_gone_on_with() {
    let classes = vec![FailureClass::CloudError];
    let retry = Retry { attempts: 2, classes, backoff: Duration::from_secs(1) };
    let action = Action::Uses(BuiltIn::TrainTest(Training::default()));
    for stop in [Stop::Gentle, Stop::Forced] {
        let train = Stage {
            action: action.clone(),
            retry: retry.clone(),
            ..stage("train", &[], On::Success)
        };
        let mut play = begin(vec![train, stage("later", &["train"], On::Success)]);
        // In this order, as whoever drives the run takes them into account.
        play.add(Event::CancelRequested { stop });
        play.end("train", Some(FailureClass::CloudError));
        assert_eq!(play.running(), [(name("train"), Attempt(2))], "{stop:?}: {:?}", play.log);
        play.end("train", Some(FailureClass::Cancelled));
        assert_eq!(play.outcome(), Some(&Outcome::Cancelled));
    }
}
