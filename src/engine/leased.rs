//! Work that is done only while its run is ours.
//!
//! A process of a fleet can be cut off from the store, or frozen between any two steps of its own, past the end of its
//! lease, while another agent takes the run over. The store refuses what such a process writes; a cloud does not know about
//! leases, nor does a command that goes on by itself. So before each step of the work, and every second while it waits, this
//! process's own clock says whether the lease is certain still. Where it is not, the work is dropped: that kills what runs
//! here for it and closes where it asks for credentials. Whoever has the run next goes on with it. A write that was under
//! way is not waited for: the database ends a transaction that stands still.

use super::{Engine, command::RUN_MARK};
use crate::{
    clock::timeout,
    exec::kill_survivors,
    store::{Lease, StoreError},
};
use std::{
    future::{pending, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

/// Longest wait between two looks at the clock: a timer does not run while the machine sleeps.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long commands are looked for that went their own way; no longer than the lease lasts, behind which they may be those
/// of the next agent on this machine.
const LONGEST_SEARCH: Duration = Duration::from_millis(500);
/// How long a store that was silent is waited for once more, so that nobody has to wait for the lease's end.
const LONGEST_GIVING_BACK: Duration = Duration::from_secs(10);

impl Engine {
    /// Does `work`, no step of it without the lease; it is dropped where the lease is lost or may be in a moment.
    pub(super) async fn while_leased<T>(
        &self,
        lease: &Lease,
        work: impl Future<Output = T>,
    ) -> Result<T, StoreError> {
        let (mut work, mut end) = (pin!(work), pin!(self.end_of(lease)));
        let step = poll_fn(|context| {
            if let Err(over) = self.store.certain_for(lease) {
                return Poll::Ready(Err(over));
            }
            match end.as_mut().poll(context) {
                Poll::Ready(over) => Poll::Ready(Err(over)),
                Poll::Pending => work.as_mut().poll(context).map(Ok),
            }
        });
        step.await
    }

    /// Waits until nothing may be done under the lease any more.
    async fn end_of(&self, lease: &Lease) -> StoreError {
        loop {
            match self.store.certain_for(lease) {
                Ok(Duration::MAX) => pending().await,
                Ok(left) => self.clock.sleep(left.min(LOOK_EVERY)).await,
                Err(over) => return over,
            }
        }
    }

    /// Leaves a run whose work was dropped to whoever has it next.
    pub(super) async fn let_go(&self, lease: &Lease, why: &StoreError) {
        // That one ends ours before it begins its own.
        if let StoreError::LeaseUncertain { left, .. } = why {
            let marks = [(RUN_MARK, lease.run.as_str())];
            let search = kill_survivors(&marks, &*self.clock);
            let _gone = timeout(&*self.clock, LONGEST_SEARCH.min(*left), search).await;
        }
        let given_back = async {
            self.store.lay_down(lease).await?;
            self.store.release(lease).await
        };
        // It ends by itself.
        let _later = timeout(&*self.clock, LONGEST_GIVING_BACK, given_back).await;
    }
}
