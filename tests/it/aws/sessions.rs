//! Who may do what where.

use super::world::{Example, Heard, Stopped, World, apply, dev, prod, run};
use relevo::{
    aws::{ErrorClass, LogEvent, Purpose},
    clock::SystemClock,
    deploy::{self, ApplyError, Deployment},
    ids::AccountId,
    logs::{CloudWatch, LogSink as _},
    plan::{Observed, Part},
    spec::Environment,
};

#[tokio::test]
async fn a_role_of_another_account_gives_no_session() {
    let world = World::new().await;
    let account: AccountId = "999999999999".parse().unwrap();
    let confused = Environment { account, ..prod() };
    let error = world.assume(&confused, Purpose::Deploy).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::WrongAccount);
    assert!(world.tap.writes().is_empty());
}

#[tokio::test]
async fn a_wrong_external_id_is_a_refusal_of_the_role() {
    let world = World::new().await;
    let stranger = Environment { external_id: Some("guessed".to_owned()), ..prod() };
    let error = world.assume(&stranger, Purpose::Read).await.unwrap_err();
    assert_eq!((error.class, error.operation), (ErrorClass::Denied, "AssumeRole"));
}

#[tokio::test]
async fn a_reading_session_reads_and_cannot_write() {
    let world = World::new().await;
    let planned = world.plan(&Example::read(), &prod()).await;
    assert!(world.tap.writes().is_empty());
    let session = world.session(&prod(), Purpose::Read).await;
    let error = apply(&session, &planned, Part::Pipelines, &mut Default::default()).await;
    let Err(Stopped::Refused(ApplyError::Change { source, .. })) = error else {
        panic!("{error:?}")
    };
    assert!(source.to_string().contains("AccessDenied"), "{source}");
}

#[tokio::test]
async fn a_plan_for_one_account_is_refused_in_another() {
    let world = World::new().await;
    let planned = world.plan(&Example::read(), &prod()).await;
    let session = world.session(&dev(), Purpose::Deploy).await;
    let (desired, plan) = &planned;
    let deployment = Deployment { session: &session, clock: &SystemClock, desired, plan };
    let (nothing, mut heard) = (Observed::default(), Heard::default());
    let refused = deploy::apply(deployment, Part::Pipelines, &nothing, &mut heard).await;
    assert!(matches!(refused, Err(ApplyError::WrongAccount { .. })), "{refused:?}");
    assert!(world.tap.writes().is_empty());
}

#[tokio::test]
async fn only_an_approver_can_approve() {
    let world = World::new().await;
    let deployer = world.session(&prod(), Purpose::Deploy).await;
    let package =
        "arn:aws:sagemaker:us-east-1:333333333333:model-package/mammo-severity-model-package/1";
    let decision = relevo::aws::Decision {
        approval: Some(relevo::aws::Approval::Approved),
        ..Default::default()
    };
    let error = deployer.sagemaker().decide(package, &decision).await.unwrap_err();
    assert_eq!((error.class, error.operation), (ErrorClass::Denied, "UpdateModelPackage"));
    let approver = world.session(&prod(), Purpose::Approve).await;
    assert_eq!(approver.account().as_str(), "333333333333");
}

#[tokio::test]
async fn a_session_outlives_its_keys() {
    let world = World::new().await;
    let session = world.session(&prod(), Purpose::Read).await;
    for _ in 0..5 {
        world.bench.pass(jiff::SignedDuration::from_mins(59));
        assert_eq!(
            session.sns().topic("arn:aws:sns:us-east-1:222222222222:t").await.unwrap(),
            None
        );
    }
}

/// A training takes longer than any chained session, and its log is shipped all the time.
#[tokio::test]
async fn lines_are_shipped_for_hours_with_one_sink() {
    let world = World::new().await;
    let sink = CloudWatch::new(world.access().clone(), prod(), run()).settled();
    let stream = "prod/mammo/run/train-test";
    sink.ensure(stream).await.unwrap();
    for hour in 0..6 {
        let now = world.bench.now().as_millisecond();
        let line = LogEvent { timestamp_ms: now, message: format!("hour {hour}") };
        sink.put(stream, &[line]).await.unwrap();
        world.bench.pass(jiff::SignedDuration::from_mins(59));
    }
    let logs = world.session(&prod(), Purpose::Logs).await.logs();
    let read = logs.read(&prod().log_group.name, stream, 0, 10).await.unwrap();
    assert_eq!(read.len(), 6);
}

#[tokio::test]
async fn lines_go_to_the_log_group_and_come_back() {
    let world = World::new().await;
    let session = world.session(&prod(), Purpose::Logs).await;
    let (logs, group) = (session.logs(), prod().log_group);
    for _ in 0..2 {
        logs.ensure_group(&group).await.unwrap();
        logs.ensure_stream(&group.name, "prod/mammo/run/plan").await.unwrap();
    }
    let now = world.bench.now().as_millisecond();
    let event = |ms: i64| LogEvent { timestamp_ms: ms, message: format!("line at {ms}") };
    let fifteen_days = 15 * 24 * 3600 * 1000;
    let old = [event(now - fifteen_days)];
    let outcome = logs.put(&group.name, "prod/mammo/run/plan", &old).await.unwrap();
    assert_eq!((outcome.accepted, outcome.rejected.too_old), (0, 1));
    let fresh = [event(now), event(now + 1)];
    let outcome = logs.put(&group.name, "prod/mammo/run/plan", &fresh).await.unwrap();
    assert_eq!(outcome.accepted, 2);
    let read = logs.read(&group.name, "prod/mammo/run", 0, 10).await.unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(read[1].message, format!("line at {}", now + 1));
}

#[tokio::test]
async fn a_session_for_alerts_publishes_to_the_one_topic_and_does_nothing_else() {
    let world = World::new().await;
    let environment = prod();
    let deployer = world.session(&environment, Purpose::Deploy).await;
    let topic =
        deployer.sns().create(&environment.alerts.topic, &Default::default()).await.unwrap();
    assert_eq!(topic, relevo::plan::alert_topic_arn(&environment));
    let session = world.session(&environment, Purpose::Alert).await;
    session.sns().publish(&topic, "a promotion failed", "its log says why").await.unwrap();
    let elsewhere = format!("{topic}-of-others");
    let error = session.sns().publish(&elsewhere, "hear", "me").await.unwrap_err();
    assert_eq!((error.class, error.operation), (ErrorClass::Denied, "Publish"));
    let error = session.sns().topic(&topic).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Denied);
    assert!(session.sns().delete(&topic).await.is_err());
}
