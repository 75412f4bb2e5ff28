//! The thread that keeps this process's leases in a fleet.
//!
//! It has a runtime and a connection of its own: whatever blocks the others, be it a stage that computes for minutes or a
//! database that answers slowly, leases are renewed as long as the process lives and reaches the database. A process that
//! is frozen as a whole renews nothing, and loses its runs to others when the leases end.

use crate::{
    clock::{Clock, timeout},
    store::{Store, StoreError},
};
use std::{convert::Infallible, io, sync::Arc, thread, time::Duration};
use tokio::sync::oneshot;

/// Beats within the time that a lease lasts: three may fail before it ends.
const BEATS: u32 = 4;
/// Wait before the database is called again after it did not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// Beats until it is dropped.
#[derive(Debug)]
pub(super) struct Heart {
    _alive: oneshot::Sender<Infallible>,
}

impl Heart {
    /// Starts to keep what `store` leases.
    pub(super) fn start(store: &Store, clock: &Arc<dyn Clock>) -> io::Result<Self> {
        let (alive, dropped) = oneshot::channel();
        let (store, clock) = (store.clone(), Arc::clone(clock));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("heart".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    never = beat(&store, clock.as_ref()) => match never {},
                    _ = dropped => {}
                }
            });
        })?;
        Ok(Self { _alive: alive })
    }
}

async fn beat(store: &Store, clock: &dyn Clock) -> Infallible {
    loop {
        // What is wrong shows where work is done; here it can only be tried again.
        if let Ok(beside) = store.beside().await {
            keep(&beside, clock).await;
        }
        clock.sleep(PAUSE).await;
    }
}

/// Renews until the database fails or is silent for too long.
async fn keep(store: &Store, clock: &dyn Clock) {
    let every = store.lease_duration() / BEATS;
    loop {
        let renewal = async {
            store.renew_all().await?;
            store.is_there().await?;
            Ok::<(), StoreError>(())
        };
        match timeout(clock, every, renewal).await {
            Ok(Ok(())) => clock.sleep(every).await,
            Ok(Err(_)) | Err(_) => return,
        }
    }
}
