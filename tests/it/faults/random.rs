//! Any schedule of faults, then none: the account is as it should be, and every line is there once.

use super::{
    proxy::{Fault, Planned},
    shipping::Writer,
    world::World,
};
use crate::aws::world::apply_all;
use proptest::prelude::*;
use relevo::aws::Purpose;

/// Requests among which faults fall: an apply and a shipment make about a hundred.
const REQUESTS: usize = 100;

/// Faults of one schedule.
const MOST_FAULTS: usize = 12;

/// Rounds of apply and ship while there are faults; more than it takes to meet them all.
const ROUNDS: usize = 3;

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Fails(500)),
        Just(Fault::Fails(503)),
        Just(Fault::Throttles(None)),
        Just(Fault::Throttles(Some(3))),
        Just(Fault::ResetBefore),
        Just(Fault::ResetAfter),
        Just(Fault::Truncated),
        Just(Fault::Expired),
    ]
}

/// Half of the faults fall anywhere, half on the calls that carry lines, which are few among so many.
fn schedule() -> impl Strategy<Value = Vec<Planned>> {
    let anywhere = (Just(None), 0..REQUESTS, 1..5_usize);
    let call = prop::sample::select(vec!["PutLogEvents", "FilterLogEvents", "CreateLogStream"]);
    let on_lines = (call.prop_map(Some), 0..2_usize, 1..3_usize);
    let planned = (prop_oneof![anywhere, on_lines], fault());
    let planned = planned.prop_map(|((operation, after, times), fault)| Planned {
        operation: operation.map(str::to_owned),
        after,
        times,
        fault,
    });
    prop::collection::vec(planned, 1..MOST_FAULTS)
}

/// Applies and ships under `schedule`, then without it. Of its lines, `begun` are there before that.
async fn converges(schedule: Vec<Planned>, (begun, lines): (usize, usize)) {
    let world = World::new().await;
    let writer = Writer::new(&world).await;
    if begun > 0 {
        writer.write("plan", begun);
        writer.shipped(&world).await;
    }
    writer.write("plan", lines);
    let planned = world.planned().await;
    let session = world.session(Purpose::Deploy).await;
    world.proxy.plan(schedule);
    for _ in 0..ROUNDS {
        // either may fail here; what it leaves is what counts
        let _ = Box::pin(apply_all(&session, &planned)).await;
        let mut shipper = writer.shipper(&world).await;
        let _ = Box::pin(shipper.ship_once()).await;
    }
    world.proxy.plan([]);
    Box::pin(apply_all(&session, &planned)).await.unwrap();
    writer.shipped(&world).await;
    world.is_as_planned().await;
    writer.all_arrived(&world, &[("plan", begun + lines)]).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_goes_wrong_the_end_is_the_same(schedule in schedule(), lines in (0..3_usize, 1..200_usize)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Box::pin(converges(schedule, lines)));
    }
}
