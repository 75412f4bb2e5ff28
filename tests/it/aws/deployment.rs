//! From an empty account to a deployed one, and whatever may come between.

use super::world::{Example, Heard, Stopped, World, apply, apply_all, prod, verify};
use relevo::{
    aws::Purpose,
    clock::{Clock, SimulatedClock},
    deploy::{self, ApplyError, Deployment, PerformError},
    plan::{Change, FunctionSettings, Part, Rule, RuleState, Trigger, render},
    spec::{Environment, Retrain, RetrainOn},
};

#[tokio::test]
async fn what_was_planned_is_applied_verified_and_not_done_twice() {
    let (world, example) = (World::new().await, Example::read());
    let planned = world.plan(&example, &prod()).await;
    let session = world.session(&prod(), Purpose::Deploy).await;

    let mut heard = Heard::default();
    let first = apply(&session, &planned, Part::Pipelines, &mut heard).await.unwrap();
    assert_eq!(heard.0, vec!["done"; first.done]);
    verify(&session, &planned.0, Part::Pipelines).await.unwrap();
    let unfinished = verify(&session, &planned.0, Part::Schedule).await.unwrap_err();
    assert!(unfinished.to_string().contains("create rule"), "{unfinished}");
    let second = apply(&session, &planned, Part::Schedule, &mut heard).await.unwrap();
    assert_eq!(first.done + second.done, planned.1.changes.len());
    let notes = verify(&session, &planned.0, Part::Schedule).await.unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("has not followed the link")), "{notes:?}");

    world.tap.writes();
    let mut heard = Heard::default();
    let again = apply(&session, &planned, Part::Pipelines, &mut heard).await.unwrap();
    assert_eq!((again.done, again.done_before), (0, first.done));
    assert!(heard.0.iter().all(|step| *step == "before"));
    let (_, plan) = world.plan(&example, &prod()).await;
    assert!(plan.is_empty(), "{}", render::human(&plan, world.bench.now()));
    assert_eq!(world.tap.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_change_of_somebody_elses_since_the_plan_stops_the_apply() {
    let (world, example) = (World::new().await, Example::read());
    let session = world.session(&prod(), Purpose::Deploy).await;
    let planned = world.plan(&example, &prod()).await;
    apply_all(&session, &planned).await.unwrap();

    let changed = Environment { schedule: "cron(0 6 * * ? *)".to_owned(), ..prod() };
    let planned = world.plan(&example, &changed).await;
    let [Change::PutRule { from: Some(from), .. }] = &planned.1.changes[..] else { panic!() };
    let theirs =
        Rule { description: "by hand".to_owned(), state: RuleState::Enabled, ..from.clone() };
    session.events().put_rule(&theirs, &Default::default()).await.unwrap();
    world.tap.writes();
    let error = apply(&session, &planned, Part::Schedule, &mut Heard::default()).await;
    let Err(Stopped::Refused(ApplyError::Stale { change })) = error else { panic!("{error:?}") };
    assert!(change.contains("-inference-schedule"), "{change}");
    assert_eq!(world.tap.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_changed_policy_takes_away_its_own_rule_and_nobody_else_s() {
    let (world, example) = (World::new().await, Example::read());
    let session = world.session(&prod(), Purpose::Deploy).await;
    apply_all(&session, &world.plan(&example, &prod()).await).await.unwrap();
    let retrain = Retrain { on: RetrainOn::AnyFailure, ..prod().retrain };
    let as_before = Environment { retrain, ..prod() };
    let name = |purpose: &str| format!("mammography-severity-model-prod-{purpose}");
    let events = session.events();

    let planned = world.plan(&example, &as_before).await;
    let said: Vec<String> = planned.1.changes.iter().map(render::one_line).collect();
    assert!(said.contains(&format!("remove rule {}", name("drift"))), "{said:?}");
    apply_all(&session, &planned).await.unwrap();
    assert_eq!(events.rule(&name("drift")).await.unwrap(), None);
    let train = &events.targets(&name("retrain")).await.unwrap()[0];
    assert!(train.arn.ends_with(":pipeline/mammo-severity-train-pipeline"), "{train:?}");
    assert!(world.plan(&example, &as_before).await.1.is_empty());

    apply_all(&session, &world.plan(&example, &prod()).await).await.unwrap();
    assert_eq!(events.rule(&name("retrain")).await.unwrap(), None);
    let theirs = Rule {
        name: name("retrain"),
        description: "somebody else's".to_owned(),
        trigger: Trigger::Schedule("rate(1 day)".to_owned()),
        state: RuleState::Enabled,
    };
    events.put_rule(&theirs, &Default::default()).await.unwrap();
    assert!(world.plan(&example, &prod()).await.1.is_empty());
}

#[tokio::test]
async fn alerts_that_were_reworded_by_hand_are_worded_back() {
    let (world, example) = (World::new().await, Example::read());
    let session = world.session(&prod(), Purpose::Deploy).await;
    apply_all(&session, &world.plan(&example, &prod()).await).await.unwrap();
    let rule = "mammography-severity-model-prod-drift";
    let mut targets = session.events().targets(rule).await.unwrap();
    let message = targets[0].message.take().unwrap();
    assert_eq!(message.paths["execution"], "$.detail.pipelineExecutionArn");
    session.events().put_targets(rule, &targets).await.unwrap();
    let (_, plan) = world.plan(&example, &prod()).await;
    let [Change::PutTargets { to, .. }] = &plan.changes[..] else { panic!("{plan:?}") };
    assert_eq!(to[0].message, Some(message));
}

/// How many tests share the places to cut.
const SHARES: usize = 3;

/// Cuts a deployment after each of a share of its writes, and then finishes it by the same plan.
async fn cut_and_finish(share: usize) {
    let example = Example::read();
    for cut in (0..).map(|n| n * SHARES + share) {
        let world = World::new().await;
        let planned = world.plan(&example, &prod()).await;
        let session = world.session(&prod(), Purpose::Deploy).await;
        world.tap.cut_after(cut);
        if apply_all(&session, &planned).await.is_ok() {
            assert!(cut > 20, "{cut}");
            break;
        }
        world.tap.mend();
        apply_all(&session, &planned).await.unwrap_or_else(|error| panic!("{cut}: {error:?}"));
        verify(&session, &planned.0, Part::Schedule).await.unwrap();
        let (_, plan) = world.plan(&example, &prod()).await;
        assert!(plan.is_empty(), "{cut}: {}", render::human(&plan, world.bench.now()));
    }
}

#[tokio::test]
async fn cut_anywhere_the_rest_of_the_same_plan_finishes_it() {
    cut_and_finish(0).await;
}

#[tokio::test]
async fn cut_one_write_later_it_does_too() {
    cut_and_finish(1).await;
}

#[tokio::test]
async fn cut_two_writes_later_it_does_too() {
    cut_and_finish(2).await;
}

#[tokio::test]
async fn a_function_that_takes_its_time_is_waited_for() {
    let world = World::new().await;
    let (desired, plan) = world.plan(&Example::read(), &prod()).await;
    let session = world.session(&prod(), Purpose::Deploy).await;
    let clock = SimulatedClock::at(world.bench.now());
    let deployment =
        Deployment { session: &session, clock: &clock, desired: &desired, plan: &plan };
    let observed = deploy::observe(&session, &desired).await.unwrap();
    world.tap.keep_function_pending(9);
    let mut heard = Heard::default();
    let time = async {
        loop {
            let _ = clock.advance_to_next();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        applied = deploy::apply(deployment, Part::Pipelines, &observed, &mut heard) => drop(applied.unwrap()),
        () = time => {}
    }
    let waited = clock.now().duration_since(world.bench.now());
    assert!(waited > jiff::SignedDuration::from_secs(10), "{waited}");
}

#[tokio::test]
async fn another_version_number_than_planned_is_refused_and_mended_by_the_next_plan() {
    let (world, mut example) = (World::new().await, Example::read());
    let session = world.session(&prod(), Purpose::Deploy).await;
    let first = world.plan(&example, &prod()).await;
    apply_all(&session, &first).await.unwrap();
    example.scripts.get_mut("latest_approved_model.py").unwrap().push_str("\n# better\n");
    let planned = world.plan(&example, &prod()).await;

    let (lambda, function) = (session.lambda(), &planned.0.function);
    let theirs = FunctionSettings { timeout_seconds: 3, ..function.settings.clone() };
    lambda.update_settings(&function.name, &theirs).await.unwrap();
    assert_eq!(lambda.publish(&function.name, &first.0.function.code_sha256).await.unwrap(), 2);
    lambda.update_settings(&function.name, &function.settings).await.unwrap();

    let error = apply_all(&session, &planned).await;
    let Err(Stopped::Refused(ApplyError::Change { source, .. })) = error else {
        panic!("{error:?}")
    };
    assert!(matches!(source, PerformError::OtherVersion { planned: 2, published: 3, .. }));
    let pipeline = session.sagemaker().pipeline(&planned.0.inference.name).await.unwrap();
    assert_eq!(pipeline.unwrap().definition, first.0.inference.definition);

    let again = world.plan(&example, &prod()).await;
    assert_eq!(again.0.function_version, 3);
    apply_all(&session, &again).await.unwrap();
    assert!(world.plan(&example, &prod()).await.1.is_empty());
}

#[tokio::test]
async fn new_function_code_is_published_and_the_definition_follows() {
    let (world, mut example) = (World::new().await, Example::read());
    let session = world.session(&prod(), Purpose::Deploy).await;
    apply_all(&session, &world.plan(&example, &prod()).await).await.unwrap();
    example.scripts.get_mut("latest_approved_model.py").unwrap().push_str("\n# better\n");
    let planned = world.plan(&example, &prod()).await;
    assert_eq!(planned.0.function_version, 2);
    apply_all(&session, &planned).await.unwrap();
    let deployed = session.sagemaker().pipeline("mammo-severity-inference-pipeline").await.unwrap();
    assert!(deployed.unwrap().definition.canonical().contains("latest-approved:2\""));
    assert!(world.plan(&example, &prod()).await.1.is_empty());
}
