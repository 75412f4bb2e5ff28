//! Who deploys to an environment: one run at a time, in the order they asked.

use super::runs::text;
use super::{Lease, Store, StoreError};
use crate::ids::{EnvName, RunId};
use sqlx::Row as _;

/// Where a run stands in the queue of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It has the environment to itself until it ends.
    Held,
    /// Another comes first.
    Behind(RunId),
}

impl Store {
    /// Queues a run for its environment, and gives it the environment if no run before it lives. A run whose agent
    /// died loses its turn, and queues behind the holder when it is resumed.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn queue_for(
        &self,
        lease: &Lease,
        environment: &EnvName,
    ) -> Result<Place, StoreError> {
        let mut write = self.begin_write().await?;
        let now = self.lease_now(&mut write).await?;
        let queued = sqlx::query(
            "INSERT INTO environment_queue (run, environment, ticket, held)
             SELECT $1, $2, (SELECT COALESCE(MAX(ticket), 0) + 1 FROM environment_queue
                             WHERE environment = $2), 0
             WHERE EXISTS (SELECT 1 FROM leases WHERE run = $1 AND fence = $3)
             ON CONFLICT (run) DO UPDATE SET environment = $2",
        )
        .bind(lease.run.as_str())
        .bind(environment.as_str())
        .bind(lease.fence)
        .execute(&mut *write)
        .await?;
        lease.expect_one(queued.rows_affected())?;
        let others = sqlx::query(
            "SELECT queue.run, leases.owner, leases.expires_at FROM environment_queue AS queue
             JOIN leases ON leases.run = queue.run
             WHERE queue.environment = $1 AND (queue.held = 1 OR queue.ticket <=
                   (SELECT ticket FROM environment_queue WHERE run = $2))
             ORDER BY queue.held DESC, queue.ticket",
        )
        .bind(environment.as_str())
        .bind(lease.run.as_str())
        .fetch_all(&mut *write)
        .await?;
        for row in &others {
            let run: RunId = text(row, "run", "a run id")?;
            if run == lease.run {
                break;
            }
            let until = row.try_get("expires_at")?;
            if self.living_owner(row.try_get("owner")?, until, now)?.is_some() {
                write.commit().await?;
                return Ok(Place::Behind(run));
            }
        }
        sqlx::query("UPDATE environment_queue SET held = 0 WHERE environment = $1 AND held = 1")
            .bind(environment.as_str())
            .execute(&mut *write)
            .await?;
        sqlx::query("UPDATE environment_queue SET held = 1 WHERE run = $1")
            .bind(lease.run.as_str())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(Place::Held)
    }
}
