//! Taking a run up to drive it: all that is decided and read before its first stage, in one transaction.

use super::line::stop_of;
use super::runs::record;
use super::{Lease, RunRecord, Store, StoreError};
use crate::flow::Stop;
use crate::ids::{KeeperId, LogPart, RunId};
use sqlx::Row as _;
use std::path::Path;

/// A run that was taken up.
#[derive(Debug)]
pub struct TakenUp {
    /// The right to drive it.
    pub lease: Lease,
    /// The run.
    pub run: RunRecord,
    /// What it was told before, if it was told to stop.
    pub stop: Option<Stop>,
    /// The part of its log that is written from now on; none of a run that is over.
    pub part: Option<LogPart>,
}

impl Store {
    /// Leases a run to drive it, and to write its log into a folder, which has that id: into the newest part, if that is
    /// there already, or a new one. What was said to the run until now counts as read, and its lines as not accounted
    /// for.
    ///
    /// # Errors
    /// [`StoreError::LeaseHeld`] if a living process drives it, or if the database fails.
    pub async fn take_up(
        &self,
        run: &RunId,
        keeper: (&KeeperId, &Path),
    ) -> Result<TakenUp, StoreError> {
        let mut write = self.begin_write().await?;
        let taken = self.take(&mut write, run).await?;
        let row = sqlx::query(
            "UPDATE runs SET woken = 0, strikes = strikes + 1,
             logs_shipped = CASE WHEN outcome IS NULL THEN 0 ELSE logs_shipped END
             WHERE id = $1 RETURNING *",
        )
        .bind(run.as_str())
        .fetch_one(&mut *write)
        .await?;
        let stop: Option<&str> = row.try_get("stop")?;
        let (stop, record) = (stop.map(stop_of).transpose()?, record(&row)?);
        let part = match record.outcome {
            None => Some(self.begin_log_part(&mut write, run, keeper).await?),
            Some(_) => None,
        };
        write.commit().await?;
        Ok(TakenUp { lease: self.leased(run, taken), run: record, stop, part })
    }
}
