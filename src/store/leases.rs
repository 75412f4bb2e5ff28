//! Leases: who may write about a run.

use super::runs::{from_json, json};
use super::{Owner, Store, StoreError};
use crate::ids::RunId;
use sqlx::Row as _;
use std::time::Duration;

/// How long a lease lasts unless it is renewed. Long against any pause of a living agent; whether one on the same
/// machine lives is seen by its process instead.
pub const LEASE_DURATION: Duration = Duration::from_secs(60);

/// The right to write about a run, as long as nobody has taken it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub run: RunId,
    pub(super) fence: i64,
}

impl Lease {
    pub(super) fn expect_one(&self, rows: u64) -> Result<(), StoreError> {
        if rows == 1 { Ok(()) } else { Err(StoreError::LeaseLost(self.run.clone())) }
    }
}

impl Store {
    /// Leases a run. A lease that has ended, or whose process is gone, is taken over.
    ///
    /// # Errors
    /// [`StoreError::LeaseHeld`] if a living process has it, or if the database fails.
    pub async fn acquire(&self, run: &RunId) -> Result<Lease, StoreError> {
        let now = self.now();
        let mut write = self.begin_write().await?;
        let row = sqlx::query("SELECT fence, owner, expires_at FROM leases WHERE run = $1")
            .bind(run.as_str())
            .fetch_optional(&mut *write)
            .await?;
        let mut fence = 1;
        if let Some(row) = row {
            fence = row.try_get::<i64, _>("fence")? + 1;
            let until = row.try_get("expires_at")?;
            if let Some(owner) = self.living_owner(row.try_get("owner")?, until)? {
                return Err(StoreError::LeaseHeld { run: run.clone(), owner: Box::new(owner) });
            }
        }
        sqlx::query(
            "INSERT INTO leases (run, fence, owner, expires_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (run) DO UPDATE SET fence = $2, owner = $3, expires_at = $4",
        )
        .bind(run.as_str())
        .bind(fence)
        .bind(json(&self.owner)?)
        .bind(now + lease_milliseconds())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(Lease { run: run.clone(), fence })
    }

    /// Makes a lease last [`LEASE_DURATION`] from now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn renew(&self, lease: &Lease) -> Result<(), StoreError> {
        let renewed =
            sqlx::query("UPDATE leases SET expires_at = $3 WHERE run = $1 AND fence = $2")
                .bind(lease.run.as_str())
                .bind(lease.fence)
                .bind(self.now() + lease_milliseconds())
                .execute(&self.pool)
                .await?;
        lease.expect_one(renewed.rows_affected())
    }

    /// Gives a lease back. One that was lost is left to its new owner.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        sqlx::query("UPDATE leases SET owner = NULL, expires_at = 0 WHERE run = $1 AND fence = $2")
            .bind(lease.run.as_str())
            .bind(lease.fence)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Whoever holds a lease of this description, if it still counts. Another process on this machine has it as long as
    /// it lives, however long it was too busy (or the machine asleep) to renew it; for all others its end decides.
    pub(super) fn living_owner(
        &self,
        owner: Option<&str>,
        expires_at: i64,
    ) -> Result<Option<Owner>, StoreError> {
        let Some(owner) = owner else { return Ok(None) };
        let owner: Owner = from_json(owner, "the owner of a lease")?;
        let lives = if owner != self.owner && self.owner.sees(&owner) {
            owner.lives()
        } else {
            expires_at > self.now()
        };
        Ok(lives.then_some(owner))
    }
}

fn lease_milliseconds() -> i64 {
    i64::try_from(LEASE_DURATION.as_millis()).unwrap_or(i64::MAX)
}
