//! Work that is done only while its run is ours.
//!
//! A process of a fleet can be frozen between any two steps of its own, past the end of its lease, while another agent
//! takes the run over. The store refuses what such a process writes; a cloud does not know about leases. So before each
//! step the work is asked for, this process's own clock says whether the lease is certain still, and where it is not,
//! nothing goes on until the store has said that it is, or that it is lost. A write that was under way is not waited for:
//! the database ends a transaction that stands still.

use super::Engine;
use crate::store::{Lease, StoreError};
use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

/// Wait between two questions about a lease that cannot be asked, as the store does not answer.
const ASK_EVERY: Duration = Duration::from_secs(1);

impl Engine {
    /// Does `work`, no step of it without the lease.
    pub(super) async fn while_leased<T>(
        &self,
        lease: &Lease,
        work: impl Future<Output = T>,
    ) -> Result<T, StoreError> {
        let mut work = pin!(work);
        let mut was_asked = false;
        loop {
            let step = poll_fn(|context| {
                // The answer is good for one step, however late it came.
                if std::mem::take(&mut was_asked) || self.store.is_certain(lease) {
                    work.as_mut().poll(context).map(Some)
                } else {
                    Poll::Ready(None)
                }
            });
            match step.await {
                Some(output) => return Ok(output),
                None => self.make_certain(lease).await?,
            }
            was_asked = true;
        }
    }

    async fn make_certain(&self, lease: &Lease) -> Result<(), StoreError> {
        loop {
            match self.store.renew_apart(lease).await {
                Err(lost @ StoreError::LeaseLost(_)) => return Err(lost),
                Ok(()) => return Ok(()),
                Err(_) => self.clock.sleep(ASK_EVERY).await,
            }
        }
    }
}
