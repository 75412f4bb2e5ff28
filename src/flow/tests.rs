//! Whole runs through the state machine: by hand where a rule is to be seen, by chance where one must always hold.

mod called_off;
mod interleavings;
mod parking;

use super::*;
use crate::ids::{Attempt, StageName};
use crate::spec::{
    Action, BuiltIn, Command, FailureClass, JobMachine, On, Pipeline, Retry, Stage, Training,
};
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn name(text: &str) -> StageName {
    text.parse().unwrap()
}

fn stage(text: &str, needs: &[&str], on: On) -> Stage {
    Stage {
        name: name(text),
        action: Action::Run(Command::Argv(vec!["true".into()])),
        needs: needs.iter().map(|need| name(need)).collect(),
        environment: None,
        when: None,
        on,
        variables: Default::default(),
        timeout: Duration::from_secs(60),
        no_output_timeout: None,
        retry: Retry { attempts: 1, backoff: Duration::from_secs(1), classes: Vec::new() },
        outputs: Vec::new(),
        credentials: None,
        runs_on: None,
    }
}

fn pipeline(stages: Vec<Stage>) -> Pipeline {
    Pipeline { name: "p".into(), environments: Vec::new(), stages }
}

/// A run driven by hand: every event goes through `apply`, so nothing illegal can happen unnoticed.
struct Play {
    pipeline: Pipeline,
    log: Vec<Event>,
    state: RunState,
}

impl Play {
    fn of(pipeline: Pipeline) -> Self {
        let state = RunState::new(&pipeline);
        let mut play = Self { pipeline, log: Vec::new(), state };
        play.add(Event::RunCreated);
        play
    }

    fn after(pipeline: Pipeline, log: &[Event]) -> Self {
        let state = RunState::of(&pipeline, log).unwrap();
        let mut play = Self { pipeline, log: log.to_vec(), state };
        for event in play.state.interrupted() {
            play.add(event);
        }
        play
    }

    fn add(&mut self, event: Event) {
        self.state.apply(&event).unwrap();
        self.log.push(event);
    }

    fn effects(&self) -> Vec<Effect> {
        next(&self.state, &self.pipeline, &|stage| stage.when.is_none())
    }

    /// Does everything there is to do short of ending a stage.
    fn settle(&mut self) {
        loop {
            let effects = self.effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                self.add(effect.event(NOW));
            }
        }
    }

    fn running(&self) -> Vec<(StageName, Attempt)> {
        let running = self.state.stages().iter().filter(|(_, s)| s.standing == Standing::Running);
        running.map(|(name, stage)| (name.clone(), stage.attempt.unwrap())).collect()
    }

    fn end(&mut self, text: &str, failed: Option<FailureClass>) {
        let stage = name(text);
        let attempt = self.state.stage(&stage).unwrap().attempt.unwrap();
        self.add(match failed {
            None => Event::StageSucceeded { stage, attempt, outputs: Value::Null },
            Some(class) => {
                Event::StageFailed { stage, attempt, failure: Failure::new(class, "no") }
            }
        });
        self.settle();
    }

    fn running_names(&self) -> Vec<String> {
        self.running().into_iter().map(|(name, _)| name.to_string()).collect()
    }

    fn outcome(&self) -> Option<&Outcome> {
        match self.state.phase() {
            Phase::Finished(outcome) => Some(outcome),
            Phase::Unborn | Phase::Open => None,
        }
    }
}

fn begin(stages: Vec<Stage>) -> Play {
    let mut play = Play::of(pipeline(stages));
    play.settle();
    play
}

#[test]
fn a_stage_starts_as_soon_as_its_own_needs_are_done() {
    let ok = On::Success;
    let mut play = begin(vec![
        stage("a", &[], ok),
        stage("b", &[], ok),
        stage("behind-a", &["a"], ok),
        stage("end", &["behind-a", "b"], ok),
    ]);
    assert_eq!(play.running_names(), ["a", "b"]);
    play.end("a", None);
    assert_eq!(play.running_names(), ["b", "behind-a"]);
    play.end("b", None);
    play.end("behind-a", None);
    play.end("end", None);
    assert_eq!(play.outcome(), Some(&Outcome::Succeeded));
}

#[test]
fn failure_error_and_abort_each_call_their_own_stage() {
    let called = |class| {
        let mut play = begin(vec![
            stage("work", &[], On::Success),
            stage("last", &["work"], On::Success),
            stage("on-abort", &["last"], On::Abort),
            stage("on-error", &["last"], On::Error),
            stage("on-failure", &["last"], On::Failure),
            stage("on-success", &["last"], On::Success),
            stage("tidy", &["last"], On::Always),
        ]);
        play.end("work", class);
        if class.is_none() {
            play.end("last", None);
        }
        play.running_names()
    };
    assert_eq!(called(None), ["on-success", "tidy"]);
    assert_eq!(called(Some(FailureClass::UserError)), ["on-failure", "tidy"]);
    assert_eq!(called(Some(FailureClass::GateRefused)), ["on-failure", "tidy"]);
    assert_eq!(called(Some(FailureClass::TimedOut)), ["on-error", "tidy"]);
    assert_eq!(called(Some(FailureClass::CloudError)), ["on-error", "tidy"]);
    assert_eq!(called(Some(FailureClass::Cancelled)), ["on-abort", "tidy"]);
}

