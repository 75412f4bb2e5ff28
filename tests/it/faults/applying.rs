//! A whole plan, applied while things go wrong.

use super::{
    proxy::{Fault, Planned},
    world::World,
};
use crate::aws::world::{Stopped, apply_all};
use relevo::{
    aws::{ErrorClass, Purpose},
    deploy::{ApplyError, PerformError},
};
use std::collections::BTreeSet;

/// More rounds than there are operations.
const MOST_ROUNDS: usize = 60;

/// The operations of a first apply.
async fn operations() -> BTreeSet<String> {
    let world = World::new().await;
    let session = world.session(Purpose::Deploy).await;
    let planned = world.planned().await;
    world.proxy.plan([]);
    Box::pin(apply_all(&session, &planned)).await.unwrap();
    world.proxy.heard().into_iter().collect()
}

/// Spoils the first attempts of each operation, which the next attempt makes good: nobody hears of it.
async fn survives(fault: Fault) {
    let operations = operations().await;
    assert!(operations.len() > 15, "{operations:?}");
    let world = World::new().await;
    let planned = world.planned().await;
    let session = world.session(Purpose::Deploy).await;
    let once = |operation: &String| Planned {
        operation: Some(operation.clone()),
        after: 0,
        times: 1,
        fault,
    };
    world.proxy.plan(operations.iter().map(once));
    let done = Box::pin(apply_all(&session, &planned)).await;
    assert_eq!(done.unwrap(), planned.1.changes.len());
    assert_eq!(world.proxy.spoilt(), operations.len());
    world.proxy.plan([]);
    world.is_as_planned().await;
}

#[tokio::test]
async fn an_apply_survives_a_service_that_fails_once_each() {
    survives(Fault::Fails(500)).await;
}

#[tokio::test]
async fn an_apply_survives_a_service_that_is_away_once_each() {
    survives(Fault::Fails(503)).await;
}

#[tokio::test]
async fn an_apply_survives_throttling() {
    survives(Fault::Throttles(None)).await;
}

#[tokio::test]
async fn an_apply_survives_throttling_that_asks_for_patience() {
    survives(Fault::Throttles(Some(9))).await;
}

#[tokio::test]
async fn an_apply_survives_connections_that_are_reset_before_anything_is_done() {
    survives(Fault::ResetBefore).await;
}

#[tokio::test]
async fn an_apply_survives_connections_that_are_reset_after_it_was_done() {
    survives(Fault::ResetAfter).await;
}

#[tokio::test]
async fn an_apply_survives_answers_that_break_off() {
    survives(Fault::Truncated).await;
}

/// Spoils each operation once with what no further attempt makes good: each apply ends there, the next goes on.
async fn resumes(fault: Fault, attempts: usize, classes: &[ErrorClass]) {
    let operations = operations().await;
    let world = World::new().await;
    let planned = world.planned().await;
    let session = world.session(Purpose::Deploy).await;
    let each = |operation: &String| Planned {
        operation: Some(operation.clone()),
        after: 0,
        times: attempts,
        fault,
    };
    world.proxy.plan(operations.iter().map(each));
    for round in 0.. {
        assert!(round < MOST_ROUNDS);
        match Box::pin(apply_all(&session, &planned)).await {
            Ok(_) => break,
            Err(error) => assert!(classes.contains(&class(&error)), "{error:?}"),
        }
    }
    world.proxy.plan([]);
    world.is_as_planned().await;
}

fn class(error: &Stopped) -> ErrorClass {
    match error {
        Stopped::Unread(error)
        | Stopped::Refused(ApplyError::Change { source: PerformError::Cloud(error), .. }) => {
            error.class
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_apply_whose_session_ends_goes_on_with_another() {
    // the one HEAD that was refused without a reason is asked about, and nothing is wrong any more
    resumes(Fault::Expired, 1, &[ErrorClass::Expired, ErrorClass::Unavailable]).await;
}

#[tokio::test]
async fn an_apply_that_a_service_leaves_alone_goes_on_when_it_is_back() {
    resumes(Fault::Fails(503), 3, &[ErrorClass::Unavailable]).await;
}

#[tokio::test]
async fn an_apply_that_never_hears_what_became_of_a_call_finds_out() {
    resumes(Fault::ResetAfter, 3, &[ErrorClass::Unavailable]).await;
}

#[tokio::test]
async fn a_target_that_fails_in_an_answer_of_200_is_a_failure_and_is_put_again() {
    let world = World::new().await;
    let planned = world.planned().await;
    let session = world.session(Purpose::Deploy).await;
    world.proxy.spoil(
        "PutTargets",
        1,
        Fault::Replaced(
            r#"{"FailedEntryCount":1,"FailedEntries":[{"TargetId":"t","ErrorCode":"ConcurrentModificationException","ErrorMessage":"again"}]}"#,
        ),
    );
    let error = Box::pin(apply_all(&session, &planned)).await.unwrap_err();
    assert_eq!(class(&error), ErrorClass::Conflict);
    Box::pin(apply_all(&session, &planned)).await.unwrap();
    world.is_as_planned().await;
}
