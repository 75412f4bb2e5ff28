use super::*;
use crate::watch::{Grounds, Stock};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

fn now() -> Timestamp {
    "2026-03-29T00:30:00Z".parse().unwrap()
}

fn ago(hours: i64) -> Timestamp {
    now() - jiff::SignedDuration::from_hours(hours)
}

fn case(number: usize, finding: Finding) -> Case {
    Case {
        execution: format!("arn:aws:sagemaker:us-east-1:2:pipeline/i/execution/e{number:011}"),
        began: ago(1),
        finding,
        grounds: Grounds {
            predictions: Predictions::Withheld,
            assessment: None,
            report: None,
            failed: None,
        },
    }
}

fn policy() -> Policy {
    Policy { respond: Respond::default(), retrain: Retrain::default() }
}

fn scene() -> Scene {
    Scene {
        now: now(),
        train_pipeline: "arn:aws:sagemaker:us-east-1:2:pipeline/t".to_owned(),
        trainings: Vec::new(),
        about_to_train: None,
        waiting: Vec::new(),
        lack_is_known: false,
        stock: Some(Stock::default()),
    }
}

fn training(name: &str, hours: i64, state: TrainingState) -> PastTraining {
    let arn = format!("arn:training/{name}");
    PastTraining { arn, name: name.to_owned(), began: ago(hours), state }
}

fn only(finding: Finding, scene: &Scene, policy: Policy) -> Action {
    let mut actions = decide(&[case(1, finding)], scene, policy);
    assert_eq!(actions.len(), 1);
    actions.remove(0)
}

fn starts(action: &Action) -> bool {
    matches!(action, Action::StartTraining(_))
}

#[test]
fn drift_starts_a_training_that_says_what_it_answers() {
    let Action::StartTraining(training) = only(Finding::Drift, &scene(), policy()) else {
        panic!()
    };
    assert_eq!(training.name, "drift-e00000000001");
    assert!((32..=128).contains(&training.token.len()));
    let again = only(Finding::Drift, &scene(), policy());
    assert_eq!(again, Action::StartTraining(training.clone()));
    let elsewhere = Scene { train_pipeline: "arn:other".to_owned(), ..scene() };
    let Action::StartTraining(other) = only(Finding::Drift, &elsewhere, policy()) else { panic!() };
    assert_ne!(other.token, training.token);
}

#[test]
fn what_a_training_cannot_cure_starts_none() {
    for finding in Finding::ALL.into_iter().filter(|finding| *finding != Finding::Drift) {
        assert!(!starts(&only(finding, &scene(), policy())), "{finding}");
    }
    let quiet = [Finding::TooFewRows, Finding::Stopped, Finding::NotChecked];
    for finding in quiet {
        assert!(matches!(only(finding, &scene(), policy()), Action::Nothing(_)), "{finding}");
    }
    let told = [Finding::DataDefect, Finding::InfrastructureFailure, Finding::NothingApproved];
    for finding in told {
        assert!(matches!(only(finding, &scene(), policy()), Action::Alert(_)), "{finding}");
    }
}

#[test]
fn the_cooldown_counts_from_the_last_training_that_drift_started() {
    let after = |hours| Scene {
        trainings: vec![
            training("drift-e0", hours, TrainingState::Over),
            training("drift-older", hours + 40, TrainingState::Over),
            training("by-hand", 1, TrainingState::Over),
        ],
        ..scene()
    };
    let until = ago(23) + jiff::SignedDuration::from_hours(24);
    let why = Why::Cooldown { until };
    assert_eq!(only(Finding::Drift, &after(23), policy()), Action::Alert(why));
    assert!(starts(&only(Finding::Drift, &after(24), policy())), "the cooldown is over");
}

#[test]
fn a_training_that_runs_is_waited_for_whoever_started_it() {
    let running = training("by-hand", 700, TrainingState::Running);
    let why = Why::UnderWay { training: running.arn.clone() };
    let scene = Scene { trainings: vec![running], ..scene() };
    assert_eq!(only(Finding::Drift, &scene, policy()), Action::Alert(why));
}

