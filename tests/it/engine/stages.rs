//! What becomes of stages: side by side, tried again, skipped, stopped.

use super::*;

#[tokio::test]
async fn stages_that_do_not_need_each_other_run_at_the_same_time() {
    let world = World::new().await;
    let both = Arc::new(Barrier::new(2));
    world.told("b", [Act::Meet(Arc::clone(&both))]);
    world.told("c", [Act::Meet(both)]);
    let run = world.run(diamond()).await;
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    assert_eq!(world.attempts(), once(&["a", "b", "c", "d"]));
    let Standing::Succeeded(left) = world.standing(&run, "d").await else { panic!() };
    assert_eq!(left["after"]["b"]["after"]["a"]["by"], "a", "outputs are handed on");
    assert_eq!(world.log(&run, "c"), ["performing"]);
}

#[tokio::test]
async fn a_run_that_is_over_is_not_driven_again() {
    let world = World::new().await;
    let run = world.run(diamond()).await;
    world.outcome(&run).await;
    world.attempts();
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    assert_eq!(world.attempts(), []);
}

#[tokio::test]
async fn a_failure_of_a_retried_class_is_tried_again_when_it_is_due() {
    let world = World::new().await;
    let retry = Retry {
        attempts: 3,
        backoff: Duration::from_secs(5),
        classes: vec![FailureClass::CloudError],
    };
    world.told("a", [Act::Fail(FailureClass::CloudError), Act::Fail(FailureClass::CloudError)]);
    let run = world.run(vec![Stage { retry, ..stage("a", &[]) }]).await;
    let began = world.clock.now();
    assert_eq!(world.outcome(&run).await, Outcome::Succeeded);
    assert_eq!(world.clock.now().duration_since(began).as_secs(), 5 + 10);
    assert_eq!(world.attempts().last(), Some(&("a".to_owned(), 3)));
    assert_eq!(world.log(&run, "a").iter().filter(|line| *line == "as told").count(), 2);
}

#[tokio::test]
async fn a_failure_skips_what_needs_it_and_calls_what_waits_for_it() {
    let world = World::new().await;
    world.told("a", [Act::Fail(FailureClass::GateRefused)]);
    let mut stages = diamond();
    stages.push(Stage { on: On::Failure, ..stage("tell", &["d"]) });
    stages.push(Stage { when: Some("push".into()), ..stage("other", &[]) });
    let run = world.run(stages).await;
    assert_eq!(world.outcome(&run).await, Outcome::GateRefused);
    assert_eq!(world.attempts(), once(&["a", "tell"]));
    let other = world.standing(&run, "other").await;
    assert_eq!(other, Standing::Skipped(SkipReason::ConditionFalse));
}

#[tokio::test]
async fn a_built_in_stage_that_takes_too_long_is_dropped() {
    let world = World::new().await;
    world.told("a", [Act::Outlast]);
    let run = world.run(vec![stage("a", &[])]).await;
    let expected = Outcome::Failed { stage: name("a"), class: FailureClass::TimedOut };
    assert_eq!(world.outcome(&run).await, expected);
}

#[tokio::test]
async fn a_panic_in_one_stage_fails_that_stage_only() {
    let world = World::new().await;
    world.told("b", [Act::Panic]);
    let run = world.run(diamond()).await;
    let expected = Outcome::Failed { stage: name("b"), class: FailureClass::AgentError };
    assert_eq!(world.outcome(&run).await, expected);
    assert!(matches!(world.standing(&run, "c").await, Standing::Succeeded(_)));
    let last = world.log(&run, "b").pop().unwrap();
    assert_eq!(last, "the agent has a bug in this stage: on purpose");
}

#[tokio::test]
async fn a_failure_is_stored_without_its_secrets() {
    let world = World::new().await;
    world.told("a", [Act::Blab]);
    let run = world.run(vec![stage("a", &[])]).await;
    world.outcome(&run).await;
    let Standing::Failed(failure) = world.standing(&run, "a").await else { panic!() };
    assert_eq!(
        (failure.message.as_str(), failure.hint.as_deref()),
        ("no ***", Some("look for ***"))
    );
    assert_eq!(world.log(&run, "a"), ["performing", "no ***", "look for ***"]);
    let events = world.engine.store.events(&run).await.unwrap();
    assert!(!serde_json::to_string(&events).unwrap().contains(SECRET));
}

#[tokio::test]
async fn a_stage_whose_log_cannot_be_written_says_so() {
    let world = World::new().await;
    let run = world.run(vec![stage("a", &[])]).await;
    std::fs::create_dir_all(world.engine.logs.of_stage(&run, &name("a"))).unwrap();
    let expected = Outcome::Failed { stage: name("a"), class: FailureClass::AgentError };
    assert_eq!(world.outcome(&run).await, expected);
    let Standing::Failed(failure) = world.standing(&run, "a").await else { panic!() };
    assert!(failure.message.starts_with("cannot open the stage's log: "), "{}", failure.message);
}

#[tokio::test]
async fn a_first_cancel_lets_stages_end_and_tidies_up() {
    let world = World::new().await;
    let (canceller, cancel) = Canceller::new();
    world.told("a", [Act::BeStopped(Arc::new(canceller), 1)]);
    let run = world.run(with_tidying()).await;
    assert_eq!(world.drive(&run, cancel).await.unwrap().outcome, Some(Outcome::Cancelled));
    assert_eq!(world.attempts(), once(&["a", "tidy"]));
    let cancelled = Standing::Skipped(SkipReason::Cancelled);
    assert_eq!(world.standing(&run, "b").await, cancelled);
}

/// Whether it fails by itself, outlasts its time or is dropped: nobody follows what it has started.
#[tokio::test]
async fn what_a_stage_that_failed_has_started_is_called_off() {
    let (canceller, cancel) = Canceller::new();
    let canceller = Arc::new(canceller);
    let ends = [
        (Act::Succeed, 0),
        (Act::Fail(FailureClass::CloudError), 1),
        (Act::Outlast, 1),
        (Act::BeStopped(canceller, 2), 1),
    ];
    for (act, calls) in ends {
        let world = World::new().await;
        world.told("t", [act]);
        let run = world.run(vec![training("t", &[])]).await;
        world.drive(&run, cancel.clone()).await.unwrap();
        assert_eq!(world.called_off().len(), calls, "{:?}", world.log(&run, "t"));
    }
    let world = World::new().await;
    world.told("a", [Act::Fail(FailureClass::CloudError)]);
    world.outcome(&world.run(vec![stage("a", &[])]).await).await;
    assert_eq!(world.called_off(), []);
    // a try that follows goes on with it
    let classes = vec![FailureClass::CloudError];
    let retry = Retry { attempts: 2, backoff: Duration::from_secs(5), classes };
    world.told("t", [Act::Fail(FailureClass::CloudError), Act::Fail(FailureClass::CloudError)]);
    world.outcome(&world.run(vec![Stage { retry, ..training("t", &[]) }]).await).await;
    assert_eq!(world.called_off(), [("t".to_owned(), 2)]);
}

#[tokio::test]
async fn a_second_cancel_drops_everything() {
    let world = World::new().await;
    let (canceller, cancel) = Canceller::new();
    world.told("a", [Act::BeStopped(Arc::new(canceller), 2)]);
    let run = world.run(with_tidying()).await;
    assert_eq!(world.drive(&run, cancel).await.unwrap().outcome, Some(Outcome::Cancelled));
    assert_eq!(world.attempts(), once(&["a"]));
}
