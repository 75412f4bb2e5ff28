//! Orders: done, refused with a reason, and kept with the name of who gave them.

use super::*;

#[tokio::test]
async fn as_many_different_people_as_are_required_must_approve() {
    let world = World::new().await;
    let run = world.parked(1, Request { required: 2, ..world.request() }).await;
    let first = world.desk.approve(&person("Ada"), (&run, None), Some("looks good")).await.unwrap();
    assert!(!first.is_enough() && first.have == 1);
    let again = world.desk.approve(&person("ADA"), (&run, None), None).await;
    assert!(matches!(again, Err(DeskError::AnsweredBefore { .. })), "{again:?}");
    let second = world.desk.approve(&person("cy"), (&run, None), None).await.unwrap();
    assert!(second.is_enough());
    let third = world.desk.approve(&person("eve"), (&run, None), None).await;
    assert!(matches!(third, Err(DeskError::Enough)), "{third:?}");
    assert_eq!(world.look().await.0, [run], "an agent is to go on");
    assert_eq!(world.acts().await, ["Ada (api) approve", "cy (api) approve"]);
}

#[tokio::test]
async fn only_approvers_approve_and_not_what_they_asked_for_themselves() {
    let world = World::new().await;
    let approvers = vec!["ada".to_owned(), "bob".to_owned()];
    let request = Request { approvers, self_approval: false, ..world.request() };
    let run = world.parked(1, request).await;
    for (name, reason) in [("eve", NotEntitled::NoApprover), ("Bob", NotEntitled::Asker)] {
        let refused = world.desk.approve(&person(name), (&run, None), None).await.unwrap_err();
        let DeskError::NotEntitled { why, .. } = refused else { panic!("{refused}") };
        assert_eq!(why, reason);
    }
    assert!(world.acts().await.is_empty());
    assert!(world.look().await.0.is_empty());
    world.desk.approve(&person("ada"), (&run, None), None).await.unwrap();
}

#[tokio::test]
async fn an_answer_about_a_plan_that_was_seen_counts_for_no_other() {
    let world = World::new().await;
    let run = world.parked(1, world.request()).await;
    let plan = world.request().plan;
    let (ours, other) = (plan.short().parse().unwrap(), "0123456789ab".parse().unwrap());
    let refused = world.desk.approve(&person("ada"), (&run, Some(&other)), None).await;
    assert!(matches!(refused, Err(DeskError::OtherPlan { .. })), "{refused:?}");
    let refused = world.desk.reject(&person("ada"), (&run, Some(&other)), "no").await;
    assert!(matches!(refused, Err(DeskError::OtherPlan { .. })), "{refused:?}");
    assert!(world.acts().await.is_empty());
    assert_eq!(world.outcome(&run).await, None);
    world.desk.approve(&person("ada"), (&run, Some(&ours)), None).await.unwrap();
}

#[tokio::test]
async fn a_rejection_ends_the_run_with_its_reason() {
    let world = World::new().await;
    let run = world.parked(1, world.request()).await;
    let unreasoned = world.desk.reject(&person("ada"), (&run, None), "  ").await;
    assert!(matches!(unreasoned, Err(DeskError::NoReason)));
    world.desk.reject(&person("ada"), (&run, None), "not before the audit").await.unwrap();
    assert_eq!(world.outcome(&run).await, Some(Outcome::Rejected));
    let events = world.store.events(&run).await.unwrap();
    let said = events.iter().any(|stored| match &stored.event {
        Event::StageFailed { failure, .. } => failure.message.contains("not before the audit"),
        _ => false,
    });
    assert!(said, "{events:?}");
    let over = world.desk.approve(&person("cy"), (&run, None), None).await;
    assert!(matches!(over, Err(DeskError::Over { outcome: Outcome::Rejected, .. })), "{over:?}");
}

#[tokio::test]
async fn nobody_answers_what_is_not_asked_or_not_any_more() {
    let world = World::new().await;
    let fresh = world.run(1, pipeline(Supersede::Every, false)).await;
    let nobody = world.desk.approve(&person("ada"), (&fresh, None), None).await;
    assert!(matches!(nobody, Err(DeskError::NobodyAsked { .. })), "{nobody:?}");
    let late = world.parked(2, Request { until: long_ago(), ..world.request() }).await;
    let late = world.desk.approve(&person("ada"), (&late, None), None).await;
    assert!(matches!(late, Err(DeskError::TooLate)), "{late:?}");
}