#[test]
fn a_drift_that_had_its_training_gets_no_other() {
    let answered = training("drift-e00000000001", 600, TrainingState::Over);
    let why = Why::Answered { training: answered.arn.clone() };
    let scene = Scene { trainings: vec![answered], ..scene() };
    assert_eq!(only(Finding::Drift, &scene, policy()), Action::Nothing(why));
}

#[test]
fn nobody_s_approval_is_asked_for_a_fourth_time() {
    let waiting = |versions: &[i32]| Scene { waiting: versions.to_vec(), ..scene() };
    let why = Why::TooManyWaiting { versions: vec![4, 5, 6] };
    assert_eq!(only(Finding::Drift, &waiting(&[4, 5, 6]), policy()), Action::Alert(why));
    assert!(starts(&only(Finding::Drift, &waiting(&[4, 5]), policy())));
}

#[test]
fn several_drifts_at_once_are_one_training() {
    let cases = [case(1, Finding::Drift), case(2, Finding::Clean), case(3, Finding::Drift)];
    let actions = decide(&cases, &scene(), policy());
    assert!(starts(&actions[0]));
    let execution = cases[0].execution.clone();
    assert_eq!(actions[2], Action::Alert(Why::WithAnother { execution }));
    let begun = Scene { about_to_train: Some("arn:earlier".to_owned()), ..scene() };
    let why = Why::WithAnother { execution: "arn:earlier".to_owned() };
    assert_eq!(decide(&cases, &begun, policy())[0], Action::Alert(why));
}

