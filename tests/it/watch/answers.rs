//! What each kind of night leads to.

use super::ward::{Ward, findings, only, usual};
use relevo::{
    rehearsal::Fate as Sent,
    spec::{DriftResponse, Environment, Respond, Retrain, RetrainOn},
    store::StoreError,
    watch::{Action, Finding, WatchError, Why},
};

#[tokio::test]
async fn drift_is_one_training_however_often_it_is_seen() {
    let ward = Ward::new(usual()).await;
    ward.world.bench.rehearsal.confirm_all().await.unwrap();
    let night = ward.night(24, &ward.drifted()).await;
    let seen = ward.preview().await;
    assert!(matches!(only(&seen).action, Action::StartTraining(_)));
    assert_eq!((ward.trainings().await.len(), ward.mails().await.len()), (0, 0));

    let pass = ward.look().await;
    let answer = only(&pass);
    assert_eq!((answer.case.finding, &answer.case.execution), (Finding::Drift, &night));
    let training = answer.training.clone().unwrap();
    for _ in 0..2 {
        assert!(ward.look().await.answered.is_empty());
    }
    // A watcher without memory meets the same drift, and SageMaker's own list tells it.
    let again = ward.look_of_another().await;
    let why = Why::Answered { training: training.clone() };
    assert_eq!(only(&again).action, Action::Nothing(why));

    let trainings = ward.trainings().await;
    assert_eq!(trainings.len(), 1);
    assert_eq!(trainings[0].pipeline_execution_arn(), Some(training.as_str()));
    let mails = ward.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].fate, Sent::Delivered);
    assert_eq!(mails[0].subject, "prod: drift of Age: a training has been started");
    let text = &mails[0].body;
    for part in [
        "Age: mean ",
        "Predictions were withheld",
        &format!("a training has been started: {training}"),
        "No labelled data has arrived",
        "agent models approve N --env prod",
        &night,
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(!text.contains("_c0"), "columns have names: {text}");
}

#[tokio::test]
async fn another_training_starts_once_the_cooldown_is_over_and_not_before() {
    let ward = Ward::new(usual()).await;
    ward.night(24, &ward.drifted()).await;
    let first = only(&ward.look().await).training.clone().unwrap();
    ward.stop(&first).await;

    ward.night(23, &ward.drifted()).await;
    let pass = ward.look().await;
    assert!(matches!(only(&pass).action, Action::Alert(Why::Cooldown { .. })), "{pass:#?}");
    assert!(ward.mails().await.last().unwrap().body.contains("in cooldown until 2026-11-"));
    assert_eq!(ward.trainings().await.len(), 1);

    ward.night(1, &ward.drifted()).await;
    let pass = ward.look().await;
    assert!(matches!(only(&pass).action, Action::StartTraining(_)), "{pass:#?}");
    assert_eq!(ward.trainings().await.len(), 2);
}

#[tokio::test]
async fn nights_that_nobody_looked_at_are_one_training_together() {
    let ward = Ward::new(usual()).await;
    for _ in 0..3 {
        ward.night(24, &ward.drifted()).await;
    }
    ward.night(24, &ward.clean).await;
    let pass = ward.look().await;
    assert_eq!(findings(&pass), [Finding::Drift, Finding::Drift, Finding::Drift, Finding::Clean]);
    let told = pass.answered.iter().filter(|answer| answer.told.is_some()).count();
    assert_eq!((ward.trainings().await.len(), told), (1, 3));
}

#[tokio::test]
async fn a_failure_of_the_machinery_is_told_and_trains_nothing() {
    let ward = Ward::new(usual()).await;
    ward.lose_the_batch().await;
    let pass = ward.look().await;
    let answer = only(&pass);
    assert_eq!(answer.case.finding, Finding::InfrastructureFailure);
    assert_eq!(answer.action, Action::Alert(Why::Policy));
    assert!(ward.trainings().await.is_empty());
    let mails = ward.mails().await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].body.contains("it would cure nothing"), "{}", mails[0].body);
}

#[tokio::test]
async fn no_model_is_told_once_and_trains_nothing() {
    let ward = Ward::without_model(usual()).await;
    for _ in 0..3 {
        ward.night(24, &ward.clean).await;
        assert_eq!(only(&ward.look().await).case.finding, Finding::NothingApproved);
    }
    let mails = ward.mails().await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].body.contains("agent models approve N --env prod"), "{}", mails[0].body);
    assert!(ward.trainings().await.is_empty());
}

#[tokio::test]
async fn a_defect_is_told_and_never_trained_on() {
    let ward = Ward::new(usual()).await;
    ward.night(24, &ward.clean.replacen("3,", "x,", 1)).await;
    let pass = ward.look().await;
    assert_eq!(only(&pass).case.finding, Finding::DataDefect);
    assert!(ward.trainings().await.is_empty());
    let mails = ward.mails().await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].body.contains("it would learn the defect"), "{}", mails[0].body);
    assert!(mails[0].body.contains("batch_preprocess: the data breaks its contract"));
}

