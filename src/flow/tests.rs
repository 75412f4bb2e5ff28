//! Whole runs through the state machine: by hand where a rule is to be seen, by chance where one must always hold.

use super::*;
use crate::ids::{Attempt, StageName};
use crate::spec::{Action, Command, FailureClass, On, Pipeline, Retry, Stage};
use jiff::Timestamp;
use proptest::prelude::*;
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

fn request() -> Request {
    Request {
        plan: crate::ids::Digest::of("plan"),
        changes: 2,
        required: 1,
        approvers: vec!["Ada".to_owned()],
        self_approval: false,
        until: NOW,
    }
}

impl Play {
    fn park(&mut self, text: &str) {
        let stage = name(text);
        let attempt = self.state.stage(&stage).unwrap().attempt.unwrap();
        self.add(Event::StageParked { stage, attempt, request: request() });
        self.settle();
    }

    fn awake(&mut self) {
        for event in self.state.awoken() {
            self.add(event);
        }
        self.settle();
    }
}

fn asking() -> Play {
    begin(vec![
        stage("ask", &[], On::Success),
        stage("beside", &[], On::Success),
        stage("deploy", &["ask"], On::Success),
        stage("tidy", &["deploy"], On::Always),
    ])
}

#[test]
fn a_parked_stage_keeps_nothing_but_what_needs_it_and_goes_on_by_another_attempt() {
    let mut play = asking();
    play.park("ask");
    assert_eq!(play.running_names(), ["beside"]);
    play.end("beside", None);
    assert_eq!(play.effects(), [], "nothing is to be done until people answer");
    assert_eq!(play.state.requests().count(), 1);
    let mut later = Play::after(play.pipeline.clone(), &play.log);
    assert_eq!(later.log, play.log, "a crash meanwhile changes nothing");
    later.awake();
    assert_eq!(later.running(), [(name("ask"), Attempt(2))]);
    later.end("ask", None);
    later.end("deploy", None);
    later.end("tidy", None);
    assert_eq!(later.outcome(), Some(&Outcome::Succeeded));
}

#[test]
fn who_says_no_and_who_says_nothing_end_the_run_each_in_their_way_and_are_not_asked_again() {
    for (class, outcome) in
        [(FailureClass::Rejected, Outcome::Rejected), (FailureClass::Expired, Outcome::Expired)]
    {
        let classes = vec![class];
        let retry = Retry { attempts: 3, backoff: Duration::from_secs(1), classes };
        let mut play = begin(vec![Stage { retry, ..stage("ask", &[], On::Success) }]);
        play.park("ask");
        play.awake();
        play.end("ask", Some(class));
        assert_eq!(play.outcome(), Some(&outcome));
    }
}

#[test]
fn a_cancel_ends_what_waits_for_people() {
    for (stop, tidies) in [(Stop::Gentle, true), (Stop::Forced, false)] {
        let mut play = asking();
        play.park("ask");
        play.end("beside", None);
        play.add(Event::CancelRequested { stop });
        play.settle();
        if tidies {
            assert_eq!(play.running_names(), ["tidy"]);
            play.end("tidy", None);
        }
        assert_eq!(play.outcome(), Some(&Outcome::Cancelled));
    }
}

#[test]
fn a_run_is_superseded_only_while_nobody_works_for_it() {
    let by: crate::ids::RunId = uuid::Uuid::nil().into();
    let why = Withdrawal::Superseded { by: by.clone() };
    let withdrawn = Event::RunWithdrawn { why };
    let mut play = asking();
    assert!(play.state.apply(&withdrawn).is_err(), "two stages are running");
    play.park("ask");
    play.end("beside", None);
    play.add(withdrawn);
    play.settle();
    assert_eq!(play.outcome(), Some(&Outcome::Superseded { by }));
}

#[test]
fn who_may_answer_is_told_by_name_whatever_its_case() {
    let asked = request();
    assert_eq!(asked.may_answer("ADA", Some("bob")), Ok(()));
    assert_eq!(asked.may_answer("ada", Some("Ada")), Err(NotEntitled::Asker));
    assert_eq!(asked.may_answer("eve", None), Err(NotEntitled::NoApprover));
    let anybody = Request { approvers: Vec::new(), self_approval: true, ..request() };
    assert_eq!(anybody.may_answer("eve", Some("eve")), Ok(()));
}

/// How a stage behaves whenever it is asked: the class of its first failures, and how many there are.
#[derive(Debug, Clone, Copy)]
struct Nature {
    failures: u32,
    class: FailureClass,
}

fn graphs() -> impl Strategy<Value = (Vec<Stage>, Vec<Nature>)> {
    let on = prop_oneof![
        4 => Just(On::Success), 1 => Just(On::Failure), 1 => Just(On::Error),
        1 => Just(On::Abort), 1 => Just(On::Always),
    ];
    let class = prop_oneof![
        Just(FailureClass::UserError),
        Just(FailureClass::CloudError),
        Just(FailureClass::GateRefused),
        Just(FailureClass::TimedOut),
    ];
    let node = (on, any::<u8>(), 1..4_u32, 0..4_u32, class, proptest::bool::weighted(0.1));
    proptest::collection::vec(node, 1..8).prop_map(|nodes| {
        let names: Vec<String> = (0..nodes.len()).map(|index| format!("s{index}")).collect();
        let build = |(index, (on, needs, attempts, failures, class, never))| {
            let needs: Vec<&str> = (0..index)
                .filter(|need| needs & (1_u8 << need) != 0)
                .map(|need: usize| names[need].as_str())
                .collect();
            let classes = vec![FailureClass::CloudError, FailureClass::TimedOut];
            let retry = Retry { attempts, backoff: Duration::from_secs(1), classes };
            let when = if never { Some("false".to_owned()) } else { None };
            let stage = Stage { retry, when, ..stage(&names[index], &needs, on) };
            (stage, Nature { failures, class })
        };
        nodes.into_iter().enumerate().map(build).unzip()
    })
}

