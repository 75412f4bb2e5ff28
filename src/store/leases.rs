//! Leases: who may write about a run.
//!
//! A lease is kept alive by its holder, so one that has ended belongs to a process that is dead, frozen or cut off, and
//! whoever finds it takes it over with the next higher fence. On one machine a process is also looked for in `/proc`:
//! what is dead is taken over at once, and (with a SQLite file, which nobody beyond the machine uses) what lives keeps
//! its lease however long it was too busy, or the machine asleep, to renew it.

use super::certainty::Certainty;
use super::column::{from_json, json};
use super::database::Database;
use super::{Owner, Store, StoreError, count, milliseconds};
use crate::ids::RunId;
use sqlx::{AnyConnection, Row as _};
use std::{sync::Arc, time::Duration};

/// How long a lease lasts unless it is renewed or the store says otherwise. Long against any pause of a living agent;
/// whether one on the same machine lives is seen by its process instead.
pub const LEASE_DURATION: Duration = Duration::from_secs(60);

/// The last eighth of a lease is not acted on: in it, before anybody else can have the run, what is done for it is stopped,
/// however unequally the machines' clocks run.
const MARGIN: u32 = 8;

/// The right to write about a run, as long as nobody has taken it over. Dropped without being released, it lasts until
/// its end.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The run.
    pub run: RunId,
    pub(super) fence: i64,
    pub(super) certainty: Arc<Certainty>,
}

/// A lease that is about to be stored.
pub(super) struct Taken {
    fence: i64,
    certain_until: i64,
}

impl Lease {
    pub(super) fn expect_one(&self, rows: u64) -> Result<(), StoreError> {
        if rows == 1 {
            return Ok(());
        }
        self.certainty.end();
        Err(StoreError::LeaseLost(self.run.clone()))
    }
}

impl Store {
    /// Leases a run. A lease that has ended, or whose process is gone, is taken over.
    ///
    /// # Errors
    /// [`StoreError::LeaseHeld`] if a living process has it, or if the database fails.
    pub async fn acquire(&self, run: &RunId) -> Result<Lease, StoreError> {
        let mut write = self.begin_write().await?;
        let taken = self.take(&mut write, run).await?;
        write.commit().await?;
        Ok(self.leased(run, taken))
    }

    pub(super) async fn take(
        &self,
        write: &mut AnyConnection,
        run: &RunId,
    ) -> Result<Taken, StoreError> {
        let row = sqlx::query("SELECT fence, owner, expires_at FROM leases WHERE run = $1")
            .bind(run.as_str())
            .fetch_optional(&mut *write)
            .await?;
        let asked = self.steady();
        let now = self.common_now(write).await?;
        let mut fence = 1;
        if let Some(row) = row {
            fence = row.try_get::<i64, _>("fence")? + 1;
            let until = row.try_get("expires_at")?;
            if let Some(owner) = self.living_owner(row.try_get("owner")?, until, now)? {
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
        .bind(now + milliseconds(self.lease_duration))
        .execute(&mut *write)
        .await?;
        self.note_served(write, run, now).await?;
        Ok(Taken { fence, certain_until: asked + milliseconds(self.lease_duration) })
    }

    /// A lease that is stored.
    pub(super) fn leased(&self, run: &RunId, Taken { fence, certain_until }: Taken) -> Lease {
        let certainty = self.certainties.add(run.clone(), fence, certain_until);
        Lease { run: run.clone(), fence, certainty }
    }

    /// Makes a lease last its [duration](Self::lease_duration) from now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn renew(&self, lease: &Lease) -> Result<(), StoreError> {
        let is_there = self.prolong(&lease.certainty).await?;
        lease.expect_one(u64::from(is_there))
    }

    /// Renews every lease that this process holds. Those that were lost are lost: their holders learn of it before they
    /// act again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn renew_all(&self) -> Result<(), StoreError> {
        for certainty in self.certainties.all() {
            self.prolong(&certainty).await?;
        }
        Ok(())
    }

