//! A service that takes its time: slow is no fault, silence is.

use super::{proxy::Fault, world::World};
use crate::aws::world::apply_all;
use relevo::aws::{Access, ErrorClass, Purpose};
use std::time::Duration;

/// Attempts of each call.
const ATTEMPTS: usize = 3;
/// How long silence is borne here, in place of a minute.
const PATIENCE: Duration = Duration::from_millis(300);
/// A delay far below that.
const DELAY: Duration = Duration::from_millis(20);
/// A delay that no patience here is shorter than.
const PAUSE: Duration = Duration::from_millis(5);

fn impatient(access: &Access) -> Access {
    access.clone().with_patience(Duration::from_secs(10), PATIENCE)
}

#[tokio::test]
async fn an_answer_that_is_slow_or_drips_is_waited_for() {
    let world = World::new().await;
    let session = world.session(Purpose::Read).await;
    for fault in [Fault::Slow(DELAY), Fault::Drips(PAUSE)] {
        world.proxy.spoil("DescribeRule", ATTEMPTS, fault);
        assert_eq!(session.events().rule("none").await.unwrap(), None);
        assert_eq!(world.proxy.spoilt(), 1, "{fault:?}: one attempt is enough");
    }
}

#[tokio::test]
async fn silence_is_borne_so_long_and_then_asked_again() {
    let mut world = World::new().await;
    world.access = impatient(&world.access);
    let session = world.session(Purpose::Read).await;
    world.proxy.spoil("DescribeRule", ATTEMPTS - 1, Fault::Silent);
    assert_eq!(session.events().rule("none").await.unwrap(), None);
    assert_eq!(world.proxy.spoilt(), ATTEMPTS - 1);
    world.proxy.spoil("DescribeRule", ATTEMPTS, Fault::Silent);
    let error = session.events().rule("none").await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unavailable, "{error}");
    assert_eq!(world.proxy.spoilt(), ATTEMPTS);
}

#[tokio::test]
async fn a_role_that_nobody_answers_about_is_no_session() {
    let mut world = World::new().await;
    world.access = impatient(&world.access);
    world.proxy.spoil("AssumeRole", usize::MAX, Fault::Silent);
    let run = crate::aws::world::run();
    let error = world.access.assume(&world.prod, &run, Purpose::Deploy).await.unwrap_err();
    assert_eq!((error.class, error.operation), (ErrorClass::Unavailable, "AssumeRole"));
}

#[tokio::test]
async fn an_apply_whose_writes_are_met_with_silence_finds_out_what_became_of_them() {
    let mut world = World::new().await;
    world.access = impatient(&world.access);
    let planned = world.planned().await;
    let session = world.session(Purpose::Deploy).await;
    let silent = ["PutRule", "CreatePipeline", "CreateTopic", "lambda POST", "s3 PUT"];
    world.proxy.plan(silent.map(|operation| super::proxy::Planned {
        operation: Some(operation.to_owned()),
        after: 0,
        times: 1,
        fault: Fault::Silent,
    }));
    let done = Box::pin(apply_all(&session, &planned)).await;
    assert_eq!(done.unwrap(), planned.1.changes.len());
    assert_eq!(world.proxy.spoilt(), silent.len());
    world.proxy.plan([]);
    world.is_as_planned().await;
}
