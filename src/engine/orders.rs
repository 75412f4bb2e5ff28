//! Being told to stop: by whoever drives the run in this process, and by a person elsewhere through the store.

use super::{Engine, lanes::LOOK_EVERY};
use crate::exec::{Cancel, Canceller};
use crate::flow::Stop;
use crate::ids::RunId;
use std::convert::Infallible;

/// Hands on every stop, from here and from the store, for ever. That the store cannot be read just now ends nothing.
pub(super) async fn hear(
    engine: &Engine,
    run: &RunId,
    here: &Cancel,
    canceller: &Canceller,
) -> Infallible {
    let here = async {
        for stop in [Stop::Gentle, Stop::Forced] {
            here.requested(stop).await;
            canceller.stop(stop);
        }
        std::future::pending::<Infallible>().await
    };
    let elsewhere = async {
        loop {
            engine.clock.sleep(LOOK_EVERY).await;
            if let Ok(Some(stop)) = engine.store.told_to_stop(run).await {
                canceller.stop(stop);
            }
        }
    };
    tokio::select! {
        never = here => never,
        never = elsewhere => never,
    }
}