#[tokio::test]
async fn a_run_that_waits_is_cancelled_at_once_unless_something_is_to_be_tidied_up() {
    let world = World::new().await;
    let over = || Cancelling::Over(Outcome::Cancelled);
    let waits = world.run(1, pipeline(Supersede::Every, true)).await;
    assert_eq!(world.desk.cancel(&person("ada"), &waits, Stop::Gentle).await.unwrap(), over());
    let asks = world.parked(2, world.request()).await;
    assert_eq!(world.desk.cancel(&person("ada"), &asks, Stop::Gentle).await.unwrap(), over());

    let begun = world.run(3, pipeline(Supersede::Every, true)).await;
    let lease = world.store.acquire(&begun).await.unwrap();
    let (stage, attempt) = ("approve".parse().unwrap(), Attempt::FIRST);
    world.store.append(&lease, 1, &[Event::StageStarted { stage, attempt }]).await.unwrap();
    let told = world.desk.cancel(&person("ada"), &begun, Stop::Gentle).await.unwrap();
    assert_eq!(told, Cancelling::Told);
    assert_eq!(world.store.told_to_stop(&begun).await.unwrap(), Some(Stop::Gentle));
    world.clock.advance(LEASE_DURATION);
    let left = world.desk.cancel(&person("ada"), &begun, Stop::Gentle).await.unwrap();
    assert_eq!(left, Cancelling::Waits, "its agent is dead, and a stage has to tidy up");
    assert_eq!(world.look().await.0, [begun]);
}

#[tokio::test]
async fn what_ended_is_run_again_whole_from_a_stage_or_only_deployed() {
    let world = World::new().await;
    let mut pipeline = pipeline(Supersede::Every, false);
    let check = stage("check", &[], Action::Run(Command::Argv(vec!["true".into()])));
    pipeline.stages[0].needs = vec![check.name.clone()];
    pipeline.stages.insert(0, check);
    let old = world.run(1, pipeline).await;
    let ada = person("ada");
    let open = world.desk.retry(&ada, &old).await;
    assert!(matches!(open, Err(DeskError::Open { .. })), "{open:?}");
    assert!(matches!(world.desk.redeploy(&ada, &old).await, Err(DeskError::NotDeployed { .. })));
    let lease = world.store.acquire(&old).await.unwrap();
    world.store.append(&lease, 1, &succeeded(&["check", "approve", "deploy"])).await.unwrap();
    world.store.release(&lease).await.unwrap();

    let whole = world.desk.retry(&ada, &old).await.unwrap();
    assert_eq!((whole.ask, whole.facts.by.as_deref()), (1, Some("ada")));
    assert_eq!(world.store.events(&whole.id).await.unwrap().len(), 1);

    let deploy = "deploy".parse().unwrap();
    let part = world.desk.retry_from(&ada, &old, &deploy).await.unwrap();
    let events = world.store.events(&part.id).await.unwrap();
    let expected = Event::StageReused {
        stage: "check".parse().unwrap(),
        from: old.clone(),
        outputs: json!({ "by": "check" }),
    };
    assert_eq!(events.last().unwrap().event, expected, "an approval is not taken over");
    let unknown = world.desk.retry_from(&ada, &old, &"none".parse().unwrap()).await;
    assert!(matches!(unknown, Err(DeskError::NoSuchStage { .. })), "{unknown:?}");

    let deployed = world.desk.redeploy(&ada, &old).await.unwrap();
    let names: Vec<&str> = deployed.pipeline.stages.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["approve", "deploy"], "nor gone around");
    assert_eq!(deployed.facts.event, "redeploy");
    assert_eq!(world.acts().await, ["ada (api) retry", "ada (api) retry", "ada (api) redeploy"]);
}

#[tokio::test]
async fn a_lock_is_one_persons_until_it_is_over() {
    let world = World::new().await;
    let until = Some(world.clock.now() + HOUR);
    world.desk.lock(&person("ada"), &prod(), "migration", until).await.unwrap();
    let again = world.desk.lock(&person("eve"), &prod(), "mine", None).await.unwrap_err();
    assert_eq!(
        again.to_string(),
        "prod is locked by ada (api) until 2026-01-01 01:00:00 UTC: migration"
    );
    world.clock.advance(HOUR);
    assert!(world.desk.locks().await.unwrap().is_empty(), "its time is over");
    assert!(matches!(
        world.desk.unlock(&person("eve"), &prod()).await,
        Err(DeskError::NotLocked(_))
    ));
    world.desk.lock(&person("eve"), &prod(), "mine", None).await.unwrap();
    let passed = Some(world.clock.now());
    let passed = world.desk.lock(&person("eve"), &"dev".parse().unwrap(), "r", passed).await;
    assert!(matches!(passed, Err(DeskError::NoTime)), "{passed:?}");
    assert_eq!(world.desk.unlock(&person("ada"), &prod()).await.unwrap().reason, "mine");
}
