//! One run from its lease to its end.

use super::course::{Course, End};
use super::shipping::{Shipping, drain, drain_last};
use super::workspace::Workspace;
use super::{Engine, orders};
use crate::exec::{Cancel, Canceller};
use crate::flow::{IllegalEvent, Outcome};
use crate::ids::RunId;
use crate::logs::{LogSink, Unsent};
use crate::spec::{Action, Pipeline, Stage};
use crate::store::{StoreError, TakenUp};
use std::{io, sync::Arc};

/// What a run is driven with beside what all runs are.
#[derive(Debug, Clone)]
pub struct Orders {
    /// Stops the run.
    pub cancel: Cancel,
    /// Where its logs go; nowhere but the files if absent.
    pub sink: Option<Arc<dyn LogSink>>,
}

/// A run that was driven as far as it goes.
#[derive(Debug)]
pub struct Driven {
    /// How it ended; absent if it waits for people, who are told so by its [`StageParked`](crate::flow::Event::StageParked).
    pub outcome: Option<Outcome>,
    /// What of its logs was not shipped in time.
    pub unsent: Unsent,
}

/// A run could not be driven to its end; it can be driven again.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed, or somebody else drives the run.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run's log of events contradicts itself.
    #[error("the run's events contradict each other")]
    Illegal(#[from] IllegalEvent),
    /// The folder of all logs cannot be used.
    #[error("the folder of logs cannot be used")]
    Folder(#[source] io::Error),
}

impl Engine {
    /// Drives a run to its end, or on from where an agent left it. Dropping the future leaves a run that can be driven
    /// again once its lease has ended.
    ///
    /// # Errors
    /// If another agent drives it, took it over, or the store fails.
    pub async fn drive(&self, run: &RunId, orders: Orders) -> Result<Driven, EngineError> {
        let keeper = self.logs.keeper().map_err(EngineError::Folder)?;
        let taken = self.store.take_up(run, (&keeper, self.logs.path())).await?;
        let lease = taken.lease.clone();
        let driven = Box::pin(self.while_leased(&lease, self.drive_leased(taken, orders))).await;
        let driven = match driven {
            Ok(driven) => driven,
            Err(lost) => {
                self.let_go(&lease, &lost).await;
                return Err(lost.into());
            }
        };
        let laid_down = self.store.lay_down(&lease).await;
        let released = self.store.release(&lease).await;
        // Why it was not driven says more than why the lease stays until it ends.
        let driven = driven?;
        laid_down?;
        released?;
        Ok(driven)
    }

    async fn drive_leased(&self, taken: TakenUp, orders: Orders) -> Result<Driven, EngineError> {
        let TakenUp { lease, run, stop, part } = taken;
        let (lease, run) = (&lease, Arc::new(run));
        let workspace = Arc::new(Workspace::of(self, &run));
        if run.outcome.is_none() && begins_with_command(&run.pipeline) {
            workspace.begin();
        }
        let logs = self.logs.clone();
        let logs = match part {
            Some(part) => logs.for_part(part),
            // No line will be written.
            None => logs,
        };
        let shipping = match orders.sink {
            Some(sink) => Some(Shipping::begin(self.shipper(&run, lease, sink).await?)),
            None => None,
        };
        let (canceller, cancel) = Canceller::new();
        if let Some(stop) = stop.max(orders.cancel.stop()) {
            canceller.stop(stop);
        }
        let hearing = orders::hear(self, &lease.run, &orders.cancel, &canceller);
        let course =
            Course::load((self, logs), (run, lease), cancel, Arc::clone(&workspace)).await?;
        let end = tokio::select! {
            end = course.run() => end?,
            never = hearing => match never {},
        };
        let outcome = match end {
            End::Over(outcome) => {
                workspace.remove(&*self.clock).await;
                Some(outcome)
            }
            End::Parked { until } => {
                // Nothing is held while people think; what does not die is looked for when the run is over.
                let _gone = workspace.end_commands(&*self.clock).await;
                self.store.park(lease, until).await?;
                None
            }
        };
        let unsent = match (shipping, &outcome) {
            (Some(shipping), Some(_)) => {
                drain_last(&mut *shipping.end().await, self.drain_deadline).await
            }
            (Some(shipping), None) => drain(&mut *shipping.end().await, self.drain_deadline).await,
            (None, _) => Unsent::default(),
        };
        Ok(Driven { outcome, unsent })
    }
}

/// Is a command on this machine among what is done first?
fn begins_with_command(pipeline: &Pipeline) -> bool {
    let is_local = |stage: &Stage| match stage.action {
        Action::Run(_) => stage.runs_on.is_none(),
        Action::Uses(_) => false,
    };
    pipeline.stages.iter().any(|stage| stage.needs.is_empty() && is_local(stage))
}
