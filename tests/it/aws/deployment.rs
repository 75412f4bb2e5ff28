//! From an empty account to a deployed one, and whatever may come between.

use super::{
    wire_tap::Cut,
    world::{Example, Heard, World, apply, apply_all, prod},
};
use relevo::{
    aws::Purpose,
    deploy::{self, ApplyError},
    plan::{Change, Part, Rule, RuleState, render},
    spec::Environment,
};

#[tokio::test]
async fn what_was_planned_is_applied_verified_and_not_done_twice() {
    let (world, example) = (World::new().await, Example::read());
    let planned = world.plan(&example, &prod()).await;
    let session = world.session(&prod(), Purpose::Deploy).await;

    let mut heard = Heard::default();
    let first = apply(&session, &planned, Part::Pipelines, &mut heard).await.unwrap();
    assert_eq!(first.done * 2, heard.0.len());
    assert_eq!(heard.0[..2], ["begun", "done"]);
    deploy::verify(&session, &planned.0, Part::Pipelines).await.unwrap();
    let unfinished = deploy::verify(&session, &planned.0, Part::Schedule).await.unwrap_err();
    assert!(unfinished.to_string().contains("create rule"), "{unfinished}");
    let second = apply(&session, &planned, Part::Schedule, &mut heard).await.unwrap();
    assert_eq!(first.done + second.done, planned.1.changes.len());
    let notes = deploy::verify(&session, &planned.0, Part::Schedule).await.unwrap();
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
    let Err(ApplyError::Stale { change }) = error else { panic!("{error:?}") };
    assert!(change.ends_with("-inference-schedule"), "{change}");
    assert_eq!(world.tap.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn cut_anywhere_the_rest_of_the_same_plan_finishes_it() {
    let example = Example::read();
    let writes = {
        let world = World::new().await;
        let planned = world.plan(&example, &prod()).await;
        let session = world.session(&prod(), Purpose::Deploy).await;
        world.tap.cut(None);
        apply_all(&session, &planned).await.unwrap();
        world.tap.writes().len()
    };
    assert!(writes > 20, "{writes}");
    for n in 1..=writes {
        for cut in [Cut::BeforeWrite(n), Cut::AfterWrite(n)] {
            let world = World::new().await;
            let planned = world.plan(&example, &prod()).await;
            let session = world.session(&prod(), Purpose::Deploy).await;
            world.tap.cut(Some(cut));
            apply_all(&session, &planned).await.expect_err("the wire was cut");
            world.tap.cut(None);
            apply_all(&session, &planned)
                .await
                .unwrap_or_else(|error| panic!("{cut:?}: {error:?}"));
            deploy::verify(&session, &planned.0, Part::Schedule).await.unwrap();
            let (_, plan) = world.plan(&example, &prod()).await;
            assert!(plan.is_empty(), "{cut:?}: {}", render::human(&plan, world.bench.now()));
        }
    }
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
