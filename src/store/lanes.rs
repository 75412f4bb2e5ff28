//! Who works in a lane: one at a time, in the order they asked, and nobody where a person has locked the environment.

use super::column::text;
use super::holds::held;
use super::{Lease, Store, StoreError};
use crate::ids::{EnvName, RunId, StageName};
use crate::queue::{Hold, Lane};
use sqlx::{Any, Row as _, Transaction};

/// Where a run stands in a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It has the lane to itself until it leaves it.
    Held,
    /// Another comes first.
    Behind(RunId),
    /// A person has locked the environment.
    Locked(Box<Hold>),
}

/// Who asks for a lane: a run for as long as it is driven, or one of its stages while that acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimant<'a> {
    /// The whole run.
    Run,
    /// One stage of it.
    Stage(&'a StageName),
}

impl Claimant<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Run => "",
            Self::Stage(stage) => stage.as_str(),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The lane.
    pub lane: &'a Lane,
    /// By whom.
    pub claimant: Claimant<'a>,
    /// The environment that a person may have locked; absent where a lock does not matter.
    pub environment: Option<&'a EnvName>,
}

impl Store {
    /// Queues a claimant for a lane, and gives it the lane if none before it lives and no person has locked the
    /// environment: both are seen in one transaction, so no lock comes too late. A run whose agent died loses its turn,
    /// and queues behind the holder when it is resumed.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn queue_for(&self, lease: &Lease, claim: Claim<'_>) -> Result<Place, StoreError> {
        let Claim { lane, claimant, environment } = claim;
        let mut write = self.begin_write().await?;
        let now = self.common_now(&mut write).await?;
        enlist(&mut write, lease, (lane, claimant)).await?;
        if let Some(environment) = environment
            && let Some(hold) = held(&mut write, environment, self.now()).await?
            && !has(&mut write, lease, (lane, claimant)).await?
        {
            write.commit().await?;
            return Ok(Place::Locked(Box::new(hold)));
        }
        let others = sqlx::query(
            "SELECT lanes.run, lanes.stage, leases.owner, leases.expires_at FROM lanes
             JOIN leases ON leases.run = lanes.run
             WHERE lanes.lane = $1 AND (lanes.held = 1 OR lanes.ticket <=
                   (SELECT ticket FROM lanes WHERE run = $2 AND stage = $3 AND lane = $1))
             ORDER BY lanes.held DESC, lanes.ticket",
        )
        .bind(lane.as_str())
        .bind(lease.run.as_str())
        .bind(claimant.as_str())
        .fetch_all(&mut *write)
        .await?;
        for row in &others {
            let run: RunId = text(row, "run", "a run id")?;
            if run == lease.run && row.try_get::<&str, _>("stage")? == claimant.as_str() {
                break;
            }
            let until = row.try_get("expires_at")?;
            if self.living_owner(row.try_get("owner")?, until, now)?.is_some() {
                write.commit().await?;
                return Ok(Place::Behind(run));
            }
        }
        sqlx::query("UPDATE lanes SET held = 0 WHERE lane = $1 AND held = 1")
            .bind(lane.as_str())
            .execute(&mut *write)
            .await?;
        sqlx::query("UPDATE lanes SET held = 1 WHERE run = $1 AND stage = $2 AND lane = $3")
            .bind(lease.run.as_str())
            .bind(claimant.as_str())
            .bind(lane.as_str())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(Place::Held)
    }

    /// Leaves a lane to the next. One that was left before is left alone.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn leave(
        &self,
        lease: &Lease,
        lane: &Lane,
        claimant: Claimant<'_>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM lanes WHERE run = $1 AND stage = $2 AND lane = $3
             AND EXISTS (SELECT 1 FROM leases WHERE run = $1 AND fence = $4)",
        )
        .bind(lease.run.as_str())
        .bind(claimant.as_str())
        .bind(lane.as_str())
        .bind(lease.fence)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Has the claimant the lane? Then it keeps it: a lock stops nothing that runs.
async fn has(
    write: &mut Transaction<'static, Any>,
    lease: &Lease,
    (lane, claimant): (&Lane, Claimant<'_>),
) -> Result<bool, StoreError> {
    let held: Option<i64> =
        sqlx::query_scalar("SELECT held FROM lanes WHERE run = $1 AND stage = $2 AND lane = $3")
            .bind(lease.run.as_str())
            .bind(claimant.as_str())
            .bind(lane.as_str())
            .fetch_optional(&mut **write)
            .await?;
    Ok(held == Some(1))
}

/// Takes a ticket, unless the claimant has one.
async fn enlist(
    write: &mut Transaction<'static, Any>,
    lease: &Lease,
    (lane, claimant): (&Lane, Claimant<'_>),
) -> Result<(), StoreError> {
    let queued = sqlx::query(
        "INSERT INTO lanes (run, stage, lane, ticket, held)
         SELECT $1, $2, $3, (SELECT COALESCE(MAX(ticket), 0) + 1 FROM lanes WHERE lane = $3), 0
         WHERE EXISTS (SELECT 1 FROM leases WHERE run = $1 AND fence = $4)
         ON CONFLICT (run, stage, lane) DO UPDATE SET lane = $3",
    )
    .bind(lease.run.as_str())
    .bind(claimant.as_str())
    .bind(lane.as_str())
    .bind(lease.fence)
    .execute(&mut **write)
    .await?;
    lease.expect_one(queued.rows_affected())
}