    /// How long the holder may act for the run unless it renews the lease, without asking the database. With a SQLite file
    /// that is as long as it lives. Once it may not it never may again, whatever the database says later.
    ///
    /// # Errors
    /// [`StoreError::LeaseUncertain`] in a lease's last moments, [`StoreError::LeaseLost`] afterwards.
    pub fn certain_for(&self, lease: &Lease) -> Result<Duration, StoreError> {
        let left = match self.database {
            Database::Sqlite if !lease.certainty.has_ended() => return Ok(Duration::MAX),
            Database::Sqlite => 0,
            Database::Postgres => lease.certainty.left(self.steady()),
        };
        let left = Duration::from_millis(count(left));
        match left.checked_sub(self.lease_duration / MARGIN) {
            Some(certain) if !certain.is_zero() => return Ok(certain),
            Some(_) | None => lease.certainty.end(),
        }
        let run = lease.run.clone();
        Err(if left.is_zero() {
            StoreError::LeaseLost(run)
        } else {
            StoreError::LeaseUncertain { run, left }
        })
    }

    /// Gives a lease back. One that was lost is left to its new owner.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        lease.certainty.end();
        sqlx::query("UPDATE leases SET owner = NULL, expires_at = 0 WHERE run = $1 AND fence = $2")
            .bind(lease.run.as_str())
            .bind(lease.fence)
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// Gives back what agents that are gone held of runs that are over: nobody takes such a run up again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn release_over(&self) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        let now = self.common_now(&mut connection).await?;
        let held = sqlx::query(
            "SELECT leases.* FROM leases JOIN runs ON runs.id = leases.run
             WHERE leases.owner IS NOT NULL AND runs.outcome IS NOT NULL",
        )
        .fetch_all(&mut *connection)
        .await?;
        drop(connection);
        for row in held {
            let until: i64 = row.try_get("expires_at")?;
            if self.living_owner(row.try_get("owner")?, until, now)?.is_some() {
                continue;
            }
            // Unless somebody has it, or has it again, by now.
            sqlx::query(
                "UPDATE leases SET owner = NULL, expires_at = 0
                 WHERE run = $1 AND fence = $2 AND expires_at = $3",
            )
            .bind(row.try_get::<&str, _>("run")?)
            .bind(row.try_get::<i64, _>("fence")?)
            .bind(until)
            .execute(&self.writes)
            .await?;
        }
        Ok(())
    }

    /// Renews a lease. Returns whether it was still there.
    async fn prolong(&self, certainty: &Certainty) -> Result<bool, StoreError> {
        let mut connection = self.pool.acquire().await?;
        // Taken before the database's: what is certain ends before the lease does.
        let asked = self.steady();
        let now = self.common_now(&mut connection).await?;
        let renewed =
            sqlx::query("UPDATE leases SET expires_at = $3 WHERE run = $1 AND fence = $2")
                .bind(certainty.run.as_str())
                .bind(certainty.fence)
                .bind(now + milliseconds(self.lease_duration))
                .execute(&mut *connection)
                .await?;
        let is_there = renewed.rows_affected() == 1;
        if is_there {
            certainty.is_renewed_until(asked + milliseconds(self.lease_duration));
        } else {
            certainty.end();
        }
        Ok(is_there)
    }

    /// Whoever holds a lease of this description, if it still counts at the moment `now` of the leases' time.
    pub(super) fn living_owner(
        &self,
        owner: Option<&str>,
        expires_at: i64,
        now: i64,
    ) -> Result<Option<Owner>, StoreError> {
        let Some(owner) = owner else { return Ok(None) };
        let owner: Owner = from_json(owner, "the owner of a lease")?;
        let is_in_time = now < expires_at;
        let lives = if owner != self.owner && self.owner.sees(&owner) {
            match self.database {
                Database::Sqlite => owner.lives(),
                Database::Postgres => is_in_time && owner.lives(),
            }
        } else {
            is_in_time
        };
        Ok(lives.then_some(owner))
    }
}
