//! Any graph, any order of endings, a crash or a cancel anywhere: the same end.

use super::parking::request;
use super::*;
use proptest::prelude::*;

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
    let rare = || proptest::bool::weighted(0.1);
    let node =
        (on, any::<u8>(), 1..4_u32, 0..4_u32, class, (rare(), proptest::bool::weighted(0.3)));
    proptest::collection::vec(node, 1..8).prop_map(|nodes| {
        let names: Vec<String> = (0..nodes.len()).map(|index| format!("s{index}")).collect();
        let build = |(index, (on, needs, attempts, failures, class, (never, elsewhere))): (
            _,
            (_, _, _, _, _, (_, bool)),
        )| {
            let needs: Vec<&str> = (0..index)
                .filter(|need| needs & (1_u8 << need) != 0)
                .map(|need: usize| names[need].as_str())
                .collect();
            let classes = vec![FailureClass::CloudError, FailureClass::TimedOut];
            let retry = Retry { attempts, backoff: Duration::from_secs(1), classes };
            let when = if never { Some("false".to_owned()) } else { None };
            let runs_on = elsewhere.then(JobMachine::default);
            let stage = Stage { retry, when, runs_on, ..stage(&names[index], &needs, on) };
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