#[tokio::test]
async fn a_handful_of_rows_is_nothing_to_act_on() {
    let ward = Ward::new(usual()).await;
    let few: String = ward.drifted().lines().take(10).map(|line| format!("{line}\n")).collect();
    ward.night(24, &few).await;
    let pass = ward.look().await;
    let answer = only(&pass);
    assert_eq!(answer.case.finding, Finding::TooFewRows);
    assert_eq!((&answer.action, answer.told), (&Action::Nothing(Why::Policy), None));
    assert!(ward.trainings().await.is_empty() && ward.mails().await.is_empty());
}

#[tokio::test]
async fn versions_that_nobody_looks_at_stop_the_trainings() {
    let retrain = Retrain { max_unapproved: 1, ..Retrain::default() };
    let ward = Ward::new(Environment { retrain, ..usual() }).await;
    ward.night(24, &ward.drifted()).await;
    let pass = ward.look().await;
    ward.finish(only(&pass).training.as_ref().unwrap()).await;
    ward.night(48, &ward.drifted()).await;
    let pass = ward.look().await;
    assert_eq!(only(&pass).action, Action::Alert(Why::TooManyWaiting { versions: vec![2] }));
    assert!(ward.mails().await.last().unwrap().body.contains("1 versions wait for approval (2)"));
    ward.reject(2).await;
    ward.night(24, &ward.drifted()).await;
    assert!(matches!(only(&ward.look().await).action, Action::StartTraining(_)));
    assert_eq!(ward.trainings().await.len(), 2);
}

#[tokio::test]
async fn where_a_rule_retrains_on_any_failure_the_watcher_starts_nothing() {
    let retrain = Retrain { on: RetrainOn::AnyFailure, ..Retrain::default() };
    let ward = Ward::new(Environment { retrain, ..usual() }).await;
    ward.night(24, &ward.drifted()).await;
    let pass = ward.look().await;
    assert_eq!(only(&pass).action, Action::Alert(Why::RuleRetrains));
    assert!(ward.trainings().await.is_empty());
    let train = ward.environment.train_pipeline.as_str();
    let all = ward.sagemaker().list_pipeline_executions().pipeline_name(train).send().await;
    assert!(all.unwrap().pipeline_execution_summaries().len() > 1, "the rule did");
}

#[tokio::test]
async fn where_a_violation_fails_nothing_drift_is_found_and_the_batch_is_scored() {
    let monitor = relevo::spec::Monitor { fail_on_violation: false, ..usual().monitor };
    let respond = Respond { drift: DriftResponse::Alert, ..Respond::default() };
    let ward = Ward::new(Environment { monitor, respond, ..usual() }).await;
    ward.night(24, &ward.drifted()).await;
    let pass = ward.look().await;
    assert_eq!(only(&pass).case.finding, Finding::Drift);
    assert_eq!(only(&pass).action, Action::Alert(Why::Policy));
    let mails = ward.mails().await;
    assert!(mails[0].body.contains("Predictions were made all the same"), "{}", mails[0].body);
}

#[tokio::test]
async fn a_topic_that_is_gone_is_trouble_until_it_is_back() {
    let mut ward = Ward::new(usual()).await;
    ward.night(24, &ward.drifted()).await;
    let there = ward.environment.clone();
    ward.environment.alerts.topic = "another-topic".to_owned();
    let pass = ward.look().await;
    assert!(pass.answered.is_empty());
    assert!(pass.troubles[0].problem.contains("Publish"), "{:?}", pass.troubles);
    ward.environment = there;
    let pass = ward.look().await;
    assert!(only(&pass).told.is_some());
    assert_eq!((ward.trainings().await.len(), ward.mails().await.len()), (1, 1));
}

#[tokio::test]
async fn an_execution_that_runs_is_waited_for() {
    let ward = Ward::new(usual()).await;
    ward.night(24, &ward.clean).await;
    let running = ward.begin().await;
    let pass = ward.look().await;
    assert_eq!((findings(&pass), pass.running), (vec![Finding::Clean], 1));
    ward.finish(&running).await;
    let pass = ward.look().await;
    assert_eq!((only(&pass).case.execution.clone(), pass.running), (running, 0));
}

#[tokio::test]
async fn an_environment_has_one_watcher() {
    let ward = Ward::new(usual()).await;
    ward.night(24, &ward.drifted()).await;
    let error = ward.look_beside_another().await.unwrap_err();
    assert!(matches!(error, WatchError::Store(StoreError::Watched { .. })), "{error:?}");
    assert!(ward.trainings().await.is_empty());
}