#[test]
fn what_stands_behind_a_failure_is_skipped_and_says_why() {
    let mut play = begin(vec![
        stage("a", &[], On::Success),
        stage("b", &["a"], On::Success),
        stage("c", &["b"], On::Success),
    ]);
    play.end("a", Some(FailureClass::CloudError));
    let reason = SkipReason::NeedNotMet { need: name("b"), ending: Ending::Errored };
    assert_eq!(play.state.stage(&name("c")).unwrap().standing, Standing::Skipped(reason));
    let failed = Outcome::Failed { stage: name("a"), class: FailureClass::CloudError };
    assert_eq!(play.outcome(), Some(&failed));
}

#[test]
fn a_false_condition_skips_a_stage_and_what_needs_it_but_fails_nothing() {
    let condition = Some("branch == 'other'".to_owned());
    let mut play = begin(vec![
        Stage { when: condition, ..stage("a", &[], On::Success) },
        stage("b", &["a"], On::Success),
        stage("tidy", &["b"], On::Always),
    ]);
    assert_eq!(play.running_names(), ["tidy"]);
    play.end("tidy", None);
    assert_eq!(play.outcome(), Some(&Outcome::Succeeded));
}

fn retried(attempts: u32) -> Stage {
    let classes = vec![FailureClass::CloudError];
    let retry = Retry { attempts, backoff: Duration::from_secs(2), classes };
    Stage { retry, ..stage("a", &[], On::Success) }
}

#[test]
fn a_failure_of_a_retried_class_is_tried_again_after_a_doubling_wait() {
    let mut play = begin(vec![retried(3)]);
    for expected in [2, 4] {
        let (stage, attempt) = play.running().remove(0);
        let failure = Failure::new(FailureClass::CloudError, "throttled");
        play.add(Event::StageFailed { stage: stage.clone(), attempt, failure });
        let wait = Duration::from_secs(expected);
        assert_eq!(play.effects(), [Effect::Retry { stage, attempt: attempt.next(), wait }]);
        play.settle();
    }
    play.end("a", Some(FailureClass::CloudError));
    assert!(matches!(play.outcome(), Some(Outcome::Failed { .. })), "three attempts, no more");
}

#[test]
fn other_failures_are_final_at_once_and_a_refused_gate_is_its_own_outcome() {
    let mut play = begin(vec![retried(3)]);
    play.end("a", Some(FailureClass::GateRefused));
    assert_eq!(play.outcome(), Some(&Outcome::GateRefused));
}

#[test]
fn an_interrupted_attempt_does_not_count_against_retry() {
    let mut play = begin(vec![retried(1)]);
    for deaths in 1..MOST_INTERRUPTIONS {
        play = Play::after(play.pipeline, &play.log);
        play.settle();
        assert_eq!(play.running(), [(name("a"), Attempt(deaths + 1))]);
    }
    play = Play::after(play.pipeline, &play.log);
    play.settle();
    let poisoned = Outcome::Failed { stage: name("a"), class: FailureClass::AgentError };
    assert_eq!(play.outcome(), Some(&poisoned), "a stage that always kills the agent ends");
}

/// A stage whose work goes on without the agent.
fn elsewhere(text: &str, needs: &[&str], on: On) -> Stage {
    Stage { runs_on: Some(JobMachine::default()), ..stage(text, needs, on) }
}

#[test]
fn what_a_dead_agent_has_left_in_a_cloud_is_called_off_once_the_run_is_stopped() {
    for stop in [Stop::Gentle, Stop::Forced] {
        let stages = vec![
            elsewhere("job", &[], On::Success),
            stage("here", &[], On::Success),
            elsewhere("later", &["job"], On::Success),
        ];
        let mut play = begin(stages);
        // It dies in the calling off as well.
        for number in 2..4 {
            play = Play::after(play.pipeline, &play.log);
            play.add(Event::CancelRequested { stop });
            let effects = play.effects();
            let skipped = |text| Effect::Skip { stage: name(text), reason: SkipReason::Cancelled };
            let called_off = Effect::CallOff { stage: name("job"), attempt: Attempt(number) };
            assert!(effects.contains(&called_off), "{stop:?}: {effects:?}");
            assert!(number > 2 || effects.contains(&skipped("here")), "{effects:?}");
            assert!(number > 2 || effects.contains(&skipped("later")), "{effects:?}");
            play.settle();
            assert_eq!(play.running(), [(name("job"), Attempt(number))]);
        }
        play.end("job", Some(FailureClass::Cancelled));
        assert_eq!(play.outcome(), Some(&Outcome::Cancelled));
    }
}

