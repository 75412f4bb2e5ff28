//! The open runs in line: where each stands while nobody drives it, and what it was told.

use super::column::{from_json, json};
use super::runs::record;
use super::{Lease, RunRecord, Store, StoreError};
use crate::flow::Stop;
use crate::ids::RunId;
use crate::queue::{Progress, Setback};
use jiff::Timestamp;
use sqlx::{Row as _, any::AnyRow};

/// An open run and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenRun {
    /// The run.
    pub run: RunRecord,
    /// How far it is.
    pub progress: Progress,
    /// What it was told, if it was told to stop.
    pub stop: Option<Stop>,
    /// How often in a row an agent began to drive it and did not come back.
    pub strikes: u32,
    /// What was wrong when it was to be driven last, if something was.
    pub setback: Option<Setback>,
}

impl Store {
    /// The runs that have not ended, in the order they came.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn line(&self) -> Result<Vec<OpenRun>, StoreError> {
        let now = self.common_now(&mut *self.pool.acquire().await?).await?;
        let rows = sqlx::query(
            "SELECT runs.*, leases.owner, leases.expires_at FROM runs
             LEFT JOIN leases ON leases.run = runs.id
             WHERE runs.outcome IS NULL ORDER BY runs.created_at, runs.id",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| self.open_run(row, now)).collect()
    }

    fn open_run(&self, row: &AnyRow, now: i64) -> Result<OpenRun, StoreError> {
        let expires_at: Option<i64> = row.try_get("expires_at")?;
        let until = expires_at.unwrap_or_default();
        let owner = self.living_owner(row.try_get("owner")?, until, now)?;
        let standing: &str = row.try_get("standing")?;
        let wakes_at: Option<i64> = row.try_get("wakes_at")?;
        let due = wakes_at.is_some_and(|moment| moment <= self.now());
        let woken = row.try_get::<i64, _>("woken")? == 1;
        let progress = match (owner, standing) {
            (Some(_), _) => Progress::Driven,
            (None, "fresh") => Progress::Fresh,
            (None, "begun") => Progress::Begun,
            (None, "parked") if due => Progress::Overdue,
            (None, "parked") if woken => Progress::Awoken,
            (None, "parked") => Progress::Parked,
            (None, other) => return Err(StoreError::corrupt("a run's standing", other)),
        };
        let stop: Option<&str> = row.try_get("stop")?;
        Ok(OpenRun {
            run: record(row)?,
            progress,
            stop: stop.map(stop_of).transpose()?,
            strikes: u32::try_from(row.try_get::<i64, _>("strikes")?).unwrap_or(u32::MAX),
            setback: setback(row)?,
        })
    }

    /// Keeps the deploy windows of the run's graph as they are given, if the run is open and nobody drives it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn exchange_windows(&self, run: &RunRecord) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE runs SET pipeline = $2 WHERE id = $1 AND outcome IS NULL AND NOT EXISTS
             (SELECT 1 FROM leases WHERE leases.run = runs.id AND leases.owner IS NOT NULL)",
        )
        .bind(run.id.as_str())
        .bind(json(&run.pipeline)?)
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// Notes that a leased run could not be driven, and answers when that is tried again.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn set_back(&self, lease: &Lease, why: &str) -> Result<Setback, StoreError> {
        let mut write = self.begin_leased(lease).await?;
        let row = sqlx::query("SELECT setback FROM runs WHERE id = $1")
            .bind(lease.run.as_str())
            .fetch_one(&mut *write)
            .await?;
        let next = Setback::after(setback(&row)?.as_ref(), why, self.clock.now());
        sqlx::query("UPDATE runs SET setback = $2 WHERE id = $1")
            .bind(lease.run.as_str())
            .bind(json(&next)?)
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(next)
    }

    /// Tells a run to stop, whoever drives it or will. A gentle stop does not take a forced one back.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn tell_to_stop(&self, run: &RunId, stop: Stop) -> Result<(), StoreError> {
        let sql = match stop {
            Stop::Gentle => {
                "UPDATE runs SET woken = 1, stop = 'gentle' WHERE id = $1 AND stop IS NULL"
            }
            Stop::Forced => "UPDATE runs SET woken = 1, stop = 'forced' WHERE id = $1",
        };
        sqlx::query(sql).bind(run.as_str()).execute(&self.writes).await?;
        Ok(())
    }

    /// What a run was told, if it was told to stop.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn told_to_stop(&self, run: &RunId) -> Result<Option<Stop>, StoreError> {
        let stop: Option<Option<String>> =
            sqlx::query_scalar("SELECT stop FROM runs WHERE id = $1")
                .bind(run.as_str())
                .fetch_optional(&self.pool)
                .await?;
        stop.flatten().as_deref().map(stop_of).transpose()
    }

    /// Notes that a run was driven as far as it goes: this agent did not die of it.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn lay_down(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut write = self.begin_leased(lease).await?;
        sqlx::query("UPDATE runs SET strikes = 0 WHERE id = $1")
            .bind(lease.run.as_str())
            .execute(&mut *write)
            .await?;
        Ok(write.commit().await?)
    }

    /// Lets a run stand still until it is woken or `wakes_at` has come: it leaves every lane to others. What was said to
    /// it since it was taken up wakes it at once.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn park(&self, lease: &Lease, wakes_at: Timestamp) -> Result<(), StoreError> {
        let mut write = self.begin_write().await?;
        let parked = sqlx::query(
            "UPDATE runs SET standing = 'parked', wakes_at = $2, strikes = 0 WHERE id = $1
             AND EXISTS (SELECT 1 FROM leases WHERE run = $1 AND fence = $3)",
        )
        .bind(lease.run.as_str())
        .bind(wakes_at.as_millisecond())
        .bind(lease.fence)
        .execute(&mut *write)
        .await?;
        lease.expect_one(parked.rows_affected())?;
        sqlx::query("DELETE FROM lanes WHERE run = $1")
            .bind(lease.run.as_str())
            .execute(&mut *write)
            .await?;
        Ok(write.commit().await?)
    }
}

fn setback(row: &AnyRow) -> Result<Option<Setback>, StoreError> {
    let setback: Option<&str> = row.try_get("setback")?;
    setback.map(|setback| from_json(setback, "a setback")).transpose()
}

pub(super) fn stop_of(text: &str) -> Result<Stop, StoreError> {
    match text {
        "gentle" => Ok(Stop::Gentle),
        "forced" => Ok(Stop::Forced),
        other => Err(StoreError::corrupt("a stop", other)),
    }
}
