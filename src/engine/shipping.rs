//! Shipping the logs of runs that are driven, and of those that were.

use super::{Engine, EngineError, workspace::Workspace};
use crate::logs::{LogFolder, LogSink, ShipError, Shipment, Shipper, Unsent};
use crate::{
    ids::RunId,
    store::{Lease, RunRecord, Store, StoreError},
};
use std::{collections::BTreeSet, convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::JoinSet,
};

/// Ended runs with unsent lines that are looked at for some that can be shipped: runs whose repository or environment
/// is not at hand stay, and must not keep the others waiting for ever.
const LOOKED_AT: u32 = 1000;

impl Engine {
    /// Ships what ended runs have left unsent in this folder, as far as they have a sink, for `most` of them. Returns how many of those
    /// still have unsent lines.
    ///
    /// # Errors
    /// If the store fails; a run that another agent ships is passed over.
    pub async fn ship_leftovers(
        &self,
        sink_of: &(dyn Fn(&RunRecord) -> Option<Arc<dyn LogSink>> + Sync),
        most: u32,
    ) -> Result<usize, EngineError> {
        let (mut left, mut shipped, mut away) = (0, 0, BTreeSet::new());
        let keeper = self.logs.keeper().map_err(EngineError::Folder)?;
        note_late_lines(&self.store, &self.logs, None).await?;
        for id in self.store.runs_with_unsent_logs(&keeper, LOOKED_AT).await? {
            let run = self.store.run(&id).await?;
            let Some(sink) = sink_of(&run) else { continue };
            // Where one run's lines did not arrive, others would only take as long again.
            if away.contains(&run.environment) {
                continue;
            }
            if shipped >= most {
                break;
            }
            let lease = match self.store.acquire(&id).await {
                Ok(lease) => lease,
                Err(StoreError::LeaseHeld { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            shipped += 1;
            let mut shipper = self.shipper(&run, &lease, sink).await?;
            let unsent = drain_last(&mut shipper, self.drain_deadline).await;
            if unsent.lines > 0 {
                left += 1;
                away.insert(run.environment.clone());
            }
            // The agent may have died between the run's end and this.
            Workspace::of(self, &Arc::new(run)).remove(&*self.clock).await;
            self.store.release(&lease).await?;
        }
        Ok(left)
    }

    pub(super) async fn shipper(
        &self,
        run: &RunRecord,
        lease: &Lease,
        sink: Arc<dyn LogSink>,
    ) -> Result<Shipper, StoreError> {
        let (store, clock) = (self.store.clone(), Arc::clone(&self.clock));
        let shipment = Shipment { store, clock, folder: self.logs.clone(), sink };
        Shipper::new(shipment, run, lease.clone()).await
    }
}

/// The log of a run on its way while the run is driven, in a task of its own: what a stage says is masked and kept by one
/// processor while another sends what was kept. It ends with what holds it.
pub(super) struct Shipping {
    shipper: Arc<Mutex<Shipper>>,
    task: JoinSet<Infallible>,
}

impl Shipping {
    pub(super) fn begin(shipper: Shipper) -> Self {
        let shipper = Arc::new(Mutex::new(shipper));
        let held = Arc::clone(&shipper);
        let mut task = JoinSet::new();
        task.spawn(async move { held.lock_owned().await.keep_shipping().await });
        Self { shipper, task }
    }

    /// Stops it where it is, and gives the shipper back.
    pub(super) async fn end(mut self) -> OwnedMutexGuard<Shipper> {
        self.task.shutdown().await;
        self.shipper.lock_owned().await
    }
}

/// Looks, at some ended runs a time, for lines that came behind what was shipped: a process that was frozen or cut off
/// while its run went on elsewhere may still write some. Makes them known as unsent, and answers behind which run the
/// next look goes on.
///
/// # Errors
/// If the store fails or the folder cannot be read; a run that somebody works on is looked at another time.
pub async fn note_late_lines(
    store: &Store,
    logs: &LogFolder,
    after: Option<&RunId>,
) -> Result<Option<RunId>, EngineError> {
    let grown = logs.grown(after).map_err(EngineError::Folder)?;
    for id in &grown.runs {
        match store.run(id).await {
            // Who drives it on ships what is in its folder, or leaves it for later.
            Ok(run) if run.outcome.is_none() => continue,
            Err(StoreError::NoSuchRun(_)) => continue,
            found => drop(found?),
        }
        let lease = match store.acquire(id).await {
            Ok(lease) => lease,
            Err(StoreError::LeaseHeld { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let keeper = logs.keeper().map_err(EngineError::Folder)?;
        store.logs_have_grown(&lease, &keeper).await?;
        logs.unmark(id).map_err(EngineError::Folder)?;
        store.release(&lease).await?;
    }
    Ok(grown.next)
}

/// Drains the log of a run that is over: once all of it is accounted for its files may go when room is needed.
pub(super) async fn drain_last(shipper: &mut Shipper, deadline: Duration) -> Unsent {
    let mut unsent = drain(shipper, deadline).await;
    if unsent.lines == 0 && unsent.error.is_none() {
        unsent.error = shipper.mark().err().map(ShipError::File);
    }
    unsent
}

/// A run's outcome does not depend on whether its logs have arrived, so trouble is told, not raised.
pub(super) async fn drain(shipper: &mut Shipper, deadline: Duration) -> Unsent {
    let failed = |error: ShipError| Unsent { error: Some(error), ..Unsent::default() };
    shipper.drain(deadline).await.unwrap_or_else(failed)
}