#[test]
fn a_stage_that_tidies_up_is_called_off_by_force_only() {
    let mut play = begin(vec![elsewhere("tidy", &[], On::Always)]);
    play = Play::after(play.pipeline, &play.log);
    play.add(Event::CancelRequested { stop: Stop::Gentle });
    assert!(matches!(play.effects()[..], [Effect::Start { .. }]), "{:?}", play.effects());
    play.add(Event::CancelRequested { stop: Stop::Forced });
    assert!(matches!(play.effects()[..], [Effect::CallOff { .. }]), "{:?}", play.effects());
}

#[test]
fn a_run_that_cannot_be_driven_ends_without_calling_anything_off() {
    let mut play = begin(vec![elsewhere("job", &[], On::Success)]);
    play = Play::after(play.pipeline, &play.log);
    let names: Vec<_> = play.state.cut_short(&play.pipeline).map(|s| s.name.clone()).collect();
    assert_eq!(names, [name("job")]);
    play.add(Event::RunWithdrawn { why: Withdrawal::Unfit { why: "no".to_owned() } });
    play.settle();
    assert_eq!(play.outcome(), Some(&Outcome::Unfit { why: "no".to_owned() }));
}

#[test]
fn a_gentle_cancel_still_tidies_up_and_a_forced_one_does_not() {
    let stages = || {
        vec![
            stage("a", &[], On::Success),
            stage("b", &["a"], On::Success),
            stage("tidy", &["b"], On::Abort),
        ]
    };
    let mut gentle = begin(stages());
    gentle.add(Event::CancelRequested { stop: Stop::Gentle });
    gentle.end("a", Some(FailureClass::Cancelled));
    assert_eq!(gentle.running_names(), ["tidy"]);
    gentle.end("tidy", None);
    assert_eq!(gentle.outcome(), Some(&Outcome::Cancelled));

    let mut forced = begin(stages());
    forced.add(Event::CancelRequested { stop: Stop::Forced });
    forced.end("a", Some(FailureClass::Cancelled));
    assert_eq!(forced.outcome(), Some(&Outcome::Cancelled));
}

#[test]
fn a_cancel_takes_a_scheduled_retry_away_and_the_run_counts_as_cancelled() {
    let mut play = begin(vec![retried(3)]);
    let (stage, attempt) = play.running().remove(0);
    let failure = Failure::new(FailureClass::CloudError, "throttled");
    play.add(Event::StageFailed { stage, attempt, failure });
    let retry = play.effects().remove(0);
    play.add(retry.event(NOW));
    play.add(Event::CancelRequested { stop: Stop::Gentle });
    play.settle();
    assert_eq!(play.outcome(), Some(&Outcome::Cancelled));
}

#[test]
fn events_that_cannot_have_happened_are_refused() {
    let mut play = begin(vec![stage("a", &[], On::Success)]);
    let started = |text: &str, n| Event::StageStarted { stage: name(text), attempt: Attempt(n) };
    let before = play.state.clone();
    for illegal in [
        Event::RunCreated,
        started("a", 2),
        started("nobody", 1),
        Event::StageSkipped { stage: name("a"), reason: SkipReason::NotCalledFor },
        Event::RunFinished { outcome: Outcome::Succeeded },
    ] {
        assert!(play.state.apply(&illegal).is_err(), "{illegal:?}");
    }
    assert_eq!(play.state, before);
    play.end("a", None);
    assert!(play.state.apply(&started("a", 2)).is_err(), "the run is over");
}

#[test]
fn a_reused_result_counts_as_success_and_is_handed_on() {
    let stages = vec![stage("a", &[], On::Success), stage("b", &["a"], On::Success)];
    let mut play = Play::of(pipeline(stages));
    let from = uuid::Uuid::nil().into();
    play.add(Event::StageReused { stage: name("a"), from, outputs: Value::from(7) });
    play.settle();
    assert_eq!(play.running_names(), ["b"]);
    assert_eq!(play.state.outputs_before(&name("b"), &play.pipeline)[&name("a")], 7);
}

#[test]
fn events_survive_being_written_down() {
    let failure = Failure::new(FailureClass::TimedOut, "late").with_hint("raise `timeout`");
    let event = Event::StageFailed { stage: name("a"), attempt: Attempt(2), failure };
    let text = serde_json::to_string(&event).unwrap();
    assert_eq!(
        text,
        r#"{"event":"stage-failed","stage":"a","attempt":2,"failure":{"class":"timed-out","message":"late","hint":"raise `timeout`"}}"#
    );
    assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
}
