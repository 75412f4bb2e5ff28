//! The end of a run: lines are sent while there is time and hope, and what is unsent is said.

use super::*;

#[tokio::test]
async fn a_drain_ends_with_its_deadline_and_says_what_is_unsent() {
    let world = World::new().await;
    world.write(4);
    world.service.ensure(&format!("prod/a-b/{}/train", world.run.id)).await.unwrap();
    world.service.is_told([Mood::Hang]);
    let unsent = world.drained().await;
    assert_eq!(unsent.lines, 4);
    assert!(matches!(unsent.error, Some(ShipError::Late(_))), "{:?}", unsent.error);
    assert_eq!(world.drained().await.lines, 0, "the next agent sends them");
    assert_eq!(world.service.seqs(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_drain_that_is_denied_again_and_again_ends_at_once_and_keeps_the_lines() {
    let world = World::new().await;
    world.write(4);
    let denied = Mood::FailBefore(SinkFault::Denied);
    world.service.ensure(&format!("prod/a-b/{}/train", world.run.id)).await.unwrap();
    // what comes between two denials was not denied
    let busy = Mood::FailBefore(SinkFault::Busy);
    world.service.is_told([denied, denied, busy, denied, denied, denied]);
    let started = world.clock.now();
    let unsent = world.drained_in_time().await;
    assert_eq!(unsent.lines, 4);
    let Some(ShipError::Sink(error)) = unsent.error else { panic!("{:?}", unsent.error) };
    assert_eq!(error.fault, SinkFault::Denied);
    let waited = world.clock.now().duration_since(started);
    assert_eq!(waited.as_millis(), 500 + 1000 + 2000 + 4000 + 8000);
    assert_eq!(world.drained().await.lines, 0, "nothing is lost");
    assert_eq!(world.service.seqs(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_failing_service_is_tried_again_with_growing_waits() {
    let world = World::new().await;
    world.write(1);
    world.service.is_told([
        Mood::FailBefore(SinkFault::Busy),
        Mood::FailBefore(SinkFault::Denied),
        Mood::FailBefore(SinkFault::Busy),
    ]);
    let started = world.clock.now();
    assert_eq!(world.drained_in_time().await.lines, 0);
    let waited = world.clock.now().duration_since(started);
    assert_eq!(waited.as_millis(), 500 + 1000 + 2000);
}