#[test]
fn a_lack_of_models_is_told_once_until_something_else_happens() {
    use Finding::{Clean, NothingApproved};
    let night = [NothingApproved, NothingApproved, Clean, NothingApproved];
    let cases: Vec<Case> =
        (0..).zip(night).map(|(number, finding)| case(number, finding)).collect();
    let told = |scene: &Scene| {
        let actions = decide(&cases, scene, policy());
        let told = |action: &Action| *action == Action::Alert(Why::NothingApproved);
        actions.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(told(&scene()), [true, false, false, true]);
    assert_eq!(told(&Scene { lack_is_known: true, ..scene() }), [false, false, false, true]);
}

#[test]
fn a_clean_batch_that_nobody_scored_is_told() {
    assert_eq!(only(Finding::Clean, &scene(), policy()), Action::Alert(Why::FalseAlarm));
    let mut scored = case(1, Finding::Clean);
    scored.grounds.predictions = Predictions::Made;
    assert_eq!(decide(&[scored], &scene(), policy()), [Action::Nothing(Why::AllWell)]);
}

#[test]
fn the_policy_can_ask_for_less() {
    let with = |change: fn(&mut Policy)| {
        let mut policy = policy();
        change(&mut policy);
        policy
    };
    let by_rule = with(|policy| policy.retrain.on = RetrainOn::AnyFailure);
    assert_eq!(only(Finding::Drift, &scene(), by_rule), Action::Alert(Why::RuleRetrains));
    let alert = with(|policy| policy.respond.drift = DriftResponse::Alert);
    assert_eq!(only(Finding::Drift, &scene(), alert), Action::Alert(Why::Policy));
    let ignore = with(|policy| policy.respond.drift = DriftResponse::Ignore);
    assert_eq!(only(Finding::Drift, &scene(), ignore), Action::Nothing(Why::Policy));
    let ignore = with(|policy| policy.respond.infrastructure_failure = Response::Ignore);
    let finding = Finding::InfrastructureFailure;
    assert_eq!(only(finding, &scene(), ignore), Action::Nothing(Why::Policy));
    let alert = with(|policy| policy.respond.too_few_rows = Response::Alert);
    assert_eq!(only(Finding::TooFewRows, &scene(), alert), Action::Alert(Why::Policy));
}

#[test]
fn where_nothing_is_deployed_nothing_is_started() {
    let scene = Scene { stock: None, ..scene() };
    assert_eq!(only(Finding::Drift, &scene, policy()), Action::Alert(Why::NoTrainPipeline));
}

#[test]
fn what_was_decided_can_be_kept() {
    let decided = only(Finding::Drift, &scene(), policy());
    for action in
        [decided, Action::Alert(Why::Cooldown { until: now() }), Action::Nothing(Why::AllWell)]
    {
        let text = serde_json::to_string(&action).unwrap();
        assert_eq!(serde_json::from_str::<Action>(&text).unwrap(), action, "{text}");
    }
}

fn policies() -> impl Strategy<Value = Policy> {
    let drift = select(vec![DriftResponse::Retrain, DriftResponse::Alert, DriftResponse::Ignore]);
    let response = || select(vec![Response::Alert, Response::Ignore]);
    let on = select(vec![RetrainOn::Drift, RetrainOn::AnyFailure]);
    (drift, response(), response(), response(), on, 1_u32..60, 1_u32..5).prop_map(
        |(drift, data_defect, infrastructure_failure, too_few_rows, on, cooldown, most)| Policy {
            respond: Respond { drift, data_defect, infrastructure_failure, too_few_rows },
            retrain: Retrain { on, cooldown: HOUR * cooldown, max_unapproved: most, window: HOUR },
        },
    )
}

fn scenes() -> impl Strategy<Value = Scene> {
    let state = select(vec![TrainingState::Running, TrainingState::Over, TrainingState::Over]);
    let name = select(vec!["drift-e00000000001", "drift-other", "by-hand"]);
    let trainings = vec((name, 0_i64..100, state), 0..4);
    (trainings, option::of("[a-z]{3}"), vec(1_i32..9, 0..5), any::<bool>(), any::<bool>()).prop_map(
        |(trainings, about_to_train, waiting, lack_is_known, deployed)| Scene {
            trainings: trainings
                .into_iter()
                .map(|(name, hours, state)| training(name, hours, state))
                .collect(),
            about_to_train,
            waiting,
            lack_is_known,
            stock: deployed.then(Stock::default),
            ..scene()
        },
    )
}

proptest! {
    #[test]
    fn no_history_leads_to_a_training_too_many(
        findings in vec(select(Finding::ALL.to_vec()), 0..8),
        scene in scenes(),
        policy in policies(),
    ) {
        let cases: Vec<Case> =
            (0..).zip(findings).map(|(number, finding)| case(number, finding)).collect();
        let actions = decide(&cases, &scene, policy);
        prop_assert_eq!(&decide(&cases, &scene, policy), &actions);
        prop_assert_eq!(actions.len(), cases.len());
        let started: Vec<&Case> =
            cases.iter().zip(&actions).filter(|(_, action)| starts(action)).map(|(case, _)| case).collect();
        prop_assert!(started.len() <= 1, "several drifts found at once are one training");
        let Some(case) = started.first() else { return Ok(()) };
        prop_assert_eq!(case.finding, Finding::Drift);
        prop_assert_eq!(policy.retrain.on, RetrainOn::Drift);
        prop_assert_eq!(policy.respond.drift, DriftResponse::Retrain);
        prop_assert!(scene.stock.is_some() && scene.about_to_train.is_none());
        prop_assert!(scene.waiting.len() < policy.retrain.max_unapproved as usize);
        for training in &scene.trainings {
            prop_assert_eq!(training.state, TrainingState::Over);
            let cooled = later(training.began, policy.retrain.cooldown) <= scene.now;
            prop_assert!(cooled || !is_by_drift(&training.name));
        }
    }

    /// However often and in whatever portions the same drift is found, one training answers it within the cooldown.
    #[test]
    fn a_drift_that_goes_on_for_nights_is_one_training_a_cooldown(
        nights in 1_usize..20,
        hours_apart in 1_i64..40,
        looks in 1_usize..4,
    ) {
        let mut scene = scene();
        let mut begun: Vec<Timestamp> = Vec::new();
        for night in 0..nights {
            scene.now = now() + jiff::SignedDuration::from_hours(hours_apart * i64::try_from(night).unwrap());
            for _ in 0..looks {
                for action in decide(&[case(night, Finding::Drift)], &scene, policy()) {
                    if let Action::StartTraining(started) = action {
                        begun.push(scene.now);
                        let over = TrainingState::Over;
                        let past = PastTraining { began: scene.now, ..training(&started.name, 0, over) };
                        scene.trainings.push(past);
                    }
                }
            }
        }
        let day = jiff::SignedDuration::from_hours(24);
        prop_assert!(begun.windows(2).all(|pair| pair[1].duration_since(pair[0]) >= day), "{begun:?}");
        prop_assert!(begun.first() == Some(&now()));
    }
}