/// Plays on until the run is over, taking each choice (which effect, which running stage, crash or not) from `dice`.
fn play_out(mut play: Play, natures: &[Nature], dice: &[u8]) -> Play {
    let mut dice = dice.iter().copied();
    for _ in 0..1000 {
        if play.outcome().is_some() {
            return play;
        }
        let throw = dice.next().unwrap_or(0);
        let (mut effects, mut running) = (play.effects(), play.running());
        let asks = play.state.requests().next().is_some();
        assert!(asks || !(effects.is_empty() && running.is_empty()), "stuck: {:?}", play.log);
        if effects.is_empty() && running.is_empty() {
            // Only people are missing, and they answer.
            play.awake();
            continue;
        }
        if effects.is_empty() {
            assert_nothing_more_could_run(&play);
        }
        if throw == 255 {
            play = Play::after(play.pipeline, &play.log);
        } else if !effects.is_empty() && (running.is_empty() || throw % 2 == 0) {
            let effect = effects.remove(usize::from(throw / 2) % effects.len());
            if let Effect::Start { stage, .. } = &effect {
                assert_needs_have_ended(&play, stage);
            }
            play.add(effect.event(NOW));
        } else {
            let (stage, attempt) = running.remove(usize::from(throw / 2) % running.len());
            let index = play.pipeline.stages.iter().position(|s| s.name == stage).unwrap();
            let known = play.state.stage(&stage).unwrap();
            if throw % 16 == 13 {
                // The stage asks people; the attempt after their answer does what it always does.
                play.add(Event::StageParked { stage, attempt, request: request() });
                continue;
            }
            play.add(if known.failures < natures[index].failures {
                let failure = Failure::new(natures[index].class, "no");
                Event::StageFailed { stage, attempt, failure }
            } else {
                Event::StageSucceeded { stage, attempt, outputs: Value::Null }
            });
        }
    }
    panic!("the run does not end: {:?}", play.log);
}

fn assert_needs_have_ended(play: &Play, stage: &StageName) {
    let stage = play.pipeline.stages.iter().find(|s| s.name == *stage).unwrap();
    for need in &stage.needs {
        let standing = &play.state.stage(need).unwrap().standing;
        let ended =
            !matches!(standing, Standing::Waiting | Standing::Running | Standing::Parked(_));
        assert!(ended, "{} started before {need} had ended", stage.name);
    }
}

/// Nothing to do means that every waiting stage has a need that is still under way.
fn assert_nothing_more_could_run(play: &Play) {
    for stage in &play.pipeline.stages {
        let standing = |name| &play.state.stage(name).unwrap().standing;
        if *standing(&stage.name) == Standing::Waiting {
            let waits = |need| {
                matches!(
                    standing(need),
                    Standing::Waiting | Standing::Running | Standing::Parked(_)
                )
            };
            assert!(stage.needs.iter().any(waits), "{} could run", stage.name);
        }
    }
}

fn standings(play: &Play) -> Vec<(StageName, Standing)> {
    play.state.stages().iter().map(|(n, s)| (n.clone(), s.standing.clone())).collect()
}

proptest! {
    #[test]
    fn every_interleaving_ends_the_same_way_with_crashes_or_without(
        (stages, natures) in graphs(),
        dice in proptest::collection::vec(any::<u8>(), 0..60),
        other in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let one = play_out(Play::of(pipeline(stages.clone())), &natures, &dice);
        let two = play_out(Play::of(pipeline(stages)), &natures, &other);
        prop_assert_eq!(one.outcome(), two.outcome());
        prop_assert_eq!(standings(&one), standings(&two));
    }

    #[test]
    fn every_prefix_of_a_log_recovers_to_the_same_end(
        (stages, natures) in graphs(),
        dice in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let whole = play_out(Play::of(pipeline(stages.clone())), &natures, &dice);
        for length in 1..whole.log.len() {
            let recovered = Play::after(pipeline(stages.clone()), &whole.log[..length]);
            let recovered = play_out(recovered, &natures, &dice);
            prop_assert_eq!(recovered.outcome(), whole.outcome());
            prop_assert_eq!(standings(&recovered), standings(&whole));
        }
    }

    #[test]
    fn a_cancel_at_any_point_ends_the_run(
        (stages, natures) in graphs(),
        dice in proptest::collection::vec(any::<u8>(), 0..60),
        at in any::<prop::sample::Index>(),
        forced in any::<bool>(),
    ) {
        let whole = play_out(Play::of(pipeline(stages.clone())), &natures, &dice);
        let length = 1 + at.index(whole.log.len().max(2) - 1);
        prop_assume!(length < whole.log.len());
        let mut play = Play::after(pipeline(stages), &whole.log[..length]);
        play.add(Event::CancelRequested { stop: if forced { Stop::Forced } else { Stop::Gentle } });
        let play = play_out(play, &natures, &dice);
        prop_assert!(play.outcome().is_some());
    }
}
